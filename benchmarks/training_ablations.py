"""What each part of the network adds: trainings without it, on the samples of a finished one.

    artextract train catalog labels.csv --images images --split-column split --out run
    artextract report run --baseline
    python benchmarks/training_ablations.py run

Each variant learns from the same samples with the same seed and config, but for what its line
says, and is evaluated on the same validation works. ``run/ablations.json`` gets the table, which
``artextract report run`` shows; raw figures go to benchmarks/results/training_ablations.json. With
``--fine-tuned`` the fine-tuned network is also trained without its recurrent part, which takes as
long as the run itself took.
"""

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from training.data.samples import Dataset
from training.evaluation.baseline import fit_linear
from training.evaluation.bootstrap import bootstrap, paired_bootstrap
from training.evaluation.embeddings import embed_run
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, Run, open_run
from training.loops.run import TrainOptions
from training.loops.run import run as train

RESULTS = Path(__file__).resolve().parents[1] / "benchmarks" / "results"
HEAD_ALONE = "stage_two.epochs=0"
PLAIN = ("loss.balance=none", "model.middle=0")
STEPS = {
    "+ attention over places, not recurrent": (HEAD_ALONE, *PLAIN, "model.recurrent=none"),
    "+ recurrent part": (HEAD_ALONE, *PLAIN),
    "+ second map": (HEAD_ALONE, "loss.balance=none"),
    "+ logit adjustment": (HEAD_ALONE,),
}
"""{line: config}, each with what the one before it has."""
LINEAR = "pooled features + linear (logistic regression)"
BALANCED = "the same, balanced: the baseline"
WHOLE = "+ fine-tuning: the run"
NOT_RECURRENT = "the run without its recurrent part"
SIDE = (NOT_RECURRENT, BALANCED)  # no step of the ladder


def main() -> None:
    """Train the variants, and write and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path)
    parser.add_argument("--fine-tuned", action="store_true")
    arguments = parser.parse_args()
    run = open_run(arguments.run)
    whole = run.load_predictions("val")
    variants = dict(STEPS)
    if arguments.fine_tuned:
        variants[NOT_RECURRENT] = ("model.recurrent=none",)
    plain = fit_linear(run, embed_run(run, "efficientnet-lite0"), "val", balanced=False)
    predictions = {LINEAR: plain.predictions, BALANCED: run.load_predictions("baseline_val")}
    seconds: dict[str, float] = {}
    for name, changes in variants.items():
        begun = time.monotonic()
        predictions[name] = train_variant(run, changes)
        seconds[name] = time.monotonic() - begun
        if name == list(STEPS)[-1]:
            predictions[WHOLE] = whole
    rows = [make_row(run, name, predictions) for name in predictions]
    note = (
        "Macro-F1 with 95 % intervals on the validation samples of this run, seed and config as in "
        "it. A line that begins with + has all that the lines above it have. All but the last "
        f"{'two' if arguments.fine_tuned else 'one'} are trained on frozen features."
    )
    text = json.dumps({"note": note, "rows": rows}, indent=1, ensure_ascii=False) + "\n"
    (run.folder / "ablations.json").write_text(text, encoding="utf-8")
    RESULTS.mkdir(exist_ok=True)
    sides = [sample.split for sample in run.samples.values()]
    result = {
        "machine": {
            "cpus": os.cpu_count(),
            "machine": platform.machine(),
            "torch": torch.__version__,
        },
        "works": {"train": sides.count("train"), "val": len(whole.ids)},
        "seconds": {name: round(value) for name, value in seconds.items()},
        "note": note,
        "rows": rows,
    }
    target = RESULTS / "training_ablations.json"
    target.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for row in rows:
        print(row["name"])
        for attribute, value in row["macro_f1"].items():
            low, high = row["intervals"][attribute]
            line = f"  {attribute}: {value:.3f} [{low:.3f}, {high:.3f}]"
            if attribute in row["step"]:
                step = row["step"][attribute]
                line += f", {step['difference']:+.3f} [{step['low']:+.3f}, {step['high']:+.3f}]"
                line += f" against {row['against']}"
            print(line)


def train_variant(run: Run, changes: tuple[str, ...]) -> Predictions:
    """Return what a network that is trained like the run's, but for ``changes``, says."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "variant"
        train(
            Dataset(samples=list(run.samples.values())),
            TrainOptions(
                out=out, config=run.folder / "config.toml", changes=changes, split="given"
            ),
        )
        return open_run(out).load_predictions("val")


def make_row(run: Run, name: str, predictions: dict[str, Predictions]) -> dict[str, Any]:
    """Return a row of the table: macro-F1, its interval, and the difference to another row."""
    ladder = [each for each in predictions if each not in SIDE]
    against = None
    if name == NOT_RECURRENT:
        against = WHOLE
    elif name == BALANCED:
        against = LINEAR
    elif ladder.index(name):
        against = ladder[ladder.index(name) - 1]
    row: dict[str, Any] = {"name": name, "macro_f1": {}, "intervals": {}, "step": {}}
    row["against"] = against
    own = predictions[name]
    for attribute, names in run.classes.names.items():
        logits, labels = own.logits[attribute], own.labels[attribute]
        interval = bootstrap(logits, labels).macro_f1
        row["macro_f1"][attribute] = score(logits, labels, list(names)).macro_f1
        row["intervals"][attribute] = [interval.low, interval.high]
        if against is not None:
            other = predictions[against]
            assert list(other.ids) == list(own.ids)
            assert np.array_equal(other.labels[attribute], labels)
            found = paired_bootstrap(logits, other.logits[attribute], labels)
            row["step"][attribute] = {
                "difference": found.macro_f1,
                "low": found.macro_f1_interval.low,
                "high": found.macro_f1_interval.high,
            }
    return row


if __name__ == "__main__":
    main()
