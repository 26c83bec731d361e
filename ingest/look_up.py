"""Look up what a collection already has of the artworks of a source."""

import filecmp
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from artextract.catalog.notes import Note
from artextract.store import Record, Store
from ingest.sources.item import Failure, Item

_AT_ONCE = 256
"""Artworks that are looked up at once."""


def look_up(
    items: Iterator[Item | Failure],
    store: Store | None,
    keys: Sequence[str],
    on_note: Callable[[Note], object] = lambda note: None,
) -> Iterator[tuple[Item | Failure, Record | None]]:
    """Iterate over artworks with the record that the collection has of each, or None.

    Where it has another image of that name from another folder, the artwork is yielded with an id
    of its own, which begins with the folder's name: "scans/a.jpg".

    Args:
        items: The artworks.
        store: The collection; None if there is none yet.
        keys: Keys of the records' payloads; "image_folder" and "image" are needed.
        on_note: Called for each artwork with an id of its own.
    """
    while chunk := list(islice(items, _AT_ONCE)):
        known = [item for item in chunk if isinstance(item, Item)]
        records = _retrieve(known, store, keys)
        strangers = [
            item.named_by_folder()
            for item in known
            if _is_elsewhere(item, records.get(_point(item)))
        ]
        others = _retrieve(strangers, store, keys)
        for item in chunk:
            record = records.get(_point(item)) if isinstance(item, Item) else None
            if isinstance(item, Item) and _is_elsewhere(item, record):
                own = item.named_by_folder()
                if _point(own) in others or _is_another_image(item, record):
                    kind = "ids used by another folder, here after the name of their own folder"
                    on_note(Note(kind, own.artwork.id))
                    item, record = own, others.get(_point(own))
            yield item, record


def _point(item: Item) -> str:
    return item.artwork.point_id


def _retrieve(items: Sequence[Item], store: Store | None, keys: Sequence[str]) -> dict[str, Record]:
    if store is None or not items:
        return {}
    return dict(store.retrieve([_point(item) for item in items], keys=keys))


def _is_elsewhere(item: Item, record: Record | None) -> bool:
    """Return whether both images are files, in different folders."""
    folder = None if record is None else record.payload.get("image_folder")
    return item.folder is not None and folder is not None and folder != str(item.folder)


def _is_another_image(item: Item, record: Record | None) -> bool:
    """Return whether the record's image is still there and has other content.

    If it is not, the folder has been moved.
    """
    assert record is not None
    assert item.folder is not None
    theirs = Path(record.payload["image_folder"], record.payload["image"])
    try:
        return not filecmp.cmp(theirs, item.folder / item.artwork.image, shallow=False)
    except OSError:
        return False
