"""Injected label errors, and how well a ranking finds them.

Which labels of a real dataset are wrong is unknown. So a random share of them is changed and
searched for; errors that were there before count as correct labels, which makes every figure a
little too low, for all rankings equally.
"""

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.metrics import Floats, Ints

SEED_RULE_LIMIT = 0.4
"""Softmax of the label below which the simple rule reports an outlier."""


def symmetric_noise(labels: Ints, share: float, classes: int, *, seed: int) -> Ints:
    """Return labels (n,) of which a share was changed to a random other class.

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
    """Return labels of which a share was changed to one of the most similar classes.

    Classes are compared by the cosine of their mean ``rows`` (n, D): a cataloguer is more likely to
    mistake Impressionism for Post-Impressionism than for Ukiyo-e.

    Raises:
        InputError: the share is not between 0 and 1, or there are ``nearest`` classes or fewer.
    """
    names, numbers = np.unique(labels, return_inverse=True)
    if len(names) <= nearest:
        raise InputError(
            f"noise toward the {nearest} most similar classes needs at least {nearest + 1} "
            f"classes, and there are {len(names)}; give more, or a smaller number"
        )
    random = np.random.default_rng(seed)
    chosen = _choose(labels, share, len(names), random)
    means = np.stack([rows[numbers == number].mean(axis=0) for number in range(len(names))])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    similarity = means @ means.T
    np.fill_diagonal(similarity, -np.inf)
    closest = np.argsort(-similarity, axis=1, kind="stable")[:, :nearest]
    noisy = labels.copy()
    noisy[chosen] = names[closest[numbers[chosen], random.integers(0, nearest, len(chosen))]]
    return noisy


def seed_rule(in_sample: Floats) -> npt.NDArray[np.float64]:
    """Return the suspicion of each sample by a simple rule, to compare other rankings with.

    A sample whose label has a softmax below 0.4 *by a model that was trained on it* is an outlier,
    the lowest first; all others have the suspicion 0.

    Args:
        in_sample: (n,), the softmax of each sample's label.
    """
    return np.where(in_sample < SEED_RULE_LIMIT, 1.0 - in_sample, 0.0).astype(np.float64)


def average_precision(wrong: npt.NDArray[np.bool_], suspicion: Floats) -> float:
    """Return the average precision of a ranking; samples of equal suspicion are one step.

    Raises:
        InputError: no label is wrong.
    """
    from sklearn.metrics import average_precision_score

    if not wrong.any():
        raise InputError(
            f"none of {len(wrong)} labels is wrong, so no ranking can find one; use more noise"
        )
    return float(average_precision_score(wrong, suspicion))


def precision_at(wrong: npt.NDArray[np.bool_], suspicion: Floats, k: int) -> float:
    """Return the share of wrong labels among the ``k`` most suspicious samples.

    Where samples of equal suspicion lie across the cut, it is the mean over all their orders.

    Raises:
        InputError: ``k`` is not between 1 and the number of samples.
    """
    if not 1 <= k <= len(wrong):
        raise InputError(f"precision at {k} of {len(wrong)} samples is not possible; give 1 to "
                         f"{len(wrong)}")  # fmt: skip
    order = np.argsort(-suspicion, kind="stable")
    last = np.append(np.diff(suspicion[order]) != 0, True)  # of each group of equal suspicion
    found, ranked = np.cumsum(wrong[order])[last], np.flatnonzero(last) + 1
    at = int(np.searchsorted(ranked, k))
    before_found, before_ranked = (found[at - 1], ranked[at - 1]) if at else (0, 0)
    part = (k - before_ranked) / (ranked[at] - before_ranked)
    return float((before_found + part * (found[at] - before_found)) / k)


def _choose(labels: Ints, share: float, classes: int, random: np.random.Generator) -> Ints:
    if not 0 <= share <= 1 or classes < 2:
        raise InputError(
            f"noise of {share:g} among {classes} classes is not possible; give a share of 0 to 1 "
            "and at least 2 classes"
        )
    return random.choice(len(labels), round(share * len(labels)), replace=False)
