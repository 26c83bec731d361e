"""A work with its labels, as every reader of a data set hands it on.

An *attribute* is what a network learns to tell (style, genre, artist); a *class* is one of its
values. A work may lack any label: that part of the loss is then left out, not the work.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Gathered", "LabelledWork"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledWork:
    """One picture and what is known of it.

    ``labels`` maps attributes to class names; an attribute that is not known is absent. ``artist``
    is kept apart from the labels, because a split may have to keep artists together where they are
    no attribute. ``split`` is the word of the data set's own split, None where it has none.
    """

    id: str
    image: Path
    labels: Mapping[str, str]
    artist: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """The works of a data set, in the order of their ids, and what was met on the way.

    ``counts`` has plain words as keys, in the order in which a summary prints them, and ``first``
    for some of these words the first case that was met.
    """

    works: list[LabelledWork]
    counts: Mapping[str, int] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """Return the counts as one line, with first cases; what never happened is left out."""
        return ", ".join(
            f"{count:,} {what}" + (f" (first: {self.first[what]})" if what in self.first else "")
            for what, count in self.counts.items()
            if count
        )
