"""Embeddings of a run's samples by a model that was not trained on their labels, without torch.

The baseline and the search for label errors use them. They are cached in the run's folder, together
with a hash of the model and of the image files' sizes and times.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.errors import ImageError, InputError
from artextract.files import explain_os_errors, replacing
from training.evaluation.predictions import Run

_BATCH = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Embeddings:
    """Rows of length 1 (n, D) of the samples whose image could be opened, and their model."""

    ids: Sequence[str]
    rows: npt.NDArray[np.float32]
    model: str
    sha256: str

    def of(self, ids: Sequence[str]) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]]:
        """Return which of ``ids`` have a row (n,), and the rows of those, in their order."""
        row = {id_: at for at, id_ in enumerate(self.ids)}
        found = np.array([id_ in row for id_ in ids], bool)
        return found, self.rows[[row[id_] for id_ in ids if id_ in row]]


def embed_run(
    run: Run,
    model: str = "efficientnet-lite0",
    on_images: Callable[[int], None] = lambda count: None,
) -> Embeddings:
    """Return the embeddings of all samples of a run, from its folder ``features`` if cached.

    Args:
        run: The run; its images are read from where ``works.parquet`` says.
        model: A packaged model's name or an ONNX file.
        on_images: Called with how many more images are done.

    Raises:
        InputError: no image can be opened, or the rows can't be written.
        ModelError: the model can't be found or run.
    """
    from artextract.models.registry import find_model

    file = find_model(model)
    ids = list(run.samples)
    images = [run.samples[id_].image for id_ in ids]
    key = _key(file.sha256, ids, images)
    path = run.folder / "features" / f"{file.name}.npz"
    with suppress(OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        # What can't be read is computed anew.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as cached:
            if str(cached["key"]) == key:
                return Embeddings(
                    ids=[str(id_) for id_ in cached["ids"]],
                    rows=cached["rows"],
                    model=file.name,
                    sha256=file.sha256,
                )
    rows = embed_files(images, model, on_images)
    opened = np.isfinite(rows[:, 0])
    ids = [id_ for id_, good in zip(ids, opened, strict=True) if good]
    rows = rows[opened]
    advice = "make room or change the folder's permissions"
    with explain_os_errors(f"{path} can't be written", advice):
        path.parent.mkdir(exist_ok=True)
        with replacing(path) as temporary, temporary.open("wb") as target:
            np.savez(target, key=np.array(key), ids=np.array(ids, np.str_), rows=rows)
    return Embeddings(ids=ids, rows=rows, model=file.name, sha256=file.sha256)


def embed_files(
    images: Sequence[Path],
    model: str = "efficientnet-lite0",
    on_images: Callable[[int], None] = lambda count: None,
) -> npt.NDArray[np.float32]:
    """Return one row of length 1 for each image; a row of NaN where it can't be opened.

    Raises:
        InputError: no image can be opened.
        ModelError: the model can't be found or run.
    """
    from artextract.images.opening import open_image, read_image_file
    from artextract.models.registry import find_model
    from artextract.models.session import OnnxModel

    loaded = OnnxModel(find_model(model).path, "auto")
    preprocess = loaded.card.preprocess
    rows = np.full((len(images), loaded.card.dimension), np.nan, np.float32)
    failures: list[str] = []

    def read(path: Path) -> npt.NDArray[np.float32] | None:
        try:
            data = read_image_file(path)
            return preprocess(open_image(data, str(path), at_least=preprocess.decode_at_least))
        except ImageError as error:
            failures.append(str(error))
            return None

    with ThreadPoolExecutor() as pool:
        for start in range(0, len(images), _BATCH):
            tensors = list(pool.map(read, images[start : start + _BATCH]))
            opened = [start + at for at, tensor in enumerate(tensors) if tensor is not None]
            if opened:
                rows[opened] = loaded.embed(np.stack([t for t in tensors if t is not None]))
            on_images(len(tensors))
    if len(failures) == len(images):
        first = failures[0] if failures else "the run has no samples"
        raise InputError(
            f"none of {len(images)} images can be opened ({first}); put them back where the "
            "training read them"
        )
    return rows


def _key(sha256: str, ids: Iterable[str], images: Iterable[Path]) -> str:
    digest = hashlib.sha256(sha256.encode())
    for id_, path in zip(ids, images, strict=True):
        try:
            status = path.stat()
            state = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            state = "missing"
        digest.update(f"{id_}\0{state}\0".encode())
    return digest.hexdigest()
