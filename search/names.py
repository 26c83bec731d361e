"""The names in a collection (artists, styles, schools, ...) as they are written."""

from collections import Counter
from itertools import islice

from artextract.aspects import fact_filters
from artextract.catalog.artwork import COUNTED_FIELDS, FACET_FIELDS, split_values
from artextract.catalog.names import closest, fold
from artextract.catalog.predictions import TRUSTED
from artextract.store import Store, filters
from artextract.store.filters import Filter

PREDICTED = "predicted_"
"""Prefix of predicted fields: "predicted_style" is not the catalog's "style"."""

ALL_NAMES = 100_000
"""Largest number of names of a field."""

_SPELLINGS = 50
"""Number of artworks among which the most frequent spelling of a name is looked for."""


def common_names(
    store: Store, field: str, limit: int, *, trusted: bool = False
) -> list[tuple[str, int]]:
    """Return the commonest names of ``field`` (artist, school) and how many artworks have each.

    Spellings that differ only in case and accents are one name, written as :func:`as_written`.
    ``trusted`` is that of :func:`facet`.
    """
    found = facet(store, field, one_image_each(), limit, trusted=trusted)[:limit]
    return [(as_written(store, field, key), count) for key, count in found]


def name_keys(store: Store, field: str) -> list[str]:
    """Return the names of ``field``, folded, the commonest first."""
    return [key for key, _ in facet(store, field, one_image_each())]


def similar_names(store: Store, field: str, name: str) -> list[str]:
    """Return the names of ``field`` that are spelt most like ``name``, best first."""
    return [as_written(store, field, key) for key in closest(name, name_keys(store, field))]


def one_image_each() -> Filter | None:
    """Return the filter that leaves out all but one image of each artwork."""
    return filters.all_of([], but=[filters.has_term("view", ["alternate"])])


def facet(
    store: Store,
    field: str,
    filter_: Filter | None,
    limit: int = ALL_NAMES,
    *,
    trusted: bool = False,
) -> list[tuple[str, int]]:
    """Return the folded values of ``field`` and how many images have each, the commonest first.

    ``limit`` is the number of values that are needed; more may come. ``trusted`` leaves out
    predictions that are not trusted.
    """
    key, prefix = _key_of(store, field)
    if trusted:
        prefix = TRUSTED + prefix
    if prefix:  # values of other fields are among them
        limit = ALL_NAMES
    return [
        (value.removeprefix(prefix), count)
        for value, count in store.facet(key, limit=limit, filter_=filter_)
        if value.startswith(prefix)
    ]


def _key_of(store: Store, field: str) -> tuple[str, str]:
    """Return the indexed key that has ``field``, and what its values begin with there."""
    if field in FACET_FIELDS or field == "medium":
        return f"folded.{field}", ""
    if field.startswith(PREDICTED):
        return "predicted.terms", f"{field.removeprefix(PREDICTED)}="
    if fact := next((each.fact for each in fact_filters() if each.name == field), None):
        return "seen", f"{fact}="
    counted = field in COUNTED_FIELDS and store.manifest.format > 2
    return "folded.counted" if counted else "folded.terms", f"{field}="


def as_written(store: Store, field: str, key: str) -> str:
    """Return a folded name of ``field`` in the most frequent spelling, among 50 artworks."""
    if field.startswith(PREDICTED):
        attribute = field.removeprefix(PREDICTED)
        filter_ = filters.all_of([filters.predicted(attribute, [key])])
        record = next(store.scroll(filter_, keys=["predicted"], page_size=1))
        return str(record.payload["predicted"][attribute]["name"])
    filter_ = filters.all_of([filters.named(field, [key])])
    records = islice(store.scroll(filter_, keys=[field], page_size=_SPELLINGS), _SPELLINGS)
    values = [value for each in records for value in split_values(str(each.payload[field]))]
    spellings = Counter(value for value in values if fold(value) == key)
    # Of equally frequent ones the first in the alphabet, whatever the order of the artworks.
    return min(spellings, key=lambda value: (-spellings[value], value), default=values[0])
