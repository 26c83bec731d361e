from typing import Any

import PIL.Image
import pytest

from artextract.errors import QueryError
from search.region import Region
from search.request import SearchFilters, fact_filters, parse_weights


def test_weights() -> None:
    assert parse_weights([]) == {"visual": 1.0}
    assert parse_weights(["composition=2", "lighting"]) == {"composition": 2.0, "lighting": 1.0}


@pytest.mark.parametrize("text", ["face=", "face=x", "face=0", "face=-1", "face=nan", "face=inf"])
def test_weights_that_are_none(text: str) -> None:
    with pytest.raises(QueryError, match="give a number above 0"):
        parse_weights([text])


def test_an_aspect_has_one_weight() -> None:
    with pytest.raises(QueryError, match="names face twice"):
        parse_weights(["face", "face=2"])


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("2", ["2"]), ("0", ["0"]), ("1:3", ["1", "2", "3"]), (":1", ["0", "1"]),
        ("15:", ["15", "16"]), ("16:90", ["16"]),
    ],
)  # fmt: skip
def test_counts(text: str, counts: list[str]) -> None:
    by_name = {each.name: each for each in fact_filters()}
    assert by_name["faces"].terms([text]) == [f"faces={count}" for count in counts]
    assert by_name["bodies"].terms([text]) == [f"bodies={count}" for count in counts]


@pytest.mark.parametrize("text", ["", "x", "3:1", "-1", "1:x", "1:2:3"])
def test_counts_that_are_none(text: str) -> None:
    (faces,) = (each for each in fact_filters() if each.name == "faces")
    with pytest.raises(QueryError, match=r"faces.* is .*; write 2, 1:3"):
        faces.terms([text])


def test_colours() -> None:
    (colour,) = (each for each in fact_filters() if each.name == "colour")
    assert colour.terms(["Red", "gray"]) == ["colour=red", "colour=grey"]
    with pytest.raises(QueryError, match="no colour 'bron'; closest: brown"):
        colour.terms(["bron"])


@pytest.mark.parametrize(
    ("given", "lacks"),
    [({"within": True}, "`years`"), ({"min_confidence": 0.5}, "`predicted_style`")],
)
def test_what_stands_without_what_it_belongs_to(given: dict[str, Any], lacks: str) -> None:
    with pytest.raises(QueryError, match=f"needs {lacks}"):
        SearchFilters.of(**given)


@pytest.mark.parametrize(
    ("text", "box"),
    [("0,0,1,1", (0, 0, 200, 100)), ("0.25, 0.5,.5,.5", (50, 50, 150, 100)),
     ("25%,50%,50%,50%", (50, 50, 150, 100))],
)  # fmt: skip
def test_a_region_is_cut(text: str, box: tuple[int, int, int, int]) -> None:
    image = PIL.Image.effect_noise((200, 100), 80).convert("RGB")
    assert Region.parse(text).cut(image).tobytes() == image.crop(box).tobytes()


@pytest.mark.parametrize(
    "text", ["", "1,2", "a,b,c,d", "0,0,0,1", "0.6,0,0.5,1", "-0.1,0,1,1", "nan,0,1,1", "0,0,2,2"]
)
def test_regions_that_are_none(text: str) -> None:
    with pytest.raises(QueryError, match="`region`"):
        Region.parse(text)


def test_a_region_of_a_few_pixels_is_refused() -> None:
    with pytest.raises(QueryError, match="the region has 10 x 5 pixels"):
        Region.parse("0,0,.1,.1").cut(PIL.Image.new("RGB", (100, 50)))
