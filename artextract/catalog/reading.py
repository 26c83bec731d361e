"""Read catalogs in CSV, JSON Lines or Parquet; each row is an artwork.

Column names are the field names of :class:`~artextract.catalog.artwork.Artwork`, in any letter
case, or those of :mod:`artextract.catalog.columns`. Only an image is required (`image`, `file` or
`image_url`): it also replaces a missing `id`. A `year` fills both years, and other columns go to
`extra`.

An optional value that can't be read is unknown, and a note says so; its text is kept in `extra`
under the name of the field.

Files that :mod:`artextract.catalog.writing` wrote, which have the columns `point_id` and
`model_sha256`, give the original artworks back, without what the collection has added.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from artextract.catalog.artwork import (
    ARTIST_IDS,
    FACET_FIELDS,
    METADATA_FIELDS,
    TERM_FIELDS,
    UNKNOWN,
    Artwork,
    Scalar,
    join_values,
    split_values,
)
from artextract.catalog.attribution import normalize_qualifiers, read_hands
from artextract.catalog.cleaning import (
    REPLACED,
    clean_text,
    clean_value,
    is_nothing,
    make_valid,
    to_scalar,
    to_text,
)
from artextract.catalog.columns import (
    COLUMN_FIELDS,
    IMAGE_COLUMNS,
    PUBLISHED_BY,
    Columns,
    find_columns,
)
from artextract.catalog.dates import parse_display_date
from artextract.catalog.notes import Note
from artextract.catalog.rows import CATALOG_SUFFIXES as CATALOG_SUFFIXES
from artextract.catalog.rows import OnNote, read_rows
from artextract.catalog.years import UNKNOWN_YEARS, YearRange
from artextract.errors import CatalogError, DateError

_YEARS = ("year", "year_begin", "year_end")
_LENGTHS = ("height_cm", "width_cm")
_TEXT_FIELDS = frozenset(METADATA_FIELDS) - {*_YEARS, *_LENGTHS, "open_access"}
_FROM_IMAGE = frozenset({"width", "height", "image_sha256", "thumbnail"})

RESERVED_COLUMNS = frozenset(
    {*COLUMN_FIELDS, *_FROM_IMAGE, *PUBLISHED_BY, "model", "rank", "score"}
)
"""Columns of a written file that are not from `extra`."""

EXTRA_PREFIX = "extra."
"""Prefix of a column from `extra` in a written file if its name alone is reserved."""

PUBLISHED_PREFIXES = ("aspects.", "predicted.", EXTRA_PREFIX)
"""Prefixes of columns of a written file that are not from an `extra` of the same name."""

# Each has a value for each of several artists, in the same order.
_OF_ARTISTS = frozenset({"artist", "qualifier", *ARTIST_IDS})
_SEVERAL = frozenset({*FACET_FIELDS, *TERM_FIELDS, *ARTIST_IDS}) - {"accession", "view"}
_CLEANED = _SEVERAL | {"medium", "dimensions", "credit_line", "wikidata", "display_date"}
_FILES = ("image", "file")
_IDENTIFIERS = ("ulan", "artist_wikidata", "wikidata")
_IDENTIFIER_URL = re.compile(r"^https?://\S*/(Q?\d+)/?$")
_NUMBERED = re.compile(r"-?\d+\.0")
_WHOLE_NUMBER = re.compile(r"([-\u2212]?\d{1,9})(?:\.0+)?")
_SEVERAL_NUMBERS = re.compile(r"\d+(?:, ?\d+)+")
_THOUSANDS = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+")
_PARENTHESES = re.compile(r"\(([^()]*)\)")

# Texts in lower case.
_PUBLISHED_NOTHING = frozenset({"", "null", "nan", "n/a"})
_NO_VALUE = frozenset({
    "unknown", "not known", "unspecified", "not specified", "(not assigned)", "?",
    "nationality unknown",
})  # fmt: skip
_NO_ARTIST = frozenset({
    "unknown", "not known", "unidentified", "anonymous", "anon", "anon.", "(not assigned)", "?",
    "artist unknown", "maker unknown",
    *(f"{word} {who}" for word in ("unknown", "unidentified", "anonymous")
      for who in ("artist", "maker", "painter", "creator", "photographer")),
    "unbekannt", "anonym", "inconnu", "anonyme", "anonimo", "ignoto", "sconosciuto", "desconocido",
    "onbekend", "anoniem",
})  # fmt: skip
_OPEN = frozenset({
    "1", "1.0", "true", "t", "yes", "y", "cc0", "cc0 1.0", "public domain", "open access",
    "public domain mark", "https://creativecommons.org/publicdomain/zero/1.0/",
    "http://creativecommons.org/publicdomain/zero/1.0/", "pdm", "pdm 1.0",
    "https://creativecommons.org/publicdomain/mark/1.0/",
    "http://creativecommons.org/publicdomain/mark/1.0/",
})  # fmt: skip
_NOT_OPEN = frozenset({
    "0", "0.0", "false", "f", "no", "n", "copyrighted", "in copyright", "under copyright",
    "restricted", "all rights reserved",
})  # fmt: skip
# "Vincent van Gogh (Dutch, 1853-1890), artist": a name, what is known of the person, and a role.
_PERSON = re.compile(
    r"^(?P<name>[^()]*[^()\s])\s*\((?P<about>[^()]*\d{3}[^()]*)\)(?:,\s*[a-z ]+)?$"
)
_LENGTH = re.compile(r"^(?P<number>\d[\d.,]*|[.,]\d+)\s*(?P<unit>cm|mm|m|in|\")?\.?$")
_CENTIMETRES = {"cm": 1.0, "mm": 0.1, "m": 100.0, "in": 2.54, '"': 2.54}
_YEAR_LIMIT = 9999
_COLUMNS_NAMED = 1000
_SHAPES_KEPT = 256


_NO_FIELD = "columns that fill no field, kept as they are (`map` reads one as a field)"
_UNREAD_DATE = "dates that are not understood"
_STRUCTURE = "structures where text is expected, kept as JSON"


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
    mapping = {}
    for pair in pairs:
        name, separator, column = pair.partition("=")
        if not separator or not column or name not in COLUMN_FIELDS:
            raise CatalogError(
                f"`map` {pair!r} can't be read; write FIELD=COLUMN with one of the fields "
                f"{', '.join(sorted(COLUMN_FIELDS))}"
            )
        mapping[column] = name
    return mapping


def count_rows(path: Path, mapping: Mapping[str, str] | None = None) -> int:
    """Return the number of rows in a catalog.

    Raises:
        CatalogError: the file can't be read as a catalog.
    """
    return sum(1 for _ in read_rows(path, mapping or {}))


def read_catalog(
    path: Path,
    mapping: Mapping[str, str] | None = None,
    source: str | None = None,
    on_note: OnNote = lambda note: None,
) -> Iterator[tuple[int, Artwork | BadRow]]:
    """Iterate over a catalog's rows as (row number from 1, artwork or reason why there is none).

    An id that an earlier row has used makes a bad row, unless both have a `view` and different
    images: these are images of one artwork. If a display date can't be parsed, the years are
    unknown.

    Args:
        path: A .csv (.tsv), .jsonl (.ndjson) or .parquet file; CSV with a header, separated by
            commas, semicolons, tabs or bars.
        mapping: {column in the file: field} for columns of other names.
        source: The artworks' `source` if the catalog has no such column.
        on_note: Called for what is left unknown or aside, before the artwork that has it.

    Raises:
        CatalogError: the file is missing, of another type, unreadable, or has no image column.
    """
    reader = _Reader(mapping or {}, source, on_note)
    ids = _Ids()
    for number, row in read_rows(path, reader.mapping, on_note):
        try:
            if isinstance(row, str):
                raise CatalogError(row)
            artwork, notes = reader.read(*row)
            ids.add(artwork, number)
        except CatalogError as error:
            yield number, BadRow(number, str(error))
        else:
            for kind, example in notes:
                on_note(Note(kind, example, artwork.id))
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


class _Reader:
    """Makes artworks of rows, and finds the columns of each shape of row once."""

    def __init__(self, mapping: Mapping[str, str], source: str | None, on_note: OnNote) -> None:
        self.mapping = mapping
        self._source = source
        self._on_note = on_note
        self._shapes: dict[tuple[str, ...], Columns] = {}
        self._named: set[str] = set()

    def read(
        self, names: tuple[str, ...], values: Sequence[Any]
    ) -> tuple[Artwork, list[tuple[str, str]]]:
        """Return the artwork of a row, and (kind, example) of its notes.

        Raises:
            CatalogError: the row has no image.
        """
        row = _Row(self._columns(names), values)
        return row.make(self._source), row.notes

    def _columns(self, names: tuple[str, ...]) -> Columns:
        columns = self._shapes.get(names)
        if columns is None:
            columns = find_columns(names, self.mapping)
            if len(self._shapes) >= _SHAPES_KEPT:
                self._shapes.clear()
            self._shapes[names] = columns
            if not columns.is_published:
                self._name_others(columns)
        return columns

    def _name_others(self, columns: Columns) -> None:
        for name in columns.others:
            if name not in self._named and len(self._named) < _COLUMNS_NAMED:
                self._named.add(name)
                self._on_note(Note(_NO_FIELD, name))


class _Row:
    """Collects the fields of one artwork, and notes on values that can't be read."""

    def __init__(self, columns: Columns, values: Sequence[Any]) -> None:
        self.notes: list[tuple[str, str]] = []
        self._is_published = columns.is_published
        self._extra: dict[str, Scalar] = {}
        self._known: dict[str, Any] = {}
        for name, at in columns.fields.items():
            value = values[at]
            if value not in (None, "") and (value := self._clean(name, value)) is not None:
                self._known[name] = value
        for name, at in columns.others.items():
            self._keep(name, values[at])
        for at in columns.nameless:
            if (value := clean_value(values[at])) is not None:
                self._note("values in columns without a name, left aside", value)

    def make(self, source: str | None) -> Artwork:
        """Return the artwork.

        Raises:
            CatalogError: it has no image.
        """
        known = self._known
        image = next((str(known[name]) for name in IMAGE_COLUMNS if name in known), None)
        if image is None:
            raise CatalogError("the row has no image; fill image, file or image_url")
        if not self._is_published:
            self._find_artists()
            self._find_qualifiers()
        fields: dict[str, Any] = {"image": image, "id": image}
        if source is not None:
            fields["source"] = source
        for name, value in known.items():
            if name in _TEXT_FIELDS:
                text = value if isinstance(value, str) else to_text(value)
                if name in _CLEANED and not self._is_published:
                    text = _clean_field(name, text) or ""
                if text:
                    fields[name] = text
        fields["image"] = image
        for name in _LENGTHS:
            fields[name] = self._length(name)
        fields["open_access"] = self._open_access()
        years = self._years()
        fields["year_begin"], fields["year_end"] = years.begin, years.end
        if "display_date" not in fields and "year" in known:
            fields["display_date"] = _clean_field("display_date", to_text(known["year"]))
        return Artwork(**fields, extra=self._extra)

    def _note(self, kind: str, example: object) -> None:
        self.notes.append((kind, str(example)))

    def _leave_aside(self, kind: str, name: str, value: Any) -> None:
        """Keep the value of a field that can't be read in `extra`."""
        self._extra.setdefault(name, to_scalar(value))
        self._note(kind, self._extra[name])

    def _clean(self, name: str, value: object) -> Any:
        """Return the value of a field as text, number or boolean; None if it is unknown."""
        if self._is_published:
            if isinstance(value, str):
                return None if value.strip().casefold() in _PUBLISHED_NOTHING else make_valid(value)
            return None if value is None or value != value else value
        if isinstance(value, str):
            text = clean_text(value, markup=name not in _FILES or "://" in value)
            if REPLACED in text:
                self._note("values with characters that are not valid text", text)
            return None if is_nothing(text) else text
        if isinstance(value, date) and name in _YEARS:
            return value.year
        value = clean_value(value)
        if isinstance(value, list):
            value = self._join(name, value)
        if isinstance(value, dict | bytes | list):
            self._extra.setdefault(name, to_scalar(value))
            self._note(_STRUCTURE, f"{name} {self._extra[name]}")
            return None
        return value

    def _join(self, name: str, values: list[Any]) -> Any:
        """Return the values of a list as one; the list itself if they are no texts."""
        if any(isinstance(value, dict | bytes | list) for value in values):
            return values
        if name in IMAGE_COLUMNS:
            first, *others = [str(value) for value in values if value is not None]
            for other in others:
                self._note("further images of an artwork, left aside", other)
            return first
        if len(values) == 1:
            return values[0]
        if name not in _TEXT_FIELDS:
            return values
        return _join_texts(name, [None if each is None else to_text(each) for each in values])

    def _keep(self, name: str, value: object) -> None:
        """Put the value of a column that fills no field into `extra`."""
        if self._is_published:
            if name.startswith(EXTRA_PREFIX) or not (
                name in RESERVED_COLUMNS or name.startswith(PUBLISHED_PREFIXES)
            ):
                name = name.removeprefix(EXTRA_PREFIX)
                value = self._clean(name, value)
            else:
                value = None
        else:
            value = clean_value(value)
        if isinstance(value, float) and not math.isfinite(value):
            self._note("numbers without end", f"{name} {value}")
        elif isinstance(value, bytes):
            self._note("binary values, left aside", f"{name}: {len(value)} bytes")
        elif value is not None:
            self._extra[name] = to_scalar(value)

    def _find_artists(self) -> None:
        """Split names from what else a catalog writes beside them."""
        known = self._known
        if "attribution" in known:
            known.setdefault("artist", known["attribution"])
        artist, ids = known.get("artist"), known.get("artist_id")
        if not isinstance(artist, str):
            return
        # MoMA: "Louis Kahn, Anne Tyng" and "2964, 8084".
        if isinstance(ids, str) and _SEVERAL_NUMBERS.fullmatch(ids):
            names = artist.split(", ")
            if len(names) == ids.count(",") + 1:
                artist = "; ".join(names)
            known["artist_id"] = "; ".join(ids.replace(" ", "").split(","))
        names = []
        is_reworded = False
        for part in _split(artist):
            name = part
            if "(" in part and (person := _PERSON.match(part)):
                name = person["name"]
                nation = person["about"].split(",")[0].strip()
                if not any(letter.isdigit() for letter in nation):
                    known.setdefault("nationality", nation)
            elif part.casefold() in _NO_ARTIST:
                name = UNKNOWN
            is_reworded = is_reworded or name != part
            names.append(name)
        if is_reworded:
            known.setdefault("attribution", known["artist"])
        known["artist"] = _join_texts("artist", names) or ""

    def _find_qualifiers(self) -> None:
        """Read how artists relate to the artwork ("Follower of ...")."""
        known = self._known
        names, attribution = known.get("artist"), known.get("attribution")
        if isinstance(known.get("qualifier"), str):
            known["qualifier"] = normalize_qualifiers(known["qualifier"])
        elif isinstance(names, str | None) and isinstance(attribution, str | None):
            known |= _read_hands(names, attribution)

    def _years(self) -> YearRange:
        """Return the years of the row's year columns, else of its display date."""
        begin, begin_is_bad = self._year("year_begin")
        end, end_is_bad = self._year("year_end")
        first, last = begin.begin if begin else None, end.end if end else None
        if begin and not (end or end_is_bad) and begin.begin != begin.end:
            last = begin.end  # "1885-90" in `year_begin` alone
        if end and not (begin or begin_is_bad) and end.begin != end.end:
            first = end.begin
        is_bad = begin_is_bad or end_is_bad
        if first is not None and last is not None and (first > last or first == last == 0):
            kind = "years that end before they begin" if last else "years 0 to 0, taken for unknown"
            self._note(kind, f"{first} to {last}")
            self._extra.setdefault("year_begin", first)
            self._extra.setdefault("year_end", last)
            first = last = None
            is_bad = True
        years = YearRange(first, last)
        if years == UNKNOWN_YEARS or is_bad:
            years = self._year("year")[0] or self._years_of_date() or years
        return years

    def _year(self, name: str) -> tuple[YearRange | None, bool]:
        """Return the years in a column, and whether it has text that is none."""
        value = self._known.get(name)
        if value is None:
            return None, False
        text = to_text(value)
        if match := _WHOLE_NUMBER.fullmatch(text):
            year = int(match[1].replace("\u2212", "-"))
            if abs(year) <= _YEAR_LIMIT:
                return YearRange(year, year), False
        elif isinstance(value, str):
            try:
                return _parse_date(text), False
            except DateError:
                pass
        # Text in `year` is kept as display date where there is none.
        if name == "year" and "display_date" not in self._known:
            self._note(_UNREAD_DATE, text)
        else:
            self._leave_aside(f"values of {name} that are not years", name, value)
        return None, True

    def _years_of_date(self) -> YearRange | None:
        text = self._known.get("display_date")
        if text is None or self._is_published:
            return None
        try:
            return _parse_date(to_text(text))
        except DateError:
            self._note(_UNREAD_DATE, text)
            return None

    def _length(self, name: str) -> float | None:
        value = self._known.get(name)
        if value is None:
            return None
        length = _to_centimetres(to_text(value))
        if length is None or not 0 <= length < math.inf:
            self._leave_aside(f"values of {name} that are not lengths", name, value)
            return None
        return length

    def _open_access(self) -> bool | None:
        value = self._known.get("open_access")
        if value is None or isinstance(value, bool):
            return value
        text = to_text(value).strip().casefold()
        if text in _OPEN:
            return True
        if text not in _NOT_OPEN and text not in _NO_VALUE:
            kind = "values of open_access that are neither yes nor no"
            self._leave_aside(kind, "open_access", value)
            return None
        return False if text in _NOT_OPEN else None


