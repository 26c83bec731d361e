"""An artwork, and its payload in a collection."""

import hashlib
import unicodedata
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from artextract.catalog.names import fold, words_of

Scalar = str | int | float | bool | None

# UUIDv5 (RFC 9562, section 5.5) in a fixed namespace: the same image of an artwork always gets the
# same point id.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://artextract.example/artwork")

FACET_FIELDS = ("artist", "style", "genre")
"""Fields matched as a whole, ignoring case and accents: ``folded.NAME`` holds the key.

A field can hold several values, separated by "; "; each is matched by itself.
"""

TERM_FIELDS = (
    "classification", "nationality", "school", "theme", "technique", "department", "qualifier",
    "accession", "view", "date_basis", "open_access",
)  # fmt: skip
"""Fields matched in the same way that share one key: ``folded.terms`` holds "school=dutch".

They are less frequent in filters, and an index for each would make opening a collection slower.
"""

COUNTED_FIELDS = (
    "classification", "nationality", "school", "theme", "technique", "department", "qualifier",
)  # fmt: skip
"""Those of ``TERM_FIELDS`` with few different values: ``folded.counted`` has only their terms."""

ARTIST_IDS = ("artist_id", "ulan", "artist_wikidata")
"""Fields with the artist's identifiers: terms "artist_ids=500011051"."""

VIEWS = ("primary", "alternate")
"""Values of ``view``."""

_LONGEST_TERM = 200

_WORK_IDS = ("accession", "wikidata")

UNKNOWN = "-"
"""An artist's unknown value in a field with a value for each of several artists."""

