"""Collections: where embeddings and metadata are kept and searched."""

from artextract.store.embedded import EmbeddedStore, Hit, Point, Record
from artextract.store.manifest import Manifest, ModelIdentity
from artextract.store.open import DEFAULT_STORE, create_store, open_store

__all__ = [
    "DEFAULT_STORE",
    "EmbeddedStore",
    "Hit",
    "Manifest",
    "ModelIdentity",
    "Point",
    "Record",
    "create_store",
    "open_store",
]
