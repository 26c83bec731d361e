"""Nearest neighbours by FAISS, on the CPU and on the GPU, with every answer checked."""

import statistics
import time
from typing import Any

import numpy as np

from artextract.errors import ArtExtractError, PackageError
from benchmarks.gpu_sections.bench import Bench, Device, Figures, Skipped
from search.bench.faiss_mirror import Index, Kind, Mirror, build_mirror, load_faiss
from search.bench.plan import Plan, make_plan
from search.bench.synthetic import make_queries, make_store

DIMENSION = 512
POINTS: dict[Device, int] = {"cpu": 20_000, "cuda": 100_000}
QUERIES = 200
LIMIT = 10
KINDS: tuple[tuple[Kind, tuple[int, ...]], ...] = (("flat", (0,)), ("ivf-flat", (16, 64)))
FILTERS = ("none", "years 1%", "years 10%", "years 50%", "artist 10%")


def faiss(bench: Bench) -> Figures:
    """Yield p50 and recall of Flat and IVF-Flat, with filters inside the index and as shipped.

    A row outside its filter fails the section, after all figures.
    """
    try:
        library = load_faiss()
    except PackageError as error:
        raise Skipped(str(error)) from error
    yield "version", library.__version__
    gpus = library.get_num_gpus() if hasattr(library, "get_num_gpus") else 0
    if bench.device == "cuda" and not gpus:
        raise Skipped(
            f"this FAISS ({library.__version__}) has no GPU; install faiss-gpu instead of faiss-cpu"
        )
    points = POINTS[bench.device]
    yield "points", points
    yield "dimension", DIMENSION
    yield "threads", bench.cores
    folder = bench.scratch / "mirror"
    with make_store(str(bench.scratch / "vectors"), points, DIMENSION) as store:
        state = build_mirror(store, folder)
    mirror = Mirror(folder, state, threads=bench.cores)
    queries = make_queries(QUERIES, points, DIMENSION)
    plan = make_plan(mirror, queries, count=QUERIES, limit=LIMIT)
    yield "prepared_s", time.monotonic() - bench.started
    cases = [
        (device, kind, effort, name, inside)
        for device in bench.devices
        for kind, efforts in KINDS
        for effort in efforts
        for name in FILTERS
        if name in plan.restrictions
        for inside in ((False,) if name == "none" else (False, True))
    ]
    rows: list[dict[str, Any]] = []
    indexes: dict[tuple[Device, Kind], Index] = {}
    for number, (device, kind, effort, name, inside) in enumerate(cases):
        seconds = 0.8 * bench.left() / (len(cases) - number)
        row: dict[str, Any] = {
            "device": device, "index": kind, "effort": effort, "filter": name,
            "filtered": "inside the index" if inside else "as shipped",
        }  # fmt: skip
        try:
            if (device, kind) not in indexes:
                indexes[device, kind] = mirror.index(kind, device)
            row |= _ask(mirror, plan, indexes[device, kind], effort, name, inside, seconds)
        except ArtExtractError as error:
            row["refused"] = str(error)
        rows.append(row)
        yield "rows", rows
    wrong = [row for row in rows if row.get("outside_filter")]
    if wrong:
        raise RuntimeError(f"answers hold rows outside their filter: {wrong}")


def _ask(
    mirror: Mirror, plan: Plan, index: Index, effort: int, name: str, inside: bool, seconds: float
) -> dict[str, Any]:
    """Ask as many queries as fit into ``seconds``, ten at least, and return the figures."""
    variants = [each.rows(mirror) for each in plan.restrictions[name]]
    index.search(plan.queries[0], plan.limit, effort=effort, rows=variants[0], always_index=inside)
    deadline = time.perf_counter() + seconds
    times, hits, expected, outside = [], 0, 0, 0
    for at, query in enumerate(plan.queries):
        allowed = variants[at % len(variants)]
        begun = time.perf_counter()
        found, _ = index.search(query, plan.limit, effort=effort, rows=allowed, always_index=inside)
        times.append(time.perf_counter() - begun)
        true = plan.truth[name][at]
        true = true[true >= 0]
        hits += int(np.isin(true, found).sum())
        expected += len(true)
        outside += 0 if allowed is None else int((~np.isin(found, allowed)).sum())
        if at >= 10 and time.perf_counter() > deadline:
            break
    return {
        "queries": len(times),
        "p50_ms": 1000 * statistics.median(times),
        "recall": hits / expected,
        "outside_filter": outside,
    }
