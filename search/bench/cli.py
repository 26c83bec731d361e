"""``artextract bench``: speed and recall of Qdrant and FAISS, with and without filters."""

from pathlib import Path
from typing import Any, Literal

import click
from click.core import ParameterSource

from artextract.cli.options import (
    layout_options,
    make_device_option,
    store_option,
    take_layout,
)
from artextract.store.location import Location

_KINDS = ("flat", "hnsw", "ivf-flat", "ivf-pq")


def _parse_indexes(ctx: click.Context, parameter: click.Parameter, value: str) -> list[str] | None:
    if value == "auto":
        return None
    names = [part.strip() for part in value.split(",") if part.strip()]
    for name in names:
        if name not in _KINDS:
            raise click.BadParameter(f"{name!r} is unknown; known: {', '.join(_KINDS)}")
    return names


def _parse_efforts(ctx: click.Context, parameter: click.Parameter, value: str) -> list[int]:
    try:
        values = [int(part) for part in value.split(",")]
    except ValueError:
        values = [0]
    if min(values) < 1:
        raise click.BadParameter(f"{value!r} is not a list of numbers such as 32,64,128")
    return values


@click.command()
@click.pass_context
@store_option
@click.option(
    "--synthetic",
    type=click.IntRange(1000, 50_000_000),
    metavar="N",
    help="Measure N synthetic vectors in clusters. They are filled into --store if that is given, "
    "else into a folder below --out. A collection of anything else is refused.",
)
@click.option(
    "--dim",
    "dimension",
    type=click.IntRange(8, 4096),
    default=512,
    show_default=True,
    help="With --synthetic: dimensions of a vector.",
)
@click.option(
    "--mirror",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Folder of the copy for FAISS.  [default: OUT/mirror]",
)
@click.option("--rebuild", is_flag=True, help="Replace a copy that is out of date.")
@click.option(
    "--by",
    "aspect",
    default="visual",
    show_default=True,
    metavar="ASPECT",
    help="Vectors of this aspect.",
)
@click.option(
    "--queries", type=click.IntRange(1, 100_000), default=200, show_default=True,
    help="Number of queries.",
)  # fmt: skip
@click.option(
    "-k", "limit", type=click.IntRange(1, 1000), default=10, show_default=True,
    help="Number of nearest neighbours.",
)  # fmt: skip
@click.option(
    "--indexes",
    callback=_parse_indexes,
    default="auto",
    show_default=True,
    metavar="A,B",
    help=f"Indexes of FAISS: {', '.join(_KINDS)}; auto takes those with enough vectors to train "
    "and, on a GPU, all but hnsw.",
)
@click.option(
    "--ef",
    "efforts",
    callback=_parse_efforts,
    default="32,64,128,256,512",
    show_default=True,
    metavar="A,B",
    help="Values to try: hnsw_ef of Qdrant, efSearch and nprobe of FAISS. FAISS on a GPU takes at "
    "most 2048.",
)
@click.option(
    "--threads", type=click.IntRange(1, 256), default=1, show_default=True,
    help="Threads of a search in FAISS.",
)  # fmt: skip
@click.option(
    "--clients", type=click.IntRange(1, 256), default=4, show_default=True,
    help="Concurrent clients, for queries a second.",
)  # fmt: skip
@click.option(
    "--seed", type=click.IntRange(0, 65535), default=0, show_default=True,
    help="Random seed.",
)  # fmt: skip
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("bench"),
    show_default=True,
    metavar="DIR",
    help="Folder for results, figures, plots and the report.",
)
@click.option(
    "--beside",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="DIR",
    help="Folder of a benchmark of another size, to plot with this one; repeatable.",
)
@click.option(
    "--report-only", is_flag=True, help="Measure nothing; write the report of the results in --out."
)
@layout_options
@make_device_option(
    "cpu", "Where FAISS searches; auto takes CUDA if FAISS sees a GPU. Qdrant runs on the CPU."
)
def bench(
    ctx: click.Context,
    /,
    store: Location,
    out: Path,
    mirror: Path | None,
    device: Literal["auto", "cpu", "cuda"],
    beside: tuple[Path, ...],
    report_only: bool,
    **options: Any,
) -> None:
    """Compare Qdrant with FAISS on a collection: time, recall, filters, memory, disk.

    Queries are artworks of the collection, each left out of its own results, or with --synthetic
    vectors that it does not hold. Each runs without a filter, and with filters by artist and by
    years that about 1, 10 and 50 % pass. All results and times are kept in --out, from which
    figures, plots and report.html are made.

    A server is searched by gRPC if it answers there, else by REST; the report says by which.

    Example: artextract bench --synthetic 100000 --dim 512 --out bench-100k
    """
    from importlib.util import find_spec

    from artextract.errors import PackageError
    from search.bench.faiss_mirror import find_device, load_faiss
    from search.bench.figures import make_figures
    from search.bench.report import save_report, to_markdown
    from search.bench.run import BenchConfig, run

    layout = take_layout(options)
    if options["synthetic"] is None:
        if layout:
            raise click.UsageError("a layout needs --synthetic; --store has its own")
    elif ctx.get_parameter_source("store") is not ParameterSource.COMMANDLINE:
        store = Location(str(out / "store"))  # $ARTEXTRACT_STORE is for artworks
    load_faiss()
    if find_spec("matplotlib") is None:  # no extra: two of them bring it, each with a FAISS
        raise PackageError("the report needs matplotlib; run pip install matplotlib")
    if report_only:
        figures = make_figures(out)
    else:
        config = BenchConfig(
            store=store,
            out=out,
            mirror=mirror or out / "mirror",
            layout=layout,
            device=find_device(device),
            **options,
        )
        figures = run(config, on_step=lambda text: click.echo(text, err=True))
    others = [make_figures(folder) for folder in beside]
    for path in save_report(out, figures, others):
        click.echo(f"Written: {path}", err=True)
    click.echo(to_markdown(figures))
