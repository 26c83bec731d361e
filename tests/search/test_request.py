"""A request: its declarations, the interfaces made from them, and what is refused."""

import importlib
from pathlib import Path
from typing import Any

import click
import PIL.Image
import pytest

from artextract.aspects import ASPECTS, fact_filters
from artextract.aspects.base import FactFilter
from artextract.catalog.artwork import Artwork
from artextract.catalog.dates import parse_year_filter
from artextract.cli.messages import with_options
from artextract.errors import QueryError
from artextract.store import ModelIdentity, Point, create_store
from search.cli import search as command_module
from search.counts import Counter, countable_fields
from search.filtering import make_filter
from search.region import Region
from search.request import (
    Parameter,
    SearchFilters,
    SearchRequest,
    filter_parameters,
    parse_weights,
    request_parameters,
    signature,
)
from search.web.parameters import make_models


def test_weights() -> None:
    assert parse_weights([]) == {"visual": 1.0}
    for name, aspect in ASPECTS.items():
        for called in (name, aspect.label, aspect.label.upper()):
            assert parse_weights(f"{called}=2") == {name: 2.0}
    with pytest.raises(QueryError, match="names lighting twice"):
        parse_weights(["lighting", "tonality"])
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


MOOD = FactFilter(
    name="sea_mood", fact="mood", label="Mood", help="Only seascapes of this mood; any of.",
    example="calm", choices=("calm", "stormy"), read=lambda facts: [facts["mood"]],
)  # fmt: skip


@pytest.fixture
def with_mood(monkeypatch: pytest.MonkeyPatch) -> None:
    """An aspect that declares another filter while the program runs."""
    lighting = ASPECTS["lighting"]
    monkeypatch.setattr(lighting, "filters", (*lighting.filters, MOOD))


def read_options() -> dict[str, click.Option]:
    """Return the options of `artextract search` as they are now, by name."""
    command = importlib.reload(command_module).search
    return {
        each.name: each for each in command.params if isinstance(each, click.Option) if each.name
    }


@pytest.mark.usefixtures("with_mood")
def test_a_filter_that_an_aspect_declares_is_everywhere(tmp_path: Path) -> None:
    filters = SearchFilters.of(sea_mood="calm")
    assert filters.describe() == ["sea mood calm"]
    assert "sea_mood" in signature().parameters
    option = read_options()["sea_mood"]
    assert (option.opts, option.help) == (["--sea-mood"], MOOD.help)
    parameters = make_models()[0].model_json_schema()["properties"]["sea_mood"]
    assert (parameters["description"], parameters["examples"]) == (MOOD.help, [["calm"]])
    assert parameters["items"]["enum"] == ["calm", "stormy"]
    assert "sea_mood" in countable_fields()
    works = [Artwork(id=f"w{number}", image=f"{number}.jpg") for number in range(3)]
    moods = ["calm", "stormy", "calm"]
    vectors = {"visual": 2, "lighting": 28}
    model = ModelIdentity("small", "0" * 64, 2)
    with create_store(str(tmp_path / "store"), model, vectors=vectors) as store:
        store.upsert([
            Point(work.point_id, {"visual": [1.0, 0.5]},
                  {**work.to_payload(), "seen": [f"mood={mood}"]})
            for work, mood in zip(works, moods, strict=True)
        ])  # fmt: skip
        found = {record.payload["id"] for record in store.scroll(make_filter(filters, store))}
        assert found == {"w0", "w2"}
        counted = Counter(store).count("sea_mood", SearchFilters(), top=5)
        assert {each.value: each.count for each in counted} == {"calm": 2, "stormy": 1}
        with pytest.raises(QueryError, match=r"sea_mood.* is 'angry'; expected one of calm"):
            make_filter(SearchFilters.of(sea_mood="angry"), store)
    with pytest.raises(QueryError, match="no search field 'sea_mod'; closest: sea_mood"):
        SearchFilters.of(sea_mod="calm")


def test_every_field_is_an_option_and_a_parameter_with_its_own_help() -> None:
    options = read_options()
    api = make_models()[0].model_json_schema()["properties"]
    declared = [*request_parameters(), *filter_parameters()]
    assert len(declared) == len({each.name for each in declared}) > 30
    for each in declared:
        assert options[each.name].help == with_options(each.help)
        assert f"--{each.name.replace('_', '-')}" in options[each.name].opts
        assert options[each.name].multiple == each.multiple
        if each.name not in {"verify", "limit"}:
            assert api[each.name]["description"] == each.help
            examples = [[each.example]] if each.multiple else [each.example]
            assert api[each.name]["examples"] == examples
            assert (api[each.name].get("type") == "array") == each.multiple


@pytest.mark.parametrize("parameter", filter_parameters(), ids=lambda parameter: parameter.name)
def test_the_example_of_every_filter_is_valid(parameter: Parameter) -> None:
    value: Any = True if parameter.type is bool else parameter.type(parameter.example)
    needed = {"within": {"years": "1900"}, "min_confidence": {"predicted_style": "Baroque"}}
    filters = SearchFilters.of(**{parameter.name: value}, **needed.get(parameter.name, {}))
    assert filters != SearchFilters()
    for each in fact_filters():
        if each.name == parameter.name:
            assert each.terms([parameter.example])
    assert filters.without(parameter.name).without("years").without("predicted_style") == (
        SearchFilters()
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [((1870, 1890), "1870:1890"), ((None, 1890), ":1890"), ((1870, None), "1870:"),
     (1870, "1870"), ("1870:", "1870:")],
)  # fmt: skip
def test_years_are_taken_as_text_and_as_numbers(given: Any, text: str) -> None:
    assert SearchFilters(years=given).year_range() == parse_year_filter(text)


@pytest.mark.parametrize(
    ("filters", "described"),
    [
        ({"genre": "genre_painting"}, "genre painting"),
        ({"predicted_genre": ["genre_painting", "still_life"]},
         "predicted genre painting or still life"),
        ({"style": "Ukiyo_e"}, "style Ukiyo-e"),
        ({"accession": "1963_10"}, "accession 1963_10"),
        ({"not_genre": ["genre_painting", "still_life"]}, "not genre painting or still life"),
        ({"not_facing": "left"}, "not facing left"),
    ],
)  # fmt: skip
def test_classes_are_described_without_underscores_and_doubled_words(
    filters: dict[str, Any], described: str
) -> None:
    assert SearchFilters.of(**filters).describe() == [described]


def test_weights_are_taken_as_text_and_as_numbers() -> None:
    for by in ({"composition": 2, "palette": 1}, ["composition=2", "palette"]):
        assert SearchRequest(like="a", by=by).weights == {"composition": 2.0, "palette": 1.0}
    assert SearchRequest(like="a", by="style").weights == {"style": 1.0}


def test_filters_with_equal_values_are_equal_keys() -> None:
    one = SearchFilters.of(artist=["a", "b"], facing="left", faces=2)
    other = SearchFilters.of(artist=("a", "b"), facing=["left"], faces="2")
    assert one == other
    assert hash(one) == hash(other)
    assert one != SearchFilters.of(artist=["a", "b"], facing="right", faces=2)
