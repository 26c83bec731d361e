"""Running command lines in tests, and what is expected of one that fails."""

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Artextract", "Ran", "assert_one_sentence"]


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str


Artextract = Callable[..., Ran]
"""Runs a command line given as words, and returns how it ended."""


def assert_one_sentence(ran: Ran, *words: str) -> None:
    """Check that a command failed, with one line of error that holds all ``words``."""
    assert ran.code == 1, ran
    assert "Traceback" not in ran.err
    errors = [line for line in ran.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1, ran.err
    for word in words:
        assert word in errors[0], errors[0]
