"""What geometric verification adds for queries that are details of an artwork.

    python -m benchmarks.verification [--part dev]

Needs the paintings of $ARTEXTRACT_SHARED. All are ingested; the queries are random details of 100
of them, with another brightness, contrast, colour and size, as JPEG of quality 60. Prints Top-1
with and without --verify, how often the artwork is among the candidates, the milliseconds of a
search (medians), and in how many pairs of different artworks there are inliers. Raw figures go to
benchmarks/results/verification.json.

The constants of search/rerank.py come from its sources and first guesses, chosen on details of 100
of the 1,500 paintings and confirmed on the part "dev", the paintings with an even position by name;
the figures are of those with an odd one.
"""

import argparse
import io
import json
import tempfile
import time
from functools import partial
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageEnhance

from artextract.encoding.loading import load_models
from artextract.images.opening import open_image, read_image_file
from artextract.models.registry import DEFAULT_MODEL
from artextract.store import open_store
from benchmarks.common import RESULTS, SHARED, ingest_new
from ingest.sources.folder import FolderSource
from search.answer import Result
from search.engine import search
from search.evaluation.metrics import figure
from search.images import ImageReader, fit
from search.reading import QueryReader
from search.request import SearchRequest
from search.rerank import CANDIDATES, SIDE, Features, count_matches, find_features, verify

WORKS, SHARES = 100, (0.3, 0.2, 0.1, 0.05)
TIMED = 5  # features are kept for the other queries
SIDES = (224, 384)


def cut_detail(image: PIL.Image.Image, share: float, random: np.random.Generator) -> bytes:
    """Return a detail with ``share`` of the area of ``image``, as another camera may show it."""
    width, height = image.size
    stretch = np.exp(random.uniform(-0.25, 0.25))
    w, h = min(width, width * share**0.5 * stretch), min(height, height * share**0.5 / stretch)
    x, y = random.uniform(0, width - w), random.uniform(0, height - h)
    part = image.crop((int(x), int(y), int(x + w), int(y + h)))
    scale = random.uniform(*SIDES) / max(part.size)
    part = part.resize(
        (round(part.width * scale), round(part.height * scale)), PIL.Image.Resampling.BICUBIC
    )
    for enhancer in (
        PIL.ImageEnhance.Brightness,
        PIL.ImageEnhance.Contrast,
        PIL.ImageEnhance.Color,
    ):
        part = enhancer(part).enhance(random.uniform(0.75, 1.3))
    buffer = io.BytesIO()
    part.save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def count_false(files: list[Path]) -> dict[str, int]:
    """Return the number of ordered pairs of different artworks, and of those with inliers."""
    features = [
        find_features(fit(open_image(read_image_file(file), file.name), SIDE)) for file in files
    ]
    found = [
        count_matches(one, other) for one in features for other in features if one is not other
    ]
    return {"pairs": len(found), "with_matches": sum(matches > 0 for matches in found)}


def _give(features: Features, result: Result) -> Features:
    """Return the features of a query, wherever in it a result was found."""
    return features


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", choices=("dev", "test"), default="test")
    part = parser.parse_args().part
    folder = SHARED / "data/nga/images"
    files = sorted(folder.glob("*.jpg"))[0 if part == "dev" else 1 :: 2]
    random = np.random.default_rng(0 if part == "dev" else 1)
    chosen = [files[at] for at in random.choice(len(files), WORKS, replace=False)]
    false = count_false(chosen)
    print(json.dumps(false), flush=True)
    models = load_models(DEFAULT_MODEL, aspects=(), device="cpu")
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        location = Path(scratch) / "store"
        ingest_new(FolderSource(folder), models, location)
        with open_store(str(location)) as store:
            reader, images = QueryReader(store), ImageReader(store)

            def look(result: Result) -> Features:
                return find_features(images.of_result(result, SIDE))

            known: dict[str, Features] = {}

            def look_once(result: Result) -> Features:
                if result.point_id not in known:
                    known[result.point_id] = look(result)
                return known[result.point_id]

            for share in SHARES:
                plain, verified, among = [], [], []
                took: tuple[list[float], list[float]] = ([], [])
                for number, file in enumerate(chosen):
                    with PIL.Image.open(file) as image:
                        detail = cut_detail(image.convert("RGB"), share, random)
                    started = time.perf_counter()
                    query = reader.read_image("a detail", detail)
                    question = SearchRequest(like=[query], limit=CANDIDATES)
                    answer = search(store, question)
                    took[0].append(time.perf_counter() - started)
                    after = verify(
                        answer,
                        partial(_give, find_features(images.of_query(query, SIDE))),
                        look if number < TIMED else look_once,
                        limit=1,
                    )
                    if number < TIMED:
                        took[1].append(time.perf_counter() - started)
                    found = [Path(result.image).name for result in answer.results]
                    plain.append(found[0] == file.name)
                    among.append(file.name in found)
                    verified.append(Path(after.results[0].image).name == file.name)
                gain = [float(b) - float(a) for a, b in zip(plain, verified, strict=True)]
                rows.append(
                    {
                        "share_of_area": share,
                        "n": len(plain),
                        "top_1": str(figure([float(each) for each in plain])),
                        "top_1_verified": str(figure([float(each) for each in verified])),
                        "gain": str(figure(gain)),
                        f"among_{CANDIDATES}": float(np.mean(among)),
                        "ms": round(float(np.median(took[0])) * 1000, 1),
                        "n_ms_verified": TIMED,
                        "ms_verified": round(float(np.median(took[1])) * 1000, 1),
                    }
                )
                print(json.dumps(rows[-1]), flush=True)
    if part == "test":
        text = (
            json.dumps({"gallery": 1500, "different_works": false, "rows": rows}, indent=1) + "\n"
        )
        (RESULTS / "verification.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
