"""What all aspects cost an ingest, against "visual" alone.

    python -m benchmarks.aspect_cost

Needs the paintings of $ARTEXTRACT_SHARED. Ingests the first 300 into a new collection, with
"visual" alone, with some aspects, and with all in turns; medians of 3.
"""

import statistics
import tempfile
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from artextract.aspects import ASPECTS
from artextract.encoding.loading import load_models
from artextract.models.registry import DEFAULT_MODEL
from benchmarks.common import SHARED, ingest_new, make_parser, save_figures
from ingest.sources.folder import FolderSource

COUNT, REPEATS = 300, 3

CHOICES: dict[str, Sequence[str] | None] = {
    "visual alone": (),
    "visual and style": ("style",),
    "all but pose and scene": [name for name in ASPECTS if name not in ("pose", "scene")],
    "all": None,
}


def seconds(folder: Path, aspects: Sequence[str] | None) -> float:
    """Return the seconds that the images of ``folder`` take."""
    models = load_models(DEFAULT_MODEL, aspects=aspects, device="cpu")
    with tempfile.TemporaryDirectory() as scratch:
        summary = ingest_new(FolderSource(folder), models, Path(scratch) / "store")
    assert summary.embedded == COUNT
    return summary.seconds


def main() -> None:
    make_parser(__doc__).parse_args()
    paths = sorted((SHARED / "data/nga/images").glob("*.jpg"))
    runs: dict[str, list[float]] = {name: [] for name in CHOICES}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for path in islice(paths, COUNT):
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
    figures = {"images": COUNT, "repeats": REPEATS, "rows": rows}
    print(save_figures("aspect_cost", figures), end="")


if __name__ == "__main__":
    main()
