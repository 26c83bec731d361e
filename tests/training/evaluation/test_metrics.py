"""Metrics against scikit-learn and against plain counts."""

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support

from artextract.errors import InputError
from training.evaluation.metrics import (
    NEVER_PREDICTED,
    NO_SAMPLE,
    confused_pairs,
    confusion,
    ranks,
    score,
    softmax,
)

NAMES = ["a", "b", "c", "d", "e", "f", "g"]


@pytest.mark.parametrize("seed", range(6))
def test_scores_equal_scikit_learns(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = random.integers(-1, 6, 80)  # no sample of the last class; -1 is unknown
    logits = random.normal(size=(80, 7))
    logits[:, 2] = -9.0  # never predicted
    found = score(logits, labels, NAMES)
    known = labels >= 0
    predictions, true = logits[known].argmax(axis=1), labels[known]
    present = sorted(set(true.tolist()))
    assert found.n == known.sum()
    assert found.accuracy == pytest.approx(sum(predictions == true) / len(true))
    precision, recall, f1, support = precision_recall_fscore_support(
        true, predictions, labels=range(7), zero_division=0
    )
    for number, each in enumerate(found.classes):
        assert each.works == support[number] == sum(t == number for t in true)
        assert each.predicted == sum(s == number for s in predictions)
        assert each.correct == sum(
            s == t == number for s, t in zip(predictions, true, strict=True)
        )  # fmt: skip
        if each.works and each.predicted:
            assert each.precision == pytest.approx(precision[number])
            assert each.recall == pytest.approx(recall[number])
            assert each.f1 == pytest.approx(f1[number])
    assert found.macro_f1 == pytest.approx(
        f1_score(true, predictions, labels=present, average="macro", zero_division=0)
    )
    assert found.weighted_f1 == pytest.approx(
        f1_score(true, predictions, labels=present, average="weighted", zero_division=0)
    )
    in_five = sum(t in np.argsort(-row)[:5] for t, row in zip(true, logits[known], strict=True))
    assert found.top5 == pytest.approx(in_five / len(true))


def test_classes_without_samples_or_predictions_are_noted() -> None:
    logits = np.array([[2.0, 0.0, -1.0], [1.0, 0.5, -1.0], [3.0, 1.0, 0.0]])
    first, second, third = score(logits, np.array([0, 1, 0]), ["x", "y", "z"]).classes
    assert first.note == ""
    assert (second.note, second.f1, second.precision) == (NEVER_PREDICTED, 0.0, None)
    assert (third.note, third.f1, third.recall) == (NO_SAMPLE, None, None)


def test_ties_are_broken_by_class_order() -> None:
    logits = np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
    assert ranks(logits, np.array([1, 2])).tolist() == [1, 2]
    assert score(logits, np.array([0, 0]), ["x", "y", "z"]).accuracy == 1


def test_top_five_is_none_for_five_classes() -> None:
    assert score(np.eye(5), np.arange(5), list("abcde")).top5 is None
    assert score(np.eye(6), np.arange(6), list("abcdef")).top5 == 1


def test_confusion_matrix_and_most_frequent_mistakes() -> None:
    predictions, true = np.array([0, 1, 1, 2, 2, 2]), np.array([0, 0, 0, 1, 2, 1])
    table = confusion(predictions, true, 3)
    assert table.tolist() == [[1, 2, 0], [0, 0, 2], [0, 0, 1]]
    assert confused_pairs(table, ["x", "y", "z"]) == [("x", "y", 2, 3), ("y", "z", 2, 2)]
    assert confused_pairs(table, ["x", "y", "z"], most=1) == [("x", "y", 2, 3)]
    assert confused_pairs(np.eye(3, dtype=np.int64), ["x", "y", "z"]) == []


def test_softmax_of_large_logits_is_finite() -> None:
    found = softmax(np.array([[1000.0, 999.0], [-1000.0, -1000.0]]), 2.0)
    assert found[0, 0] == pytest.approx(1 / (1 + np.exp(-0.5)))
    assert found[1].tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("logits", "labels", "words"),
    [
        (np.eye(3), np.zeros(2, np.int64), "shape"),
        (np.eye(3)[:, :2], np.zeros(3, np.int64), "shape"),
        (np.eye(3), np.array([0, 1, 3]), "labels run from 0 to 3"),
        (np.eye(3), np.array([0, 1, -2]), "labels run from -2 to 1"),
        (np.eye(3), np.full(3, -1), "none of 3 samples has a known label"),
        (np.full((3, 3), np.nan), np.arange(3), "3 of 3 samples are not finite"),
    ],
)
def test_invalid_predictions_raise(
    logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        score(logits, labels, ["x", "y", "z"])
