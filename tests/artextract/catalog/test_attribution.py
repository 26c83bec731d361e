"""Attributions: phrases as cataloguers write them, and every one of a museum's own."""

import csv
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from artextract.catalog.artwork import Artwork
from artextract.catalog.attribution import (
    NEAR,
    Attribution,
    Qualifier,
    find_qualifier,
    normalize_qualifiers,
    parse_attribution,
    read_hands,
)
from artextract.catalog.reading import read_catalog

Pairs = list[tuple[str, str]]

KNOWN = {
    "Currier and Ives", "Titian", "Raphael", "Life after Death", "School of Fontainebleau",
    "Gesina ter Borch", "Ben & Jerry", "Workshop Wonders",
}  # fmt: skip


def read(text: str) -> Pairs:
    return [(a.artist, a.qualifier.value) for a in parse_attribution(text, KNOWN.__contains__)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # One artist and nothing else
        ("Titian", [("Titian", "by")]),
        ("  Titian ", [("Titian", "by")]),
        ("Philip  Alexius\tde László", [("Philip Alexius de László", "by")]),
        ("Master of the Osservanza", [("Master of the Osservanza", "by")]),
        ("Master of the School of Love", [("Master of the School of Love", "by")]),
        ("Giovanni Francesco Barbieri, called Guercino",
         [("Giovanni Francesco Barbieri, called Guercino", "by")]),
        ("El Greco (Domenikos Theotokopoulos)", [("El Greco (Domenikos Theotokopoulos)", "by")]),
        ("Titian (?)", [("Titian", "possibly")]),
        ("Gilbert Stuart, completed by an unknown artist", [("Gilbert Stuart", "by")]),
        # Nobody
        ("", []),
        ("   ", []),
        (",", []),
        (";", []),
        (" ; , ", []),
        # A phrase before the name
        ("Attributed to Titian", [("Titian", "attributed")]),
        ("attributed to Titian", [("Titian", "attributed")]),
        ("Ascribed to Titian", [("Titian", "attributed")]),
        ("Formerly attributed to Titian", [("Titian", "formerly")]),
        ("Formerly given to Titian", [("Titian", "formerly")]),
        ("formerly by Titian", [("Titian", "formerly")]),
        ("Formerly attributed to the Workshop of Titian", [("Titian", "formerly")]),
        ("Workshop of Titian", [("Titian", "workshop")]),
        ("Atelier of Titian", [("Titian", "workshop")]),
        ("Studio of Sir Peter Paul Rubens", [("Sir Peter Paul Rubens", "studio")]),
        ("Probably chiefly studio of Sir Peter Lely", [("Sir Peter Lely", "studio")]),
        ("Assistant of Titian", [("Titian", "assistant")]),
        ("Associate of Titian", [("Titian", "assistant")]),
        ("Pupil of Titian", [("Titian", "pupil")]),
        ("Student of Titian", [("Titian", "pupil")]),
        ("School of Titian", [("Titian", "school")]),
        ("Circle of Titian", [("Titian", "circle")]),
        ("Follower of the Master of Flémalle", [("Master of Flémalle", "follower")]),
        ("Style of Titian", [("Titian", "style")]),
        ("in the style of Titian", [("Titian", "style")]),
        ("Manner of Goya", [("Goya", "manner")]),
        ("in the manner of Goya", [("Goya", "manner")]),
        ("Imitator of Vincent van Gogh", [("Vincent van Gogh", "imitator")]),
        ("Forger of Vermeer", [("Vermeer", "imitator")]),
        ("after Titian", [("Titian", "after")]),
        ("Copy after Raphael", [("Raphael", "after")]),
        ("Copies after Raphael", [("Raphael", "after")]),
        ("copy of Raphael", [("Raphael", "after")]),
        ("Copyist of Raphael", [("Raphael", "after")]),
        ("Workshop or Follower of Titian", [("Titian", "workshop")]),
        ("Attributed to the Workshop of Titian", [("Titian", "workshop")]),
        # A word behind it
        ("Rembrandt Workshop", [("Rembrandt", "workshop")]),
        ("Titian and Workshop ", [("Titian", "with workshop")]),
        ("Titian, and Workshop", [("Titian", "with workshop")]),
        ("Titian & Workshop", [("Titian", "with workshop")]),
        ("Titian and his Studio", [("Titian", "with workshop")]),
        ("Master of Saint Giles and Assistant", [("Master of Saint Giles", "with workshop")]),
        ("Attributed to Titian and Workshop", [("Titian", "attributed")]),
        ("Titian or Workshop", [("Titian", "possibly")]),
        ("Andrea Mantegna or Follower (Possibly Giulio Campagnola)",
         [("Andrea Mantegna", "possibly"), ("Giulio Campagnola", "possibly")]),
        # Doubt
        ("possibly Titian", [("Titian", "possibly")]),
        ("Possibly by Titian", [("Titian", "possibly")]),
        ("Probably by Titian", [("Titian", "possibly")]),
        ("Perhaps Titian", [("Titian", "possibly")]),
        ("Possibly after Raphael", [("Raphael", "after")]),
        ("possibly Circle of Titian", [("Titian", "circle")]),
        ("Rembrandt Workshop (Probably Constantijn van Renesse)",
         [("Rembrandt", "workshop"), ("Constantijn van Renesse", "possibly")]),
        ("Sir Peter Paul Rubens (and possibly Jacob Jordaens)",
         [("Sir Peter Paul Rubens", "by"), ("Jacob Jordaens", "possibly")]),
        ("Raphael and possibly Titian", [("Raphael", "by"), ("Titian", "possibly")]),
        ("Master of the Osservanza (Sano di Pietro?)",
         [("Master of the Osservanza", "by"), ("Sano di Pietro", "possibly")]),
        ("Titian (possibly Circle of Raphael)", [("Titian", "by"), ("Raphael", "circle")]),
        # Several
        ("Giovanni Bellini and Titian", [("Giovanni Bellini", "by"), ("Titian", "by")]),
        ("Giovanni Bellini & Titian", [("Giovanni Bellini", "by"), ("Titian", "by")]),
        ("Raphael; Titian", [("Raphael", "by"), ("Titian", "by")]),
        ("Raphael ; attributed to Titian", [("Raphael", "by"), ("Titian", "attributed")]),
        ("Attributed to Gesina ter Borch and Titian",
         [("Gesina ter Borch", "attributed"), ("Titian", "attributed")]),
        ("after Raphael and Titian", [("Raphael", "after"), ("Titian", "after")]),
        ("Workshop of Titian and Follower of Raphael",
         [("Titian", "workshop"), ("Raphael", "follower")]),
        ("Carel Fabritius and Workshop of Titian",
         [("Carel Fabritius", "by"), ("Titian", "workshop")]),
        ("Thomas Sully, after Gilbert Stuart",
         [("Thomas Sully", "by"), ("Gilbert Stuart", "after")]),
        ("Frans Huys after Pieter Bruegel the Elder",
         [("Frans Huys", "by"), ("Pieter Bruegel the Elder", "after")]),
        ("Attributed to Hieronymus Wierix after Lucas van Leyden",
         [("Hieronymus Wierix", "attributed"), ("Lucas van Leyden", "after")]),
        ("Titian and Workshop, after Raphael",
         [("Titian", "with workshop"), ("Raphael", "after")]),
        # Names that look like several, or like a phrase
        ("Currier and Ives", [("Currier and Ives", "by")]),
        ("after Currier and Ives", [("Currier and Ives", "after")]),
        ("Currier and Ives, after Titian", [("Currier and Ives", "by"), ("Titian", "after")]),
        ("Titian and Currier and Ives", [("Titian", "by"), ("Currier and Ives", "by")]),
        ("Ben & Jerry", [("Ben & Jerry", "by")]),
        ("Life after Death", [("Life after Death", "by")]),
        ("School of Fontainebleau", [("School of Fontainebleau", "by")]),
        ("Possibly School of Fontainebleau", [("School of Fontainebleau", "possibly")]),
        # Names that are lost
        ("American 19th Century", [("American 19th Century", "anonymous")]),
        ("Possibly British 18th Century", [("British 18th Century", "anonymous")]),
        ("Attributed to British 18th Century", [("British 18th Century", "anonymous")]),
        ("Unknown 18th Century", [("Unknown 18th Century", "anonymous")]),
        ("Anonymous", [("Anonymous", "anonymous")]),
        ("unidentified artist", [("unidentified artist", "anonymous")]),
        ("Byzantine 13th Century (possibly from Constantinople)",
         [("Byzantine 13th Century", "anonymous")]),
        ("Antwerp 16th Century (Possibly Matthys Cock)",
         [("Antwerp 16th Century", "anonymous"), ("Matthys Cock", "possibly")]),
        ("American 19th Century, after Titian",
         [("American 19th Century", "anonymous"), ("Titian", "after")]),
    ],
)  # fmt: skip
def test_phrases(text: str, expected: Pairs) -> None:
    assert read(text) == expected


