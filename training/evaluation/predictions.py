"""The files in which a training's predictions are kept, and the folder that holds them.

A *run* is the folder of one training. ``predictions/<split>.npz`` has the works' ids, and for each
attribute the logits and the labels' numbers (-1: unknown or left out); judging needs no more, and
no torch.
"""

import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.data.classes import Classes
from training.data.samples import LabelledWork

__all__ = ["Predictions", "Run", "load_predictions", "open_run", "save_predictions"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """What a model said of works: logits (n, C) and labels (n,) of each attribute."""

    ids: Sequence[str]
    logits: Mapping[str, npt.NDArray[np.float32]]
    labels: Mapping[str, npt.NDArray[np.int64]]
    embedding: npt.NDArray[np.float32] | None = None

    def rows_of(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the row of each of ``ids``; -1 where there is none."""
        row = {work: number for number, work in enumerate(self.ids)}
        return np.array([row.get(work, -1) for work in ids], np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The folder of a training, with what it knows of classes and works."""

    folder: Path
    classes: Classes
    works: Mapping[str, LabelledWork]

    def predictions_file(self, split: str) -> Path:
        """Return where the predictions of a split are kept."""
        return self.folder / "predictions" / f"{split}.npz"

    def load_predictions(self, split: str) -> Predictions:
        """Return the predictions of a split.

        Raises:
            InputError: see :func:`load_predictions`.
        """
        return load_predictions(self.predictions_file(split), self.classes)


def open_run(folder: Path) -> Run:
    """Return the run in ``folder``: its ``classes.json`` and ``works.parquet``.

    Raises:
        InputError: there is no such folder, it is not that of a training, or a file can't be read.
    """
    import polars

    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}; give the --out folder of a training")
    for name in ("classes.json", "works.parquet"):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder} has no {name}, so it is not the folder of a training; give the --out "
                "folder of `artextract train`"
            )
    classes = Classes.load(folder / "classes.json")
    path = folder / "works.parquet"
    try:
        table = polars.read_parquet(path)
        rows = table.select("id", "image", "artist", "split").rows()
    except (OSError, polars.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} can't be read ({reason}); train again") from error
    prefix = "label."
    columns = {
        name.removeprefix(prefix): table[name].to_list()
        for name in table.columns
        if name.startswith(prefix)
    }
    works = {
        id_: LabelledWork(
            id=id_,
            image=Path(image),
            artist=artist,
            split=split,
            labels={name: column[row] for name, column in columns.items() if column[row]},
        )
        for row, (id_, image, artist, split) in enumerate(rows)
    }
    return Run(folder=folder, classes=classes, works=works)


def load_predictions(path: Path, classes: Classes) -> Predictions:
    """Return the predictions in a file that :func:`save_predictions` wrote.

    Raises:
        InputError: the file is missing or damaged, or belongs to other classes.
    """
    try:
        # Opened here, because np.load leaves a file open that it can't understand.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            ids = [str(id_) for id_ in file["ids"]]
            attributes = [name for name in classes.names if f"logits.{name}" in file]
            logits = {name: np.asarray(file[f"logits.{name}"]) for name in attributes}
            labels = {name: np.asarray(file[f"labels.{name}"], np.int64) for name in attributes}
            embedding = np.asarray(file["embedding"]) if "embedding" in file else None
    except FileNotFoundError:
        raise InputError(
            f"there are no predictions {path}; let the training come to its end, which writes them"
        ) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} can't be read as predictions ({error}); write it again by finishing the "
            "training with --resume"
        ) from error
    for name in attributes:
        wanted = (len(ids), len(classes.names[name]))
        if logits[name].shape != wanted or labels[name].shape != wanted[:1]:
            raise InputError(
                f"{path} has logits {logits[name].shape} and labels {labels[name].shape} for "
                f"{name}; {len(ids)} works and {wanted[1]} classes need {wanted} and "
                f"({wanted[0]},): it belongs to another training, so write it again"
            )
    return Predictions(ids=ids, logits=logits, labels=labels, embedding=embedding)


def save_predictions(path: Path, predictions: Predictions) -> None:
    """Write predictions so that a reader sees the old or the new file, never a part.

    Raises:
        OSError: the file can't be written; what was there is untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, npt.NDArray[np.generic]] = {"ids": np.array(predictions.ids, np.str_)}
    for name, logits in predictions.logits.items():
        arrays[f"logits.{name}"] = np.asarray(logits, np.float32)
        arrays[f"labels.{name}"] = np.asarray(predictions.labels[name], np.int64)
    if predictions.embedding is not None:
        arrays["embedding"] = np.asarray(predictions.embedding, np.float32)
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
