"""Datasets from a catalog, as :mod:`artextract.catalog.reading` reads it.

Any column can be an attribute. Labels that differ in case, accents, underscores or spaces only are
one class, with its most frequent spelling.
"""

import os
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

from artextract.catalog.artwork import Artwork
from artextract.catalog.columns import find_columns
from artextract.catalog.names import closest, fold
from artextract.catalog.reading import read_catalog
from artextract.catalog.years import YearRange
from artextract.errors import CatalogError, InputError
from artextract.net.fetch import is_url
from training.data.samples import Dataset, Sample

_FIELDS = frozenset(field.name for field in fields(Artwork)) - {"extra"}

_UNUSABLE = "unusable rows"
_MISSING = "without an image"
_OUTSIDE = "with an image outside the folder of images"
_AT_A_URL = "with an image at a URL, which is not fetched"
_ALTERNATE = "further images of an artwork"
_UNLABELLED = "without any label"
_RESPELT = "labels changed to the most frequent spelling of their class"


def read_labelled_catalog(
    path: Path, images: Path, attributes: Sequence[str], split_column: str | None
) -> Dataset:
    """Return the rows of the catalog ``path`` that have an image file and a label.

    Args:
        path: A CSV, JSONL or Parquet file.
        images: The folder that the catalog's image paths are relative to.
        attributes: The columns with labels.
        split_column: The column with the split (train or val), if there is one.

    Raises:
        CatalogError: the catalog can't be read, or an attribute or the split has no value.
        InputError: the folder is missing, or no row can be used.
    """
    if not images.is_dir():
        raise InputError(f"there is no folder {images} for the catalog's images; check images")
    counts = dict.fromkeys(
        ("rows", _UNUSABLE, _MISSING, _OUTSIDE, _AT_A_URL, _ALTERNATE, _UNLABELLED, _RESPELT), 0
    )
    first: dict[str, str] = {}
    columns: set[str] = set()
    samples: dict[str, Sample] = {}
    named = {
        column: field
        for column in (*attributes, *filter(None, [split_column]))
        for field in find_columns([column], {}).fields
    }
    for _, row in read_catalog(path):
        counts["rows"] += 1
        if isinstance(row, Artwork):
            values = _values(row, named)
            columns |= values.keys()
            sample = Sample(
                id=row.id,
                image=images / row.image,
                labels={name: values[name] for name in attributes if name in values},
                artist=row.artist,
                split=values.get(split_column) if split_column is not None else None,
                years=YearRange(row.year_begin, row.year_end),
            )
            problem = _find_problem(row, sample, images, samples)
            case = f"{sample.id!r} ({sample.image})"
        else:
            problem, case = _UNUSABLE, f"row {row.row}: {row.reason}"
        if problem is None:
            samples[sample.id] = sample
        else:
            counts[problem] += 1
            first.setdefault(problem, case)
    if columns:
        _check_columns(path, columns, attributes, split_column)
    if not samples:
        raise _no_samples(path, images, counts, first)
    respelt, counts[_RESPELT] = _respell(list(samples.values()))
    return Dataset(samples=sorted(respelt, key=lambda one: one.id), counts=counts, first=first)


def _values(artwork: Artwork, named: Mapping[str, str]) -> dict[str, str]:
    """Return {column: value as text} of an artwork's known fields.

    ``named`` are {column: field}: names that a field has, too ("Style").
    """
    known = {name: getattr(artwork, name) for name in _FIELDS} | dict(artwork.extra)
    texts = {
        name: " ".join(str(value).split()) for name, value in known.items() if value is not None
    }
    texts = {name: text for name, text in texts.items() if text}
    return {**{column: texts[field] for column, field in named.items() if field in texts}, **texts}


def _find_problem(
    artwork: Artwork, sample: Sample, images: Path, samples: Mapping[str, Sample]
) -> str | None:
    if artwork.id in samples:
        return _ALTERNATE
    if is_url(artwork.image):
        return _AT_A_URL
    # Lexically, as ingest does: the catalog must not leave the folder; links in it may.
    inside = os.path.relpath(sample.image, images)
    if inside.split(os.sep)[0] == os.pardir:
        return _OUTSIDE
    if not sample.image.is_file():
        return _MISSING
    return None if sample.labels else _UNLABELLED


def _check_columns(
    path: Path, columns: set[str], attributes: Sequence[str], split_column: str | None
) -> None:
    """Check that every attribute, and the split, has a value in some row."""
    needed = dict.fromkeys(attributes, ("attribute", "attributes"))
    if split_column is not None:
        needed[split_column] = ("split", "split_column")
    for name, (what, field) in needed.items():
        if name not in columns:
            near = closest(name, columns, limit=1)
            meant = f", did you mean {near[0]!r}" if near else ""
            raise CatalogError(
                f"no row of {path} has a value in the column {name!r} for the {what}{meant} "
                f"(columns with values: {', '.join(sorted(columns - {'id', 'image'}))}); fill it "
                f"in, or change {field}"
            )


def _no_samples(
    path: Path, images: Path, counts: Mapping[str, int], first: Mapping[str, str]
) -> InputError:
    if not counts["rows"]:
        return CatalogError(f"{path} has no rows; add one for each artwork")
    cases = "; ".join(
        f"{count:,} {what}, the first {first[what]}"
        for what, count in counts.items()
        if count and what in first
    )
    return InputError(
        f"none of the {counts['rows']:,} rows of {path} gives a sample with an image in {images} "
        f"({cases}); check the folder of images and the catalog"
    )


def _respell(samples: Sequence[Sample]) -> tuple[list[Sample], int]:
    """Return the samples with one spelling for each class, and how many labels were changed."""
    spellings: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for sample in samples:
        for name, label in sample.labels.items():
            spellings[name, fold(label)][label] += 1
    # Of equally frequent ones the first in the alphabet, whatever the order of the rows.
    chosen = {
        key: min(found, key=lambda label: (-found[label], label))
        for key, found in spellings.items()
    }
    respelt = [
        replace(one, labels={name: chosen[name, fold(text)] for name, text in one.labels.items()})
        for one in samples
    ]
    changed = sum(
        old.labels[name] != new.labels[name]
        for old, new in zip(samples, respelt, strict=True)
        for name in old.labels
    )
    return respelt, changed
