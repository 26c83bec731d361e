"""What predictions cost an ingest: the packaged networks with and without them.

    python -m benchmarks.prediction_cost

All paintings of $ARTEXTRACT_SHARED/data/nga/images are ingested into a new collection by
``efficientnet-lite0``, which predicts nothing, and by ``wikiart-lite0``, which gives a second
vector and three predictions, in turns. Raw figures go to benchmarks/results/prediction_cost.json.
"""

import os
import statistics
import tempfile
from pathlib import Path

from artextract.encoding.loading import load_models
from artextract.models.registry import DEFAULT_MODEL
from benchmarks.common import SHARED, ingest_new, make_parser, save_figures
from ingest.sources.folder import FolderSource

PLAIN, PREDICTING = "efficientnet-lite0", "wikiart-lite0"
ROUNDS = 5


def main() -> None:
    make_parser(__doc__).parse_args()
    rates: dict[str, list[float]] = {PLAIN: [], PREDICTING: []}
    artworks = 0
    for _ in range(ROUNDS):
        for name, found in rates.items():
            artworks, rate = measure(name)
            found.append(rate)
    result = {
        "cpus": os.cpu_count(),
        "works": artworks,
        "images_per_second": rates,
        "ratio": statistics.median(rates[PREDICTING]) / statistics.median(rates[PLAIN]),
    }
    print(save_figures("prediction_cost", result), end="")


def measure(name: str) -> tuple[int, float]:
    """Return the number of artworks ingested with a model, and images/s."""
    models = load_models(name, aspects=("style",) if name == DEFAULT_MODEL else (), device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        source = FolderSource(SHARED / "data" / "nga" / "images")
        summary = ingest_new(source, models, Path(folder) / "store")
    return summary.embedded, summary.embedded / summary.seconds


if __name__ == "__main__":
    main()
