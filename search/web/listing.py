"""All works in the order of a catalog, kept in memory: years, artist, title.

An engine sorts by one number alone. Reading all there is takes two seconds for 100,000 works, once;
then a page of the list takes milliseconds, whatever the filter.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from artextract.store import Record, Store, filters
from artextract.store.filters import Filter
from search.searcher import in_order

__all__ = ["Listing", "Page"]

_FEW = 2_000
_CHUNK = 1_000


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

    def page(self, store: Store, filter_: Filter | None, start: int, limit: int) -> Page:
        """Return up to ``limit`` works that satisfy a filter, from place ``start`` on."""
        found: list[int] = []
        last = self._works[start - 1] if 0 < start <= len(self._works) else None
        for place in self._places(store, filter_, start):
            if self._works[place] == last:
                continue
            if len(found) == limit:
                return Page([self._ids[each] for each in found], place)
            found.append(place)
            last = self._works[place]
        return Page([self._ids[each] for each in found], None)

    def _places(self, store: Store, filter_: Filter | None, start: int) -> Iterator[int]:
        """Iterate over the places of the images that satisfy a filter, from ``start`` on."""
        if filter_ is None:
            yield from range(start, len(self._ids))
        elif store.count(filter_) <= _FEW:
            ids = (record.id for record in store.scroll(filter_, keys=(), page_size=_FEW))
            places = sorted(self._place[each] for each in ids if each in self._place)
            yield from (place for place in places if place >= start)
        else:
            for first in range(start, len(self._ids), _CHUNK):
                chunk = self._ids[first : first + _CHUNK]
                among = {**filter_, "must": [*filter_.get("must", []), filters.is_one_of(chunk)]}
                inside = {record.id for record in store.scroll(among, keys=(), page_size=_CHUNK)}
                yield from (first + at for at, each in enumerate(chunk) if each in inside)
