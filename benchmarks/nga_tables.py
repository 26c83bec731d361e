"""Read the NGA's tables: our reader against a plain pandas merge, measured in the same run.

    pip install -e '.[bench]'
    python benchmarks/nga_tables.py

The tables are synthetic, with as many rows and as long texts as the real ones. Each reader runs in
a process of its own, in turns; its time is from opening the files, after the imports, to the last
row. objects/s are all objects of the table by that time, however few are selected. All readers must
give the same images. Raw figures go to
benchmarks/results/nga_tables.json.
"""

import argparse
import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import platform
import resource
import shutil
import statistics
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"

USED = {
    "objects": [
        "objectid", "title", "classification", "attribution", "accessionnum", "displaydate",
        "beginyear", "endyear", "medium", "dimensions", "creditline", "departmentabbr",
        "wikidataid", "subclassification",
    ],
    "published_images": [
        "uuid", "iiifurl", "depictstmsobjectid", "viewtype", "sequence", "width", "height",
        "maxpixels", "openaccess", "modified", "assistivetext",
    ],
    "objects_constituents": [
        "objectid", "constituentid", "displayorder", "roletype", "role", "prefix", "suffix",
    ],
    "constituents": [
        "constituentid", "forwarddisplayname", "preferreddisplayname", "ulanid", "wikidataid",
        "nationality", "beginyear", "endyear",
    ],
    "objects_terms": ["objectid", "termtype", "term"],
}  # fmt: skip
"""The columns of the five tables that our reader uses, for the merge with ``usecols``."""

OF_AN_ARTIST = [
    "constituentid", "forwarddisplayname", "role", "prefix", "suffix", "ulanid", "wikidataid",
    "nationality", "beginyear", "endyear",
]  # fmt: skip

Rows = Iterable[dict[str, Any]]
P = ParamSpec("P")
R = TypeVar("R")


def read_ours(tables: Path, everything: bool) -> tuple[int, Rows]:
    """Return the number of objects and the rows, by the reader of this project."""
    from ingest.sources.nga_tables import TABLES, Selection, Tables, select

    for name, columns in USED.items():
        read = {*TABLES[name].required, *TABLES[name].optional}
        assert read == set(columns), (
            f"USED[{name!r}] differs from what is read by {read ^ {*columns}}"
        )
    if everything:
        selection = Selection(classification=(), all_rights=True, all_images=True)
    else:
        selection = Selection()
    artworks = select(Tables(tables), selection)
    return artworks.funnel[0][1], artworks


def merge_with_pandas(
    tables: Path, everything: bool, used: dict[str, list[str]] | None = None
) -> tuple[int, Rows]:
    """Return the number of objects and the rows by the obvious way: merge, then select.

    Most of its time goes into gathering lists of artists and terms with ``groupby``.
    """
    pandas: Any = importlib.import_module("pandas")
    # About sparse columns, none of which is used here.
    warnings.filterwarnings("ignore", category=pandas.errors.DtypeWarning)
    objects, images, links, people, terms = (
        pandas.read_csv(tables / f"{name}.csv", usecols=used and used[name]) for name in USED
    )
    artists = (
        links[links["roletype"] == "artist"]
        .merge(people, on="constituentid", suffixes=("_link", ""))
        .sort_values(["objectid", "displayorder"])
        .groupby("objectid")
        .agg(dict.fromkeys(OF_AN_ARTIST, list))
        .add_prefix("artist_")
    )
    terms = terms.groupby(["objectid", "termtype"])["term"].agg(list).unstack()
    artworks = (
        objects.merge(
            images, left_on="objectid", right_on="depictstmsobjectid", suffixes=("_object", "")
        )
        .merge(artists, how="left", left_on="objectid", right_index=True)
        .merge(terms, how="left", left_on="objectid", right_index=True)
    )
    if not everything:
        artworks = artworks[
            (artworks["classification"] == "Painting") & (artworks["openaccess"] == 1)
        ]
        artworks = (
            artworks.assign(later=artworks["viewtype"] != "primary")
            .sort_values(["objectid", "later", "sequence", "uuid"])
            .drop_duplicates("objectid")
        )
    return len(objects), artworks.to_dict("records")


