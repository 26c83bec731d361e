"""Find visually similar paintings.

::

    import artextract

    with artextract.open("my-collection") as collection:
        results = collection.search("lilies.jpg", artist="Claude Monet", years=(1870, 1890))
        results.to_html("similar.html")

The names below are the public API. They are imported when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from artextract import errors
    from artextract.collection import Collection, open
    from search.request import SearchFilters, SearchRequest
    from search.results import SearchResults

__all__ = ["Collection", "SearchFilters", "SearchRequest", "SearchResults", "errors", "open"]

__version__ = "0.1.0"

_PLACES = {
    "Collection": "artextract.collection",
    "SearchFilters": "search.request",
    "SearchRequest": "search.request",
    "SearchResults": "search.results",
    "open": "artextract.collection",
}


def __getattr__(name: str) -> Any:
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    if name == "errors":
        return importlib.import_module("artextract.errors")
    raise AttributeError(f"module 'artextract' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
