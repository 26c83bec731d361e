"""The root command. Commands are imported when they are called, so that help is quick."""

import os
import sys
from collections.abc import Sequence

import click

from artextract import __version__
from artextract.cli.lazy import Commands, LazyGroup
from artextract.cli.messages import with_options
from artextract.errors import ArtExtractError, CombinationError

SECTIONS: dict[str, Commands] = {
    "Start": {
        "demo": ("artextract.cli.demo:demo", "Ingest a small gallery and search it."),
        "doctor": (
            "artextract.cli.doctor:doctor",
            "Say what this installation can do, and what is missing.",
        ),
    },
    "Collections": {
        "ingest": ("ingest.cli:ingest", "Add artworks to a collection."),
        "collection": (
            "artextract.cli.collection:collection",
            "Describe, save, move and map a collection.",
        ),
    },
    "Search": {
        "search": (
            "search.cli.search:search",
            "Find similar artworks, or those that filters describe.",
        ),
        "explain": (
            "search.cli.explain:explain",
            "Say why two artworks match: a score and a sentence for each aspect.",
        ),
        "serve": (
            "search.web.cli:serve",
            "Show a collection as a page in the browser, with an API.",
        ),
    },
    "Models": {
        "train": (
            "training.cli.train:train",
            "Train a network to classify style, genre and artist of paintings.",
        ),
        "report": (
            "training.cli.report:report",
            "Evaluate the predictions of a training on a page.",
        ),
        "outliers": (
            "training.cli.outliers:outliers",
            "Rank artworks by how probably their label is wrong.",
        ),
        "export": ("export.cli:export", "Write networks as ONNX files."),
    },
    "Measure": {
        "eval": ("search.evaluation.cli:evaluate", "Measure how well artworks are found."),
        "bench": (
            "search.bench.cli:bench",
            "Compare Qdrant with FAISS on a collection: time, recall, filters, memory, disk.",
        ),
    },
}
"""{heading: {command: (where it is, the first sentence of its help)}}."""

# Names of version 0.1, understood for one more release.
ALIASES = {
    "info": ("search.cli.info:info", "artextract collection info"),
    "map": ("search.cli.map:map_", "artextract collection map"),
    "export-store": ("artextract.cli.collection:dump", "artextract collection dump"),
    "import-store": ("artextract.cli.collection:restore", "artextract collection restore"),
}


@click.group(
    cls=LazyGroup,
    sections=SECTIONS,
    aliases=ALIASES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: artextract ingest folder ~/paintings, then "
    "artextract search ~/paintings/monet.jpg --gallery similar.html",
)
@click.version_option(__version__, prog_name="artextract")
def root() -> None:
    """Find visually similar paintings.

    Add images to a collection with `ingest`, then search it with `search`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a known failure, 2 wrong usage, 130 interrupted.

    Without ``arguments``, they are those of this process. It then ends at once where it is
    interrupted, and does not wait for threads: an image that they decode may take long. Whoever
    handled the interruption has finished what had to be.
    """
    try:
        code = root.main(arguments, prog_name="artextract", standalone_mode=False)
    except ArtExtractError as error:
        click.echo(f"Error: {with_options(str(error))}", err=True)
        sys.exit(2 if isinstance(error, CombinationError) else 1)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        code = 130
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    if code == 130 and arguments is None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
