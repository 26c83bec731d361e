"""Collections: where embeddings and metadata are kept and searched."""

from artextract.store.base import Store
from artextract.store.layout import Layout
from artextract.store.manifest import Manifest, ModelIdentity
from artextract.store.open import DEFAULT_STORE, create_store, find_store, open_store
from artextract.store.records import Hit, Point, Record

__all__ = [
    "DEFAULT_STORE",
    "Hit",
    "Layout",
    "Manifest",
    "ModelIdentity",
    "Point",
    "Record",
    "Store",
    "create_store",
    "find_store",
    "open_store",
]
