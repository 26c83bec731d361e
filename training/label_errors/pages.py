"""The ranking of suspicious labels, as a table for a program and a page for a curator.

``outliers.csv`` has one row a label, the most suspicious of each attribute first:

==================  ============================================================================
rank                1 is the most suspicious, by attribute
attribute, id       which label of which work
image               where the picture was read
artist              as the catalog says
label               what the catalog says
suggestion          the class that classifier and neighbours together favour; may be the label
quality             0 (surely wrong) to 1: what both together leave for the label
suggestion_weight   what they give the suggestion
counted_wrong       1 where confident learning counts the label as an error, else 0; with a
                    classifier that is right half of the time most of these are no errors
predicted           the classifier's prediction, made without the work
confidence          its probability
label_probability   the classifier's probability of the label
neighbours_agree    share of the nearest works that have the label
like_label          ids of the nearest works that have the label, separated by spaces
like_suggestion     ids of the nearest works that have the suggested class
==================  ============================================================================

Ids with a space in them are quoted as in a shell.
"""

import csv
import io
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract import __version__
from artextract.errors import InputError
from artextract.files import atomic_write
from training.evaluation.baseline import choose_strength, out_of_fold
from training.evaluation.embeddings import Embeddings
from training.evaluation.metrics import Ints
from training.evaluation.predictions import Predictions, Run
from training.evaluation.report import environment, picture_uri
from training.label_errors.ranking import (
    NEIGHBOURS,
    Suspects,
    find_neighbours,
    find_suspects,
    nearest_of_class,
)

__all__ = ["COLUMNS", "Outliers", "load_out_of_fold", "save_outliers"]

COLUMNS = (
    "rank", "attribute", "id", "image", "artist", "label", "suggestion", "quality",
    "suggestion_weight", "counted_wrong", "predicted", "confidence", "label_probability",
    "neighbours_agree", "like_label", "like_suggestion",
)  # fmt: skip

_LEAST_WORKS = 10
_ALIKE = 3  # works of each class that are shown and named beside a suspect
_SIDE, _SMALL = 300, 132  # longest sides of pictures on the page, in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Outliers:
    """The suspects of one attribute, and the works that they resemble.

    ``like_label`` and ``like_suggestion`` (n, 3) have the rows of the most alike works of the
    label's class and of the suggested one, -1 where there is none or the suggestion is the label.
    """

    attribute: str
    names: tuple[str, ...]
    ids: list[str]
    labels: Ints
    suspects: Suspects
    like_label: Ints
    like_suggestion: Ints
    classifier: str


def save_outliers(
    run: Run,
    folder: Path,
    *,
    attributes: Sequence[str] = (),
    embeddings: Embeddings | None = None,
    top: int = 40,
    seed: int = 0,
) -> list[Outliers]:
    """Rank all labels of a run, and write ``outliers.csv`` and ``outliers.html``.

    Args:
        run: The run.
        folder: Where to write.
        attributes: Which labels; none given means all.
        embeddings: Of the works, by a model that did not see the labels. Given, a logistic
            regression on them is the classifier; else it is the network in ``predictions/oof.npz``,
            whose ``embedding`` finds the neighbours.
        top: Most works of an attribute on the page.
        seed: Of the folds of the logistic regression.

    Raises:
        InputError: an attribute is unknown or has too few labels, there are no predictions out of
            fold, or a file can't be written.
    """
    for name in attributes:
        if name not in run.classes.names:
            raise InputError(
                f"the run knows no attribute {name!r}; it has {', '.join(run.classes.names)}"
            )
    chosen = attributes or tuple(run.classes.names)
    if embeddings is None:
        found = [_by_network(run, load_out_of_fold(run), name) for name in chosen]
    else:
        found = [_by_logistic(run, embeddings, name, seed) for name in chosen]
    table = _table(run, found)
    page = environment().get_template("outliers.html").render(
        name=run.folder.resolve().name,
        sections=[_section(run, one, top) for one in found],
        neighbours=NEIGHBOURS,
        eyes=f"features of {embeddings.model}" if embeddings else "features of its backbone",
        version=__version__,
    )  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / "outliers.csv", table)
        atomic_write(folder / "outliers.html", page)
    except OSError as error:
        raise InputError(
            f"the outliers can't be written to {folder} ({error.strerror or error}); give another "
            "folder with --out"
        ) from error
    return found


def load_out_of_fold(run: Run) -> Predictions:
    """Return ``predictions/oof.npz``.

    Raises:
        InputError: it is missing, or can't be used.
    """
    path = run.predictions_file("oof")
    if not path.is_file():
        raise InputError(
            f"{run.folder} has no predictions out of fold ({path.name}), and who has learnt a "
            "label can't doubt it; train with --folds 5, or use --logistic, which makes its own"
        )
    predictions = run.load_predictions("oof")
    if predictions.embedding is None:
        raise InputError(
            f"{path} has no embedding to find neighbours by; write it again, or use --logistic"
        )
    return predictions


