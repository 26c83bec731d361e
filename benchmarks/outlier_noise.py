"""How well the search for wrong labels finds labels that were made wrong on purpose.

    python -m benchmarks.outlier_noise

Style labels of $ARTEXTRACT_SHARED/data/wikiart are changed, 5 % and 10 %, symmetrically or toward
the three most similar classes, with several seeds (others than those with which the ranking was
developed), and rankings look for them. All see the same frozen EfficientNet-Lite0 features. The
rule to beat takes the softmax of the label by the same logistic regression *in sample*, reports
samples below 0.4 and ranks them by it. It is also given the best strength C of those tried, and
freed from its limit. Raw figures go to benchmarks/results/outlier_noise.json.
"""

import argparse
import json
import os
import platform
import statistics
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars

from benchmarks.label_noise import (
    average_precision,
    precision_at,
    seed_rule,
    symmetric_noise,
    toward_similar_noise,
)
from training.evaluation.baseline import fit_and_predict, out_of_fold
from training.evaluation.embeddings import embed_files
from training.evaluation.metrics import Ints, softmax
from training.label_errors.ranking import find_neighbours, find_suspects, neighbour_shares

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))
STRENGTH = 10.0
OTHERS = (3.0, 30.0)  # strengths that only the rule to beat is given
OURS = "both witnesses (ours)"
RULE = "the simple rule, same classifier"

Figures = dict[str, dict[str, float]]


def one_turn(
    rows: npt.NDArray[np.float32], labels: Ints, noisy: Ints, artists: list[str], seed: int
) -> Figures:
    """Return {ranking: {measure: figure}} of one draw of noise."""
    wrong, each = noisy != labels, np.arange(len(labels))
    classes = int(labels.max()) + 1
    logits = out_of_fold(rows, noisy, classes, STRENGTH, seed=seed)
    names = [str(number) for number in range(classes)]
    everyone, strangers = find_neighbours(rows), find_neighbours(rows, groups=artists)
    suspects = find_suspects(logits, noisy, everyone, names)
    in_sample = {
        c: softmax(fit_and_predict(rows, noisy, rows, classes, c))[each, noisy]
        for c in (STRENGTH, *OTHERS)
    }
    suspicion = {
        OURS: -suspects.quality,
        "the same, neighbours by other artists": -find_suspects(
            logits, noisy, strangers, names
        ).quality,
        "out-of-fold classifier alone": -suspects.own,
        "neighbours alone": -neighbour_shares(everyone, noisy, classes)[each, noisy],
        "neighbours by other artists alone": -neighbour_shares(strangers, noisy, classes)[
            each, noisy
        ],
        RULE: seed_rule(in_sample[STRENGTH]),
        **{f"the simple rule, C = {c:g}": seed_rule(in_sample[c]) for c in OTHERS},
        "in-sample softmax without a limit": -in_sample[STRENGTH],
    }
    count = int(wrong.sum())
    figures = {
        name: {
            "average_precision": average_precision(wrong, found),
            "precision_at_50": precision_at(wrong, found, 50),
            "precision_at_injected": precision_at(wrong, found, count),
        }
        for name, found in suspicion.items()
    }
    figures["confident learning's own choice"] = {
        "precision": float(wrong[suspects.counted].mean()),
        "recall": float(suspects.counted[wrong].mean()),
        "chosen": float(suspects.counted.sum()),
    }
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[10, 11, 12, 13, 14])
    parser.add_argument("--shares", type=float, nargs="+", default=[0.05, 0.10])
    options = parser.parse_args()
    folder = SHARED / "data" / "wikiart"
    if not folder.is_dir():
        parser.error(f"there is no folder {folder}; set ARTEXTRACT_SHARED")
    table = polars.read_csv(folder / "labels.csv")
    rows = embed_files([folder / file for file in table["file"]])
    labels = np.unique(table["style"].to_numpy(), return_inverse=True)[1].astype(np.int64)
    artists = table["artist"].to_list()
    classes = int(labels.max()) + 1
    results = []
    for kind in ("symmetric", "toward similar classes"):
        for share in options.shares:
            turns: list[Figures] = []
            for seed in options.seeds:
                if kind == "symmetric":
                    noisy = symmetric_noise(labels, share, classes, seed=seed)
                else:
                    noisy = toward_similar_noise(labels, share, rows, seed=seed)
                turns.append(one_turn(rows, labels, noisy, artists, seed))
                print(f"{kind}, {share:.0%}, seed {seed}", file=sys.stderr)
            summary = {
                name: {
                    measure: {
                        "mean": statistics.mean(turn[name][measure] for turn in turns),
                        "turns": [turn[name][measure] for turn in turns],
                    }
                    for measure in measures
                }
                for name, measures in turns[0].items()
            }
            ratios = [
                turn[OURS]["average_precision"] / turn[RULE]["average_precision"] for turn in turns
            ]
            results.append(
                {
                    "noise": kind,
                    "share": share,
                    "injected": round(share * len(labels)),
                    "average_precision_ratio": {
                        "mean": statistics.mean(ratios), "least": min(ratios), "turns": ratios
                    },
                    "rankings": summary,
                }
            )  # fmt: skip
    RESULTS.mkdir(exist_ok=True)
    written = {
        "works": len(labels),
        "classes": classes,
        "seeds": options.seeds,
        "strength": STRENGTH,
        "machine": {"cpus": os.cpu_count(), "machine": platform.machine()},
        "results": results,
    }
    (RESULTS / "outlier_noise.json").write_text(json.dumps(written, indent=1) + "\n")
    show(written)


def show(written: dict[str, object]) -> None:
    """Print the figures as Markdown tables."""
    results = written["results"]
    assert isinstance(results, list)
    seeds = written["seeds"]
    assert isinstance(seeds, list)
    print(f"{written['works']:,} samples, {written['classes']} styles, means of {len(seeds)} seeds")
    for result in results:
        ratio = result["average_precision_ratio"]
        print(
            f"\n{result['noise']} noise, {result['share']:.0%} ({result['injected']} labels): "
            f"ours has {ratio['mean']:.1f} times the rule's average precision "
            f"(least {ratio['least']:.1f})\n"
        )
        print("| ranking | average precision | P@50 | P@injected |\n|---|---|---|---|")
        for name, measures in result["rankings"].items():
            if "average_precision" in measures:
                cells = [f"{measure['mean']:.3f}" for measure in measures.values()]
                print(f"| {name} | {' | '.join(cells)} |")
        chosen = result["rankings"]["confident learning's own choice"]
        print(
            f"\nConfident learning calls {chosen['chosen']['mean']:.0f} labels wrong: precision "
            f"{chosen['precision']['mean']:.2f}, recall {chosen['recall']['mean']:.2f}."
        )


if __name__ == "__main__":
    main()
