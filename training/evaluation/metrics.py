"""How good a classifier is: what is counted, and what is said where there is nothing to count.

Everything follows from three counts a class: its works, those predicted as it, and those that are
both. Unknown labels (-1) are left out before anything is counted. Two cases that a zero would hide
are named: a class that is *never predicted* has no precision, and a class without a work in the
split has *no work to judge by*, so it is in no average.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError

__all__ = [
    "NEVER_PREDICTED",
    "NO_WORK",
    "TOP",
    "ClassScore",
    "Scores",
    "class_f1",
    "confused_pairs",
    "confusion",
    "known",
    "ranks",
    "score",
    "softmax",
]

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

TOP = 5
"""The k of top-k accuracy."""

NEVER_PREDICTED = "never predicted"
NO_WORK = "no work to judge by"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class: counts, and what follows from them; None is a quotient by zero.

    A class with works that is never predicted has an F1 of 0 (2 TP / (2 TP + FP + FN)) and no
    precision. A class without works has neither recall nor F1, whatever was predicted.
    """

    name: str
    works: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float | None

    @property
    def note(self) -> str:
        """What the numbers alone do not say; empty where they say it all."""
        if not self.works:
            return NO_WORK
        return "" if self.predicted else NEVER_PREDICTED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """One attribute judged on the works whose label is known.

    ``macro_f1`` is the mean F1 of the classes that have a work to judge by, ``macro_recall`` their
    mean recall (balanced accuracy), ``weighted_f1`` the mean F1 weighted by works. ``top5`` is None
    with five classes or fewer, where it can't be missed. ``confusion`` counts works by
    [label, prediction].
    """

    n: int
    classes: tuple[ClassScore, ...]
    accuracy: float
    top5: float | None
    macro_f1: float
    macro_recall: float
    weighted_f1: float
    confusion: Ints

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain JSON values."""
        return {
            "n": self.n,
            "accuracy": self.accuracy,
            "top5": self.top5,
            "macro_f1": self.macro_f1,
            "macro_recall": self.macro_recall,
            "weighted_f1": self.weighted_f1,
            "classes": [
                {
                    "name": row.name,
                    "works": row.works,
                    "predicted": row.predicted,
                    "correct": row.correct,
                    "precision": row.precision,
                    "recall": row.recall,
                    "f1": row.f1,
                    "note": row.note,
                }
                for row in self.classes
            ],
            "confusion": self.confusion.tolist(),
        }


def score(logits: Floats, labels: Ints, names: list[str]) -> Scores:
    """Judge one attribute.

    Args:
        logits: (n, C), any scores of which the highest is the prediction; equal ones: the first.
        labels: (n,), the class's number, -1 where it is unknown.
        names: The C classes' names.

    Raises:
        InputError: shapes disagree, a logit is not finite, or no label is known.
    """
    logits, labels = known(logits, labels, len(names))
    table = confusion(logits.argmax(axis=1), labels, len(names))
    works, predicted, correct = table.sum(axis=1), table.sum(axis=0), table.diagonal()
    f1 = class_f1(works, predicted, correct)
    judged = works > 0
    recall = correct[judged] / works[judged]
    rows = tuple(
        ClassScore(
            name=name,
            works=int(works[c]),
            predicted=int(predicted[c]),
            correct=int(correct[c]),
            precision=_ratio(correct[c], predicted[c]),
            recall=_ratio(correct[c], works[c]),
            f1=float(f1[c]) if works[c] else None,
        )
        for c, name in enumerate(names)
    )
    return Scores(
        n=len(labels),
        classes=rows,
        accuracy=float(correct.sum() / len(labels)),
        top5=float((ranks(logits, labels) < TOP).mean()) if len(names) > TOP else None,
        macro_f1=float(f1[judged].mean()),
        macro_recall=float(recall.mean()),
        weighted_f1=float(np.average(f1[judged], weights=works[judged])),
        confusion=table,
    )


def known(logits: Floats, labels: Ints, classes: int) -> tuple[Floats, Ints]:
    """Return the rows whose label is known, after a look at shapes and values.

    Raises:
        InputError: shapes disagree, a label is out of range, a logit is not finite, or no label is
            known.
    """
    logits, labels = np.asarray(logits), np.asarray(labels, np.int64)
    if logits.shape != (len(labels), classes) or labels.ndim != 1:
        raise InputError(
            f"predictions have shape {logits.shape} and labels {labels.shape}; expected "
            f"({len(labels)}, {classes}) and ({len(labels)},), one row a work and one column a "
            "class: write the predictions again with the classes of this training"
        )
    if len(labels) and not -1 <= labels.min() <= labels.max() < classes:
        raise InputError(
            f"labels run from {labels.min()} to {labels.max()}; with {classes} classes they must "
            f"be -1 (unknown) to {classes - 1}: write the predictions again"
        )
    rows = labels >= 0
    if not rows.any():
        raise InputError(
            f"none of {len(labels)} works has a known label, so there is nothing to judge by; "
            "give labels for the split, or leave the attribute out"
        )
    broken = int((~np.isfinite(logits).all(axis=1)).sum())
    if broken:
        raise InputError(
            f"the predictions of {broken} of {len(labels)} works are not finite numbers; the "
            "training went astray: lower its learning rate and train again"
        )
    return logits[rows], labels[rows]


def confusion(predictions: Ints, labels: Ints, classes: int) -> Ints:
    """Return how many works of label i (row) were predicted as j (column), (C, C)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (labels, predictions), 1)
    return table


def class_f1(
    works: npt.NDArray[Any], predicted: npt.NDArray[Any], correct: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Return 2 TP / (works + predicted) of each class; NaN where it has no works."""
    total = (works + predicted).astype(np.float64)
    f1 = np.divide(2.0 * correct, total, out=np.zeros_like(total), where=total > 0)
    return np.where(works > 0, f1, np.nan)


def ranks(logits: Floats, labels: Ints) -> Ints:
    """Return how many classes each work's own label comes after; of equal ones the first leads."""
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    ahead = (logits > own) | ((logits == own) & earlier)
    found: Ints = ahead.sum(axis=1)
    return found


def confused_pairs(table: Ints, names: list[str], most: int = 8) -> list[tuple[str, str, int, int]]:
    """Return the commonest mistakes as (label, predicted as, times, works of the label)."""
    wrong = table.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:most]
    rows, columns = np.unravel_index(order, wrong.shape)
    return [
        (names[row], names[column], int(wrong[row, column]), int(table[row].sum()))
        for row, column in zip(rows, columns, strict=True)
        if wrong[row, column]
    ]


def softmax(logits: Floats, temperature: float = 1.0) -> npt.NDArray[np.float64]:
    """Return the probabilities of logits (n, C) divided by ``temperature``."""
    scaled = np.asarray(logits, np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    np.exp(scaled, out=scaled)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return scaled


def _ratio(part: Any, whole: Any) -> float | None:
    return float(part / whole) if whole else None
