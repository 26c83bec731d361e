"""How well `artextract outliers` finds wrong labels when the network itself is the judge.

    python benchmarks/outlier_noise_network.py

Style labels of $ARTEXTRACT_SHARED/data/wikiart are changed at random, and a training without
fine-tuning predicts every work out of fold, as ``artextract train catalog ... --folds 5`` does. The
rule to beat takes the softmax of the label by the same kind of head *in sample*, calls works below
0.4 outliers and ranks them by it. Both are judged on the works of the training split, which that
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

from training.data.labelled_catalog import read_labelled
from training.data.samples import Gathered
from training.evaluation.metrics import softmax
from training.evaluation.predictions import open_run
from training.label_errors.noise import average_precision, precision_at, seed_rule, symmetric_noise
from training.label_errors.ranking import find_neighbours, find_suspects
from training.loops.run import TrainSettings
from training.loops.run import run as train

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))
ATTRIBUTES = ("style", "genre", "artist")


def one_turn(gathered: Gathered, share: float, seed: int) -> dict[str, float]:
    """Return the figures of one draw of noise."""
    names = sorted({work.labels["style"] for work in gathered.works})
    number = {name: at for at, name in enumerate(names)}
    labels = np.array([number[work.labels["style"]] for work in gathered.works])
    noisy = symmetric_noise(labels, share, len(names), seed=seed)
    works = [
        replace(work, labels={**work.labels, "style": names[label]})
        for work, label in zip(gathered.works, noisy, strict=True)
    ]
    wrong_ids = {work.id for work, old, new in zip(works, labels, noisy, strict=True) if old != new}
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "run"
        train(
            Gathered(works=works),
            TrainSettings(
                out=out,
                changes=["stage_two.epochs=0", f"seed={seed}"],
                folds=5,
                predict_train=True,
            ),
        )
        run = open_run(out)
        told, train_said = run.load_predictions("oof"), run.load_predictions("train")
    assert told.embedding is not None
    style = list(run.classes.names["style"])
    suspects = find_suspects(
        told.logits["style"], told.labels["style"], find_neighbours(told.embedding), style
    )
    judged = np.isin(np.array(told.ids), np.array(train_said.ids))
    assert [id_ for id_, kept in zip(told.ids, judged, strict=True) if kept] == list(train_said.ids)
    wrong = np.isin(np.array(train_said.ids), list(wrong_ids))
    given = train_said.labels["style"]
    in_sample = softmax(train_said.logits["style"])[np.arange(len(given)), given]
    rankings = {"ours": -suspects.quality[judged], "rule": seed_rule(in_sample),
                "rule without its limit": -in_sample,
                "out-of-fold network alone": -suspects.own[judged]}  # fmt: skip
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
    gathered = read_labelled(folder / "labels.csv", folder, ATTRIBUTES, "split")
    turns = []
    for share in options.shares:
        for seed in options.seeds:
            turns.append({"share": share, "seed": seed, **one_turn(gathered, share, seed)})
            print(json.dumps(turns[-1], indent=1))
    RESULTS.mkdir(exist_ok=True)
    written = {
        "machine": {"cpus": os.cpu_count(), "machine": platform.machine()},
        "turns": turns,
    }
    (RESULTS / "outlier_noise_network.json").write_text(json.dumps(written, indent=1) + "\n")


if __name__ == "__main__":
    main()
