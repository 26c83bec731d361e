"""Criteria: which works each of them lets through, and what is said of one that can't be met."""

import itertools
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Literal

import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.attribution import NEAR, Qualifier
from artextract.errors import DateError, QueryError
from artextract.store import ModelIdentity, Point, Store, create_store
from search.filtering import make_filter
from search.names import common_names, similar_names
from search.request import SearchFilters

WORKS = [
    Artwork(
        id="lilies", image="1.jpg", title="Water Lilies, Évening", artist="Claude Monet",
        style="Impressionism", genre="landscape", medium="Oil on canvas", year_begin=1906,
        year_end=1906, accession="1963", open_access=True,
        extra={"room": "12", "depth_cm": 90.5, "framed": True, "split": "val"},
    ),
    Artwork(
        id="haystacks", image="2.jpg", title="Haystacks at evening", artist="Claude Monet",
        style="impressionism", genre="Landscape", medium="oil on wood", year_begin=1890,
        year_end=1891, open_access=False, extra={"room": 12, "framed": False},
    ),
    Artwork(
        id="olympia", image="3.jpg", title="Olympia", artist="Édouard Manet", style="Realism",
        genre="nude", medium="Oil on canvas", year_begin=1863, year_end=1863, nationality="French",
        extra={"room": "true", "depth_cm": 130.5},
    ),
    Artwork(
        id="card", image="4.jpg", title="The Card Players", artist="Paul Cézanne",
        style="Post_Impressionism", genre="genre painting", year_end=1895,
        nationality="FRENCH", medium="Canvas, oil", classification="Painting",
        extra={"Inv. Nr.": "F 12/3", "wall text": 7, "room": 13},
    ),
    Artwork(
        id="ear", image="5.jpg", title="[red]Ear[/red]", artist="Vincent van Gogh",
        year_begin=1889, school="Dutch", genre="portrait",
    ),
    Artwork(id="unknown", image="6.jpg"),
    Artwork(
        id="mary", image="7.jpg", artist="Mary Cassatt", genre="portrait", title="Lilies water",
    ),
]  # fmt: skip
IDS = {work.id for work in WORKS}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    location = tmp_path_factory.mktemp("criteria") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        opened.upsert(
            [
                Point(
                    work.point_id,
                    {"visual": [1.0] * 8},
                    {**work.to_payload(), "width": 400 + at, "height": 300, "thumbnail": "data:"},
                )
                for at, work in enumerate(WORKS)
            ]
        )
        yield opened


def fitting(store: Store, **criteria: Any) -> set[str]:
    filter_ = make_filter(SearchFilters(**criteria), store)
    return {str(record.payload["id"]) for record in store.scroll(filter_, keys=["id"])}


