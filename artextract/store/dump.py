"""A collection as files that any store can take in again: Parquet parts and a list of them.

Both ways can be cut off anywhere and repeated. What is written is listed with its checksum, and
what was taken in is read back and compared, point by point.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.errors import InputError, StoreError
from artextract.files import atomic_write, replacing
from artextract.store.base import Store
from artextract.store.location import Location
from artextract.store.manifest import Manifest
from artextract.store.open import create_store
from artextract.store.records import Point, Record

if TYPE_CHECKING:
    import polars

__all__ = ["LIST_NAME", "Dump", "Part", "Taken", "load_dump", "save_dump"]

LIST_NAME = "dump.json"
_FORMAT = 1
_POINTS_A_PART = 1000
_CLOSE = 1e-5
"""Two vectors are the same if no number differs by more: an engine may bring them to length 1 once
more, in 32 bits."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name, how many points it holds, the last one's id, its SHA-256."""

    file: str
    points: int
    last: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """The list of a dump: the collection's manifest, the parts so far, and whether that is all."""

    manifest: Manifest
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def points(self) -> int:
        """How many points the parts hold."""
        return sum(part.points for part in self.parts)

    @classmethod
    def load(cls, folder: Path) -> "Dump":
        """Return the list of the dump in ``folder``.

        Raises:
            InputError: there is none, or it can't be read.
        """
        path = folder / LIST_NAME
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != _FORMAT:
                raise InputError(
                    f"{path} has format {data['format']}; this release reads format {_FORMAT}"
                )
            return cls(
                manifest=Manifest.from_dict(data["manifest"], str(folder)),
                parts=tuple(Part(**part) for part in data["parts"]),
                complete=data["complete"],
            )
        except FileNotFoundError:
            raise InputError(
                f"there is no dump in {folder}; name a folder that `artextract export-store` wrote"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is damaged ({error}); export the store again") from error
        except OSError as error:
            raise InputError(f"{path} can't be read: {error.strerror}") from error

    def save(self, folder: Path) -> None:
        """Write the list, in one step."""
        data = {
            "format": _FORMAT,
            "manifest": self.manifest.to_dict(),
            "complete": self.complete,
            "parts": [asdict(part) for part in self.parts],
        }
        atomic_write(folder / LIST_NAME, json.dumps(data, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking in a dump came to: points written now, points there, points of others there."""

    written: int
    points: int
    others: int


def save_dump(
    store: Store,
    folder: Path,
    *,
    force: bool = False,
    on_points: Callable[[int], None] = lambda points: None,
) -> Dump:
    """Write all points of ``store`` into ``folder``, going on where an earlier call was cut off.

    Args:
        store: The collection.
        folder: A folder that is new, empty, or holds the beginning of the same dump.
        force: Begin anew where it holds another.
        on_points: Called with the number of points of each part when it is written.

    Raises:
        InputError: the folder holds something else, or can't be written.
        StoreError: the collection was changed meanwhile.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        dump = _begin(store, folder, force)
        on_points(dump.points)
        after = dump.parts[-1].last if dump.parts else None
        for records in _pages(store, after):
            part = _write(folder, len(dump.parts), records, dump.manifest)
            dump = replace(dump, parts=(*dump.parts, part))
            dump.save(folder)
            on_points(part.points)
        if dump.points != store.count():
            raise StoreError(
                f"store {store.location} has {store.count()} points and {dump.points} were "
                "written, so it was changed meanwhile; run the same command with --force"
            )
        dump = replace(dump, complete=True)
        dump.save(folder)
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror or error}); make room or name another "
            "with --out, then run the same command again"
        ) from error
    return dump


def _begin(store: Store, folder: Path, force: bool) -> Dump:
    """Return the dump so far."""
    manifest = replace(store.manifest, files=None)
    if not force and (folder / LIST_NAME).exists():
        dump = Dump.load(folder)
        if dump.manifest != manifest:
            raise InputError(
                f"{folder} holds a dump of another collection, or of an earlier state of this "
                "one; name another folder, or replace it with --force"
            )
        return dump
    names = sorted(path.name for path in folder.iterdir())
    others = [name for name in names if name != LIST_NAME and not name.startswith(("part-", "."))]
    if others or (names and not force):
        raise InputError(
            f"{folder} is not empty (it holds {(others or names)[0]!r}); name an empty or new one"
        )
    (folder / LIST_NAME).unlink(missing_ok=True)
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return Dump(manifest=manifest)


