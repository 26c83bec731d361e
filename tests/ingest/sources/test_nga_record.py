"""From a joined row to an artwork: hands, years, sizes and addresses."""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.attribution import Qualifier, find_qualifier
from artextract.store import ModelIdentity, Point, Store, create_store
from ingest.sources.nga_record import Constituents, make_artwork, parse_dimensions, request_side
from ingest.sources.nga_tables import Selection, Tables, select
from search.filtering import make_filter
from search.request import SearchFilters

PEOPLE: list[dict[str, str | None]] = [
    {"constituentid": number, "forwarddisplayname": name, "preferreddisplayname": inverted,
     "ulanid": ulan, "wikidataid": wikidata, "nationality": nationality, "beginyear": begin,
     "endyear": end}
    for number, name, inverted, ulan, wikidata, nationality, begin, end in [
        ("1822", "Rembrandt van Rijn", "Rembrandt van Rijn", "500011051", "Q5598", "Dutch",
         "1606", "1669"),
        ("1775", "Rembrandt Peale", "Peale, Rembrandt", "500019719", "Q375926", "American",
         "1778", "1860"),
        ("1933", "Rembrandt Workshop", "Rembrandt Workshop", None, None, "Dutch", None, None),
        ("1911", "Gilbert Stuart", "Stuart, Gilbert", "500010392", "Q41402", "American",
         "1755", "1828"),
        ("1915", "Thomas Sully", "Sully, Thomas", None, "Q3525575", "American", "1783", "1872"),
        ("1932", "Titian", "Titian", "500031075", "Q47551", "Italian", "1490", "1576"),
        ("2000", "Currier and Ives", "Currier and Ives", "500000001", None, "American",
         "1834", "1907"),
        ("2001", "American 19th Century", "American 19th Century", None, None, "American",
         None, None),
        ("2002", "\u00c9lisabeth Vig\u00e9e Le Brun", "Vig\u00e9e Le Brun, \u00c9lisabeth",
         "500010070", None, "French", "1755", "1842"),
        ("2003", "A; B", "A; B", "500000002", None, None, None, None),
        ("2004", "Master of Rome", "Master of Rome", None, None, None, "-50", "20"),
        ("2005", None, None, None, None, None, None, None),
    ]
]  # fmt: skip
BY_NAME = {person["forwarddisplayname"]: person for person in PEOPLE}
KNOWN = Constituents(PEOPLE)

ROW: dict[str, Any] = {
    "objectid": "96999", "title": "Miss Beatrice Townsend", "classification": "Painting",
    "attribution": "Titian", "accessionnum": "2006.128.31", "displaydate": "1882",
    "beginyear": "1882", "endyear": "1882", "medium": "oil on canvas",
    "dimensions": "overall: 79.4 x 58.4 cm (31 1/4 x 23 in.)", "creditline": "Mellon Collection",
    "departmentabbr": "CAB", "wikidataid": "Q20189519", "subclassification": None,
    "constituents": None, "schools": None, "styles": None, "themes": None, "techniques": None,
    "keywords": None, "places": None, "former_attributions": None,
    "uuid": "ebb7", "iiifurl": "https://iiif.example/ebb7", "viewtype": "primary",
    "width": 3000, "height": 4000, "maxpixels": None, "openaccess": True, "modified": None,
    "assistivetext": None, "images": 1, "is_first": True,
}  # fmt: skip


def link(
    name: str, prefix: str | None = None, suffix: str | None = None, role: str | None = "painter"
) -> Mapping[str, str | None]:
    return {**BY_NAME[name], "role": role, "prefix": prefix, "suffix": suffix}


def make(side: int = 640, **changes: Any) -> Artwork:
    return make_artwork({**ROW, **changes}, KNOWN, side)


def hands(
    attribution: str | None, *constituents: Mapping[str, str | None]
) -> tuple[str | None, str | None]:
    work = make(attribution=attribution, constituents=list(constituents) or None)
    return work.artist, work.qualifier


