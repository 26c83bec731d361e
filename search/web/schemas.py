"""What the API takes and gives, as OpenAPI describes it."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "Choice",
    "ErrorOut",
    "ExportFormat",
    "ExportIn",
    "Facets",
    "Histogram",
    "Info",
    "MapOut",
    "PageOut",
    "PictureOut",
    "ReasonOut",
    "UrlIn",
    "WorkOut",
]

ExportFormat = Literal["csv", "jsonl", "iiif"]


class ErrorOut(BaseModel):
    """What went wrong, in one sentence."""

    error: str


class Info(BaseModel):
    """What the collection is."""

    name: str
    works: int
    images: int
    aspects: list[str] = Field(description="Ways to be alike, for `by`.")
    fields: list[str] = Field(description="What can be counted by /facets.")
    counted: list[str] = Field(description="Those of the fields that works have values of.")
    model: str
    classifier: str | None
    has_map: bool
    takes_pictures: Literal["yes", "key", "no"]
    most_upload_bytes: int
    version: str


class PageOut(BaseModel):
    """A page of works."""

    works: list[dict[str, Any]] = Field(
        description="As `artextract search --format json` gives them, with `image` an address here."
    )
    matching: int = Field(description="Works that fit the filters.")
    next: int | None = Field(description="`start` of the next page; null after the last.")


class Choice(BaseModel):
    """A value that works have."""

    value: str
    count: int


class Histogram(BaseModel):
    """Works by the first year that they may be of."""

    first: int
    width: int
    counts: list[int]


class Facets(BaseModel):
    """Values of each field that was asked for, the commonest first, and the years."""

    fields: dict[str, list[Choice]]
    years: Histogram | None = None


class WorkOut(BaseModel):
    """A work: what is known of it, and its images."""

    id: str
    work: dict[str, Any] = Field(description="Its catalogue entry.")
    seen: dict[str, Any] = Field(description="Heads, bodies, light, colours, predictions.")
    images: list[dict[str, Any]]
    aspects: list[str] = Field(description="Aspects that its picture has.")


class ReasonOut(BaseModel):
    """Why two works match by one aspect."""

    aspect: str
    score: float | None
    sentence: str
    drawings: list[str] = Field(description="Addresses of a drawing of each; empty for some.")


class PictureOut(BaseModel):
    """A picture that was sent, ready to be searched with."""

    name: str = Field(description="For `like`.", examples=["picture:9f86d081884c7d65..."])
    width: int
    height: int
    aspects: list[str]
    seen: dict[str, Any]


class UrlIn(BaseModel):
    """Where a picture is to be fetched from."""

    model_config = ConfigDict(extra="forbid")
    url: Annotated[str, Field(min_length=1, max_length=2000)]


class ExportIn(BaseModel):
    """Which works are to be written, and how."""

    model_config = ConfigDict(extra="forbid")
    ids: Annotated[
        list[Annotated[str, Field(max_length=500)]], Field(min_length=1, max_length=20_000)
    ]
    format: ExportFormat


class MapOut(BaseModel):
    """The map: one place for each work, 0 to 65,535 from the left and from the top."""

    ids: list[str]
    points: list[str]
    x: list[int]
    y: list[int]
    colours: dict[str, dict[str, Any]] = Field(
        description="{how: {names, of}}; `of` is an index into `names` for each work, -1 for none."
    )
