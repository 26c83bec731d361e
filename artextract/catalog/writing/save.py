"""Saving entries to a file, in the format that its ending names."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artextract.catalog.writing.entries import Entry, StoredEntries
from artextract.catalog.writing.target import Format, find_format, replacing
from artextract.errors import InputError
from artextract.files import check_target

if TYPE_CHECKING:
    from artextract.store import ModelIdentity

__all__ = ["Saved", "save_answer", "save_records"]


@dataclass(frozen=True, slots=True)
class Saved:
    """What a file holds: works and images; and {reason: images} of those that it could not take."""

    path: Path
    format: Format
    works: int
    images: int
    left_out: Mapping[str, int]


def save_records(
    path: Path,
    entries: StoredEntries | list[Entry],
    model: "ModelIdentity",
    *,
    format_: Format | None = None,
    label: str | None = None,
    manifest_id: str | None = None,
    ranked: bool = False,
    force: bool = False,
) -> Saved:
    """Write ``entries`` to ``path`` in their order: all of it, or nothing.

    Args:
        path: The file; .csv, .jsonl (.ndjson), .parquet, or .json for an IIIF manifest.
        entries: What is written; it is iterated over more than once.
        model: The model that made the embeddings.
        format_: The format, where the file's ending does not name it.
        label: The manifest's title; the file's stem without it.
        manifest_id: The manifest's URL; made from its contents without it.
        ranked: Whether the entries are an answer's, with ranks and scores.
        force: Whether a file of that name may be replaced.

    Raises:
        InputError: there is nothing to write, or it can't be written there, or ``manifest_id`` is
            no URL that a manifest can have.
    """
    format_ = find_format(path, format_)
    check_target(path, force=force)
    if not len(entries):
        raise InputError(f"there is nothing to write to {path}: no work was given; ingest some")
    if format_ == "iiif":
        from artextract.catalog.writing.iiif_manifest import write_manifest

        with replacing(path) as temporary:
            shown = write_manifest(
                temporary, entries, model, label=label or path.stem, manifest_id=manifest_id
            )
        return Saved(path, format_, shown.works, shown.images, shown.left_out)
    return _save_table(path, format_, entries, model, ranked=ranked)


def save_answer(
    path: Path,
    results: Iterable[Entry],
    model: "ModelIdentity",
    *,
    format_: Format | None = None,
    label: str | None = None,
    manifest_id: str | None = None,
    force: bool = True,
) -> Saved:
    """Write the results of a search to ``path``, by rank; see :func:`save_records`."""
    entries = sorted(results, key=lambda entry: (entry.rank is None, entry.rank))
    return save_records(
        path,
        entries,
        model,
        format_=format_,
        label=label,
        manifest_id=manifest_id,
        ranked=True,
        force=force,
    )


def _save_table(
    path: Path,
    format_: Format,
    entries: StoredEntries | list[Entry],
    model: "ModelIdentity",
    *,
    ranked: bool,
) -> Saved:
    from artextract.catalog.writing import tables
    from artextract.catalog.writing.rows import make_columns

    write = {"csv": tables.write_csv, "jsonl": tables.write_jsonl,
             "parquet": tables.write_parquet}[format_]  # fmt: skip
    columns = make_columns(entries, ranked=ranked)
    images: Counter[str] = Counter()

    def counted() -> Iterable[Entry]:
        for entry in entries:
            images[entry.payload["id"]] += 1
            yield entry

    with replacing(path) as temporary:
        write(temporary, counted(), columns, model)
    return Saved(path, format_, len(images), images.total(), {})
