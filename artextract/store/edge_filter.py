"""Translate Qdrant's filter language into the objects of the embedded engine (qdrant-edge)."""

from collections.abc import Mapping
from typing import Any

import qdrant_edge as edge


def to_edge(filter_: Mapping[str, Any]) -> edge.Filter:
    """Return the engine's filter for a filter as JSON.

    Raises:
        ValueError: the filter uses an unsupported part of the language.
    """
    _only(filter_, {"must", "should", "must_not"})
    return edge.Filter(
        must=[_condition(c) for c in filter_["must"]] if filter_.get("must") else None,
        should=[_condition(c) for c in filter_["should"]] if filter_.get("should") else None,
        must_not=[_condition(c) for c in filter_["must_not"]] if filter_.get("must_not") else None,
    )


def _condition(condition: Mapping[str, Any]) -> Any:
    if "is_empty" in condition:
        return edge.IsEmptyCondition(condition["is_empty"]["key"])
    if "has_id" in condition:
        return edge.HasIdCondition(set(condition["has_id"]))
    if "key" not in condition:
        return to_edge(condition)
    _only(condition, {"key", "match", "range"})
    key = condition["key"]
    if "range" in condition:
        _only(condition["range"], {"gte", "gt", "lte", "lt"})
        return edge.FieldCondition(key=key, range=edge.RangeFloat(**condition["range"]))
    return edge.FieldCondition(key=key, match=_match(condition["match"]))


def _match(match: Mapping[str, Any]) -> Any:
    _only(match, {"value", "any"})
    if isinstance(match.get("value"), bool):
        raise ValueError("the embedded engine matches booleans as numbers; match text instead")
    return edge.MatchValue(match["value"]) if "value" in match else edge.MatchAny(match["any"])


def _only(part: Mapping[str, Any], known: set[str]) -> None:
    if surplus := set(part) - known:
        raise ValueError(f"filter part {sorted(surplus)} is not translated for the embedded engine")
