"""How well each aspect serves its task: the figures of the README.

    python -m benchmarks.aspects --store nga

Measured on the synthetic paintings beyond the demo's 240, whose factors are known, and on the NGA
paintings of the collection that people labelled (labels/README.md). Raw figures go to
results/aspects.json.
"""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import atelier
from search.evaluation.aspects import TASKS

FOLDER = Path(__file__).resolve().parent
NGA_LABELS = FOLDER / "labels" / "nga.csv"
WORKS = {"dev": (0, 240), "test": (240, 600)}


def run(*words: object) -> str:
    """Run ``artextract`` and return what it printed."""
    command = [sys.executable, "-m", "artextract", *map(str, words)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def evaluate(store: object, labels: Path, part: str, sample: int) -> list[dict[str, Any]]:
    printed = run("eval", "aspects", "--store", store, "--labels", labels, "--part", part,
                  "--sample", sample, "--format", "json")  # fmt: skip
    rows: list[dict[str, Any]] = json.loads(printed.replace(str(labels), labels.name))
    return rows


def evaluate_atelier(folder: Path, part: str) -> list[dict[str, Any]]:
    """Return the figures for the factors of the synthetic paintings."""
    begin, end = WORKS[part]
    works = atelier.make_works(end)[begin:]
    catalog = atelier.save_gallery(folder, works)
    run("ingest", "catalog", catalog, "--store", folder / "store", "--device", "cpu")
    labels = folder / "labels.csv"
    with labels.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        factors = [task for task in TASKS if hasattr(works[0], task)]
        writer.writerow(["id", *factors])
        for work in works:
            # Of a group the direction of one head would have to be chosen.
            of_one = {"head": work.head if work.scene == "portrait" else ""}
            writer.writerow([work.id, *(of_one.get(f, getattr(work, f)) for f in factors)])
    rows = evaluate(folder / "store", labels, part, sample=1)
    return [row for row in rows if row["section"] == "Aspects on labelled artworks"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--store", help="collection of NGA paintings; without one, none are used")
    parser.add_argument("--part", choices=list(WORKS), default="test")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = {"part": options.part, "atelier": evaluate_atelier(Path(folder), options.part)}
    if options.store:
        figures["nga"] = evaluate(options.store, NGA_LABELS, options.part, sample=200)
    path = FOLDER / "results" / "aspects.json"
    path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(path)


if __name__ == "__main__":
    main()