def test_without_known_names_and_joins_names() -> None:
    assert parse_attribution("Currier and Ives") == [
        Attribution("Currier", Qualifier.BY), Attribution("Ives", Qualifier.BY),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("phrase", "qualifier"),
    [
        ("attributed to", Qualifier.ATTRIBUTED),
        ("  Attributed To ", Qualifier.ATTRIBUTED),
        ("formerly attributed to", Qualifier.FORMERLY),
        ("workshop of", Qualifier.WORKSHOP),
        (" and Workshop", Qualifier.WITH_WORKSHOP),
        ("and assistants", Qualifier.WITH_WORKSHOP),
        ("artist after", Qualifier.AFTER),
        ("and after", Qualifier.AFTER),
        ("possibly", Qualifier.POSSIBLY),
        ("probably follower of", Qualifier.FOLLOWER),
        ("", None),
        ("painter", None),
        ("Jr.", None),
        ("afterwards", None),
        ("workshops", None),
    ],
)
def test_qualifier_of_a_phrase(phrase: str, qualifier: Qualifier | None) -> None:
    assert find_qualifier(phrase) is qualifier


def test_near_are_other_hands() -> None:
    assert {Qualifier.WORKSHOP, Qualifier.FOLLOWER, Qualifier.AFTER, Qualifier.IMITATOR} <= NEAR
    assert NEAR.isdisjoint(
        {Qualifier.BY, Qualifier.ATTRIBUTED, Qualifier.WITH_WORKSHOP, Qualifier.ANONYMOUS}
    )


