"""The API's query parameters, generated from the declarations of a request's fields."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from search.counts import countable_fields
from search.request import Parameter, filter_parameters, request_parameters

Text = Annotated[str, Field(min_length=1, max_length=400)]

_NOT_HERE = {"verify", "limit"}
"""Local features take too long for a public server; a page has a limit of its own."""


def make_models() -> tuple[type[BaseModel], type[BaseModel]]:
    """Return the parameters of /search and of /facets, with the filters that are declared now."""
    filters = {each.name: _field(each) for each in filter_parameters()}
    request = {each.name: _field(each) for each in request_parameters()
               if each.name not in _NOT_HERE}  # fmt: skip
    page: dict[str, Any] = {
        "start": (int, Field(0, ge=0, le=10_000_000, description="`next` of the page before.")),
        "limit": (int, Field(24, ge=1, le=200, description="Artworks on a page.")),
    }
    countable: Any = Literal[countable_fields()]
    count: dict[str, Any] = {
        "field": (list[countable], Field([], description="Fields to count.")),
        "top": (int, Field(12, ge=1, le=200, description="Maximum number of values of a field.")),
        "starts": (str, Field("", max_length=100,
                              description="Only values with a word that begins so.")),
        "histogram": (bool, Field(False, description="Also count the years.")),
    }  # fmt: skip
    config = ConfigDict(extra="forbid")
    return (
        create_model("SearchParameters", __config__=config, **{**filters, **request, **page}),
        create_model("FacetParameters", __config__=config, **{**filters, **count}),
    )


def _field(parameter: Parameter) -> tuple[Any, Any]:
    """Return the type and the field of a pydantic model."""
    type_: Any = Text if parameter.type is str else parameter.type
    example: Any = parameter.example
    if parameter.choices:
        type_ = Literal[parameter.choices]
    if parameter.multiple:
        default = [parameter.default] if parameter.default else []
        settings: dict[str, Any] = {"max_length": 64, "examples": [[example]]}
        return list[type_], Field(default, description=parameter.help, **settings)
    if parameter.type is not bool and parameter.default is None:
        type_ = type_ | None
    return type_, Field(
        parameter.default, description=parameter.help, examples=[example],
        ge=parameter.minimum, le=parameter.maximum,
    )  # fmt: skip
