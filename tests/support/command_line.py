"""Understanding command lines without running them."""

import shlex
from collections.abc import Iterator

import click

from artextract.cli.main import root

__all__ = ["parse", "walk"]


def walk(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """Yield (words on the command line, command) for a command and all below it."""
    yield " ".join(words), command
    if isinstance(command, click.Group):
        context = click.Context(command, **root.context_settings)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from walk(below, (*words, name))


def parse(line: str) -> str:
    """Return the name of the command that ``line`` calls, such as "artextract ingest folder".

    Raises:
        click.UsageError: one of its words is not understood.
    """
    commands = dict(walk(root, ("artextract",)))
    words = shlex.split(line)
    called = words[0]
    while len(words) > 1 and f"{called} {words[1]}" in commands:
        called += f" {words.pop(1)}"
    command = commands[called]
    assert not isinstance(command, click.Group), line
    command.make_context(called, words[1:], click.Context(root, **root.context_settings))
    return called
