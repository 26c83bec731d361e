"""What a search returns: ranked artworks with their scores."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artextract.catalog.artwork import Artwork
from artextract.catalog.predictions import suggestions
from artextract.net.fetch import is_url
from search.query import Query
from search.region import Quadrilateral
from search.request import SearchRequest

_ORDER = {"style": 0, "genre": 1, "artist": 2}


@dataclass(frozen=True, slots=True)
class Scored:
    """A point with its score: the cosine of each aspect, and its share of the score."""

    id: str
    score: float
    aspects: dict[str, float]
    shares: dict[str, float]
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Result:
    """One artwork of a search, by that of its images which is most similar to the query.

    Attributes:
        rank: 1 for the first.
        score: The cosine (-1 to 1), or the weighted sum for several aspects; None without a query.
        artwork: The catalog entry.
        image: The path or the URL of the image.
        point_id: The id of the image's point in the collection.
        aspects: The cosine for each aspect.
        payload: All that the collection stores of the image, without its thumbnail.
        shares: What each aspect adds to the score.
        matches: Number of local features that match geometrically; None where none were compared.
        same_image: The ids of further artworks that were found with the same image file, which
            have no result of their own.
        corners: Where in a photograph the artwork was found; None for the whole image.
    """

    rank: int
    score: float | None
    artwork: Artwork
    image: str
    point_id: str
    aspects: dict[str, float]
    payload: dict[str, Any]
    shares: dict[str, float] = field(default_factory=dict)
    matches: int | None = None
    same_image: tuple[str, ...] = ()
    corners: Quadrilateral | None = None

    @property
    def predicted(self) -> dict[str, tuple[str, float]]:
        """All predicted classes as {attribute: (class, probability)}, style first."""
        found = self.payload.get("predicted", {})
        names = [name for name in found if name != "terms"]
        names.sort(key=lambda name: (_ORDER.get(name, len(_ORDER)), name))
        return {name: (found[name]["name"], found[name]["probability"]) for name in names}

    @property
    def suggestions(self) -> dict[str, tuple[str, float]]:
        """The trusted predictions of style and genre, as in ``predicted``: those to show people."""
        return suggestions(self.payload)


@dataclass(frozen=True, slots=True)
class Answer:
    """The results of a request, best first.

    Attributes:
        request: The request.
        like: Its encoded query images.
        unlike: Its encoded counterexamples.
        results: The artworks.
        matching: How many artworks satisfy the filters.
    """

    request: SearchRequest
    like: tuple[Query, ...]
    unlike: tuple[Query, ...]
    results: list[Result]
    matching: int


def make_result(payload: Mapping[str, Any], **fields: Any) -> Result:
    """Return the result of a stored image; ``fields`` are those that its payload does not give."""
    own = dict(payload)
    return Result(
        artwork=Artwork.from_payload(own), image=image_location(own), payload=own, **fields
    )


def image_location(payload: Mapping[str, Any]) -> str:
    """Return the path or the URL of an image."""
    image: str = payload["image"]
    folder = payload.get("image_folder")
    if folder is None or is_url(image):
        return image if is_url(image) else payload.get("image_url", image)
    return str(Path(folder, image))
