"""Delete from a collection what its source no longer has."""

from artextract.catalog.notes import Note
from artextract.errors import InputError
from artextract.store import Store
from ingest.look_up import look_up
from ingest.sources.item import Item, Source


def prune(source: Source, store: Store) -> int:
    """Delete the images that ``source`` no longer has from ``store``; return their number.

    An image belongs to the source if its source's name and its folder are those of an artwork that
    the source has now.

    Raises:
        InputError: the source has a row without a usable artwork, which may be one that is only
            misspelt. Nothing is deleted.
    """
    present: set[str] = set()
    own: set[tuple[str | None, str | None]] = set()
    items = (item for item in source if not isinstance(item, Note))
    for item, _ in look_up(items, store, ("image_folder", "image")):
        if not isinstance(item, Item):
            raise InputError(f"nothing was pruned, since {item.reason}; correct it, then run again")
        present.add(item.artwork.point_id)
        own.add((item.artwork.source, None if item.folder is None else str(item.folder)))
    gone = [
        record.id
        for record in store.scroll(keys=("source", "image_folder"))
        if record.id not in present
        and (record.payload.get("source"), record.payload.get("image_folder")) in own
    ]
    for first in range(0, len(gone), 1000):
        store.delete(gone[first : first + 1000])
    return len(gone)