WORDS = st.sampled_from(
    [
        "Titian", "Raphael", "van", "and", "&", "or", "after", "Workshop", "of", "the", "possibly",
        "by", "Attributed", "to", "(", ")", "?", ",", ";", "19th", "Century", "Copy", "in",
        "manner",
    ]
)  # fmt: skip


@given(st.lists(WORDS, max_size=9).map(" ".join) | st.text(max_size=30))
def test_any_text_gives_names_that_stand_in_it(text: str) -> None:
    written = re.sub(r"\W+", "", text)
    for artist, _ in read(text):
        assert artist.strip(" ,;") == artist != ""
        for part in re.split(r"\W+", artist):
            assert part in written


# What comes first in an attribution, and what that is; "" and the bare name by default.
PREFIXES = {
    "Attributed to ": "attributed", "Circle of ": "circle", "Follower of ": "follower",
    "Imitator of ": "imitator", "Studio of ": "studio", "Style of ": "style",
    "Workshop of ": "workshop", "after ": "after",
}  # fmt: skip
JOINED = re.compile(r" and (Workshop|Studio|Assistant)\s*$")


def in_plain_words(text: str) -> Pairs:
    """The same for the forms of NGA's paintings, without a grammar."""
    asides: Pairs = []
    if match := re.search(r" \((?:(?:and )?(?:Probably|Possibly|possibly) (.*)|(.*)\?)\)$", text):
        name = match[1] or match[2]
        asides = [(name, "possibly")] if not name.startswith("from ") else []
        text = text[: match.start()]
    pairs: Pairs = []
    for text_of_one in text.strip().split(", after "):
        qualifier = "after" if pairs else "by"
        name = text_of_one
        for prefix, value in PREFIXES.items():
            if name.startswith(prefix):
                qualifier, name = value, name.removeprefix(prefix)
        if JOINED.search(name):
            qualifier, name = "with workshop", JOINED.sub("", name)
        elif name.endswith(" Workshop"):
            qualifier, name = "workshop", name.removesuffix(" Workshop")
        if name.endswith(" Century"):
            qualifier, name = "anonymous", re.sub("^(Possibly|Probably) ", "", name)
        pairs += [(" ".join(each.split()), qualifier) for each in name.split(" and ")]
    return pairs + asides


