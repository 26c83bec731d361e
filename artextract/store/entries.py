"""The images of a collection as entries that :mod:`artextract.catalog.writing` saves."""

from collections.abc import Iterator

from artextract.catalog.writing.entries import ENTRY_KEYS, Entry
from artextract.store.base import Store

_BATCH = 500


class StoredEntries:
    """All images of a collection by (id, primary view first, image), read in batches.

    They can be iterated over several times while the store is open; only point ids are in memory.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        order = sorted(
            (record.payload["id"], record.payload.get("view") == "alternate",
             record.payload["image"], record.id)
            for record in store.scroll(keys=("id", "view", "image"))
        )  # fmt: skip
        self._point_ids = [point_id for *_, point_id in order]

    def __len__(self) -> int:
        return len(self._point_ids)

    def __iter__(self) -> Iterator[Entry]:
        for start in range(0, len(self._point_ids), _BATCH):
            batch = self._point_ids[start : start + _BATCH]
            records = self._store.retrieve(batch, keys=ENTRY_KEYS)
            for point_id in batch:
                yield Entry(point_id, records[point_id].payload)
