"""Read catalogs in CSV, JSON Lines or Parquet; each row is an artwork.

Column names are the field names of :class:`~artextract.catalog.artwork.Artwork`. Only an image is
required (`image`, `file` or `image_url`): it also replaces a missing `id`. A `year` fills both
years, and other columns go to `extra`.

Files that :mod:`artextract.catalog.writing` wrote, which have the columns `point_id` and
`model_sha256`, give the original artworks back, without what the collection has added.
"""

import csv
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from artextract.catalog.artwork import METADATA_FIELDS, Artwork, Scalar
from artextract.catalog.dates import parse_display_date
from artextract.catalog.years import YearRange
from artextract.errors import CatalogError, DateError

CATALOG_SUFFIXES = (".csv", ".jsonl", ".ndjson", ".parquet")

_IMAGE_COLUMNS = ("image", "file", "image_url")
_LENGTHS = ("height_cm", "width_cm")
_TEXT_FIELDS = frozenset(METADATA_FIELDS) - {"year_begin", "year_end", "open_access", *_LENGTHS}
# Facts of the image, which are read from the image itself.
_IMAGE_FACTS = frozenset({"width", "height", "image_sha256", "thumbnail"})
_USED = frozenset({*METADATA_FIELDS, *_IMAGE_COLUMNS, *_IMAGE_FACTS, "year"})

_PUBLISHED_BY = frozenset({"point_id", "model_sha256"})

RESERVED_COLUMNS = _USED | _PUBLISHED_BY | {"model", "rank", "score"}
"""Columns of a written file that are not from `extra`."""

EXTRA_PREFIX = "extra."
"""Prefix of a column from `extra` in a written file if its name alone is reserved."""

PUBLISHED_PREFIXES = ("aspects.", "predicted.", EXTRA_PREFIX)
"""Prefixes of columns of a written file that are not from an `extra` of the same name."""

_UNKNOWN = frozenset({"", "null", "nan", "n/a"})
_YEAR_LIMIT = 9999


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row without a usable artwork: its number and the reason."""

    row: int
    reason: str


def parse_mapping(pairs: tuple[str, ...]) -> dict[str, str]:
    """Return {column in the file: field} for texts such as ``title=Titel``.

    Raises:
        CatalogError: a text has another form, or its left side is not a field.
    """
    fields = {*METADATA_FIELDS, *_IMAGE_COLUMNS, "year"}
    mapping = {}
    for pair in pairs:
        name, separator, column = pair.partition("=")
        if not separator or not column or name not in fields:
            raise CatalogError(
                f"`map` {pair!r} can't be read; write FIELD=COLUMN with one of the fields "
                f"{', '.join(sorted(fields))}"
            )
        mapping[column] = name
    return mapping


def count_rows(path: Path, mapping: Mapping[str, str] | None = None) -> int:
    """Return the number of rows in a catalog.

    Raises:
        CatalogError: the file can't be read as a catalog.
    """
    return sum(1 for _ in _read_rows(path, mapping or {}))


def read_catalog(
    path: Path, mapping: Mapping[str, str] | None = None, source: str | None = None
) -> Iterator[tuple[int, Artwork | BadRow]]:
    """Iterate over a catalog's rows as (row number from 1, artwork or reason why there is none).

    An id that an earlier row has used makes a bad row, unless both have a `view` and different
    images: these are images of one artwork. If a display date can't be parsed, the years are
    unknown.

    Args:
        path: A .csv, .jsonl (.ndjson) or .parquet file; CSV with a header, in UTF-8.
        mapping: {column in the file: field} for columns of other names.
        source: The artworks' `source` if the catalog has no such column.

    Raises:
        CatalogError: the file is missing, of another type, unreadable, or has no image column.
    """
    renamed = mapping or {}
    ids = _Ids()
    for number, raw in _read_rows(path, renamed):
        try:
            if isinstance(raw, str):
                raise CatalogError(raw)
            # A mapped column replaces one that has the name of the field.
            row = {
                renamed.get(column, column): value
                for column, value in raw.items()
                if column in renamed or column not in renamed.values()
            }
            artwork = _make_artwork(row, source)
            ids.add(artwork, number)
        except (CatalogError, DateError) as error:
            yield number, BadRow(number, str(error))
        else:
            yield number, artwork


class _Ids:
    """The ids that a catalog's rows have used, and the images of artworks with several."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[int, bool]] = {}
        self._points: set[str] = set()

    def add(self, artwork: Artwork, row: int) -> None:
        """Register the id of ``artwork``; raise CatalogError if another artwork has it."""
        has_view = artwork.view is not None
        earlier, other_has_view = self._first.setdefault(artwork.id, (row, has_view))
        is_another = has_view and other_has_view and artwork.point_id not in self._points
        if earlier != row and not is_another:
            raise CatalogError(
                f"id {artwork.id!r} is already used by row {earlier}; ids must be unique, except "
                "for several images of an artwork, whose rows have a view (primary or alternate)"
            )
        if has_view:
            self._points.add(artwork.point_id)


