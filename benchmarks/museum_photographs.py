"""What `photograph` adds for photographs of paintings on museum walls.

    python -m benchmarks.museum_photographs [--part dev] [--n 100]

Needs the paintings of $ARTEXTRACT_SHARED. All are ingested; the queries are photographs rendered by
benchmarks/museum_scenes.py of some of them. Prints Top-1 and Recall@5 of a plain search and of one
with `photograph`, by kind. With two works, a search finds both where they are its first two
results, and the first five. Raw figures go to benchmarks/results/museum_photographs.json.

All that was chosen by figures (search/paintings.py, search/photograph.py) was chosen on the part
"dev": paintings whose name has a SHA-256 that begins with an even byte. The figures are of the
others. Those are in the gallery of both parts.
"""

import argparse
import hashlib
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import artextract
from artextract.collection import Collection
from artextract.encoding.loading import load_models
from artextract.images.opening import open_image, read_image_file
from artextract.models.registry import DEFAULT_MODEL
from benchmarks.common import SHARED, ingest_new, save_figures
from benchmarks.museum_scenes import KINDS, take_photograph
from ingest.sources.folder import FolderSource
from search.evaluation.metrics import figure

ORDINARY = "the artwork alone"
"""A kind beside those of photographs: the painting smaller and as JPEG 60, with nothing around."""


def part_of(file: Path) -> str:
    """Return the part that a painting belongs to, "dev" or "test"."""
    return "test" if hashlib.sha256(file.stem.encode()).digest()[0] % 2 else "dev"


def make_query(kind: str, files: list[Path], random: np.random.Generator) -> bytes:
    """Return the JPEG of a query that shows the first painting, or both."""
    paintings = [open_image(read_image_file(file), file.name) for file in files]
    if kind != ORDINARY:
        return take_photograph(kind, paintings, random).jpeg
    buffer = io.BytesIO()
    image = paintings[0]
    image.resize((image.width * 3 // 4, image.height * 3 // 4)).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def find(collection: Collection, query: bytes, *, photograph: bool) -> list[str]:
    """Return the names of the files of the first five results."""
    return [
        Path(result.image).name
        for result in collection.search(query, photograph=photograph, limit=5)
    ]


def measure(
    collection: Collection, kind: str, files: list[Path], n: int, random: np.random.Generator
) -> dict[str, Any]:
    """Return the figures of a kind of query."""
    first: dict[bool, list[bool]] = {False: [], True: []}
    among: dict[bool, list[bool]] = {False: [], True: []}
    for _ in range(n):
        chosen = [files[at] for at in random.choice(len(files), 2, replace=False)]
        query = make_query(kind, chosen, random)
        shown = {file.name for file in (chosen if kind == "two works" else chosen[:1])}
        for photograph in (False, True):
            found = find(collection, query, photograph=photograph)
            first[photograph].append(set(found[: len(shown)]) == shown)
            among[photograph].append(shown <= set(found))
    gain = [float(b) - float(a) for a, b in zip(first[False], first[True], strict=True)]
    return {
        "kind": kind,
        "n": n,
        **{
            f"{name}{'_photograph' if photograph else ''}": str(figure(values[photograph]))
            for name, values in (("top_1", first), ("recall_5", among))
            for photograph in (False, True)
        },
        "gain": str(figure(gain)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("dev", "test"), default="test")
    parser.add_argument("--n", type=int, default=100, help="photographs of each kind")
    options = parser.parse_args()
    folder = SHARED / "data/nga/images"
    files = [file for file in sorted(folder.glob("*.jpg")) if part_of(file) == options.part]
    random = np.random.default_rng(0 if options.part == "dev" else 1)
    models = load_models(DEFAULT_MODEL, classifier="none", aspects=(), device="cpu")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        location = Path(scratch) / "store"
        ingest_new(FolderSource(folder), models, location)
        with artextract.open(location) as collection:
            for kind in (*KINDS, ORDINARY):
                rows.append(measure(collection, kind, files, options.n, random))
                print(json.dumps(rows[-1]), flush=True)
    if options.part == "test":
        save_figures("museum_photographs", {"gallery": 1500, "model": DEFAULT_MODEL, "rows": rows})


if __name__ == "__main__":
    main()
