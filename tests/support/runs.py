"""The folder of a training that never was: small pictures, and predictions made by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars
from pictures import make_picture

from training.data.classes import gather_classes
from training.data.samples import LabelledWork
from training.evaluation.predictions import Predictions, Run, open_run, save_predictions

__all__ = ["HOSTILE", "blobs", "make_run", "write_run"]

HOSTILE = "<b>Ba$r_oque</b> & \"x'"
"""A class whose name is no HTML and no formula, whatever it looks like."""

STYLES = (HOSTILE, "Cubism", "Realism", "Rococo", "浮世絵")
GENRES = ("landscape", "portrait")


def blobs(
    labels: npt.NDArray[np.int64], dimension: int = 16, spread: float = 0.5, seed: int = 0
) -> npt.NDArray[np.float32]:
    """Return rows of length 1 that lie around one point a class."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(int(labels.max()) + 1, dimension))
    rows = centres[labels] + spread * random.normal(size=(len(labels), dimension))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows.astype(np.float32)


def write_run(folder: Path, works: Sequence[LabelledWork], attributes: Sequence[str]) -> None:
    """Write ``classes.json`` and ``works.parquet``; a class needs two training works."""
    folder.mkdir(parents=True, exist_ok=True)
    train = [work.id for work in works if work.split == "train"]
    gather_classes(works, train, attributes, dict.fromkeys(attributes, 2)).save(
        folder / "classes.json"
    )
    polars.DataFrame(
        {
            "id": [work.id for work in works],
            "image": [str(work.image) for work in works],
            "artist": [work.artist for work in works],
            "split": [work.split for work in works],
            **{f"label.{name}": [work.labels.get(name) for work in works] for name in attributes},
        }
    ).write_parquet(folder / "works.parquet")


def make_run(folder: Path, count: int = 160, *, missing_picture: bool = True) -> Run:
    """Make a run of ``count`` works of five styles and two genres, half of them to judge by.

    The third style, Realism, is never predicted; of the fourth, Rococo, no work is to be judged
    by; one style has a single training work and so is left out; every fifth genre is not known.
    The first work's picture is missing.
    """
    pictures = folder.parent / f"{folder.name}-pictures"
    pictures.mkdir(parents=True)
    works = []
    for number in range(count):
        split = "train" if number % 2 else "val"
        style = STYLES[number // 2 % 5]
        if split == "val" and style == "Rococo":
            style = "Cubism"
        labels = {"style": "Orphism" if number == 1 else style}
        if number % 5:
            labels["genre"] = GENRES[number // 2 % 2]
        image = pictures / f"{number:03}.jpg"
        if number or not missing_picture:
            make_picture(number % 20, (48, 64) if number % 3 else (80, 40)).save(image)
        works.append(
            LabelledWork(
                id=f"work {number:03}",
                image=image,
                labels=labels,
                artist=f"Artist <i>{number % 13}</i>",
                split=split,
            )
        )
    write_run(folder, works, ("style", "genre"))
    run = open_run(folder)
    for split, chosen in {
        "val": [work for work in works if work.split == "val"],
        "oof": works,
    }.items():
        save_predictions(run.predictions_file(split), _predict(run, chosen))
    return run


def _predict(run: Run, works: Sequence[LabelledWork]) -> Predictions:
    """Return predictions that are right more often than not, and embeddings that agree."""
    random = np.random.default_rng(1)
    encoded = run.classes.encode(works)
    logits, labels = {}, {}
    for column, (name, names) in enumerate(run.classes.names.items()):
        labels[name] = encoded[:, column]
        scores = random.normal(size=(len(works), len(names)))
        scores[np.arange(len(works)), labels[name]] += 1.5 * (labels[name] >= 0)
        if name == "style":
            scores[:, names.index("Realism")] = -9
        logits[name] = scores.astype(np.float32)
    embedding = blobs(np.maximum(labels["style"], 0))
    return Predictions(
        ids=[work.id for work in works], logits=logits, labels=labels, embedding=embedding
    )
