"""Figures of the kept results and times: recall, percentiles, queries a second."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from artextract.errors import InputError
from search.bench.faiss_mirror import Device, Rows, compares_one_by_one
from search.bench.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One engine, setting and filter.

    ``variant`` is a way of filtering other than the engine's own, which is empty. ``recall`` is the
    mean share of the exact k results that were found; ``p50`` and so on are milliseconds of single
    queries, ``single`` and ``concurrent`` queries a second.
    """

    engine: str
    setting: str
    variant: str
    filter: str
    share: float
    queries: int
    recall: float
    p50: float
    p95: float
    p99: float
    single: float
    concurrent: float


@dataclass(frozen=True, slots=True)
class Figures:
    """All lines, with facts of the engines, the collection and the machine.

    ``engines`` is {name: open_seconds, first_query_ms, memory_bytes, disk_bytes, build_seconds}.
    """

    lines: tuple[Line, ...]
    engines: dict[str, dict[str, Any]]
    facts: dict[str, Any]

    def best(self, engine: str, filter_: str, least: float, variant: str = "") -> Line | None:
        """Return the fastest line of an engine under a filter with at least this recall."""
        fitting = [
            line
            for line in self.lines
            if line.engine == engine
            and line.filter == filter_
            and line.recall >= least
            and line.variant == variant
        ]
        return min(fitting, key=lambda line: line.p50, default=None)


def make_figures(folder: Path) -> Figures:
    """Return the figures of the results in ``folder``, and write them to ``figures.json``.

    Raises:
        InputError: there are none.
    """
    try:
        plan = Plan.load(folder)
        facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
        ids = np.load(folder / "ids.npy")
        raw = sorted((folder / "raw").glob("*.json"))
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"{folder} holds no results of a benchmark ({error}); run `artextract bench`"
        ) from error
    row_of = {point_id: row for row, point_id in enumerate(ids.tolist())}
    lines, engines = [], {}
    for path in raw:
        measured = json.loads(path.read_text(encoding="utf-8"))
        runs = measured.pop("runs")
        engines[measured["engine"]] = {**measured, **facts["engines"].get(measured["engine"], {})}
        for run in runs:
            lines.append(_line(measured["engine"], measured["device"], run, plan, row_of))
    figures = Figures(tuple(lines), engines, facts)
    text = json.dumps(asdict(figures), indent=1)
    (folder / "figures.json").write_text(text + "\n", encoding="utf-8")
    return figures


def _line(
    engine: str, device: Device, run: dict[str, Any], plan: Plan, row_of: dict[str, int]
) -> Line:
    times = np.array(run["milliseconds"])
    name = run["filter"]
    found = [
        [row_of[each] if isinstance(each, str) else each for each in answer]
        for answer in run["answers"]
    ]
    share = float(np.mean([each.share for each in plan.restrictions[name]]))
    label, variant = run["label"], run["variant"]
    filtered = name != "none" and engine.startswith("faiss") and not variant
    if filtered and compares_one_by_one(share, device):
        label = "one by one"
    p50, p95, p99 = (float(value) for value in np.percentile(times, [50, 95, 99]))
    return Line(
        engine=engine,
        setting=label,
        variant=variant,
        filter=name,
        share=share,
        queries=len(times),
        recall=recall(found, plan.truth[name], plan.left_out),
        p50=p50,
        p95=p95,
        p99=p99,
        single=1000 * len(times) / float(times.sum()),
        concurrent=run["concurrent_queries_per_second"],
    )


def recall(found: list[list[int]], truth: Rows, left_out: Rows) -> float:
    """Return the mean share of the exact results that were found, the query itself left out.

    Args:
        found: For each query its rows, best first, with or without the query's own.
        truth: Exact results (q, k), filled up with -1.
        left_out: Row of each query (q,), or -1.
    """
    shares = []
    for answer, true, own in zip(found, truth, left_out, strict=True):
        expected = {int(row) for row in true if row >= 0}
        if expected:
            kept = [row for row in answer if row != own][: len(expected)]
            shares.append(len(expected & set(kept)) / len(expected))
    return float(np.mean(shares)) if shares else 1.0
