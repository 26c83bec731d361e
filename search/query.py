"""A query image, encoded."""

from dataclasses import dataclass, field
from typing import Any

from artextract.catalog.artwork import Artwork
from search.region import Quadrilateral


@dataclass(frozen=True, slots=True)
class Query:
    """A query image with its embeddings and what is known of it.

    Attributes:
        label: The artwork's title, or the name of the file.
        vectors: {aspect: unit vector}.
        artwork: The artwork in the collection that the image shows, where it is known.
        point_ids: The points of an artwork of the collection; they are left out of its results.
        image: The bytes of the image file, where it was a file, a URL or an image.
        payload: The artwork's payload, or the facts detected in the image.
        outlines: What lies within each outline of a painting in a photograph; None where no
            paintings were looked for.
        corners: The corners of this outline in the photograph.
        painting: The number of the painting that it is an outline of.
    """

    label: str
    vectors: dict[str, list[float]]
    artwork: Artwork | None = None
    point_ids: tuple[str, ...] = ()
    image: bytes | None = None
    payload: dict[str, Any] = field(default_factory=dict)
    outlines: "tuple[Query, ...] | None" = None
    corners: Quadrilateral | None = None
    painting: int = 0


def caption_of(artwork: Artwork) -> str:
    """Return an artwork's title, artist and date on one line."""
    parts = (artwork.title or artwork.id, artwork.maker, artwork.display_date)
    return ", ".join(part for part in parts if part)
