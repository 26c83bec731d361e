"""Read the rows of catalog files: CSV, JSON Lines and Parquet.

A line that can't be read costs its own row and never the rows after it.
"""

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from artextract.catalog.columns import find_columns
from artextract.catalog.notes import Note
from artextract.errors import CatalogError

Row = tuple[tuple[str, ...], Sequence[Any]]
"""The names of the columns, and the values in their order."""

OnNote = Callable[[Note], object]

_SEPARATORS = (",", ";", "\t", "|")
_HEADER_LINES = 100
_MOST_FIELD_BYTES = 16 << 20
_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 18
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
# What spreadsheets on Windows, Macs and DOS write, and what is usual in Russia, Japan, China, Korea
# and Taiwan. More of them would be taken for each other.
_LEGACY = ["cp1252", "mac_roman", "cp850", "cp1251", "cp932", "gb18030", "cp949", "big5"]
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]")


def read_rows(
    path: Path, mapping: Mapping[str, str], on_note: OnNote = lambda note: None
) -> Iterator[tuple[int, Row | str]]:
    """Iterate over (row number from 1, row or why it can't be read); empty rows are left out.

    Raises:
        CatalogError: the file is missing, of another type, unreadable, has no image column, or
            lacks a column of ``mapping``.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise CatalogError(
            f"{path} is not a catalog; expected a {', '.join(CATALOG_SUFFIXES)} file"
        )
    if not path.is_file():
        raise CatalogError(f"there is no catalog {path}; check the path")
    try:
        yield from enumerate(reader(path, mapping, on_note), start=1)
    except OSError as error:
        raise CatalogError(f"{path} can't be read: {error.strerror or error}") from error


def _check_columns(path: Path, names: Sequence[str], mapping: Mapping[str, str]) -> None:
    columns = find_columns(names, mapping)
    known = ", ".join(name for name in names if name)
    if columns.unmapped:
        raise CatalogError(
            f"{path} has no column {columns.unmapped[0]!r}, which `map` names; its columns: {known}"
        )
    if not columns.has_image:
        raise CatalogError(
            f"{path} has no column for the image (its columns: {known}); it needs one of image, "
            "file or image_url, or `map` file=COLUMN"
        )


def _read_csv(path: Path, mapping: Mapping[str, str], on_note: OnNote) -> Iterator[Row | str]:
    encoding, errors = _find_encoding(path, on_note)
    # The limit belongs to the process; other code may have set a higher one.
    csv.field_size_limit(max(csv.field_size_limit(), _MOST_FIELD_BYTES))
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        separator, skipped = _find_separator(list(islice(file, _HEADER_LINES)), mapping)
    with path.open(encoding=encoding, errors=errors, newline="") as file:
        lines = _Lines(islice(file, skipped, None), skipped)
        rows = csv.reader(lines, delimiter=separator, strict=True)
        try:
            header = next(rows, None)
        except csv.Error as error:
            raise CatalogError(
                f"the header of {path} is not valid CSV ({error}); correct its first line"
            ) from error
        if not header:
            raise CatalogError(f"{path} is empty; expected a header line with column names")
        names = tuple(header)
        _check_columns(path, names, mapping)
        for row in _read_records(rows, lines, names):
            is_read = not isinstance(row, str)  # else its lines are read again
            if is_read and (swallowed := lines.find_row(separator, len(names))):
                on_note(Note("values over several lines that look like rows", swallowed))
            yield row


def _read_records(
    rows: Iterator[list[str]], lines: "_Lines", names: tuple[str, ...]
) -> Iterator[Row | str]:
    """Iterate over the rows below the header, each a list of as many values as ``names``."""
    named = max(at for at, name in enumerate(names, start=1) if name.strip())
    empty = [""] * len(names)
    while True:
        lines.forget()
        try:
            values = next(rows, None)
        except csv.Error as error:
            yield f"line {lines.retry()} is not valid CSV ({error})"
            continue
        if values is None:
            return
        if not values or (
            len(values) > 1 and not values[0].strip() and not any(map(str.strip, values))
        ):
            continue
        if len(values) != len(names):
            count = len(values)
            if named <= count < len(names):  # Only cells of nameless columns are missing.
                values += empty[count:]
            elif count > len(names) and not any(map(str.strip, values[len(names) :])):
                del values[len(names) :]
            else:
                number = lines.retry()
                yield f"line {number} has {count} values for {len(names)} columns"
                continue
        yield names, values


class _Lines:
    """Iterates over lines and gives those of the latest record again, after its first."""

    def __init__(self, lines: Iterator[str], skipped: int) -> None:
        self._lines = lines
        self._again: list[str] = []
        self._record: list[str] = []
        self._number = skipped  # of the last line of the record

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else next(self._lines)
        self._record.append(line)
        self._number += 1
        return line

    def forget(self) -> None:
        """Begin a record."""
        self._record.clear()

    def retry(self) -> int:
        """Give all lines of the record but the first again; return the number of the first."""
        again = self._record[:0:-1]
        self._again += again
        self._number -= len(again)
        return self._number

    def find_row(self, separator: str, values: int) -> str | None:
        """Return a line within the record that has as many values as a whole row, if any.

        Where two rows each lack a quote, all lines between the two are one value.
        """
        within = self._record[1:-1] if values > 1 else []
        return next((line for line in within if line.count(separator) == values - 1), None)


def _find_separator(lines: list[str], mapping: Mapping[str, str]) -> tuple[str, int]:
    """Return the separator of a CSV file, and the number of lines before its header.

    It is that of a first line "sep=;", as Excel writes it, else the one that splits the header into
    most columns that fill a field. csv.Sniffer, which knows no field, takes letters for separators.
    """
    skipped = 0
    named = None
    for line in lines:
        text = line.strip()
        if text.lower().startswith("sep=") and len(text) == 5:
            named = text[4]
        elif text:
            break
        skipped += 1

    def count(separator: str) -> tuple[int, int]:
        try:
            header = next(csv.reader(lines[skipped:], delimiter=separator), [])
        except csv.Error:
            return 0, 0
        return len(find_columns(header, mapping).fields), len(header)

    return named or max(_SEPARATORS, key=count), skipped


def _find_encoding(path: Path, on_note: OnNote) -> tuple[str, str]:
    """Return the encoding of a text file and how to read bytes that are not in it.

    It is that of a byte order mark, else UTF-8; else, if the bytes are not UTF-8, the likeliest one
    that is older. If most characters are UTF-8, some lines are damaged.
    """
    good = bad = 0
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    with path.open("rb") as file:
        head = file.read(_CHUNK_BYTES)
        for mark, encoding in _BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding, "surrogateescape" if encoding == "utf-8-sig" else "replace"
        if head.count(0) > len(head) // 4:
            return (
                "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
            ), "replace"
        chunk = head
        while chunk:
            text = decoder.decode(chunk)
            if not text.isascii():
                good += len(chunk) - len(text)
                try:
                    text.encode()
                except UnicodeEncodeError:
                    bad += len(_ESCAPED_BYTES.findall(text))
            chunk = file.read(_CHUNK_BYTES)
    if bad <= good:
        return "utf-8", "surrogateescape"
    encoding = _guess_encoding(path)
    kind = f"files that are not UTF-8, read as {encoding} (save them as UTF-8 if accents are wrong)"
    on_note(Note(kind, path.name))
    return encoding, "surrogateescape"


def _guess_encoding(path: Path) -> str:
    import charset_normalizer

    sample = bytearray()
    with path.open("rb") as file:
        for line in file:
            if not line.isascii():
                sample += line
            if len(sample) > _SAMPLE_BYTES:
                break
    best = charset_normalizer.from_bytes(bytes(sample), cp_isolation=_LEGACY).best()
    return best.encoding if best is not None else _LEGACY[0]


def _read_jsonl(path: Path, mapping: Mapping[str, str], on_note: OnNote) -> Iterator[Row | str]:
    encoding, errors = _find_encoding(path, on_note)
    with path.open(encoding=encoding, errors=errors, newline="\n") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (ValueError, RecursionError) as error:
                yield f"line {number} is not valid JSON ({error})"
                continue
            if isinstance(row, dict):
                yield tuple(row), tuple(row.values())
            else:
                yield f"line {number} is not a JSON object"


def _read_parquet(path: Path, mapping: Mapping[str, str], on_note: OnNote) -> Iterator[Row | str]:
    import polars

    try:
        frame = polars.scan_parquet(path)
        names = tuple(frame.collect_schema().names())
        _check_columns(path, names, mapping)
        for batch in frame.collect_batches(chunk_size=4096, maintain_order=True):
            for values in batch.iter_rows():
                yield names, values
    except polars.exceptions.PolarsError as error:
        raise CatalogError(f"{path} is not a readable Parquet file ({error})") from error


_READERS = {
    ".csv": _read_csv, ".tsv": _read_csv, ".jsonl": _read_jsonl, ".ndjson": _read_jsonl,
    ".parquet": _read_parquet,
}  # fmt: skip

CATALOG_SUFFIXES = tuple(_READERS)
"""Endings of catalog files."""