def _pages(store: Store, after: str | None) -> Iterator[list[Record]]:
    page: list[Record] = []
    for record in store.scroll(with_vectors=True, after=after):
        page.append(record)
        if len(page) == _POINTS_A_PART:
            yield page
            page = []
    if page:
        yield page


def _write(folder: Path, number: int, records: Sequence[Record], manifest: Manifest) -> Part:
    import polars as pl

    columns: dict[str, Any] = {
        "id": [record.id for record in records],
        "payload": [
            json.dumps(record.payload, ensure_ascii=False, sort_keys=True) for record in records
        ],
    }
    kinds: dict[str, Any] = {"id": pl.String, "payload": pl.String}
    for aspect in manifest.vectors:
        columns[f"vector.{aspect}"] = [record.vectors.get(aspect) for record in records]
        kinds[f"vector.{aspect}"] = pl.List(pl.Float32)
    path = folder / f"part-{number:06}.parquet"
    with replacing(path) as temporary:
        pl.DataFrame(columns, schema=kinds).write_parquet(temporary)
    return Part(path.name, len(records), records[-1].id, _sha256(path))


def load_dump(
    folder: Path,
    location: Location | str,
    *,
    layout: Mapping[str, Any] | None = None,
    on_points: Callable[[int], None] = lambda points: None,
) -> Taken:
    """Bring all points of a dump into the collection at ``location``, and compare what is there.

    Points that are there as they should be are left alone, so that a call that was cut off goes on.

    Args:
        folder: What :func:`save_dump` wrote.
        location: The collection; it is made where there is none.
        layout: What is asked for of a new collection; the rest is as in the dump, except shards and
            replicas.
        on_points: Called with the number of points of each part when it has been taken in.

    Raises:
        InputError: the dump is not complete or is damaged.
        StoreError: the collection is another model's, or does not hold afterwards what it should.
    """
    dump = Dump.load(folder)
    if not dump.complete:
        raise InputError(
            f"the dump in {folder} is not complete; run `artextract export-store` again to go on"
        )
    kept = dump.manifest.layout
    wanted = {
        "hnsw_m": kept.hnsw_m,
        "hnsw_ef_construct": kept.hnsw_ef_construct,
        "quantization": kept.quantization,
        "on_disk": kept.on_disk,
        **(layout or {}),
    }
    with create_store(
        location,
        dump.manifest.model,
        vectors=dump.manifest.vectors,
        classifier=dump.manifest.classifier,
        measured=dump.manifest.measured,
        layout=wanted,
    ) as store:
        written = 0
        for part in dump.parts:
            missing = _differing(store, _read(folder, part))
            store.upsert(missing)
            written += len(missing)
            on_points(part.points)
        for part in dump.parts:
            if wrong := _differing(store, _read(folder, part)):
                raise StoreError(
                    f"store {store.location} holds other values than the dump for {len(wrong)} "
                    f"points of {part.file}, such as {wrong[0].id}; another process writes to it: "
                    "stop it and run the same command again"
                )
        if written:
            store.optimize()
        return Taken(written, dump.points, store.count() - dump.points)


def _read(folder: Path, part: Part) -> list[Point]:
    """Return the points of a part.

    Raises:
        InputError: it is missing, or is not as it was written.
    """
    import polars as pl

    path = folder / part.file
    if not path.is_file() or _sha256(path) != part.sha256:
        raise InputError(
            f"{path} is {'damaged' if path.exists() else 'missing'}; export the store again"
        )
    frame: polars.DataFrame = pl.read_parquet(path)
    return [
        Point(
            row["id"],
            {
                name.removeprefix("vector."): value
                for name, value in row.items()
                if name.startswith("vector.") and value is not None
            },
            json.loads(row["payload"]),
        )
        for row in frame.iter_rows(named=True)
    ]


def _differing(store: Store, points: Sequence[Point]) -> list[Point]:
    """Return those of ``points`` that the store does not hold just so."""
    there = store.retrieve([point.id for point in points], with_vectors=True)
    return [point for point in points if not _same(point, there.get(point.id))]


def _same(point: Point, record: Record | None) -> bool:
    if record is None or dict(record.payload) != point.payload:
        return False
    if set(record.vectors) != set(point.vectors):
        return False
    return all(
        len(vector) == len(record.vectors[name])
        and max(abs(a - b) for a, b in zip(vector, record.vectors[name], strict=True)) < _CLOSE
        for name, vector in point.vectors.items()
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