def test_a_plain_row() -> None:
    work = make(
        constituents=[link("Titian")],
        schools=["Venetian", "Italian"],
        styles=["Renaissance"],
        themes=["portrait"],
        techniques=["painted surface"],
        keywords=["girl", "dog"],
        places=["Venice"],
        former_attributions=["Follower of Titian", "Rembrandt Peale"],
        subclassification="easel",
        assistivetext="A girl with a dog",
    )
    assert work == Artwork(
        id="nga:96999", image="ebb7", source="nga", title="Miss Beatrice Townsend",
        artist="Titian", artist_id="1932", ulan="500031075", artist_wikidata="Q47551",
        nationality="Italian", attribution="Titian", qualifier="by", display_date="1882",
        year_begin=1882, year_end=1882, classification="Painting", medium="oil on canvas",
        dimensions="overall: 79.4 x 58.4 cm (31 1/4 x 23 in.)", height_cm=79.4, width_cm=58.4,
        style="Renaissance", school="Venetian; Italian", theme="portrait",
        technique="painted surface", department="CAB", accession="2006.128.31",
        credit_line="Mellon Collection", wikidata="Q20189519", alt_text="A girl with a dog",
        page_url="https://www.nga.gov/collection/art-object-page.96999.html",
        image_url="https://iiif.example/ebb7/full/!640,640/0/default.jpg",
        iiif="https://iiif.example/ebb7", open_access=True,
        extra={
            "keyword": "girl; dog", "place_executed": "Venice", "subclassification": "easel",
            "former_attribution": "Follower of Titian; Rembrandt Peale",
        },
    )  # fmt: skip


def test_a_row_of_which_little_is_known() -> None:
    needed = {"objectid", "uuid", "iiifurl", "openaccess", "images", "is_first"}
    work = make_artwork({key: ROW[key] if key in needed else None for key in ROW}, KNOWN, 500)
    assert work == Artwork(
        id="nga:96999", image="ebb7", source="nga", iiif="https://iiif.example/ebb7",
        image_url="https://iiif.example/ebb7/full/!500,500/0/default.jpg", open_access=True,
        page_url="https://www.nga.gov/collection/art-object-page.96999.html",
    )  # fmt: skip
    assert Artwork.from_payload(work.to_payload()) == work


