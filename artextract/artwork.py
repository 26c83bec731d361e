"""The record of one artwork, and the payload under which a collection keeps it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from artextract.text import fold, words_of

__all__ = ["FOLDED_FIELDS", "METADATA_FIELDS", "WORD_FIELDS", "Artwork", "make_point_id"]

Scalar = str | int | float | bool | None

# UUIDv5 (RFC 9562, section 5.5) under a namespace of our own: one artwork and one of its images
# always get the same point, whoever ingests them.
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://artextract.example/artwork")

FOLDED_FIELDS = ("artist", "style", "genre", "classification", "nationality", "school")
"""Fields matched as a whole, without regard to case and accents: a folded copy of each is kept."""

WORD_FIELDS = ("title", "medium")
"""Fields searched for words, without regard to case and accents: their folded words are kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Artwork:
    """What is known of an artwork; every field but ``id`` and ``image`` may be unknown (None).

    ``display_date`` is the date as a cataloguer wrote it, for people; ``year_begin`` and
    ``year_end`` (both included, an open end is None) are for filtering. ``image`` names the picture
    as the catalog does: a path relative to the images' folder, or a URL.
    """

    id: str
    image: str
    source: str | None = None
    title: str | None = None
    artist: str | None = None
    artist_id: str | None = None
    attribution: str | None = None
    qualifier: str | None = None
    display_date: str | None = None
    year_begin: int | None = None
    year_end: int | None = None
    classification: str | None = None
    medium: str | None = None
    style: str | None = None
    genre: str | None = None
    school: str | None = None
    nationality: str | None = None
    accession: str | None = None
    credit_line: str | None = None
    wikidata: str | None = None
    ulan: str | None = None
    page_url: str | None = None
    image_url: str | None = None
    iiif: str | None = None
    open_access: bool | None = None
    extra: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def point_id(self) -> str:
        """The id of this artwork's point for this image (a UUIDv5 as text)."""
        return make_point_id(self.id, self.image)

    def to_payload(self) -> dict[str, Any]:
        """Return the known fields as a payload, with folded copies of those matched loosely."""
        payload: dict[str, Any] = {}
        for name in METADATA_FIELDS:
            value = getattr(self, name)
            if value is not None:
                payload[name] = value
        if self.extra:
            payload["extra"] = {name: _matchable(value) for name, value in self.extra.items()}
        payload["folded"] = {
            **{name: fold(payload[name]) for name in FOLDED_FIELDS if name in payload},
            **{name: words_of(payload[name]) for name in WORD_FIELDS if name in payload},
        }
        if self.open_access is not None:
            payload["folded"]["open_access"] = _matchable(self.open_access)
        return payload

    @classmethod
    def from_payload(cls, payload: Mapping[str, Any]) -> "Artwork":
        """Return the artwork that :meth:`to_payload` wrote; other keys are left aside."""
        known = {name: payload[name] for name in METADATA_FIELDS if name in payload}
        return cls(**known, extra=dict(payload.get("extra", {})))


METADATA_FIELDS = tuple(f.name for f in fields(Artwork) if f.name != "extra")
"""Names of the artwork's fields, in the order in which they are shown."""


def _matchable(value: Scalar) -> Scalar:
    """Return a truth value as text: the embedded engine takes True for the number 1."""
    return str(value).lower() if isinstance(value, bool) else value


def make_point_id(artwork_id: str, image: str) -> str:
    """Return the point id (UUIDv5 as text) for one image of one artwork."""
    return str(uuid.uuid5(_NAMESPACE, f"{artwork_id}\n{image}"))
