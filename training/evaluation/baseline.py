"""What a network must beat: a balanced logistic regression on features nobody trained for this.

It sees the same training works and is judged on the same others. Its strength C is chosen by
cross-validation within the training works, so that the baseline is as good as it honestly gets.
"""

import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from artextract.files import atomic_write
from training.evaluation.embeddings import Embeddings
from training.evaluation.metrics import Ints
from training.evaluation.predictions import Predictions, Run, save_predictions

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

__all__ = [
    "STRENGTHS",
    "Baseline",
    "Fitted",
    "choose_strength",
    "deal",
    "fit_and_predict",
    "fit_linear",
    "make_baseline",
    "out_of_fold",
]

Rows = npt.NDArray[np.float32]

STRENGTHS = (3.0, 10.0, 30.0, 100.0)
"""Values of C that are tried, for rows of length 1."""

_SELECTION_FOLDS = 3
_MOST_FOR_SELECTION = 5000  # works; the choice hardly moves with more, and takes long
_LEAST_LOGIT = -30.0  # of a class that a fold has no work of: as good as impossible


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """How the baseline of a run was made, as ``baseline.json`` keeps it.

    ``strength`` and ``train_works`` are by split, then by attribute.
    """

    model: str
    sha256: str
    strength: dict[str, dict[str, float]]
    train_works: dict[str, dict[str, int]]
    seed: int

    @property
    def name(self) -> str:
        """The baseline in words."""
        return f"balanced logistic regression on frozen {self.model} features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """What was predicted for one split, with which C and from how many works, by attribute."""

    predictions: Predictions
    strength: dict[str, float]
    train_works: dict[str, int]


def make_baseline(
    run: Run, embeddings: Embeddings, splits: Iterable[str], *, seed: int = 0
) -> Baseline:
    """Fit the baseline, and write its predictions beside the network's.

    For each split, ``predictions/baseline_<split>.npz`` has the works of ``<split>.npz`` whose
    picture could be opened. What is fitted on: for ``val`` the works of the training split, for
    ``artist_disjoint`` all works whose artist has none to be judged by.

    Raises:
        InputError: an attribute has fewer than two classes to learn from, or a file can't be
            written.
    """
    strength: dict[str, dict[str, float]] = {}
    trained: dict[str, dict[str, int]] = {}
    try:
        for split in splits:
            fitted = fit_linear(run, embeddings, split, seed=seed)
            strength[split], trained[split] = fitted.strength, fitted.train_works
            save_predictions(run.predictions_file(f"baseline_{split}"), fitted.predictions)
        made = Baseline(
            model=embeddings.model,
            sha256=embeddings.sha256,
            strength=strength,
            train_works=trained,
            seed=seed,
        )
        text = json.dumps({"name": made.name, **asdict(made)}, indent=2)
        atomic_write(run.folder / "baseline.json", text + "\n")
    except OSError as error:
        raise InputError(
            f"the baseline can't be written to {run.folder} ({error.strerror or error}); make room "
            "or give a folder that can be written to"
        ) from error
    return made


def fit_linear(
    run: Run, embeddings: Embeddings, split: str, *, balanced: bool = True, seed: int = 0
) -> Fitted:
    """Return what a logistic regression says of the works that ``split`` is judged by.

    It learns from the works that :func:`make_baseline` names; an attribute without a known label to
    judge by is left out. ``balanced`` weighs classes alike.

    Raises:
        InputError: an attribute has fewer than two classes to learn from.
    """
    strength, train_works, logits = {}, {}, {}
    judged = run.load_predictions(split)
    train = _training_works(run, split, judged.ids)
    found, rows = embeddings.of(judged.ids)
    labels = run.classes.encode([run.works[id_] for id_ in train])
    seen, train_rows = embeddings.of(train)
    for column, attribute in enumerate(run.classes.names):
        own = labels[seen, column]
        known, names = own >= 0, run.classes.names[attribute]
        if not (judged.labels.get(attribute, own[:0]) >= 0).any():
            continue
        x, y = train_rows[known], own[known]
        if len(np.unique(y)) < 2:
            raise InputError(
                f"the baseline has {len(np.unique(y))} classes of {attribute} to learn from among "
                f"{len(train)} works; at least 2 are needed: leave the attribute out, or the "
                "baseline"
            )
        c = choose_strength(x, y, seed=seed, balanced=balanced)
        strength[attribute], train_works[attribute] = c, len(y)
        logits[attribute] = fit_and_predict(x, y, rows, len(names), c, balanced=balanced)
    predictions = Predictions(
        ids=[id_ for id_, opened in zip(judged.ids, found, strict=True) if opened],
        logits=logits,
        labels={name: judged.labels[name][found] for name in logits},
    )
    return Fitted(predictions=predictions, strength=strength, train_works=train_works)


def choose_strength(rows: Rows, labels: Ints, *, seed: int = 0, balanced: bool = True) -> float:
    """Return the C of :data:`STRENGTHS` with the best macro-F1 in 3-fold cross-validation."""
    from training.evaluation.metrics import score

    if len(labels) > _MOST_FOR_SELECTION:
        some = np.random.default_rng(seed).permutation(len(labels))[:_MOST_FOR_SELECTION]
        rows, labels = rows[some], labels[some]
    classes = int(labels.max()) + 1
    names = [str(number) for number in range(classes)]
    found = [
        score(
            out_of_fold(
                rows, labels, classes, c, folds=_SELECTION_FOLDS, seed=seed, balanced=balanced
            ),
            labels,
            names,
        ).macro_f1
        for c in STRENGTHS
    ]
    return STRENGTHS[int(np.argmax(found))]


def out_of_fold(
    rows: Rows,
    labels: Ints,
    classes: int,
    strength: float,
    *,
    folds: int = 5,
    seed: int = 0,
    balanced: bool = True,
) -> npt.NDArray[np.float32]:
    """Return the log probabilities (n, classes) of each work by a model that never saw it.

    Classes are dealt evenly over the folds; a class of a single work can't be known out of it.
    """
    logits = np.empty((len(labels), classes), np.float32)
    fold = deal(labels, folds, seed)
    for number in range(folds):
        held = fold == number
        if held.any():
            logits[held] = fit_and_predict(
                rows[~held], labels[~held], rows[held], classes, strength, balanced=balanced
            )
    return logits


def deal(labels: Ints, folds: int, seed: int) -> Ints:
    """Return a fold for each work, so that each class is spread as evenly as it can be."""
    order = np.random.default_rng(seed).permutation(len(labels))
    order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), np.int64)
    fold[order] = np.arange(len(labels)) % folds
    return fold


def fit_and_predict(
    train_rows: Rows,
    train_labels: Ints,
    rows: Rows,
    classes: int,
    strength: float,
    *,
    balanced: bool = True,
) -> npt.NDArray[np.float32]:
    """Fit on the training rows and return the log probabilities (n, classes) of ``rows``.

    A class without a training row gets a logit of -30. ``balanced`` weighs classes alike.
    """
    model = _fit(train_rows, train_labels, strength, balanced)
    logits = np.full((len(rows), classes), _LEAST_LOGIT, np.float32)
    if len(rows):
        logits[:, model.classes_] = np.maximum(model.predict_log_proba(rows), _LEAST_LOGIT)
    return logits


def _fit(rows: Rows, labels: Ints, strength: float, balanced: bool) -> "LogisticRegression":
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    weight = "balanced" if balanced else None
    model = LogisticRegression(C=strength, class_weight=weight, max_iter=1000)
    with warnings.catch_warnings():
        # 1,000 steps are near enough to the best; the last digits do not change a prediction.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(rows, labels)


def _training_works(run: Run, split: str, judged: Iterable[str]) -> list[str]:
    """Return the works that the baseline may learn from when ``judged`` are judged."""
    held = set(judged)
    if split == "artist_disjoint":
        artists = {run.works[id_].artist for id_ in held if id_ in run.works} - {None}
        return [
            id_ for id_, work in run.works.items()
            if id_ not in held and work.artist not in artists
        ]  # fmt: skip
    return [id_ for id_, work in run.works.items() if work.split == "train" and id_ not in held]