@pytest.mark.parametrize(
    ("attribution", "constituents", "artist", "qualifier"),
    [
        # By the text alone
        ("Titian", [], "Titian", "by"),
        ("Attributed to Titian", [], "Titian", "attributed"),
        ("TITIAN and Workshop", [], "Titian", "with workshop"),
        ("after Elisabeth Vigee Le Brun", [], "\u00c9lisabeth Vig\u00e9e Le Brun", "after"),
        ("Nobody Known", [], "Nobody Known", "by"),
        ("Currier and Ives", [], "Currier and Ives", "by"),
        ("Thomas Sully, after Gilbert Stuart", [], "Thomas Sully; Gilbert Stuart", "by; after"),
        ("American 19th Century", [], "American 19th Century", "anonymous"),
        (None, [], None, None),
        ("", [], None, None),
        # A master who is meant by his first name alone
        ("Rembrandt Workshop", [], "Rembrandt van Rijn", "workshop"),
        ("Follower of Rembrandt", [], "Rembrandt van Rijn", "follower"),
        ("Attributed to Rembrandt Peale", [], "Rembrandt Peale", "attributed"),
        ("Rembrandt Workshop (Probably Constantijn van Renesse)", [],
         "Rembrandt van Rijn; Constantijn van Renesse", "workshop; possibly"),
        # A prefix or suffix says how
        ("Titian", [link("Titian", prefix="attributed to")], "Titian", "attributed"),
        ("Titian", [link("Titian", suffix="and Workshop")], "Titian", "with workshop"),
        ("Follower of Titian", [link("Titian", prefix="circle of")], "Titian", "circle"),
        (None, [link("Titian", prefix="Follower of")], "Titian", "follower"),
        # Without one, the text does
        ("Follower of Titian", [link("Titian")], "Titian", "follower"),
        ("Titian and Workshop", [link("Titian")], "Titian", "with workshop"),
        (None, [link("Titian")], "Titian", "by"),
        ("Attributed to Tiziano Vecellio", [link("Titian")], "Titian", "attributed"),
        # Roles
        ("Thomas Sully", [link("Thomas Sully"), link("Gilbert Stuart", role="artist after")],
         "Thomas Sully; Gilbert Stuart", "by; after"),
        ("Thomas Sully after Gilbert Stuart",
         [link("Thomas Sully", role="printmaker"), link("Gilbert Stuart", role="artist after")],
         "Thomas Sully; Gilbert Stuart", "by; after"),
        ("Titian", [link("Titian", role="Artist")], "Titian", "by"),
        ("Titian", [link("Titian", role=None)], "Titian", "by"),
        # Several, each with his own word
        ("Attributed to Thomas Sully and Workshop of Titian",
         [link("Thomas Sully", prefix="attributed to"), link("Titian", prefix="workshop of")],
         "Thomas Sully; Titian", "attributed; workshop"),
        ("Thomas Sully, after Gilbert Stuart", [link("Gilbert Stuart"), link("Thomas Sully")],
         "Gilbert Stuart; Thomas Sully", "after; by"),
        # Whom only the text names comes last
        ("Titian (possibly Thomas Sully)", [link("Titian")], "Titian; Thomas Sully",
         "by; possibly"),
        ("Thomas Sully, after Gilbert Stuart", [link("Thomas Sully")],
         "Thomas Sully; Gilbert Stuart", "by; after"),
        # A workshop that is a constituent of its own
        ("Rembrandt Workshop", [link("Rembrandt Workshop")], "Rembrandt van Rijn", "workshop"),
        ("Rembrandt Workshop (Probably Titian)", [link("Rembrandt Workshop")],
         "Rembrandt van Rijn; Titian", "workshop; possibly"),
        ("Rembrandt Peale", [link("Rembrandt Peale")], "Rembrandt Peale", "by"),
        # Names that two might have
        ("Currier and Ives", [link("Currier and Ives")], "Currier and Ives", "by"),
        ("American 19th Century", [link("American 19th Century")], "American 19th Century",
         "anonymous"),
        # The same one twice
        ("Titian", [link("Titian"), link("Titian", role="draftsman")], "Titian", "by"),
    ],
)  # fmt: skip
def test_hands(
    attribution: str | None,
    constituents: list[Mapping[str, str | None]],
    artist: str | None,
    qualifier: str | None,
) -> None:
    assert hands(attribution, *constituents) == (artist, qualifier)


def test_a_master_is_meant_by_a_first_name_only_where_no_other_begins_so() -> None:
    other = {**PEOPLE[0], "constituentid": "9", "forwarddisplayname": "Rembrandt of Delft",
             "preferreddisplayname": "Rembrandt of Delft"}  # fmt: skip
    known = Constituents([*PEOPLE, other])
    work = make_artwork({**ROW, "attribution": "Rembrandt Workshop"}, known, 640)
    # The workshop is none of the artists: which master is meant can't be told.
    assert (work.artist, work.qualifier, work.ulan) == ("Rembrandt", "workshop", None)


def test_numbers_stand_in_the_order_of_the_artists() -> None:
    work = make(attribution="Thomas Sully and Nobody Known, after Gilbert Stuart")
    assert work.artist == "Thomas Sully; Nobody Known; Gilbert Stuart"
    assert work.qualifier == "by; by; after"
    assert work.artist_id == "1915; -; 1911"
    assert work.ulan == "-; -; 500010392"
    assert work.artist_wikidata == "Q3525575; -; Q41402"
    assert work.nationality == "American"
    unknown = make(attribution="Nobody Known and No Other")
    assert (unknown.artist_id, unknown.ulan, unknown.nationality) == (None, None, None)


