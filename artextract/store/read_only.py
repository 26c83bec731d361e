"""Read a collection where nothing can be written: on a read-only medium, or in others' folder.

The engine opens every file of a collection for writing, also to read it. A collection that can't be
written to is therefore copied into the cache folder, once for each of its states, and read there.
"""

import contextlib
import hashlib
import logging
import os
import shutil
from pathlib import Path

from artextract.errors import StoreError
from artextract.files import atomic_write, explain_os_errors
from artextract.images.cache import default_cache_folder
from artextract.store.manifest import MANIFEST_NAME, Manifest
from artextract.store.owner import LOCK_NAME

_log = logging.getLogger(__name__)

_CHUNK_BYTES = 64 << 10
_MARGIN_BYTES = 64 << 20


def is_writable(folder: Path, shard: str) -> bool:
    """Return whether this process may write to a collection's ``folder`` and the engine's files.

    ``shard`` is the name of the folder with these.
    """
    paths = [str(folder), str(folder / MANIFEST_NAME), str(folder / LOCK_NAME)]
    for parent, folders, files in os.walk(folder / shard):
        paths += (os.path.join(parent, name) for name in (*folders, *files))
    # The process that uses the collection may have deleted one meanwhile.
    return all(os.access(path, os.W_OK) or not os.path.lexists(path) for path in paths)


def make_place(folder: Path) -> Path:
    """Return the folder, made if there is none, for the copy of the collection in ``folder``.

    Raises:
        StoreError: it can't be made.
    """
    name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
    place = default_cache_folder() / "stores" / name
    with _explained(folder, place):
        place.mkdir(parents=True, exist_ok=True)
    return place


def update_copy(folder: Path, place: Path, shard: str) -> None:
    """Make ``place``, which this process owns, hold the present state of the collection ``folder``.

    ``shard`` is the name of the folder with the engine's files.

    Raises:
        StoreError: the collection is damaged or being written to, or there is no room for the copy.
    """
    manifest = Manifest.load(folder)
    if manifest.files is None:
        raise StoreError(
            f"store {folder} can't be written to by this process, and another one writes to it or "
            "was ended while it did; wait, or open the store once where it can be written to"
        )
    manifest.check_files(folder / shard)
    copied = place / MANIFEST_NAME
    if copied.is_file() and Manifest.load(place) == manifest:
        return
    with _explained(folder, place):
        copied.unlink(missing_ok=True)
        shutil.rmtree(place / shard, ignore_errors=True)
        size = sum(path.stat().st_blocks * 512 for path in (folder / shard).rglob("*"))
        if shutil.disk_usage(place).free < size + _MARGIN_BYTES:
            raise OSError(f"it needs {size >> 20} MiB")
        _log.warning(
            "Store %s can't be written to; it is copied to %s (%d MiB) and read there.",
            folder, place, size >> 20,
        )  # fmt: skip
        _copy_tree(folder / shard, place / shard)
        if Manifest.load(folder) != manifest:
            raise StoreError(f"store {folder} was written to while it was copied; try again")
        # Last, so that a copy that was cut off has none.
        atomic_write(copied, (folder / MANIFEST_NAME).read_bytes())


def _copy_tree(source: Path, target: Path) -> None:
    """Copy the files in a folder and below, without their permissions."""
    for parent, _, names in os.walk(source):
        folder = target / Path(parent).relative_to(source)
        folder.mkdir()
        for name in names:
            _copy_sparsely(Path(parent, name), folder / name)


def _copy_sparsely(source: Path, target: Path) -> None:
    """Copy a file's content; blocks of zeros, most of what the engine makes, take no space."""
    zeros = bytes(_CHUNK_BYTES)
    with source.open("rb") as file, target.open("wb") as copy:
        while chunk := file.read(_CHUNK_BYTES):
            if chunk == zeros[: len(chunk)]:
                copy.seek(len(chunk), os.SEEK_CUR)
            else:
                copy.write(chunk)
        copy.truncate()


def _explained(folder: Path, place: Path) -> contextlib.AbstractContextManager[None]:
    return explain_os_errors(
        f"store {folder} can't be written to, and can't be copied to {place} to be read there",
        "make room, or name another folder with $ARTEXTRACT_CACHE",
        StoreError,
    )
