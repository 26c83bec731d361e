"""Embeddings of a run's works by a model that never saw their labels, without torch.

The baseline and the search for wrong labels look at works with frozen eyes. The rows are kept
beside the run with the model's checksum and the files' sizes and times, so that a second look
costs nothing and a changed picture is seen.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.errors import ImageError, InputError
from training.evaluation.predictions import Run

__all__ = ["Embeddings", "embed_files", "embed_run"]

_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Rows of length 1, one a work that could be opened, and the model that made them."""

    ids: Sequence[str]
    rows: npt.NDArray[np.float32]
    model: str
    sha256: str

    def of(self, ids: Sequence[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Return which of ``ids`` have a row (n,), and the rows of those, in their order."""
        number = {work: row for row, work in enumerate(self.ids)}
        found = np.array([work in number for work in ids], bool)
        return found, self.rows[[number[work] for work in ids if work in number]]


def embed_run(
    run: Run, model: str = "efficientnet-lite0", tell: Callable[[int], None] | None = None
) -> Embeddings:
    """Return the embeddings of all works of a run, from ``features/`` where they are kept.

    Args:
        run: The run; its works' pictures are read where ``works.parquet`` says.
        model: A packaged model's name or an ONNX file.
        tell: Called with how many more pictures are done.

    Raises:
        InputError: not one picture can be opened, or the rows can't be kept.
        ModelError: the model can't be found or run.
    """
    from artextract.models.registry import find_model

    file = find_model(model)
    ids = list(run.works)
    images = [run.works[id_].image for id_ in ids]
    key = _key(file.sha256, ids, images)
    path = run.folder / "features" / f"{file.name}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # What can't be read is made anew.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as kept:
            if str(kept["key"]) == key:
                return Embeddings(
                    ids=[str(id_) for id_ in kept["ids"]],
                    rows=kept["rows"],
                    model=file.name,
                    sha256=file.sha256,
                )
    rows = embed_files(images, model, tell)
    opened = np.isfinite(rows[:, 0])
    ids = [id_ for id_, good in zip(ids, opened, strict=True) if good]
    rows = rows[opened]
    temporary = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(exist_ok=True)
        with temporary.open("wb") as target:
            np.savez(target, key=np.array(key), ids=np.array(ids, np.str_), rows=rows)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(
            f"{path} can't be written ({error.strerror or error}); make room or a folder that can "
            "be written to"
        ) from error
    return Embeddings(ids=ids, rows=rows, model=file.name, sha256=file.sha256)


def embed_files(
    images: Sequence[Path],
    model: str = "efficientnet-lite0",
    tell: Callable[[int], None] | None = None,
) -> npt.NDArray[np.float32]:
    """Return one row of length 1 for each picture; a row of NaN where it can't be opened.

    Raises:
        InputError: not one of the pictures can be opened.
        ModelError: the model can't be found or run.
    """
    from artextract.images.opening import open_image, read_image_file
    from artextract.models.registry import find_model
    from artextract.models.session import OnnxModel

    loaded = OnnxModel(find_model(model).path, "auto")
    prepare = loaded.card.preprocess
    rows = np.full((len(images), loaded.card.dimension), np.nan, np.float32)
    failure: list[str] = []

    def read(path: Path) -> npt.NDArray[np.float32] | None:
        try:
            data = read_image_file(path)
            return prepare(open_image(data, str(path), at_least=prepare.decode_at_least))
        except ImageError as error:
            failure.append(str(error))
            return None

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(images), _BATCH):
            tensors = list(pool.map(read, images[start : start + _BATCH]))
            opened = [start + at for at, tensor in enumerate(tensors) if tensor is not None]
            if opened:
                rows[opened] = loaded.embed(np.stack([t for t in tensors if t is not None]))
            if tell is not None:
                tell(len(tensors))
    if len(failure) == len(images):
        first = failure[0] if failure else "the run has no works"
        raise InputError(
            f"none of {len(images)} pictures can be opened ({first}); put them back where the "
            "training read them"
        )
    return rows


def _key(sha256: str, ids: Iterable[str], images: Iterable[Path]) -> str:
    """Return a digest of the model, the works and the state of their files."""
    digest = hashlib.sha256(sha256.encode())
    for part in _states(ids, images):
        digest.update(part.encode())
        digest.update(b"\0")
    return digest.hexdigest()


def _states(ids: Iterable[str], images: Iterable[Path]) -> Iterator[str]:
    for id_, path in zip(ids, images, strict=True):
        yield id_
        try:
            status = path.stat()
        except OSError:
            yield "missing"
        else:
            yield f"{status.st_size} {status.st_mtime_ns}"
