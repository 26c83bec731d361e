"""Wrong labels made on purpose, and how well a ranking finds them again.

How good a search for wrong labels is can't be told on labels of which nobody knows which are wrong.
So some are changed by a known draw and looked for; what was wrong before counts as right, which
makes every figure a little too low, for all rankings alike.
"""

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.metrics import Floats, Ints

__all__ = [
    "SEED_RULE_LIMIT",
    "average_precision",
    "precision_at",
    "seed_rule",
    "symmetric_noise",
    "toward_similar_noise",
]

SEED_RULE_LIMIT = 0.4
"""Softmax of the label below which the simple rule calls a work an outlier."""


def symmetric_noise(labels: Ints, share: float, classes: int, *, seed: int) -> Ints:
    """Return labels (n,) of which a share was changed to another class, each as likely.

    Raises:
        InputError: the share is not between 0 and 1, or there is no other class.
    """
    random = np.random.default_rng(seed)
    chosen = _choose(labels, share, classes, random)
    noisy = labels.copy()
    noisy[chosen] = (labels[chosen] + random.integers(1, classes, len(chosen))) % classes
    return noisy


def toward_similar_noise(
    labels: Ints, share: float, rows: Floats, *, seed: int, nearest: int = 3
) -> Ints:
    """Return labels of which a share was changed to one of the classes that look most alike.

    Classes are compared by the cosine of their mean ``rows`` (n, D), as a tired cataloguer would
    mistake Impressionism for Post-Impressionism rather than for Ukiyo-e.

    Raises:
        InputError: the share is not between 0 and 1, or there are ``nearest`` classes or fewer.
    """
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) <= nearest:
        raise InputError(
            f"noise toward the {nearest} most similar classes was asked of {len(names)} classes; "
            f"give at least {nearest + 1}, or a smaller number"
        )
    random = np.random.default_rng(seed)
    chosen = _choose(labels, share, len(names), random)
    means = np.stack([rows[numbers == number].mean(axis=0) for number in range(len(names))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    alike = means @ means.T
    np.fill_diagonal(alike, -np.inf)
    closest = np.argsort(-alike, axis=1, kind="stable")[:, :nearest]
    noisy = labels.copy()
    noisy[chosen] = names[closest[numbers[chosen], random.integers(0, nearest, len(chosen))]]
    return noisy


def seed_rule(in_sample: Floats) -> npt.NDArray[np.float64]:
    """Return the suspicion of each work by the simple rule that others are measured against.

    A work whose own label has a softmax below 0.4 *by a model that was trained on it* is an
    outlier, the lowest first; all others are equally unsuspected.

    Args:
        in_sample: (n,), the softmax of each work's label.
    """
    return np.where(in_sample < SEED_RULE_LIMIT, 1.0 - in_sample, 0.0).astype(np.float64)


def average_precision(wrong: npt.NDArray[np.bool_], suspicion: Floats) -> float:
    """Return the area under precision over recall, works of equal suspicion taken together.

    Raises:
        InputError: no label is wrong, so there is nothing to find.
    """
    if not wrong.any():
        raise InputError(
            f"none of {len(wrong)} labels is wrong, so no ranking can find one; use more noise"
        )
    found, seen = _steps(wrong, suspicion)
    recall = found / wrong.sum()
    return float((np.diff(recall, prepend=0.0) * found / seen).sum())


def precision_at(wrong: npt.NDArray[np.bool_], suspicion: Floats, k: int) -> float:
    """Return the share of wrong labels among the ``k`` most suspected works.

    Where equally suspected works lie across the cut, it is the mean over all their orders.

    Raises:
        InputError: ``k`` is not between 1 and the number of works.
    """
    if not 1 <= k <= len(wrong):
        raise InputError(f"the first {k} of {len(wrong)} works were asked for; give 1 or more, "
                         "and no more than there are")  # fmt: skip
    found, seen = _steps(wrong, suspicion)
    at = int(np.searchsorted(seen, k))
    before_found, before_seen = (found[at - 1], seen[at - 1]) if at else (0, 0)
    part = (k - before_seen) / (seen[at] - before_seen)
    return float((before_found + part * (found[at] - before_found)) / k)


def _choose(labels: Ints, share: float, classes: int, random: np.random.Generator) -> Ints:
    if not 0 <= share <= 1 or classes < 2:
        raise InputError(
            f"noise of {share:g} among {classes} classes was asked for; give a share of 0 to 1 and "
            "at least 2 classes"
        )
    return random.choice(len(labels), round(share * len(labels)), replace=False)


def _steps(wrong: npt.NDArray[np.bool_], suspicion: Floats) -> tuple[Ints, Ints]:
    """Return wrong labels found and works seen after each step down to a lower suspicion."""
    order = np.argsort(-suspicion, kind="stable")
    last = np.append(np.diff(suspicion[order]) != 0, True)
    return np.cumsum(wrong[order])[last], np.flatnonzero(last) + 1
