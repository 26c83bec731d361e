"""Calibration of probabilities by temperature scaling (Guo et al. 2017, arXiv:1706.04599).

All logits are divided by one number; no prediction changes. A temperature evaluated on the samples
that it was fitted on looks too good, so each fifth of the samples is evaluated with the temperature
of the other four. ``temperature`` is then fitted on all of them, for use on new images.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.metrics import Floats, Ints, known, softmax

BINS = 15
"""Bins of equal width, as in Guo et al."""

FOLDS = 5

_LIMITS = (0.02, 50.0)  # of the temperature
_LEAST = 1e-12  # a probability of 0 for the true class would be an infinite loss


@dataclass(frozen=True, slots=True)
class Bin:
    """The samples of a confidence in (low, high], with means, or None for an empty bin."""

    low: float
    high: float
    count: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Expected calibration error and log loss before and after temperature scaling.

    "After" is cross-fitted: no sample is evaluated with a temperature that was fitted on it.
    """

    n: int
    folds: int
    seed: int
    temperature: float
    fold_temperatures: tuple[float, ...]
    error_before: float
    error_after: float
    log_loss_before: float
    log_loss_after: float
    bins_before: tuple[Bin, ...]
    bins_after: tuple[Bin, ...]


def calibrate(logits: Floats, labels: Ints, *, folds: int = FOLDS, seed: int = 0) -> Calibration:
    """Measure the calibration of ``logits`` (n, C) for ``labels`` (n,), -1 where unknown.

    Raises:
        InputError: fewer samples than folds, or as :func:`training.evaluation.metrics.known`.
    """
    logits, labels = known(logits, labels, np.shape(logits)[-1])
    n = len(labels)
    if not 2 <= folds <= n:
        raise InputError(
            f"calibration can't be measured on {n} samples in {folds} folds; give at least 2 folds "
            "and as many samples"
        )
    fold = np.random.default_rng(seed).permutation(n) % folds
    before, after = softmax(logits), np.empty(logits.shape)
    temperatures = []
    for number in range(folds):
        held_out = fold == number
        temperatures.append(fit_temperature(logits[~held_out], labels[~held_out]))
        after[held_out] = softmax(logits[held_out], temperatures[-1])
    bins_before, bins_after = reliability(before, labels), reliability(after, labels)
    return Calibration(
        n=n,
        folds=folds,
        seed=seed,
        temperature=fit_temperature(logits, labels),
        fold_temperatures=tuple(temperatures),
        error_before=calibration_error(bins_before),
        error_after=calibration_error(bins_after),
        log_loss_before=log_loss(before, labels),
        log_loss_after=log_loss(after, labels),
        bins_before=bins_before,
        bins_after=bins_after,
    )


def fit_temperature(logits: Floats, labels: Ints) -> float:
    """Return the temperature (0.02 to 50) with the least log loss for known labels.

    The log loss is convex in 1 / temperature, so there is one minimum.
    """
    from scipy.optimize import minimize_scalar

    def loss(log_temperature: float) -> float:
        return log_loss(softmax(logits, float(np.exp(log_temperature))), labels)

    low, high = np.log(_LIMITS)
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def log_loss(probabilities: npt.NDArray[np.float64], labels: Ints) -> float:
    """Return the mean negative log of the true class's probability."""
    own = probabilities[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(own, _LEAST)).mean())


def reliability(
    probabilities: npt.NDArray[np.float64], labels: Ints, bins: int = BINS
) -> tuple[Bin, ...]:
    """Group samples by the probability of their prediction into bins of equal width."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    # Right-closed, (low, high], as in Guo et al.
    place = np.clip(np.searchsorted(edges, confidence, side="left") - 1, 0, bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        count = int(inside.sum())
        found.append(
            Bin(
                low=float(edges[number]),
                high=float(edges[number + 1]),
                count=count,
                confidence=float(confidence[inside].mean()) if count else None,
                accuracy=float(right[inside].mean()) if count else None,
            )
        )
    return tuple(found)


def calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return the mean gap of confidence and accuracy, weighted by the bins' samples."""
    total = sum(one.count for one in bins)
    gaps = [
        one.count * abs(one.confidence - one.accuracy)
        for one in bins
        if one.confidence is not None and one.accuracy is not None
    ]
    return sum(gaps) / total
