"""Tables of entries as CSV, JSON lines and Parquet, written in batches.

Values are written as they are. In particular, CSV cells that a spreadsheet would take for a formula
("=1+1", "-5 °C") are not defused: that would change the data. Whoever opens a table of works from
strangers in a spreadsheet should import its columns as text.
"""

import csv
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from artextract.catalog.writing.entries import Entry
from artextract.catalog.writing.rows import Column, Kind, make_row

if TYPE_CHECKING:
    from artextract.store import ModelIdentity

__all__ = ["write_csv", "write_jsonl", "write_parquet"]

_PARQUET_BATCH = 4096


def write_csv(
    path: Path, entries: Iterable[Entry], columns: list[Column], model: "ModelIdentity"
) -> None:
    """Write RFC 4180 CSV in UTF-8, with a header; unknown is empty, a truth value true or false."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([column.name for column in columns])
        for entry in entries:
            writer.writerow([_as_text(value) for value in make_row(entry, columns, model)])


def write_jsonl(
    path: Path, entries: Iterable[Entry], columns: list[Column], model: "ModelIdentity"
) -> None:
    """Write one JSON object a line in UTF-8, each with all columns; unknown is null."""
    names = [column.name for column in columns]
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for entry in entries:
            row = dict(zip(names, make_row(entry, columns, model), strict=True))
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def write_parquet(
    path: Path, entries: Iterable[Entry], columns: list[Column], model: "ModelIdentity"
) -> None:
    """Write Parquet with one type a column; where a catalog's column mixes types it is text.

    Batches are written to files of their own beside ``path`` and then joined, so that the rows
    never lie in memory together.

    Raises:
        OSError: it can't be written.
    """
    import polars

    types: dict[Kind, Any] = {
        "text": polars.String, "whole": polars.Int64, "number": polars.Float64,
        "truth": polars.Boolean,
    }  # fmt: skip
    schema = {column.name: types[column.kind] for column in columns}
    parts: list[Path] = []
    with tempfile.TemporaryDirectory(prefix=f"{path.name}.", dir=path.parent) as folder:
        try:
            for batch in _batches(entries):
                rows = [make_row(entry, columns, model) for entry in batch]
                data = {
                    column.name: [_to_kind(row[number], column.kind) for row in rows]
                    for number, column in enumerate(columns)
                }
                parts.append(Path(folder, f"{len(parts):06}.parquet"))
                polars.DataFrame(data, schema=schema).write_parquet(parts[-1])
            polars.scan_parquet(parts).sink_parquet(path)
        except polars.exceptions.PolarsError as error:
            raise OSError(str(error)) from error


def _batches(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    iterator = iter(entries)
    while batch := list(islice(iterator, _PARQUET_BATCH)):
        yield batch


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


_CASTS: dict[Kind, Callable[[Any], Any]] = {
    "text": _as_text, "whole": int, "number": float, "truth": bool,
}  # fmt: skip


def _to_kind(value: Any, kind: Kind) -> Any:
    return None if value is None else _CASTS[kind](value)
