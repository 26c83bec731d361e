"""Latency of the page's API for concurrent clients, and growth of its memory.

    python -m benchmarks.page --out /tmp/page-bench

A server (`artextract serve`) owns a collection, and concurrent clients of another process on the
same cores send requests: similar artworks ("similar"), similar artworks under a new filter
("filter"), a list under a new filter ("list"), and the counts of a field under a new filter
("counts"). Filters are an artist or a span of years, drawn anew each time. The collections are the
1,500 paintings of $ARTEXTRACT_SHARED/data/nga with all aspects, and 100,000 synthetic artworks;
both are created in --out unless they exist. The baseline is the same search in the process that has
the collection open, without a server. Then 10,000 requests are sent, and the memory of the server
is read after each thousand. Raw figures go to benchmarks/results/page.json.
"""

import argparse
import asyncio
import contextlib
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
from benchmarks.common import ROOT, SHARED, save_figures
from search.bench.synthetic import make_store

KINDS = ("similar", "filter", "list", "counts")
CLIENTS = (1, 8, 32)
EACH = 250
WARM = 100
LONG = 10_000
PAGE = 48

Parameters = list[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--requests", type=int, default=LONG)
    out = parser.parse_args()
    out.out.mkdir(parents=True, exist_ok=True)
    result: dict[str, Any] = {"cpus": os.cpu_count(), "collections": []}
    for make in (make_real, make_synthetic):
        result["collections"].append(measure(make(out.out), out.requests))
    print(save_figures("page", result), end="")


def make_real(out: Path) -> Path:
    """Return the collection of NGA paintings, ingested unless it exists."""
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
    """Return the collection of 100,000 synthetic artworks."""
    store = out / "synthetic"
    make_store(str(store), 100_000, 512).close()
    return store


def measure(store: Path, requests: int) -> dict[str, Any]:
    """Return all figures of one collection."""
    with serving_page(store) as (address, pid):
        requests_of = Requests(address)
        asyncio.run(send(address, requests_of.draw("mixed", WARM), 1))
        rows = []
        for clients in CLIENTS:
            for kind in KINDS:
                times = asyncio.run(send(address, requests_of.draw(kind, EACH), clients))
                rows.append({"clients": clients, "kind": kind, "n": EACH, **percentiles(times)})
        memory = []
        for _ in range(requests // 1000):
            asyncio.run(send(address, requests_of.draw("mixed", 1000), 8))
            memory.append(resident_mib(pid))
    return {
        "works": requests_of.artworks,
        "rows": rows,
        "in_process": in_process(store, requests_of.draw("similar", EACH)),
        "memory_mib_after_each_thousand": memory,
    }


class Requests:
    """Draws requests that have not been sent before, as far as the collection allows."""

    def __init__(self, address: str) -> None:
        """Read ids and artists of the collection at ``address``."""
        self._random = random.Random(0)
        api = httpx.Client(base_url=f"{address}/api/v1", timeout=120)
        self.artworks = api.get("/collection").json()["works"]
        self._ids: list[str] = []
        start: int | None = 0
        while start is not None and len(self._ids) < 2000:
            page = api.get("/search", params={"limit": 200, "start": start}).json()
            self._ids += [each["id"] for each in page["works"]]
            start = page["next"]
        counted = api.get("/facets", params={"field": "artist", "top": 200}).json()
        self._artists = [choice["value"] for choice in counted["fields"]["artist"]]

    def draw(self, kind: str, count: int) -> list[tuple[str, Parameters]]:
        """Return ``count`` requests of a kind, or of all in turn ("mixed")."""
        return [
            self._one(KINDS[at % len(KINDS)] if kind == "mixed" else kind) for at in range(count)
        ]

    def _one(self, kind: str) -> tuple[str, Parameters]:
        like = ("like", self._random.choice(self._ids))
        if kind == "similar":
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


async def send(address: str, drawn: list[tuple[str, Parameters]], clients: int) -> list[float]:
    """Return the seconds of each request, sent by ``clients`` concurrent clients."""
    waiting = iter(drawn)
    times: list[float] = []
    limits = httpx.Limits(max_connections=clients)
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=120, limits=limits) as api:

        async def client() -> None:
            for path, parameters in waiting:
                begun = time.perf_counter()
                answer = await api.get(path, params=list(parameters))
                times.append(time.perf_counter() - begun)
                answer.raise_for_status()

        await asyncio.gather(*(client() for _ in range(clients)))
    return times


def in_process(store: Path, drawn: list[tuple[str, Parameters]]) -> dict[str, float]:
    """Return the times of the same searches without a server."""
    times = []
    with artextract.open(store) as collection:
        for warm in (True, False):
            for _, parameters in drawn:
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
    """Run the server; yield its address and process id."""
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
    """Return the resident memory of a process without mapped files, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"^RssAnon:\s+(\d+) kB", status, re.M)
    assert found
    return round(int(found[1]) / 1024, 1)


if __name__ == "__main__":
    main()
