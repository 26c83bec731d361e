"""``artextract report``: evaluate a training."""

from pathlib import Path

import click

from artextract.packages import check_packages


@click.command(
    epilog="Example: artextract report my-run --baseline --out my-report",
)
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    show_default="RUN/report",
    help="Where to write the report.",
)
@click.option(
    "--baseline",
    is_flag=True,
    help="First fit a logistic regression on frozen features to compare with, and keep it in RUN.",
)
@click.option(
    "--model",
    default="efficientnet-lite0",
    show_default=True,
    metavar="NAME",
    help="Model of the baseline's features: a packaged model or an ONNX file.",
)
def report(run: Path, out: Path | None, baseline: bool, model: str) -> None:
    """Evaluate the predictions of a training on a page.

    RUN is the --out folder of `artextract train`. report.html holds everything; report.json has
    the numbers, and the plots lie beside it as PNG files.
    """
    needed = {"matplotlib": "matplotlib", "scipy": "scipy", "sklearn": "scikit-learn"}
    check_packages("a report", needed, extra="train")
    from training.evaluation.predictions import open_run
    from training.evaluation.report import save_report

    opened = open_run(run)
    if baseline:
        from artextract.cli.progress import progress_bar
        from training.evaluation.baseline import make_baseline
        from training.evaluation.embeddings import embed_run
        from training.evaluation.evaluate import SPLITS

        with progress_bar("Embedding images", len(opened.samples)) as on_images:
            embeddings = embed_run(opened, model, on_images)
        splits = [split for split in SPLITS if opened.predictions_file(split).is_file()]
        click.echo("Fitting the baseline, its strength by cross-validation.", err=True)
        make_baseline(opened, embeddings, splits)
    folder = out or run / "report"
    for one in save_report(opened, folder):
        where = "" if one.split == "val" else " (artist-disjoint)"
        interval = one.intervals.macro_f1
        line = (
            f"{one.attribute}{where}: macro-F1 {one.scores.macro_f1:.3f} "
            f"[{interval.low:.3f}, {interval.high:.3f}], accuracy {one.scores.accuracy:.3f}, "
            f"{one.scores.n} samples, {one.evaluated_classes} classes"
        )
        if one.difference is not None and one.baseline is not None:
            line += (
                f"; baseline {one.baseline.macro_f1:.3f}, difference {one.difference.macro_f1:+.3f}"
                f" [{one.difference.macro_f1_interval.low:+.3f}, "
                f"{one.difference.macro_f1_interval.high:+.3f}]"
            )
        click.echo(line)
    click.echo(f"Report: {folder / 'report.html'}", err=True)
