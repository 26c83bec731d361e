"""What is published: one entry an image, of a collection or of an answer."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from artextract.catalog.artwork import METADATA_FIELDS

if TYPE_CHECKING:
    from artextract.store import Store

__all__ = ["Entry", "StoredEntries"]

_KEYS = (*METADATA_FIELDS, "extra", "predicted", "width", "height", "image_sha256")
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Entry:
    """One image of a work, with the payload that a collection keeps of it.

    ``rank``, ``score`` and ``aspects`` (cosines) are those of an answer; a collection's entries
    have none.
    """

    point_id: str
    payload: Mapping[str, Any]
    rank: int | None = None
    score: float | None = None
    aspects: Mapping[str, float] = field(default_factory=dict)


class StoredEntries:
    """All images of a collection by (id, primary view first, image), read in batches.

    They can be iterated over several times; only the points' ids are held.
    """

    def __init__(self, store: "Store") -> None:
        """Look through ``store``, which must stay open while the entries are used."""
        self._store = store
        order = sorted(
            (record.payload["id"], record.payload.get("view") == "alternate",
             record.payload["image"], record.id)
            for record in store.scroll(keys=("id", "view", "image"))
        )  # fmt: skip
        self._point_ids = [point_id for *_, point_id in order]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._point_ids)

    def __iter__(self) -> Iterator[Entry]:
        """Iterate over the images."""
        for start in range(0, len(self._point_ids), _BATCH):
            batch = self._point_ids[start : start + _BATCH]
            records = self._store.retrieve(batch, keys=_KEYS)
            for point_id in batch:
                yield Entry(point_id, records[point_id].payload)
