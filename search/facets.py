"""Counts of the names and the years in a collection."""

from dataclasses import dataclass

from artextract.catalog.predictions import SUGGESTED
from artextract.store import Store
from search.names import PREDICTED, common_names, one_image_each

FACETS = ("artist", "nationality", "school", "qualifier", "style", "genre", "classification")
"""Fields whose commonest names are counted."""

_WIDTHS = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2000)
_MOST_BINS = 14


@dataclass(frozen=True, slots=True)
class Bin:
    """How many artworks have the middle of their years in ``begin`` to ``end``, both included."""

    begin: int
    end: int
    works: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Names as {field: [(name, artworks)]}, the commonest first; years as bins without a gap."""

    names: dict[str, list[tuple[str, int]]]
    years: list[Bin]
    undated: int


def count_facets(store: Store, most: int) -> Facets:
    """Return the ``most`` commonest names of each field that is in use, and the years.

    Of predictions those are counted that are trusted.
    """
    found = {field: common_names(store, field, most) for field in FACETS}
    for attribute in SUGGESTED:
        found[f"predicted.{attribute}"] = common_names(
            store, f"{PREDICTED}{attribute}", most, trusted=True
        )
    names = {label: each for label, each in found.items() if each}
    middles = []
    undated = 0
    for record in store.scroll(one_image_each(), keys=("year_begin", "year_end")):
        known = [record.payload[key] for key in ("year_begin", "year_end") if key in record.payload]
        if known:
            middles.append(sum(known) // len(known))
        else:
            undated += 1
    return Facets(names, _make_bins(middles), undated)


def _make_bins(years: list[int]) -> list[Bin]:
    """Return a histogram of years with at most 14 bins of a round width."""
    if not years:
        return []
    first, last = min(years), max(years)
    width = next(
        (w for w in _WIDTHS if last // w - first // w < _MOST_BINS), _WIDTHS[-1]
    )  # years go from -9999 to 9999, 11 bins of the widest
    counts = dict.fromkeys(range(first // width, last // width + 1), 0)
    for year in years:
        counts[year // width] += 1
    return [Bin(at * width, at * width + width - 1, works) for at, works in counts.items()]
