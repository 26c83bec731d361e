"""From the text of ``--store`` to an open collection."""

from collections.abc import Callable, Mapping
from pathlib import Path

from artextract.errors import StoreError
from artextract.store.embedded import SHARD_NAME, EmbeddedStore
from artextract.store.manifest import MANIFEST_NAME, ModelIdentity
from artextract.store.owner import Owner

__all__ = ["DEFAULT_STORE", "WAIT_SECONDS", "create_store", "open_store"]

DEFAULT_STORE = "artextract-store"
"""Where a store lies when neither ``--store`` nor ``$ARTEXTRACT_STORE`` names one."""

WAIT_SECONDS = 10.0
"""How long a command waits for a store that another process holds."""

_OWN_FILES = {
    MANIFEST_NAME,
    f"{MANIFEST_NAME}.new",
    "owner.lock",
    "owner.json",
    "failures.jsonl",
    SHARD_NAME,
}


def open_store(location: str, *, wait_seconds: float = WAIT_SECONDS) -> EmbeddedStore:
    """Open an existing collection.

    Raises:
        StoreLockedError: another process holds it for longer than ``wait_seconds``.
        StoreError: there is none, or it is damaged or not usable.
    """
    folder = _folder(location)
    if not (folder / MANIFEST_NAME).is_file():
        raise StoreError(
            f"there is no store at {folder}; make one with `artextract ingest`, or name another "
            "with --store"
        )
    owner = Owner(folder)
    return _owned(owner, wait_seconds, lambda: EmbeddedStore.load(folder, owner))


def create_store(
    location: str,
    model: ModelIdentity,
    *,
    vectors: Mapping[str, int] | None = None,
    classifier: ModelIdentity | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> EmbeddedStore:
    """Open the collection for a model's embeddings, making it where there is none.

    Args:
        location: A folder.
        model: What makes the embeddings.
        vectors: {aspect: dimension} that it must have; None is "visual" alone for a new one, and
            whatever there is for another.
        classifier: What predicts classes, if anything does.
        wait_seconds: How long to wait for another process that holds it.

    Raises:
        StoreMismatchError: the collection was made with another model or classifier, or keeps
            vectors of other aspects.
        StoreLockedError: another process holds it for longer than ``wait_seconds``.
        StoreError: it can't be made or used there.
    """
    folder = _folder(location)
    if folder.exists() and not folder.is_dir():
        raise StoreError(f"store {folder} is a file; name a folder, or one that does not exist yet")
    try:
        foreign = (
            {path.name for path in folder.iterdir()} - _OWN_FILES if folder.exists() else set()
        )
        if foreign and not (folder / MANIFEST_NAME).exists():
            raise StoreError(
                f"{folder} is no store and not empty (it holds {sorted(foreign)[0]!r}); name an "
                "empty or new folder with --store"
            )
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"store {folder} can't be made ({error.strerror}); check the folder's permissions, or "
            "name another with --store"
        ) from error
    owner = Owner(folder)

    def load_or_create() -> EmbeddedStore:
        if not (folder / MANIFEST_NAME).is_file():
            return EmbeddedStore.create(
                folder, model, owner, vectors=vectors, classifier=classifier
            )
        store = EmbeddedStore.load(folder, owner)
        try:
            store.check_model(model, classifier, vectors)
        except StoreError:
            store.close()
            raise
        return store

    return _owned(owner, wait_seconds, load_or_create)


def _folder(location: str) -> Path:
    if "://" in location:
        raise StoreError(
            f"store {location!r} is a URL; this release keeps collections in a folder: name one "
            "with --store DIR"
        )
    return Path(location)


def _owned(owner: Owner, wait_seconds: float, make: Callable[[], EmbeddedStore]) -> EmbeddedStore:
    """Return ``make()`` as the owner; give the store free where that fails."""
    owner.acquire(wait_seconds)
    try:
        return make()
    except BaseException:
        owner.release()
        raise
