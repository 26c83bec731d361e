"""Samples and datasets, as every reader of a dataset returns them.

An *attribute* is what a network learns to classify (style, genre, artist); a *class* is one of its
values. A sample may lack any label: that part of the loss is then left out, not the sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from artextract.catalog.years import UNKNOWN_YEARS, YearRange


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """An image with its labels.

    ``labels`` maps attributes to class names; an unknown attribute is absent. ``artist`` is not
    only a label, because a split may have to keep artists together where they are no attribute.
    ``split`` is that of the dataset, None where it has none. ``years`` are when the artwork was
    made.
    """

    id: str
    image: Path
    labels: Mapping[str, str]
    artist: str | None = None
    split: str | None = None
    years: YearRange = UNKNOWN_YEARS


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Samples sorted by id, and counts of what was read and what was left out.

    ``counts`` has phrases as keys, in the order of a summary; ``first`` has the first case of some.
    """

    samples: list[Sample]
    counts: Mapping[str, int] = field(default_factory=dict)
    first: Mapping[str, str] = field(default_factory=dict)

    def summary(self) -> str:
        """Return the counts above 0 as one line, with first cases."""
        return ", ".join(
            f"{count:,} {what}" + (f" (first: {self.first[what]})" if what in self.first else "")
            for what, count in self.counts.items()
            if count
        )
