"""Which predictions are trusted, and therefore shown."""

from typing import Any

import pytest

from artextract.catalog.predictions import mark_trusted, suggestions
from artextract.catalog.years import YearRange

ANY = YearRange(None, None)
PREDICTED: dict[str, Any] = {
    "style": {"name": "Art Nouveau", "probability": 0.8},
    "genre": {"name": "Still life", "probability": 0.6},
    "artist": {"name": "Gustav Klimt", "probability": 0.99},
}


@pytest.mark.parametrize(
    ("trusted_from", "trusted"),
    [
        ({}, []),
        ({"style": 0.8, "genre": 0.61}, ["style"]),
        ({"style": 0.81, "genre": 0.6}, ["genre"]),
        ({"style": 0.0, "genre": 0.0}, ["style", "genre"]),
    ],
)
def test_a_prediction_is_trusted_from_the_confidence_of_its_attribute(
    trusted_from: dict[str, float], trusted: list[str]
) -> None:
    marked = mark_trusted(PREDICTED, trusted_from, ANY)
    assert {name: marked[name]["trusted"] for name in PREDICTED} == {
        name: name in trusted for name in PREDICTED
    }
    keys = {"style": "art nouveau", "genre": "still life", "artist": "gustav klimt"}
    assert marked["terms"] == [
        *(f"{name}={key}" for name, key in keys.items()),
        *(f"trusted.{name}={keys[name]}" for name in trusted),
    ]
    assert suggestions({"predicted": marked}) == {
        name: (PREDICTED[name]["name"], PREDICTED[name]["probability"]) for name in trusted
    }


@pytest.mark.parametrize(
    ("style", "years", "trusted"),
    [
        ("Art Nouveau", (1300, 1499), False),
        ("Art_Nouveau_Modern", (1300, 1499), False),
        ("Art Nouveau", (1890, 1890), True),
        ("Art Nouveau", (1700, 1880), True),
        ("Art Nouveau", (None, 1879), False),
        ("Art Nouveau", (None, None), True),
        ("Art Nouveau", (1950, None), False),
        ("Rococo", (1659, 1659), False),
        ("Pop art", (1944, 1944), False),
        ("Pop art", (2024, 2024), True),
        ("Dreamism", (1300, 1310), True),
    ],
)
def test_a_style_that_was_not_painted_then_is_not_trusted(
    style: str, years: tuple[int | None, int | None], trusted: bool
) -> None:
    predicted = {name: {"name": style, "probability": 0.9} for name in ("style", "genre")}
    marked = mark_trusted(predicted, {"style": 0.5, "genre": 0.5}, YearRange(*years))
    assert marked["style"]["trusted"] is trusted
    assert marked["genre"]["trusted"] is True  # years say nothing of a genre


def test_marks_can_be_made_again_for_other_years() -> None:
    old = mark_trusted(PREDICTED, {"style": 0.5}, YearRange(1400, 1400))
    new = mark_trusted(old, {"style": 0.5}, YearRange(1900, 1900))
    assert new == mark_trusted(PREDICTED, {"style": 0.5}, ANY)
    assert old != new


def test_an_artist_and_predictions_of_earlier_releases_are_never_shown() -> None:
    everything = dict.fromkeys(PREDICTED, 0.0)
    assert "artist" not in suggestions({"predicted": mark_trusted(PREDICTED, everything, ANY)})
    assert suggestions({"predicted": {**PREDICTED, "terms": ["style=art nouveau"]}}) == {}
    assert suggestions({}) == {}
    assert mark_trusted({}, everything, ANY) == {}


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ((1, 2), (3, 4), False), ((1, 2), (2, 4), True), ((1, 9), (3, 4), True),
        ((None, 2), (3, 4), False), ((None, 3), (3, 4), True), ((5, None), (3, 4), False),
        ((None, None), (3, 4), True), ((None, 5), (4, None), True), ((None, 3), (4, None), False),
    ],
)  # fmt: skip
def test_ranges_of_years_overlap(
    one: tuple[int | None, int | None], other: tuple[int | None, int | None], overlap: bool
) -> None:
    first, second = YearRange(*one), YearRange(*other)
    assert first.overlaps(second) is second.overlaps(first) is overlap
