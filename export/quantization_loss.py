"""What a quantised model loses against the original, and what it gains."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.models.session import OnnxModel, Outputs

__all__ = ["Change", "Loss", "measure_loss"]

Labels = Mapping[str, Sequence[str | None]]

_BATCH = 8
_NEAREST = 10


@dataclass(frozen=True, slots=True)
class Change:
    """A metric before and after, on ``works`` labelled pictures."""

    metric: str
    works: int
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The figures of the aspect that suffers most, on ``pictures`` pictures.

    ``mean_cosine`` and ``lowest_cosine`` are between the two models' vectors of a picture;
    ``overlap`` is the share of a picture's ten nearest among the others that both models agree on;
    ``same_class`` that of pictures with the same likeliest class, {attribute: share};
    ``changes`` are the metrics of labelled pictures, where there are any;
    ``speed_ratio`` pictures a second over the original's, on one thread; ``size_ratio`` bytes over
    the original's.
    """

    pictures: int
    mean_cosine: float
    lowest_cosine: float
    overlap: float
    same_class: dict[str, float]
    speed_ratio: float
    size_ratio: float
    changes: tuple[Change, ...] = ()

    def to_card(self) -> dict[str, object]:
        """Return the figures for a model card; speed is left out, for it is the machine's."""
        return {
            "pictures": self.pictures,
            "mean_cosine": round(self.mean_cosine, 4),
            "lowest_cosine": round(self.lowest_cosine, 4),
            "top_10_overlap": round(self.overlap, 4),
            "same_class": {name: round(share, 4) for name, share in self.same_class.items()},
            "changes": {
                change.metric: [change.works, round(change.before, 4), round(change.after, 4)]
                for change in self.changes
            },
        }


def measure_loss(
    original: Path,
    quantized: Path,
    pictures: npt.NDArray[np.float32],
    labels: Labels | None = None,
) -> Loss:
    """Compare two model files on prepared ``pictures`` (n, 3, size, size).

    ``labels`` has what is known of each picture, {attribute: a class or None for each}.

    Both see each batch one after the other, so that whatever slows the machine slows both.
    """
    models = [OnnxModel(path, "cpu", threads=1) for path in (original, quantized)]
    seen: list[list[Outputs]] = [[], []]
    seconds: list[list[float]] = [[], []]
    for start in range(0, len(pictures), _BATCH):
        batch = pictures[start : start + _BATCH]
        for number, model in enumerate(models):
            begun = time.perf_counter()
            seen[number].append(model.run(batch))
            seconds[number].append((time.perf_counter() - begun) / len(batch))
    cosines, overlaps, changes = [], [], []
    for aspect in models[0].card.aspects:
        one, other = (np.concatenate([each.vectors[aspect] for each in part]) for part in seen)
        cosines.append((one * other).sum(axis=1))
        overlaps.append(_overlap(one, other))
        for attribute, known in (labels or {}).items():
            before = [_precision(rows, known) for rows in (one, other)]
            if before[0] is not None and before[1] is not None:
                metric = f"{attribute} P@{_NEAREST} by {aspect}"
                changes.append(Change(metric, before[0][0], before[0][1], before[1][1]))
    for attribute, names in models[0].card.classes.items():
        known = (labels or {}).get(attribute, [])
        learnt = [at for at, label in enumerate(known) if label in names]
        if learnt:
            truth = np.array([names.index(str(known[at])) for at in learnt])
            shares = [float((_classes(part, attribute)[learnt] == truth).mean()) for part in seen]
            changes.append(Change(f"{attribute} Top-1", len(learnt), *shares))
    worst = min(cosines, key=lambda values: float(values.mean()))
    return Loss(
        pictures=len(pictures),
        mean_cosine=float(worst.mean()),
        lowest_cosine=float(min(values.min() for values in cosines)),
        overlap=min(overlaps),
        same_class={
            name: float(np.mean(_classes(seen[0], name) == _classes(seen[1], name)))
            for name in models[0].card.classes
        },
        speed_ratio=float(np.median(seconds[0]) / np.median(seconds[1])),
        size_ratio=quantized.stat().st_size / original.stat().st_size,
        changes=tuple(changes),
    )


def _classes(parts: list[Outputs], attribute: str) -> npt.NDArray[np.int64]:
    """Return the number of the likeliest class of each picture."""
    return np.concatenate([part.probabilities[attribute].argmax(axis=1) for part in parts])


def _overlap(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the mean share of the ten nearest that are the same by both, (n, d) each."""
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
    """Return (queries, P@10) among labelled pictures, the query left out; None without a pair."""
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
