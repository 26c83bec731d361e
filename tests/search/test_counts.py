"""Counts beside each choice, compared with plain loops over all works."""

from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stored_gallery import MANIFEST, make_gallery

from artextract.store import Store, create_store
from search.counts import Counter
from search.filtering import make_filter
from search.request import SearchFilters

POINTS = make_gallery()
PRIMARY = [point.payload for point in POINTS if point.payload.get("view") != "alternate"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder: Path = tmp_path_factory.mktemp("counts") / "store"
    with create_store(
        str(folder), MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier
    ) as opened:
        opened.upsert(POINTS)
        yield opened


def values_of(payload: dict[str, Any], field: str) -> list[str]:
    if field == "predicted_style":
        style = payload["predicted"]["style"]
        return [style["name"]] if style["trusted"] else []
    return payload[field].split("; ") if field in payload else []


def fits(store: Store, filters: SearchFilters) -> set[str]:
    """Return the works that a filter lets through."""
    return {record.payload["id"] for record in store.scroll(make_filter(filters, store))}


@pytest.mark.parametrize("field", ["artist", "style", "genre", "nationality", "predicted_style"])
@pytest.mark.parametrize(
    "filters",
    [
        SearchFilters(),
        SearchFilters(style=["Baroque"]),
        SearchFilters(years="1600:1800", genre=["portrait"]),
        SearchFilters(years=":1650"),
        SearchFilters(years="1600:1750", within=True),
        SearchFilters.of(not_genre=["portrait"], not_predicted_style="Rococo"),
        SearchFilters.of(not_qualifier=["near"], years="17th century"),
    ],
)
def test_counts_are_those_of_all_other_filters(
    store: Store, field: str, filters: SearchFilters
) -> None:
    counted = Counter(store).count(field, filters, top=100)
    exclude = {name: values for name, values in filters.exclude.items() if name != field}
    none: dict[str, Any] = {field: (), "exclude": exclude}
    others = fits(store, replace(filters, **none))
    expected = Tally(
        value for payload in PRIMARY if payload["id"] in others
        for value in dict.fromkeys(values_of(dict(payload), field))
    )  # fmt: skip
    assert expected
    assert {each.value: each.count for each in counted} == dict(expected)
    assert [each.count for each in counted] == sorted(expected.values(), reverse=True)


def test_the_beginning_of_any_word_finds_a_name(store: Store) -> None:
    counter = Counter(store)
    for prefix, names in {
        "mon": ["Claude Monet"], "EDOU": ["Édouard Manet"], "van r": ["Rembrandt van Rijn"],
        "claude m": ["Claude Monet"], "onet": [],
    }.items():  # fmt: skip
        found = counter.count("artist", SearchFilters(), top=10, prefix=prefix)
        expected = set(names) if prefix != "van r" else set()
        assert {each.value for each in found} == expected, prefix


def test_the_histogram_counts_first_years(store: Store) -> None:
    years = Counter(store).years(SearchFilters(genre=["portrait"], years="1500:1501"))
    assert years is not None
    portraits = [
        p["year_begin"] for p in PRIMARY if p.get("genre") == "portrait" and "year_begin" in p
    ]
    expected = [0] * len(years.counts)
    for year in portraits:
        expected[(year - years.first) // years.width] += 1
    assert years.counts == expected
    assert sum(expected) == len(portraits) > 0


def test_a_collection_without_years_has_no_histogram(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "store"), MANIFEST.model) as store:
        assert Counter(store).years(SearchFilters()) is None
        assert Counter(store).present() == []
