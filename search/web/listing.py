"""All artworks in the order of a catalog (years, artist, title), kept in memory.

An engine sorts by one number alone. Reading 100,000 artworks takes two seconds, once. Then a page
of the list takes milliseconds, whatever the filter: artworks are read by ranges of years, from
where the page or the filter begins, and the ranges grow while nothing is found.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from artextract.catalog.years import YearRange
from artextract.store import Record, Store, filters
from artextract.store.filters import Condition, Filter
from search.engine import LISTING_KEYS, listing_key

_FEW = 400
_CHUNK = 250
_UNDATED = float("inf")


@dataclass(frozen=True, slots=True)
class Page:
    """Point ids in order, and where the next page begins; None after the last."""

    point_ids: list[str]
    next: int | None


class Listing:
    """The order of one revision of a collection's images, an artwork's primary one first."""

    def __init__(self, store: Store) -> None:
        def key(record: Record) -> tuple[object, ...]:
            return (*listing_key(record), record.payload.get("view") != "primary", record.id)

        records = sorted(store.scroll(keys=LISTING_KEYS, page_size=5000), key=key)
        self._ids = [record.id for record in records]
        self._artworks = [record.payload["id"] for record in records]
        self._position = {point_id: position for position, point_id in enumerate(self._ids)}
        self._years = [listing_key(record)[0] for record in records]
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
        """Return where blocks of whole years begin, each of ``_CHUNK`` images or more."""
        starts = [0]
        for position in range(1, len(self._years)):
            year = self._years[position]
            if year != self._years[position - 1] and (
                position - starts[-1] >= _CHUNK or year == _UNDATED
            ):
                starts.append(position)
        return starts

    def page(
        self,
        store: Store,
        filter_: Filter | None,
        start: int,
        limit: int,
        years: YearRange | None = None,
    ) -> Page:
        """Return up to ``limit`` artworks that satisfy a filter, from position ``start`` on.

        ``years`` are those of the filter, if it has any: no other artworks are read.
        """
        found: list[int] = []
        last = self._artworks[start - 1] if 0 < start <= len(self._artworks) else None
        for position in self._positions(store, filter_, start, years):
            if self._artworks[position] == last:
                continue
            if len(found) == limit:
                return Page([self._ids[each] for each in found], position)
            found.append(position)
            last = self._artworks[position]
        return Page([self._ids[each] for each in found], None)

    def _positions(
        self, store: Store, filter_: Filter | None, start: int, years: YearRange | None
    ) -> Iterator[int]:
        """Iterate over the positions of the images that satisfy a filter, from ``start`` on."""
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
                positions = (
                    self._few(store, inside) if few else self._many(store, filter_, first, end)
                )
                yield from (position for position in positions if position >= start)
            block += span
            if found < _CHUNK:
                span *= 2

    def _blocks(self, start: int, years: YearRange | None) -> tuple[int, int]:
        """Return the first block with artworks of the years from ``start`` on, and the end."""
        block, last = bisect_right(self._starts, start) - 1, len(self._starts)
        if years is not None and years.begin is not None:
            while block < last and self._latest[block] < years.begin:
                block += 1
        # An artwork without a first year stands at its last one, and may be of earlier years.
        if years is not None and years.end is not None and not self._by_end:
            until = float(years.end)
            last = bisect_right(self._starts, until, key=lambda position: self._years[position])
        return block, last

    def _end(self, block: int) -> int:
        """Return the position after the last one before a block."""
        return self._starts[block] if block < len(self._starts) else len(self._ids)

    def _block_of_undated(self) -> int:
        return bisect_right(self._starts, bisect_left(self._years, _UNDATED)) - 1

    def _few(self, store: Store, inside: Filter) -> list[int]:
        ids = (record.id for record in store.scroll(inside, keys=(), page_size=_FEW))
        return sorted(self._position[each] for each in ids if each in self._position)

    def _many(self, store: Store, filter_: Filter, first: int, end: int) -> Iterator[int]:
        """Iterate over positions chunk by chunk, where one year has many artworks."""
        for at in range(first, end, _CHUNK):
            chunk = self._ids[at : min(at + _CHUNK, end)]
            among = _and(filter_, filters.is_one_of(chunk))
            inside = {record.id for record in store.scroll(among, keys=(), page_size=_CHUNK)}
            yield from (at + nth for nth, each in enumerate(chunk) if each in inside)

    def _within_years(self, first: int, end: int) -> Condition:
        """Return the condition of all artworks of the years from one position to before another."""
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
