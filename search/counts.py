"""Facets: how many artworks each value would leave under all filters but its own field's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from artextract.aspects import fact_filters
from artextract.catalog.artwork import FACET_FIELDS
from artextract.catalog.names import closest, fold, words_of
from artextract.catalog.predictions import SUGGESTED
from artextract.errors import QueryError
from artextract.store import Store, filters
from artextract.store.filters import Condition, Filter
from search.filtering import has_column, is_detected, make_filter
from search.names import ALL_NAMES, PREDICTED, as_written, facet
from search.request import SearchFilters

_TERMS = ("nationality", "school", "qualifier")
_SUGGESTED = tuple(f"{PREDICTED}{attribute}" for attribute in SUGGESTED)
_PREDICTED_ARTIST = f"{PREDICTED}artist"

_SMALL_WORDS = frozenset(
    "a an and at by for from in into la le of on or over the to upon with de du et der die und "
    "al del e il su".split()
)
_FEW = 1000
"""Number of values that are counted where few are shown; small words of media are left out."""

_MOST_BINS = 40
_WIDTHS = (1, 2, 5, 10, 20, 25, 50, 100, 250, 500, 1000)


def countable_fields() -> tuple[str, ...]:
    """Return the names of the filters whose values can be counted."""
    facts = (each.name for each in fact_filters())
    return (*FACET_FIELDS, *_SUGGESTED, _PREDICTED_ARTIST, *_TERMS, "medium", *facts)


@dataclass(frozen=True, slots=True)
class Count:
    """A value as it is written, and how many artworks have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Years:
    """Artworks by the first of their years: ``counts`` of bins of ``width`` years."""

    first: int
    width: int
    counts: list[int]


class Counter:
    """Counts the artworks of one revision of a collection; for several threads at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        alternate = filters.has_term("view", ["alternate"])
        several = store.count(filters.all_of([alternate])) > 0
        self._but = [alternate] if several else []
        self._facts = {each.name: each.fact for each in fact_filters()}
        self.written = lru_cache(100_000)(self._written)
        self._values = lru_cache(256)(
            lambda field, request, limit: facet(
                store,
                field,
                self._filter(request, self._but),
                limit,
                trusted=field in _SUGGESTED,
            )
        )
        self._histogram = lru_cache(64)(self._count_years)
        self.artworks = lru_cache(1024)(self._count_artworks)
        self._span = self._find_span()

    def count(
        self, field: str, request: SearchFilters, *, top: int, prefix: str = ""
    ) -> list[Count]:
        """Return the commonest values of ``field`` among artworks that satisfy the other filters.

        Of predicted styles and genres those are counted that are trusted.

        Args:
            field: One of :func:`countable_fields`.
            request: The filters; those of ``field`` itself are left out.
            top: Maximum number of values.
            prefix: Only values with a word that begins so.

        Raises:
            QueryError: there is no such field; see also :func:`search.filtering.make_filter`.
        """
        if field not in countable_fields():
            raise QueryError(self._explain_unknown(field))
        if not self._is_known(field):
            return []
        start = fold(prefix)
        limit = _FEW if top <= _FEW // 2 and not start else ALL_NAMES
        found = [
            (value, count) for value, count in self._values(field, request.without(field), limit)
            if (not start or _begins(value, start)) and not (
                field == "medium" and (value in _SMALL_WORDS or len(value) < 3)
            )
        ]  # fmt: skip
        return [Count(self.written(field, value), count) for value, count in found[:top]]

    def present(self) -> list[str]:
        """Return the fields that have values to show people: no predicted artists."""
        shown = [name for name in countable_fields() if name != _PREDICTED_ARTIST]
        return [name for name in shown if self.count(name, SearchFilters(), top=1)]

    def _explain_unknown(self, field: object) -> str:
        known = countable_fields()
        text = str(field)
        if has_column(self._store, text):
            return (
                f"`{text}` is a column of the catalog's own, which has no index to count its "
                "values with; only filter by it, with `where`"
            )
        near = closest(text, known)
        hint = f"closest: {', '.join(near)}" if near else f"fields: {', '.join(known)}"
        return f"there is no field {field!r} whose values can be counted; {hint}"

    def _is_known(self, field: str) -> bool:
        """Return whether the collection has predictions or facts for a field."""
        if field.startswith(PREDICTED):
            return self._store.manifest.classifier is not None
        return field not in self._facts or is_detected(self._store, self._facts[field])

    def years(self, request: SearchFilters) -> Years | None:
        """Return the histogram of years under all other filters; None where nothing has years.

        Raises:
            QueryError: see :func:`search.filtering.make_filter`.
        """
        if self._span is None:
            return None
        first, last = self._span
        width = next((w for w in _WIDTHS if (last - first) // w < _MOST_BINS), _WIDTHS[-1])
        first = first // width * width
        bins = (last - first) // width + 1
        return Years(first, width, self._histogram(request.without("years"), first, width, bins))

    def _count_years(self, request: SearchFilters, first: int, width: int, bins: int) -> list[int]:
        counts = []
        plain = self._filter(request, self._but) or {}
        for at in range(bins):
            begin = first + at * width
            inside = {"key": "year_begin", "range": {"gte": begin, "lt": begin + width}}
            counts.append(self._store.count({**plain, "must": [*plain.get("must", []), inside]}))
        return counts

    def _count_artworks(self, request: SearchFilters) -> int:
        """Return how many artworks satisfy the filters."""
        return self._store.count_works(self._filter(request))

    def _filter(self, request: SearchFilters, but: Sequence[Condition] = ()) -> Filter | None:
        """Return the store's filter, which leaves out other years instead of asking for these."""
        if (years := request.year_range()) and not request.within:
            but = [*but, *filters.beyond_years(years)]
            request = replace(request, years=None)
        return make_filter(request, self._store, but)

    def _written(self, field: str, key: str) -> str:
        if field in self._facts or field == "medium":
            return key
        return as_written(self._store, field, key)

    def _find_span(self) -> tuple[int, int] | None:
        """Return the earliest and the latest first year of an artwork."""
        years = [
            record.payload["year_begin"]
            for record in self._store.scroll(keys=("year_begin",), page_size=5000)
            if "year_begin" in record.payload
        ]
        return (min(years), max(years)) if years else None


def _begins(key: str, start: str) -> bool:
    return key.startswith(start) or any(word.startswith(start) for word in words_of(key))
