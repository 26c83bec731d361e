"""What an evaluation found: tables of figures, and single queries to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from search.evaluation.metrics import Figure

__all__ = ["Case", "Row", "Section"]


@dataclass(frozen=True, slots=True)
class Case:
    """One query: the row it belongs to, its work, the works found first, how good it was (0..1)."""

    row: str
    query: str
    found: list[str]
    quality: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table, {name of the figure: figure}."""

    name: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Section:
    """A table, what it was measured on, and its queries."""

    title: str
    note: str
    rows: list[Row]
    cases: list[Case] = field(default_factory=list)
