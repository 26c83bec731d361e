"""The help of every command: complete, with an example that can be run, and true in its summary."""

import inspect
import re

import click
import pytest
from command_line import parse, walk

from artextract.cli.lazy import LazyGroup
from artextract.cli.main import root

ALL = dict(walk(root, ("artextract",)))


def test_all_commands_are_found() -> None:
    assert {"artextract", *(f"artextract {name}" for name in root.lazy_commands)} <= set(ALL)
    assert "artextract collection info" in ALL
    assert {"artextract ingest folder", "artextract ingest catalog"} <= set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_command_and_option_has_help(name: str) -> None:
    command = ALL[name]
    assert command.help
    assert re.match(r"[A-Z].*\.", command.get_short_help_str(1000))
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{name} {parameter.opts[0]}"
            first = parameter.help.split("[default")[0].rstrip()
            assert first.endswith("."), f"{name} {parameter.opts[0]}: {parameter.help}"


def examples_of(command: click.Command) -> list[str]:
    """Return the command lines of the example with which a command's help ends."""
    text = inspect.cleandoc(command.epilog or command.help or "").replace("\b", "")
    last = re.split(r"\n\s*\n", text.strip())[-1]
    head, _, lines = last.partition(":")
    assert head.strip() in {"Example", "Examples"}, last
    found = re.split(r"\b(?=artextract [a-z])", " ".join(lines.split()))
    assert found[0].strip() == ""
    return [line.strip().removesuffix(", then") for line in found[1:]]


@pytest.mark.parametrize("name", ALL)
def test_help_ends_with_an_example_that_is_understood(name: str) -> None:
    examples = examples_of(ALL[name])
    assert examples
    for example in examples:
        called = parse(example)  # raises where a word is not understood
        assert called == name or called.startswith(f"{name} ")


@pytest.mark.parametrize("name", [name for name in ALL if isinstance(ALL[name], LazyGroup)])
def test_the_summary_of_a_command_is_its_own_first_sentence(name: str) -> None:
    group = ALL[name]
    assert isinstance(group, LazyGroup)
    for word, (_, summary) in group.lazy_commands.items():
        command = ALL[f"{name} {word}"]
        assert command.name == word
        assert command.get_short_help_str(1000) == summary


def test_options_of_one_name_have_one_form() -> None:
    """An option that several commands share takes the same kind of value in each."""
    kinds: dict[str, set[tuple[str, bool, bool]]] = {}
    for command in ALL.values():
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                for word in parameter.opts:
                    kind = (parameter.type.name, parameter.is_flag, parameter.multiple)
                    kinds.setdefault(word, set()).add(kind)
    assert "--store" in kinds
    for word in ("--store", "--device"):
        assert len(kinds[word]) == 1, kinds[word]
