"""All pictures of a training, decoded once and kept as the pixels that a network sees.

Decoding and resizing cost as much as a small network, and a training looks at each picture many
times. So the pixels are written into one file that is mapped into memory; what it was made from
(ids, sizes and times of the image files, resizing) is in its name. Pictures that can't be opened
are left out and remembered with the reason.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import CacheError, ImageError, InputError
from artextract.files import atomic_write
from artextract.images.opening import open_image, read_image_file
from artextract.images.preprocess import Preprocess
from training.data.samples import LabelledWork
from training.loops.progress import Counter

__all__ = ["PictureSet"]

_FORMAT = 1
_MARGIN = 64 << 20
_AHEAD = 64


class PictureSet:
    """The pictures of works as uint8 pixels; number i is the picture of ``works[i]``."""

    works: list[LabelledWork]
    """The works whose picture can be opened, in the order in which they were given."""

    broken: Mapping[str, str]
    """{work id: why its picture can't be opened}."""

    key: str
    """Differs wherever ids, image files or resizing differ; for what is made from the pictures."""

    def __init__(self, works: Sequence[LabelledWork], preprocess: Preprocess, cache: Path) -> None:
        """Open the pictures of ``works``; decode them first where ``cache`` has them not.

        Several processes may do so at once: one decodes and the others wait.

        Args:
            works: The works; their ids differ.
            preprocess: How a picture is resized.
            cache: A folder for the pixels, which is made if missing. All of it can be deleted while
                nothing uses it.

        Raises:
            InputError: no picture can be opened.
            CacheError: the folder can't be written, or is on a disk without enough room.
        """
        from filelock import FileLock

        self._side = preprocess.size
        self.key = _key(works, preprocess)
        self._pixels_file = cache / f"pictures-{self.key}.u8"
        self._facts_file = cache / f"pictures-{self.key}.json"
        try:
            cache.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f"pictures-{self.key}.lock"):
                facts = self._read_facts()
                if facts is None:
                    facts = self._make(works, preprocess)
        except OSError as error:
            raise CacheError(
                f"the pixels of {len(works):,} pictures can't be kept in {cache} "
                f"({error.strerror or error}); make room or mend its rights, or name another "
                "folder with $ARTEXTRACT_CACHE"
            ) from error
        self.broken = facts
        self.works = [work for work in works if work.id not in facts]
        self._pixels: npt.NDArray[np.uint8] = np.memmap(
            self._pixels_file, np.uint8, "r", shape=(len(works), self._side, self._side, 3)
        )
        self._rows = np.array([row for row, work in enumerate(works) if work.id not in facts])

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.works)

    def __getitem__(self, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return a copy of the pictures of these numbers (n,), as (n, side, side, 3)."""
        chosen: npt.NDArray[np.uint8] = self._pixels[self._rows[numbers]]
        return chosen

    def summary(self) -> str:
        """Return how many pictures could not be opened and why the first could not; maybe empty."""
        if not self.broken:
            return ""
        return (
            f"{len(self.broken):,} of {len(self.works) + len(self.broken):,} pictures can't be "
            f"opened and are left out, the first because {next(iter(self.broken.values()))}"
        )

    def _read_facts(self) -> dict[str, str] | None:
        """Return what was broken when the pixels were made; None where they are not there whole."""
        try:
            facts: dict[str, Any] = json.loads(self._facts_file.read_text(encoding="utf-8"))
            broken: dict[str, str] = facts["broken"]
            whole: bool = self._pixels_file.stat().st_size == facts["bytes"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return broken if whole else None

    def _make(self, works: Sequence[LabelledWork], preprocess: Preprocess) -> dict[str, str]:
        """Decode all pictures into the file; return {work id: why it can't be opened}."""
        picture = self._side**2 * 3
        size = len(works) * picture
        self._check_room(size)
        temporary = self._pixels_file.with_suffix(".new")
        broken = {}
        try:
            with temporary.open("wb") as file, Counter("Decoding pictures", len(works)) as on_done:

                def write(row: int) -> str | None:
                    try:
                        pixels = _decode(works[row].image, preprocess)
                    except ImageError as error:
                        return str(error)
                    _write_at(file.fileno(), pixels.tobytes(), row * picture)
                    return None

                for row, reason in enumerate(_in_threads(write, len(works))):
                    if reason is not None:
                        broken[works[row].id] = reason
                    on_done(1)
                if len(broken) == len(works):
                    raise _none(works, broken)
                # Where the last one is broken the file still ends early.
                file.truncate(size)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._pixels_file)
        finally:
            temporary.unlink(missing_ok=True)
        facts = {"bytes": size, "broken": broken}
        atomic_write(self._facts_file, json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
        return broken

    def _check_room(self, size: int) -> None:
        cache = self._pixels_file.parent
        free = shutil.disk_usage(cache).free
        if free < size + _MARGIN:
            raise CacheError(
                f"the disk of {cache} has {free >> 20:,} MiB free, and the pixels of all pictures "
                f"need {(size + _MARGIN) >> 20:,} MiB; make room, name a folder on another disk "
                "with $ARTEXTRACT_CACHE, or take smaller pictures with --set size=160"
            )


def _key(works: Sequence[LabelledWork], preprocess: Preprocess) -> str:
    """Return what tells these pictures, as they are resized, from any others."""
    resizing = [preprocess.size, preprocess.resize, preprocess.interpolation]
    digest = hashlib.sha256(json.dumps([_FORMAT, resizing]).encode())
    for work in works:
        size, changed = 0, 0
        # A file that is missing differs from all that are there, and is met when it is read.
        with contextlib.suppress(OSError, ValueError):
            status = work.image.stat()
            size, changed = status.st_size, status.st_mtime_ns
        digest.update(json.dumps([work.id, size, changed]).encode())
    return digest.hexdigest()[:32]


def _decode(path: Path, preprocess: Preprocess) -> npt.NDArray[np.uint8]:
    image = open_image(read_image_file(path), str(path), at_least=preprocess.decode_at_least)
    return preprocess.resize_pixels(image)


def _write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``; the system may take it in parts."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written


def _in_threads(write: Callable[[int], str | None], count: int) -> Iterator[str | None]:
    """Iterate over the results of ``write(0)`` to ``write(count - 1)``, in this order."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        waiting: deque[Future[str | None]] = deque()
        try:
            for row in range(count):
                waiting.append(pool.submit(write, row))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _none(works: Sequence[LabelledWork], broken: Mapping[str, str]) -> InputError:
    if not works:
        return InputError("there are no works, so there are no pictures to open; give some works")
    return InputError(
        f"none of the {len(works):,} pictures can be opened, the first because "
        f"{broken[works[0].id]}"
    )