OUTLIERS = {
    "Andrea Mantegna or Follower (Possibly Giulio Campagnola)": [
        ("Andrea Mantegna", "possibly"), ("Giulio Campagnola", "possibly"),
    ],
    "Gilbert Stuart, completed by an unknown artist": [("Gilbert Stuart", "by")],
    "Probably chiefly studio of Sir Peter Lely": [("Sir Peter Lely", "studio")],
    "Prior-Hamblin School": [("Prior-Hamblin", "school")],
    "Workshop or Follower of Titian": [("Titian", "workshop")],
}  # fmt: skip


def read_column(path: Path, column: str) -> set[str]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        return {row[column] for row in csv.DictReader(file)}


def test_every_attribution_of_a_museums_paintings(shared: Path) -> None:
    nga = shared / "data" / "nga"
    names = read_column(nga / "constituents.csv", "forwarddisplayname")
    texts = read_column(nga / "objects.csv", "attribution")
    artists = {name for name in names if find_qualifier(name) is None}
    assert len(texts - names) > 100
    for text in sorted(texts):
        found = parse_attribution(text, artists.__contains__)
        expected = OUTLIERS.get(text) or in_plain_words(text)
        assert [(a.artist, a.qualifier.value) for a in found] == expected, text


def test_former_attributions_of_a_museum_leave_no_phrase_in_a_name(shared: Path) -> None:
    texts = read_column(shared / "data/nga/objects_historical_data.csv", "forwardtext")
    phrase = re.compile(
        r"^(attributed|ascribed|follower|workshop|circle|studio|imitator|copy|after)\b", re.I
    )
    left = {
        (text, a.artist)
        for text in texts
        for a in parse_attribution(text)
        if phrase.search(a.artist) or a.artist.endswith((" and Workshop", " Workshop"))
    }
    assert not left


