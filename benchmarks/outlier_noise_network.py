"""How well `artextract outliers` finds wrong labels by the network's own predictions.

    python -m benchmarks.outlier_noise_network

Style labels of $ARTEXTRACT_SHARED/data/wikiart are changed at random, and a training without
fine-tuning predicts every sample out of fold, as ``artextract train catalog ... --folds 5`` does.
The rule to beat takes the softmax of the label by the same kind of head *in sample*, reports
samples below 0.4 and ranks them by it. Both are evaluated on the training split, which that
head has learnt from. Raw figures go to benchmarks/results/outlier_noise_network.json.
"""

import argparse
import json
import os
import platform
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.label_noise import average_precision, precision_at, seed_rule, symmetric_noise
from training.data.labelled_catalog import read_labelled_catalog
from training.data.samples import Dataset
from training.evaluation.metrics import softmax
from training.evaluation.predictions import open_run
from training.label_errors.ranking import find_neighbours, find_suspects
from training.loops.run import TrainOptions
from training.loops.run import run as train

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))
ATTRIBUTES = ("style", "genre", "artist")


def one_turn(dataset: Dataset, share: float, seed: int) -> dict[str, float]:
    """Return the figures of one draw of noise."""
    names = sorted({sample.labels["style"] for sample in dataset.samples})
    number = {name: at for at, name in enumerate(names)}
    labels = np.array([number[sample.labels["style"]] for sample in dataset.samples])
    noisy = symmetric_noise(labels, share, len(names), seed=seed)
    samples = [
        replace(sample, labels={**sample.labels, "style": names[label]})
        for sample, label in zip(dataset.samples, noisy, strict=True)
    ]
    wrong_ids = {
        sample.id for sample, old, new in zip(samples, labels, noisy, strict=True) if old != new
    }
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        train(
            Dataset(samples=samples),
            TrainOptions(
                out=out,
                changes=["stage_two.epochs=0", f"seed={seed}"],
                folds=5,
                predict_train=True,
            ),
        )
        run = open_run(out)
        out_of_fold, in_training = (
            run.load_predictions("oof"),
            run.load_predictions("train"),
        )
    assert out_of_fold.embedding is not None
    style = list(run.classes.names["style"])
    suspects = find_suspects(
        out_of_fold.logits["style"],
        out_of_fold.labels["style"],
        find_neighbours(out_of_fold.embedding),
        style,
    )
    evaluated = np.isin(np.array(out_of_fold.ids), np.array(in_training.ids))
    assert [id_ for id_, kept in zip(out_of_fold.ids, evaluated, strict=True) if kept] == list(
        in_training.ids
    )
    wrong = np.isin(np.array(in_training.ids), list(wrong_ids))
    given = in_training.labels["style"]
    in_sample = softmax(in_training.logits["style"])[np.arange(len(given)), given]
    rankings = {"ours": -suspects.quality[evaluated], "rule": seed_rule(in_sample),
                "rule without its limit": -in_sample,
                "out-of-fold network alone": -suspects.own[evaluated]}  # fmt: skip
    figures = {"injected": float(wrong.sum()), "works": float(len(wrong))}
    for name, suspicion in rankings.items():
        figures[f"average precision, {name}"] = average_precision(wrong, suspicion)
        figures[f"precision at injected, {name}"] = precision_at(wrong, suspicion, int(wrong.sum()))
    return figures


def main() -> None:
    """Run all turns, and print and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[10])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.10])
    options = parser.parse_args()
    folder = SHARED / "data" / "wikiart"
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}; set ARTEXTRACT_SHARED")
    dataset = read_labelled_catalog(folder / "labels.csv", folder, ATTRIBUTES, "split")
    turns = []
    for share in options.shares:
        for seed in options.seeds:
            turns.append({"share": share, "seed": seed, **one_turn(dataset, share, seed)})
            print(json.dumps(turns[-1], indent=1))
    RESULTS.mkdir(exist_ok=True)
    written = {
        "machine": {"cpus": os.cpu_count(), "machine": platform.machine()},
        "turns": turns,
    }
    (RESULTS / "outlier_noise_network.json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
