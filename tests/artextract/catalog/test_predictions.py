"""Which predictions are trusted, and therefore shown."""

from typing import Any

import pytest

from artextract.catalog.predictions import make_prediction, mark_trusted, suggestions
from artextract.catalog.years import UNKNOWN_YEARS, YearRange
from artextract.images.preprocess import Preprocess
from artextract.models.card import ModelCard

STYLES = ("Art_Nouveau_Modern", "Baroque", "Dreamism", "Pop_Art", "Rococo")
PREDICTED: dict[str, Any] = {
    "style": make_prediction("style", STYLES, [0.05, 0.5, 0.05, 0.1, 0.3]),
    "genre": make_prediction("genre", ("landscape", "still_life"), [0.4, 0.6]),
    "artist": make_prediction("artist", ("Gustav Klimt",), [0.99]),
}


def card(trusted_from: dict[str, float], **dated: float) -> ModelCard:
    """The card of a classifier of STYLES."""
    preprocess = Preprocess(
        size=64, resize=None, interpolation="bicubic", mean=(0, 0, 0), std=(1, 1, 1)
    )
    return ModelCard(
        name="tiny", kind="classifier", architecture="", input="image", embedding="embedding",
        dimension=4, preprocess=preprocess, weights="", weights_sha256=None, licence="CC0-1.0",
        opset=18, created_by="", classes={"style": STYLES}, trusted_from=trusted_from,
        trusted_from_dated=dated,
    )  # fmt: skip


def test_a_prediction_is_the_most_probable_class_under_its_name_in_museums() -> None:
    assert PREDICTED["style"] == {
        "name": "Baroque", "probability": 0.5, "probabilities": [0.05, 0.5, 0.05, 0.1, 0.3],
    }  # fmt: skip
    assert PREDICTED["genre"] == {"name": "Still life", "probability": 0.6}


@pytest.mark.parametrize(
    ("trusted_from", "trusted"),
    [
        ({}, []),
        ({"style": 0.5, "genre": 0.61}, ["style"]),
        ({"style": 0.51, "genre": 0.6}, ["genre"]),
        ({"style": 0.0, "genre": 0.0}, ["style", "genre"]),
    ],
)
def test_a_prediction_is_trusted_from_the_confidence_of_its_attribute(
    trusted_from: dict[str, float], trusted: list[str]
) -> None:
    marked = mark_trusted(PREDICTED, card(trusted_from), UNKNOWN_YEARS)
    keys = {"style": "baroque", "genre": "still life", "artist": "gustav klimt"}
    assert {name: marked[name] for name in PREDICTED} == {
        name: {**PREDICTED[name], "trusted": name in trusted} for name in PREDICTED
    }
    assert marked["terms"] == [
        *(f"{name}={key}" for name, key in keys.items()),
        *(f"trusted.{name}={keys[name]}" for name in trusted),
    ]
    assert suggestions({"predicted": marked}) == {
        name: (PREDICTED[name]["name"], PREDICTED[name]["probability"]) for name in trusted
    }


@pytest.mark.parametrize(
    ("years", "probability", "trusted"),
    [
        ((1600, 1600), 0.5 / 0.55, True),  # neither Art Nouveau nor pop art nor Rococo
        ((1700, 1750), 0.5 / 0.85, False),  # Rococo is possible, too
        ((None, 1650), 0.5 / 0.55, True),
        ((1700, None), 0.5, False),
        ((None, None), 0.5, False),
        ((1890, 1890), 0.5, False),  # Baroque is not
        ((1300, 1300), 0.5, False),
    ],
)
def test_years_exclude_styles(
    years: tuple[int | None, int | None], probability: float, trusted: bool
) -> None:
    style = mark_trusted(PREDICTED, card({"style": 0.6}), YearRange(*years))["style"]
    assert style["name"] == "Baroque"
    assert style["probability"] == pytest.approx(probability, abs=1e-4)
    assert style["trusted"] is trusted


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
    marked = mark_trusted(predicted, card({"style": 0.5, "genre": 0.5}), YearRange(*years))
    assert marked["style"]["trusted"] is trusted
    assert marked["genre"]["trusted"] is True  # years say nothing of a genre


def test_artworks_of_known_years_may_have_a_threshold_of_their_own() -> None:
    unsure, sure = card({}, style=0.9), card({"style": 0.4}, style=0.95)
    of_1600, of_1800 = YearRange(1600, 1600), YearRange(1760, 1800)
    for model, years, trusted in (
        (unsure, of_1600, True), (unsure, of_1800, False), (unsure, UNKNOWN_YEARS, False),
        (sure, of_1600, False), (sure, UNKNOWN_YEARS, True),
    ):  # fmt: skip
        assert mark_trusted(PREDICTED, model, years)["style"]["trusted"] is trusted


def test_marks_can_be_made_again_for_other_years() -> None:
    model = card({"style": 0.55})
    old = mark_trusted(PREDICTED, model, YearRange(1600, 1600))
    new = mark_trusted(old, model, YearRange(1710, 1710))
    assert new == mark_trusted(PREDICTED, model, YearRange(1710, 1710))
    assert new != old
    assert mark_trusted(new, model, UNKNOWN_YEARS) == mark_trusted(PREDICTED, model, UNKNOWN_YEARS)


def test_an_artist_and_predictions_of_earlier_releases_are_never_shown() -> None:
    everything = card(dict.fromkeys(PREDICTED, 0.0))
    marked = mark_trusted(PREDICTED, everything, UNKNOWN_YEARS)
    assert "artist" not in suggestions({"predicted": marked})
    assert suggestions({"predicted": {**PREDICTED, "terms": ["style=baroque"]}}) == {}
    assert suggestions({}) == {}
    assert mark_trusted({}, everything, UNKNOWN_YEARS) == {}


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
