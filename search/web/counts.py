"""Facets: how many works each choice would leave, under all filters but its own."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from artextract.catalog.artwork import FACET_FIELDS
from artextract.catalog.names import fold, words_of
from artextract.catalog.years import parse_year_filter
from artextract.store import Store, filters
from artextract.store.filters import Condition, Filter
from search.asked import Asked
from search.criteria import is_looked_at, make_filter
from search.names import as_written

__all__ = ["FIELDS", "Count", "Counter", "Years"]

_SEEN = {"faces": "faces", "facing": "facing", "bodies": "bodies", "light_from": "light",
         "key": "key", "colour": "colour"}  # fmt: skip
_TERMS = ("nationality", "school", "qualifier")
_PREDICTED = ("predicted_style", "predicted_genre", "predicted_artist")

FIELDS = (*FACET_FIELDS, *_PREDICTED, *_TERMS, "medium", *_SEEN)
"""What can be counted: fields of :class:`~search.asked.Asked`."""

_LIMIT = 100_000
_SMALL_WORDS = frozenset(
    "a an and at by for from in into la le of on or over the to upon with de du et der die und "
    "al del e il su".split()
)
_MOST_BINS = 40
_WIDTHS = (1, 2, 5, 10, 20, 25, 50, 100, 250, 500, 1000)


@dataclass(frozen=True, slots=True)
class Count:
    """A value as it is written, and how many images have it."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Years:
    """Works by the first year that they may be of: ``counts`` of bins of ``width`` years."""

    first: int
    width: int
    counts: list[int]


class Counter:
    """Counts the works of one revision of a collection; for several threads at once."""

    def __init__(self, store: Store) -> None:
        """Count in ``store``."""
        self._store = store
        alternate = filters.has_term("view", ["alternate"])
        several = store.count(filters.all_of([alternate])) > 0
        self._but = [alternate] if several else []
        self.written = lru_cache(100_000)(self._written)
        self._facet = lru_cache(256)(self._ask)
        self._histogram = lru_cache(64)(self._count_years)
        self._works = lru_cache(1024)(self._count_works)
        self._span = self._find_span()

    def count(self, field: str, asked: Asked, *, top: int, prefix: str = "") -> list[Count]:
        """Return the commonest values of ``field`` among works that fit the other filters.

        Args:
            field: One of ``FIELDS``.
            asked: The filters; its own choice of ``field`` does not count.
            top: Most values to return.
            prefix: Only values one of whose words begins so, or the first of them.

        Raises:
            QueryError: see :func:`search.criteria.make_filter`.
        """
        if not self._is_known(field):
            return []
        none: dict[str, Any] = {field: None if field in ("faces", "bodies", "medium") else ()}
        others = replace(asked, **none)
        if field.startswith("predicted"):
            others = replace(others, min_confidence=None)
        key, begin = self._key(field)
        found = self._facet(key, _freeze(others), begin)
        wanted = fold(prefix)
        values = [
            each for each in found
            if (not wanted or _begins(each.value, wanted)) and not (
                field == "medium" and (each.value in _SMALL_WORDS or len(each.value) < 3)
            )
        ]  # fmt: skip
        return [Count(self.written(field, each.value), each.count) for each in values[:top]]

    def works(self, asked: Asked) -> int:
        """Return how many works fit.

        Raises:
            QueryError: see :func:`search.criteria.make_filter`.
        """
        return self._works(_freeze(asked))

    def present(self) -> list[str]:
        """Return the fields of which there are values at all."""
        return [field for field in FIELDS if self.count(field, Asked(), top=1)]

    def _is_known(self, field: str) -> bool:
        """Return whether pictures were looked at for a field."""
        if field in _PREDICTED:
            return self._store.manifest.classifier is not None
        return field not in _SEEN or is_looked_at(self._store, _SEEN[field])

    def years(self, asked: Asked) -> Years | None:
        """Return how works spread over the years, whatever years are asked for; None without any.

        Raises:
            QueryError: see :func:`search.criteria.make_filter`.
        """
        if self._span is None:
            return None
        first, last = self._span
        width = next((w for w in _WIDTHS if (last - first) // w < _MOST_BINS), _WIDTHS[-1])
        first = first // width * width
        bins = (last - first) // width + 1
        others = replace(asked, years=None, within=False)
        return Years(first, width, list(self._histogram(_freeze(others), first, width, bins)))

    def _count_years(self, asked: Asked, first: int, width: int, bins: int) -> Sequence[int]:
        counts = []
        plain = self._filter(asked, self._but) or {}
        for at in range(bins):
            begin = first + at * width
            inside = {"key": "year_begin", "range": {"gte": begin, "lt": begin + width}}
            counts.append(self._store.count({**plain, "must": [*plain.get("must", []), inside]}))
        return counts

    def _ask(self, key: str, asked: Asked, begin: str) -> list[Count]:
        """Return the values of an indexed key that start with ``begin``, without it."""
        found = self._store.facet(key, limit=_LIMIT, filter_=self._filter(asked, self._but))
        return [
            Count(value.removeprefix(begin), count) for value, count in found
            if value.startswith(begin)
        ]  # fmt: skip

    def _count_works(self, asked: Asked) -> int:
        return self._store.count_works(self._filter(asked))

    def _filter(self, asked: Asked, but: Sequence[Condition] = ()) -> Filter | None:
        """Return the filter for what was asked, with years as what is left out."""
        if asked.years is not None and not asked.within:
            but = [*but, *filters.beyond_years(parse_year_filter(asked.years))]
            asked = replace(asked, years=None)
        return make_filter(asked.criteria(), self._store, but)

    def _key(self, field: str) -> tuple[str, str]:
        """Return the indexed key that has ``field``, and what its values begin with there."""
        if field in FACET_FIELDS or field == "medium":
            return f"folded.{field}", ""
        if field in _PREDICTED:
            return "predicted.terms", f"{field.removeprefix('predicted_')}="
        if field in _SEEN:
            return "seen", f"{_SEEN[field]}="
        return "folded.terms", f"{field}="

    def _written(self, field: str, key: str) -> str:
        if field in _SEEN or field == "medium":
            return key
        return as_written(self._store, field.replace("predicted_", "predicted."), key)

    def _find_span(self) -> tuple[int, int] | None:
        """Return the first and the last year that a work may begin in."""
        years = [
            record.payload["year_begin"]
            for record in self._store.scroll(keys=("year_begin",), page_size=5000)
            if "year_begin" in record.payload
        ]
        return (min(years), max(years)) if years else None


def _begins(key: str, wanted: str) -> bool:
    return key.startswith(wanted) or any(word.startswith(wanted) for word in words_of(key))


def _freeze(asked: Asked) -> Asked:
    """Return the filters alone, fit to be a key of a cache."""
    values: dict[str, Any] = {}
    for each in fields(asked):
        value = getattr(asked, each.name)
        values[each.name] = tuple(value) if isinstance(value, list) else value
    return Asked(**{**values, "by": ()})
