"""What all aspects cost an ingest, against "visual" alone.

    python benchmarks/aspect_cost.py

Needs the paintings of $ARTEXTRACT_SHARED. Ingests the first 300 into an empty store, by turns with
"visual" alone, without "pose", and with all aspects; medians of 3.
"""

import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from artextract.aspects import ASPECTS
from artextract.encoding.loading import load_models
from artextract.models.registry import DEFAULT_MODEL
from artextract.store import create_store
from ingest.journal import Journal
from ingest.pipeline import ingest
from ingest.sources.folder import FolderSource

SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", "../shared"))
RESULTS = Path(__file__).parent / "results"
COUNT, REPEATS = 300, 3

CHOICES: dict[str, Sequence[str] | None] = {
    "visual alone": (),
    "visual and style": ("style",),
    "all but pose and scene": [name for name in ASPECTS if name not in ("pose", "scene")],
    "all": None,
}


def seconds(folder: Path, aspects: Sequence[str] | None) -> float:
    """Return how long the pictures of ``folder`` take."""
    models = load_models(DEFAULT_MODEL, aspects=aspects, device="cpu")
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as scratch:
        location = Path(scratch) / "store"
        with create_store(
            str(location), models.identity, vectors=models.encoder.vectors,
            classifier=models.classifier, measured=models.measured,
        ) as store:  # fmt: skip
            summary = ingest(
                FolderSource(folder), store, models.encoder, Journal(location / "failures.jsonl"),
                batch_size=8, threads=cores, runners=cores,
            )  # fmt: skip
    assert summary.embedded == COUNT
    return summary.seconds


def main() -> None:
    """Measure and print."""
    pictures = sorted((SHARED / "data/nga/images").glob("*.jpg"))
    runs: dict[str, list[float]] = {name: [] for name in CHOICES}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for path in islice(pictures, COUNT):
            (folder / path.name).symlink_to(path.resolve())
        for _ in range(REPEATS):
            for name, aspects in CHOICES.items():
                runs[name].append(seconds(folder, aspects))
    base = statistics.median(runs["visual alone"])
    rows = [
        {
            "aspects": name,
            "ms_an_image": round(statistics.median(each) / COUNT * 1000, 1),
            "times_visual_alone": round(statistics.median(each) / base, 2),
        }
        for name, each in runs.items()
    ]
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps({"images": COUNT, "repeats": REPEATS, "rows": rows}, indent=1) + "\n"
    (RESULTS / "aspect_cost.json").write_text(text, encoding="utf-8")
    print(text, end="")


if __name__ == "__main__":
    main()
