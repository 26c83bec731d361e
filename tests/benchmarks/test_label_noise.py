"""Injected noise, and measures of a ranking against scikit-learn and plain loops."""

import itertools

import numpy as np
import pytest
from runs import blobs
from sklearn.metrics import average_precision_score

from artextract.errors import InputError
from benchmarks.label_noise import (
    average_precision,
    precision_at,
    seed_rule,
    symmetric_noise,
    toward_similar_noise,
)


def test_symmetric_noise_changes_just_as_many_to_any_other_class() -> None:
    labels = np.random.default_rng(0).integers(0, 5, 2000)
    noisy = symmetric_noise(labels, 0.1, 5, seed=3)
    changed = noisy != labels
    assert changed.sum() == 200
    steps = np.bincount((noisy - labels)[changed] % 5, minlength=5)
    assert steps[0] == 0
    assert steps[1:].min() > 30
    assert (symmetric_noise(labels, 0.1, 5, seed=3) == noisy).all()
    assert (symmetric_noise(labels, 0.1, 5, seed=4) != noisy).any()
    assert (symmetric_noise(labels, 0, 5, seed=3) == labels).all()


def test_noise_toward_similar_classes_goes_to_the_nearest_means() -> None:
    labels = np.random.default_rng(0).integers(0, 6, 600)
    labels[labels == 4] = 7  # numbers need not be without gaps
    rows = blobs(labels, seed=2)
    noisy = toward_similar_noise(labels, 0.2, rows, seed=1, nearest=2)
    changed = noisy != labels
    assert changed.sum() == 120
    means = {c: rows[labels == c].mean(axis=0) for c in set(labels.tolist())}
    for old, new in zip(labels[changed], noisy[changed], strict=True):
        similarity = {
            c: means[old] @ mean / np.linalg.norm(means[old]) / np.linalg.norm(mean)
            for c, mean in means.items()
            if c != old
        }
        assert new in sorted(similarity, key=lambda c: -similarity[c])[:2]


@pytest.mark.parametrize("seed", range(5))
def test_average_precision_of_scikit_learn(seed: int) -> None:
    random = np.random.default_rng(seed)
    wrong = random.random(60) < 0.2
    wrong[0] = True
    for suspicion in (random.random(60), random.integers(0, 4, 60) / 3):
        assert average_precision(wrong, suspicion) == pytest.approx(
            average_precision_score(wrong, suspicion)
        )


def test_precision_at_k_is_the_mean_over_orders_of_equals() -> None:
    wrong = np.array([True, False, True, False, False])
    suspicion = np.array([0.9, 0.5, 0.5, 0.5, 0.1])
    for k in range(1, 6):
        found = []
        for order in itertools.permutations(range(5)):
            ranked = sorted(order, key=lambda row: -suspicion[row])
            found.append(sum(wrong[row] for row in ranked[:k]) / k)
        assert precision_at(wrong, suspicion, k) == pytest.approx(sum(found) / len(found))


def test_the_simple_rule() -> None:
    suspicion = seed_rule(np.array([0.1, 0.39, 0.4, 0.9]))
    assert suspicion.tolist() == pytest.approx([0.9, 0.61, 0, 0])


def test_what_can_not_be_asked() -> None:
    labels = np.array([0, 1, 0, 1])
    with pytest.raises(InputError, match=r"noise of 1\.5 among 2 classes"):
        symmetric_noise(labels, 1.5, 2, seed=0)
    with pytest.raises(InputError, match=r"noise of 0\.5 among 1 classes"):
        symmetric_noise(np.zeros(4, np.int64), 0.5, 1, seed=0)
    with pytest.raises(InputError, match="needs at least 4 classes, and there are 2"):
        toward_similar_noise(labels, 0.5, blobs(labels), seed=0)
    with pytest.raises(InputError, match="none of 4 labels is wrong"):
        average_precision(np.zeros(4, bool), np.zeros(4))
    with pytest.raises(InputError, match="precision at 5 of 4"):
        precision_at(labels > 0, np.zeros(4), 5)
