"""A whole benchmark: collection, mirror, plan, measurement."""

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
from functools import partial
from pathlib import Path
from typing import Any

from artextract.errors import InputError
from artextract.files import explain_os_errors
from artextract.store import Store, open_store, with_grpc
from artextract.store.location import Location
from search.bench.check import save_passing
from search.bench.engines import Setting, open_faiss, open_qdrant
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


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchConfig:
    """A benchmark; see the options of the command.

    ``store`` is measured, or filled first if ``synthetic`` is set.
    """

    out: Path
    mirror: Path
    store: Location
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


def run(config: BenchConfig, on_step: Callable[[str], None]) -> Figures:
    """Measure all engines, keep their results in ``config.out``, and return the figures.

    ``on_step`` is called with a line of text at each step.

    Raises:
        StoreMismatchError: the mirror is of another state, and not to be rebuilt.
        PackageError: ``device`` is "cuda", and FAISS sees no GPU.
        InputError: the collection is too small, a GPU can't do something, a file can't be written,
            or an engine returned a row that does not pass its filter.
    """
    if config.device == "cuda":
        _check_gpu_run(config, on_step)
    with explain_os_errors(f"{config.out} can't be created", "name another folder with `out`"):
        config.out.mkdir(parents=True, exist_ok=True)
    location = with_grpc(config.store)
    built: dict[str, dict[str, Any]] = {"qdrant": {}}
    begun = time.perf_counter()
    if location.is_server:
        on_step(f"Searching {location} by {'gRPC' if location.grpc else 'REST'}.")
    store = _open(config, location, on_step)
    if config.synthetic is not None:
        built["qdrant"]["build_seconds"] = time.perf_counter() - begun
    with store:
        if config.aspect not in store.manifest.vectors:
            raise InputError(
                f"the collection has no vectors of {config.aspect!r}; it has "
                f"{', '.join(store.manifest.vectors)}"
            )
        on_step("Waiting for the collection to be optimized.")
        store.settle(on_step)
        state = _mirrored(config, store, on_step)
        name = store.manifest.model.name
        quantised = store.manifest.layout.quantization != "none"
        described = store.describe()
    with open_store(location) as again:  # by now the engine has deleted merged segments
        built["qdrant"]["disk_bytes"] = again.disk_bytes()
    mirror = Mirror(config.mirror, state, threads=os.cpu_count() or 1)
    if len(mirror.ids) <= config.limit + 1:
        raise InputError(
            f"the collection has {len(mirror.ids)} artworks with vectors of {config.aspect!r}, too "
            f"few for the {config.limit} nearest; ingest more"
        )
    kinds = _fitting(mirror, config.device, on_step) if config.indexes is None else config.indexes
    for kind in kinds:
        on_step(f"FAISS {kind}: building it unless it exists.")
        there, begun = mirror.path(kind, config.device).is_file(), time.perf_counter()
        path = mirror.build(kind, config.device)
        facts = built.setdefault(f"faiss {kind}", {"disk_bytes": path.stat().st_size})
        if not there:
            facts["build_seconds"] = time.perf_counter() - begun
    on_step("Drawing queries and filters, and computing exact results.")
    queries = None
    if config.synthetic is not None:
        queries = make_queries(config.queries, config.synthetic, config.dimension, seed=config.seed)
    plan = make_plan(mirror, queries, count=config.queries, limit=config.limit, seed=config.seed)
    plan.save(config.out)
    save_passing(plan, mirror, config.out)
    synthetic = f"synthetic vectors, seed {config.seed}"
    collection = synthetic if config.synthetic else f"{location} ({name})"
    collection = "; ".join([collection, *(f"{label}: {text}" for label, text in described)])
    _save_facts(config, plan, mirror, built, collection, dict(described))
    shutil.rmtree(config.out / "raw", ignore_errors=True)
    del mirror
    for task in _tasks(config, kinds, location, state, quantised):
        on_step(f"Measuring {task.name}.")
        measure(task)
    return make_figures(config.out)


