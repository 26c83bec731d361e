"""All that a report says of a run, as numbers: one judgement a split and attribute."""

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

__all__ = ["LEAST_FOR_CALIBRATION", "SPLITS", "Judgement", "judge_run", "to_json"]

SPLITS = {"val": "validation split", "artist_disjoint": "artists kept apart"}
"""{split: what it is called}, in the order of a report."""

LEAST_FOR_CALIBRATION = 50
"""Works; with fewer, 15 bins hold too little to speak of calibration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """One attribute of one split; what is None could not be had.

    ``ids``, ``labels`` and ``probabilities`` (temperature scaled where ``calibration`` is there)
    are those of the works with a known label.
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
    def judged(self) -> int:
        """How many classes have a work to judge by."""
        return sum(row.works > 0 for row in self.scores.classes)


def judge_run(run: Run) -> list[Judgement]:
    """Judge what a run predicted of each split of :data:`SPLITS` that it has.

    Raises:
        InputError: there are no predictions of the validation split, or a file can't be used.
    """
    judgements: list[Judgement] = []
    for split in SPLITS:
        if split != "val" and not run.predictions_file(split).is_file():
            continue
        predictions = run.load_predictions(split)
        baseline = None
        if run.predictions_file(f"baseline_{split}").is_file():
            baseline = run.load_predictions(f"baseline_{split}")
        judgements += [
            _judge(run, split, attribute, predictions, baseline)
            for attribute, labels in predictions.labels.items()
            if (labels >= 0).any()
        ]
    if not judgements:
        raise InputError(
            f"no work in {run.predictions_file('val')} has a known label, so there is nothing to "
            "judge by; train with a validation split that has labels"
        )
    return judgements


def _judge(
    run: Run, split: str, attribute: str, predictions: Predictions, baseline: Predictions | None
) -> Judgement:
    names = list(run.classes.names[attribute])
    logits, labels = predictions.logits[attribute], predictions.labels[attribute]
    scores = score(logits, labels, names)
    calibration = calibrate(logits, labels) if scores.n >= LEAST_FOR_CALIBRATION else None
    rows = labels >= 0
    own, baseline_scores, baseline_intervals, difference = logits, None, None, None
    if baseline is not None and attribute in baseline.logits:
        at = baseline.rows_of(predictions.ids)
        _check_same_labels(run, split, attribute, baseline.labels[attribute][at[at >= 0]],
                           labels[at >= 0])  # fmt: skip
        # Both are compared on the works that both have.
        own, others = logits[at >= 0], baseline.logits[attribute][at[at >= 0]]
        common = labels[at >= 0]
        baseline_scores = score(others, common, names)
        baseline_intervals = bootstrap(others, common)
        difference = paired_bootstrap(own, others, common)
    return Judgement(
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
        ids=[id_ for id_, kept in zip(predictions.ids, rows, strict=True) if kept],
        labels=labels[rows],
        probabilities=softmax(logits[rows], calibration.temperature if calibration else 1.0),
    )


def _check_same_labels(run: Run, split: str, attribute: str, baseline: Ints, network: Ints) -> None:
    """Check that baseline and network are judged by the same labels."""
    if not np.array_equal(baseline, network):
        raise InputError(
            f"{run.predictions_file(f'baseline_{split}')} has other labels of {attribute} than "
            f"{split}.npz, so it is of an older training; make it again with "
            f"`artextract report {run.folder} --baseline`"
        )


def to_json(run: Run, judgements: list[Judgement]) -> dict[str, Any]:
    """Return the judgements as plain JSON values, with what each number needs to be read."""
    return {
        "format": 1,
        "method": {
            "macro_f1": "mean F1 of the classes that have a work to judge by",
            "intervals": "95 % percentile bootstrap, works resampled",
            "difference": "network minus baseline, paired bootstrap on the works that both have",
            "calibration": "expected calibration error, 15 bins of equal width; after: temperature "
            "fitted on the other folds",
        },
        "baseline": _read_json(run, "baseline.json"),
        "ablations": _read_json(run, "ablations.json"),
        "left_out": {name: dict(out) for name, out in run.classes.left_out.items()},
        "judgements": [
            {
                "split": one.split,
                "attribute": one.attribute,
                **one.scores.to_dict(),
                "intervals": asdict(one.intervals),
                "calibration": asdict(one.calibration) if one.calibration else None,
                "baseline": one.baseline.to_dict() if one.baseline else None,
                "baseline_intervals": asdict(one.baseline_intervals)
                if one.baseline_intervals
                else None,
                "difference": asdict(one.difference) if one.difference else None,
            }
            for one in judgements
        ],
    }


def _read_json(run: Run, name: str) -> Any:
    path = run.folder / name
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} can't be read as JSON ({error}); mend or remove it") from error
