"""Losses and gains of a quantised model against the original."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.models.session import OnnxModel, Outputs

Labels = Mapping[str, Sequence[str | None]]

_BATCH = 8
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Change:
    """A metric before and after, on ``samples`` labelled images."""

    metric: str
    samples: int
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The figures of the aspect that loses most.

    Attributes:
        images: How many were compared.
        mean_cosine: Between the two models' vectors of an image.
        lowest_cosine: The same.
        overlap: Share of an image's ten nearest neighbours that both models agree on.
        same_class: {attribute: share of images with the same most probable class}.
        speed_ratio: Images a second over the original's, on one thread.
        size_ratio: Bytes over the original's.
        changes: Metrics of labelled images.
    """

    images: int
    mean_cosine: float
    lowest_cosine: float
    overlap: float
    same_class: dict[str, float]
    speed_ratio: float
    size_ratio: float
    changes: tuple[Change, ...] = ()

    def to_card(self) -> dict[str, object]:
        """Return the figures for a model card, without speed, which depends on the machine."""
        return {
            "pictures": self.images,
            "mean_cosine": round(self.mean_cosine, 4),
            "lowest_cosine": round(self.lowest_cosine, 4),
            "top_10_overlap": round(self.overlap, 4),
            "same_class": {name: round(share, 4) for name, share in self.same_class.items()},
            "changes": {
                change.metric: [change.samples, round(change.before, 4), round(change.after, 4)]
                for change in self.changes
            },
        }


def measure_loss(
    original: Path,
    quantized: Path,
    images: npt.NDArray[np.float32],
    labels: Labels | None = None,
) -> Loss:
    """Compare two model files on preprocessed ``images`` (n, 3, size, size).

    ``labels`` is {attribute: each image's class or None}. The models alternate, so that other load
    on the machine slows both.
    """
    models = [OnnxModel(path, "cpu", threads=1) for path in (original, quantized)]
    outputs: list[list[Outputs]] = [[], []]
    seconds: list[list[float]] = [[], []]
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        for number, model in enumerate(models):
            begun = time.perf_counter()
            outputs[number].append(model.run(batch))
            seconds[number].append((time.perf_counter() - begun) / len(batch))
    cosines, overlaps, changes = [], [], []
    for aspect in models[0].card.aspects:
        one, other = (np.concatenate([each.vectors[aspect] for each in part]) for part in outputs)
        cosines.append((one * other).sum(axis=1))
        overlaps.append(_overlap(one, other))
        for attribute, known in (labels or {}).items():
            before = [_precision(rows, known) for rows in (one, other)]
            if before[0] is not None and before[1] is not None:
                metric = f"{attribute} P@{_NEAREST} by {aspect}"
                changes.append(Change(metric, before[0][0], before[0][1], before[1][1]))
    for attribute, names in models[0].card.classes.items():
        known = (labels or {}).get(attribute, [])
        labelled = [at for at, label in enumerate(known) if label in names]
        if labelled:
            truth = np.array([names.index(str(known[at])) for at in labelled])
            shares = [
                float((_classes(part, attribute)[labelled] == truth).mean()) for part in outputs
            ]
            changes.append(Change(f"{attribute} Top-1", len(labelled), *shares))
    worst = min(cosines, key=lambda values: float(values.mean()))
    return Loss(
        images=len(images),
        mean_cosine=float(worst.mean()),
        lowest_cosine=float(min(values.min() for values in cosines)),
        overlap=min(overlaps),
        same_class={
            name: float(np.mean(_classes(outputs[0], name) == _classes(outputs[1], name)))
            for name in models[0].card.classes
        },
        speed_ratio=float(np.median(seconds[0]) / np.median(seconds[1])),
        size_ratio=quantized.stat().st_size / original.stat().st_size,
        changes=tuple(changes),
    )


def _classes(parts: list[Outputs], attribute: str) -> npt.NDArray[np.int64]:
    """Return the index of the most probable class of each image."""
    return np.concatenate([part.probabilities[attribute].argmax(axis=1) for part in parts])


def _overlap(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the mean share of the ten nearest that both have in common, (n, d) each."""
    nearest = min(_NEAREST, len(one) - 1)
    lists = []
    for rows in (one, other):
        scores = rows @ rows.T
        np.fill_diagonal(scores, -np.inf)
        lists.append(np.argsort(-scores, axis=1, kind="stable")[:, :nearest])
    shared = [len(set(a) & set(b)) / nearest for a, b in zip(*lists, strict=True)]
    return float(np.mean(shared))


def _precision(
    rows: npt.NDArray[np.float32], labels: Sequence[str | None]
) -> tuple[int, float] | None:
    """Return (queries, P@10) among labelled images, the query left out; None without a pair."""
    known = [at for at, label in enumerate(labels) if label is not None]
    named = np.array([labels[at] for at in known])
    scores = rows[known] @ rows[known].T
    np.fill_diagonal(scores, -np.inf)
    nearest = np.argsort(-scores, axis=1, kind="stable")[:, : min(_NEAREST, len(known) - 1)]
    queries = [at for at, name in enumerate(named) if (named == name).sum() > 1]
    if not queries:
        return None
    right = [(named[nearest[at]] == named[at]).mean() for at in queries]
    return len(queries), float(np.mean(right))
