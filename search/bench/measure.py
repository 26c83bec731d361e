"""Asking one engine all questions, in a process of its own, and keeping every answer and time."""

import json
import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from artextract.errors import ArtExtractError, InputError
from artextract.store.location import Location
from search.bench.check import AnswerCheck
from search.bench.engines import Ask, Engine, FaissEngine, QdrantEngine, Setting
from search.bench.faiss_mirror import Device, Kind, MirrorState
from search.bench.plan import Plan

__all__ = ["Task", "measure"]

_WARM_UP = 200  # the pages of a cold store are read by then


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One engine to be measured with some settings; the process that does so needs no more."""

    name: str
    out: str
    settings: tuple[Setting, ...]
    aspect: str
    threads: int
    clients: int
    location: Location | None = None
    mirror: str | None = None
    state: MirrorState | None = None
    kind: Kind | None = None
    device: Device = "cpu"


def measure(task: Task) -> None:
    """Measure in a fresh process, and write ``raw/NAME.json`` in the task's folder.

    Raises:
        InputError: the engine could not be asked; its own sentence says why.
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
    """Be the process."""
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
    check = AnswerCheck(Path(task.out), plan)
    before = _resident_bytes()
    begun = time.perf_counter()
    engine = _open(task)
    try:
        opened = time.perf_counter()
        ask = engine.ready(task.settings[0], plan.restriction("none", 0))
        ask(plan.queries[0], plan.limit + 1)
        first = time.perf_counter() - opened
        runs = [
            _ask_all(task, engine, plan, check, setting, name)
            for setting in task.settings
            for name in plan.restrictions
            if _is_asked(task, setting, name)
        ]
        memory = _resident_bytes()
    finally:
        engine.close()
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


def _open(task: Task) -> Engine:
    if task.location is not None:
        return QdrantEngine(task.location, task.aspect)
    assert task.mirror is not None
    assert task.state is not None
    assert task.kind is not None
    return FaissEngine(Path(task.mirror), task.state, task.kind, task.device, task.threads)


def _is_asked(task: Task, setting: Setting, name: str) -> bool:
    """Return whether the filter called ``name`` is measured with ``setting``."""
    if name == "none":
        return setting.filtering == "chosen"
    # With its index on a GPU, FAISS compares filtered rows one by one: settings change nothing.
    return task.device == "cpu" or setting == task.settings[0]


def _ask_all(
    task: Task, engine: Engine, plan: Plan, check: AnswerCheck, setting: Setting, name: str
) -> dict[str, Any]:
    """Ask all queries under a setting and a filter, one by one and then from several threads.

    Raises:
        InputError: an answer does not pass the filter.
    """
    clients = task.clients
    variants = [engine.ready(setting, variant) for variant in plan.restrictions[name]]
    asks: list[Ask] = [variants[at % len(variants)] for at in range(len(plan.queries))]
    limit = plan.limit + 1  # the query itself may be among them
    for at in range(min(_WARM_UP, len(asks))):
        asks[at](plan.queries[at], limit)
    times: list[float] = []
    answers: list[list[int | str]] = []
    for at, ask in enumerate(asks):
        begun = time.perf_counter()
        found = ask(plan.queries[at], limit)
        times.append(1000 * (time.perf_counter() - begun))
        answers.append(found)
    barrier = threading.Barrier(clients + 1)

    together_answers: list[list[int | str]] = [[]] * len(asks)

    def client(number: int) -> None:
        barrier.wait()
        for at in range(number, len(asks), clients):
            together_answers[at] = asks[at](plan.queries[at], limit)

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client, number) for number in range(clients)]
        barrier.wait()
        begun = time.perf_counter()
        for each in running:
            each.result()
        together = time.perf_counter() - begun
    check.check(task.name, name, answers)
    check.check(task.name, name, together_answers)
    return {
        "filter": name,
        "setting": asdict(setting),
        "label": setting.label,
        "variant": setting.variant,
        "milliseconds": times,
        "answers": answers,
        "concurrent_queries_per_second": len(asks) / together,
    }


def _resident_bytes() -> dict[str, int]:
    """Return this process's resident memory: its own, and pages of mapped files."""
    text = Path("/proc/self/status").read_text(encoding="utf-8")
    values = dict(line.split(":", 1) for line in text.splitlines() if line.startswith("Rss"))
    return {
        "own": 1024 * int(values["RssAnon"].split()[0]),
        "mapped": 1024 * int(values["RssFile"].split()[0]),
    }
