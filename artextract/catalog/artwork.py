"""The record of one artwork, and the payload under which a collection keeps it."""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from artextract.catalog.names import fold, words_of

__all__ = [
    "ARTIST_IDS",
    "FACET_FIELDS",
    "METADATA_FIELDS",
    "TERM_FIELDS",
    "UNKNOWN",
    "VIEWS",
    "WORD_FIELDS",
    "Artwork",
    "join_values",
    "make_hand",
    "make_point_id",
    "split_values",
]

Scalar = str | int | float | bool | None

# UUIDv5 (RFC 9562, section 5.5) under a namespace of our own: one artwork and one of its images
# always get the same point, whoever ingests them.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://artextract.example/artwork")

FACET_FIELDS = ("artist", "style", "genre")
"""Fields matched as a whole, without regard to case and accents: ``folded.NAME`` has the key.

Several values stand in one field with "; " between them, and each is matched by itself.
"""

TERM_FIELDS = (
    "classification", "nationality", "school", "theme", "technique", "department", "qualifier",
    "accession", "view", "date_basis", "open_access",
)  # fmt: skip
"""Fields matched in the same way, which share one key: ``folded.terms`` holds "school=dutch".

An index for each would make opening a collection slower, and they are asked for less often.
"""

ARTIST_IDS = ("artist_id", "ulan", "artist_wikidata")
"""Fields that name the artist by a number: terms "artist_ids=500011051"."""

VIEWS = ("primary", "alternate")
"""Values of ``view``."""

_WORK_IDS = ("accession", "wikidata")

UNKNOWN = "-"
"""Stands for an artist's unknown value where several artists have one each."""

WORD_FIELDS = ("title", "medium")
"""Fields searched for words, without regard to case and accents: their folded words are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """What is known of an artwork; every field but ``id`` and ``image`` may be unknown (None).

    ``display_date`` is the date as a cataloguer wrote it, for people; ``year_begin`` and
    ``year_end`` (both included, an open end is None) are for filtering. ``image`` names the picture
    as the catalog does: a path relative to the images' folder, a URL, or a name of the source's own
    where ``image_url`` says where it lies. ``view`` is "primary" or "alternate" where a work has
    several images.

    ``artist`` is whom the work is catalogued under and ``qualifier`` how he relates to it
    (:class:`~artextract.catalog.attribution.Qualifier`); ``attribution`` is what the cataloguer
    wrote.
    ``ulan`` (Getty ULAN), ``artist_wikidata`` and ``artist_id`` (the source's own number) name the
    artist; ``wikidata`` and ``accession`` the work. A work of several artists has their values in
    the same order in each of these fields, "-" for an unknown one: artist "Thomas Sully; Gilbert
    Stuart", qualifier "by; after".

    ``date_basis`` is "artist's life" where the years are not the work's but its artist's.
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
        """The id of this artwork's point for this image (a UUIDv5 as text)."""
        return make_point_id(self.id, self.image)

    @property
    def maker(self) -> str | None:
        """Who made it, to be shown: the attribution as it was written, else the artist."""
        return self.attribution or self.artist

    def to_payload(self) -> dict[str, Any]:
        """Return the known fields as a payload, with folded copies of those matched loosely."""
        payload: dict[str, Any] = {}
        for name in METADATA_FIELDS:
            value = getattr(self, name)
            if value is not None:
                payload[name] = value
        if self.extra:
            payload["extra"] = {name: _matchable(value) for name, value in self.extra.items()}
        payload["folded"] = self._folded()
        return payload

    def _folded(self) -> dict[str, Any]:
        """Return the copies that are matched without regard to case and accents."""
        folded: dict[str, Any] = {}
        for name in FACET_FIELDS:
            if keys := self._keys(name):
                folded[name] = keys[0] if len(keys) == 1 else keys
        for name in WORD_FIELDS:
            if (text := getattr(self, name)) is not None:
                folded[name] = words_of(text)
        terms = [f"{name}={key}" for name in TERM_FIELDS for key in self._keys(name)]
        terms += [f"work_ids={key}" for key in self._work_ids()]
        terms += [f"artist_ids={key}" for name in ARTIST_IDS for key in self._keys(name)]
        terms += [f"hand={key}" for key in self._hands()]
        if terms:
            folded["terms"] = list(dict.fromkeys(terms))
        return folded

    def _keys(self, name: str) -> list[str]:
        """Return the folded values of a field, each once."""
        value = getattr(self, name)
        if value is None:
            return []
        values = [str(value).lower()] if isinstance(value, bool) else split_values(value)
        return list(dict.fromkeys(fold(value) for value in values if value != UNKNOWN))

    def _work_ids(self) -> list[str]:
        """Return the work's own numbers, and its id as its source writes it ("96999")."""
        prefix = f"{self.source}:"
        local = [fold(self.id.removeprefix(prefix))] if self.id.startswith(prefix) else []
        return [*(key for name in _WORK_IDS for key in self._keys(name)), *local]

    def _hands(self) -> list[str]:
        """Return who had a hand in the work, and how: each artist's name and numbers."""
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
        """Return the artwork that :meth:`to_payload` wrote; other keys are left aside."""
        known = {name: payload[name] for name in METADATA_FIELDS if name in payload}
        return cls(**known, extra=dict(payload.get("extra", {})))


METADATA_FIELDS = tuple(f.name for f in fields(Artwork) if f.name != "extra")
"""Names of the artwork's fields, in the order in which they are shown."""


def split_values(text: str) -> list[str]:
    """Return the values that stand in one field with "; " between them; one for plain text."""
    return [value for part in text.split("; ") if (value := part.strip())] or [text]


def join_values(values: Iterable[str]) -> str | None:
    """Return the different ``values`` as the text of one field; None for none."""
    return "; ".join(dict.fromkeys(values)) or None


def make_hand(artist: str, qualifier: str) -> str:
    """Return the key of "this artist in this relation to the work" (see ``folded.terms``)."""
    return f"{fold(artist)}, {fold(qualifier)}"


def _matchable(value: Scalar) -> Scalar:
    """Return a truth value as text: the embedded engine takes True for the number 1."""
    return str(value).lower() if isinstance(value, bool) else value


def make_point_id(artwork_id: str, image: str) -> str:
    """Return the point id (UUIDv5 as text) for one image of one artwork."""
    return str(uuid.uuid5(_NAMESPACE, f"{artwork_id}\n{image}"))
