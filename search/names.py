"""The names in a collection (artists, styles, schools, ...) as they are written."""

from artextract.catalog.artwork import FACET_FIELDS, split_values
from artextract.catalog.names import closest, fold
from artextract.store import Store, filters

PREDICTED = "predicted."
"""Prefix of predicted fields: "predicted.style" is not the catalog's "style"."""

_NAMES_LIMIT = 100_000
"""Largest number of names that are compared with a misspelt one."""


def common_names(store: Store, field: str, limit: int) -> list[tuple[str, int]]:
    """Return the commonest names of ``field`` (artist, school) and how many artworks have each.

    Spellings that differ only in case and accents are one name, written as in one of the artworks.
    """
    return [(as_written(store, field, key), count) for key, count in _facet(store, field)[:limit]]


def name_keys(store: Store, field: str) -> list[str]:
    """Return the names of ``field``, folded, the commonest first."""
    return [key for key, _ in _facet(store, field)]


def similar_names(store: Store, field: str, name: str) -> list[str]:
    """Return the names of ``field`` that are spelt most like ``name``, best first."""
    return [as_written(store, field, key) for key in closest(name, name_keys(store, field))]


def _facet(store: Store, field: str) -> list[tuple[str, int]]:
    """Return the keys of ``field`` and how many artworks have each, the commonest first."""
    one_each = filters.all_of([], but=[filters.has_term("view", ["alternate"])])
    if field in FACET_FIELDS:
        return store.facet(f"folded.{field}", limit=_NAMES_LIMIT, filter_=one_each)
    key = "predicted.terms" if field.startswith(PREDICTED) else "folded.terms"
    prefix = f"{field.removeprefix(PREDICTED)}="
    return [
        (term.removeprefix(prefix), count)
        for term, count in store.facet(key, limit=_NAMES_LIMIT, filter_=one_each)
        if term.startswith(prefix)
    ]


def as_written(store: Store, field: str, key: str) -> str:
    """Return a folded name of ``field`` as it is written in one of the artworks that have it."""
    if field.startswith(PREDICTED):
        attribute = field.removeprefix(PREDICTED)
        filter_ = filters.all_of([filters.predicted(attribute, [key])])
        record = next(store.scroll(filter_, keys=["predicted"], page_size=1))
        return str(record.payload["predicted"][attribute]["name"])
    filter_ = filters.all_of([filters.named(field, [key])])
    record = next(store.scroll(filter_, keys=[field], page_size=1))
    values = split_values(str(record.payload[field]))
    return next((value for value in values if fold(value) == key), values[0])
