"""An ingest of 1,500 real paintings into a server that misbehaves and dies.

    python -m benchmarks.flaky_server

The images of $ARTEXTRACT_SHARED/data/nga are ingested three times into a stand-in for a Qdrant
server (its REST interface over HTTP, answered by qdrant-client's local mode): undisturbed; with
every seventh request answered by 503, 429 or 500, cut off, done but not answered, or stalled for 3
seconds; and with the server dead for 20 seconds in the middle. Afterwards each collection must hold
the same points with the same payload, and the same vectors except for rounding, which differs with
the images of a batch. Figures go to benchmarks/results/flaky_server.json.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from qdrant_server import QdrantServer, Received, serve_qdrant  # noqa: E402

from artextract.store import open_store  # noqa: E402
from artextract.store.location import Location  # noqa: E402
from benchmarks.common import SHARED, make_parser, save_figures  # noqa: E402

TROUBLES = ["503", "reset", "lost", "500", "429", "stall"]
EVERY = 7
DEAD_SECONDS = 20.0

Contents = dict[str, tuple[dict[str, Any], dict[str, list[float]]]]


def main() -> None:
    make_parser(__doc__).parse_args()
    rows, contents = [], []
    for name, disturb in (("undisturbed", calm), ("flaky", flaky), ("dies for 20 s", dying)):
        with serve_qdrant() as server, tempfile.TemporaryDirectory() as state:
            disturb(server)
            url = f"{server.url}/paintings"
            begun = time.perf_counter()
            command = [sys.executable, "-m", "artextract", "ingest", "folder",
                       str(SHARED / "data" / "nga" / "images"), "--store", url]  # fmt: skip
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=True,
                env={**os.environ, "XDG_STATE_HOME": state},
            )
            seconds = time.perf_counter() - begun
            troubles = sum(server.trouble(received) is not None for received in server.received)
            server.trouble = lambda received: None
            contents.append(read(url))
            rows.append({
                "run": name,
                "seconds": seconds,
                "requests": len(server.received),
                "disturbed": troubles,
                "points": len(contents[-1]),
                "same_as_undisturbed": same(contents[-1], contents[0]),
                "summary": done.stdout.splitlines()[0],
            })  # fmt: skip
    save_figures("flaky_server", rows)
    for row in rows:
        print(
            f"{row['run']:14} {row['seconds']:6.1f} s, {row['points']} points, "
            f"{row['requests']} requests, {row['disturbed']} disturbed, "
            f"{'the same' if row['same_as_undisturbed'] else 'NOT the same'} as undisturbed"
        )
    if not all(row["same_as_undisturbed"] for row in rows):
        sys.exit(1)


def calm(server: QdrantServer) -> None:
    """Disturb nothing."""


def flaky(server: QdrantServer) -> None:
    """Disturb every seventh request, in each way in turn."""

    def trouble(received: Received) -> str | None:
        turn, rest = divmod(received.number, EVERY)
        return TROUBLES[turn % len(TROUBLES)] if rest == EVERY - 1 else None

    server.trouble = trouble


def dying(server: QdrantServer) -> None:
    """Stop the server in the middle of the points, and start it again."""
    wait: Callable[[], None] = threading.Thread(target=lambda: die(server), daemon=True).start
    wait()


def die(server: QdrantServer) -> None:
    """Wait for half of the points, stop the server for a while, and start it again."""
    while sum(a.path == "points" and a.method == "PUT" for a in list(server.received)) < 90:
        time.sleep(0.05)
    server.stop()
    time.sleep(DEAD_SECONDS)
    server.start()


def read(url: str) -> Contents:
    """Return the contents of a collection, {id: (payload, vectors)}."""
    with open_store(Location(url)) as store:
        return {
            record.id: (dict(record.payload), dict(record.vectors))
            for record in store.scroll(with_vectors=True)
        }


def same(one: Contents, other: Contents) -> bool:
    """Return whether two collections are the same, vectors to 1e-6."""
    return one.keys() == other.keys() and all(
        payload == other[key][0]
        and vectors.keys() == other[key][1].keys()
        and all(
            max(abs(a - b) for a, b in zip(vector, other[key][1][name], strict=True)) < 1e-6
            for name, vector in vectors.items()
        )
        for key, (payload, vectors) in one.items()
    )


if __name__ == "__main__":
    main()
