"""A collection in plain numpy and plain loops: what the stores' answers are compared with.

The meaning of a filter is written down here once more, from Qdrant's documentation
(https://qdrant.tech/documentation/concepts/filtering/), and shares no code with the stores.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from artextract.store import Hit, Manifest, Point, Record, Store
from artextract.store.base import NearestRequest

__all__ = ["OracleStore", "holds"]


class OracleStore(Store):
    """The points as they were written, in a dictionary."""

    def __init__(self, manifest: Manifest) -> None:
        """Begin with nothing."""
        self.location = "oracle"
        self.manifest = manifest
        self.points: dict[str, Point] = {}

    def upsert(self, points: Sequence[Point]) -> None:
        for point in points:
            self.points[point.id] = point

    def overwrite_payloads(self, payloads: Mapping[str, Mapping[str, Any]]) -> None:
        for point_id, payload in payloads.items():
            self.points[point_id] = Point(point_id, self.points[point_id].vectors, payload)

    def add_indexes(self) -> None:
        pass

    def set_format(self, format_: int) -> None:
        self.manifest = replace(self.manifest, format=format_)

    def delete(self, point_ids: Sequence[str]) -> None:
        for point_id in point_ids:
            self.points.pop(point_id, None)

    def optimize(self) -> bool:
        return False

    def _estimate_points(self) -> int:
        return len(self.points)

    def settle(self, on_wait: Callable[[str], None] = lambda text: None) -> None:
        pass

    def nearest(self, request: NearestRequest) -> list[Hit]:
        found = []
        for point in self._chosen(request.filter_):
            if request.aspect not in point.vectors:
                continue
            vector = np.asarray(point.vectors[request.aspect], np.float64)
            score = float(vector @ np.asarray(request.unit) / np.linalg.norm(vector))
            if request.min_score is None or score >= request.min_score:
                # Rounded, for equal vectors have equal scores in the engines' 32 bits.
                found.append(Hit(point.id, round(score, 7), select(point.payload, request.keys)))
        return sorted(found, key=lambda hit: (-hit.score, hit.id))[: request.limit]

    def _retrieve(
        self, point_ids: Sequence[str], keys: Sequence[str] | None, with_vectors: bool
    ) -> list[Record]:
        return [
            record_of(self.points[point_id], keys, with_vectors)
            for point_id in point_ids
            if point_id in self.points
        ]

    def _page(
        self,
        filter_: Mapping[str, Any] | None,
        keys: Sequence[str] | None,
        with_vectors: bool,
        size: int,
        offset: Any,
    ) -> tuple[list[Record], None]:
        chosen = [point for point in self._chosen(filter_) if offset is None or point.id > offset]
        return [record_of(point, keys, with_vectors) for point in chosen], None

    def count(self, filter_: Mapping[str, Any] | None = None) -> int:
        return len(self._chosen(filter_))

    def count_works(self, filter_: Mapping[str, Any] | None = None) -> int:
        return len({point.payload["id"] for point in self._chosen(filter_)})

    def facet(
        self, key: str, *, limit: int = 10, filter_: Mapping[str, Any] | None = None
    ) -> list[tuple[str, int]]:
        counts: Counter[str] = Counter()
        for point in self._chosen(filter_):
            counts.update({value for value in values_of(point.payload, key)})
        return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:limit]

    def describe(self) -> list[tuple[str, str]]:
        return []

    def close(self) -> None:
        pass

    def _chosen(self, filter_: Mapping[str, Any] | None) -> list[Point]:
        return [
            self.points[point_id]
            for point_id in sorted(self.points)
            if not filter_ or holds(filter_, point_id, self.points[point_id].payload)
        ]


def record_of(point: Point, keys: Sequence[str] | None, with_vectors: bool) -> Record:
    vectors = {}
    if with_vectors:
        for name, vector in point.vectors.items():
            length = sum(value * value for value in vector) ** 0.5
            vectors[name] = [value / length for value in vector]
    return Record(point.id, select(point.payload, keys), vectors)


def select(payload: Mapping[str, Any], keys: Sequence[str] | None) -> dict[str, Any]:
    if keys is None:
        return dict(payload)
    return {key: payload[key] for key in keys if key in payload}


def holds(filter_: Mapping[str, Any], point_id: str, payload: Mapping[str, Any]) -> bool:
    """Whether a point satisfies a filter."""
    must = [satisfies(each, point_id, payload) for each in filter_.get("must") or []]
    should = [satisfies(each, point_id, payload) for each in filter_.get("should") or []]
    must_not = [satisfies(each, point_id, payload) for each in filter_.get("must_not") or []]
    return all(must) and (not should or any(should)) and not any(must_not)


def satisfies(condition: Mapping[str, Any], point_id: str, payload: Mapping[str, Any]) -> bool:
    if "has_id" in condition:
        return point_id in condition["has_id"]
    if "is_empty" in condition:
        return not values_of(payload, condition["is_empty"]["key"])
    if "key" not in condition:
        return holds(condition, point_id, payload)
    values = values_of(payload, condition["key"])
    if "range" in condition:
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        return any(within(number, condition["range"]) for number in numbers)
    match = condition["match"]
    expected = [match["value"]] if "value" in match else match["any"]
    return any(type(v) is type(w) and v == w for v in values for w in expected)


def within(number: float, range_: Mapping[str, float]) -> bool:
    if "gte" in range_ and not number >= range_["gte"]:
        return False
    if "gt" in range_ and not number > range_["gt"]:
        return False
    if "lte" in range_ and not number <= range_["lte"]:
        return False
    return not ("lt" in range_ and not number < range_["lt"])


def values_of(payload: Mapping[str, Any], key: str) -> list[Any]:
    """Return the values at a path such as extra."Zu stand".x or artists[].name."""
    found: list[Any] = [payload]
    for quoted, plain in re.findall(r'"([^"]*)"|([^".]+)', key):
        name = quoted or plain.removesuffix("[]")
        found = [each[name] for each in found if isinstance(each, Mapping) and name in each]
        if plain.endswith("[]"):
            found = [item for each in found if isinstance(each, list) for item in each]
    values = [item for each in found for item in (each if isinstance(each, list) else [each])]
    return [each for each in values if each is not None]
