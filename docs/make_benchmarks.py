"""Fill the tables in docs/benchmarks/*.md from benchmarks/results/*.json.

A table stands between ``<!-- NAME: made by docs/make_benchmarks.py -->`` and ``<!-- end -->``.

python docs/make_benchmarks.py
"""

import json
import math
import re
import statistics
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

PAGES = Path(__file__).parent / "benchmarks"
RESULTS = Path(__file__).parents[1] / "benchmarks" / "results"
MARKED = re.compile(r"(<!-- (\w+): made by docs/make_benchmarks\.py -->\n).*?(<!-- end -->)", re.S)


def load(name: str) -> Any:
    """Return the contents of a results file."""
    return json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def share(value: float, digits: int = 3) -> str:
    """Return ".177" for 0.1766, and "1.000" for 1."""
    return f"{value:.{digits}f}".removeprefix("0")


def whole(value: float) -> str:
    """Return a number without decimals; halves are rounded up."""
    return f"{math.floor(value + 0.5):,}"


def percent(value: float) -> str:
    """Return "30 %" for 0.3."""
    return f"{value:.0%}".replace("%", " %")


def short(text: str) -> str:
    """Return a figure such as "0.850 [0.780, 0.920]" without zeros before points."""
    return re.sub(r"\b0(?=\.)", "", text).replace(" [1.000, 1.000]", "")


def packaged_models() -> str:
    """How well the packaged networks retrieve style, artist and the same artwork."""
    names = {
        "efficientnet-lite0, visual": "`efficientnet-lite0`, visual",
        "wikiart-lite0, visual": "`wikiart-lite0`, visual",
        "wikiart-lite0, style": "`wikiart-lite0`, style",
        "wikiart-lite0, both added up": "`wikiart-lite0`, sum of both",
    }
    tasks = ("style P@10 among other artists", "artist P@10", "pairs")
    measured = {each["name"]: each["tasks"] for each in load("packaged_models")}
    best = {task: max(each[task]["value"] for each in measured.values()) for task in tasks}
    rows = [["n", *(measured["wikiart-lite0, style"][task]["n"] for task in tasks)]]
    for name, title in names.items():
        cells = []
        for task in tasks:
            one = measured[name][task]
            value = share(one["value"])
            low, high = map(share, one["interval"])
            cells.append(
                f"{f'**{value}**' if one['value'] == best[task] else value} [{low}, {high}]"
            )
        rows.append([title, *cells])
    ratios = []
    for task in tasks[:2]:
        one = measured["wikiart-lite0, style"][task]
        low, high = one["ratio_interval"]
        ratios.append(f"{one['ratio']:.2f} [{low:.2f}, {high:.2f}]")
    rows.append(["style ÷ `efficientnet-lite0`", *ratios, ""])
    head = ["", "style P@10 among other artists", "artist P@10", "same artwork, R@1"]
    return table(head, rows)


def verification() -> str:
    """Searches for details, with and without geometric verification."""
    rows = []
    for row in load("verification")["rows"]:
        value, _, interval = short(row["top_1_verified"]).partition(" ")
        rows.append(
            [
                percent(row["share_of_area"]),
                row["n"],
                short(row["top_1"]),
                f"**{value}** {interval}".strip(),
                short(row["gain"]),
                share(row["among_100"]),
                f"{row['ms']:.0f}",
                f"{row['ms_verified'] / 1000:.1f}",
            ]
        )
    head = ["share of the image's area", "n", "`visual`", "with `--verify`", "gain",
            "among the 100 candidates", "median ms", "median s with `--verify`"]  # fmt: skip
    return table(head, rows)


def museum_photographs() -> str:
    """Searches with photographs of paintings on a wall, with and without `photograph`."""
    rows = [
        [
            row["kind"],
            row["n"],
            short(row["top_1"]),
            f"**{short(row['top_1_photograph'])}**",
            short(row["gain"]),
            short(row["recall_5"]),
            short(row["recall_5_photograph"]),
            share(row["neighbour_first"], 2) if "neighbour_first" in row else "",
        ]
        for row in load("museum_photographs")["rows"]
    ]
    head = ["photographs", "n", "Top-1", "with `--photograph`", "gain", "Recall@5",
            "with `--photograph`", "neighbour first"]  # fmt: skip
    return table(head, rows)


