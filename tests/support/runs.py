"""The folder of a training that never was: small images, and predictions made by hand."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars
from pictures import make_picture

from training.data.classes import collect_classes
from training.data.samples import Sample
from training.evaluation.predictions import Predictions, Run, open_run, save_predictions

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


def write_run(folder: Path, samples: Sequence[Sample], attributes: Sequence[str]) -> None:
    """Write ``classes.json`` and ``works.parquet``; a class needs two training works."""
    folder.mkdir(parents=True, exist_ok=True)
    train = [sample.id for sample in samples if sample.split == "train"]
    collect_classes(samples, train, attributes, dict.fromkeys(attributes, 2)).save(
        folder / "classes.json"
    )
    polars.DataFrame(
        {
            "id": [sample.id for sample in samples],
            "image": [str(sample.image) for sample in samples],
            "artist": [sample.artist for sample in samples],
            "split": [sample.split for sample in samples],
            **{
                f"label.{name}": [sample.labels.get(name) for sample in samples]
                for name in attributes
            },
        }
    ).write_parquet(folder / "works.parquet")


def make_run(folder: Path, count: int = 160, *, missing_picture: bool = True) -> Run:
    """Make a run of ``count`` samples of five styles and two genres, half of them in val.

    The third style, Realism, is never predicted; the fourth, Rococo, has no sample in val; one
    style has a single training sample and is left out; every fifth genre is unknown. The first
    sample's image is missing.
    """
    images = folder.parent / f"{folder.name}-images"
    images.mkdir(parents=True)
    samples = []
    for number in range(count):
        split = "train" if number % 2 else "val"
        style = STYLES[number // 2 % 5]
        if split == "val" and style == "Rococo":
            style = "Cubism"
        labels = {"style": "Orphism" if number == 1 else style}
        if number % 5:
            labels["genre"] = GENRES[number // 2 % 2]
        image = images / f"{number:03}.jpg"
        if number or not missing_picture:
            make_picture(number % 20, (48, 64) if number % 3 else (80, 40)).save(image)
        samples.append(
            Sample(
                id=f"work {number:03}",
                image=image,
                labels=labels,
                artist=f"Artist <i>{number % 13}</i>",
                split=split,
            )
        )
    write_run(folder, samples, ("style", "genre"))
    run = open_run(folder)
    for split, chosen in {
        "val": [sample for sample in samples if sample.split == "val"],
        "oof": samples,
    }.items():
        save_predictions(run.predictions_file(split), _predict(run, chosen))
    return run


def _predict(run: Run, samples: Sequence[Sample]) -> Predictions:
    """Return predictions that are right more often than not, and embeddings that agree."""
    random = np.random.default_rng(1)
    encoded = run.classes.encode(samples)
    logits, labels = {}, {}
    for column, (name, names) in enumerate(run.classes.names.items()):
        labels[name] = encoded[:, column]
        scores = random.normal(size=(len(samples), len(names)))
        scores[np.arange(len(samples)), labels[name]] += 1.5 * (labels[name] >= 0)
        if name == "style":
            scores[:, names.index("Realism")] = -9
        logits[name] = scores.astype(np.float32)
    embedding = blobs(np.maximum(labels["style"], 0))
    return Predictions(
        ids=[sample.id for sample in samples], logits=logits, labels=labels, embedding=embedding
    )