def test_a_name_with_the_sign_between_names_in_it() -> None:
    work = make(attribution="A; B", constituents=[link("A; B")])
    assert work.artist is not None
    fields = (work.artist, work.qualifier, work.artist_id, work.ulan)
    assert len({text.count("; ") for text in fields if text}) == 1
    work.to_payload()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    works = {
        "1": ("Thomas Sully and Nobody Known, after Gilbert Stuart", None),
        "2": ("Gilbert Stuart", None),
        "3": ("Thomas Sully", [link("Thomas Sully"), link("Gilbert Stuart", role="artist after")]),
        "4": ("Thomas Sully (possibly Gilbert Stuart)", None),
        "5": ("Rembrandt Workshop", None),
    }
    location = tmp_path_factory.mktemp("hands") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        for objectid, (attribution, constituents) in works.items():
            work = make(objectid=objectid, attribution=attribution, constituents=constituents)
            opened.upsert([Point(work.point_id, {"visual": [1.0] * 8}, work.to_payload())])
        yield opened


@pytest.mark.parametrize("artist", ["Gilbert Stuart", "1911", "500010392", "Q41402", "q41402"])
@pytest.mark.parametrize(
    ("qualifiers", "ids"),
    [
        ([], {"1", "2", "3", "4"}), (["by"], {"2"}), (["after"], {"1", "3"}),
        (["possibly"], {"4"}), (["near"], {"1", "3"}), (["workshop"], set()),
    ],
)  # fmt: skip
def test_what_search_finds_of_them(
    artist: str, qualifiers: list[str], ids: set[str], store: Store
) -> None:
    filter_ = make_filter(SearchFilters(artist=[artist], qualifier=qualifiers), store)
    found = {str(record.payload["id"]) for record in store.scroll(filter_)}
    assert found == {f"nga:{objectid}" for objectid in ids}


@pytest.mark.parametrize(
    ("shown", "begin", "end", "expected"),
    [
        ("1882", "1882", "1882", (1882, 1882, None)),
        ("c. 1880", "1878", "1882", (1878, 1882, None)),
        ("1882", "1882.0", "1885.0", (1882, 1885, None)),
        # One end only
        ("after 1882", "1882", None, (1882, None, None)),
        ("before 1882", None, "1882", (None, 1882, None)),
        ("before 1882", "0", "1882", (None, 1882, None)),
        # None in the tables: those that are shown
        ("1876/1880", None, None, (1876, 1880, None)),
        ("1876/1880", "0", "0", (1876, 1880, None)),
        ("166[2?]", None, None, (1660, 1669, None)),
        ("some day", None, None, (None, None, None)),
        (None, None, None, (None, None, None)),
        # In the wrong order, or no years
        ("1876", "1890", "1870", (1876, 1876, None)),
        ("some day", "1890", "1870", (None, None, None)),
        ("1876", "n.d.", "?", (1876, 1876, None)),
        ("1876", "inf", "nan", (1876, 1876, None)),
        ("1876", "1e999", "-1e999", (1876, 1876, None)),
        # The artist's life stands in for the work's years
        ("n.d.", "1490", "1576", (1490, 1576, "artist's life")),
        ("", "1490", "1576", (1490, 1576, "artist's life")),
        (None, "1490", "1576", (1490, 1576, "artist's life")),
        (" Undated ", "1490", "1576", (1490, 1576, "artist's life")),
        ("n.d.", "1510", "1520", (1510, 1520, None)),
        ("n.d.", "1490", "1520", (1490, 1520, None)),
        ("1490-1576", "1490", "1576", (1490, 1576, None)),
        ("n.d.", "0", "0", (None, None, None)),
        # Before our era
        ("3rd century BC", "-300", "-201", (-300, -201, None)),
        ("50 BC to AD 20", "-50", "20", (-50, 20, None)),
        ("3rd century BC", "-201", "-300", (-300, -201, None)),
    ],
)  # fmt: skip
def test_years(
    shown: str | None,
    begin: str | None,
    end: str | None,
    expected: tuple[int | None, int | None, str | None],
) -> None:
    work = make(displaydate=shown, beginyear=begin, endyear=end, constituents=[link("Titian")])
    assert (work.year_begin, work.year_end, work.date_basis) == expected
    assert work.display_date == shown


