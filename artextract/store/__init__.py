"""Collections: where embeddings and metadata are stored and searched."""

from artextract.models.registry import ModelIdentity as ModelIdentity
from artextract.store.base import Store as Store
from artextract.store.manifest import Layout as Layout
from artextract.store.manifest import Manifest as Manifest
from artextract.store.open import DEFAULT_STORE as DEFAULT_STORE
from artextract.store.open import create_store as create_store
from artextract.store.open import find_store as find_store
from artextract.store.open import open_store as open_store
from artextract.store.open import with_grpc as with_grpc
from artextract.store.records import Hit as Hit
from artextract.store.records import Point as Point
from artextract.store.records import Record as Record