@pytest.mark.parametrize(
    ("criteria", "ids"),
    [
        ({}, IDS),
        ({"artist": ["claude_monet"]}, {"lilies", "haystacks"}),
        ({"artist": ["EDOUARD MANET"]}, {"olympia"}),
        ({"artist": ["paul cezanne", "Mary Cassatt"]}, {"card", "mary"}),
        ({"style": ["Impressionism"]}, {"lilies", "haystacks"}),
        ({"style": ["post impressionism", "REALISM"]}, {"card", "olympia"}),
        ({"genre": ["Portrait"]}, {"ear", "mary"}),
        ({"genre": ["nude", "genre_painting"]}, {"olympia", "card"}),
        ({"genre": ["portrait"], "artist": ["Mary Cassatt", "Claude Monet"]}, {"mary"}),
        ({"genre": ["portrait"], "artist": ["Claude Monet"]}, set()),
        ({"years": "1890:1906"}, {"lilies", "haystacks", "card", "ear"}),
        ({"years": "1891"}, {"haystacks", "card", "ear"}),
        ({"years": ":1870"}, {"olympia", "card"}),
        ({"years": "1892:"}, {"lilies", "card", "ear"}),
        ({"years": "1890:1906", "within": True}, {"lilies", "haystacks"}),
        ({"years": "1891:1906", "within": True}, {"lilies"}),
        ({"years": ":1895", "within": True}, {"haystacks", "olympia", "card"}),
        ({"years": "1880:", "within": True}, {"lilies", "haystacks", "ear"}),
        ({"medium": "oil"}, {"lilies", "haystacks", "olympia", "card"}),
        ({"medium": "CANVAS Oil"}, {"lilies", "olympia", "card"}),
        ({"medium": "canvas, oil on"}, {"lilies", "olympia"}),
        ({"medium": "canva"}, set()),
        ({"text": "evening"}, {"lilies", "haystacks"}),
        ({"text": "LILIES water"}, {"lilies", "mary"}),
        ({"text": "Lílies évening"}, {"lilies"}),
        ({"text": "red ear"}, {"ear"}),
        ({"text": "water", "medium": "oil"}, {"lilies"}),
    ],
)
def test_which_works_fit(store: Store, criteria: dict[str, Any], ids: set[str]) -> None:
    assert fitting(store, **criteria) == ids


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        (["title=Olympia"], {"olympia"}),
        (["title=olympia"], set()),
        (["title=[red]Ear[/red]"], {"ear"}),
        (["id=ear"], {"ear"}),
        (["accession=1963"], {"lilies"}),
        (["year_begin=1890"], {"haystacks"}),
        (["year_begin=1890.0"], {"haystacks"}),
        (["width=403"], {"card"}),
        (["height=300"], IDS),
        (["open_access=true"], {"lilies"}),
        (["open_access=False"], {"haystacks"}),
        (["room=12"], {"lilies", "haystacks"}),
        (["room=true"], {"olympia"}),
        (["room=13"], {"card"}),
        (["depth_cm=90.5"], {"lilies"}),
        (["depth_cm=130.50"], {"olympia"}),
        (["depth_cm=nan"], set()),
        (["framed=true"], {"lilies"}),
        (["split=val"], {"lilies"}),
        ([" split =val"], {"lilies"}),
        (["split=a=b"], set()),
        (["artist=claude monet"], {"lilies", "haystacks"}),
        (["nationality=french"], {"olympia", "card"}),
        (["school=DUTCH"], {"ear"}),
        (["classification=painting"], {"card"}),
        (["style=post impressionism"], {"card"}),
        (["nationality=French", "room=13"], {"card"}),
        (["nationality=French", "room=12"], set()),
    ],
)
def test_where(store: Store, where: list[str], ids: set[str]) -> None:
    assert fitting(store, where=where) == ids


@pytest.mark.parametrize(
    ("where", "ids"), [("Inv. Nr.=F 12/3", {"card"}), ("wall text=7", {"card"})]
)
def test_where_takes_column_names_with_spaces_and_dots(
    store: Store, where: str, ids: set[str]
) -> None:
    assert fitting(store, where=[where]) == ids


@pytest.mark.parametrize(
    "key", ["colour", "no such", "a[", "[]", "a..b", 'quo"te', "a.b", "é", "*"]
)
def test_where_names_the_fields_there_are(store: Store, key: str) -> None:
    with pytest.raises(QueryError, match="no artwork has a field"):
        fitting(store, where=[f"{key}=1"])


def test_where_with_a_misspelt_field_names_the_closest(store: Store) -> None:
    with pytest.raises(QueryError, match=r"no artwork has a field 'tilte'; closest: title"):
        fitting(store, where=["tilte=Olympia"])
    with pytest.raises(QueryError) as raised:
        fitting(store, where=["qqqq=1"])
    known = str(raised.value).partition("known: ")[2].split(", ")
    assert known == sorted(known)
    assert {"room", "framed", "nationality", "height"} <= set(known)
    assert not {"extra", "folded", "thumbnail"} & set(known)


@pytest.mark.parametrize("pair", ["room", "=12", "room=", "", " =1"])
def test_where_that_is_no_pair(store: Store, pair: str) -> None:
    with pytest.raises(QueryError, match="write KEY=VALUE"):
        fitting(store, where=[pair])


def message(call: Callable[[], object]) -> str:
    with pytest.raises(QueryError) as raised:
        call()
    return str(raised.value)


def test_an_unknown_artist_is_answered_with_the_closest(store: Store) -> None:
    said = message(lambda: fitting(store, artist=["Money"]))
    assert said == "no artist 'Money'; closest: Claude Monet; Édouard Manet"


def test_one_unknown_name_among_known_ones_is_named(store: Store) -> None:
    said = message(lambda: fitting(store, artist=["Claude Monet", "Paul Cesane"]))
    assert said.startswith("no artist 'Paul Cesane'; closest: Paul Cézanne")


