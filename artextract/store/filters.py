"""Filters, in Qdrant's own filter language.

A filter is the JSON that Qdrant's REST interface takes and that ``qdrant_client.models.Filter``
validates (https://qdrant.tech/documentation/concepts/filtering/), as plain dictionaries: importing
``qdrant_client`` takes five times as long as a whole search in an embedded store.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from artextract.catalog.artwork import FACET_FIELDS
from artextract.catalog.names import fold, words_of
from artextract.catalog.years import YearRange

__all__ = [
    "Condition",
    "Filter",
    "all_of",
    "any_of",
    "beyond_years",
    "equals",
    "has_term",
    "has_years",
    "is_empty",
    "is_one_of",
    "named",
    "predicted",
    "predicted_surely",
    "words",
    "years",
]

Condition = dict[str, Any]
Filter = dict[str, Any]


def all_of(conditions: Sequence[Condition], but: Sequence[Condition] = ()) -> Filter | None:
    """Return the filter that asks for all ``conditions`` and none of ``but``; None for neither."""
    filter_: Filter = {}
    if conditions:
        filter_["must"] = list(conditions)
    if but:
        filter_["must_not"] = list(but)
    return filter_ or None


def named(field: str, names: Iterable[str]) -> Condition:
    """Return the condition that a field has one of ``names``, whatever their case and accents."""
    keys = sorted({fold(name) for name in names})
    return any_of(f"folded.{field}", keys) if field in FACET_FIELDS else has_term(field, keys)


def has_term(field: str, keys: Iterable[str]) -> Condition:
    """Return the condition that ``folded.terms`` has one of ``keys`` under the name ``field``."""
    return any_of("folded.terms", [f"{field}={key}" for key in keys])


def predicted(attribute: str, names: Iterable[str]) -> Condition:
    """Return the condition that a class of ``attribute`` was predicted, one of ``names``."""
    keys = sorted({fold(name) for name in names})
    return any_of("predicted.terms", [f"{attribute}={key}" for key in keys])


def predicted_surely(attribute: str, least: float) -> Condition:
    """Return the condition that the prediction of ``attribute`` has at least this probability."""
    return {"key": f"predicted.{attribute}.probability", "range": {"gte": least}}


def any_of(key: str, values: Sequence[str]) -> Condition:
    """Return the condition that ``key`` has one of ``values``, to the letter."""
    return {"key": key, "match": {"any": list(values)}}


def is_empty(key: str) -> Condition:
    """Return the condition that a point has no value of ``key``."""
    return {"is_empty": {"key": key}}


def is_one_of(point_ids: Iterable[str]) -> Condition:
    """Return the condition that a point is one of ``point_ids``."""
    return {"has_id": sorted(point_ids)}


def words(field: str, text: str) -> list[Condition]:
    """Return the conditions that a field holds all words of ``text``, in any order."""
    return [{"key": f"folded.{field}", "match": {"value": word}} for word in words_of(text)]


def equals(key: str, text: str) -> Condition:
    """Return the condition that ``key`` is ``text``, or the number or truth value it stands for.

    Truth values are kept as the text "true" or "false" (see ``Artwork.to_payload``).
    """
    if text.lower() in {"true", "false"}:
        return any_of(key, [text, text.lower()])
    to_the_letter: Condition = {"key": key, "match": {"value": text}}
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", text.lower()):
        return to_the_letter
    number = float(text)
    if not math.isfinite(number):
        return to_the_letter
    return {"should": [to_the_letter, {"key": key, "range": {"gte": number, "lte": number}}]}


def years(wanted: YearRange, *, within: bool = False) -> list[Condition]:
    """Return the conditions that a work's years overlap ``wanted``, or lie within it.

    A work with one open end ("before 1762") overlaps all that its known end allows, and lies within
    a range only where the range is open on that side too. A work without years never matches.
    """
    if within:
        return _inside(wanted)
    conditions: list[Condition] = []
    if wanted.end is not None:
        conditions.append(_at_least_known("year_begin", {"lte": wanted.end}, other="year_end"))
    if wanted.begin is not None:
        conditions.append(_at_least_known("year_end", {"gte": wanted.begin}, other="year_begin"))
    return conditions


def beyond_years(wanted: YearRange) -> list[Condition]:
    """Return conditions of which a work meets one just where :func:`years` does not find it.

    Left out by these, works are counted in half the time: an engine gathers those of a long span
    year by year, but passes over the ones outside as it goes through all. For a search among few
    :func:`years` is the better choice.
    """
    conditions: list[Condition] = [{"must": [is_empty("year_begin"), is_empty("year_end")]}]
    if wanted.end is not None:
        conditions.append({"key": "year_begin", "range": {"gt": wanted.end}})
    if wanted.begin is not None:
        conditions.append({"key": "year_end", "range": {"lt": wanted.begin}})
    return conditions


def has_years() -> Condition:
    """Return the condition that a work's years are known, at least one of them."""
    return {"should": [{"must_not": [is_empty(key)]} for key in ("year_begin", "year_end")]}


def _inside(wanted: YearRange) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.begin is not None:
        conditions.append({"key": "year_begin", "range": {"gte": wanted.begin}})
    if wanted.end is not None:
        conditions.append({"key": "year_end", "range": {"lte": wanted.end}})
    return conditions


def _at_least_known(key: str, range_: dict[str, int], other: str) -> Condition:
    """Return: ``key`` is in ``range_``, or it is open (absent, while ``other`` is known)."""
    is_open = {"must": [is_empty(key)], "must_not": [is_empty(other)]}
    return {"should": [{"key": key, "range": range_}, is_open]}
