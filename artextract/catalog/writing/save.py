"""Save entries to a file, in the format of its ending."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from artextract.catalog.writing.entries import Entries, Format, Saved
from artextract.catalog.writing.iiif_manifest import write_manifest
from artextract.catalog.writing.tables import (
    Row,
    make_columns,
    make_row,
    write_csv,
    write_jsonl,
    write_parquet,
)
from artextract.errors import InputError
from artextract.files import check_target, replacing
from artextract.models.registry import ModelIdentity

FORMATS: tuple[Format, ...] = get_args(Format)

_ENDINGS: dict[str, Format] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".json": "iiif",
}  # fmt: skip
_TABLES = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}


def find_format(path: Path, format_: Format | None = None) -> Format:
    """Return the format in which ``path`` is written: ``format_``, else that of its ending.

    Raises:
        InputError: its ending is unknown, or is that of another format than ``format_``.
    """
    of_ending = _ENDINGS.get(path.suffix.lower())
    if format_ is None:
        if of_ending is None:
            raise InputError(
                f"the ending of {path} names no format; end it in {', '.join(_ENDINGS)}, or name "
                f"the format: {', '.join(FORMATS)}"
            )
        return of_ending
    if of_ending not in (None, format_):
        ending = next(ending for ending, named in _ENDINGS.items() if named == format_)
        raise InputError(
            f"{path} has the ending of format {of_ending}, not {format_}; call it "
            f"{path.stem}{ending}, or choose format {of_ending}"
        )
    return format_


def save_entries(
    path: Path,
    entries: Entries,
    model: ModelIdentity,
    *,
    format_: Format | None = None,
    label: str | None = None,
    manifest_id: str | None = None,
    ranked: bool = False,
    force: bool = False,
) -> Saved:
    """Write ``entries`` to ``path``: the whole file, or nothing.

    Args:
        path: The file; .csv, .jsonl (.ndjson), .parquet, or .json for an IIIF manifest.
        entries: Written in their order, or by rank if ``ranked``.
        model: The model that made the embeddings.
        format_: The format, where the file's ending does not name it.
        label: The manifest's title; None takes the file's stem.
        manifest_id: The manifest's URL; None makes one from its contents.
        ranked: The entries are search results, with ranks and scores.
        force: Replace an existing file.

    Raises:
        InputError: there are no entries, the file can't be written, or ``manifest_id`` is not a URL
            that a manifest can have.
    """
    format_ = find_format(path, format_)
    check_target(path, force=force)
    if not len(entries):
        raise InputError(f"there are no artworks to write to {path}; ingest some")
    if ranked:
        entries = sorted(entries, key=lambda entry: (entry.rank is None, entry.rank))
    images_of: Counter[str] = Counter()

    def rows() -> Iterator[Row]:
        for entry in entries:
            images_of[entry.payload["id"]] += 1
            yield make_row(entry, columns, model)

    try:
        with replacing(path) as temporary:
            if format_ == "iiif":
                label = label or path.stem
                return write_manifest(
                    temporary, entries, model, label=label, manifest_id=manifest_id
                )
            columns = make_columns(entries, ranked=ranked)
            _TABLES[format_](temporary, columns, rows())
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}); free some space or choose "
            "another folder"
        ) from error
    return Saved(format_, len(images_of), images_of.total())
