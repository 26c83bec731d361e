"""Metrics against scikit-learn and against plain counts."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from training.metrics import NEVER_PREDICTED, NO_WORK, score

NAMES = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("seed", range(6))
def test_against_scikit_learn_and_plain_counts(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(-1, 6, 80)  # no work of the last class; -1 is unknown
    logits = random.normal(size=(80, 7))
    logits[:, 2] = -9.0  # never predicted
    found = score(logits, labels, NAMES)
    known = labels >= 0
    said, true = logits[known].argmax(axis=1), labels[known]
    present = sorted(set(true.tolist()))
    assert found.n == known.sum()
    assert found.accuracy == pytest.approx(sum(said == true) / len(true))
    precision, recall, f1, support = precision_recall_fscore_support(
        true, said, labels=range(7), zero_division=0
    )
    for number, each in enumerate(found.classes):
        assert each.works == support[number] == sum(t == number for t in true)
        assert each.predicted == sum(s == number for s in said)
        assert each.correct == sum(
            s == t == number for s, t in zip(said, true, strict=True)
        )  # fmt: skip
        if each.works and each.predicted:
            assert each.precision == pytest.approx(precision[number])
            assert each.recall == pytest.approx(recall[number])
            assert each.f1 == pytest.approx(f1[number])
    assert found.macro_f1 == pytest.approx(
        f1_score(true, said, labels=present, average="macro", zero_division=0)
    )
    assert found.weighted_f1 == pytest.approx(
        f1_score(true, said, labels=present, average="weighted", zero_division=0)
    )
    in_five = sum(t in np.argsort(-row)[:5] for t, row in zip(true, logits[known], strict=True))
    assert found.top5 == pytest.approx(in_five / len(true))


def test_what_a_zero_would_hide_is_named() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [1.0, 0.5, -1.0], [3.0, 1.0, 0.0]])
    first, second, third = score(logits, np.array([0, 1, 0]), ["x", "y", "z"]).classes
    assert first.note == ""
    assert (second.note, second.f1, second.precision) == (NEVER_PREDICTED, 0.0, None)
    assert (third.note, third.f1, third.recall) == (NO_WORK, None, None)
