"""Works to learn from out of a catalog, as :mod:`artextract.catalog.reading` reads it.

Any column can be an attribute. Labels that differ in case, accents, underscores or spaces only are
one class, spelt like most of them.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from artextract.catalog.artwork import Artwork
from artextract.catalog.names import closest, fold
from artextract.catalog.reading import read_catalog
from artextract.errors import CatalogError, InputError
from artextract.net.fetch import is_url
from training.data.samples import Gathered, LabelledWork

__all__ = ["read_labelled"]

_FIELDS = frozenset(field.name for field in fields(Artwork)) - {"extra"}

_UNUSABLE = "rows that can't be used"
_MISSING = "without an image"
_OUTSIDE = "with an image outside the images' folder"
_AT_A_URL = "with an image at a URL, which is not fetched"
_ALTERNATE = "further images of a work"
_UNLABELLED = "without any label"
_RESPELT = "labels respelt like most of their class"


def read_labelled(
    path: Path, images: Path, attributes: Sequence[str], split_column: str | None
) -> Gathered:
    """Return the works of the catalog ``path`` that have an image file and a label.

    Args:
        path: A CSV, JSONL or Parquet file.
        images: The folder that the catalog's image paths start from.
        attributes: The columns that are learnt.
        split_column: The column that says train or val of each work; None where there is none.

    Raises:
        CatalogError: the catalog can't be read, an attribute or the split has no value in any row.
        InputError: the folder is missing, or not one of the images is there.
    """
    if not images.is_dir():
        raise InputError(
            f"there is no folder {images} for the catalog's images; name it with --images"
        )
    counts = dict.fromkeys(
        ("rows", _UNUSABLE, _MISSING, _OUTSIDE, _AT_A_URL, _ALTERNATE, _UNLABELLED, _RESPELT), 0
    )
    first: dict[str, str] = {}
    columns: set[str] = set()
    works: dict[str, LabelledWork] = {}
    for _, row in read_catalog(path):
        counts["rows"] += 1
        if isinstance(row, Artwork):
            values = _values(row)
            columns |= values.keys()
            work = _make_work(row, values, images, attributes, split_column)
            what = _refuse(row, work, images, works)
            case = f"{work.id!r} ({work.image})"
        else:
            what, case = _UNUSABLE, f"row {row.row}: {row.reason}"
        if what is None:
            works[work.id] = work
        else:
            counts[what] += 1
            first.setdefault(what, case)
    if columns:
        _check_columns(path, columns, attributes, split_column)
    if not works:
        raise _no_works(path, images, counts, first)
    respelt, counts[_RESPELT] = _respell(list(works.values()))
    return Gathered(works=sorted(respelt, key=lambda work: work.id), counts=counts, first=first)


def _values(artwork: Artwork) -> dict[str, str]:
    """Return {column: value as text} of what is known of an artwork."""
    known = {name: getattr(artwork, name) for name in _FIELDS} | dict(artwork.extra)
    texts = {
        name: " ".join(str(value).split()) for name, value in known.items() if value is not None
    }
    return {name: text for name, text in texts.items() if text}


def _make_work(
    artwork: Artwork,
    values: Mapping[str, str],
    images: Path,
    attributes: Sequence[str],
    split_column: str | None,
) -> LabelledWork:
    return LabelledWork(
        id=artwork.id,
        image=images / artwork.image,
        labels={name: values[name] for name in attributes if name in values},
        artist=artwork.artist,
        split=values.get(split_column) if split_column is not None else None,
    )


def _refuse(
    artwork: Artwork, work: LabelledWork, images: Path, works: Mapping[str, LabelledWork]
) -> str | None:
    """Return why a work can't be learnt from; None where it can."""
    if artwork.id in works:
        return _ALTERNATE
    if is_url(artwork.image):
        return _AT_A_URL
    # Lexically, as ingest does: the catalog must not climb out; links are the folder's owner's.
    inside = os.path.relpath(work.image, images)
    if inside.split(os.sep)[0] == os.pardir:
        return _OUTSIDE
    if not work.image.is_file():
        return _MISSING
    return None if work.labels else _UNLABELLED


def _check_columns(
    path: Path, columns: set[str], attributes: Sequence[str], split_column: str | None
) -> None:
    """Check that every attribute, and the split, has a value in some row.

    Raises:
        CatalogError: one has none.
    """
    wanted = {name: ("attribute", "--set attributes=COLUMN,COLUMN") for name in attributes}
    if split_column is not None:
        wanted[split_column] = ("split", "--split-column COLUMN")
    for name, (what, option) in wanted.items():
        if name not in columns:
            near = closest(name, columns, limit=1)
            meant = f", did you mean {near[0]!r}" if near else ""
            raise CatalogError(
                f"no row of {path} has a value in the column {name!r} for the {what}{meant} "
                f"(columns with values: {', '.join(sorted(columns - {'id', 'image'}))}); fill it "
                f"in, or name another with {option}"
            )


def _no_works(
    path: Path, images: Path, counts: Mapping[str, int], first: Mapping[str, str]
) -> InputError:
    """Return the error for a catalog that gives no work to learn from."""
    if not counts["rows"]:
        return CatalogError(f"{path} has no rows; add one for each artwork")
    cases = "; ".join(
        f"{count:,} {what}, the first {first[what]}"
        for what, count in counts.items()
        if count and what in first
    )
    return InputError(
        f"none of the {counts['rows']:,} rows of {path} gives a work to learn from with an image "
        f"in {images} ({cases}); name the images' folder with --images, or mend the catalog"
    )


def _respell(works: Sequence[LabelledWork]) -> tuple[list[LabelledWork], int]:
    """Return the works with one spelling a class, and how many labels were changed."""
    spellings: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for work in works:
        for name, label in work.labels.items():
            spellings[name, fold(label)][label] += 1
    # Of equally frequent ones the first in the alphabet, whatever the order of the rows.
    usual = {
        key: min(found, key=lambda label: (-found[label], label))
        for key, found in spellings.items()
    }
    respelt = [
        replace(work, labels={name: usual[name, fold(text)] for name, text in work.labels.items()})
        for work in works
    ]
    changed = sum(
        old.labels[name] != new.labels[name]
        for old, new in zip(works, respelt, strict=True)
        for name in old.labels
    )
    return respelt, changed
