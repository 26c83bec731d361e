"""The ranking of suspicious labels, as a table and a page.

``outliers.csv`` has one row for each label, the most suspicious of each attribute first:

==================  ============================================================================
rank                1 is the most suspicious of the attribute
attribute, id       which label of which artwork
image               path of the image
artist              in the catalog
label               in the catalog
suggestion          the most probable class by classifier and neighbours; may be the label
quality             combined probability of the label: 0 (surely wrong) to 1
suggestion_weight   combined probability of the suggestion
counted_wrong       1 where confident learning counts the label as an error, else 0; with a
                    classifier of 50 % accuracy most of these are no errors
predicted           the classifier's prediction, out of fold
confidence          its probability
label_probability   the classifier's probability of the label
neighbours_agree    share of the nearest artworks that have the label
like_label          ids of the nearest artworks that have the label, separated by spaces
like_suggestion     ids of the nearest artworks that have the suggested class
==================  ============================================================================

Ids with a space in them are quoted as in a shell.
"""

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract import __version__
from artextract.errors import InputError
from artextract.files import atomic_write, explain_os_errors
from training.evaluation.baseline import choose_strength, out_of_fold
from training.evaluation.embeddings import Embeddings
from training.evaluation.metrics import Ints
from training.evaluation.predictions import Predictions, Run
from training.evaluation.report import image_uri, page_environment
from training.label_errors.ranking import (
    NEIGHBOURS,
    Suspects,
    find_neighbours,
    find_suspects,
    nearest_of_class,
)

COLUMNS = (
    "rank", "attribute", "id", "image", "artist", "label", "suggestion", "quality",
    "suggestion_weight", "counted_wrong", "predicted", "confidence", "label_probability",
    "neighbours_agree", "like_label", "like_suggestion",
)  # fmt: skip

