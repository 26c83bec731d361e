"""Parse command lines without running them."""

import shlex
from collections.abc import Iterator

import click

from artextract.cli.main import root


def walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield (words on the command line, command) for a command and those below, not hidden."""
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command, **root.context_settings)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            if not below.hidden:
                yield from walk(below, (*words, name))


def parse(line: str) -> str:
    """Return the name of the command that ``line`` calls, such as "artextract ingest folder".

    Raises:
        click.UsageError: one of its words is not understood.
    """
    called, *words = shlex.split(line)
    command: click.Command = root
    context = click.Context(root, **root.context_settings)
    while isinstance(command, click.Group):
        name, found, words = command.resolve_command(context, words)
        assert found is not None
        called, command = f"{called} {name}", found
    command.make_context(called, words, context)
    return called