def merge_used_columns(tables: Path, everything: bool) -> tuple[int, Rows]:
    """Return the same as :func:`merge_with_pandas`, reading only the used columns."""
    return merge_with_pandas(tables, everything, USED)


def merge_with_care(tables: Path, everything: bool) -> tuple[int, Rows]:
    """Return the same by an optimised way in pandas.

    It reads the used columns only, selects before it merges, and gathers in plain loops.
    """
    pandas: Any = importlib.import_module("pandas")
    objects, images, links, people, terms = (
        pandas.read_csv(tables / f"{name}.csv", usecols=used) for name, used in USED.items()
    )
    count = len(objects)
    if not everything:
        objects = objects[objects["classification"] == "Painting"]
        images = images[images["openaccess"] == 1]
        images = (
            images.assign(later=images["viewtype"] != "primary")
            .sort_values(["later", "sequence", "uuid"])
            .drop_duplicates("depictstmsobjectid")
        )
    artworks = objects.merge(images, left_on="objectid", right_on="depictstmsobjectid")
    selected = artworks["objectid"].unique()
    links = links[(links["roletype"] == "artist") & links["objectid"].isin(selected)]
    links = links.merge(people, on="constituentid", suffixes=("_link", ""))
    links = links.sort_values(["objectid", "displayorder"])
    artists = defaultdict(list)
    for artist in links[["objectid", *OF_AN_ARTIST]].to_dict("records"):
        artists[artist["objectid"]].append(artist)
    terms = terms[terms["objectid"].isin(selected)]
    named: dict[int, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for at, kind, term in zip(terms["objectid"], terms["termtype"], terms["term"], strict=True):
        named[at][kind].append(term)
    rows = (
        {**row, "artists": artists[row["objectid"]], "terms": named[row["objectid"]]}
        for row in artworks.to_dict("records")
    )
    return count, rows


READERS: dict[str, tuple[str, Callable[[Path, bool], tuple[int, Rows]]]] = {
    "ours": ("ingest.sources.nga_tables", read_ours),
    "pandas": ("pandas", merge_with_pandas),
    "pandas_used_columns": ("pandas", merge_used_columns),
    "pandas_with_care": ("pandas", merge_with_care),
}
"""{name: the module to import before the clock starts, the reader}."""

SELECTIONS = {"paintings": False, "everything": True}


@dataclass(frozen=True, slots=True)
class Run:
    """One reader's run over one selection, in a process of its own."""

    seconds: float
    mib: float
    """Peak resident memory."""
    mib_before: float
    """The same before the first file was opened: Python and the imports."""
    objects: int
    images: int
    fingerprint: int
    """Of the (object, image) pairs, independent of their order."""


def run(reader: str, tables: Path, everything: bool) -> Run:
    """Run a reader to its last row."""
    module, read = READERS[reader]
    importlib.import_module(module)
    before = peak_mib()
    images = fingerprint = 0
    started = time.perf_counter()
    objects, rows = read(tables, everything)
    for row in rows:
        pair = blake2b(f"{row['objectid']} {row['uuid']}".encode(), digest_size=8)
        fingerprint = (fingerprint + int.from_bytes(pair.digest())) % 2**64
        images += 1
    seconds = time.perf_counter() - started
    return Run(seconds, peak_mib(), before, objects, images, fingerprint)


def peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def apart(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a function in a fresh process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as pool:
        return pool.submit(function, *args, **kwargs).result()


def make_tables(folder: Path, objects: int) -> None:
    """Write the tables into ``folder``."""
    sys.path.insert(0, str(ROOT / "tests" / "support"))
    from nga_generator import write_tables

    write_tables(folder, objects)


def measure(tables: Path, repeats: int) -> dict[str, dict[str, dict[str, float]]]:
    """Return {selection: {reader: figures}}, medians of runs in turns."""
    for path in tables.glob("*.csv"):
        with path.open("rb") as file, open(os.devnull, "wb") as nowhere:
            shutil.copyfileobj(file, nowhere)
    figures = {}
    for selection, everything in SELECTIONS.items():
        runs: dict[str, list[Run]] = {reader: [] for reader in READERS}
        for turn in range(repeats):
            for reader, done in runs.items():
                print(f"... {selection}, {reader}, {turn + 1} of {repeats}", file=sys.stderr)
                done.append(apart(run, reader, tables, everything))
        found = {(r.objects, r.images, r.fingerprint) for done in runs.values() for r in done}
        assert len(found) == 1, f"the readers differ in what they find: {runs}"
        figures[selection] = {
            reader: summarize(done, runs["ours"]) for reader, done in runs.items()
        }
    return figures


def summarize(runs: list[Run], ours: list[Run]) -> dict[str, float]:
    """Return the medians of a reader's runs, and their ratios to those of our reader."""
    return {
        **{
            name: statistics.median(asdict(run)[name] for run in runs)
            for name in ("seconds", "mib", "mib_before", "objects", "images")
        },
        "objects_per_second": statistics.median(r.objects / r.seconds for r in runs),
        "seconds_by_ours": statistics.median(
            r.seconds / our.seconds for r, our in zip(runs, ours, strict=True)
        ),
        "mib_by_ours": statistics.median(
            r.mib / our.mib for r, our in zip(runs, ours, strict=True)
        ),
    }


def make_report(figures: dict[str, dict[str, dict[str, float]]]) -> Iterator[str]:
    """Iterate over the lines of the report, a Markdown table."""
    selections = {
        "paintings": "open-access paintings",
        "everything": "everything with an image, all images",
    }
    readers = {
        "pandas": "a plain pandas merge",
        "pandas_used_columns": "the same with `usecols`",
        "pandas_with_care": "pandas with care: `usecols`, select first, gather in loops",
    }
    yield "| ratio | objects/s | from | peak memory | from |"
    yield "|---|---|---|---|---|"
    for selection, title in selections.items():
        ours = figures[selection]["ours"]
        for reader, name in readers.items():
            other = figures[selection][reader]
            cells = (
                f"{title} ({ours['images']:,.0f} rows): ours ÷ {name}",
                f"{other['seconds_by_ours']:.1f}",
                f"{ours['objects_per_second']:,.0f} ÷ {other['objects_per_second']:,.0f}",
                f"{1 / other['mib_by_ours']:.2f}",
                f"{ours['mib']:.0f} ÷ {other['mib']:.0f} MiB",
            )
            yield f"| {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=144_192, help="objects of synthetic tables")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each reader")
    parser.add_argument("--tables", type=Path, help="folder of tables, made there if it has none")
    options = parser.parse_args()
    if importlib.util.find_spec("pandas") is None:
        parser.error("the baseline needs pandas: pip install -e '.[bench]'")
    with tempfile.TemporaryDirectory() as scratch:
        tables = options.tables or Path(scratch)
        if not (tables / "objects.csv").exists():
            print(f"... tables of {options.objects} objects", file=sys.stderr)
            apart(make_tables, tables, options.objects)
        figures = measure(tables, options.repeats)
    RESULTS.mkdir(exist_ok=True)
    machine = {
        "cpus": os.cpu_count(),
        "machine": platform.machine(),
        "python": sys.version.split()[0],
        **{name: importlib.metadata.version(name) for name in ("polars", "pandas")},
    }
    (RESULTS / "nga_tables.json").write_text(
        json.dumps({"repeats": options.repeats, "machine": machine, **figures}, indent=1) + "\n"
    )
    objects = figures["paintings"]["ours"]["objects"]
    print(f"{objects:,.0f} objects; {os.cpu_count()} CPUs; medians of {options.repeats}")
    print("\n".join(make_report(figures)))


if __name__ == "__main__":
    main()
