"""Run all queries on one engine, in a process of its own, and keep every result and time."""

import json
import multiprocessing
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from artextract.errors import ArtExtractError, InputError
from search.bench.check import ResultCheck
from search.bench.engines import Prepare, Setting
from search.bench.faiss_mirror import Device
from search.bench.plan import Plan

_WARM_UP = 200  # queries that read the pages of a cold store


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One engine to measure with some settings, for a process of its own."""

    name: str
    out: str
    settings: tuple[Setting, ...]
    open: Callable[[], AbstractContextManager[Prepare]]
    """Opens the engine; it can be pickled."""
    threads: int
    clients: int
    device: Device = "cpu"


def measure(task: Task) -> None:
    """Measure in a fresh process, and write ``raw/NAME.json`` in the task's folder.

    Raises:
        InputError: the engine failed; its own message says why.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    before = {name: os.environ.get(name) for name in _THREADS}
    os.environ.update(dict.fromkeys(_THREADS, str(task.threads)))
    try:
        process = context.Process(target=_run, args=(task, sender))
        process.start()
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name)
            else:
                os.environ[name] = value
    sender.close()
    try:
        problem = receiver.recv()
    except EOFError:
        problem = "its process died"
    process.join()
    if problem is not None:
        raise InputError(f"{task.name} can't be measured: {problem}")


_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def _run(task: Task, sender: Any) -> None:
    try:
        result = _measure(task)
        path = Path(task.out, "raw", f"{task.name.replace(' ', '-')}.json")
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(result), encoding="utf-8")
        sender.send(None)
    except ArtExtractError as error:
        sender.send(str(error))
    finally:
        sender.close()


def _measure(task: Task) -> dict[str, Any]:
    plan = Plan.load(Path(task.out))
    check = ResultCheck(Path(task.out), plan)
    before = _resident_bytes()
    begun = time.perf_counter()
    with task.open() as prepare:
        opened = time.perf_counter()
        search = prepare(task.settings[0], plan.restriction("none", 0))
        search(plan.queries[0], plan.limit + 1)
        first = time.perf_counter() - opened
        runs = [
            _run_all(task, prepare, plan, check, setting, name)
            for setting in task.settings
            for name in plan.restrictions
            if _applies(task, setting, name)
        ]
        memory = _resident_bytes()
    return {
        "engine": task.name,
        "threads": task.threads,
        "clients": task.clients,
        "device": task.device,
        "open_seconds": opened - begun,
        "first_query_ms": 1000 * first,
        "memory_bytes": {name: value - before[name] for name, value in memory.items()},
        "runs": runs,
    }


def _applies(task: Task, setting: Setting, name: str) -> bool:
    """Return whether to measure the filter called ``name`` with ``setting``."""
    if name == "none":
        return setting.filtering == "chosen"
    # With an index on a GPU, filtered rows are compared one by one: settings change nothing.
    return task.device == "cpu" or setting == task.settings[0]


def _run_all(
    task: Task, prepare: Prepare, plan: Plan, check: ResultCheck, setting: Setting, name: str
) -> dict[str, Any]:
    """Run all queries with a setting and a filter, one by one and then from several threads.

    Raises:
        InputError: a result does not pass the filter.
    """
    clients = task.clients
    variants = [prepare(setting, variant) for variant in plan.restrictions[name]]
    count, limit = len(plan.queries), plan.limit + 1  # the query itself may be a result

    def search(at: int) -> list[int | str]:
        return variants[at % len(variants)](plan.queries[at], limit)

    for at in range(min(_WARM_UP, count)):
        search(at)
    times: list[float] = []
    results: list[list[int | str]] = []
    for at in range(count):
        begun = time.perf_counter()
        found = search(at)
        times.append(1000 * (time.perf_counter() - begun))
        results.append(found)
    barrier = threading.Barrier(clients + 1)
    concurrent: list[list[int | str]] = [[]] * count

    def client(number: int) -> None:
        barrier.wait()
        for at in range(number, count, clients):
            concurrent[at] = search(at)

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client, number) for number in range(clients)]
        barrier.wait()
        begun = time.perf_counter()
        for each in running:
            each.result()
        seconds = time.perf_counter() - begun
    check.check(task.name, name, results)
    check.check(task.name, name, concurrent)
    return {
        "filter": name,
        "setting": asdict(setting),
        "label": setting.label,
        "variant": setting.variant,
        "milliseconds": times,
        "answers": results,
        "concurrent_queries_per_second": count / seconds,
    }


def _resident_bytes() -> dict[str, int]:
    """Return the resident memory of this process: its own, and pages of mapped files."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    values = dict(line.split(":", 1) for line in text.splitlines() if line.startswith("Rss"))
    return {
        "own": 1024 * int(values["RssAnon"].split()[0]),
        "mapped": 1024 * int(values["RssFile"].split()[0]),
    }
