"""What predictions cost an ingest: the packaged networks with and without them.

    python benchmarks/prediction_cost.py

All paintings of $ARTEXTRACT_SHARED/data/nga/images are brought into a new store by
``efficientnet-lite0``, which predicts nothing, and by ``wikiart-lite0``, which gives a second
vector and three predictions, in turn. Raw figures go to benchmarks/results/prediction_cost.json.
"""

import json
import os
import statistics
import tempfile
from pathlib import Path

from artextract.encoding.loading import load_models
from artextract.models.registry import DEFAULT_MODEL
from artextract.store import create_store
from ingest.journal import Journal
from ingest.pipeline import ingest
from ingest.sources.folder import FolderSource

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
SHARED = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))
PLAIN, TELLING = "efficientnet-lite0", "wikiart-lite0"
ROUNDS = 5
BATCH_SIZE = 8


def main() -> None:
    """Measure in turn, write and print."""
    rates: dict[str, list[float]] = {PLAIN: [], TELLING: []}
    works = 0
    for _ in range(ROUNDS):
        for name, found in rates.items():
            works, rate = measure(name)
            found.append(rate)
    result = {
        "cpus": os.cpu_count(),
        "works": works,
        "images_per_second": rates,
        "ratio": statistics.median(rates[TELLING]) / statistics.median(rates[PLAIN]),
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(result, indent=1) + "\n"
    (RESULTS / "prediction_cost.json").write_text(text, encoding="utf-8")
    print(text, end="")


def measure(name: str) -> tuple[int, float]:
    """Return how many works were ingested with a model, and images/s."""
    models = load_models(name, aspects=("style",) if name == DEFAULT_MODEL else (), device="cpu")
    cores = os.cpu_count() or 1
    with tempfile.TemporaryDirectory() as folder:
        location = Path(folder) / "store"
        with create_store(
            str(location), models.identity, vectors=models.encoder.vectors,
            classifier=models.classifier, measured=models.measured,
        ) as store:  # fmt: skip
            summary = ingest(
                FolderSource(SHARED / "data" / "nga" / "images"),
                store,
                models.encoder,
                Journal(location / "failures.jsonl"),
                batch_size=BATCH_SIZE,
                threads=cores,
                runners=cores,
            )
    return summary.embedded, summary.embedded / summary.seconds


if __name__ == "__main__":
    main()