def test_unknown_style_and_genre(store: Store) -> None:
    assert message(lambda: fitting(store, style=["Realist"])) == (
        "no style 'Realist'; closest: Realism"
    )
    assert message(lambda: fitting(store, genre=["Landscap"])).lower() == (
        "no genre 'landscap'; closest: landscape"
    )


def test_a_name_like_no_other_is_answered_with_frequent_ones(store: Store) -> None:
    said = message(lambda: fitting(store, artist=["Zzz"]))
    head, _, names = said.partition("; frequent: ")
    assert head == "no artist 'Zzz', nor one spelt like it"
    frequent = names.split("; ")
    assert frequent[0] == "Claude Monet"
    assert set(frequent[1:]) == {
        "Édouard Manet", "Mary Cassatt", "Paul Cézanne", "Vincent van Gogh",
    }  # fmt: skip


def test_a_collection_without_names_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    location = tmp_path_factory.mktemp("nameless") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        for field, options in (
            ("artist", SearchFilters(artist=["X"])),
            ("style", SearchFilters(style=["X"])),
            ("genre", SearchFilters(genre=["X"])),
        ):
            said = message(partial(make_filter, options, opened))
            assert said == f"no {field} 'X': no artwork in this collection has its {field} recorded"


@pytest.mark.parametrize("words", ["", "  ", "?!", "..."])
def test_words_without_a_word(store: Store, words: str) -> None:
    assert message(lambda: fitting(store, text=words)).startswith(f"`text` {words!r} has no word")
    assert message(lambda: fitting(store, medium=words)).startswith(f"`medium` {words!r} has no")


@pytest.mark.parametrize("years", ["", "x", "1890:1870", ":", "baroque"])
def test_years_that_are_not_understood(store: Store, years: str) -> None:
    with pytest.raises(DateError):
        fitting(store, years=years)


def test_no_criteria_make_no_filter(store: Store) -> None:
    assert make_filter(SearchFilters(), store) is None


def test_criteria_in_words() -> None:
    assert SearchFilters().describe() == []
    assert SearchFilters(
        artist=["Claude Monet", "Édouard Manet"],
        style=["Realism"],
        genre=["nude", "portrait"],
        years="1870:1890",
        within=True,
        medium="oil",
        where=["room=12", "split=val"],
        text="water lilies",
    ).describe() == [
        "artist Claude Monet or Édouard Manet",
        "years 1870:1890",
        "within",
        "style Realism",
        "genre nude or portrait",
        "medium oil",
        "where room=12 or split=val",
        "text water lilies",
    ]
    assert SearchFilters(years="1870:").describe() == ["years 1870:"]


def test_common_names_count_spellings_as_one(store: Store) -> None:
    names = common_names(store, "artist", 10)
    assert names[0] == ("Claude Monet", 2)
    assert sorted(names[1:]) == sorted(
        (work.artist, 1)
        for work in WORKS
        if work.artist is not None and work.artist != "Claude Monet"
    )
    assert common_names(store, "artist", 1) == names[:1]
    assert {name.lower() for name, _ in common_names(store, "genre", 2)} == {
        "landscape", "portrait",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("Monet, Claude", {"lilies", "haystacks"}),
        ("monet", {"lilies", "haystacks"}),
        ("van gogh", {"ear"}),
        ("Gogh, Vincent van", {"ear"}),
        ("Vincent\u00a0van Gogh", {"ear"}),
        ("C\u00e9zanne, Paul", {"card"}),
    ],
)
def test_an_artist_is_found_by_other_spellings(store: Store, name: str, ids: set[str]) -> None:
    assert fitting(store, artist=[name]) == ids
    assert fitting(store, words=name) == ids


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("J. M. W. Turner", "J.M.W. Turner"),
        ("Georgia O'Keeffe", "Georgia O\u2019Keeffe"),
        ("Henri de Toulouse-Lautrec", "Toulouse\u2011Lautrec, Henri de"),
        ("Lucas Cranach d. \u00c4.", "Lucas Cranach d.\u00c4."),
    ],
)
def test_a_name_written_exactly_finds_its_other_spellings(
    name: str, other: str, tmp_path: Path
) -> None:
    works = [
        Artwork(id="one", image="1", artist=name),
        Artwork(id="other", image="2", artist=other),
        Artwork(id="third", image="3", artist=f"{name} the Younger"),
    ]
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as store:
        store.upsert(
            [Point(work.point_id, {"visual": [1.0] * 8}, work.to_payload()) for work in works]
        )
        assert fitting(store, artist=[name]) == {"one", "other"}
        assert fitting(store, artist=[other]) == {"one", "other"}