_MIN_SAMPLES = 10
_EXAMPLES = 3  # nearest artworks of each class that are shown beside a suspect
_SIDE, _SMALL = 300, 132  # longest sides of images on the page, in pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Outliers:
    """The suspects of one attribute, and their nearest samples.

    ``of_label`` and ``of_suggestion`` (n, 3) have the rows of the nearest samples of the label's
    class and of the suggested one, -1 where there is none or the suggestion is the label.
    """

    attribute: str
    names: tuple[str, ...]
    ids: list[str]
    labels: Ints
    suspects: Suspects
    of_label: Ints
    of_suggestion: Ints
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
        attributes: Which labels; none means all.
        embeddings: Of the samples, by a model that was not trained on the labels. If given, a
            logistic regression on them is the classifier; else it is the network in
            ``predictions/oof.npz``, whose ``embedding`` finds the neighbours.
        top: Most suspects of an attribute on the page.
        seed: Random seed of the logistic regression's folds.

    Raises:
        InputError: an attribute is unknown or has too few labels, there are no out-of-fold
            predictions, or a file can't be written.
    """
    for name in attributes:
        if name not in run.classes.names:
            raise InputError(
                f"the run has no attribute {name!r}; it has {', '.join(run.classes.names)}"
            )
    chosen = attributes or tuple(run.classes.names)
    logits: Mapping[str, npt.NDArray[np.float32]] = {}
    if embeddings is None:
        predictions = _load_out_of_fold(run, chosen)
        ids, labels, logits = predictions.ids, predictions.labels, predictions.logits
        rows = predictions.embedding
        assert rows is not None
    else:
        ids, rows = embeddings.ids, embeddings.rows
        encoded = run.classes.encode([run.samples[id_] for id_ in ids])
        labels = dict(zip(run.classes.attributes, encoded.T, strict=True))
    found = [
        _find_outliers(run, name, ids, labels[name], rows, logits.get(name), seed)
        for name in chosen
    ]
    table = _table(run, found)
    page = page_environment().get_template("outliers.html").render(
        name=run.folder.resolve().name,
        sections=[_section(run, one, top) for one in found],
        neighbours=NEIGHBOURS,
        embedding=f"features of {embeddings.model}" if embeddings else "features of its backbone",
        version=__version__,
    )  # fmt: skip
    with explain_os_errors(f"the outliers can't be written to {folder}", "give another folder"):
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / "outliers.csv", table)
        atomic_write(folder / "outliers.html", page)
    return found


def _load_out_of_fold(run: Run, attributes: Sequence[str]) -> Predictions:
    """Return ``predictions/oof.npz``, which must have an embedding and all ``attributes``."""
    path = run.predictions_file("oof")
    if not path.is_file():
        raise InputError(
            f"{run.folder} has no out-of-fold predictions ({path.name}), and a network can't find "
            "errors in the labels that it was trained on; train with 5 folds, or use a logistic "
            "regression"
        )
    predictions = run.load_predictions("oof")
    if predictions.embedding is None:
        raise InputError(
            f"{path} has no embedding to find neighbours by; write it again, or use a logistic "
            "regression"
        )
    for name in attributes:
        if name not in predictions.logits:
            raise InputError(
                f"{path} has no predictions of {name}; write it again, or use a logistic regression"
            )
    return predictions


def _find_outliers(
    run: Run,
    attribute: str,
    ids: Sequence[str],
    labels: Ints,
    rows: npt.NDArray[np.float32],
    logits: npt.NDArray[np.float32] | None,
    seed: int,
) -> Outliers:
    """Return the suspects among samples with ``labels`` (n,), -1 where unknown.

    ``logits`` (n, C) are the network's, out of fold; where they are None a logistic regression is
    fitted on the embeddings ``rows`` (n, D).
    """
    known, names = labels >= 0, run.classes.names[attribute]
    ids = [id_ for id_, good in zip(ids, known, strict=True) if good]
    labels, rows = labels[known], rows[known]
    classes, least = len(np.unique(labels)), max(len(names), _MIN_SAMPLES)
    if classes < 2 or len(labels) < least:
        raise InputError(
            f"{len(labels)} samples have a known label of {attribute}, of {classes} classes; at "
            f"least {least} samples and 2 classes are needed: choose other attributes"
        )
    if logits is None:
        classifier = "a logistic regression"
        strength = choose_strength(rows, labels, seed=seed)
        logits = out_of_fold(rows, labels, len(names), strength, seed=seed)
    else:
        classifier, logits = "the network", logits[known]
    suspects = find_suspects(logits, labels, find_neighbours(rows), names)
    other = np.where(suspects.suggestion == labels, -1, suspects.suggestion)
    return Outliers(
        attribute=attribute,
        names=names,
        ids=ids,
        labels=labels,
        suspects=suspects,
        of_label=nearest_of_class(rows, labels, labels, _EXAMPLES),
        of_suggestion=nearest_of_class(rows, labels, other, _EXAMPLES),
        classifier=classifier,
    )


def _table(run: Run, found: list[Outliers]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in found:
        suspects = one.suspects
        for rank, row in enumerate(suspects.ranking(), start=1):
            sample = run.samples[one.ids[row]]
            writer.writerow(
                [
                    rank,
                    one.attribute,
                    sample.id,
                    sample.image,
                    sample.artist or "",
                    one.names[one.labels[row]],
                    one.names[suspects.suggestion[row]],
                    f"{suspects.quality[row]:.6f}",
                    f"{suspects.suggested[row]:.6f}",
                    int(suspects.counted[row]),
                    one.names[suspects.predicted[row]],
                    f"{suspects.confidence[row]:.6f}",
                    f"{suspects.own[row]:.6f}",
                    f"{suspects.agreement[row]:.4f}",
                    shlex.join(one.ids[each] for each in one.of_label[row] if each >= 0),
                    shlex.join(one.ids[each] for each in one.of_suggestion[row] if each >= 0),
                ]
            )
    return buffer.getvalue()


def _section(run: Run, one: Outliers, top: int) -> dict[str, Any]:
    suspects = one.suspects
    contradicted = [
        int(row) for row in suspects.ranking() if suspects.suggestion[row] != one.labels[row]
    ]
    return {
        "attribute": one.attribute,
        "classifier": one.classifier,
        "n": len(one.ids),
        "contradicted": len(contradicted),
        "cards": [_card(run, one, row, at) for at, row in enumerate(contradicted[:top], start=1)],
    }


def _card(run: Run, one: Outliers, row: int, rank: int) -> dict[str, Any]:
    suspects = one.suspects
    label, suggestion = one.names[one.labels[row]], one.names[suspects.suggestion[row]]
    return {
        "rank": rank,
        **_sample(run, one, row, _SIDE),
        "label": label,
        "suggestion": suggestion,
        "quality": float(suspects.quality[row]),
        "predicted": one.names[suspects.predicted[row]],
        "confidence": float(suspects.confidence[row]),
        "own": float(suspects.own[row]),
        "agreement": float(suspects.agreement[row]),
        "nearest": [
            (name, [_sample(run, one, each, _SMALL) for each in rows[row] if each >= 0])
            for name, rows in ((label, one.of_label), (suggestion, one.of_suggestion))
        ],
    }


def _sample(run: Run, one: Outliers, row: int, side: int) -> dict[str, Any]:
    sample = run.samples[one.ids[row]]
    return {
        "title": Path(sample.id).name,
        "artist": sample.artist,
        "image": image_uri(sample.image, side),
    }
