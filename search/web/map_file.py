"""The file of a collection's map, which belongs to one revision of the collection."""

import gzip
import json
import zlib
from hashlib import sha256
from pathlib import Path
from typing import Any

from artextract.errors import CacheError
from artextract.files import atomic_write, explain_os_errors
from artextract.images.cache import default_cache_folder
from artextract.store import Store
from artextract.store.location import Location

_VERSION = 2  # of what a map shows: since 2 only trusted predictions


def map_path(store: Store) -> Path:
    """Return the file of a collection's map, by where it is and what it holds."""
    location = Location.of(store.location)
    place = store.location if location.is_server else str(location.folder.resolve())
    name = sha256(f"{place}\n{store.manifest.revision}\n{_VERSION}".encode()).hexdigest()
    return default_cache_folder() / "maps" / f"{name}.json.gz"


def load_map(store: Store) -> bytes | None:
    """Return the map as JSON; None where there is none of the collection as it is now."""
    try:
        return gzip.decompress(map_path(store).read_bytes()) or None
    except (OSError, EOFError, zlib.error):
        return None


def save_map(store: Store, values: dict[str, Any]) -> Path:
    """Keep the map of a collection as it is now; return the file.

    Raises:
        CacheError: it can't be written.
    """
    path = map_path(store)
    advice = "make room, or name another folder with $ARTEXTRACT_CACHE"
    with explain_os_errors(f"the map {path} can't be written", advice, CacheError):
        path.parent.mkdir(parents=True, exist_ok=True)
        data = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
        atomic_write(path, gzip.compress(data, 6), durable=False)
    return path