def _by_network(run: Run, said: Predictions, attribute: str) -> Outliers:
    """Return the suspects by the network's predictions out of fold."""
    if attribute not in said.logits or said.embedding is None:
        raise InputError(
            f"{run.predictions_file('oof')} says nothing of {attribute}; write it again, or use "
            "--logistic"
        )
    known = said.labels[attribute] >= 0
    labels = said.labels[attribute][known]
    ids = [id_ for id_, kept in zip(said.ids, known, strict=True) if kept]
    names = run.classes.names[attribute]
    _check_enough(attribute, labels, len(names))
    return _suspects(
        attribute, names, ids, labels, said.embedding[known], said.logits[attribute][known],
        "the network",
    )  # fmt: skip


def _by_logistic(run: Run, embeddings: Embeddings, attribute: str, seed: int) -> Outliers:
    """Return the suspects by a logistic regression on ``embeddings``, out of fold."""
    names = run.classes.names[attribute]
    column = run.classes.attributes.index(attribute)
    every = run.classes.encode([run.works[id_] for id_ in embeddings.ids])[:, column]
    known = every >= 0
    labels, rows = every[known], embeddings.rows[known]
    ids = [id_ for id_, kept in zip(embeddings.ids, known, strict=True) if kept]
    _check_enough(attribute, labels, len(names))
    strength = choose_strength(rows, labels, seed=seed)
    logits = out_of_fold(rows, labels, len(names), strength, seed=seed)
    return _suspects(attribute, names, ids, labels, rows, logits, "a logistic regression")


def _check_enough(attribute: str, labels: Ints, classes: int) -> None:
    found = len(np.unique(labels))
    if found < 2 or len(labels) < max(classes, _LEAST_WORKS):
        raise InputError(
            f"{len(labels)} works have a known label of {attribute}, of {found} classes; at least "
            f"{max(classes, _LEAST_WORKS)} works and 2 classes are needed: leave the attribute out "
            "with --attribute"
        )


def _suspects(
    attribute: str,
    names: Sequence[str],
    ids: list[str],
    labels: Ints,
    rows: npt.NDArray[np.float32],
    logits: npt.NDArray[np.float32],
    classifier: str,
) -> Outliers:
    suspects = find_suspects(logits, labels, find_neighbours(rows), names)
    other = np.where(suspects.suggestion == labels, -1, suspects.suggestion)
    return Outliers(
        attribute=attribute,
        names=tuple(names),
        ids=ids,
        labels=labels,
        suspects=suspects,
        like_label=nearest_of_class(rows, labels, labels, _ALIKE),
        like_suggestion=nearest_of_class(rows, labels, other, _ALIKE),
        classifier=classifier,
    )


def _table(run: Run, found: list[Outliers]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        suspects = one.suspects
        for rank, row in enumerate(suspects.ranking(), start=1):
            work = run.works[one.ids[row]]
            writer.writerow(
                [
                    rank,
                    one.attribute,
                    work.id,
                    work.image,
                    work.artist or "",
                    one.names[one.labels[row]],
                    one.names[suspects.suggestion[row]],
                    f"{suspects.quality[row]:.6f}",
                    f"{suspects.suggested[row]:.6f}",
                    int(suspects.counted[row]),
                    one.names[suspects.predicted[row]],
                    f"{suspects.confidence[row]:.6f}",
                    f"{suspects.own[row]:.6f}",
                    f"{suspects.agreement[row]:.4f}",
                    shlex.join(one.ids[each] for each in one.like_label[row] if each >= 0),
                    shlex.join(one.ids[each] for each in one.like_suggestion[row] if each >= 0),
                ]
            )
    return buffer.getvalue()


def _section(run: Run, one: Outliers, top: int) -> dict[str, Any]:
    """Return what the template needs of one attribute."""
    suspects = one.suspects
    doubted = [
        int(row) for row in suspects.ranking() if suspects.suggestion[row] != one.labels[row]
    ]
    return {
        "attribute": one.attribute,
        "classifier": one.classifier,
        "n": len(one.ids),
        "doubted": len(doubted),
        "counted": int(suspects.counted.sum()),
        "cards": [_card(run, one, row, rank) for rank, row in enumerate(doubted[:top], start=1)],
    }


def _card(run: Run, one: Outliers, row: int, rank: int) -> dict[str, Any]:
    suspects = one.suspects
    own, others = one.like_label[row], one.like_suggestion[row]
    label, suggestion = one.names[one.labels[row]], one.names[suspects.suggestion[row]]
    return {
        "rank": rank,
        **_work(run, one, row, _SIDE),
        "label": label,
        "suggestion": suggestion,
        "quality": float(suspects.quality[row]),
        "suggested": float(suspects.suggested[row]),
        "predicted": one.names[suspects.predicted[row]],
        "confidence": float(suspects.confidence[row]),
        "own": float(suspects.own[row]),
        "agreement": float(suspects.agreement[row]),
        "counted": bool(suspects.counted[row]),
        "alike": [
            (label, [_work(run, one, each, _SMALL) for each in own if each >= 0]),
            (suggestion, [_work(run, one, each, _SMALL) for each in others if each >= 0]),
        ],
    }


def _work(run: Run, one: Outliers, row: int, side: int) -> dict[str, Any]:
    work = run.works[one.ids[row]]
    return {
        "id": work.id,
        "title": Path(work.id).name,
        "artist": work.artist,
        "picture": picture_uri(work.image, side),
    }
