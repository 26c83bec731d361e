"""What may be asked of the API in an address."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from search.asked import Asked
from search.web.counts import FIELDS

__all__ = ["FacetsIn", "Filters", "SearchIn"]

Text = Annotated[str, Field(min_length=1, max_length=400)]
Texts = Annotated[list[Text], Field(max_length=64)]


class Filters(BaseModel):
    """The filters of `artextract search`; a list means any of its values."""

    model_config = ConfigDict(extra="forbid")
    artist: Texts = Field([], examples=[["Claude Monet"]])
    qualifier: Texts = []
    nationality: Texts = []
    school: Texts = []
    accession: Texts = []
    years: Text | None = Field(None, examples=["1870:1890"])
    within: bool = False
    dated: bool = False
    style: Texts = []
    genre: Texts = []
    predicted_style: Texts = []
    predicted_genre: Texts = []
    predicted_artist: Texts = []
    min_confidence: float | None = Field(None, ge=0, le=1)
    medium: Text | None = None
    where: Texts = []
    text: Text | None = None
    words: Text | None = Field(None, description="Words of the title, or of an artist's name.")
    faces: Text | None = Field(None, examples=["1", "2:"])
    facing: list[Literal["left", "front", "right", "left profile", "right profile"]] = []
    bodies: Text | None = None
    light_from: list[Literal["left", "right", "above", "unclear"]] = []
    key: list[Literal["low", "mid", "high"]] = []
    colour: Texts = []

    def asked(self, **more: Any) -> Asked:
        """Return what is asked."""
        names = Filters.model_fields
        return Asked(**{name: getattr(self, name) for name in names}, **more)


class SearchIn(Filters):
    """A page of a search."""

    like: Texts = Field([], description="Works, or pictures that were sent, to be like.")
    unlike: Texts = []
    region: Text | None = Field(None, description="Part of the first `like`: x,y,w,h, 0 to 1.")
    by: Texts = Field([], examples=[["composition=2", "lighting"]])
    other_artists: bool = False
    min_score: float | None = Field(None, ge=-1, le=1)
    start: int = Field(0, ge=0, le=10_000_000)
    limit: int = Field(24, ge=1, le=200)


class FacetsIn(Filters):
    """Which fields are counted."""

    field: list[Literal[FIELDS]] = []  # type: ignore[valid-type]
    top: int = Field(12, ge=1, le=200)
    starts: str = Field("", max_length=100, description="Only values with a word that starts so.")
    histogram: bool = False