def test_a_style_is_found_without_its_hyphen(store: Store) -> None:
    assert fitting(store, style=["post-impressionism"]) == {"card"}


def test_a_collection_without_qualifiers_says_so(store: Store) -> None:
    with pytest.raises(QueryError, match="no artwork in this collection has a qualifier"):
        fitting(store, artist=["Claude Monet"], qualifier=["near"])


def test_similar_names(store: Store) -> None:
    assert similar_names(store, "artist", "van Goch") == ["Vincent van Gogh"]
    assert similar_names(store, "artist", "qqqq") == []


HANDS: list[tuple[str, list[tuple[str, str, str, str, str]]]] = [
    # Work: its artists as (name, own number, ULAN, Wikidata, qualifier)
    ("a", [("Thomas Sully", "1915", "-", "Q35", "by"),
           ("Gilbert Stuart", "1911", "500010392", "-", "after")]),
    ("b", [("Gilbert Stuart", "1911", "500010392", "-", "by")]),
    ("c", [("Rembrandt van Rijn", "1822", "500011051", "Q5598", "workshop"),
           ("Gilbert Stuart", "1911", "500010392", "-", "possibly"),
           ("Nobody", "-", "-", "-", "by")]),
    ("d", [("Rembrandt van Rijn", "1822", "500011051", "Q5598", "with workshop")]),
    ("e", [("Nobody", "-", "-", "-", "attributed"), ("Thomas Sully", "1915", "-", "Q35", "after")]),
    ("f", [("American 19th Century", "-", "-", "-", "anonymous")]),
    ("g", [("Élisabeth Vigée Le Brun", "2002", "500010070", "-", "imitator"),
           ("Thomas Sully", "1915", "-", "Q35", "by")]),
]  # fmt: skip

FACTS: dict[str, dict[str, Any]] = {
    "a": {"nationality": "American", "school": "Boston; American", "accession": "1937.1.1",
          "year_begin": 1800, "year_end": 1810},
    "b": {"nationality": "American", "accession": "1937.1.2; 1937.1.3", "year_begin": 1755,
          "year_end": 1828, "date_basis": "artist's life"},
    "c": {"nationality": "Dutch; American", "school": "Dütch", "year_begin": 1650},
    "d": {"nationality": "Dutch", "school": "Dutch", "year_end": 1669},
    "e": {"accession": "INV 12"},
    "g": {"nationality": "French", "date_basis": "artist's life"},
}  # fmt: skip


def make_hands_work(work_id: str, hands: list[tuple[str, str, str, str, str]]) -> Artwork:
    fields = ("artist", "artist_id", "ulan", "artist_wikidata", "qualifier")
    columns = (list(column) for column in zip(*hands, strict=True))
    values: dict[str, Any] = {
        field: "; ".join(column) if set(column) != {"-"} else None
        for field, column in zip(fields, columns, strict=True)
    }
    return Artwork(id=work_id, image="x", **values, **FACTS.get(work_id, {}))


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    location = tmp_path_factory.mktemp("hands") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        works = [make_hands_work(*work) for work in HANDS]
        works.append(Artwork(id="plain", image="x", artist="Thomas Sully"))
        opened.upsert(
            [Point(work.point_id, {"visual": [1.0] * 8}, work.to_payload()) for work in works]
        )
        yield opened


def works_of(artists: set[str] | None, qualifiers: set[str] | None) -> set[str]:
    """The works in which one of the artists, by name or number, has one of the parts."""
    found = set()
    for work_id, hands in HANDS:
        for *names, qualifier in hands:
            if (artists is None or artists & (set(names) - {"-"})) and (
                qualifiers is None or qualifier in qualifiers
            ):
                found.add(work_id)
    may_be_by = qualifiers is None or "by" in qualifiers
    if may_be_by and (artists is None or "Thomas Sully" in artists):
        found.add("plain")  # it has no qualifier
    return found


NAMES = sorted({name for _, hands in HANDS for hand in hands for name in hand[:4]} - {"-"})


