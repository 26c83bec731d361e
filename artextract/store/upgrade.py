"""Bring a collection of an earlier format to the present one, in its place.

Only payloads and their indexes change; vectors and the graph stay. Format 3 adds keys and removes
none, so that a collection gives the same answers before, while and after it is upgraded. The
manifest's format is changed last: an interrupted upgrade is run again from the beginning, and
points that are of the new format already are not written again.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from artextract.catalog.artwork import Artwork
from artextract.store.base import Store
from artextract.store.manifest import FORMAT

_BATCH = 250


def upgrade(store: Store, *, on_points: Callable[[int], None] = lambda points: None) -> int:
    """Bring a collection to ``FORMAT``, and return how many points were rewritten.

    No graph is rebuilt: filters that a graph helps with keep their indexes, and the new ones serve
    exact look-ups and counts.

    Args:
        store: The collection.
        on_points: Called with the number of points of each batch.

    Raises:
        StoreError: the key of a server may not make indexes or change the manifest.
    """
    store.add_indexes()
    written = 0
    records = store.scroll(page_size=_BATCH)
    while batch := list(islice(records, _BATCH)):
        changed = {
            record.id: payload
            for record in batch
            if (payload := upgraded(record.payload)) != record.payload
        }
        if changed:
            store.overwrite_payloads(changed)
            written += len(changed)
        on_points(len(batch))
    if store.manifest.format != FORMAT:
        store.set_format(FORMAT)
    return written


def upgraded(payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return a payload of any format in ``FORMAT``; one that is no artwork's as it is."""
    if not payload.keys() >= {"id", "image"}:
        return dict(payload)
    payload = {**payload, **Artwork.from_payload(payload).to_payload()}
    version = payload.get("image_version")
    if version is not None and not re.fullmatch("[0-9a-f]{64}", version):
        payload["image_version"] = hash_version(version)
    return payload


def hash_version(version: str) -> str:
    """Return what a payload keeps of the address and the date of change of an image."""
    return hashlib.sha256(version.encode()).hexdigest()
