"""Find the columns of a catalog that fill the fields of an artwork.

A column fills a field if its name is that of the field, whatever its letter case, blanks,
underscores and punctuation ("Credit Line", "creditLine"), or one of the names in :data:`ALIASES`.
Most of these are from the open data of museums: the Museum of Modern Art, the Metropolitan Museum
of Art, Tate, the Cleveland Museum of Art and the Art Institute of Chicago.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from artextract.catalog.artwork import METADATA_FIELDS
from artextract.catalog.cleaning import clean_text

IMAGE_COLUMNS = ("image", "file", "image_url")
"""Fields that hold the image; the first that is filled counts."""

COLUMN_FIELDS = tuple(dict.fromkeys((*METADATA_FIELDS, *IMAGE_COLUMNS, "year")))
"""Names that a column can have; each but `file` and `year` is a field of an artwork."""

PUBLISHED_BY = frozenset({"point_id", "model_sha256"})
"""Columns of each file that :mod:`artextract.catalog.writing` wrote."""

# The name of an artist's years is not here: MoMA's BeginDate and EndDate are those of the artist.
ALIASES: Mapping[str, tuple[str, ...]] = {
    "id": ("object id", "artwork id", "work id"),
    "file": (
        "file name", "file path", "image file", "image file name", "image name", "image path",
        "local file", "local image", "local path", "path",
    ),
    "image_url": ("image link", "image uri", "image web", "primary image", "thumbnail url"),
    "title": ("object title", "artwork title", "work title"),
    "artist": (
        "artist display name", "artist name", "artist title", "artists", "creator", "creators",
        "maker", "painter",
    ),
    "artist_id": ("constituent id",),
    "ulan": ("artist ulan url", "artist ulan", "ulan id", "ulan url"),
    "artist_wikidata": ("artist wikidata url", "artist wikidata id"),
    "nationality": ("artist nationality",),
    "display_date": (
        "date display", "date text", "object date", "creation date", "date created", "date",
        "dating", "dated",
    ),
    "year_begin": (
        "object begin date", "date start", "creation date earliest", "date earliest",
        "earliest date", "earliest year", "begin year", "start year", "year start", "year from",
    ),
    "year_end": (
        "object end date", "date end", "creation date latest", "date latest", "latest date",
        "latest year", "end year", "year to",
    ),
    "year": ("creation year", "year created", "year of creation"),
    "classification": ("classification title", "object type", "artwork type", "work type", "type"),
    "medium": ("medium display", "materials"),
    "dimensions": ("measurements", "dimensions display"),
    "height_cm": ("height in cm",),
    "width_cm": ("width in cm",),
    "style": ("style title",),
    "department": ("department title",),
    "accession": (
        "accession number", "accession no", "main reference number", "object number",
        "inventory number", "inventory no",
    ),
    "credit_line": ("credit",),
    "wikidata": ("object wikidata url", "wikidata url", "wikidata id"),
    "page_url": ("link resource", "object url", "url"),
    "open_access": (
        "is public domain", "public domain", "is open access", "share license status",
    ),
}  # fmt: skip
"""{field: other names of its column, the first that a catalog has counts}."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of a row fill which fields."""

    fields: Mapping[str, int]
    """{field: position of its column}."""
    others: Mapping[str, int]
    """{name: position} of the columns that fill no field; a name used twice gets a number."""
    nameless: tuple[int, ...]
    """Positions of the columns without a name."""
    is_published: bool
    """Whether the row is from a file that :mod:`artextract.catalog.writing` wrote."""
    unmapped: tuple[str, ...]
    """Columns that the mapping names and that are not there."""

    @property
    def has_image(self) -> bool:
        """Whether a column holds the image."""
        return any(name in self.fields for name in IMAGE_COLUMNS)


def column_key(name: str) -> str:
    """Return the letters and digits of a column's name in lower case ("creditline")."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def find_columns(names: Sequence[str], mapping: Mapping[str, str]) -> Columns:
    """Return which of the columns ``names`` fill fields.

    Args:
        names: The columns' names as in the file; "" has none.
        mapping: {column: field} for columns of other names.
    """
    exact: dict[str, int] = {}
    loose: dict[str, int] = {}
    for at, name in enumerate(names):
        exact.setdefault(name, at)
        if key := column_key(name):
            loose.setdefault(key, at)
    is_published = exact.keys() >= PUBLISHED_BY
    found: dict[str, int] = {}
    unmapped: list[str] = []
    for column, field in mapping.items():
        position = exact.get(column, loose.get(column_key(column)))
        if position is None:
            unmapped.append(column)
        else:
            found.setdefault(field, position)
    taken = set(found.values())
    spellings: list[Mapping[str, tuple[str, ...]]] = [{field: (field,) for field in COLUMN_FIELDS}]
    if not is_published:
        spellings.append(ALIASES)
    for spelling in spellings:
        for field, texts in spelling.items():
            for text in texts:
                if field in found:
                    break
                position = exact.get(text)
                if position is None and not is_published:
                    position = loose.get(column_key(text))
                if position is not None and position not in taken:
                    found[field] = position
                    taken.add(position)
    others: dict[str, int] = {}
    nameless = []
    for at, name in enumerate(names):
        clean = name if is_published else clean_text(name, markup=False)
        if at in taken:
            continue
        if not clean and not is_published:
            nameless.append(at)
            continue
        kept, again = clean, 2
        while kept in others:
            kept, again = f"{clean} ({again})", again + 1
        others[kept] = at
    return Columns(
        {field: found[field] for field in COLUMN_FIELDS if field in found},
        others,
        tuple(nameless),
        is_published,
        tuple(unmapped),
    )