_read_hands = lru_cache(4096)(read_hands)  # catalogs repeat artists


@lru_cache(4096)
def _parse_date(text: str) -> YearRange | None:
    """Return the years of a date; None if it says that there are none; catalogs repeat dates.

    Raises:
        DateError: it is not understood.
    """
    return None if text.casefold() in _NO_VALUE else parse_display_date(text)


def _split(text: str) -> list[str]:
    """Return the values of a field, which "; " or, at the Met, "|" separates."""
    if "|" in text:
        return [part.strip() or UNKNOWN for part in text.split("|")]
    return split_values(text)


def _join_texts(name: str, texts: Sequence[str | None]) -> str | None:
    """Return several values as the text of one field; None if all are unknown."""
    if name not in _OF_ARTISTS:
        return join_values(text for text in texts if text not in {None, UNKNOWN})
    if all(text in {None, UNKNOWN} for text in texts):
        return None
    return "; ".join(text or UNKNOWN for text in texts)


def _clean_field(name: str, text: str) -> str | None:
    """Return the text of a field as other catalogs write it; None if it means unknown."""
    if name in _SEVERAL and text:
        if text[0] == "(" and text[-1] == ")":  # MoMA: "(American) (French)"
            parts = [part.strip() or UNKNOWN for part in _PARENTHESES.findall(text)]
        elif "|" in text or "; " in text:
            parts = _split(text)
        else:
            return _clean_one(name, text)
        return _join_texts(name, [_clean_one(name, part) for part in parts])
    if name == "display_date":
        return text.removesuffix(".0") if _NUMBERED.fullmatch(text) else text
    return _clean_one(name, text)


def _clean_one(name: str, text: str) -> str | None:
    if text.casefold() in _NO_VALUE:
        return None
    if name in _IDENTIFIERS and (match := _IDENTIFIER_URL.match(text)):
        return match[1]
    if name in ARTIST_IDS and _NUMBERED.fullmatch(text):
        return text.removesuffix(".0")
    return text


def _to_centimetres(text: str) -> float | None:
    """Return a length: "79.4", "79,4 cm", "1.234,5 mm"; None for text that is none.

    None, too, for "1,234", which may have a decimal comma or one of thousands.
    """
    try:
        return float(text)
    except ValueError:
        match = _LENGTH.fullmatch(text.casefold())
    if match is None or _THOUSANDS.fullmatch(match["number"]):
        return None
    whole, point, decimals = match["number"].replace(",", ".").rpartition(".")
    number = float(f"{whole.replace('.', '')}{point}{decimals}")
    return number * _CENTIMETRES[match["unit"] or "cm"]