@pytest.mark.parametrize(
    ("text", "artist", "qualifier"),
    [
        ("after Hendrick Goltzius", "Hendrick Goltzius", "after"),
        ("Hendrick Goltzius (after)", "Hendrick Goltzius", "after"),
        ("Goltzius, Hendrick (after)", "Goltzius, Hendrick", "after"),
        ("Rembrandt van Rijn, follower of", "Rembrandt van Rijn", "follower"),
        ("Rembrandt, attributed to", "Rembrandt", "attributed"),
        ("Attributed to: Rembrandt", "Rembrandt", "attributed"),
        ("after Currier and Ives", "Currier and Ives", "after"),
        ("Rembrandt van Rijn and Workshop", "Rembrandt van Rijn", "with workshop"),
        ("Thomas Sully, after Gilbert Stuart", "Thomas Sully; Gilbert Stuart", "by; after"),
        ("Thomas Sully; after Gilbert Stuart", "Thomas Sully; Gilbert Stuart", "by; after"),
        ("Workshop of Titian and Follower of Raphael", "Titian; Raphael", "workshop; follower"),
        ("Rembrandt?", "Rembrandt", "possibly"),
        ("Rembrandt (?)", "Rembrandt", "possibly"),
        ("? Rembrandt", "Rembrandt", "possibly"),
        ("Attr. to Titian", "Titian", "attributed"),
        ("Titian (attr.)", "Titian", "attributed"),
        ("Titian (possibly)", "Titian", "possibly"),
        ("Titian, probably", "Titian", "possibly"),
        ("Titian (vermutlich)", "Titian", "possibly"),
        ("Close follower of Titian", "Titian", "follower"),
        ("Attributed to a follower of Titian", "Titian", "follower"),
        ("Print after Titian", "Titian", "after"),
        ("Engravings after Titian", "Titian", "after"),
        ("Copy after a lost painting by Jan van Eyck", "Jan van Eyck", "after"),
        ("after a design by Titian", "Titian", "after"),
        ("after A. R. Penck", "A. R. Penck", "after"),
        ("Titian's workshop", "Titian", "workshop"),
        ("Rubens\u2019 workshop", "Rubens", "workshop"),
        ("Titian: workshop", "Titian", "workshop"),
        ("Follower of : Titian", "Titian", "follower"),
        ("[Attributed to] Titian", "Titian", "attributed"),
        ("(Attributed to Titian)", "Titian", "attributed"),
        ("(after) Titian", "Titian", "after"),
        ("Titian [after]", "Titian", "after"),
        ("Titian \u2013 follower of", "Titian", "follower"),
        ("Marcantonio Raimondi (after Raphael)", "Marcantonio Raimondi; Raphael", "by; after"),
        ("Unknown (after Titian)", "Unknown; Titian", "anonymous; after"),
        # German
        ("Umkreis Hendrick Goltzius", "Hendrick Goltzius", "circle"),
        ("Werkstatt des Lucas Cranach d. Ä.", "Lucas Cranach d. Ä.", "workshop"),
        ("Rembrandt-Werkstatt", "Rembrandt", "workshop"),
        ("Lucas Cranach d. Ä. und Werkstatt", "Lucas Cranach d. Ä.", "with workshop"),
        ("Albrecht Dürer zugeschrieben", "Albrecht Dürer", "attributed"),
        ("Hieronymus Bosch (Nachfolger)", "Hieronymus Bosch", "follower"),
        ("Kopie nach Raffael", "Raffael", "after"),
        ("Lucas Vorsterman nach Rubens", "Lucas Vorsterman; Rubens", "by; after"),
        ("in der Art von Rubens", "Rubens", "manner"),
        ("vermutlich Dürer", "Dürer", "possibly"),
        # French
        ("atelier de Georges de La Tour", "Georges de La Tour", "workshop"),
        ("RUBENS Peter Paul (atelier de)", "RUBENS Peter Paul", "workshop"),
        ("attribué à Nicolas Poussin", "Nicolas Poussin", "attributed"),
        ("REMBRANDT (d'après)", "REMBRANDT", "after"),
        ("D\u2019après Raphaël", "Raphaël", "after"),
        ("entourage de Poussin", "Poussin", "circle"),
        ("suiveur de Bosch", "Bosch", "follower"),
        ("élève d'Ingres", "Ingres", "pupil"),
        ("à la manière de Watteau", "Watteau", "manner"),
        ("Watteau et son atelier", "Watteau", "with workshop"),
        # Italian
        ("bottega di Tiziano", "Tiziano", "workshop"),
        ("Guercino (attribuito)", "Guercino", "attributed"),
        ("cerchia di Leonardo", "Leonardo", "circle"),
        ("seguace di Leonardo da Vinci", "Leonardo da Vinci", "follower"),
        ("copia da Raffaello", "Raffaello", "after"),
        # Dutch
        ("toegeschreven aan Frans Hals", "Frans Hals", "attributed"),
        ("navolger van Bosch", "Bosch", "follower"),
        ("Jan Saenredam naar Hendrick Goltzius", "Jan Saenredam; Hendrick Goltzius", "by; after"),
        ("Rembrandt (omgeving van)", "Rembrandt", "circle"),
        # Spanish
        ("taller de El Greco", "El Greco", "workshop"),
        ("atribuido a Zurbarán", "Zurbarán", "attributed"),
        ("círculo de Ribera", "Ribera", "circle"),
        ("seguidor de Goya", "Goya", "follower"),
        ("Goya y taller", "Goya", "with workshop"),
    ],
)
def test_qualifiers_in_the_artist_of_any_catalog(text: str, artist: str, qualifier: str) -> None:
    expected = {"artist": artist, "attribution": text, "qualifier": qualifier}
    assert read_hands(text, None) == expected
    assert read_hands(None, text) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Hendrick Goltzius", "Currier and Ives", "Gilbert & George", "Leonardo da Vinci",
        "Georges de La Tour", "Master of the School of Love", "Hans Schüler", "Karl Kreis",
        "Art & Language", "Eames Studio", "Robert A.M. Stern Associates", "Atelier Van Lieshout",
        "Wiener Werkstätte", "Copie Conforme", "Ortega y Gasset", "Nacho Duato", "after",
        "Skidmore, Owings & Merrill", "El Greco (Domenikos Theotokopoulos)", "École française",
        "Academy of Art", "Kansas City School of Art", "Ministry of Style", "[Titian]",
        "Marcantonio Raimondi (after 1470-1534)", "Van Dyck, Print", "Titian - Venice",
    ],
)  # fmt: skip
def test_names_without_a_qualifier_stay_as_they_are(name: str) -> None:
    assert read_hands(name, None) == {"artist": name}


