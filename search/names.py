"""The names that a collection knows: its artists, styles and genres, as they are written."""

from artextract.store import EmbeddedStore, filters
from artextract.text import closest

__all__ = ["common_names", "similar_names"]

_NAMES_LIMIT = 100_000
"""Most different names among which a misspelt one is looked for."""


def common_names(store: EmbeddedStore, field: str, limit: int) -> list[tuple[str, int]]:
    """Return the commonest names of ``field`` (artist, style, genre) and how many works have each.

    Spellings that differ only in case and accents are one name, written as in one of its works.
    """
    return [
        (_as_written(store, field, key), count)
        for key, count in store.facet(f"folded.{field}", limit=limit)
    ]


def similar_names(store: EmbeddedStore, field: str, wanted: str) -> list[str]:
    """Return the names of ``field`` that are spelt most like ``wanted``, best first."""
    keys = [key for key, _ in store.facet(f"folded.{field}", limit=_NAMES_LIMIT)]
    return [_as_written(store, field, key) for key in closest(wanted, keys)]


def _as_written(store: EmbeddedStore, field: str, key: str) -> str:
    filter_ = filters.all_of([filters.any_of(f"folded.{field}", [key])])
    record = next(store.scroll(filter_, keys=[field], page_size=1))
    return str(record.payload[field])
