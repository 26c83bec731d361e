"""The images of a dataset, decoded once and cached as pixels in the network's input size.

Decoding and resizing cost as much as a small network, and training reads each image many times. So
the pixels are written into one memory-mapped file, named by a hash of the ids, sizes and times of
the image files and of the resizing. Images that can't be opened are left out and listed.
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
from filelock import FileLock

from artextract.cli.progress import progress_bar
from artextract.errors import CacheError, ImageError, InputError
from artextract.files import atomic_write, explain_os_errors, replacing
from artextract.images.opening import open_image, read_image_file
from artextract.images.preprocess import Preprocess
from training.data.samples import Sample

_FORMAT = 1
_MARGIN = 64 << 20
_AHEAD = 64


class DecodedImages:
    """The images of samples as uint8 pixels; row i is the image of ``samples[i]``.

    Attributes:
        samples: The samples whose image can be opened, in the given order.
        broken: {sample id: why its image can't be opened}.
        key: A hash of ids, image files and resizing, for what is computed from the pixels.
    """

    samples: list[Sample]
    broken: Mapping[str, str]
    key: str

    def __init__(self, samples: Sequence[Sample], preprocess: Preprocess, cache: Path) -> None:
        """Map the cached pixels into memory; decode the images first if they aren't cached.

        Several processes may do so at once: one decodes and the others wait.

        Args:
            samples: Samples of different ids.
            preprocess: How an image is resized.
            cache: The cache folder, which is made if missing.

        Raises:
            InputError: no image can be opened.
            CacheError: the folder can't be written, or its disk is too full.
        """
        self._side = preprocess.size
        self.key = _key(samples, preprocess)
        self._pixels_file = cache / f"pictures-{self.key}.u8"
        self._facts_file = cache / f"pictures-{self.key}.json"
        with explain_os_errors(
            f"the pixels of {len(samples):,} images can't be cached in {cache}",
            "make room or change its permissions, or name another folder with $ARTEXTRACT_CACHE",
            CacheError,
        ):
            cache.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / f"pictures-{self.key}.lock"):
                broken = self._read_broken()
                if broken is None:
                    broken = self._decode_all(samples, preprocess)
        self.broken = broken
        self.samples = [sample for sample in samples if sample.id not in broken]
        self._pixels: npt.NDArray[np.uint8] = np.memmap(
            self._pixels_file, np.uint8, "r", shape=(len(samples), self._side, self._side, 3)
        )
        self._rows = np.array([row for row, one in enumerate(samples) if one.id not in broken])

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.uint8]:
        """Return a copy of the images of ``rows`` (n,), as (n, side, side, 3)."""
        chosen: npt.NDArray[np.uint8] = self._pixels[self._rows[rows]]
        return chosen

    def summary(self) -> str:
        """Return how many images can't be opened and why the first can't; empty for none."""
        if not self.broken:
            return ""
        return (
            f"{len(self.broken):,} of {len(self.samples) + len(self.broken):,} images can't be "
            f"opened and are left out, the first because {next(iter(self.broken.values()))}"
        )

    def _read_broken(self) -> dict[str, str] | None:
        """Return the images that were broken; None where there are no complete pixels."""
        try:
            facts: dict[str, Any] = json.loads(self._facts_file.read_text(encoding="utf-8"))
            broken: dict[str, str] = facts["broken"]
            whole: bool = self._pixels_file.stat().st_size == facts["bytes"]
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None
        return broken if whole else None

    def _decode_all(self, samples: Sequence[Sample], preprocess: Preprocess) -> dict[str, str]:
        """Decode all images into the file; return {sample id: why it can't be opened}."""
        image_bytes = self._side**2 * 3
        size = len(samples) * image_bytes
        self._check_room(size)
        broken = {}
        with (
            replacing(self._pixels_file) as temporary,
            temporary.open("wb") as file,
            progress_bar("Decoding images", len(samples)) as advance,
        ):

            def write(row: int) -> str | None:
                try:
                    pixels = _decode(samples[row].image, preprocess)
                except ImageError as error:
                    return str(error)
                _write_at(file.fileno(), pixels.tobytes(), row * image_bytes)
                return None

            for row, reason in enumerate(_in_threads(write, len(samples))):
                if reason is not None:
                    broken[samples[row].id] = reason
                advance(1)
            if len(broken) == len(samples):
                first = f", the first because {broken[samples[0].id]}" if samples else ""
                raise InputError(
                    f"none of the {len(samples):,} images can be opened{first}; give samples whose "
                    "images can be read"
                )
            # Where the last one is broken the file is still too short.
            file.truncate(size)
        facts = {"bytes": size, "broken": broken}
        atomic_write(self._facts_file, json.dumps(facts, ensure_ascii=False, indent=1) + "\n")
        return broken

    def _check_room(self, size: int) -> None:
        cache = self._pixels_file.parent
        free = shutil.disk_usage(cache).free
        if free < size + _MARGIN:
            raise CacheError(
                f"the disk of {cache} has {free >> 20:,} MiB free, and the pixels of all images "
                f"need {(size + _MARGIN) >> 20:,} MiB; make room, name a folder on another disk "
                "with $ARTEXTRACT_CACHE, or use smaller images with size=160"
            )


def _key(samples: Sequence[Sample], preprocess: Preprocess) -> str:
    resizing = [preprocess.size, preprocess.resize, preprocess.interpolation]
    digest = hashlib.sha256(json.dumps([_FORMAT, resizing]).encode())
    for sample in samples:
        size, changed = 0, 0
        # A missing file differs from all others, and fails when it is read.
        with contextlib.suppress(OSError, ValueError):
            status = sample.image.stat()
            size, changed = status.st_size, status.st_mtime_ns
        digest.update(json.dumps([sample.id, size, changed]).encode())
    return digest.hexdigest()[:32]


def _decode(path: Path, preprocess: Preprocess) -> npt.NDArray[np.uint8]:
    image = open_image(read_image_file(path), str(path), at_least=preprocess.decode_at_least)
    return preprocess.resize_pixels(image)


def _write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of ``data`` at ``offset``; the system may accept only a part at a time."""
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