@pytest.mark.parametrize("artist", [None, *NAMES])
def test_each_artist_with_each_qualifier(artist: str | None, museum: Store) -> None:
    artists = [artist] if artist else []
    correct = {artist} if artist else None
    assert fitting(museum, artist=artists) == works_of(correct, None)
    for qualifier in Qualifier:
        expected = works_of(correct, {qualifier})
        assert fitting(museum, artist=artists, qualifier=[qualifier]) == expected
    near = works_of(correct, {str(value) for value in NEAR})
    assert fitting(museum, artist=artists, qualifier=["near"]) == near
    assert fitting(museum, artist=artists, qualifier=list(Qualifier)) == works_of(
        correct, {str(value) for value in Qualifier}
    )


@pytest.mark.parametrize("pair", list(itertools.combinations(NAMES, 2)), ids=" or ".join)
def test_any_of_two_artists_with_any_of_two_qualifiers(
    pair: tuple[str, str], museum: Store
) -> None:
    assert fitting(museum, artist=pair) == works_of(set(pair), None)
    for qualifiers in (("by", "after"), ("workshop", "possibly"), ("attributed", "anonymous")):
        assert fitting(museum, artist=pair, qualifier=qualifiers) == works_of(
            set(pair), set(qualifiers)
        )


def test_a_part_that_another_artist_has_does_not_count(museum: Store) -> None:
    assert fitting(museum, artist=["Thomas Sully"], qualifier=["after"]) == {"e"}
    assert fitting(museum, artist=["500010392"], qualifier=["after"]) == {"a"}
    assert fitting(museum, artist=["500010392"], qualifier=["by"]) == {"b"}


@pytest.mark.parametrize(
    "spelling", ["elisabeth vigee le brun", "ELISABETH_VIGEE  LE BRUN", "2002", "500010070"]
)
def test_spellings_of_an_artist_with_a_qualifier(spelling: str, museum: Store) -> None:
    assert fitting(museum, artist=[spelling], qualifier=["imitator of"]) == {"g"}


@pytest.mark.parametrize(
    ("word", "qualifier"),
    [
        ("Attributed to", "attributed"), ("ATTRIBUTED", "attributed"), ("Workshop of", "workshop"),
        ("with_workshop", "with workshop"), ("  after ", "after"), ("By", "by"),
        ("anonymous", "anonymous"), ("Imitator Of", "imitator"),
    ],
)  # fmt: skip
def test_qualifiers_as_people_write_them(word: str, qualifier: str, museum: Store) -> None:
    expected = works_of(None, {qualifier})
    assert expected
    assert fitting(museum, qualifier=[word]) == expected


@pytest.mark.parametrize("word", ["", " ", "of", "nearly", "by him", "copyist", "-"])
def test_words_that_are_no_qualifiers(word: str, museum: Store) -> None:
    said = message(lambda: fitting(museum, qualifier=["by", word]))
    assert said == f"unknown qualifier {word!r}; known: {', '.join(Qualifier)}, near"


@pytest.mark.parametrize("artist", ["-", "500", "50001039", "Q", "by", "Gilbert Stuart, by"])
def test_artists_whom_nobody_knows(artist: str, museum: Store) -> None:
    for qualifiers in ([], ["near"]):
        said = message(lambda qualifier=qualifiers: fitting(  # type: ignore[misc]
            museum, artist=["1911", artist], qualifier=qualifier
        ))  # fmt: skip
        assert said.startswith(f"no artist {artist!r}")


@pytest.mark.parametrize(
    ("criteria", "ids"),
    [
        ({"nationality": ["american"]}, {"a", "b", "c"}),
        ({"nationality": ["Dutch", "FRENCH"]}, {"c", "d", "g"}),
        ({"school": ["dutch"]}, {"c", "d"}),
        ({"school": ["American"]}, {"a"}),
        ({"school": ["boston", "Dutch"]}, {"a", "c", "d"}),
        ({"accession": ["1937.1.1"]}, {"a"}),
        ({"accession": ["1937.1.3"]}, {"b"}),
        ({"accession": ["inv 12", "1937.1.2"]}, {"b", "e"}),
        ({"dated": True}, {"a", "c", "d"}),
        ({"dated": True, "years": "1700:"}, {"a", "c"}),
        ({"years": "1755:1828"}, {"a", "b", "c"}),
        ({"dated": True, "nationality": ["American"]}, {"a", "c"}),
        ({"school": ["Dutch"], "artist": ["1822"], "qualifier": ["near"]}, {"c"}),
        ({"nationality": ["French"], "accession": ["INV 12"]}, set()),
    ],
)
def test_facts_of_the_works(criteria: dict[str, Any], ids: set[str], museum: Store) -> None:
    assert fitting(museum, **criteria) == ids


