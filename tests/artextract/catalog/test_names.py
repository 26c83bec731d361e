import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.catalog.names import (
    closest,
    fold,
    inversions,
    name_words,
    names_with,
    words_of,
)

PAINTERS = (
    "Albrecht Dürer",
    "Artemisia Gentileschi",
    "Berthe Morisot",
    "Camille Pissarro",
    "Claude Monet",
    "Diego Velázquez",
    "Edgar Degas",
    "Edouard Manet",
    "El Greco",
    "Henri Matisse",
    "Jan van Eyck",
    "Johannes Vermeer",
    "Mary Cassatt",
    "Paul Cézanne",
    "Rembrandt van Rijn",
    "Vincent van Gogh",
)


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Édouard_Manet", "edouard manet"),
        ("  edouard \t manet\n", "edouard manet"),
        ("E\u0301douard Manet", "edouard manet"),
        ("ALBRECHT DÜRER", "albrecht durer"),
        ("Straße", "strasse"),
        ("Vilhelm Hammershøi", "vilhelm hammershoi"),
        ("Łukasz", "lukasz"),
        ("Œuvre, Æsop", "oeuvre, aesop"),
        ("Nguyễn Phan Chánh", "nguyen phan chanh"),
        ("Åsa, Đorđe, Šime", "asa, dorde, sime"),
        ("葛飾北斎", "葛飾北斎"),
        ("__", ""),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_fold_keeps_different_names_apart() -> None:
    assert len({fold(name) for name in PAINTERS}) == len(PAINTERS)
    assert fold("Monet") != fold("Manet")
    assert fold("Wood, Grant") != fold("Grant Wood")


@given(st.text(st.characters(categories=["Lu", "Ll", "Nd"]) | st.sampled_from(" _-'.")))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("Money", "Claude Monet"),
        ("monet", "Claude Monet"),
        ("cezanne", "Paul Cézanne"),
        ("VELASQUEZ", "Diego Velázquez"),
        ("Duhrer", "Albrecht Dürer"),
        ("Berthe_Morisot", "Berthe Morisot"),
        ("Rembrant", "Rembrandt van Rijn"),
        ("van Goch", "Vincent van Gogh"),
        ("Johanes Vermer", "Johannes Vermeer"),
    ],
)
def test_closest_finds_the_name_that_was_meant(text: str, best: str) -> None:
    assert closest(text, PAINTERS)[0] == best
    assert closest(text, reversed(PAINTERS))[0] == best


def test_closest_returns_the_spelling_of_the_list() -> None:
    assert closest("paul cezanne", ["Paul Cézanne"]) == ["Paul Cézanne"]


def test_closest_gives_at_most_limit_names_each_once() -> None:
    names = ["Monet", "Monets", "Moneta", "Monetti", "Monet"]
    assert closest("Monet", names, limit=1) == ["Monet"]
    assert closest("Monet", names, limit=2) == ["Monet", "Moneta"]
    assert closest("Monet", names) == ["Monet", "Moneta", "Monets"]


def test_closest_orders_equal_likeness_by_name() -> None:
    names = ["abg", "abf", "abe", "abd"]
    for turn in range(len(names)):
        assert closest("abc", names[turn:] + names[:turn]) == ["abd", "abe", "abf"]


@pytest.mark.parametrize("text", ["zzzz", "xkqw", ""])
def test_closest_names_nothing_where_nothing_is_similar(text: str) -> None:
    assert closest(text, PAINTERS) == []


def test_closest_leaves_out_names_far_behind_the_best() -> None:
    assert closest("Rembrandt van Rijn", PAINTERS) == ["Rembrandt van Rijn"]
    found = closest("Claude Monet", [*PAINTERS, "Claude Manet"], limit=len(PAINTERS))
    assert found == ["Claude Monet", "Claude Manet"]


def test_closest_among_no_names() -> None:
    assert closest("Monet", []) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Boating Party", ["the", "boating", "party"]),
        ("Señora, señora_SENORA!", ["senora"]),
        ("Huile, sur toile (1888)", ["huile", "sur", "toile", "1888"]),
        ("b a b", ["b", "a"]),
        ("...", []),
        ("", []),
    ],
)
def test_words_of(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Claude Monet", "Monet, Claude"),
        ("CLAUDE MONET", "claude\u00a0monet"),
        ("Paul Cézanne", "Ce\u0301zanne, Paul"),
        ("Georgia O'Keeffe", "Georgia O\u2019Keeffe"),
        ("Georgia O'Keeffe", "OKeeffe, Georgia"),
        ("J. M. W. Turner", "Turner, J.M.W."),
        ("JMW Turner", "J.M.W. Turner"),
        ("H.R. Giger", "HR Giger"),
        ("Henri de Toulouse-Lautrec", "Henri de Toulouse\u2011Lautrec"),
        ("Henri de Toulouse\u2013Lautrec", "toulouse lautrec, henri de"),
        ("Gogh, Vincent van", "Vincent van Gogh"),
        ("Vilhelm Hammershøi", "vilhelm hammershoi"),
        ("Jean\u00adFrançois Millet", "Millet, Jean\u200bFrancois"),
    ],
)
def test_spellings_of_a_name_meet(one: str, other: str) -> None:
    assert names_with(one, [other, "Nobody"]) == [other]
    assert names_with(other, ["Nobody", one]) == [one]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("van gogh", ["Vincent van Gogh"]),
        ("GOGH", ["Vincent van Gogh"]),
        ("de la tour", ["Georges de La Tour", "Maurice Quentin de La Tour"]),
        ("toulouse-lautrec", ["Henri de Toulouse-Lautrec"]),
        ("La Tour, Georges de", ["Georges de La Tour"]),
        ("Monet", ["Claude Monet"]),
        ("Mone", []),
        ("Monet Manet", []),
        ("", []),
        ("...", []),
    ],
)
def test_all_words_anywhere_in_a_name(text: str, names: list[str]) -> None:
    others = ["Georges de La Tour", "Maurice Quentin de La Tour", "Henri de Toulouse-Lautrec"]
    assert names_with(text, [*PAINTERS, *others]) == names


def test_the_whole_name_goes_before_longer_ones() -> None:
    names = ["Pieter Bruegel the Elder", "Pieter Bruegel", "Jan Bruegel"]
    assert names_with("bruegel, pieter", names) == ["Pieter Bruegel"]
    assert names_with("Pieter the Elder", names) == ["Pieter Bruegel the Elder"]


@settings(derandomize=True)
@given(st.lists(st.sampled_from(["Anna", "de", "la", "Ruiz", "Li", "van"]), min_size=1, max_size=4))
def test_an_inverted_name_is_inverted_back(words: list[str]) -> None:
    name = " ".join(words).lower()
    for inverted in inversions(name)[1:]:
        assert inversions(inverted) == [inverted, name]
        assert set(name_words(inverted)) == set(name_words(name))


@settings(derandomize=True)
@given(st.text(max_size=20))
def test_words_of_any_name_are_not_changed_by_reading_them_again(name: str) -> None:
    assert name_words(" ".join(name_words(name))) == name_words(name)
