"""The files of predictions, and the folder of a run, read without torch.

A *run* is the folder of one training. ``predictions/<split>.npz`` has the samples' ids, and for
each attribute the logits and the class indices of the labels (-1: unknown or left out).
"""

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.catalog.years import YearRange
from artextract.errors import InputError
from artextract.files import replacing
from training.data.classes import Classes
from training.data.samples import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictions:
    """Logits (n, C) and labels (n,) of each attribute, and maybe embeddings (n, D)."""

    ids: Sequence[str]
    logits: Mapping[str, npt.NDArray[np.float32]]
    labels: Mapping[str, npt.NDArray[np.int64]]
    embedding: npt.NDArray[np.float32] | None = None

    def rows_of(self, ids: Sequence[str]) -> npt.NDArray[np.int64]:
        """Return the row of each of ``ids``; -1 where there is none."""
        rows = {id_: row for row, id_ in enumerate(self.ids)}
        return np.array([rows.get(id_, -1) for id_ in ids], np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The folder of a training, with its classes and {id: sample}."""

    folder: Path
    classes: Classes
    samples: Mapping[str, Sample]

    def predictions_file(self, split: str) -> Path:
        """Return the path of a split's predictions."""
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
        raise InputError(f"there is no folder {folder}; give the folder of a training")
    for name in ("classes.json", "works.parquet"):
        if not (folder / name).is_file():
            raise InputError(
                f"{folder} has no {name}, so it is not the folder of a training; give the folder "
                "that `artextract train` wrote"
            )
    classes = Classes.load(folder / "classes.json")
    path = folder / "works.parquet"
    try:
        table = polars.read_parquet(path)
        rows = table.select("id", "image", "artist", "split").rows()
        no_years = [None] * len(table)  # runs of earlier releases have none
        begins, ends = (
            table[name].to_list() if name in table.columns else no_years
            for name in ("year_begin", "year_end")
        )
    except (OSError, polars.exceptions.PolarsError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f"{path} can't be read ({reason}); train again") from error
    prefix = "label."
    columns = {
        name.removeprefix(prefix): table[name].to_list()
        for name in table.columns
        if name.startswith(prefix)
    }
    samples = {
        id_: Sample(
            id=id_,
            image=Path(image),
            artist=artist,
            split=split,
            labels={name: column[row] for name, column in columns.items() if column[row]},
            years=YearRange(begins[row], ends[row]),
        )
        for row, (id_, image, artist, split) in enumerate(rows)
    }
    return Run(folder=folder, classes=classes, samples=samples)


def load_predictions(path: Path, classes: Classes) -> Predictions:
    """Return the predictions in a file that :func:`save_predictions` wrote.

    Raises:
        InputError: the file is missing or damaged, or belongs to other classes.
    """
    try:
        # Opened here, because np.load leaves a file open that it can't read.
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            ids = [str(id_) for id_ in file["ids"]]
            attributes = [name for name in classes.names if f"logits.{name}" in file]
            logits = {name: np.asarray(file[f"logits.{name}"]) for name in attributes}
            labels = {name: np.asarray(file[f"labels.{name}"], np.int64) for name in attributes}
            embedding = np.asarray(file["embedding"]) if "embedding" in file else None
    except FileNotFoundError:
        raise InputError(
            f"there are no predictions {path}; finish the training, which writes them"
        ) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} can't be read as predictions ({error}); delete it and resume the training, "
            "which writes it again"
        ) from error
    for name in attributes:
        expected = (len(ids), len(classes.names[name]))
        if logits[name].shape != expected or labels[name].shape != expected[:1]:
            raise InputError(
                f"{path} has logits {logits[name].shape} and labels {labels[name].shape} for "
                f"{name}; {len(ids)} samples and {expected[1]} classes need {expected} and "
                f"({expected[0]},): it belongs to another training, so write it again"
            )
    return Predictions(ids=ids, logits=logits, labels=labels, embedding=embedding)


def save_predictions(path: Path, predictions: Predictions) -> None:
    """Write predictions with :func:`~artextract.files.replacing`.

    Raises:
        OSError: the file can't be written; what was there is untouched.
    """
    arrays: dict[str, npt.NDArray[np.generic]] = {"ids": np.array(predictions.ids, np.str_)}
    for name, logits in predictions.logits.items():
        arrays[f"logits.{name}"] = np.asarray(logits, np.float32)
        arrays[f"labels.{name}"] = np.asarray(predictions.labels[name], np.int64)
    if predictions.embedding is not None:
        arrays["embedding"] = np.asarray(predictions.embedding, np.float32)
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
