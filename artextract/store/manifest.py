"""The manifest of a collection: the models that made it, its layout, and its last change.

A server keeps it as the collection's metadata. In a folder it is a file, which also holds the sizes
of the shard's files: the engine loads a truncated vector file without an error and answers from it,
so closing a store records the sizes and opening it compares them.
"""

import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from artextract import __version__
from artextract.errors import StoreError
from artextract.files import atomic_write
from artextract.models.registry import ModelIdentity

Quantization = Literal["none", "int8", "binary"]

QUANTIZED_DIMENSIONS = 128
"""Vectors of fewer dimensions are not quantised. They are compared as quickly without, and 8 bits
lose neighbours: of the ten nearest by scene (26 dimensions) .95 are found, of all others 1.000
(2,959 paintings, graphs of all their aspects)."""

MANIFEST_NAME = "manifest.json"
FORMAT = 3
"""Format of new collections."""

READ_FORMATS = (2, FORMAT)
"""Formats that can be read; a collection is brought to ``FORMAT`` before it is written to."""

_FIRST_LAYOUT = {"hnsw_m": 16, "hnsw_ef_construct": 128, "quantization": "none"}
"""The layout of all collections before there was a choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Parameters that are fixed when a collection is made.

    ``hnsw_m`` is the number of links of a point in the graph, ``hnsw_ef_construct`` the number of
    candidates for them (Malkov and Yashunin 2018, arXiv:1603.09320). The defaults find .99 of the
    ten nearest among 100,000 in two thirds of the time of Qdrant's own 16 and 100.
    ``quantization`` keeps a copy of each vector with 8 bits or 1 bit a dimension where a graph is
    built; the copies are searched, and the best candidates rescored with the full vectors. 8 bits
    have the recall of full vectors in a third of the time. ``on_disk`` leaves full vectors to the
    system's page cache. ``shards`` and ``replicas`` distribute a collection over the
    nodes of a cluster.
    """

    hnsw_m: int = 24
    hnsw_ef_construct: int = 200
    quantization: Quantization = "int8"
    on_disk: bool = True
    shards: int = 1
    replicas: int = 1

    def quantization_of(self, dimensions: int) -> Quantization:
        """Return how vectors of so many dimensions are quantised."""
        return self.quantization if dimensions >= QUANTIZED_DIMENSIONS else "none"

    def __str__(self) -> str:
        """The layout in a line."""
        parts = [
            f"HNSW with {self.hnsw_m} links, {self.hnsw_ef_construct} candidates",
            f"quantisation {self.quantization}",
        ]
        if (self.shards, self.replicas) != (1, 1):
            parts = [f"{self.shards} shards", f"{self.replicas} replicas", *parts]
        return ", ".join(parts)

    def differences(self, expected: Mapping[str, Any]) -> list[str]:
        """Return how this layout differs from {field: value}, as "`shards` is 1, not 3"."""
        return [
            f"`{name}` is {mine}, not {value}"
            for name, value in expected.items()
            if (mine := getattr(self, name)) != value
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A store's models, its vectors {aspect: dimension}, and its files when it was last closed.

    ``classifier`` is the model that predicted classes, if any; it may be the same file as
    ``model``. ``measured`` is the version of the rules that measured the images, None if
    nothing was measured. ``files`` is {path in the shard: bytes}, None while a writer has the store
    open.
    ``revision`` changes whenever a writer begins or ends, so that a copy of the collection can tell
    whether it is out of date. ``format`` is that of the payload (see :mod:`artextract.store.schema`
    and :mod:`artextract.store.upgrade`).
    """

    model: ModelIdentity
    vectors: dict[str, int]
    format: int = FORMAT
    classifier: ModelIdentity | None = None
    measured: int | None = None
    created_by: str = f"artextract {__version__}"
    layout: Layout = field(default_factory=Layout)
    revision: str = ""
    files: dict[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON values, without those that are None."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "Manifest":
        """Return the manifest that :meth:`to_dict` made; ``source`` names the store in an error.

        Raises:
            StoreError: this release does not know its format.
            ValueError, KeyError, TypeError, AttributeError: it is damaged.
        """
        values = dict(data)
        found = values["format"]
        if found not in READ_FORMATS:
            raise StoreError(
                f"store {source} has format {found}; this release reads format "
                f"{' and '.join(map(str, READ_FORMATS))}: ingest into a new store, or use the "
                "release that made it"
            )
        for name in ("model", "classifier"):
            if values.get(name) is not None:
                values[name] = ModelIdentity(**values[name])
        values["layout"] = Layout(**values.get("layout", _FIRST_LAYOUT))
        return cls(**values)

    @classmethod
    def load(cls, folder: Path) -> "Manifest":
        """Return the manifest of the store in ``folder``.

        Raises:
            StoreError: it is missing, damaged, or of an unknown format.
        """
        path = folder / MANIFEST_NAME
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")), str(folder))
        except FileNotFoundError:
            raise StoreError(
                f"there is no store at {folder}; make one with `artextract ingest`, or name "
                "another `store`"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StoreError(
                f"{path} is damaged ({error}); restore it, or delete the store and ingest again"
            ) from error
        except OSError as error:
            raise StoreError(f"{path} can't be read: {error.strerror}") from error

    def save(self, folder: Path) -> None:
        """Write the manifest into ``folder``; a failure is a StoreError."""
        path = folder / MANIFEST_NAME
        try:
            atomic_write(path, json.dumps(self.to_dict(), indent=1, sort_keys=True) + "\n")
        except OSError as error:
            raise StoreError(f"{path} can't be written: {error.strerror}") from error

    def revised(self) -> "Manifest":
        """Return this manifest with a new revision."""
        return replace(self, revision=uuid.uuid4().hex)

    def with_files(self, shard: Path) -> "Manifest":
        """Return this manifest with the sizes of the files in ``shard``."""
        return replace(self, files=_file_sizes(shard))

    def check_files(self, shard: Path) -> None:
        """Check that no file of ``shard`` is missing or shorter than when it was last closed.

        Raises:
            StoreError: a file is.
        """
        if not shard.is_dir():
            raise StoreError(f"{shard} is missing; restore the store, or ingest again")
        if self.files is None:
            return
        sizes = _file_sizes(shard)
        for name, expected in self.files.items():
            if sizes.get(name, -1) < expected:
                seen = f"{sizes[name]} bytes" if name in sizes else "gone"
                raise StoreError(
                    f"the store is damaged: {shard / name} had {expected} bytes when closed "
                    f"and is {seen} now; restore it, or delete the store and ingest again"
                )


def _file_sizes(shard: Path) -> dict[str, int]:
    """Return {path: bytes} of the segments' files.

    Journals and the write-ahead log are left out: they change whenever the engine opens a shard.
    """
    files = sorted(
        path
        for path in (shard / "segments").rglob("*")
        if path.is_file() and not path.name.endswith("_journal.dat")
    )
    return {path.relative_to(shard).as_posix(): path.stat().st_size for path in files}
