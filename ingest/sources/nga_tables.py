"""Select and join the National Gallery of Art's open-data tables.

The tables are CSV files (https://github.com/NationalGalleryOfArt/opendata), whose columns differ
between snapshots: an optional column may be missing and is then unknown throughout, a column that
the join needs may not. polars reads only the used columns, in parallel and in pieces, so that the
long texts of the objects' table are never in memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from artextract.errors import CatalogError


@dataclass(frozen=True, slots=True)
class _Table:
    """The used columns of a table: required and optional ones."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    may_be_missing: bool = False


TABLES = {
    "objects": _Table(
        ("objectid", "title", "classification", "attribution"),
        (
            "accessionnum", "displaydate", "beginyear", "endyear", "medium", "dimensions",
            "creditline", "departmentabbr", "wikidataid", "subclassification",
        ),
    ),
    "published_images": _Table(
        ("uuid", "iiifurl", "depictstmsobjectid"),
        (
            "viewtype", "sequence", "width", "height", "maxpixels", "openaccess", "modified",
            "assistivetext",
        ),
    ),
    "objects_constituents": _Table(
        ("objectid", "constituentid"), ("displayorder", "roletype", "role", "prefix", "suffix")
    ),
    "constituents": _Table(
        ("constituentid", "forwarddisplayname"),
        (
            "preferreddisplayname", "ulanid", "wikidataid", "nationality", "beginyear", "endyear",
        ),
    ),
    "objects_terms": _Table(("objectid", "termtype", "term"), may_be_missing=True),
    "objects_historical_data": _Table(
        ("objectid", "datatype", "forwardtext"), ("displayorder",), may_be_missing=True
    ),
}  # fmt: skip
"""{table: its used columns}; the file is ``TABLE.csv``."""

