"""The root command. Commands are loaded when they are called, so that help is quick."""

import importlib
import sys
from collections.abc import Sequence

import click

from artextract import __version__
from artextract.cli.messages import with_options
from artextract.errors import ArtExtractError, CombinationError

COMMANDS = {
    "demo": ("artextract.cli.demo:demo", "Ingest a small gallery and search it."),
    "ingest": ("ingest.cli:ingest", "Bring works into a collection."),
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
    "map": (
        "search.cli.map:map_",
        "Lay out a collection as a map, for `artextract serve` to show.",
    ),
    "eval": ("search.evaluation.cli:evaluate", "Measure how well works are found."),
    "info": ("search.cli.info:info", "Say what a collection holds."),
    "train": (
        "training.cli.train:train",
        "Train a network to classify style, genre and artist of paintings.",
    ),
    "report": ("training.cli.report:report", "Evaluate the predictions of a training on a page."),
    "outliers": (
        "training.cli.outliers:outliers",
        "Rank artworks by how probably their label is wrong.",
    ),
    "export": (
        "export.cli:export",
        "Write networks as ONNX files, and collections as tables or manifests.",
    ),
    "bench": (
        "search.bench.cli:bench",
        "Compare Qdrant with FAISS on a collection: time, recall, filters, memory, disk.",
    ),
    "export-store": (
        "artextract.cli.dump:export_store",
        "Write a whole collection as files, to be taken in by `artextract import-store`.",
    ),
    "import-store": (
        "artextract.cli.dump:import_store",
        "Bring what `artextract export-store` wrote into a collection, and compare what is there.",
    ),
    "doctor": (
        "artextract.cli.doctor:doctor",
        "Say what this installation can do, and what is missing.",
    ),
}
"""{command: (where it is, its first line of help)}; a test keeps both true."""


class LazyGroup(click.Group):
    """A group that knows its commands' names and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names, in the order of work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command; None if there is no such command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands with their first lines of help, importing none."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; a misspelt one is answered with the names there are."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            ctx.fail(f"no command {args[0]!r}; the commands are {', '.join(COMMANDS)}")
        return super().resolve_command(ctx, args)


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: artextract ingest folder ~/paintings, then "
    "artextract search ~/paintings/monet.jpg --gallery similar.html",
)
@click.version_option(__version__, prog_name="artextract")
def root() -> None:
    """Find visually similar paintings.

    Bring images into a collection with `ingest`, then search it with `search`.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit: 0 done, 1 a known failure, 2 wrong usage, 130 interrupted."""
    try:
        code = root.main(arguments, prog_name="artextract", standalone_mode=False)
    except ArtExtractError as error:
        click.echo(f"Error: {with_options(str(error))}", err=True)
        sys.exit(2 if isinstance(error, CombinationError) else 1)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
