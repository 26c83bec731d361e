"""Retrieval by the packaged networks: the same artwork, style and artist.

    python -m benchmarks.packaged_models

Each model of the package embeds the WikiArt sample and the known pairs of
$ARTEXTRACT_SHARED/data. Queries and gallery of the first table are the validation paintings, which
no training used, the query left out: the share of the ten nearest paintings by other artists with
the style of the query, and the share of the ten nearest by its artist (for queries whose artist has
another painting there). The second is whether the nearest of the pairs' matches and all of WikiArt
shows the same artwork (R@1). Intervals are 95 % bootstrap ones over the queries;
ratios are paired. Raw figures go to benchmarks/results/packaged_models.json.
"""

import csv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.images.opening import open_image, read_image_file
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel
from artextract.statistics import interval, resample
from benchmarks.common import SHARED, make_parser, save_figures

BASELINE = "efficientnet-lite0, visual"
BOTH = "wikiart-lite0, both added up"
NEAREST = 10
BATCH = 8

Floats = npt.NDArray[np.float64]
Rows = list[dict[str, str]]


def main() -> None:
    make_parser(__doc__).parse_args()
    labels = read_rows(SHARED / "data" / "wikiart" / "labels.csv")
    pairs = read_rows(SHARED / "data" / "pairs" / "pairs.csv")
    same = read_rows(SHARED / "data" / "pairs" / "same_work_in_wikiart.csv")
    files = [SHARED / "data" / "wikiart" / row["file"] for row in labels]
    photographs = sorted({row[side] for row in pairs for side in ("query", "match")})
    files += [SHARED / "data" / "pairs" / name for name in photographs]
    vectors: dict[str, Floats] = {}
    for name in ("efficientnet-lite0", "wikiart-lite0"):
        for aspect, rows in embed(name, files).items():
            vectors[f"{name}, {aspect}"] = rows
    added = [vectors["wikiart-lite0, visual"], vectors["wikiart-lite0, style"]]
    vectors[BOTH] = np.concatenate(added, axis=1) / 2**0.5  # cosines are averaged
    count = len(labels)
    found = {
        name: {
            **measure_labels(rows[:count], labels),
            "pairs": measure_pairs(rows, labels, photographs, pairs, same),
        }
        for name, rows in vectors.items()
    }
    table = [make_row(name, measured, found[BASELINE]) for name, measured in found.items()]
    save_figures("packaged_models", table)
    for row in table:
        print(row["name"])
        for task, figure in row["tasks"].items():
            low, high = figure["interval"]
            line = f"  {task}: {figure['value']:.3f} [{low:.3f}, {high:.3f}], n = {figure['n']}"
            if "ratio" in figure:
                low, high = figure["ratio_interval"]
                line += f", {figure['ratio']:.2f} [{low:.2f}, {high:.2f}] times {BASELINE}"
            print(line)


def read_rows(path: Path) -> Rows:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def embed(name: str, files: list[Path]) -> dict[str, Floats]:
    """Return {aspect: (files, dimension)} of a packaged model, rows of length 1."""
    model = OnnxModel(find_model(name).path, device="cpu")
    preprocess = model.card.preprocess

    def prepare(path: Path) -> npt.NDArray[np.float32]:
        return preprocess(open_image(read_image_file(path), str(path)))

    parts: dict[str, list[npt.NDArray[np.float32]]] = {}
    with ThreadPoolExecutor(2) as pool:
        for batch in batches(pool.map(prepare, files)):
            for aspect, rows in model.run(batch).vectors.items():
                parts.setdefault(aspect, []).append(rows)
    return {aspect: np.concatenate(rows).astype(np.float64) for aspect, rows in parts.items()}


def batches(images: Iterator[npt.NDArray[np.float32]]) -> Iterator[npt.NDArray[np.float32]]:
    """Iterate over batches of images."""
    batch: list[npt.NDArray[np.float32]] = []
    for image in images:
        batch.append(image)
        if len(batch) == BATCH:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)


def measure_labels(rows: Floats, labels: Rows) -> dict[str, Floats]:
    """Return the figure of each query, {task: (queries,)}, among the validation paintings."""
    chosen = [number for number, row in enumerate(labels) if row["split"] == "val"]
    artist = np.array([labels[number]["artist"] for number in chosen])
    style = np.array([labels[number]["style"] for number in chosen])
    scores = rows[chosen] @ rows[chosen].T
    by_style, by_artist = [], []
    for query in range(len(chosen)):
        order = np.argsort(-scores[query], kind="stable")
        order = order[order != query]
        others = order[artist[order] != artist[query]][:NEAREST]
        by_style.append((style[others] == style[query]).mean())
        if (artist == artist[query]).sum() > 1:
            by_artist.append((artist[order[:NEAREST]] == artist[query]).mean())
    return {
        "style P@10 among other artists": np.array(by_style),
        "artist P@10": np.array(by_artist),
    }


def measure_pairs(
    rows: Floats, labels: Rows, photographs: list[str], pairs: Rows, same: Rows
) -> Floats:
    """Return 1 for each pair whose nearest image shows the same artwork, (pairs,)."""
    at = {name: len(labels) + number for number, name in enumerate(photographs)}
    matches = sorted({row["match"] for row in pairs})
    gallery = [at[name] for name in matches] + list(range(len(labels)))
    work_of = {row[side]: row["work"] for row in pairs for side in ("query", "match")}
    shown: list[set[str]] = [{work_of[name]} for name in matches] + [set() for _ in labels]
    number = {row["file"]: len(matches) + place for place, row in enumerate(labels)}
    for row in same:
        name = row["wikiart_file"]
        shown[number.get(name, number.get(f"images/{name}", -1))].add(row["work"])
    found = []
    for row in pairs:
        scores = rows[gallery] @ rows[at[row["query"]]]
        if row["query"] in matches:
            scores[matches.index(row["query"])] = -2
        found.append(row["work"] in shown[int(scores.argmax())])
    return np.array(found, np.float64)


def make_row(name: str, measured: dict[str, Floats], baseline: dict[str, Floats]) -> dict[str, Any]:
    """Return the figures of a model with intervals, and their ratio to the baseline's."""
    tasks: dict[str, Any] = {}
    for task, values in measured.items():
        other = baseline[task]
        drawn = np.concatenate(list(resample(len(values))))
        tasks[task] = {
            "value": float(values.mean()),
            "interval": interval(drawn @ values / len(values)),
            "n": len(values),
        }
        if name != BASELINE:
            tasks[task]["ratio"] = float(values.mean() / other.mean())
            tasks[task]["ratio_interval"] = interval((drawn @ values) / (drawn @ other))
    return {"name": name, "tasks": tasks}


if __name__ == "__main__":
    main()
