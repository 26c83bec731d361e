"""Requests to a collection as JSON, and their answers, to compare what releases answer."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from artextract import Collection
from artextract.errors import QueryError
from search.counts import Counter
from search.facets import count_facets
from search.request import SearchFilters

__all__ = ["answer", "read_answers", "without_copies"]


def read_answers(folder: Path) -> list[dict[str, Any]]:
    """Return the requests in a fixture's ``answers.json`` with the answers that they must get.

    Those are the answers that an earlier release gave, except that no prediction of its is trusted:
    facets leave them out, and a filter by them needs ``min_confidence``.
    """
    kept: list[dict[str, Any]] = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    return [_without_trust(each) for each in kept]


def _without_trust(kept: dict[str, Any]) -> dict[str, Any]:
    match kept:
        case {"ask": "search", "fields": {"predicted_style": _} as fields}:
            return {**kept, "fields": {"min_confidence": 0, **fields}}
        case {"ask": "facets", "fields": fields, "answer": found}:
            named = fields.get("fields", ())
            answers = {
                name: [] if name.startswith("predicted") else counts
                for name, counts in found.items()
                if name in named or not name.startswith("predicted")
            }
            return {**kept, "answer": answers}
        case {"ask": "counts", "answer": found}:
            names = {k: v for k, v in found["names"].items() if not k.startswith("predicted")}
            return {**kept, "answer": {**found, "names": names}}
    return kept


def answer(collection: Collection, ask: str, fields: Mapping[str, Any]) -> Any:
    """Return what ``collection`` answers, as JSON values.

    ``ask`` is "search", "facets", "get", "years", "counts", "duplicates", "length", or "refused"
    for a search that is refused; ``fields`` are its arguments.
    """
    if ask == "search":
        found = collection.search(**fields)
        results = [
            [each.artwork.id, each.image, _rounded(each.score),
             {aspect: _rounded(score) for aspect, score in each.aspects.items()}]
            for each in found
        ]  # fmt: skip
        return {"matching": found.matching, "results": results}
    if ask == "facets":
        filters = dict(fields)
        counted = collection.facets(*filters.pop("fields", ()), **filters)
        return {name: [[each.value, each.count] for each in counts]
                for name, counts in counted.items()}  # fmt: skip
    if ask == "get":
        found_one = collection.get(fields["id"])
        return {
            "artwork": asdict(found_one.artwork),
            "image": found_one.image,
            "point": found_one.point_id,
            "predicted": found_one.predicted,
            "facts": {key: found_one.payload[key] for key in ("faces", "bodies", "light")},
        }
    if ask == "years":
        years = Counter(collection.store).years(SearchFilters.of(**fields))
        return None if years is None else asdict(years)
    if ask == "counts":
        return asdict(count_facets(collection.store, fields["top"]))
    if ask == "duplicates":
        return collection.duplicates()
    if ask == "length":
        return len(collection)
    assert ask == "refused", ask
    try:
        collection.search(**fields)
    except QueryError as error:
        return str(error)
    return None


def without_copies(kept: Any, found: Any, groups: list[list[str]]) -> tuple[Any, Any]:
    """Return the results of a search that a release gave and those of today, to be compared.

    Artworks of one image file are one result now, the best of them. ``groups`` are the ids of such
    artworks; what follows in their places is left out.
    """
    first = {artwork_id: group[0] for group in groups for artwork_id in group}
    best: dict[str, Any] = {}
    for result in kept:
        best.setdefault(first.get(result[0], result[0]), result)
    return list(best.values()), found[: len(best)]


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, 7)
