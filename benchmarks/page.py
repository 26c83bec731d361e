"""How quickly the page's API answers, to how many at once, and whether its memory grows.

    python benchmarks/page.py --out /tmp/page-bench

A server (`artextract serve`) owns a collection, and clients of another process on the same cores
ask it at once: works alike ("alike"), alike works under another filter than before ("filter"), a
list under another filter ("list"), and one section of counts under another filter ("counts").
Filters are an artist or a span of years, drawn anew each time. The collections are the 1,500
paintings of $ARTEXTRACT_SHARED/data/nga with all aspects, and 100,000 made-up works; both are made
in --out where they are not there yet. The baseline is the same question asked in the process that
has the collection open, with no server. Then 10,000 requests are made, and the server's memory is
read after each thousand. Raw figures go to benchmarks/results/page.json.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

import artextract
from search.bench.synthetic import make_store

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))
KINDS = ("alike", "filter", "list", "counts")
CLIENTS = (1, 8, 32)
EACH = 250
WARM = 100
LONG = 10_000
PAGE = 48

Parameters = list[tuple[str, str]]


def main() -> None:
    """Measure both collections, write and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=LONG)
    out = parser.parse_args()
    out.out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"cpus": os.cpu_count(), "collections": []}
    for make in (make_real, make_synthetic):
        result["collections"].append(measure(make(out.out), out.requests))
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1) + "\n"
    (RESULTS / "page.json").write_text(text, encoding="utf-8")
    print(text, end="")


def make_real(out: Path) -> Path:
    """Return the collection of NGA paintings, made by the command where it is not there yet."""
    store = out / "nga"
    if not (store / "manifest.json").exists():
        images = SHARED / "data" / "nga" / "images"
        server = [sys.executable, str(ROOT / "tests" / "support" / "iiif_server.py"), str(images)]
        with subprocess.Popen(server, stdout=subprocess.PIPE, text=True) as serving:
            assert serving.stdout is not None
            address = serving.stdout.readline().strip()
            tables = str(SHARED / "data" / "nga")
            command = [sys.executable, "-m", "artextract", "ingest", "nga", "--tables", tables,
                       "--iiif", address, "--store", str(store)]  # fmt: skip
            subprocess.run(command, check=True)
            serving.terminate()
    return store


def make_synthetic(out: Path) -> Path:
    """Return the collection of 100,000 made-up works."""
    store = out / "synthetic"
    make_store(str(store), 100_000, 512).close()
    return store


def measure(store: Path, requests: int) -> dict[str, Any]:
    """Return all figures of one collection."""
    with serving_page(store) as (address, pid):
        asked = Questions(address)
        asyncio.run(ask(address, asked.draw("mixed", WARM), 1))
        rows = []
        for clients in CLIENTS:
            for kind in KINDS:
                times = asyncio.run(ask(address, asked.draw(kind, EACH), clients))
                rows.append({"clients": clients, "kind": kind, "n": EACH, **percentiles(times)})
        memory = []
        for _ in range(requests // 1000):
            asyncio.run(ask(address, asked.draw("mixed", 1000), 8))
            memory.append(resident_mib(pid))
    return {
        "works": asked.works,
        "rows": rows,
        "in_process": in_process(store, asked.draw("alike", EACH)),
        "memory_mib_after_each_thousand": memory,
    }


class Questions:
    """Draws questions that have not been asked before, as far as a collection has so many."""

    def __init__(self, address: str) -> None:
        """Learn of the collection at ``address`` what can be asked for."""
        self._random = random.Random(0)
        api = httpx.Client(base_url=f"{address}/api/v1", timeout=120)
        self.works = api.get("/collection").json()["works"]
        self._ids: list[str] = []
        start: int | None = 0
        while start is not None and len(self._ids) < 2000:
            page = api.get("/search", params={"limit": 200, "start": start}).json()
            self._ids += [work["id"] for work in page["works"]]
            start = page["next"]
        counted = api.get("/facets", params={"field": "artist", "top": 200}).json()
        self._artists = [choice["value"] for choice in counted["fields"]["artist"]]

    def draw(self, kind: str, count: int) -> list[tuple[str, Parameters]]:
        """Return ``count`` questions of a kind, or of all in turn ("mixed")."""
        return [
            self._one(KINDS[at % len(KINDS)] if kind == "mixed" else kind) for at in range(count)
        ]

    def _one(self, kind: str) -> tuple[str, Parameters]:
        like = ("like", self._random.choice(self._ids))
        if kind == "alike":
            return "/search", [like, ("limit", str(PAGE))]
        if kind == "filter":
            return "/search", [like, self._filter(), ("limit", str(PAGE))]
        if kind == "list":
            return "/search", [self._filter(), ("limit", str(PAGE))]
        return "/facets", [("field", "artist"), ("top", "9"), self._years()]

    def _filter(self) -> tuple[str, str]:
        if self._random.random() < 0.5:
            return "artist", self._random.choice(self._artists)
        return self._years()

    def _years(self) -> tuple[str, str]:
        first = self._random.randint(1400, 1900)
        return "years", f"{first}:{first + self._random.randint(5, 300)}"


async def ask(address: str, questions: list[tuple[str, Parameters]], clients: int) -> list[float]:
    """Return the seconds that each question took, asked by so many clients at once."""
    waiting = iter(questions)
    times: list[float] = []
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=120, limits=limits) as api:

        async def work() -> None:
            for path, parameters in waiting:
                begun = time.perf_counter()
                answer = await api.get(path, params=list(parameters))
                times.append(time.perf_counter() - begun)
                answer.raise_for_status()

        await asyncio.gather(*(work() for _ in range(clients)))
    return times


def in_process(store: Path, questions: list[tuple[str, Parameters]]) -> dict[str, float]:
    """Return how long the same questions take with no server between."""
    times = []
    with artextract.open(store) as collection:
        for warm in (True, False):
            for _, parameters in questions:
                begun = time.perf_counter()
                collection.search(dict(parameters)["like"], limit=PAGE)
                if not warm:
                    times.append(time.perf_counter() - begun)
    return percentiles(times)


def percentiles(times: list[float]) -> dict[str, float]:
    """Return the median and the 95th percentile in milliseconds."""
    ordered = sorted(times)
    return {
        "p50_ms": round(1000 * ordered[len(ordered) // 2], 1),
        "p95_ms": round(1000 * ordered[int(len(ordered) * 0.95)], 1),
    }


@contextlib.contextmanager
def serving_page(store: Path) -> Iterator[tuple[str, int]]:
    """Run the server; yield its address and its process id."""
    command = [sys.executable, "-m", "artextract", "serve", "--store", str(store), "--port", "0",
               "--reads-per-minute", "100000000"]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        found = re.search(r"http://\S+", server.stderr.readline())
        assert found
        try:
            yield found[0], server.pid
        finally:
            server.send_signal(signal.SIGTERM)


def resident_mib(pid: int) -> float:
    """Return the memory of a process that is no mapped file's."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)
    assert found
    return round(int(found[1]) / 1024, 1)


if __name__ == "__main__":
    main()
