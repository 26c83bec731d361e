"""How busy the embedder stays while images come from a server that answers in 50 ms.

    python -m benchmarks.nga_ingest

A local IIIF server (a process of its own, on the same cores) serves the 1,500 paintings of
$ARTEXTRACT_SHARED/data/nga. "Busy" is the share of the run in which a runner of the model was
working, averaged over the runners. The same run ingests the same files from a folder, which is the
upper bound for downloading. No image is cached. Raw figures go to
benchmarks/results/nga_ingest.json.
"""

import argparse
import contextlib
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from artextract.encoding.loading import load_models
from artextract.models.registry import DEFAULT_MODEL
from benchmarks.common import ROOT, SHARED, ingest_new, save_figures
from ingest.sources.folder import FolderSource
from ingest.sources.iiif import ImageServer
from ingest.sources.item import Source
from ingest.sources.nga import NgaSource
from ingest.sources.nga_tables import Selection, Tables


@contextlib.contextmanager
def serving(images: Path, latency: float) -> Iterator[str]:
    """Run the server in a process of its own; yield its address."""
    command = [
        sys.executable, str(ROOT / "tests" / "support" / "iiif_server.py"), str(images),
        "--latency", str(latency),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()


def measure(source: Source, model_name: str, readers: int) -> tuple[float, float]:
    """Ingest ``source`` into a new store; return images/s and how busy the model was."""
    models = load_models(model_name, aspects=(), device="cpu")
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        summary = ingest_new(source, models, Path(folder) / "store", readers=readers)
    assert summary.embedded == source.count(), summary.failures[:3]
    return summary.embedded / summary.seconds, summary.embed_seconds / (cores * summary.seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.05, help="seconds before each answer")
    parser.add_argument("--connections", type=int, nargs="+", default=[4, 8, 16])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--model", default=DEFAULT_MODEL)
    options = parser.parse_args()
    nga = SHARED / "data" / "nga"
    if not nga.is_dir():
        parser.error(f"there is no folder {nga}; set ARTEXTRACT_SHARED")
    turns: dict[str, list[tuple[float, float]]] = {}
    for _ in range(options.repeats):
        turns.setdefault("folder", []).append(
            measure(FolderSource(nga / "images"), options.model, 0)
        )
        for connections in options.connections:
            with (
                serving(nga / "images", options.latency) as url,
                ImageServer(connections=connections, allow_private=True) as server,
            ):
                source = NgaSource(Tables(nga), Selection(), server, side=640, iiif=url)
                found = measure(source, options.model, connections)
            turns.setdefault(f"{connections} connections", []).append(found)
    figures = {
        name: {
            "images_per_second": statistics.median(rate for rate, _ in found),
            "busy": statistics.median(busy for _, busy in found),
            "by_folder": statistics.median(
                rate / folder for (rate, _), (folder, _) in zip(found, turns["folder"], strict=True)
            ),
        }
        for name, found in turns.items()
    }
    machine = {"cpus": os.cpu_count(), "machine": platform.machine()}
    save_figures(
        "nga_ingest",
        {"model": options.model, "latency": options.latency, "machine": machine, **figures},
    )
    print(
        f"1,500 paintings, longest side 384 px; {options.model}; {os.cpu_count()} CPUs; answers "
        f"after {options.latency * 1000:.0f} ms; medians of {options.repeats}\n"
    )
    print("| images from | embedder busy | images/s | ÷ from a folder |\n|---|---|---|---|")
    for name, row in figures.items():
        print(
            f"| {name} | {row['busy']:.0%} | {row['images_per_second']:.0f} | "
            f"{row['by_folder']:.2f} |"
        )


if __name__ == "__main__":
    main()
