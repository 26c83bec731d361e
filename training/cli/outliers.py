"""``artextract outliers``: find labels that are probably wrong."""

from pathlib import Path

import click

from artextract.packages import check_packages


@click.command(
    epilog="Examples: artextract outliers my-run --top 100 "
    "artextract outliers my-run --logistic --attribute style",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--attribute",
    "attributes",
    multiple=True,
    metavar="NAME",
    help="Only labels of this attribute; repeatable.",
)
@click.option(
    "--top",
    type=click.IntRange(1, 1000),
    default=40,
    show_default=True,
    help="Most artworks of an attribute on the page; the table has all.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    show_default="RUN/outliers",
    help="Where to write the page and the table.",
)
@click.option(
    "--logistic",
    is_flag=True,
    help="Classify by a logistic regression on frozen features instead of the network's "
    "out-of-fold predictions.",
)
@click.option(
    "--model",
    default="efficientnet-lite0",
    show_default=True,
    metavar="NAME",
    help="Model of the features of --logistic: a packaged model or an ONNX file.",
)
def outliers(
    run: Path,
    attributes: tuple[str, ...],
    top: int,
    out: Path | None,
    logistic: bool,
    model: str,
) -> None:
    """Rank artworks by how probably their label is wrong.

    RUN is the --out folder of `artextract train`. outliers.csv ranks every labelled artwork;
    outliers.html shows the most suspicious beside their most similar artworks.
    """
    needed = {"cleanlab": "cleanlab", "sklearn": "scikit-learn", "scipy": "scipy"}
    check_packages("a search for label errors", needed, extra="train")
    from training.evaluation.predictions import open_run
    from training.label_errors.pages import save_outliers

    opened = open_run(run)
    embeddings = None
    if logistic:
        from artextract.cli.progress import progress_bar
        from training.evaluation.embeddings import embed_run

        with progress_bar("Embedding images", len(opened.samples)) as on_images:
            embeddings = embed_run(opened, model, on_images)
    folder = out or run / "outliers"
    found = save_outliers(opened, folder, attributes=attributes, embeddings=embeddings, top=top)
    for one in found:
        contradicted = int((one.suspects.suggestion != one.labels).sum())
        click.echo(
            f"{one.attribute}: {len(one.ids):,} labels ranked; for {contradicted:,} another class "
            "is more probable"
        )
    click.echo(f"Page: {folder / 'outliers.html'}\nTable: {folder / 'outliers.csv'}", err=True)
