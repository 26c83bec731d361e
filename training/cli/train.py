"""``artextract train``: train a network to classify style, genre and artist."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from artextract.packages import check_packages

if TYPE_CHECKING:
    from training.data.samples import Dataset

Command = TypeVar("Command", bound=Callable[..., object])


@click.group()
def train() -> None:
    """Train a network to classify style, genre and artist of paintings.

    A convolutional backbone computes a feature map, and a recurrent head reads it as rows and
    columns. First the head is trained on features of the frozen backbone, in minutes; then both are
    trained together. Everything is written into one folder, the run: configuration, checkpoints,
    metrics, predictions.

    Ctrl-C stops after the current step, and the same command with --resume continues. Several
    processes, started with torchrun, share the training.

    Example: artextract train catalog works.csv --images scans --out my-run
    """


def _common_options(command: Command) -> Command:
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
            help="File with configuration options that differ from the defaults.",
        ),
        click.option(
            "--set",
            "changes",
            multiple=True,
            metavar="KEY=VALUE",
            help="Change one configuration option, such as stage_two.epochs=4; repeatable, "
            "overrides the file.",
        ),
        click.option(
            "--split",
            type=click.Choice(["auto", "given", "stratified", "artist-disjoint"]),
            default="auto",
            show_default=True,
            help="Split into training and validation samples: the dataset's own, stratified by "
            "class, or with no artist on both sides; auto takes the dataset's own where it has "
            "one, else a stratified one.",
        ),
        click.option(
            "--share",
            type=click.FloatRange(0.01, 0.9),
            default=0.2,
            show_default=True,
            help="Share of validation samples, where the split is made here.",
        ),
        click.option("--resume", is_flag=True, help="Continue the training in RUN."),
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
            help="Also predict every sample by heads trained on other samples, in so many folds, "
            "for `artextract outliers`; 5 is common.",
        ),
        click.option("--predict-train", is_flag=True, help="Also predict the training samples."),
        click.option(
            "--beside",
            type=click.Path(path_type=Path),
            metavar="RUN",
            help="Train on the classes of another run, and show these predictions in its report as "
            "those of an artist-disjoint split.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@train.command()
@click.argument("directory", type=click.Path(path_type=Path))
@_common_options
def wikiart(directory: Path, **options: Any) -> None:
    """Train on WikiArt: DIRECTORY holds ArtGAN's lists (style_train.csv ...) and the images.

    The lists' own split is used. Artworks whose image is missing are counted and left out.

    Example: artextract train wikiart wikiart --out wikiart-run
    """
    _check_packages()
    from training.data.wikiart import read_wikiart

    _run(read_wikiart(directory), options)


@train.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--images",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder that the catalog's image paths are relative to.  [default: the catalog's folder]",
)
@click.option(
    "--split-column",
    default=None,
    metavar="NAME",
    help="Column with the split of each artwork: train or val.",
)
@_common_options
def catalog(file: Path, images: Path | None, split_column: str | None, **options: Any) -> None:
    """Train on the artworks of a catalog FILE (CSV, JSONL or Parquet; one row, one artwork).

    The labels are the columns named by the configuration option `attributes`: style, genre and
    artist. An artwork may lack any of them.

    Example: artextract train catalog works.csv --split-column split --out my-run
    """
    _check_packages()
    from training.config import load_run_config
    from training.data.labelled_catalog import read_labelled_catalog

    config, _ = load_run_config(
        options["out"], options["resume"], options["config"], options["changes"]
    )
    dataset = read_labelled_catalog(file, images or file.parent, config.attributes, split_column)
    _run(dataset, options)


def _check_packages() -> None:
    needed = {name: name for name in ("torch", "pydantic", "scipy", "tensorboard", "tomlkit")}
    check_packages("training", needed | {"sklearn": "scikit-learn"}, extra="train")


def _run(dataset: "Dataset", options: dict[str, Any]) -> None:
    from training.loops.run import TrainOptions, run

    run(dataset, TrainOptions(**options))
