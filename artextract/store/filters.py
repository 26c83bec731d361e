"""Filters in Qdrant's filter language (https://qdrant.tech/documentation/concepts/filtering/).

A filter is the JSON of Qdrant's REST interface as plain dictionaries, not a
``qdrant_client.models.Filter``: importing ``qdrant_client`` takes five times as long as a whole
search in an embedded store.
"""

import math
import re
from collections.abc import Iterable, Sequence
from typing import Any

from artextract.catalog.artwork import FACET_FIELDS, column_in_use, column_term
from artextract.catalog.names import fold, unicode_forms, words_of
from artextract.catalog.predictions import TRUSTED
from artextract.catalog.years import YearRange
from artextract.store import schema

Condition = dict[str, Any]
Filter = dict[str, Any]


def all_of(conditions: Sequence[Condition], but: Sequence[Condition] = ()) -> Filter | None:
    """Return the filter for all ``conditions`` and none of ``but``; None if there are neither."""
    filter_: Filter = {}
    if conditions:
        filter_["must"] = list(conditions)
    if but:
        filter_["must_not"] = list(but)
    return filter_ or None


def named(field: str, names: Iterable[str]) -> Condition:
    """Return the condition that a field has one of ``names``, ignoring case and accents."""
    keys = sorted({fold(name) for name in names})
    return any_of(f"folded.{field}", keys) if field in FACET_FIELDS else has_term(field, keys)


def has_term(field: str, keys: Iterable[str]) -> Condition:
    """Return the condition that ``folded.terms`` has one of ``keys`` under the name ``field``."""
    return any_of("folded.terms", [f"{field}={key}" for key in keys])


def predicted(attribute: str, names: Iterable[str], *, trusted: bool = False) -> Condition:
    """Return the condition that one of the classes ``names`` of ``attribute`` was predicted.

    ``trusted`` leaves out predictions that are not trusted.
    """
    keys = sorted({fold(name) for name in names})
    prefix = TRUSTED if trusted else ""
    return any_of("predicted.terms", [f"{prefix}{attribute}={key}" for key in keys])


def predicted_surely(attribute: str, least: float) -> Condition:
    """Return the condition that the prediction of ``attribute`` has at least this probability."""
    return {"key": f"predicted.{attribute}.probability", "range": {"gte": least}}


def any_of(key: str, values: Sequence[str]) -> Condition:
    """Return the condition that ``key`` has exactly one of ``values``."""
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


def nothing() -> Condition:
    """Return the condition that no point satisfies."""
    return is_one_of([])


def equals(key: str, text: str) -> Condition:
    """Return the condition that ``key`` is ``text``, or the number that it spells.

    The Unicode form of ``text`` and blanks around it make no difference. A key of the schema is
    either, and has an index for that alone. Other keys, and with them the columns of a catalog in a
    collection of format 2, may hold both.
    """
    number = _to_number(text)
    as_number: Condition = {"key": key, "range": {"gte": number, "lte": number}}
    if key in schema.NUMBER_KEYS:
        return nothing() if number is None else as_number
    as_text = any_of(key, _spellings(text))
    if number is None or key in schema.TEXT_KEYS:
        return as_text
    return {"should": [as_text, as_number]}


def has_column(name: str) -> Condition:
    """Return the condition that an artwork has a value in a column of its catalog's own."""
    return any_of("folded.terms", [column_in_use(name)])


def column_equals(name: str, text: str) -> Condition:
    """Return the condition that a column is ``text``, or the number that it spells."""
    values: list[str | float] = [*_spellings(text)]
    if (number := _to_number(text)) is not None:
        values.append(number)
    terms = [column_term(name, value) for value in values]
    return any_of("folded.terms", list(dict.fromkeys(terms)))


def _spellings(text: str) -> list[str]:
    """Return the texts that mean ``text``: booleans in columns are "true" or "false"."""
    texts = [text, *unicode_forms(text.strip())]
    if text.lower() in {"true", "false"}:
        texts.append(text.lower())
    return list(dict.fromkeys(texts))


def _to_number(text: str) -> float | None:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", text.lower()):
        return None
    number = float(text)
    return number if math.isfinite(number) else None


def years(span: YearRange, *, within: bool = False) -> list[Condition]:
    """Return the conditions that an artwork's years overlap ``span``, or lie within it.

    An artwork with an open end ("before 1762") overlaps every span that its known end allows, and
    lies within a span only if that is open on the same side. One without years never matches.
    """
    conditions: list[Condition] = []
    if within:
        if span.begin is not None:
            conditions.append({"key": "year_begin", "range": {"gte": span.begin}})
        if span.end is not None:
            conditions.append({"key": "year_end", "range": {"lte": span.end}})
        return conditions
    if span.end is not None:
        conditions.append(_in_range_or_open("year_begin", {"lte": span.end}, other="year_end"))
    if span.begin is not None:
        conditions.append(_in_range_or_open("year_end", {"gte": span.begin}, other="year_begin"))
    return conditions


def beyond_years(span: YearRange) -> list[Condition]:
    """Return conditions of which an artwork meets at least one iff it fails :func:`years`.

    Counting with these in ``must_not`` takes half the time: an engine collects the points within a
    long span year by year, but skips those outside. For a search in few points :func:`years` is
    faster.
    """
    conditions: list[Condition] = [{"must": [is_empty("year_begin"), is_empty("year_end")]}]
    if span.end is not None:
        conditions.append({"key": "year_begin", "range": {"gt": span.end}})
    if span.begin is not None:
        conditions.append({"key": "year_end", "range": {"lt": span.begin}})
    return conditions


def has_years() -> Condition:
    """Return the condition that at least one of an artwork's years is known."""
    return {"should": [{"must_not": [is_empty(key)]} for key in ("year_begin", "year_end")]}


def _in_range_or_open(key: str, range_: dict[str, int], other: str) -> Condition:
    """Return the condition that ``key`` is in ``range_``, or absent while ``other`` is known."""
    is_open = {"must": [is_empty(key)], "must_not": [is_empty(other)]}
    return {"should": [{"key": key, "range": range_}, is_open]}
