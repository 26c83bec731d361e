"""Dump a collection to Parquet files, and restore it into any store.

Both can be interrupted anywhere and repeated. Each file is listed with its checksum, and restored
points are read back and compared.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from artextract.errors import InputError, StoreError
from artextract.files import atomic_write, file_sha256, replacing
from artextract.store.base import Store
from artextract.store.location import Location
from artextract.store.manifest import FORMAT, Manifest
from artextract.store.open import create_store
from artextract.store.records import Point, Record
from artextract.store.upgrade import upgraded

LIST_NAME = "dump.json"
_FORMAT = 1
_POINTS_A_PART = 1000
_CLOSE = 1e-5
"""Largest difference between equal vectors, per dimension: an engine may normalise them again in 32
bits."""


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a dump: its name, number of points, id of the last point, and SHA-256."""

    file: str
    points: int
    last: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """The list of a dump: the collection's manifest, its parts, and whether they are complete."""

    manifest: Manifest
    parts: tuple[Part, ...] = ()
    complete: bool = False

    @property
    def points(self) -> int:
        """Number of points in the parts."""
        return sum(part.points for part in self.parts)

    @classmethod
    def load(cls, folder: Path) -> "Dump":
        """Return the list of the dump in ``folder``.

        Raises:
            InputError: there is no dump, or it can't be read.
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
                f"there is no dump in {folder}; name a folder that `artextract collection dump` "
                "wrote"
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path} is damaged ({error}); export the store again") from error
        except OSError as error:
            raise InputError(f"{path} can't be read: {error.strerror}") from error

    def save(self, folder: Path) -> None:
        """Write the list into ``folder``."""
        data = {
            "format": _FORMAT,
            "manifest": self.manifest.to_dict(),
            "complete": self.complete,
            "parts": [asdict(part) for part in self.parts],
        }
        atomic_write(folder / LIST_NAME, json.dumps(data, indent=1) + "\n")


@dataclass(frozen=True, slots=True)
class Restored:
    """Numbers of points: written now, of the dump in the collection, others in the collection."""

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
    """Write all points of ``store`` into ``folder``; continue a dump that was interrupted.

    Args:
        store: The collection.
        folder: A folder that is new, empty, or holds the beginning of the same dump.
        force: Replace another dump in the folder.
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
        stored = store.scroll(with_vectors=True, after=after)
        while records := list(islice(stored, _POINTS_A_PART)):
            part = _write(folder, len(dump.parts), records, dump.manifest)
            dump = replace(dump, parts=(*dump.parts, part))
            dump.save(folder)
            on_points(part.points)
        if dump.points != store.count():
            raise StoreError(
                f"store {store.location} has {store.count()} points and {dump.points} were "
                "written, so it was changed meanwhile; run the same command with `force`"
            )
        dump = replace(dump, complete=True)
        dump.save(folder)
    except OSError as error:
        raise InputError(
            f"{folder} can't be written ({error.strerror or error}); free some space or name "
            "another folder, then run the same command again"
        ) from error
    return dump


def _begin(store: Store, folder: Path, force: bool) -> Dump:
    """Return the dump that ``folder`` holds so far, or an empty one."""
    manifest = replace(store.manifest, files=None)
    if not force and (folder / LIST_NAME).exists():
        dump = Dump.load(folder)
        if dump.manifest != manifest:
            raise InputError(
                f"{folder} holds a dump of another collection, or of an earlier state of this "
                "one; name another folder, or replace it with `force`"
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


def _write(folder: Path, number: int, records: Sequence[Record], manifest: Manifest) -> Part:
    import polars as pl

    rows = [
        (
            record.id,
            json.dumps(record.payload, ensure_ascii=False, sort_keys=True),
            *map(record.vectors.get, manifest.vectors),
        )
        for record in records
    ]
    schema: dict[str, Any] = {"id": pl.String, "payload": pl.String}
    schema |= {f"vector.{aspect}": pl.List(pl.Float32) for aspect in manifest.vectors}
    path = folder / f"part-{number:06}.parquet"
    with replacing(path) as temporary:
        pl.DataFrame(rows, schema=schema, orient="row").write_parquet(temporary)
    return Part(path.name, len(records), records[-1].id, file_sha256(path))


def load_dump(
    folder: Path,
    location: Location | str,
    *,
    layout: Mapping[str, Any] | None = None,
    on_points: Callable[[int], None] = lambda points: None,
) -> Restored:
    """Restore a dump into the collection at ``location``, and compare all points.

    Points that are stored already are not written again, so that an interrupted call continues. A
    dump of an earlier format is restored in the present one.

    Args:
        folder: A folder that :func:`save_dump` wrote.
        location: The collection; it is made if there is none.
        layout: {field of Layout: value} for a new collection. Other fields are as in the dump,
            except shards and replicas.
        on_points: Called with the number of points of each part when it is restored.

    Raises:
        InputError: the dump is incomplete or damaged.
        StoreError: the collection was made with another model, or differs from the dump afterwards.
    """
    dump = Dump.load(folder)
    if not dump.complete:
        raise InputError(
            f"the dump in {folder} is not complete; run `artextract collection dump` again to "
            "continue"
        )
    manifest = dump.manifest
    kept = asdict(manifest.layout)
    del kept["shards"], kept["replicas"]
    with create_store(
        location,
        manifest.model,
        vectors=manifest.vectors,
        classifier=manifest.classifier,
        measured=manifest.measured,
        layout={**kept, **(layout or {})},
    ) as store:
        written = 0
        for part in dump.parts:
            missing = _differing(store, _read(folder, dump, part))
            store.upsert(missing)
            written += len(missing)
            on_points(part.points)
        for part in dump.parts:
            if wrong := _differing(store, _read(folder, dump, part)):
                raise StoreError(
                    f"store {store.location} holds other values than the dump for {len(wrong)} "
                    f"points of {part.file}, such as {wrong[0].id}; another process writes to it: "
                    "stop it and run the same command again"
                )
        if written:
            store.optimize()
        return Restored(written, dump.points, store.count() - dump.points)


def _read(folder: Path, dump: Dump, part: Part) -> list[Point]:
    import polars as pl

    path = folder / part.file
    if not path.is_file() or file_sha256(path) != part.sha256:
        raise InputError(
            f"{path} is {'damaged' if path.exists() else 'missing'}; export the store again"
        )
    points = []
    for row in pl.read_parquet(path).iter_rows(named=True):
        vectors = {
            name.removeprefix("vector."): value
            for name, value in row.items()
            if name.startswith("vector.") and value is not None
        }
        payload = json.loads(row["payload"])
        if dump.manifest.format != FORMAT:
            payload = upgraded(payload)
        points.append(Point(row["id"], vectors, payload))
    return points


def _differing(store: Store, points: Sequence[Point]) -> list[Point]:
    """Return those of ``points`` that are not in the store, or differ there."""
    stored = store.retrieve([point.id for point in points], with_vectors=True)
    return [point for point in points if not _equal(point, stored.get(point.id))]


def _equal(point: Point, record: Record | None) -> bool:
    if record is None or dict(record.payload) != point.payload:
        return False
    return record.vectors.keys() == point.vectors.keys() and all(
        len(vector) == len(record.vectors[name])
        and max(abs(a - b) for a, b in zip(vector, record.vectors[name], strict=True)) < _CLOSE
        for name, vector in point.vectors.items()
    )
