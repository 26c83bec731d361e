"""Publish figures of ``artextract bench``: the best settings of each engine, for several sizes.

    artextract bench --synthetic 10000 --dim 512 --out bench-10k
    artextract bench --synthetic 100000 --dim 512 --out bench-100k
    python -m benchmarks.qdrant_faiss bench-10k bench-100k

The best lines of all folders go to benchmarks/results/qdrant_faiss.json.
"""

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.common import save_figures
from search.bench.figures import make_figures
from search.bench.report import chosen_lines

KEPT = ("engine", "setting", "variant", "filter", "share", "recall", "p50", "p95")


def read_run(folder: Path) -> dict[str, Any]:
    """Return facts of a benchmark, and its lines by default and with the best settings."""
    figures = make_figures(folder)
    facts = figures.facts
    lines = {line: None for line in figures.lines if line.setting == "default"}
    lines |= dict.fromkeys(chosen_lines(figures))
    return {
        **{name: facts[name] for name in ("points", "dimension", "queries", "limit", "command")},
        "machine": facts["machine"],
        "qdrant": facts["qdrant"],
        "build_seconds": figures.engines["qdrant"].get("build_seconds"),
        "lines": [{name: asdict(line)[name] for name in KEPT} for line in lines],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, help="folders of benchmarks")
    options = parser.parse_args()
    print(save_figures("qdrant_faiss", {"runs": [read_run(each) for each in options.folders]}))


if __name__ == "__main__":
    main()