WORD_FIELDS = ("title", "medium")
"""Fields searched for words, ignoring case and accents: ``folded.NAME`` holds the words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """One image of an artwork; every field but ``id`` and ``image`` may be unknown (None).

    ``display_date`` is the date as catalogued, for people; ``year_begin`` and ``year_end`` (both
    inclusive, None is open) are for filters. ``image`` is a path relative to the images' folder, a
    URL, or the source's name for an image at ``image_url``. ``view`` is "primary" or "alternate" if
    an artwork has several images.

    ``artist`` is the artist in the catalog, ``qualifier`` the relation between artist and artwork
    (:class:`~artextract.catalog.attribution.Qualifier`), and ``attribution`` the catalog's wording.
    ``ulan`` (Getty ULAN), ``artist_wikidata`` and ``artist_id`` (the source's identifier) identify
    the artist, ``wikidata`` and ``accession`` the artwork. With several artists, each of these
    fields has their values in the same order, "-" for an unknown one: artist "Thomas Sully; Gilbert
    Stuart", qualifier "by; after".

    ``date_basis`` is "artist's life" if the years are those of the artist and not of the artwork.
    ``extra`` holds the catalog's other columns.
    """

    id: str
    image: str
    view: str | None = None
    source: str | None = None
    title: str | None = None
    artist: str | None = None
    artist_id: str | None = None
    ulan: str | None = None
    artist_wikidata: str | None = None
    nationality: str | None = None
    attribution: str | None = None
    qualifier: str | None = None
    display_date: str | None = None
    year_begin: int | None = None
    year_end: int | None = None
    date_basis: str | None = None
    classification: str | None = None
    medium: str | None = None
    dimensions: str | None = None
    height_cm: float | None = None
    width_cm: float | None = None
    style: str | None = None
    genre: str | None = None
    school: str | None = None
    theme: str | None = None
    technique: str | None = None
    department: str | None = None
    accession: str | None = None
    credit_line: str | None = None
    wikidata: str | None = None
    alt_text: str | None = None
    page_url: str | None = None
    image_url: str | None = None
    iiif: str | None = None
    open_access: bool | None = None
    extra: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def point_id(self) -> str:
        """The id of this image's point (a UUIDv5 as text)."""
        return make_point_id(self.id, self.image)

    @property
    def maker(self) -> str | None:
        """The attribution as catalogued, else the artist."""
        return self.attribution or self.artist

    def to_payload(self) -> dict[str, Any]:
        """Return the known fields, ``extra``, ``artists``, and ``folded``: what filters match.

        ``artists`` has an object for each artist. ``folded`` has a key or list of keys for each of
        ``FACET_FIELDS``, the list of words for each of ``WORD_FIELDS``, ``terms``, the list of
        "field=key" for all others, and ``counted``, those of ``COUNTED_FIELDS`` among them.
        """
        payload: dict[str, Any] = {
            name: value for name in METADATA_FIELDS if (value := getattr(self, name)) is not None
        }
        if self.extra:
            # The embedded engine matches True as the number 1, and "true" as itself.
            payload["extra"] = {
                name: str(value).lower() if isinstance(value, bool) else value
                for name, value in self.extra.items()
            }
        if self.artist is not None:
            payload["artists"] = self._artists()
        folded: dict[str, Any] = {}
        for name in FACET_FIELDS:
            if keys := self._keys(name):
                folded[name] = keys[0] if len(keys) == 1 else keys
        for name in WORD_FIELDS:
            if (text := getattr(self, name)) is not None:
                folded[name] = words_of(text)
        if counted := [f"{name}={key}" for name in COUNTED_FIELDS for key in self._keys(name)]:
            folded["counted"] = counted
        terms = [f"{name}={key}" for name in TERM_FIELDS for key in self._keys(name)]
        terms += [f"work_ids={key}" for key in self._work_ids()]
        terms += [f"artist_ids={key}" for name in ARTIST_IDS for key in self._keys(name)]
        terms += [f"hand={key}" for key in self._hands()]
        for name, value in sorted(payload.get("extra", {}).items()):
            if value is not None:
                terms += [column_in_use(name), column_term(name, value)]
        if terms:
            folded["terms"] = list(dict.fromkeys(terms))
        return {**payload, "folded": folded}

    def _artists(self) -> list[dict[str, str]]:
        """Return the artists as objects, each with those of its fields that are known."""
        columns = {"name": "artist", "qualifier": "qualifier", "id": "artist_id", "ulan": "ulan",
                   "wikidata": "artist_wikidata"}  # fmt: skip
        names = split_values(self.artist or "")
        artists: list[dict[str, str]] = [{} for _ in names]
        for key, field_name in columns.items():
            values = split_values(getattr(self, field_name) or UNKNOWN)
            if len(values) == len(names):
                for each, value in zip(artists, values, strict=True):
                    if value != UNKNOWN:
                        each[key] = value
        return [each for each in artists if each]

    def _keys(self, name: str) -> list[str]:
        """Return the folded values of a field, each once."""
        value = getattr(self, name)
        if value is None:
            return []
        values = [str(value).lower()] if isinstance(value, bool) else split_values(value)
        return list(dict.fromkeys(fold(value) for value in values if value != UNKNOWN))

    def _work_ids(self) -> list[str]:
        """Return the artwork's identifiers, and its id without the source's prefix ("96999")."""
        prefix = f"{self.source}:"
        local = [fold(self.id.removeprefix(prefix))] if self.id.startswith(prefix) else []
        return [*(key for name in _WORK_IDS for key in self._keys(name)), *local]

    def _hands(self) -> list[str]:
        """Return a key of :func:`make_hand` for each name and identifier of each artist."""
        if self.artist is None or self.qualifier is None:
            return []
        qualifiers = split_values(self.qualifier)
        hands = []
        for name in ("artist", *ARTIST_IDS):
            values = split_values(getattr(self, name) or UNKNOWN)
            each = qualifiers if len(qualifiers) == len(values) else [qualifiers[0]] * len(values)
            hands += [
                make_hand(value, qualifier)
                for value, qualifier in zip(values, each, strict=True)
                if value != UNKNOWN
            ]
        return hands

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "Artwork":
        """Return the artwork that :meth:`to_payload` wrote; other keys are ignored."""
        known = {name: payload[name] for name in METADATA_FIELDS if name in payload}
        return cls(**known, extra=dict(payload.get("extra", {})))


CATALOGUED_KEYS = ("extra", "artists", "folded")
"""Payload keys of an artwork beside its fields."""

METADATA_FIELDS = tuple(f.name for f in fields(Artwork) if f.name != "extra")
"""Names of the artwork's fields without ``extra``, in the order in which they are shown."""


def split_values(text: str) -> list[str]:
    """Return the values of one field, which are separated by "; "."""
    return [value for part in text.split("; ") if (value := part.strip())] or [text]


def join_values(values: Iterable[str]) -> str | None:
    """Return the different ``values`` as the text of one field; None if there are none."""
    return "; ".join(dict.fromkeys(values)) or None


def make_hand(artist: str, qualifier: str) -> str:
    """Return the key in ``folded.terms`` for an artist with a relation to an artwork."""
    return f"{fold(artist)}, {fold(qualifier)}"


def column_in_use(name: str) -> str:
    """Return the key in ``folded.terms`` of artworks with a value in a catalog's own column."""
    return unicodedata.normalize("NFC", f"extra={name}")


def column_term(name: str, value: str | float) -> str:
    """Return the key in ``folded.terms`` for a value of a catalog's own column, matched exactly.

    The Unicode form makes no difference. Text is quoted, so that it differs from a number. A key
    longer than 200 letters is replaced by its SHA-256: a column may hold whole descriptions.
    """
    text = f'"{value}"' if isinstance(value, str) else repr(float(value) + 0.0)
    term = unicodedata.normalize("NFC", f"extra.{name}={text}")
    if len(term) <= _LONGEST_TERM:
        return term
    return f"extra.sha256={hashlib.sha256(term.encode()).hexdigest()}"


def make_point_id(artwork_id: str, image: str) -> str:
    """Return the point id (UUIDv5 as text) for one image of one artwork."""
    return str(uuid.uuid5(_NAMESPACE, f"{artwork_id}\n{image}"))
