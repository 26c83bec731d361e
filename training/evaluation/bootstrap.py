"""How sure a score is: percentile intervals from works drawn again and again.

A replicate draws as many works as there are, with replacement; the middle 95 % of the replicates'
scores is the interval (Efron & Tibshirani 1993, chapter 13). It says how much the score would move
with other works of the same kind, not with another training. Classes that a replicate happens to
lack have no F1 in it, and its macro-F1 is the mean of the others.

Two models on the same works are compared with the same draws, so that what both find hard cancels.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.metrics import Floats, Ints, class_f1, known

__all__ = ["REPEATS", "Difference", "Interval", "Intervals", "bootstrap", "paired_bootstrap"]

REPEATS = 2000
"""Replicates; with 2,000 the ends of a 95 % interval repeat to about a hundredth of its width."""

_CHUNK = 1 << 22  # drawn works that are counted at once, to bound memory


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a 95 % percentile interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """The intervals of one attribute; a class without works has None."""

    macro_f1: Interval
    accuracy: Interval
    class_f1: tuple[Interval | None, ...]
    n: int
    repeats: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """First model minus second on the same works, with 95 % intervals.

    ``better`` is the share of replicates in which the first has the higher macro-F1.
    """

    macro_f1: float
    macro_f1_interval: Interval
    accuracy: float
    accuracy_interval: Interval
    better: float
    n: int
    repeats: int
    seed: int


def bootstrap(logits: Floats, labels: Ints, *, repeats: int = REPEATS, seed: int = 0) -> Intervals:
    """Return the intervals of macro-F1, accuracy and each class's F1.

    Args:
        logits: (n, C); the highest is the prediction.
        labels: (n,), -1 where unknown; those works are never drawn.
        repeats: How many replicates.
        seed: Of the draws.

    Raises:
        InputError: as :func:`training.evaluation.metrics.known`.
    """
    classes = np.shape(logits)[-1]
    logits, labels = known(logits, labels, classes)
    ((f1, accuracy),) = _replicates(labels, [logits.argmax(axis=1)], classes, repeats, seed)
    return Intervals(
        macro_f1=_interval(_macro(f1)),
        accuracy=_interval(accuracy),
        class_f1=tuple(
            _interval(column[~np.isnan(column)]) if (labels == c).any() else None
            for c, column in enumerate(f1.T)
        ),
        n=len(labels),
        repeats=repeats,
        seed=seed,
    )


def paired_bootstrap(
    first: Floats, second: Floats, labels: Ints, *, repeats: int = REPEATS, seed: int = 0
) -> Difference:
    """Compare two models' logits (n, C) for the same works and labels: first minus second.

    Raises:
        InputError: as :func:`training.evaluation.metrics.known`.
    """
    classes = np.shape(first)[-1]
    first_rows, kept = known(first, labels, classes)
    second_rows, _ = known(second, labels, classes)
    predictions = [first_rows.argmax(axis=1), second_rows.argmax(axis=1)]
    (f1, accuracy), (other_f1, other_accuracy) = _replicates(
        kept, predictions, classes, repeats, seed
    )
    macro = _macro(f1) - _macro(other_f1)
    whole = [_counted(kept, found, classes, np.ones((1, len(kept)))) for found in predictions]
    return Difference(
        macro_f1=float(_macro(whole[0][0])[0] - _macro(whole[1][0])[0]),
        macro_f1_interval=_interval(macro),
        accuracy=float(whole[0][1][0] - whole[1][1][0]),
        accuracy_interval=_interval(accuracy - other_accuracy),
        better=float((macro > 0).mean()),
        n=len(kept),
        repeats=repeats,
        seed=seed,
    )


Found = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]


def _replicates(
    labels: Ints, predictions: list[Ints], classes: int, repeats: int, seed: int
) -> list[Found]:
    """Return (F1 a class (R, C), accuracy (R,)) of each model, all on the same draws."""
    chunks: list[list[Found]] = [[] for _ in predictions]
    for weights in _draws(len(labels), repeats, seed):
        for model, found in zip(chunks, predictions, strict=True):
            model.append(_counted(labels, found, classes, weights))
    return [
        (np.concatenate([f1 for f1, _ in model]), np.concatenate([right for _, right in model]))
        for model in chunks
    ]


def _draws(n: int, repeats: int, seed: int) -> Iterator[npt.NDArray[np.float64]]:
    """Iterate over how often each work was drawn, (rows, n), some replicates at a time."""
    if repeats < 1:
        raise InputError(f"an interval was asked of {repeats} replicates; give at least 1")
    random = np.random.default_rng(seed)
    rows = max(1, _CHUNK // n)
    for start in range(0, repeats, rows):
        count = min(rows, repeats - start)
        drawn = random.integers(n, size=(count, n)) + np.arange(count)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def _counted(
    labels: Ints, predictions: Ints, classes: int, weights: npt.NDArray[np.float64]
) -> Found:
    """Return F1 (R, C) and accuracy (R,) with each work counted ``weights`` (R, n) times."""
    one_hot = np.eye(classes)
    right = labels == predictions
    works, predicted = weights @ one_hot[labels], weights @ one_hot[predictions]
    correct = weights @ (one_hot[labels] * right[:, None])
    return class_f1(works, predicted, correct), correct.sum(axis=1) / len(labels)


def _macro(f1: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.nanmean(f1, axis=1), np.float64)


def _interval(values: npt.NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))
