"""Points of a small collection."""

import uuid

from artextract.store import Point


def make_points(count: int, first: int = 0) -> list[Point]:
    return [
        Point(
            str(uuid.uuid5(uuid.NAMESPACE_OID, str(number))),
            {"visual": [1.0, float(number), 0.5]},
            {"id": f"work {number}", "folded": {"artist": "monet"}},
        )
        for number in range(first, first + count)
    ]