def _open(config: BenchConfig, location: Location, on_step: Callable[[str], None]) -> Store:
    if config.synthetic is None:
        return open_store(location)
    on_step(
        f"Making {config.synthetic:,} vectors of {config.dimension} dimensions unless they exist."
    )
    return make_store(
        location,
        config.synthetic,
        config.dimension,
        seed=config.seed,
        layout=config.layout,
    )


def _mirrored(config: BenchConfig, store: Store, on_step: Callable[[str], None]) -> MirrorState:
    """Bring the mirror up to date; return the state of the collection."""
    state = MirrorState.of(store, config.aspect)
    if not config.rebuild and (config.mirror / "mirror.json").is_file():
        Mirror(config.mirror, state)
        return state
    on_step("Copying vectors into the mirror.")
    return build_mirror(store, config.mirror, aspect=config.aspect)


def _check_gpu_run(config: BenchConfig, on_step: Callable[[str], None]) -> None:
    """Check before anything is built that FAISS can do the benchmark on a GPU."""
    if config.indexes is None:
        for kind in KINDS:
            if kind not in GPU_KINDS:
                on_step(f"FAISS {kind} is left out: FAISS has no {kind} on a GPU.")
    for field, value in (("k", config.limit + 1), ("ef", max(config.efforts))):
        if value > GPU_LIMIT:
            raise InputError(
                f"`{field}` needs {value:,} of FAISS, which takes at most {GPU_LIMIT:,} on a GPU; "
                "lower it, or set `device` to cpu"
            )
    check_gpu(load_faiss(), config.indexes or ())


def _fitting(mirror: Mirror, device: Device, on_step: Callable[[str], None]) -> list[Kind]:
    """Return the indexes of ``device`` for which there are enough vectors."""
    kinds: list[Kind] = []
    for kind in GPU_KINDS if device == "cuda" else KINDS:
        if len(mirror.ids) >= LEAST_VECTORS[kind]:
            kinds.append(kind)
        else:
            on_step(f"FAISS {kind} is left out: it needs {LEAST_VECTORS[kind]:,} vectors.")
    return kinds


def _tasks(
    config: BenchConfig,
    kinds: Sequence[Kind],
    location: Location,
    state: MirrorState,
    quantised: bool,
) -> list[Task]:
    common: dict[str, Any] = {
        "out": str(config.out),
        "threads": config.threads,
        "clients": config.clients,
    }
    rescored: list[float | None] = [0.0, 1.0, 3.0] if quantised else [None]
    qdrant = (
        Setting(None),
        *(Setting(effort, times) for effort in config.efforts for times in rescored),
        *(Setting(effort, rescored[-1], "acorn") for effort in config.efforts),
    )
    open_collection = partial(open_qdrant, location, config.aspect)
    tasks = [Task(name="qdrant", open=open_collection, settings=qdrant, **common)]
    for kind in kinds:
        efforts = (0,) if kind == "flat" else tuple(config.efforts)
        settings = [Setting(effort) for effort in efforts]
        if kind != "flat" and config.device == "cpu":
            settings += [Setting(effort, filtering="inside") for effort in efforts]
        tasks.append(
            Task(
                name=f"faiss {kind}",
                open=partial(open_faiss, config.mirror, state, kind, config.device, config.threads),
                settings=tuple(settings),
                device=config.device,
                **common,
            )
        )
    return tasks


def _save_facts(
    config: BenchConfig,
    plan: Plan,
    mirror: Mirror,
    built: dict[str, Any],
    collection: str,
    described: Mapping[str, str],
) -> None:
    facts = {
        "points": len(mirror.ids),
        "dimension": mirror.vectors.shape[1],
        "collection": collection,
        "qdrant": described,
        "queries": len(plan.queries),
        "limit": plan.limit,
        "threads": config.threads,
        "clients": config.clients,
        "device": config.device,
        "machine": _machine(config.device),
        "faiss": mirror.faiss.__version__,
        "command": shlex.join(["artextract", *sys.argv[1:]]),
        "engines": built,
    }
    (config.out / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


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
