"""What `photograph` adds for photographs of paintings on museum walls.

    python -m benchmarks.museum_photographs [--part dev] [--n 100] [--kind KIND] [--store FOLDER]

Needs the paintings of $ARTEXTRACT_SHARED. All are ingested; the queries are photographs rendered by
benchmarks/museum_scenes.py of some of them. Prints Top-1 and Recall@5 of a plain search and of one
with `photograph`, by kind. With two works, a search finds both where they are its first two
results, and the first five. Raw figures go to benchmarks/results/museum_photographs.json; with
--kind, which is repeatable, those of other kinds stay there. --store keeps the collection.

All that was chosen by figures (search/paintings.py, search/photograph.py) was chosen on the part
"dev": paintings whose name has a SHA-256 that begins with an even byte. The figures are of the
others. Those are in the gallery of both parts.
"""

import argparse
import hashlib
import io
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

import artextract
from artextract.collection import Collection
from artextract.encoding.loading import load_models
from artextract.images.opening import content_hash, open_image, read_image_file
from artextract.models.registry import DEFAULT_MODEL
from benchmarks.common import RESULTS, SHARED, ingest_new, save_figures
from benchmarks.museum_scenes import KINDS, take_photograph
from ingest.sources.folder import FolderSource
from search.evaluation.changes import CHANGES
from search.evaluation.metrics import figure

FRAMED, ORDINARY = "framed", "the artwork alone"
"""Kinds beside those of photographs: the change of `eval self` of that name; and the painting in
three quarters of its size as JPEG 60, with nothing around."""


WITH_NEIGHBOUR = ("single", "oblique", "distant")
"""Kinds that may show the second painting, too."""


def part_of(file: Path) -> str:
    """Return the part that a painting belongs to, "dev" or "test"."""
    return "test" if hashlib.sha256(file.stem.encode()).digest()[0] % 2 else "dev"


def make_query(kind: str, files: list[Path], random: np.random.Generator) -> bytes:
    """Return the JPEG of a query that shows the first painting, or both."""
    paintings = [open_image(read_image_file(file), file.name) for file in files]
    if kind not in (FRAMED, ORDINARY):
        return take_photograph(kind, paintings, random).jpeg
    image = paintings[0]
    if kind == FRAMED:
        image = CHANGES["framed"](image, random)
    else:
        image = image.resize((image.width * 3 // 4, image.height * 3 // 4))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=92 if kind == FRAMED else 60)
    return buffer.getvalue()


def find(collection: Collection, query: bytes, *, photograph: bool) -> list[str]:
    """Return the SHA-256 of the images of the first five results; three are there twice."""
    return [
        str(result.payload["image_sha256"])
        for result in collection.search(query, photograph=photograph, limit=5)
    ]


def measure(
    collection: Collection, kind: str, files: list[Path], n: int, random: np.random.Generator
) -> dict[str, Any]:
    """Return the figures of a kind of query."""
    first: dict[bool, list[bool]] = {False: [], True: []}
    among: dict[bool, list[bool]] = {False: [], True: []}
    neighbour_first = 0
    for _ in range(n):
        chosen = [files[at] for at in random.choice(len(files), 2, replace=False)]
        query = make_query(kind, chosen, random)
        queried = chosen if kind == "two works" else chosen[:1]
        shown = {content_hash(read_image_file(file)) for file in queried}
        for photograph in (False, True):
            found = find(collection, query, photograph=photograph)
            first[photograph].append(set(found[: len(shown)]) == shown)
            among[photograph].append(shown <= set(found))
        neighbour_first += found[0] == content_hash(read_image_file(chosen[1]))
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
        # Wrong by Top-1, but in view as well.
        **({"neighbour_first": neighbour_first / n} if kind in WITH_NEIGHBOUR else {}),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("dev", "test"), default="test")
    parser.add_argument("--n", type=int, default=100, help="photographs of each kind")
    kinds = (*KINDS, FRAMED, ORDINARY)
    parser.add_argument("--kind", action="append", choices=kinds, help="all without it")
    parser.add_argument("--store", type=Path, help="the collection; made where there is none")
    options = parser.parse_args()
    folder = SHARED / "data/nga/images"
    files = [file for file in sorted(folder.glob("*.jpg")) if part_of(file) == options.part]
    with tempfile.TemporaryDirectory() as scratch:
        location = options.store or Path(scratch) / "store"
        if not location.exists():
            models = load_models(DEFAULT_MODEL, classifier="none", aspects=(), device="cpu")
            ingest_new(FolderSource(folder), models, location)
        with artextract.open(location) as collection:
            for kind in options.kind or kinds:
                random = np.random.default_rng([options.part == "test", kinds.index(kind)])
                row = measure(collection, kind, files, options.n, random)
                print(json.dumps(row), flush=True)
                if options.part == "test":
                    save(row, kinds)


def save(row: dict[str, Any], kinds: Sequence[str]) -> None:
    """Write the figures of a kind beside those of the others."""
    path = RESULTS / "museum_photographs.json"
    known = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.exists() else []
    rows = [*(other for other in known if other["kind"] != row["kind"]), row]
    rows.sort(key=lambda each: kinds.index(each["kind"]))
    save_figures(path.stem, {"gallery": 1500, "model": DEFAULT_MODEL, "rows": rows})


if __name__ == "__main__":
    main()
