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
    parts: dict[str, Any] = {
        name: [_condition(each) for each in conditions]
        for name, conditions in filter_.items()
        if conditions
    }
    return edge.Filter(**parts)


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
