"""All works in the order of a catalog, kept in memory: years, artist, title.

An engine sorts by one number alone. Reading all there is takes two seconds for 100,000 works, once;
then a page of the list takes milliseconds, whatever the filter: works are asked for by their years,
from where the page begins or where the years that are asked for do, in steps that grow while
nothing is found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from artextract.catalog.years import YearRange
from artextract.store import Record, Store, filters
from artextract.store.filters import Condition, Filter
from search.engine import in_order

__all__ = ["Listing", "Page"]

_FEW = 400
_CHUNK = 250
_UNDATED = float("inf")


@dataclass(frozen=True, slots=True)
class Page:
    """Point ids in order, and where the next page begins; None after the last."""

    point_ids: list[str]
    next: int | None


class Listing:
    """The order of one revision of a collection's images, a work's primary one first."""

    def __init__(self, store: Store) -> None:
        """Read what the works are ordered by."""
        keys = ("id", "view", "artist", "title", "year_begin", "year_end")

        def key(record: Record) -> tuple[object, ...]:
            return (*in_order(record), record.payload.get("view") != "primary", record.id)

        records = sorted(store.scroll(keys=keys, page_size=5000), key=key)
        self._ids = [record.id for record in records]
        self._works = [record.payload["id"] for record in records]
        self._place = {point_id: place for place, point_id in enumerate(self._ids)}
        self._years = [in_order(record)[0] for record in records]
        self._starts = self._find_blocks()
        ends = [record.payload.get("year_end", _UNDATED) for record in records]
        self._latest = [
            max(ends[first : self._end(block)], default=_UNDATED)
            for block, first in enumerate(self._starts, 1)
        ]
        self._by_end = any(
            "year_end" in record.payload and "year_begin" not in record.payload
            for record in records
        )

    def _find_blocks(self) -> list[int]:
        """Return where blocks of whole years begin, each of ``_CHUNK`` places or more."""
        starts = [0]
        for place in range(1, len(self._years)):
            year = self._years[place]
            if year != self._years[place - 1] and (
                place - starts[-1] >= _CHUNK or year == _UNDATED
            ):
                starts.append(place)
        return starts

    def page(
        self,
        store: Store,
        filter_: Filter | None,
        start: int,
        limit: int,
        years: YearRange | None = None,
    ) -> Page:
        """Return up to ``limit`` works that satisfy a filter, from place ``start`` on.

        ``years`` are those that the filter asks for, where it does: no other works are looked at.
        """
        found: list[int] = []
        last = self._works[start - 1] if 0 < start <= len(self._works) else None
        for place in self._places(store, filter_, start, years):
            if self._works[place] == last:
                continue
            if len(found) == limit:
                return Page([self._ids[each] for each in found], place)
            found.append(place)
            last = self._works[place]
        return Page([self._ids[each] for each in found], None)

    def _places(
        self, store: Store, filter_: Filter | None, start: int, years: YearRange | None
    ) -> Iterator[int]:
        """Iterate over the places of the images that satisfy a filter, from ``start`` on."""
        if filter_ is None:
            yield from range(start, len(self._ids))
            return
        block, last = self._blocks(start, years)
        span = 1
        while block < last:
            first, end = self._starts[block], self._end(min(block + span, last))
            if self._years[first] != _UNDATED == self._years[end - 1]:
                span = self._block_of_undated() - block  # no step goes from years into none
                continue
            inside = _and(filter_, self._within_years(first, end))
            found = store.count(inside)
            if found > _FEW and span > 1:
                span = max(1, span // 4)
                continue
            if found:
                few = found <= _FEW
                places = self._few(store, inside) if few else self._many(store, filter_, first, end)
                yield from (place for place in places if place >= start)
            block += span
            if found < _CHUNK:
                span *= 2

    def _blocks(self, start: int, years: YearRange | None) -> tuple[int, int]:
        """Return the first block with works of the years from ``start`` on, and past the last."""
        block, last = bisect_right(self._starts, start) - 1, len(self._starts)
        if years is not None and years.begin is not None:
            while block < last and self._latest[block] < years.begin:
                block += 1
        # Where a work has no first year, it stands at its last one, and may be of earlier ones.
        if years is not None and years.end is not None and not self._by_end:
            until = float(years.end)
            last = bisect_right(self._starts, until, key=lambda place: self._years[place])
        return block, last

    def _end(self, block: int) -> int:
        """Return the place past the last one before a block."""
        return self._starts[block] if block < len(self._starts) else len(self._ids)

    def _block_of_undated(self) -> int:
        return bisect_right(self._starts, bisect_left(self._years, _UNDATED)) - 1

    def _few(self, store: Store, inside: Filter) -> list[int]:
        ids = (record.id for record in store.scroll(inside, keys=(), page_size=_FEW))
        return sorted(self._place[each] for each in ids if each in self._place)

    def _many(self, store: Store, filter_: Filter, first: int, end: int) -> Iterator[int]:
        """Look through places one chunk after the other, where one year has many works."""
        for at in range(first, end, _CHUNK):
            chunk = self._ids[at : min(at + _CHUNK, end)]
            among = _and(filter_, filters.is_one_of(chunk))
            inside = {record.id for record in store.scroll(among, keys=(), page_size=_CHUNK)}
            yield from (at + nth for nth, each in enumerate(chunk) if each in inside)

    def _within_years(self, first: int, end: int) -> Condition:
        """Return the condition of all works of the years from one place to before another."""
        if self._years[first] == _UNDATED:
            return {"must": [filters.is_empty("year_begin"), filters.is_empty("year_end")]}
        inside = {"gte": self._years[first], "lte": self._years[end - 1]}
        begun: Condition = {"key": "year_begin", "range": inside}
        if not self._by_end:
            return begun
        ended: list[Condition] = [
            filters.is_empty("year_begin"), {"key": "year_end", "range": inside}
        ]  # fmt: skip
        return {"should": [begun, {"must": ended}]}


def _and(filter_: Filter, condition: Condition) -> Filter:
    return {**filter_, "must": [*filter_.get("must", []), condition]}