def training_ablations() -> str:
    """Macro-F1 of networks from which one part after the other is left out."""
    attributes = ("style", "genre", "artist")
    rows = []
    for row in load("training_ablations")["rows"]:
        cells = []
        for attribute in attributes:
            low, high = map(share, row["intervals"][attribute])
            cells.append(f"{share(row['macro_f1'][attribute])} [{low}, {high}]")
        rows.append([row["name"], *cells])
    return table(["macro-F1", *attributes], rows)


def outlier_noise_network() -> str:
    """How well wrong labels are ranked."""
    rows = [
        [
            percent(turn["share"]),
            whole(turn["injected"]),
            share(turn["average precision, ours"]),
            share(turn["average precision, rule"]),
        ]
        for turn in load("outlier_noise_network")["turns"]
    ]
    head = ["labels changed", "number", "`outliers`", 'rule "softmax below 0.4"']
    return table(head, rows)


def prediction_cost() -> str:
    """Ingest with and without predictions."""
    found = load("prediction_cost")
    with_, without = (
        statistics.median(found["images_per_second"][name])
        for name in ("wikiart-lite0", "efficientnet-lite0")
    )
    rows = [[f"{with_:.0f}", f"{without:.0f}", f"{found['ratio']:.2f}"]]
    return table(["images/s with predictions", "images/s without", "ratio"], rows)


def aspect_cost() -> str:
    """Ingest with some and with all aspects."""
    rows = [
        [row["aspects"], f"{row['ms_an_image']:.1f}", f"{row['times_visual_alone']:.2f}"]
        for row in load("aspect_cost")["rows"]
    ]
    return table(["aspects", "ms an image", "÷ visual alone"], rows)


def main_job() -> str:
    """Ingest, search, help and memory, each as a ratio, with EfficientNet-Lite0."""
    found = load("main_job-efficientnet-lite0")
    ingest, memory = found["ingest"], found["memory"]
    model = ingest["model_images_per_second"]

    def against_model(name: str) -> str:
        return f"{ingest[name]:.0f} ÷ {model:.0f} images/s"

    def milliseconds(name: str) -> str:
        return f"{found[name]['ms']:.0f} ÷ {found[name]['baseline_ms']:.0f} ms"

    rows = [
        ["ingest ÷ the model alone on preloaded tensors", f"{ingest['ingest_by_model']:.2f}",
         "≥ 0.9", f"{against_model('ingest_images_per_second')}, n = 960"],
        ["the same with one batch at a time on all cores (not what ingest does)",
         f"{ingest['wide_by_model']:.2f}", "", against_model("wide_images_per_second")],
        ["ingest ÷ a plain loop of eager PyTorch ResNet-50 with PIL",
         f"{ingest['ingest_by_eager']:.1f}", "≥ 5",
         f"{ingest['ingest_images_per_second']:.0f} ÷ "
         f"{ingest['eager_images_per_second']:.1f} images/s"],
        ['cold `artextract search <id>` ÷ `python -c "import numpy, qdrant_edge"`',
         f"{found['search']['ratio']:.2f}", "≤ 2", f"{milliseconds('search')}, 960 artworks"],
        ["`artextract --help` ÷ `python -c pass`", f"{found['help']['ratio']:.2f}", "≤ 4",
         milliseconds("help")],
        ['`python -c "import click"` ÷ `python -c pass`', f"{found['click']['ratio']:.2f}", "",
         milliseconds("click")],
        ["peak memory of ingesting 3,000 ÷ 300 images", f"{memory['ratio']:.2f}", "≤ 1.1",
         f"{memory['mib_3000']:.0f} ÷ {memory['mib_300']:.0f} MiB"],
        ["the same without pages of mapped files", f"{memory['own_ratio']:.2f}", "",
         f"{memory['own_mib_3000']:.0f} ÷ {memory['own_mib_300']:.0f} MiB"],
    ]  # fmt: skip
    return table(["ratio", "measured", "aim", "from"], rows)


def main_job_resnet50() -> str:
    """Ingest with ResNet-50."""
    ingest = load("main_job-resnet50-random")["ingest"]
    speed = ingest["ingest_images_per_second"]
    rows = [
        ["ingest ÷ the model alone on preloaded tensors", f"{ingest['ingest_by_model']:.2f}",
         "≥ 0.9", f"{speed:.0f} ÷ {ingest['model_images_per_second']:.0f} images/s"],
        ["ingest ÷ a plain loop of eager PyTorch ResNet-50 with PIL",
         f"{ingest['ingest_by_eager']:.1f}", "",
         f"{speed:.0f} ÷ {ingest['eager_images_per_second']:.1f} images/s"],
    ]  # fmt: skip
    return table(["ratio", "measured", "aim", "from"], rows)


