"""Intervals against plain resampling, and how often they hold what they should."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import f1_score

from artextract.errors import InputError
from training.evaluation.bootstrap import bootstrap, paired_bootstrap


def make_labels(
    n: int, classes: int, right: float, seed: int
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return logits that are right with the given probability, and labels."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, n)
    predictions = np.where(random.random(n) < right, labels, random.integers(0, classes, n))
    return np.eye(classes)[predictions], labels


def test_intervals_agree_with_plain_resampling() -> None:
    logits, labels = make_labels(120, 4, 0.6, 0)
    labels[:20] = -1
    found = bootstrap(logits, labels, repeats=3000, seed=5)
    predictions, true = logits.argmax(axis=1)[20:], labels[20:]
    random = np.random.default_rng(99)
    macro, right, first = [], [], []
    for _ in range(1500):
        drawn = random.integers(0, 100, 100)
        macro.append(
            f1_score(
                true[drawn], predictions[drawn], labels=np.unique(true[drawn]), average="macro"
            )
        )
        right.append(np.mean(predictions[drawn] == true[drawn]))
        first.append(f1_score(true[drawn] == 0, predictions[drawn] == 0))
    for interval, values in (
        (found.macro_f1, macro),
        (found.accuracy, right),
        (found.class_f1[0], first),
    ):
        assert interval is not None
        low, high = np.percentile(values, [2.5, 97.5])
        assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.02)
    assert (found.n, found.repeats, found.seed) == (100, 3000, 5)


def test_the_same_seed_gives_the_same_interval() -> None:
    logits, labels = make_labels(50, 3, 0.7, 1)
    assert bootstrap(logits, labels, repeats=100) == bootstrap(logits, labels, repeats=100)
    assert bootstrap(logits, labels, repeats=100) != bootstrap(logits, labels, repeats=100, seed=1)


def test_intervals_of_classes_without_samples_and_rare_classes() -> None:
    logits, labels = make_labels(40, 3, 0.9, 2)
    labels[labels == 2] = 0
    labels[0] = 1
    found = bootstrap(logits, labels, repeats=300)
    assert found.class_f1[2] is None
    single = np.zeros(40, np.int64)
    single[0] = 1
    found = bootstrap(np.eye(3)[single], single, repeats=300)
    assert found.macro_f1.low == found.macro_f1.high == 1
    assert found.class_f1[1] is not None


def test_accuracy_interval_covers_the_true_value_95_percent_of_the_time() -> None:
    held = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        predictions = (random.random(150) < 0.7).astype(np.int64)
        interval = bootstrap(np.eye(2)[predictions], np.ones(150, np.int64), repeats=400).accuracy
        held += interval.low <= 0.7 <= interval.high
    assert 0.91 <= held / 300 <= 0.98


def test_difference_uses_paired_draws() -> None:
    logits, labels = make_labels(300, 4, 0.6, 3)
    same = paired_bootstrap(logits, logits, labels, repeats=200)
    assert same.macro_f1 == same.accuracy == same.better == 0
    assert (same.macro_f1_interval.low, same.macro_f1_interval.high) == (0, 0)
    better = logits.copy()
    better[:60] = np.eye(4)[labels[:60]]  # what one finds, the other finds too, and some more
    found = paired_bootstrap(better, logits, labels, repeats=500)
    assert found.accuracy == pytest.approx(
        np.mean(better.argmax(1) == labels) - np.mean(logits.argmax(1) == labels)
    )
    assert found.macro_f1 == pytest.approx(
        f1_score(labels, better.argmax(1), average="macro")
        - f1_score(labels, logits.argmax(1), average="macro")
    )
    assert found.accuracy_interval.low > 0
    assert found.better > 0.99
    alone = [bootstrap(each, labels, repeats=500).accuracy for each in (better, logits)]
    paired = found.accuracy_interval
    assert paired.high - paired.low < max(each.high - each.low for each in alone)
    turned = paired_bootstrap(logits, better, labels, repeats=500)
    assert turned.macro_f1_interval.low == pytest.approx(-found.macro_f1_interval.high)


def test_zero_replicates_raise() -> None:
    logits, labels = make_labels(5, 2, 0.5, 0)
    with pytest.raises(InputError, match="0 replicates"):
        bootstrap(logits, labels, repeats=0)
