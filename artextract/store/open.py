"""Open and make collections, in folders and on servers."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from artextract.errors import StoreError, StoreMismatchError
from artextract.models.registry import ModelIdentity
from artextract.store.base import Store
from artextract.store.embedded import SHARD_NAME, EmbeddedStore
from artextract.store.location import Location
from artextract.store.manifest import FORMAT, MANIFEST_NAME, Layout, Manifest
from artextract.store.owner import LOCK_NAME, Owner
from artextract.store.read_only import is_writable, make_place, update_copy
from artextract.store.upgrade import upgrade

_log = logging.getLogger(__name__)

DEFAULT_STORE = "artextract-store"
"""The store's folder unless `store` or ``$ARTEXTRACT_STORE`` names another."""

WAIT_SECONDS = 10.0
"""Default wait for a store that another process holds."""

_OWN_FILES = {MANIFEST_NAME, LOCK_NAME, "owner.json", "failures.jsonl", SHARD_NAME}
# A manifest whose writing was cut off, by this version or an earlier one.
_UNFINISHED = (f".{Path(MANIFEST_NAME).stem}.", f"{MANIFEST_NAME}.new")


def open_store(location: Location | str, *, wait_seconds: float = WAIT_SECONDS) -> Store:
    """Open an existing collection in a folder or on a server.

    A folder that can't be written to is copied into the cache and read there.

    Raises:
        StoreLockedError: another process holds it for longer than ``wait_seconds``.
        UnavailableError: the server does not answer.
        StoreError: there is no collection, or it is damaged.
    """
    location = Location.of(location)
    if location.is_server:
        from artextract.store.server import ServerStore

        return ServerStore.load(location)
    folder = location.folder
    if not (folder / MANIFEST_NAME).is_file():
        raise StoreError(
            f"there is no store at {folder}; make one with `artextract ingest`, or name another "
            "`store`"
        )
    if is_writable(folder, SHARD_NAME):
        owner = Owner(folder)
        return _owned(owner, wait_seconds, lambda: EmbeddedStore.load(folder, owner))
    place = make_place(folder)
    owner = Owner(place)

    def load_copy() -> Store:
        update_copy(folder, place, SHARD_NAME)
        return EmbeddedStore.load(folder, owner, copy=place)

    return _owned(owner, wait_seconds, load_copy)


def with_grpc(location: Location) -> Location:
    """Return ``location`` with gRPC, which is quicker, if its server answers by gRPC.

    Raises:
        StoreError: the location is not valid.
    """
    if not location.is_server or location.grpc:
        return location
    from artextract.store.connection import answers_grpc

    faster = replace(location, grpc=True)
    return faster if answers_grpc(faster) else location


def find_store(location: Location | str) -> Store | None:
    """Open the collection at ``location``; return None if there is none yet.

    Raises:
        StoreError: see :func:`open_store`.
    """
    location = Location.of(location)
    if location.is_server:
        from artextract.store.server import ServerStore

        return ServerStore.find(location)
    return open_store(location) if (location.folder / MANIFEST_NAME).is_file() else None


def create_store(
    location: Location | str,
    model: ModelIdentity,
    *,
    vectors: Mapping[str, int] | None = None,
    classifier: ModelIdentity | None = None,
    measured: int | None = None,
    layout: Mapping[str, Any] | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Store:
    """Open the collection at ``location`` for a model's embeddings; make it if there is none.

    A collection of an earlier format is upgraded first, so that no collection holds payloads of two
    formats.

    Args:
        location: A folder, or a server's URL.
        model: The model that makes the embeddings.
        vectors: {aspect: dimension} that it must have; None means "visual" alone for a new
            collection and any for an existing one.
        classifier: The model that predicts classes, if any does.
        measured: Version of the rules by which images are measured, if they are.
        layout: {field of :class:`~artextract.store.manifest.Layout`: value}; an existing collection
            must have these values.
        wait_seconds: Longest wait for another process that holds it.

    Raises:
        StoreMismatchError: the collection was made with other models, or has vectors of other
            aspects or another layout.
        UnavailableError: the server does not answer.
        StoreLockedError: another process holds it for longer than ``wait_seconds``.
        StoreError: it can't be made or used there.
    """
    location = Location.of(location)
    layout = layout or {}
    manifest = Manifest(
        model=model,
        vectors=dict(vectors or {"visual": model.dimension}),
        classifier=classifier,
        measured=measured,
        layout=Layout(**layout),
    )

    def checked(store: Store) -> Store:
        try:
            store.check_model(model, classifier, vectors, measured)
            if differences := store.manifest.layout.differences(layout):
                raise StoreMismatchError(
                    f"store {store.location} has another layout ({'; '.join(differences)}); leave "
                    "these options out, or use another store"
                )
            if store.manifest.format != FORMAT:
                _log.warning(
                    "Bringing store %s to format %d first: %d images.",
                    store.location, FORMAT, store.count(),
                )  # fmt: skip
                upgrade(store)
        except StoreError:
            store.close()
            raise
        return store

    if location.is_server:
        from artextract.store.server import ServerStore

        return checked(ServerStore.create(location, manifest))
    folder = location.folder
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"store {folder} is a file; name a folder, or one that does not exist yet")
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
        foreign = {name for name in names - _OWN_FILES if not name.startswith(_UNFINISHED)}
        if foreign and not (folder / MANIFEST_NAME).exists():
            raise StoreError(
                f"{folder} is not a store and not empty (it holds {sorted(foreign)[0]!r}); name an "
                "empty or new folder as `store`"
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"store {folder} can't be made ({error.strerror}); check the folder's permissions, or "
            "name another `store`"
        ) from error
    owner = Owner(folder)

    def load_or_create() -> Store:
        if not (folder / MANIFEST_NAME).is_file():
            return EmbeddedStore.create(folder, manifest, owner)
        return checked(EmbeddedStore.load(folder, owner))

    return _owned(owner, wait_seconds, load_or_create)


def _owned(owner: Owner, wait_seconds: float, make: Callable[[], Store]) -> Store:
    """Return ``make()``, called as the owner; release the store if that fails."""
    owner.acquire(wait_seconds)
    try:
        return make()
    except BaseException:
        owner.release()
        raise
