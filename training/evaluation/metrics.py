"""Classification metrics that distinguish a score of zero from one that can't be computed.

Samples of an unknown label (-1) are left out. A class that is *never predicted* has no precision,
and a class without a sample in the split can't be evaluated, so it is in no average: scikit-learn
would give such classes a zero or leave them out of the result.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]

TOP = 5
"""The k of top-k accuracy."""

NEVER_PREDICTED = "never predicted"
NO_SAMPLE = "no sample to evaluate"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassScore:
    """One class; None is a quotient by zero.

    A class with samples (``works``) that is never predicted has an F1 of 0 and no precision. A
    class without samples has neither recall nor F1, whatever was predicted. ``note`` is
    NEVER_PREDICTED, NO_SAMPLE or empty.
    """

    name: str
    works: int
    predicted: int
    correct: int
    precision: float | None
    recall: float | None
    f1: float | None
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of one attribute on the samples whose label is known.

    ``macro_f1`` is the mean F1 of the classes that have samples, ``macro_recall`` their mean recall
    (balanced accuracy), ``weighted_f1`` the mean F1 weighted by samples. ``top5`` is None for five
    classes or fewer. ``confusion`` counts samples by [label, prediction].
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
        values = asdict(self)
        return values | {"classes": [*values["classes"]], "confusion": self.confusion.tolist()}


def score(logits: Floats, labels: Ints, names: list[str]) -> Scores:
    """Return the scores of one attribute.

    Args:
        logits: (n, C), any scores; the highest is the prediction, of equal ones the first.
        labels: (n,), class indices, -1 where unknown.
        names: The C classes' names.

    Raises:
        InputError: shapes disagree, a logit is not finite, or no label is known.
    """
    logits, labels = known(logits, labels, len(names))
    table = confusion(logits.argmax(axis=1), labels, len(names))
    samples, predicted, correct = table.sum(axis=1), table.sum(axis=0), table.diagonal()
    f1 = class_f1(samples, predicted, correct)
    present = samples > 0
    rows = tuple(
        ClassScore(
            name=name,
            works=int(samples[c]),
            predicted=int(predicted[c]),
            correct=int(correct[c]),
            precision=float(correct[c] / predicted[c]) if predicted[c] else None,
            recall=float(correct[c] / samples[c]) if samples[c] else None,
            f1=float(f1[c]) if samples[c] else None,
            note=NO_SAMPLE if not samples[c] else "" if predicted[c] else NEVER_PREDICTED,
        )
        for c, name in enumerate(names)
    )
    return Scores(
        n=len(labels),
        classes=rows,
        accuracy=float(correct.sum() / len(labels)),
        top5=float((ranks(logits, labels) < TOP).mean()) if len(names) > TOP else None,
        macro_f1=float(f1[present].mean()),
        macro_recall=float((correct[present] / samples[present]).mean()),
        weighted_f1=float(np.average(f1[present], weights=samples[present])),
        confusion=table,
    )


def known(logits: Floats, labels: Ints, classes: int) -> tuple[Floats, Ints]:
    """Return the rows whose label is known.

    Raises:
        InputError: shapes disagree, a label is out of range, a logit is not finite, or no label is
            known.
    """
    logits, labels = np.asarray(logits), np.asarray(labels, np.int64)
    if logits.shape != (len(labels), classes) or labels.ndim != 1:
        raise InputError(
            f"predictions have shape {logits.shape} and labels {labels.shape}; expected "
            f"({len(labels)}, {classes}) and ({len(labels)},), one row a sample and one column a "
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
            f"none of {len(labels)} samples has a known label, so there is nothing to evaluate; "
            "add labels to the split, or leave the attribute out"
        )
    broken = int((~np.isfinite(logits).all(axis=1)).sum())
    if broken:
        raise InputError(
            f"the predictions of {broken} of {len(labels)} samples are not finite numbers; the "
            "training diverged: lower its learning rate and train again"
        )
    return logits[rows], labels[rows]


def confusion(predictions: Ints, labels: Ints, classes: int) -> Ints:
    """Return how many samples of label i (row) were predicted as j (column), (C, C)."""
    table = np.zeros((classes, classes), np.int64)
    np.add.at(table, (labels, predictions), 1)
    return table


def class_f1(
    samples: npt.NDArray[Any], predicted: npt.NDArray[Any], correct: npt.NDArray[Any]
) -> npt.NDArray[np.float64]:
    """Return 2 TP / (samples + predicted) of each class; NaN where it has no samples."""
    total = (samples + predicted).astype(np.float64)
    f1 = np.divide(2.0 * correct, total, out=np.zeros_like(total), where=total > 0)
    return np.where(samples > 0, f1, np.nan)


def ranks(logits: Floats, labels: Ints) -> Ints:
    """Return the rank of each sample's label from 0, (n,); equal logits rank by class."""
    own = np.take_along_axis(logits, labels[:, None], axis=1)
    earlier = np.arange(logits.shape[1]) < labels[:, None]
    ahead = (logits > own) | ((logits == own) & earlier)
    found: Ints = ahead.sum(axis=1)
    return found


def confused_pairs(table: Ints, names: list[str], most: int = 8) -> list[tuple[str, str, int, int]]:
    """Return the most frequent mistakes as (label, predicted, times, samples of the label)."""
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
    """Return the probabilities of logits (n, C) divided by ``temperature``, in float64."""
    from scipy.special import softmax as scipy_softmax

    found = scipy_softmax(np.asarray(logits, np.float64) / temperature, axis=1)
    return np.asarray(found, np.float64)
