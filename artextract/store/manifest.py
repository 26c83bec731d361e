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
from typing import Any

from artextract import __version__
from artextract.errors import StoreError
from artextract.files import atomic_write
from artextract.models.registry import ModelIdentity
from artextract.store.layout import Layout

MANIFEST_NAME = "manifest.json"
FORMAT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A store's models, its vectors {aspect: dimension}, and its files when it was last closed.

    ``classifier`` is the model that predicted classes, if any; it may be the same file as
    ``model``. ``measured`` is the version of the rules that measured the images, None if
    nothing was measured. ``files`` is {path in the shard: bytes}, None while a writer has the store
    open.
    ``revision`` changes whenever a writer begins or ends, so that a copy of the collection can tell
    whether it is out of date.
    """

    model: ModelIdentity
    vectors: dict[str, int]
    classifier: ModelIdentity | None = None
    measured: int | None = None
    created_by: str = field(default=f"artextract {__version__}")
    layout: Layout = field(default_factory=Layout)
    revision: str = ""
    files: dict[str, int] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as JSON values, without those that are None."""
        values = {name: value for name, value in asdict(self).items() if value is not None}
        return {"format": FORMAT, **values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], source: str) -> "Manifest":
        """Return the manifest that :meth:`to_dict` made; ``source`` names the store in an error.

        Raises:
            StoreError: this release does not know its format.
            ValueError, KeyError, TypeError, AttributeError: it is damaged.
        """
        values = dict(data)
        found = values.pop("format")
        if found != FORMAT:
            raise StoreError(
                f"store {source} has format {found}; this release reads format {FORMAT}: "
                "ingest into a new store, or use the release that made it"
            )
        for name in ("model", "classifier"):
            if values.get(name) is not None:
                values[name] = ModelIdentity(**values[name])
        # The layout of all collections before there was a choice.
        values["layout"] = Layout(**values.get("layout", {"hnsw_m": 16, "hnsw_ef_construct": 128}))
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
        """Write the manifest into ``folder``.

        Raises:
            StoreError: it can't be written.
        """
        text = json.dumps(self.to_dict(), indent=1, sort_keys=True) + "\n"
        try:
            atomic_write(folder / MANIFEST_NAME, text)
        except OSError as error:
            raise StoreError(
                f"{folder / MANIFEST_NAME} can't be written: {error.strerror}"
            ) from error

    def revised(self) -> "Manifest":
        """Return this manifest with a new revision."""
        return replace(self, revision=uuid.uuid4().hex)

    def with_files(self, shard: Path | None) -> "Manifest":
        """Return this manifest with the sizes of the files in ``shard``; None removes them."""
        return replace(self, files=None if shard is None else _file_sizes(shard))

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
