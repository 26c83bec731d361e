"""``artextract train``: train a network to tell style, genre and artist."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from training.data.samples import Gathered

__all__ = ["train"]

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def train() -> None:
    """Train a network to tell style, genre and artist of paintings.

    A convolutional network sees the parts of a picture, a recurrent one reads them as rows and
    columns. First the recurrent part learns on what the other makes of the pictures, in minutes;
    then both learn together. All goes into a folder, the run: settings, checkpoints, what was
    measured, predictions.

    Ctrl-C stops after the step that runs, and the same command with --resume goes on from there.
    Several processes, started with torchrun, share the work.

    Example: artextract train catalog works.csv --images scans --out my-run
    """


def _common_options(command: Command) -> Command:
    """Add the options that all data sets share."""
    options = [
        click.option(
            "--out",
            type=click.Path(path_type=Path),
            required=True,
            metavar="RUN",
            help="Folder of the training; made if missing.",
        ),
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            metavar="TOML",
            help="File with settings that differ from the defaults.",
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change one setting, as stage_two.epochs=4; repeatable, wins over the file.",
        ),
        click.option(
            "--split",
            type=click.Choice(["auto", "given", "stratified", "artist-disjoint"]),
            default="auto",
            show_default=True,
            help="Which works to learn from and which to judge by: as the data set says, made "
            "alike in all classes, or with no artist on both sides; auto takes the data set's "
            "where it has one, else a stratified one.",
        ),
        click.option(
            "--share",
            type=click.FloatRange(0.01, 0.9),
            default=0.2,
            show_default=True,
            help="Share of works to judge by, where the split is made here.",
        ),
        click.option("--resume", is_flag=True, help="Go on with the training that is in RUN."),
        click.option(
            "--device",
            type=click.Choice(["auto", "cpu", "cuda"]),
            default="auto",
            show_default=True,
            help="Where to train; auto takes CUDA where torch finds it.",
        ),
        click.option(
            "--folds",
            type=click.IntRange(0, 100),
            default=0,
            show_default=True,
            help="Also predict every work by heads trained on other works, dealt into so many "
            "folds, which `artextract outliers` needs; 5 is usual.",
        ),
        click.option(
            "--predict-train", is_flag=True, help="Also predict the works that were learnt from."
        ),
        click.option(
            "--beside",
            type=click.Path(path_type=Path),
            metavar="RUN",
            help="Learn the classes of another run, and show these predictions in its report as "
            "those of a training that keeps artists apart.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@train.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_common_options
def wikiart(directory: Path, **settings: Any) -> None:
    """Train on WikiArt: DIRECTORY holds ArtGAN's lists (style_train.csv ...) and the images.

    The lists' own split is used. Works whose image is missing are counted and left out.

    Example: artextract train wikiart wikiart --out wikiart-run
    """
    _check_packages()
    from training.data.wikiart import read_wikiart

    _run(read_wikiart(directory), settings)


@train.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder that the catalog's image paths start from.  [default: the catalog's folder]",
)
@click.option(
    "--split-column",
    default=None,
    metavar="NAME",
    help="Column that says train or val of each work.",
)
@_common_options
def catalog(file: Path, images: Path | None, split_column: str | None, **settings: Any) -> None:
    """Train on the works of a catalog FILE (CSV, JSONL or Parquet; one row, one work).

    The columns that are learnt are those of the setting `attributes`: style, genre and artist. A
    work may lack any of them.

    Example: artextract train catalog works.csv --split-column split --out my-run
    """
    _check_packages()
    from training.config import load_run_config
    from training.data.labelled_catalog import read_labelled

    config, _ = load_run_config(
        settings["out"], settings["resume"], settings["config"], settings["changes"]
    )
    works = read_labelled(file, images or file.parent, config.attributes, split_column)
    _run(works, settings)


def _check_packages() -> None:
    from training.packages import check_packages

    check_packages("torch", "sklearn", "tensorboard")


def _run(works: "Gathered", settings: dict[str, Any]) -> None:
    from training.loops.run import TrainSettings, run

    run(works, TrainSettings(**settings))