def image_cost() -> str:
    """CPU time of the parts of an ingest."""
    found = load("image_cost")
    ms = found["cpu_ms_an_image"]
    measured = sum(ms[name] for name in ("composition", "palette", "lighting", "64 x 64 L*a*b*"))
    rows = [
        ["detect people (MoveNet)", f"{ms['detect people (MoveNet)']:.1f}",
         "preprocessing threads"],
        ["detect faces (BlazeFace, face mesh)",
         f"{ms['detect faces (BlazeFace, face mesh)']:.1f}", ""],
        ["resize for the model", f"{ms['resize for the model']:.1f}", ""],
        ["decode", f"{ms['decode']:.1f}", ""],
        ["composition, palette, lighting with their L\\*a\\*b\\*", f"{measured:.1f}", ""],
        ["thumbnail", f"{ms['thumbnail']:.1f}", ""],
        ["face and pose vectors", f"{ms['face and pose']:.1f}", ""],
        ["read and hash", f"{ms['read and hash']:.1f}", ""],
        ["**all preprocessing**", f"**{found['prepare_ms']:.1f}**",
         f"{found['prepared_images_per_second_and_core']:.0f} images/s a core"],
        ["normalise", f"{ms['normalise']:.2f}", "the model's thread"],
        ["write to an embedded collection", f"{ms['write']:.2f}", "the writer's thread"],
    ]  # fmt: skip
    return table(["part", "ms", "where"], rows)


def page() -> str:
    """Latency of the HTTP API."""
    titles = (
        "48 similar artworks",
        "48 similar artworks, another filter",
        "a list, another filter",
        "counts of artists, another filter",
    )
    collections = load("page")["collections"]
    kinds = list(dict.fromkeys(row["kind"] for row in collections[0]["rows"]))
    rows = []
    for kind, title in zip(kinds, titles, strict=True):
        cells = []
        for each in collections:
            for row in each["rows"]:
                if row["kind"] == kind:
                    aim = each["works"] == 100_000 and row["clients"] == 1 and kind != kinds[0]
                    p95 = whole(row["p95_ms"])
                    cells.append(f"{whole(row['p50_ms'])} / {f'**{p95}**' if aim else p95}")
        rows.append([title, *cells])
    head = ["request, number of clients", "1,500: 1", "8", "32", "100,000: 1", "8", "32"]
    return table(head, rows)


def page_memory() -> str:
    """The API against the same search without a server, and its memory."""
    rows = []
    for each in load("page")["collections"]:
        plain, served = each["in_process"]["p50_ms"], each["rows"][0]["p50_ms"]
        memory = each["memory_mib_after_each_thousand"]
        rows.append(
            [
                whole(each["works"]),
                f"{plain:.1f}",
                f"{math.floor(10 * served / plain + 0.5) / 10:.1f}",
                f"{min(memory):.1f} to {max(memory):.1f}",
            ]
        )
    head = ["artworks", "the first row without a server, p50 in ms", "API ÷ that",
            "MiB after each of ten thousand requests"]  # fmt: skip
    return table(head, rows)


def flaky_server() -> str:
    """Ingest into a server that fails."""
    titles = {
        "undisturbed": "undisturbed",
        "flaky": "{disturbed} of {requests} requests answered by 503 or 429, stalled, or cut off",
        "dies for 20 s": "server dead for 20 s in the middle",
    }
    rows = [
        [titles[run["run"]].format(**run), f"{run['seconds']:.1f}"] for run in load("flaky_server")
    ]
    return table(["run", "seconds"], rows)


def nga_tables() -> str:
    """Reading the NGA's tables, against pandas."""
    found = load("nga_tables")
    rows = []
    for other, title in (("pandas", "a plain pandas merge"), ("pandas_with_care", "tuned pandas")):
        for part, what in (
            ("paintings", "open-access paintings (2,900 rows)"),
            ("everything", "all images (120,000 rows)"),
        ):
            ours, theirs = found[part]["ours"], found[part][other]
            rows.append(
                [
                    f"{title}, {what}",
                    f"{theirs['seconds_by_ours']:.1f}",
                    f"{whole(ours['objects_per_second'])} ÷ {whole(theirs['objects_per_second'])}",
                    f"{ours['mib']:.0f} ÷ {theirs['mib']:.0f} MiB",
                ]
            )
    return table(["Art Extract ÷", "objects/s", "from", "peak memory"], rows)


