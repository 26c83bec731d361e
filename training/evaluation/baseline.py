"""The baseline: a class-balanced logistic regression on frozen features.

It is fitted on the network's training samples and evaluated on the same validation samples. Its
strength C is chosen by cross-validation within the training samples.
"""

import json
import warnings
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from artextract.files import atomic_write, explain_os_errors
from training.evaluation.embeddings import Embeddings
from training.evaluation.metrics import Ints, score
from training.evaluation.predictions import Predictions, Run, save_predictions

Rows = npt.NDArray[np.float32]

STRENGTHS = (3.0, 10.0, 30.0, 100.0)
"""Values of C that are tried, for rows of length 1."""

_SELECTION_FOLDS = 3
_MOST_FOR_SELECTION = 5000  # samples; more hardly change the choice, and take long
_LEAST_LOGIT = -30.0  # of a class without a sample in a fold


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The baseline of a run, as in ``baseline.json``.

    ``strength`` and ``train_works`` (training samples) are by split, then by attribute.
    """

    model: str
    sha256: str
    strength: dict[str, dict[str, float]]
    train_works: dict[str, dict[str, int]]
    seed: int

    @property
    def name(self) -> str:
        """A description for the report."""
        return f"balanced logistic regression on frozen {self.model} features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """The predictions for one split, with C and the training samples by attribute."""

    predictions: Predictions
    strength: dict[str, float]
    train_samples: dict[str, int]


def make_baseline(
    run: Run, embeddings: Embeddings, splits: Iterable[str], *, seed: int = 0
) -> Baseline:
    """Fit the baseline, and write its predictions beside the network's.

    For each split, ``predictions/baseline_<split>.npz`` has the samples of ``<split>.npz`` whose
    image could be opened. The baseline of ``val`` is fitted on the training split, that of
    ``artist_disjoint`` on all samples of artists who have none in it.

    Raises:
        InputError: an attribute has fewer than two classes, or a file can't be written.
    """
    strength: dict[str, dict[str, float]] = {}
    trained: dict[str, dict[str, int]] = {}
    advice = "make room or change the folder's permissions"
    with explain_os_errors(f"the baseline can't be written to {run.folder}", advice):
        for split in splits:
            fitted = fit_linear(run, embeddings, split, seed=seed)
            strength[split], trained[split] = fitted.strength, fitted.train_samples
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
    return made


def fit_linear(
    run: Run, embeddings: Embeddings, split: str, *, balanced: bool = True, seed: int = 0
) -> Fitted:
    """Fit a logistic regression and predict the samples of ``split``.

    The training samples are those of :func:`make_baseline`; attributes without a known label in the
    split are left out. ``balanced`` weighs classes equally.

    Raises:
        InputError: an attribute has fewer than two classes.
    """
    strength, train_samples, logits = {}, {}, {}
    evaluated = run.load_predictions(split)
    train = _training_ids(run, split, evaluated.ids)
    found, rows = embeddings.of(evaluated.ids)
    labels = run.classes.encode([run.samples[id_] for id_ in train])
    embedded, train_rows = embeddings.of(train)
    for column, attribute in enumerate(run.classes.names):
        own = labels[embedded, column]
        known, names = own >= 0, run.classes.names[attribute]
        if not (evaluated.labels.get(attribute, own[:0]) >= 0).any():
            continue
        x, y = train_rows[known], own[known]
        if len(np.unique(y)) < 2:
            raise InputError(
                f"the baseline has {len(np.unique(y))} classes of {attribute} among {len(train)} "
                "training samples; at least 2 are needed: leave the attribute out, or the baseline"
            )
        c = choose_strength(x, y, seed=seed, balanced=balanced)
        strength[attribute], train_samples[attribute] = c, len(y)
        logits[attribute] = fit_and_predict(x, y, rows, len(names), c, balanced=balanced)
    predictions = Predictions(
        ids=[id_ for id_, opened in zip(evaluated.ids, found, strict=True) if opened],
        logits=logits,
        labels={name: evaluated.labels[name][found] for name in logits},
    )
    return Fitted(predictions=predictions, strength=strength, train_samples=train_samples)


def choose_strength(rows: Rows, labels: Ints, *, seed: int = 0, balanced: bool = True) -> float:
    """Return the C of :data:`STRENGTHS` with the best macro-F1 in 3-fold cross-validation."""
    if len(labels) > _MOST_FOR_SELECTION:
        some = np.random.default_rng(seed).permutation(len(labels))[:_MOST_FOR_SELECTION]
        rows, labels = rows[some], labels[some]
    classes = int(labels.max()) + 1
    names = [str(number) for number in range(classes)]

    def macro_f1(c: float) -> float:
        logits = out_of_fold(
            rows, labels, classes, c, folds=_SELECTION_FOLDS, seed=seed, balanced=balanced
        )
        return score(logits, labels, names).macro_f1

    return max(STRENGTHS, key=macro_f1)


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
    """Return the log probabilities (n, classes) of each sample, fitted on the other folds.

    Folds are stratified; a class of a single sample can't be predicted out of its fold.
    """
    logits = np.empty((len(labels), classes), np.float32)
    fold = stratified_folds(labels, folds, seed)
    for number in range(folds):
        held_out = fold == number
        if held_out.any():
            logits[held_out] = fit_and_predict(
                rows[~held_out],
                labels[~held_out],
                rows[held_out],
                classes,
                strength,
                balanced=balanced,
            )
    return logits


def stratified_folds(labels: Ints, folds: int, seed: int) -> Ints:
    """Return the fold of each sample, (n,), with classes spread evenly.

    scikit-learn's StratifiedKFold assigns other folds, and published figures rest on these.
    """
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

    A class without a training row gets a logit of -30. ``balanced`` weighs classes equally.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(
        C=strength, class_weight="balanced" if balanced else None, max_iter=1000
    )
    with warnings.catch_warnings():
        # 1,000 steps are near enough to the optimum; the last digits do not change a prediction.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model.fit(train_rows, train_labels)
    logits = np.full((len(rows), classes), _LEAST_LOGIT, np.float32)
    if len(rows):
        logits[:, model.classes_] = np.maximum(model.predict_log_proba(rows), _LEAST_LOGIT)
    return logits


def _training_ids(run: Run, split: str, evaluated: Iterable[str]) -> list[str]:
    held_out = set(evaluated)
    if split == "artist_disjoint":
        artists = {run.samples[id_].artist for id_ in held_out if id_ in run.samples} - {None}
        return [
            id_ for id_, one in run.samples.items()
            if id_ not in held_out and one.artist not in artists
        ]  # fmt: skip
    return [id_ for id_, one in run.samples.items() if one.split == "train" and id_ not in held_out]
