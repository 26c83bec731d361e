"""A whole benchmark: collection, mirror, plan, measuring, report."""

import json
import os
import platform
import re
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artextract.errors import InputError
from artextract.store import Layout, Store, open_store
from artextract.store.location import Location
from search.bench.check import save_passing
from search.bench.engines import Setting
from search.bench.faiss_mirror import (
    GPU_KINDS,
    GPU_LIMIT,
    KINDS,
    LEAST_VECTORS,
    Device,
    Kind,
    Mirror,
    MirrorState,
    build_mirror,
    check_gpu,
    load_faiss,
)
from search.bench.figures import Figures, make_figures
from search.bench.measure import Task, measure
from search.bench.plan import Plan, make_plan
from search.bench.synthetic import make_queries, make_store

__all__ = ["Wanted", "run"]

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is asked for; see the command's options. Either ``store`` or ``synthetic`` is given."""

    out: Path
    mirror: Path
    store: Location | None
    synthetic: int | None
    dimension: int
    layout: Mapping[str, Any]
    aspect: str
    queries: int
    limit: int
    indexes: Sequence[Kind] | None
    efforts: Sequence[int]
    threads: int
    clients: int
    device: Device
    rebuild: bool
    seed: int


def run(wanted: Wanted, tell: Tell) -> Figures:
    """Measure what is wanted, keep all answers in ``wanted.out``, and return the figures.

    Raises:
        StoreMismatchError: the mirror is one of another state, and not to be rebuilt.
        PackageError: a GPU is asked for and FAISS sees none.
        InputError: the collection is too small, something can't be done on a GPU or be written, or
            an engine returned a row that does not pass its filter.
    """
    if wanted.device == "cuda":
        _check_gpu_run(wanted, tell)
    _make_folder(wanted.out)
    location = wanted.store or Location(str(wanted.out / "store"))
    built: dict[str, dict[str, Any]] = {"qdrant": {}}
    begun = time.perf_counter()
    store = _open(wanted, location, tell)
    if wanted.synthetic is not None:
        built["qdrant"]["build_seconds"] = time.perf_counter() - begun
    with store:
        if wanted.aspect not in store.manifest.vectors:
            raise InputError(
                f"the collection has no vectors of {wanted.aspect!r}; it has "
                f"{', '.join(store.manifest.vectors)}"
            )
        tell("Waiting until the collection is in order.")
        store.settle()
        state = _mirrored(wanted, store, tell)
        layout = store.manifest.layout
        name = store.manifest.model.name
    with open_store(location) as again:  # by now the engine has tidied up what it merged
        built["qdrant"]["disk_bytes"] = again.disk_bytes()
    mirror = Mirror(wanted.mirror, state, threads=os.cpu_count() or 1)
    _check_size(mirror, wanted)
    kinds = _fitting(mirror, wanted.device, tell) if wanted.indexes is None else wanted.indexes
    for kind in kinds:
        tell(f"FAISS {kind}: building it, unless it is there.")
        there, begun = mirror.path(kind, wanted.device).is_file(), time.perf_counter()
        path = mirror.build(kind, wanted.device)
        facts = built.setdefault(f"faiss {kind}", {"disk_bytes": path.stat().st_size})
        if not there:
            facts["build_seconds"] = time.perf_counter() - begun
    tell("Drawing queries and filters, and finding the true answers.")
    plan = _plan(wanted, mirror)
    plan.save(wanted.out)
    save_passing(plan, mirror, wanted.out)
    made_up = f"made-up vectors, seed {wanted.seed}"
    collection = made_up if wanted.synthetic else f"{location} ({name})"
    _save_facts(wanted, plan, mirror, built, f"{collection}; {_describe(layout)}")
    shutil.rmtree(wanted.out / "raw", ignore_errors=True)
    del mirror
    quantised = layout.quantization != "none"
    for task in _tasks(wanted, kinds, location, state, quantised):
        tell(f"Asking {task.name}.")
        measure(task)
    return make_figures(wanted.out)


def _open(wanted: Wanted, location: Location, tell: Tell) -> Store:
    if wanted.synthetic is None:
        return open_store(location)
    tell(
        f"Making {wanted.synthetic:,} vectors of {wanted.dimension} numbers, unless they are there."
    )
    return make_store(
        str(location),
        wanted.synthetic,
        wanted.dimension,
        seed=wanted.seed,
        layout=wanted.layout,
    )


def _mirrored(wanted: Wanted, store: Store, tell: Tell) -> MirrorState:
    """Return the collection's state, of which the mirror is a copy now."""
    state = MirrorState.of(store, wanted.aspect)
    if not wanted.rebuild and (wanted.mirror / "mirror.json").is_file():
        Mirror(wanted.mirror, state)
        return state
    tell("Copying vectors into the mirror.")
    return build_mirror(store, wanted.mirror, aspect=wanted.aspect)


