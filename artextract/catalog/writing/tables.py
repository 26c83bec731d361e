"""Tables of entries as CSV, JSON Lines and Parquet, which ``artextract ingest catalog`` reads back.

The columns are the same whatever is known of the artworks:

- only for search results: ``rank``, ``score``, and ``aspects.NAME`` for each aspect;
- every field of :class:`~artextract.catalog.artwork.Artwork`, ``id`` first;
- ``width``, ``height`` and ``image_sha256`` of the encoded image;
- ``predicted.NAME``, ``predicted.NAME.probability`` and ``predicted.NAME.trusted`` for each
  predicted attribute, of predictions that are not trusted, too;
- ``point_id``, and name and checksum of the embedding model: ``model``, ``model_sha256``;
- the catalog's other columns, sorted by name. A column whose name is taken above, or begins with
  ``aspects.``, ``predicted.`` or ``extra.``, becomes ``extra.NAME``.

Thumbnails and local folders are not written. Values are written as they are: CSV cells that a
spreadsheet would evaluate as a formula ("=1+1", "-5 °C") are not escaped, since that would change
the data. Import the columns of tables from strangers as text.
"""

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from artextract.catalog.artwork import METADATA_FIELDS
from artextract.catalog.reading import EXTRA_PREFIX, PUBLISHED_PREFIXES, RESERVED_COLUMNS
from artextract.catalog.writing.entries import Entry
from artextract.models.registry import ModelIdentity

Row = list[Any]
"""Values in the order of the columns; None is unknown."""

_Type = Literal["text", "integer", "number", "boolean"]

_TYPES: dict[str, _Type] = {
    "year_begin": "integer", "year_end": "integer", "height_cm": "number", "width_cm": "number",
    "open_access": "boolean", "width": "integer", "height": "integer", "rank": "integer",
    "score": "number",
}  # fmt: skip
_PREDICTED_TYPES: dict[str, _Type] = {"": "text", "probability": "number", "trusted": "boolean"}
_IMAGE = ("width", "height", "image_sha256")
_ORIGIN = ("point_id", "model", "model_sha256")
_DIGITS = 6
_PARQUET_BATCH = 4096


@dataclass(frozen=True, slots=True)
class Column:
    """A column's name, the type of its values, and where they come from.

    ``part`` is "" for a field of the entry itself, else "aspects", "predicted" or "extra"; ``key``
    is the name within that part.
    """

    name: str
    type: _Type
    part: Literal["", "aspects", "predicted", "extra"]
    key: str


def make_columns(entries: Iterable[Entry], *, ranked: bool) -> list[Column]:
    """Return the columns for ``entries``; ``ranked`` adds those of search results."""
    aspects: set[str] = set()
    predicted: set[str] = set()
    extras: dict[str, set[type]] = {}
    for entry in entries:
        aspects.update(entry.aspects)
        predicted.update(_predictions(entry))
        for name, value in entry.payload.get("extra", {}).items():
            types = extras.setdefault(name, set())
            if value is not None:
                types.add(type(value))
    of_results = [
        *_fields("rank", "score"),
        *(Column(f"aspects.{name}", "number", "aspects", name) for name in sorted(aspects)),
    ]
    return [
        *(of_results if ranked else []),
        *_fields(*METADATA_FIELDS, *_IMAGE),
        *(
            Column(f"predicted.{name}", _PREDICTED_TYPES[name.partition(".")[2]], "predicted", name)
            for name in sorted(predicted)
        ),
        *_fields(*_ORIGIN),
        *(
            Column(_extra_name(name), _common_type(types), "extra", name)
            for name, types in sorted(extras.items())
        ),
    ]


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write RFC 4180 CSV in UTF-8 with a header; unknown is empty, a boolean true or false."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([column.name for column in columns])
        writer.writerows(map(_to_text, row) for row in rows)


def write_jsonl(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write one JSON object a line in UTF-8, each with all columns; unknown is null."""
    names = [column.name for column in columns]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            values = dict(zip(names, row, strict=True))
            file.write(json.dumps(values, ensure_ascii=False) + "\n")


def write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Row]) -> None:
    """Write Parquet with one type a column; a catalog's column of mixed types becomes text.

    Batches are written to files of their own beside ``path`` and then joined, so that the rows are
    never in memory together.

    Raises:
        OSError: it can't be written.
    """
    import polars

    types: dict[_Type, Any] = {
        "text": polars.String, "integer": polars.Int64, "number": polars.Float64,
        "boolean": polars.Boolean,
    }  # fmt: skip
    schema = {column.name: types[column.type] for column in columns}
    parts: list[Path] = []
    with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        try:
            remaining = ([_cast(*cell) for cell in zip(row, columns, strict=True)] for row in rows)
            while batch := list(islice(remaining, _PARQUET_BATCH)):
                parts.append(Path(folder, f"{len(parts):06}.parquet"))
                frame = polars.DataFrame(batch, schema=schema, orient="row")
                frame.write_parquet(parts[-1])
            polars.scan_parquet(parts).sink_parquet(path)
        except polars.exceptions.PolarsError as error:
            raise OSError(str(error)) from error


def make_row(entry: Entry, columns: Iterable[Column], model: ModelIdentity) -> Row:
    """Return the entry's values in the order of ``columns``."""
    own = {
        **entry.payload,
        "rank": entry.rank,
        "score": _rounded(entry.score),
        "point_id": entry.point_id,
        "model": model.name,
        "model_sha256": model.sha256,
    }
    parts = {
        "": own,
        "extra": entry.payload.get("extra", {}),
        "aspects": {name: _rounded(score) for name, score in entry.aspects.items()},
        "predicted": _predictions(entry),
    }
    return [parts[column.part].get(column.key) for column in columns]


def _predictions(entry: Entry) -> dict[str, Any]:
    """Return {"style": class, "style.probability": number, "style.trusted": boolean, ...}."""
    found: dict[str, Any] = {}
    for attribute, prediction in entry.payload.get("predicted", {}).items():
        if attribute != "terms":
            found[attribute] = prediction["name"]
            found[f"{attribute}.probability"] = prediction["probability"]
            found[f"{attribute}.trusted"] = prediction.get("trusted", False)
    return found


def _fields(*names: str) -> list[Column]:
    return [Column(name, _TYPES.get(name, "text"), "", name) for name in names]


def _extra_name(name: str) -> str:
    taken = name in RESERVED_COLUMNS or name.startswith(PUBLISHED_PREFIXES)
    return f"{EXTRA_PREFIX}{name}" if taken else name


def _common_type(types: set[type]) -> _Type:
    """Return the column type that can hold values of all ``types``; text can hold any."""
    if types == {bool}:
        return "boolean"
    if types == {int}:
        return "integer"
    return "number" if types and types <= {int, float} else "text"


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, _DIGITS)


def _to_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_CASTS: dict[_Type, Callable[[Any], Any]] = {
    "text": _to_text, "integer": int, "number": float, "boolean": bool,
}  # fmt: skip


def _cast(value: Any, column: Column) -> Any:
    return None if value is None else _CASTS[column.type](value)