def test_the_life_of_any_of_several_artists_counts() -> None:
    for begin, end in (("1755", "1828"), ("1783", "1872")):
        work = make(
            attribution="Thomas Sully, after Gilbert Stuart", displaydate=None, beginyear=begin,
            endyear=end,
        )  # fmt: skip
        assert work.date_basis == "artist's life"
    early = make(attribution="Master of Rome", displaydate="", beginyear="-50", endyear="20")
    assert (early.year_begin, early.year_end, early.date_basis) == (-50, 20, "artist's life")
    lost = make(attribution="Nobody Known", displaydate="", beginyear="1755", endyear="1828")
    assert lost.date_basis is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("overall: 79.4 x 58.4 cm (31 1/4 x 23 in.)", (79.4, 58.4)),
        ("overall: 48 \u00d7 40 cm (18 7/8 \u00d7 15 3/4 in.)", (48, 40)),
        ("overall (oval): 76 x 63 cm (29 15/16 x 24 13/16 in.)", (76, 63)),
        ("overall (diameter): 94.5 cm (37 3/16 in.)", (94.5, 94.5)),
        ("diameter: 51 cm (20 1/16 in.)", (51, 51)),
        ("painted surface: 54.2 x 40.4 cm (21 5/16 x 15 7/8 in.)", (54.2, 40.4)),
        ("30 x 24.5 cm", (30, 24.5)),
        ("30x24.5cm", (30, 24.5)),
        ("overall: 30 x 24.5 x 3 cm (11 13/16 x 9 5/8 x 1 3/16 in.)", (30, 24.5)),
        ("overall: 30 x 24.5 centimeters", (30, 24.5)),
        ("Overall: 30 X 24.5 CM", (30, 24.5)),
        ("overall: 1,200.5 x 1,030 cm", (1200.5, 1030)),
        ("overall: .5 x .75 cm", (0.5, 0.75)),
        ("height: 30 cm", (30, None)),
        # Of several, that of the work itself
        ("framed: 94 x 70 cm (37 x 27 1/2 in.)\noverall: 79.4 x 58.4 cm (31 1/4 x 23 in.)",
         (79.4, 58.4)),
        ("overall: 79.4 x 58.4 cm (31 x 23 in.)\r\nframed: 94 x 70 cm (37 x 27 in.)", (79.4, 58.4)),
        ("image: 10 x 8 cm; sheet: 12 x 10 cm", (10, 8)),
        ("sheet: 12 x 10 cm\noverall (mount): 14 x 11 cm", (14, 11)),
        ("Framed: 50 x 40 cm\nunframed: 45 x 35 cm", (45, 35)),
        ("unframed: 45 x 35 cm", (45, 35)),
        ("with frame: 50 x 40 cm", (None, None)),
        # None that is understood
        ("", (None, None)),
        ("dimensions unknown", (None, None)),
        ("overall: 31 1/4 x 23 in.", (None, None)),
        ("overall: 300 x 200 mm", (None, None)),
    ],
)  # fmt: skip
def test_dimensions(text: str, expected: tuple[float | None, float | None]) -> None:
    assert parse_dimensions(text) == expected
    work = make(dimensions=text)
    assert (work.height_cm, work.width_cm, work.dimensions) == (*expected, text)


@pytest.mark.parametrize(
    ("width", "height", "maxpixels", "requested", "side"),
    [
        (3000, 4000, None, 640, 640),
        (3000, 4000, 640, 1024, 640),
        (3000, 4000, 2000, 1024, 1024),
        (273, 384, 640, 1024, 384),
        (273, 384, 200, 1024, 200),
        (384, 273, None, 1024, 384),
        (None, None, None, 640, 640),
        (None, None, 500, 640, 500),
        (300, None, None, 640, 640),
        (None, 300, None, 640, 640),
        (0, 0, 0, 640, 640),
        (3000, 4000, 0, 640, 640),
        (1, 1, None, 640, 1),
    ],
)
def test_no_more_pixels_are_asked_for_than_there_are(
    width: int | None, height: int | None, maxpixels: int | None, requested: int, side: int
) -> None:
    sizes = {"width": width, "height": height, "maxpixels": maxpixels}
    assert request_side(sizes, requested) == side
    url = make(requested, **sizes).image_url
    assert url == f"https://iiif.example/ebb7/full/!{side},{side}/0/default.jpg"


