"""The bodies of the API's requests and responses, as OpenAPI describes them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ExportFormat = Literal["csv", "jsonl", "iiif"]


class ErrorOut(BaseModel):
    """An error in one sentence."""

    error: str


class AspectOut(BaseModel):
    """How an aspect is called on pages."""

    name: str
    label: str
    summary: str = Field(description="What it compares.")
    absent: str = Field(description="Why an image may have no vector of it.")
    drawing: str = Field(description="What its drawings show; empty if it can't be drawn.")


class FactFilterOut(BaseModel):
    """How a filter over detected facts is called on pages."""

    name: str
    label: str
    multiple: bool = Field(description="Whether several values may be given, meaning any of them.")


class Info(BaseModel):
    """What the collection is."""

    name: str
    works: int
    images: int
    aspects: list[str] = Field(description="Aspects to compare by, for `by`.")
    aspect_labels: list[AspectOut] = Field(description="Labels of these aspects.")
    fact_filters: list[FactFilterOut] = Field(description="Filters over detected facts.")
    fields: list[str] = Field(description="Fields that /facets can count.")
    counted: list[str] = Field(description="Those of the fields that have values here.")
    model: str
    classifier: str | None
    has_map: bool
    takes_pictures: Literal["yes", "key", "no"]
    most_upload_bytes: int
    most_uploads: int = Field(description="Uploaded images that are kept; older ones are removed.")
    version: str


class PageOut(BaseModel):
    """A page of artworks."""

    works: list[dict[str, Any]] = Field(
        description="As `artextract search --format json` gives them, with `image` an address here."
    )
    matching: int = Field(description="Artworks that match the filters.")
    next: int | None = Field(description="`start` of the next page; null after the last.")


class Choice(BaseModel):
    """A value of a field, and how many artworks have it."""

    value: str
    count: int


class Histogram(BaseModel):
    """Artworks by the first of their years, in bins of `width` years."""

    first: int
    width: int
    counts: list[int]


class Span(BaseModel):
    """Years, both ends included; null is open."""

    begin: int | None
    end: int | None


class Facets(BaseModel):
    """Values of each requested field, the commonest first, and the years."""

    fields: dict[str, list[Choice]]
    years: Histogram | None = None
    span: Span | None = Field(None, description="What the filter `years` means.")


class WorkOut(BaseModel):
    """An artwork: what is known of it, and its images."""

    id: str
    work: dict[str, Any] = Field(description="Its catalog entry.")
    seen: dict[str, Any] = Field(description="Detected facts and predictions, as stored.")
    detected: dict[str, list[str]] = Field(
        description="Its values for the filters over detected facts."
    )
    images: list[dict[str, Any]]
    aspects: list[str] = Field(description="Aspects of which it has a vector.")


class ReasonOut(BaseModel):
    """Why two artworks match by one aspect."""

    aspect: str
    score: float | None
    sentence: str
    drawings: list[str] = Field(
        description="Addresses of a drawing of each; empty for aspects that can't be drawn."
    )


class PictureOut(BaseModel):
    """An uploaded image to search with."""

    name: str = Field(description="For `like`.", examples=["picture:9f86d081884c7d65..."])
    width: int
    height: int
    aspects: list[str]
    seen: dict[str, Any]


class OutlineOut(BaseModel):
    """An outline of a painting in a photograph: its own edge, or one of its frame."""

    region: str = Field(
        description="For `region`: x and y of the corners upper left, upper right, lower right and "
        "lower left, as fractions of the image's width and height.",
        examples=["0.21,0.14,0.78,0.2,0.77,0.71,0.2,0.8"],
    )
    painting: int = Field(description="The number of the painting, from 0 in order of clearness.")


class UrlIn(BaseModel):
    """The URL of an image."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, Field(min_length=1, max_length=2000)]


class ExportIn(BaseModel):
    """Which artworks to write, and the format."""

    model_config = ConfigDict(extra="forbid")
    ids: Annotated[
        list[Annotated[str, Field(max_length=500)]], Field(min_length=1, max_length=20_000)
    ]
    format: ExportFormat


class MapOut(BaseModel):
    """The map: a position for each artwork, 0 to 65,535 from the left and from the top."""

    ids: list[str]
    points: list[str]
    x: list[int]
    y: list[int]
    colours: dict[str, dict[str, Any]] = Field(
        description="{how: {names, of}}; `of` has the index of each artwork's name, -1 for none."
    )
