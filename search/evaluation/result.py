"""Results of an evaluation: tables of figures, and single queries to look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from search.evaluation.metrics import Figure


@dataclass(frozen=True, slots=True)
class Case:
    """A query: its row, its artwork, the artworks found first, and its quality (0..1)."""

    row: str
    query: str
    found: list[str]
    quality: float


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: {name of the figure: figure}."""

    name: str
    figures: Mapping[str, Figure]


@dataclass(frozen=True, slots=True)
class Section:
    """A table, with a note on what was measured, and its queries."""

    title: str
    note: str
    rows: list[Row]
    cases: list[Case] = field(default_factory=list)
