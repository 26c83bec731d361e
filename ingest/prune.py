"""Taking out of a collection what its source no longer has."""

from artextract.errors import InputError
from artextract.store import Store
from ingest.sources.item import Item, Source

__all__ = ["prune"]


def prune(source: Source, store: Store) -> int:
    """Delete the images that ``source`` no longer has from ``store``; return how many they were.

    A point counts as the source's own where it has the same name of a source and the same folder
    of images as one of the works that the source has now.

    Raises:
        InputError: the source has a row that names no usable work: which work has gone and which
            is only spelt wrongly can't be told. Nothing is deleted.
    """
    present: set[str] = set()
    own: set[tuple[str | None, str | None]] = set()
    for work in source:
        if not isinstance(work, Item):
            raise InputError(f"nothing was pruned, since {work.reason}; mend it, then run again")
        present.add(work.artwork.point_id)
        own.add((work.artwork.source, None if work.folder is None else str(work.folder)))
    gone = [
        record.id
        for record in store.scroll(keys=("source", "image_folder"))
        if record.id not in present
        and (record.payload.get("source"), record.payload.get("image_folder")) in own
    ]
    for first in range(0, len(gone), 1000):
        store.delete(gone[first : first + 1000])
    return len(gone)
