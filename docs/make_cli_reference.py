"""Write docs/reference/cli.md from the commands' own help.

python docs/make_cli_reference.py
"""

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.pop("ARTEXTRACT_STORE", None)

import click

from artextract.cli.main import root

TARGET = Path(__file__).with_name("reference") / "cli.md"
HEADER = """<!-- Made by docs/make_cli_reference.py from the commands' help; change it there. -->
# Command line

With this page you can look up every command and option. `artextract COMMAND --help` prints the
same text.

Results go to stdout, progress and messages to stderr. Exit codes: 0 done, 1 a known failure (one
sentence says what failed and what to do), 2 wrong usage, 130 interrupted.
"""


def walk(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterator[click.Context]:
    """Iterate over a command and all below it, as contexts that can print their help."""
    context = click.Context(
        command,
        parent=parent,
        info_name=name,
        terminal_width=96,
        help_option_names=["-h", "--help"],
    )
    yield context
    if isinstance(command, click.Group):
        for child_name in command.list_commands(context):
            child = command.get_command(context, child_name)
            assert child is not None
            if not child.hidden:
                yield from walk(child, context, child_name)


def make_reference() -> str:
    """Return the reference as Markdown."""
    parts = [HEADER]
    for context in walk(root, None, "artextract"):
        parts.append(f"## {context.command_path}\n\n```\n{context.get_help()}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(make_reference(), encoding="utf-8")
