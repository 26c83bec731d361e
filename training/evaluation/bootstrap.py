"""95 % bootstrap intervals of F1 and accuracy; :mod:`artextract.statistics` has the method.

They say how much a score would change with other samples of the same kind, not with another
training. Classes that a replicate lacks have no F1 in it, and its macro-F1 is the mean of the
others. Two models are compared on the same draws, so that what is hard for both cancels out.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artextract.statistics import REPEATS, interval, resample
from training.evaluation.metrics import Floats, Ints, class_f1, known


@dataclass(frozen=True, slots=True)
class Interval:
    """The ends of a 95 % percentile interval."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervals:
    """The intervals of one attribute; a class without samples has None."""

    macro_f1: Interval
    accuracy: Interval
    class_f1: tuple[Interval | None, ...]
    n: int
    repeats: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """First model minus second on the same samples, with 95 % intervals.

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

    The highest of a sample's ``logits`` (n, C) is its prediction. Samples whose label (n,) is -1,
    unknown, are never drawn.

    Raises:
        InputError: as :func:`training.evaluation.metrics.known`.
    """
    classes = np.shape(logits)[-1]
    logits, labels = known(logits, labels, classes)
    ((f1, accuracy),) = _replicates(labels, [logits.argmax(axis=1)], classes, repeats, seed)
    return Intervals(
        macro_f1=Interval(*interval(_macro(f1))),
        accuracy=Interval(*interval(accuracy)),
        class_f1=tuple(
            Interval(*interval(column[~np.isnan(column)])) if (labels == c).any() else None
            for c, column in enumerate(f1.T)
        ),
        n=len(labels),
        repeats=repeats,
        seed=seed,
    )


def paired_bootstrap(
    first: Floats, second: Floats, labels: Ints, *, repeats: int = REPEATS, seed: int = 0
) -> Difference:
    """Compare two models' logits (n, C) for the same samples and labels: first minus second.

    Raises:
        InputError: as :func:`training.evaluation.metrics.known`.
    """
    classes = np.shape(first)[-1]
    first_rows, own = known(first, labels, classes)
    second_rows, _ = known(second, labels, classes)
    predictions = [first_rows.argmax(axis=1), second_rows.argmax(axis=1)]
    (f1, accuracy), (other_f1, other_accuracy) = _replicates(
        own, predictions, classes, repeats, seed
    )
    macro = _macro(f1) - _macro(other_f1)
    whole = [_counted(own, found, classes, np.ones((1, len(own)))) for found in predictions]
    return Difference(
        macro_f1=float(_macro(whole[0][0])[0] - _macro(whole[1][0])[0]),
        macro_f1_interval=Interval(*interval(macro)),
        accuracy=float(whole[0][1][0] - whole[1][1][0]),
        accuracy_interval=Interval(*interval(accuracy - other_accuracy)),
        better=float((macro > 0).mean()),
        n=len(own),
        repeats=repeats,
        seed=seed,
    )


Replicates = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]
"""F1 of each class (R, C) and accuracy (R,)."""


def _replicates(
    labels: Ints, predictions: list[Ints], classes: int, repeats: int, seed: int
) -> list[Replicates]:
    """Return the replicates of each model, all on the same draws."""
    chunks: list[list[Replicates]] = [[] for _ in predictions]
    for weights in resample(len(labels), repeats=repeats, seed=seed):
        for model, found in zip(chunks, predictions, strict=True):
            model.append(_counted(labels, found, classes, weights))
    return [
        (np.concatenate([f1 for f1, _ in model]), np.concatenate([right for _, right in model]))
        for model in chunks
    ]


def _counted(
    labels: Ints, predictions: Ints, classes: int, weights: npt.NDArray[np.float64]
) -> Replicates:
    """Return F1 and accuracy with each sample counted ``weights`` (R, n) times."""
    one_hot = np.eye(classes)
    right = labels == predictions
    samples, predicted = weights @ one_hot[labels], weights @ one_hot[predictions]
    correct = weights @ (one_hot[labels] * right[:, None])
    return class_f1(samples, predicted, correct), correct.sum(axis=1) / len(labels)


def _macro(f1: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.asarray(np.nanmean(f1, axis=1), np.float64)