def nga_ingest() -> str:
    """Ingest from an image server, against a folder."""
    found = load("nga_ingest")
    titles = {
        "folder": "a folder",
        "8 connections": "the server, 8 connections (default)",
        "16 connections": "the server, 16 connections",
        "4 connections": "the server, 4 connections",
    }
    rows = [
        [
            title,
            percent(found[name]["busy"]),
            f"{found[name]['images_per_second']:.0f}",
            f"{found[name]['by_folder']:.2f}",
        ]
        for name, title in titles.items()
    ]
    return table(["images from", "embedder busy", "images/s", "÷ from a folder"], rows)


FILTERS = ("none", "artist 1%", "artist 10%", "artist 50%", "years 1%", "years 10%", "years 50%")
FILTER_HEADS = ["no filter", *(name.replace("%", " %") for name in FILTERS[1:])]


def title(run: dict[str, Any]) -> str:
    """Return the size of a collection, and how its engine was called."""
    by = re.search(r" by (REST|gRPC)", run["qdrant"].get("server", ""))
    where = f"server, {by[1]}" if by else "embedded"
    return f"{run['points']:,} x {run['dimension']}, {where}"


def quickest(
    run: dict[str, Any], filter_: str, engine: str, *, variant: str | None = None
) -> dict[str, Any] | None:
    """Return the quickest line with recall ≥ .99 of the engines whose name begins so."""
    fitting = [
        line
        for line in run["lines"]
        if line["filter"] == filter_
        and line["engine"].startswith(engine)
        and line["recall"] >= 0.99
        and variant in (None, line["variant"])
    ]
    return min(fitting, key=lambda line: line["p50"], default=None)


def qdrant_faiss() -> str:
    """Qdrant against the best of FAISS: HNSW without a filter, any index with one."""
    rows = []
    for run in load("qdrant_faiss")["runs"]:
        cells = []
        for filter_ in FILTERS:
            mine = quickest(run, filter_, "qdrant", variant="")
            other = quickest(run, filter_, "faiss hnsw" if filter_ == "none" else "faiss")
            if mine is None or other is None:
                cells.append("")
                continue
            ratio = mine["p50"] / other["p50"]
            cells.append(f"**{ratio:.2f}** ({mine['p50']:.2f} ÷ {other['p50']:.2f})")
        rows.append([title(run), *cells])
    return table(["vectors", *FILTER_HEADS], rows)


def qdrant_default() -> str:
    """Searches of Qdrant as every search is made: p50 and recall."""
    rows = []
    for run in load("qdrant_faiss")["runs"]:
        lines = {line["filter"]: line for line in run["lines"] if line["setting"] == "default"}
        cells = [f"{lines[name]['p50']:.2f} ({share(lines[name]['recall'])})" for name in FILTERS]
        rows.append([title(run), *cells])
    return table(["vectors", *FILTER_HEADS], rows)


def acorn() -> str:
    """Filtered searches with and without ACORN: p50 at recall ≥ .99, else the best recall."""
    rows = []
    for run in load("qdrant_faiss")["runs"]:
        for variant, how in (("", "without"), ("with ACORN", "with")):
            cells = []
            for filter_ in FILTERS[1:]:
                lines = [
                    line
                    for line in run["lines"]
                    if (line["engine"], line["filter"], line["variant"])
                    == ("qdrant", filter_, variant)
                ]
                best = quickest(run, filter_, "qdrant", variant=variant) or max(
                    lines, key=lambda line: line["recall"]
                )
                cells.append(f"{best['p50']:.2f} ({share(best['recall'])})")
            rows.append([title(run), how, *cells])
    return table(["vectors", "ACORN", *FILTER_HEADS[1:]], rows)


TABLES: dict[str, Callable[[], str]] = {
    make.__name__: make
    for make in (
        packaged_models, verification, museum_photographs, training_ablations,
        outlier_noise_network, prediction_cost, aspect_cost, image_cost, main_job,
        main_job_resnet50, page, page_memory, flaky_server, nga_tables, nga_ingest, qdrant_faiss,
        qdrant_default, acorn,
    )
}  # fmt: skip


def fill(text: str) -> str:
    """Return a page with its tables made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", text)


if __name__ == "__main__":
    for path in sorted(PAGES.glob("*.md")):
        path.write_text(fill(path.read_text(encoding="utf-8")), encoding="utf-8")
