"""Command-line options generated from the declarations of a request's fields."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from artextract.cli.messages import with_options
from search.request import Parameter, filter_parameters, request_parameters

Command = TypeVar("Command", bound=Callable[..., object])

_SHORT = {"limit": "-k"}


def request_options(command: Command) -> Command:
    """Add the options for all fields of a request; they are passed by the fields' names."""
    return _add_options(command, [*request_parameters(), *filter_parameters()])


def by_option(command: Command) -> Command:
    """Add ``--by``, passed as ``by``."""
    return _add_options(command, [each for each in request_parameters() if each.name == "by"])


def _add_options(command: Command, parameters: Sequence[Parameter]) -> Command:
    for each in reversed(parameters):
        short = [_SHORT[each.name]] if each.name in _SHORT else []
        names = [*short, f"--{each.name.replace('_', '-')}", each.name]
        command = click.option(*names, **_settings(each))(command)
    return command


def _settings(parameter: Parameter) -> dict[str, Any]:
    if parameter.type is bool:
        return {"is_flag": True, "help": with_options(parameter.help)}
    type_: Any = parameter.type
    if parameter.choices:
        type_ = click.Choice(parameter.choices)
    elif parameter.type is not str:
        range_ = click.IntRange if parameter.type is int else click.FloatRange
        type_ = range_(parameter.minimum, parameter.maximum)  # type: ignore[arg-type]
    default = parameter.default or None
    return {
        "type": type_,
        "multiple": parameter.multiple,
        "metavar": None if parameter.choices else parameter.metavar,
        "default": [default] if parameter.multiple and default else default,
        "show_default": default is not None,
        "help": with_options(parameter.help),
    }
