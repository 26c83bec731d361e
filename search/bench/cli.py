"""``artextract bench``: FAISS and Qdrant, which is quicker, at which recall, under which filter."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import click

from artextract.cli.options import device_option, layout_options, store_option, take_layout
from artextract.store.location import Location

if TYPE_CHECKING:
    from search.bench.faiss_mirror import Kind

__all__ = ["bench"]

_KINDS = ("flat", "hnsw", "ivf-flat", "ivf-pq")


@click.command()
@store_option
@click.option(
    "--synthetic",
    type=click.IntRange(1000, 50_000_000),
    metavar="N",
    help="Instead of --store: N made-up vectors in clusters, in a folder below --out.",
)
@click.option(
    "--dim",
    "dimension",
    type=click.IntRange(8, 4096),
    default=512,
    show_default=True,
    help="With --synthetic: numbers of a vector.",
)
@click.option(
    "--mirror",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where the FAISS copy is, or will be.  [default: OUT/mirror]",
)
@click.option("--rebuild", is_flag=True, help="Make the copy anew, if it is out of date.")
@click.option(
    "--by", "aspect", default="visual", show_default=True, metavar="ASPECT", help="Which vectors."
)
@click.option(
    "--queries", type=click.IntRange(1, 100_000), default=200, show_default=True,
    help="How many works, or made-up vectors, are looked for.",
)  # fmt: skip
@click.option(
    "-k", "limit", type=click.IntRange(1, 1000), default=10, show_default=True,
    help="How many nearest.",
)  # fmt: skip
@click.option(
    "--indexes",
    default="auto",
    show_default=True,
    metavar="A,B",
    help=f"Which indexes of FAISS: {', '.join(_KINDS)}; auto takes all that there are vectors "
    "enough for and, with --device cuda, that FAISS has on a GPU (all but hnsw).",
)
@click.option(
    "--ef",
    "efforts",
    default="16,32,64,128,256",
    show_default=True,
    metavar="A,B",
    help="Settings that are tried: hnsw_ef of Qdrant, efSearch and nprobe of FAISS. FAISS on a GPU "
    "takes at most 2048.",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), default=1, show_default=True,
    help="Threads of one search in FAISS.",
)  # fmt: skip
@click.option(
    "--clients", type=click.IntRange(1, 256), default=4, show_default=True,
    help="Threads that ask at once, for queries a second.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 65535), default=0, show_default=True,
    help="Of all that is drawn at random.",
)  # fmt: skip
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("bench"),
    show_default=True,
    metavar="DIR",
    help="Where answers, figures, pictures and the report go.",
)
@click.option(
    "--beside",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="The --out of another benchmark, of a collection of another size, to be drawn beside this "
    "one; repeatable.",
)
@click.option(
    "--report-only", is_flag=True, help="Measure nothing; make the report of what --out holds."
)
@layout_options
@device_option
def bench(
    store: Location,
    synthetic: int | None,
    dimension: int,
    mirror: Path | None,
    rebuild: bool,
    aspect: str,
    queries: int,
    limit: int,
    indexes: str,
    efforts: str,
    threads: int,
    clients: int,
    seed: int,
    out: Path,
    beside: tuple[Path, ...],
    report_only: bool,
    device: Literal["auto", "cpu", "cuda"],
    **layout: Any,
) -> None:
    """Compare Qdrant with FAISS on a collection: time, recall, filters, memory, disk.

    Queries are works of the collection, each left out of its own answer, or with --synthetic
    vectors that it does not hold. Each is asked without a filter, and with filters by artist and by
    years that let about 1, 10 and 50 % pass. All answers and times are kept in --out, and figures,
    pictures and report.html are made of them.

    Example: artextract bench --synthetic 100000 --dim 512 --out bench-100k
    """
    from search.bench.figures import make_figures
    from search.bench.report import save_report, to_markdown
    from search.bench.run import Wanted, run

    asked = take_layout(layout)
    if asked and synthetic is None:
        raise click.UsageError(
            "how a collection is laid out is asked for with --synthetic; --store is as it is"
        )
    _check_packages()
    if report_only:
        figures = make_figures(out)
    else:
        wanted = Wanted(
            out=out,
            mirror=mirror or out / "mirror",
            store=None if synthetic is not None else store,
            synthetic=synthetic,
            dimension=dimension,
            layout=asked,
            aspect=aspect,
            queries=queries,
            limit=limit,
            indexes=None if indexes == "auto" else _kinds(indexes),
            efforts=_efforts(efforts),
            threads=threads,
            clients=clients,
            device="cpu" if device == "auto" else device,
            rebuild=rebuild,
            seed=seed,
        )
        figures = run(wanted, lambda text: click.echo(text, err=True))
    others = [make_figures(folder) for folder in beside]
    for path in save_report(out, figures, others):
        click.echo(f"Written: {path}", err=True)
    click.echo(to_markdown(figures))


def _check_packages() -> None:
    from importlib.util import find_spec

    from artextract.errors import PackageError
    from search.bench.faiss_mirror import load_faiss

    load_faiss()
    if find_spec("matplotlib") is None:
        raise PackageError(
            "matplotlib is not installed; the report needs it: run pip install matplotlib"
        )


def _kinds(text: str) -> "list[Kind]":
    names = [part.strip() for part in text.split(",") if part.strip()]
    for name in names:
        if name not in _KINDS:
            raise click.UsageError(f"--indexes {name!r} is unknown; known: {', '.join(_KINDS)}")
    return cast("list[Kind]", names)


def _efforts(text: str) -> list[int]:
    try:
        values = [int(part) for part in text.split(",")]
    except ValueError:
        values = [0]
    if min(values) < 1:
        raise click.UsageError(f"--ef {text!r} is not understood; write numbers such as 32,64,128")
    return values
