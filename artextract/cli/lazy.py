"""Groups that import a command only to run it, so that help is quick."""

import copy
import importlib
from collections.abc import Mapping
from typing import Any

import click

Commands = Mapping[str, tuple[str, str]]
"""{name: ("module:attribute" of the command, the first sentence of its help)}."""


class LazyGroup(click.Group):
    """A group of commands in named sections, with hidden aliases for names of earlier versions."""

    def __init__(
        self,
        *args: Any,
        sections: Mapping[str, Commands],
        aliases: Mapping[str, tuple[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        """Make the group.

        Args:
            args: As of :class:`click.Group`.
            sections: {heading in the help: its commands}.
            aliases: {earlier name: ("module:attribute", the command line to use instead)}.
            kwargs: As of :class:`click.Group`.
        """
        super().__init__(*args, **kwargs)
        self.sections = sections
        self.lazy_commands = {n: each for part in sections.values() for n, each in part.items()}
        self.aliases = aliases or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, without the aliases."""
        return list(self.lazy_commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command or an alias; None if there is no such command."""
        if cmd_name in self.lazy_commands:
            return _load(self.lazy_commands[cmd_name][0])
        if cmd_name in self.aliases:
            target, new = self.aliases[cmd_name]
            return make_alias(_load(target), f"{ctx.command_path} {cmd_name}", new)
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections with the first sentence of each command's help."""
        width = max(map(len, self.lazy_commands))
        for heading, commands in self.sections.items():
            with formatter.section(heading):
                formatter.write_dl([(f"{n:{width}}", text) for n, (_, text) in commands.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a command; the error for an unknown one lists the known ones."""
        name = args[0]
        if not name.startswith("-") and name not in {*self.lazy_commands, *self.aliases}:
            ctx.fail(f"no command {name!r}; the commands are {', '.join(self.lazy_commands)}")
        return super().resolve_command(ctx, args)


def make_alias(command: click.Command, name: str, new: str) -> click.Command:
    """Return a hidden copy of ``command`` that says on stderr to use ``new``, and then runs.

    ``name`` is the whole earlier command line, which the warning names.
    """
    alias = copy.copy(command)
    alias.name, alias.hidden, alias.deprecated = name, True, f"Use `{new}`."
    return alias


def _load(target: str) -> click.Command:
    module, _, name = target.partition(":")
    command: click.Command = getattr(importlib.import_module(module), name)
    return command
