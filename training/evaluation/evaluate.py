"""The evaluation of a run: one for each split and attribute."""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.bootstrap import Difference, Intervals, bootstrap, paired_bootstrap
from training.evaluation.calibration import Calibration, calibrate
from training.evaluation.metrics import Ints, Scores, confused_pairs, score, softmax
from training.evaluation.predictions import Predictions, Run

SPLITS = {"val": "validation split", "artist_disjoint": "artist-disjoint split"}
"""{split: its title}, in the order of a report."""

MIN_FOR_CALIBRATION = 50
"""Samples; with fewer, 15 bins are too sparse to measure calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One attribute of one split; what is None is not available.

    ``ids``, ``labels`` (n,) and ``probabilities`` (n, C), temperature scaled where there is a
    ``calibration``, are those of the samples with a known label.
    """

    split: str
    attribute: str
    names: list[str]
    scores: Scores
    intervals: Intervals
    calibration: Calibration | None
    baseline: Scores | None
    baseline_intervals: Intervals | None
    difference: Difference | None
    pairs: list[tuple[str, str, int, int]]
    ids: list[str]
    labels: Ints
    probabilities: npt.NDArray[np.float64]

    @property
    def anchor(self) -> str:
        """A name for links and files."""
        return self.attribute if self.split == "val" else f"{self.attribute}-{self.split}"

    @property
    def evaluated_classes(self) -> int:
        """The number of classes that have a sample."""
        return sum(row.works > 0 for row in self.scores.classes)


def evaluate_run(run: Run) -> list[Evaluation]:
    """Evaluate a run's predictions for each split of :data:`SPLITS` that it has.

    Raises:
        InputError: there are no predictions of the validation split, or a file can't be used.
    """
    evaluations: list[Evaluation] = []
    for split in SPLITS:
        if split != "val" and not run.predictions_file(split).is_file():
            continue
        predictions = run.load_predictions(split)
        baseline = None
        if run.predictions_file(f"baseline_{split}").is_file():
            baseline = run.load_predictions(f"baseline_{split}")
        evaluations += [
            _evaluate(run, split, attribute, predictions, baseline)
            for attribute, labels in predictions.labels.items()
            if (labels >= 0).any()
        ]
    if not evaluations:
        raise InputError(
            f"no sample in {run.predictions_file('val')} has a known label, so there is nothing to "
            "evaluate; train with a validation split that has labels"
        )
    return evaluations


def _evaluate(
    run: Run, split: str, attribute: str, predictions: Predictions, baseline: Predictions | None
) -> Evaluation:
    names = list(run.classes.names[attribute])
    logits, labels = predictions.logits[attribute], predictions.labels[attribute]
    scores = score(logits, labels, names)
    calibration = calibrate(logits, labels) if scores.n >= MIN_FOR_CALIBRATION else None
    rows = labels >= 0
    own, baseline_scores, baseline_intervals, difference = logits, None, None, None
    if baseline is not None and attribute in baseline.logits:
        at = baseline.rows_of(predictions.ids)
        if not np.array_equal(baseline.labels[attribute][at[at >= 0]], labels[at >= 0]):
            raise InputError(
                f"{run.predictions_file(f'baseline_{split}')} has other labels of {attribute} than "
                f"{split}.npz, so it is of an older training; fit the baseline again"
            )
        # Both are compared on the samples that both have.
        own, others = logits[at >= 0], baseline.logits[attribute][at[at >= 0]]
        common = labels[at >= 0]
        baseline_scores = score(others, common, names)
        baseline_intervals = bootstrap(others, common)
        difference = paired_bootstrap(own, others, common)
    return Evaluation(
        split=split,
        attribute=attribute,
        names=names,
        scores=scores,
        intervals=bootstrap(logits, labels),
        calibration=calibration,
        baseline=baseline_scores,
        baseline_intervals=baseline_intervals,
        difference=difference,
        pairs=confused_pairs(scores.confusion, names),
        ids=[id_ for id_, known in zip(predictions.ids, rows, strict=True) if known],
        labels=labels[rows],
        probabilities=softmax(logits[rows], calibration.temperature if calibration else 1.0),
    )


def to_json(run: Run, evaluations: list[Evaluation]) -> dict[str, Any]:
    """Return the evaluations as plain JSON values, with how they were measured."""
    return {
        "format": 1,
        "method": {
            "macro_f1": "mean F1 of the classes that have a sample",
            "intervals": "95 % percentile bootstrap, samples resampled",
            "difference": "network minus baseline, paired bootstrap on the samples that both have",
            "calibration": "expected calibration error, 15 bins of equal width; after: temperature "
            "fitted on the other folds",
        },
        "baseline": _read_json(run, "baseline.json"),
        "ablations": _read_json(run, "ablations.json"),
        "left_out": {name: dict(each.left_out) for name, each in run.classes.by_attribute.items()},
        "judgements": [
            {
                "split": one.split,
                "attribute": one.attribute,
                **one.scores.to_dict(),
                "intervals": asdict(one.intervals),
                "calibration": one.calibration and asdict(one.calibration),
                "baseline": one.baseline and one.baseline.to_dict(),
                "baseline_intervals": one.baseline_intervals and asdict(one.baseline_intervals),
                "difference": one.difference and asdict(one.difference),
            }
            for one in evaluations
        ],
    }


def _read_json(run: Run, name: str) -> Any:
    path = run.folder / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read as JSON ({error}); correct or remove it") from error