def _check_size(mirror: Mirror, wanted: Wanted) -> None:
    if len(mirror.ids) <= wanted.limit + 1:
        raise InputError(
            f"the collection has {len(mirror.ids)} works with vectors of {wanted.aspect!r}, too "
            f"few to look for the {wanted.limit} nearest of; ingest more"
        )


def _check_gpu_run(wanted: Wanted, tell: Tell) -> None:
    """Check before anything is built that a GPU can do what is wanted of FAISS."""
    if wanted.indexes is None:
        for kind in KINDS:
            if kind not in GPU_KINDS:
                tell(f"FAISS {kind} is left out: FAISS has no {kind} on a GPU.")
    for option, value in (("-k", wanted.limit + 1), ("--ef", max(wanted.efforts))):
        if value > GPU_LIMIT:
            raise InputError(
                f"{option} asks FAISS for {value:,}, and on a GPU it takes at most {GPU_LIMIT:,}; "
                "lower it, or use --device cpu"
            )
    check_gpu(load_faiss(), wanted.indexes or ())


def _fitting(mirror: Mirror, device: Device, tell: Tell) -> list[Kind]:
    """Return the indexes of ``device`` that there are vectors enough for."""
    kinds: list[Kind] = []
    for kind in GPU_KINDS if device == "cuda" else KINDS:
        if len(mirror.ids) >= LEAST_VECTORS[kind]:
            kinds.append(kind)
        else:
            tell(f"FAISS {kind} is left out: it needs {LEAST_VECTORS[kind]:,} vectors.")
    return kinds


def _plan(wanted: Wanted, mirror: Mirror) -> Plan:
    queries = None
    if wanted.synthetic is not None:
        queries = make_queries(wanted.queries, wanted.synthetic, wanted.dimension, seed=wanted.seed)
    return make_plan(mirror, queries, count=wanted.queries, limit=wanted.limit, seed=wanted.seed)


def _tasks(
    wanted: Wanted, kinds: Sequence[Kind], location: Location, state: MirrorState, quantised: bool
) -> list[Task]:
    common: dict[str, Any] = {
        "out": str(wanted.out),
        "aspect": wanted.aspect,
        "threads": wanted.threads,
        "clients": wanted.clients,
    }
    rescored: list[float | None] = [0.0, 1.0, 3.0] if quantised else [None]
    qdrant = tuple(
        Setting(effort, times, filtering)
        for filtering in ("chosen", "plain")
        for effort in wanted.efforts
        for times in rescored
    )
    tasks = [Task(name="qdrant", location=location, settings=qdrant, **common)]
    for kind in kinds:
        efforts = (0,) if kind == "flat" else tuple(wanted.efforts)
        settings = [Setting(effort) for effort in efforts]
        if kind != "flat" and wanted.device == "cpu":
            settings += [Setting(effort, filtering="inside") for effort in efforts]
        tasks.append(
            Task(
                name=f"faiss {kind}",
                mirror=str(wanted.mirror),
                state=state,
                kind=kind,
                settings=tuple(settings),
                device=wanted.device,
                **common,
            )
        )
    return tasks


def _save_facts(
    wanted: Wanted, plan: Plan, mirror: Mirror, built: dict[str, Any], collection: str
) -> None:
    facts = {
        "points": len(mirror.ids),
        "dimension": mirror.vectors.shape[1],
        "collection": collection,
        "queries": len(plan.queries),
        "limit": plan.limit,
        "threads": wanted.threads,
        "clients": wanted.clients,
        "device": wanted.device,
        "machine": _machine(wanted.device),
        "faiss": mirror.faiss.__version__,
        "command": shlex.join(["artextract", *sys.argv[1:]]),
        "engines": built,
    }
    (wanted.out / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def _describe(layout: Layout) -> str:
    return (
        f"HNSW m {layout.hnsw_m}, ef_construct {layout.hnsw_ef_construct}, "
        f"quantisation {layout.quantization}"
    )


def _machine(device: Device) -> str:
    """Return the processor's name and number of cores, and on ``cuda`` the names of the GPUs."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = ""
    found = re.search(r"^model name\s*:\s*(.*)$", text, re.MULTILINE)
    name = found[1] if found else platform.machine()
    parts = [f"{os.cpu_count()} cores, {name}"]
    if device == "cuda":
        for path in sorted(Path("/proc/driver/nvidia/gpus").glob("*/information")):
            parts += re.findall(r"^Model:\s*(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return "; ".join(parts)


def _make_folder(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} can't be made ({error.strerror}); name another --out") from error