_TERM_TYPES = {
    "School": "schools",
    "Style": "styles",
    "Theme": "themes",
    "Technique": "techniques",
    "Keyword": "keywords",
    "Place Executed": "places",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which objects and images are selected.

    An empty ``classification`` or ``department`` means all. Without ``all_rights``, images must be
    open access. Without ``all_images``, one image of each object is selected: the primary one, else
    the first of the others. ``limit`` counts objects.
    """

    classification: tuple[str, ...] = ("Painting",)
    department: tuple[str, ...] = ()
    all_rights: bool = False
    all_images: bool = False
    limit: int | None = None


class Tables:
    """The tables in a folder."""

    def __init__(self, folder: Path) -> None:
        """Read the names of the tables' columns.

        Raises:
            CatalogError: the folder, a table, or a required column of one is missing.
        """
        if not folder.is_dir():
            raise CatalogError(
                f"there is no folder {folder} with the NGA's tables; name one, or a URL, as "
                "`tables`"
            )
        self.folder = folder
        self._columns = {
            name: self._read_columns(name, table)
            for name, table in TABLES.items()
            if (folder / f"{name}.csv").is_file() or not table.may_be_missing
        }

    def _read_columns(self, name: str, table: _Table) -> frozenset[str]:
        path = self.folder / f"{name}.csv"
        if not path.is_file():
            raise CatalogError(
                f"table {name} is missing: there is no file {path}; download it from "
                "https://github.com/NationalGalleryOfArt/opendata, or leave out `tables`"
            )
        try:
            columns = pl.read_csv(path, n_rows=0, infer_schema=False).columns
        except (pl.exceptions.PolarsError, OSError) as error:
            raise CatalogError(
                f"table {name} can't be read as CSV ({_first_line(error)}); download {path} again"
            ) from error
        for column in table.required:
            if column not in columns:
                raise CatalogError(
                    f"table {name} has no column {column!r}, which is required (its columns: "
                    f"{', '.join(columns)}); use another snapshot of the tables"
                )
        return frozenset(columns)

    def has(self, name: str, column: str) -> bool:
        """Return whether there is a table ``name`` with this column."""
        return column in self._columns.get(name, ())

    def read(self, name: str) -> pl.LazyFrame:
        """Return the used columns of a table as text; unknown values and columns are null."""
        table = TABLES[name]
        used = (*table.required, *table.optional)
        if name not in self._columns:
            return pl.LazyFrame(schema=dict.fromkeys(used, pl.String))
        frame = pl.scan_csv(self.folder / f"{name}.csv", infer_schema=False, low_memory=True)
        return frame.select(
            (
                pl.col(column).str.strip_chars().replace("", None)
                if column in self._columns[name]
                else pl.lit(None, pl.String).alias(column)
            )
            for column in used
        )


@dataclass(frozen=True)
class Artworks:
    """The selected images, one a row; those of an object are next to each other.

    ``funnel`` is [(step of the selection, number of objects left)].
    """

    frame: pl.DataFrame
    funnel: list[tuple[str, int]]
    constituents: pl.DataFrame

    @cached_property
    def count(self) -> int:
        """The number of images."""
        return self.frame.height

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Iterate over the images, each joined with its object.

        Keys are the columns' names; ``constituents`` is a list of dictionaries in display order,
        ``schools``, ``styles`` and so on are lists of terms, ``images`` is the number of images of
        the object, selected or not, and ``is_first`` says whether this is the first of those that
        the selection allows.
        """
        return self.frame.iter_rows(named=True)


def select(tables: Tables, selection: Selection) -> Artworks:
    """Return the images that match ``selection``.

    Raises:
        CatalogError: a table can't be read, or no object has one of the classifications or
            departments.
    """
    try:
        return _select(tables, selection)
    except pl.exceptions.PolarsError as error:
        raise CatalogError(
            f"the tables in {tables.folder} can't be read ({_first_line(error)}); download them "
            "again"
        ) from error


def _select(tables: Tables, selection: Selection) -> Artworks:
    objects = tables.read("objects").unique("objectid", keep="first", maintain_order=True)
    index = objects.select("objectid", "classification", "departmentabbr").collect()
    images = _images(tables).collect()
    funnel = [("in the tables", index.height)]

    def keep(step: str, left: pl.DataFrame) -> pl.DataFrame:
        funnel.append((step, left.height))
        return left

    for column, names in (
        ("classification", selection.classification),
        ("departmentabbr", selection.department),
    ):
        if names:
            _check_names(index, column, names)
            folded = [name.casefold() for name in names]
            index = keep(
                f"with {column.removesuffix('abbr')} {' or '.join(names)}",
                index.filter(pl.col(column).str.to_lowercase().is_in(folded)),
            )
    index = keep("with an image", index.join(images, on="objectid", how="semi"))
    if not selection.all_rights:
        images = images.filter("openaccess")
        index = keep("with an open-access image", index.join(images, on="objectid", how="semi"))
    index = index.select("objectid").sort(pl.col("objectid").cast(pl.Int64), maintain_order=True)
    if selection.limit is not None:
        index = keep(f"within the limit of {selection.limit}", index.head(selection.limit))
    images = images.join(index, on="objectid", how="semi")
    images = images.sort("not_primary", "sequence", "uuid", nulls_last=True)
    images = images.with_columns(is_first=pl.col("objectid").is_first_distinct())
    if not selection.all_images:
        images = images.filter("is_first")
    images = images.drop("not_primary", "sequence")
    frame = (
        index.with_row_index("place")
        .lazy()
        .join(objects, on="objectid", how="left")
        .join(_artists(tables, index), on="objectid", how="left")
        .join(_terms(tables, index), on="objectid", how="left")
        .join(_former_attributions(tables, index), on="objectid", how="left")
        .join(images.with_row_index("order").lazy(), on="objectid", how="inner")
        .sort("place", "order")
        .drop("place", "order")
        .collect(engine="streaming")
    )
    return Artworks(frame, funnel, tables.read("constituents").collect())


def _images(tables: Tables) -> pl.LazyFrame:
    """Return the images that have a uuid, an object and a URL, each once."""
    return (
        tables.read("published_images")
        .rename({"depictstmsobjectid": "objectid"})
        .drop_nulls(["uuid", "objectid", "iiifurl"])
        .with_columns(
            pl.col("openaccess").str.to_lowercase().is_in(["1", "true", "t"]).fill_null(False),
            pl.col("sequence", "width", "height", "maxpixels")
            .cast(pl.Float64, strict=False)
            .cast(pl.Int64, strict=False),
            (pl.col("viewtype").str.to_lowercase() != "primary").fill_null(True)
            .alias("not_primary"),
        )
        .unique("uuid", keep="first", maintain_order=True)
        .with_columns(images=pl.len().over("objectid"))
    )  # fmt: skip


def _artists(tables: Tables, index: pl.DataFrame) -> pl.LazyFrame:
    """Return the artists of each object as a list in display order."""
    return (
        tables.read("objects_constituents")
        .filter(pl.col("roletype").str.to_lowercase().fill_null("artist") == "artist")
        .join(index.lazy(), on="objectid", how="semi")
        .join(tables.read("constituents"), on="constituentid", how="inner")
        .sort(pl.col("displayorder").cast(pl.Int64, strict=False), nulls_last=True,
              maintain_order=True)
        .group_by("objectid", maintain_order=True)
        .agg(
            pl.struct(
                "constituentid", "forwarddisplayname", "role", "prefix", "suffix", "ulanid",
                "wikidataid", "nationality", "beginyear", "endyear",
            ).alias("constituents")
        )
    )  # fmt: skip


def _terms(tables: Tables, index: pl.DataFrame) -> pl.LazyFrame:
    """Return the terms of each object, a list for each type of term."""
    return (
        tables.read("objects_terms")
        .join(index.lazy(), on="objectid", how="semi")
        .filter(pl.col("term").is_not_null())
        .group_by("objectid")
        .agg(
            pl.col("term").filter(pl.col("termtype") == kind).unique(maintain_order=True)
            .alias(name)
            for kind, name in _TERM_TYPES.items()
        )
    )  # fmt: skip


def _former_attributions(tables: Tables, index: pl.DataFrame) -> pl.LazyFrame:
    """Return the former attributions of each object as a list."""
    return (
        tables.read("objects_historical_data")
        .filter(
            (pl.col("datatype") == "previous_attribution") & pl.col("forwardtext").is_not_null()
        )
        .join(index.lazy(), on="objectid", how="semi")
        .sort(
            pl.col("displayorder").cast(pl.Int64, strict=False),
            nulls_last=True,
            maintain_order=True,
        )
        .group_by("objectid")
        .agg(pl.col("forwardtext").unique(maintain_order=True).alias("former_attributions"))
    )


def _check_names(index: pl.DataFrame, column: str, names: tuple[str, ...]) -> None:
    """Check that a column of the objects has each of ``names``."""
    known = index.get_column(column).drop_nulls().value_counts(sort=True).get_column(column)
    folded = {str(name).casefold() for name in known}
    for name in names:
        if name.casefold() not in folded:
            raise CatalogError(
                f"no object in the tables has `{column.removesuffix('abbr')}` {name!r}; known: "
                f"{', '.join(known[:12]) or 'none'}"
            )


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