def test_unknown_names_of_terms_are_answered_with_the_closest(museum: Store) -> None:
    said = message(lambda: fitting(museum, nationality=["Amerikan"]))
    assert said == "no nationality 'Amerikan'; closest: American"
    said = message(lambda: fitting(museum, school=["Bostn"]))
    assert said.startswith("no school 'Bostn'; closest: Boston")
    said = message(lambda: fitting(museum, accession=["1937.1.9"]))
    assert said.startswith("no accession '1937.1.9'; closest: 1937.1.")
    # What one field knows, another need not.
    assert message(lambda: fitting(museum, school=["French"])).startswith("no school 'French'")


def test_terms_of_one_field_are_not_those_of_another(store: Store) -> None:
    said = message(lambda: fitting(store, school=["French"]))
    assert said.startswith("no school 'French'")
    assert message(lambda: fitting(store, accession=["1963=1"])).startswith("no accession")


def test_all_criteria_in_words() -> None:
    assert SearchFilters(
        artist=["1822"], qualifier=["near", "by"], nationality=["Dutch"], school=["Delft"],
        accession=["1.2", "1.3"], dated=True,
    ).describe() == [
        "artist 1822", "qualifier near or by", "nationality Dutch", "school Delft",
        "accession 1.2 or 1.3", "dated",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_where_takes_any_unicode_form(form: Literal["NFC", "NFD"], tmp_path: Path) -> None:
    column, value = (unicodedata.normalize(form, text) for text in ("Schließfäch", "Städel"))
    artwork = Artwork(id="a", image="a", extra={column: value})
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as store:
        store.upsert([Point(artwork.point_id, {"visual": [1.0] * 8}, artwork.to_payload())])
        for other in ("NFC", "NFD"):
            pair = unicodedata.normalize(other, "Schließfäch= Städel ")
            assert fitting(store, where=[pair]) == {"a"}
        assert fitting(store, where=[f"{column}=Stadel"]) == set()


@pytest.mark.parametrize(
    "criteria",
    [
        {"artist": ["claude_monet"]}, {"artist": ["Monet, Claude", "Mary Cassatt"]},
        {"style": ["impressionism"]}, {"genre": ["portrait", "NUDE"]}, {"nationality": ["french"]},
        {"school": "Dutch"}, {"accession": "1963"}, {"medium": "canvas oil"},
        {"where": ["room=12"]}, {"where": "framed=true"}, {"where": "classification=painting"},
    ],
)  # fmt: skip
def test_excluded_are_those_that_the_filter_finds(store: Store, criteria: dict[str, Any]) -> None:
    found = fitting(store, **criteria)
    assert found
    excluding = {f"not_{name}": value for name, value in criteria.items()}

    def left(**filters: Any) -> set[str]:
        filter_ = make_filter(SearchFilters.of(**excluding, **filters), store)
        return {str(record.payload["id"]) for record in store.scroll(filter_, keys=["id"])}

    assert left() == IDS - found
    assert left(**criteria) == set()
    assert left(years="1860:1900") == fitting(store, years="1860:1900") - found


def test_any_of_several_values_excludes(store: Store) -> None:
    filters = SearchFilters.of(
        not_medium=["wood", "canvas oil"], not_where=["room=13", "room=12"], not_genre="portrait"
    )
    found = {record.payload["id"] for record in store.scroll(make_filter(filters, store))}
    parts = [{"medium": "wood"}, {"medium": "canvas oil"}, {"where": "room=13"},
             {"where": "room=12"}, {"genre": "portrait"}]  # fmt: skip
    excluded = set[str]().union(*(fitting(store, **each) for each in parts))
    assert found == IDS - excluded == {"unknown"}


def test_an_excluded_name_that_is_unknown_is_refused(store: Store) -> None:
    with pytest.raises(QueryError, match="no artist 'Mone'"):
        make_filter(SearchFilters.of(not_artist="Mone"), store)
    with pytest.raises(QueryError, match="no search field 'not_genra'; closest: not_genre"):
        SearchFilters.of(not_genra="portrait")
    with pytest.raises(QueryError, match="no search field 'years'"):
        SearchFilters(exclude={"years": "1900"})
