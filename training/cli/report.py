"""``artextract report``: judge a training."""

from pathlib import Path

import click

__all__ = ["report"]


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
    help="First fit a logistic regression on frozen features, to compare with; kept in RUN.",
)
@click.option(
    "--model",
    default="efficientnet-lite0",
    show_default=True,
    metavar="NAME",
    help="Whose features the baseline uses: a packaged model or an ONNX file.",
)
def report(run: Path, out: Path | None, baseline: bool, model: str) -> None:
    """Judge what a training predicted, as a page to read.

    RUN is the --out folder of `artextract train`. report.html holds everything; report.json has
    the numbers, and the plots lie beside it as PNG files.
    """
    from training.packages import check_packages

    check_packages("matplotlib", "scipy", "sklearn")
    from training.evaluation.predictions import open_run
    from training.evaluation.report import save_report

    opened = open_run(run)
    if baseline:
        from training.evaluation.baseline import make_baseline
        from training.evaluation.embeddings import embed_run
        from training.evaluation.judging import SPLITS
        from training.loops.progress import Counter

        with Counter("Embedding works", len(opened.works)) as tell:
            embeddings = embed_run(opened, model, tell)
        splits = [split for split in SPLITS if opened.predictions_file(split).is_file()]
        click.echo("Fitting the baseline, its strength by cross-validation.", err=True)
        make_baseline(opened, embeddings, splits)
    folder = out or run / "report"
    judgements = save_report(opened, folder)
    for one in judgements:
        where = "" if one.split == "val" else " (artists kept apart)"
        interval = one.intervals.macro_f1
        line = (
            f"{one.attribute}{where}: macro-F1 {one.scores.macro_f1:.3f} "
            f"[{interval.low:.3f}, {interval.high:.3f}], accuracy {one.scores.accuracy:.3f}, "
            f"{one.scores.n} works, {one.judged} classes"
        )
        if one.difference is not None and one.baseline is not None:
            line += (
                f"; baseline {one.baseline.macro_f1:.3f}, difference {one.difference.macro_f1:+.3f}"
                f" [{one.difference.macro_f1_interval.low:+.3f}, "
                f"{one.difference.macro_f1_interval.high:+.3f}]"
            )
        click.echo(line)
    click.echo(f"Report: {folder / 'report.html'}", err=True)