def test_an_address_with_a_stroke_at_its_end() -> None:
    work = make(iiifurl="https://iiif.example/ebb7/")
    assert work.iiif == "https://iiif.example/ebb7"
    assert work.image_url == "https://iiif.example/ebb7/full/!640,640/0/default.jpg"


@pytest.mark.parametrize("viewtype", ["primary", "Primary", "alternate", None])
def test_just_one_of_several_images_is_the_primary_view(viewtype: str | None) -> None:
    assert make(viewtype=viewtype, images=1).view is None
    assert make(viewtype=viewtype, images=3, is_first=True).view == "primary"
    assert make(viewtype=viewtype, images=3, is_first=False).view == "alternate"


@pytest.mark.parametrize("name", ["Titian", "titian", "Currier and Ives", "REMBRANDT VAN RIJN"])
def test_names_of_artists(name: str) -> None:
    assert name in KNOWN
    assert KNOWN.find(name) is not None


@pytest.mark.parametrize("name", ["Rembrandt Workshop", "Rembrandt", "Currier", "Nobody", "", " "])
def test_what_is_no_artist_by_that_name(name: str) -> None:
    assert name not in KNOWN


def test_artists_of_a_museum_against_plain_loops(shared: Path) -> None:
    """Each work has as many qualifiers and numbers as artists, and those of the tables."""
    folder = shared / "data" / "nga"
    with (folder / "constituents.csv").open(newline="", encoding="utf-8-sig") as file:
        people = {row["constituentid"]: row for row in csv.DictReader(file)}
    works = select(Tables(folder), Selection())
    known = Constituents(works.constituents.iter_rows(named=True))
    values = set(Qualifier)
    seen = {}
    for row in works:
        work = make_artwork(row, known, 640)
        seen[work.id] = work
        assert work.artist
        assert work.qualifier
        artists, qualifiers = work.artist.split("; "), work.qualifier.split("; ")
        assert len(artists) == len(qualifiers)
        assert set(qualifiers) <= values
        numbers = (work.artist_id or "; ".join("-" * len(artists))).split("; ")
        assert len(numbers) == len(artists)
        for artist, number in zip(artists, numbers, strict=True):
            if number != "-" and not find_qualifier(people[number]["forwarddisplayname"]):
                assert people[number]["forwarddisplayname"].split() == artist.split()
        for field, column in (("ulan", "ulanid"), ("artist_wikidata", "wikidataid")):
            expected = [people[n][column] or "-" if n != "-" else "-" for n in numbers]
            found = getattr(work, field)
            assert (found.split("; ") if found else ["-"] * len(artists)) == expected
        if len(artists) == 1 and artists[0] == work.attribution and qualifiers[0] != "by":
            assert artists[0].endswith((" Century", " School"))
        assert work.year_begin is None or work.year_end is None or work.year_begin <= work.year_end
    assert len(seen) == 1500
    assert seen["nga:96999"].artist == "John Singer Sargent"


def test_years_of_a_museum_against_plain_loops(shared: Path) -> None:
    folder = shared / "data" / "nga"
    works = select(Tables(folder), Selection())
    known = Constituents(works.constituents.iter_rows(named=True))
    found = {work.id: work for work in (make_artwork(row, known, 640) for row in works)}
    with (folder / "objects.csv").open(newline="", encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            work = found[f"nga:{row['objectid']}"]
            if row["beginyear"] and row["endyear"]:
                assert (work.year_begin, work.year_end) == (
                    int(row["beginyear"]), int(row["endyear"]),
                )  # fmt: skip
            elif not re.search(r"\d", row["displaydate"]):
                assert (work.year_begin, work.year_end) == (None, None)
            if work.date_basis is not None:
                assert not re.search(r"\d", row["displaydate"])