def _check_columns(path: Path, columns: Sequence[str], renamed: Mapping[str, str]) -> None:
    if not any(renamed.get(column, column) in _IMAGE_COLUMNS for column in columns):
        raise CatalogError(
            f"{path} has no column for the image (its columns: {', '.join(columns)}); it needs "
            "one of image, file or image_url, or `map` file=COLUMN"
        )


def _read_rows(
    path: Path, renamed: Mapping[str, str]
) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Iterate over (row number from 1, {column: value} or why it can't be read)."""
    readers = {
        ".csv": _read_csv, ".jsonl": _read_jsonl, ".ndjson": _read_jsonl, ".parquet": _read_parquet,
    }  # fmt: skip
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise CatalogError(
            f"{path} is not a catalog; expected a {', '.join(CATALOG_SUFFIXES)} file"
        )
    if not path.is_file():
        raise CatalogError(f"there is no catalog {path}; check the path")
    try:
        yield from enumerate(reader(path, renamed), start=1)
    except UnicodeDecodeError as error:
        raise CatalogError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise CatalogError(f"{path} can't be read: {error.strerror or error}") from error


def _read_csv(path: Path, renamed: Mapping[str, str]) -> Iterator[dict[str, Any] | str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            header = next(rows, None)
            if not header:
                raise CatalogError(f"{path} is empty; expected a header line with column names")
            if twice := {name for name in header if header.count(name) > 1}:
                raise CatalogError(f"{path} has column {sorted(twice)[0]!r} twice; rename one")
            _check_columns(path, header, renamed)
            for values in filter(None, rows):
                if len(values) == len(header):
                    yield dict(zip(header, values, strict=True))
                else:
                    yield f"line {rows.line_num} has {len(values)} values for {len(header)} columns"
        except csv.Error as error:
            raise CatalogError(
                f"{path} line {rows.line_num} is not valid CSV ({error}); correct the line"
            ) from error


def _read_jsonl(path: Path, renamed: Mapping[str, str]) -> Iterator[dict[str, Any] | str]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"line {number} is not valid JSON ({error})"
            else:
                yield row if isinstance(row, dict) else f"line {number} is not a JSON object"


def _read_parquet(path: Path, renamed: Mapping[str, str]) -> Iterator[dict[str, Any] | str]:
    import polars

    try:
        frame = polars.scan_parquet(path)
        _check_columns(path, frame.collect_schema().names(), renamed)
        for batch in frame.collect_batches(chunk_size=4096, maintain_order=True):
            yield from batch.iter_rows(named=True)
    except polars.exceptions.PolarsError as error:
        raise CatalogError(f"{path} is not a readable Parquet file ({error})") from error


def _make_artwork(row: Mapping[str, Any], source: str | None) -> Artwork:
    _check_text(row)
    known = {name: value for name, value in row.items() if not _is_unknown(value)}
    image = next((str(known[name]) for name in _IMAGE_COLUMNS if name in known), None)
    if image is None:
        raise CatalogError("the row has no image; fill image, file or image_url")
    values: dict[str, Any] = {
        name: str(value) for name, value in known.items() if name in _TEXT_FIELDS
    }
    values["image"] = image
    values.setdefault("id", image)
    if source is not None:
        values.setdefault("source", source)
    if "open_access" in known:
        values["open_access"] = _to_bool(known["open_access"])
    for name in _LENGTHS:
        if name in known:
            values[name] = _to_length(name, known[name])
    published = row.keys() >= _PUBLISHED_BY
    if years := _years(known, from_date=not published):
        values["year_begin"], values["year_end"] = years.begin, years.end
    if "display_date" not in values and not _is_unknown(known.get("year")):
        values["display_date"] = str(_to_year("year", known["year"]))
    return Artwork(**values, extra=_extra(_other_columns(known, published=published)))


def _is_unknown(value: object) -> bool:
    return value is None or str(value).strip().casefold() in _UNKNOWN


def _other_columns(known: Mapping[str, Any], *, published: bool) -> dict[str, Any]:
    """Return the columns that are not fields; those of a written file with their original names."""
    if not published:
        return {name: value for name, value in known.items() if name not in _USED}
    return {
        name.removeprefix(EXTRA_PREFIX): value
        for name, value in known.items()
        if name.startswith(EXTRA_PREFIX)
        or not (name in RESERVED_COLUMNS or name.startswith(PUBLISHED_PREFIXES))
    }


def _years(known: Mapping[str, Any], *, from_date: bool) -> YearRange | None:
    """Return the years of the row's year columns, else (if ``from_date``) of its display date."""
    begin = _to_year("year_begin", known["year_begin"]) if "year_begin" in known else None
    end = _to_year("year_end", known["year_end"]) if "year_end" in known else None
    if begin is not None or end is not None:
        return YearRange(begin, end)
    if "year" in known:
        year = _to_year("year", known["year"])
        return YearRange(year, year)
    if from_date and "display_date" in known:
        try:
            return parse_display_date(str(known["display_date"]))
        except DateError:
            return None
    return None


def _to_year(name: str, value: object) -> int:
    number = _to_number(value)
    if not number.is_integer() or abs(number) > _YEAR_LIMIT:
        raise CatalogError(f"{name} {value!r} is not a year; write a whole number such as 1882")
    return int(number)


def _to_length(name: str, value: object) -> float:
    length = _to_number(value)
    if not 0 <= length < math.inf:
        raise CatalogError(f"{name} {value!r} is not a length; write centimetres such as 79.4")
    return length


def _to_number(value: object) -> float:
    try:
        return float(str(value))
    except ValueError:
        return math.nan


def _to_bool(value: object) -> bool:
    text = str(value).strip().casefold()
    if text in {"1", "true", "yes", "1.0"}:
        return True
    if text in {"0", "false", "no", "0.0"}:
        return False
    raise CatalogError(f"open_access {value!r} is neither true nor false; write 1 or 0")


def _extra(columns: Mapping[str, Any]) -> dict[str, Scalar]:
    """Return columns; JSON text for what a payload can't hold, as integers beyond 64 bits."""
    extra: dict[str, Scalar] = {}
    for name, value in columns.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise CatalogError(
                f"{name} {value!r} is not a finite number; correct it or leave it empty"
            )
        is_plain = isinstance(value, str | float) or (
            isinstance(value, int) and -(2**63) <= value < 2**63
        )
        extra[name] = value if is_plain else json.dumps(value, default=str, ensure_ascii=False)
    return extra


def _check_text(row: Mapping[str, Any]) -> None:
    """Check that all text of a row can be written as UTF-8; JSON can hold half characters."""
    for name, value in row.items():
        try:
            f"{name}{value}".encode()
        except UnicodeEncodeError:
            raise CatalogError(f"{name!r} has a value that is not valid text: {value!r}") from None