def test_an_attribution_beside_the_artist_gives_the_qualifier() -> None:
    assert read_hands("Rembrandt van Rijn", "Workshop of Rembrandt") == {
        "artist": "Rembrandt van Rijn",
        "attribution": "Workshop of Rembrandt",
        "qualifier": "workshop",
    }
    several = read_hands("Gilbert Stuart; Thomas Sully", "Thomas Sully, after Gilbert Stuart")
    assert several["artist"] == "Gilbert Stuart; Thomas Sully"
    assert several["qualifier"] == "after; by"
    assert read_hands("Titian", "Titian, signed") == {
        "artist": "Titian",
        "attribution": "Titian, signed",
    }
    assert read_hands(None, None) == {}


@pytest.mark.parametrize(
    ("text", "qualifiers"),
    [
        ("Attributed to; Artist", "attributed; by"),
        ("after", "after"),
        ("Umkreis von", "circle"),
        ("d'après", "after"),
        ("with workshop", "with workshop"),
        ("and Workshop", "with workshop"),
        ("-; Follower of", "-; follower"),
        ("engraver", "engraver"),
    ],
)
def test_qualifiers_in_a_column_of_their_own(text: str, qualifiers: str) -> None:
    assert normalize_qualifiers(text) == qualifiers


FOREIGN = [
    "nach",
    "Umkreis",
    "atelier de",
    "d'après",
    "bottega di",
    "naar",
    "et",
    "y",
    "zugeschrieben",
    "(after)",
]


@settings(derandomize=True)
@given(st.lists(WORDS | st.sampled_from(FOREIGN), max_size=9).map(" ".join) | st.text(max_size=30))
def test_any_artist_gives_names_that_stand_in_it(text: str) -> None:
    fields = read_hands(text, None)
    if "qualifier" not in fields:
        assert fields == ({"artist": text} if text else {})
        return
    artists, qualifiers = fields["artist"].split("; "), fields["qualifier"].split("; ")
    assert len(artists) == len(qualifiers)
    assert set(qualifiers) <= set(Qualifier)
    assert all(artist.strip() and artist in " ".join(text.split()) for artist in artists)


def test_a_very_long_artist_is_left_as_it_is() -> None:
    text = "attributed to " * 20_000 + "Titian"
    assert read_hands(text, None) == {"artist": text}


def test_qualifiers_of_a_catalog_are_read(tmp_path: Path) -> None:
    path = tmp_path / "prints.csv"
    path.write_text(
        "file,artist,attribution,qualifier\n"
        "1.jpg,Hendrick Goltzius,,\n"
        "2.jpg,after Hendrick Goltzius,,\n"
        "3.jpg,,Umkreis Hendrick Goltzius,\n"
        "4.jpg,Hendrick Goltzius,,Follower of\n"
        "5.jpg,,Hendrick Goltzius,\n"
    )
    artworks = [row for _, row in read_catalog(path) if isinstance(row, Artwork)]
    assert [artwork.artist for artwork in artworks] == ["Hendrick Goltzius"] * 5
    assert [artwork.qualifier for artwork in artworks] == [
        None, "after", "circle", "follower", None,
    ]  # fmt: skip
    assert [artwork.maker for artwork in artworks[1:3]] == [
        "after Hendrick Goltzius",
        "Umkreis Hendrick Goltzius",
    ]
    assert "hand=hendrick goltzius, circle" in artworks[2].to_payload()["folded"]["terms"]
