"""Selecting and joining the NGA's tables, against plain loops over ``csv.DictReader``."""

import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract, assert_one_sentence
from nga_generator import write_tables

from artextract.errors import CatalogError
from ingest.sources.iiif import ImageServer
from ingest.sources.nga import NgaSource
from ingest.sources.nga_tables import TABLES, Artworks, Selection, Tables, select

Rows = list[dict[str, str]]

SMALL: dict[str, Rows] = {
    "objects": [
        {"objectid": "10", "title": "Ten", "classification": "Painting", "attribution": "A",
         "departmentabbr": "CAB", "beginyear": "1880"},
        {"objectid": "9", "title": "Nine", "classification": "Painting", "attribution": "B",
         "departmentabbr": "CF", "beginyear": ""},
        {"objectid": "100", "title": "Hundred", "classification": "Print", "attribution": "A",
         "departmentabbr": "CAB", "beginyear": "0"},
    ],
    "published_images": [
        {"uuid": f"u{owner}", "iiifurl": f"https://iiif.example/u{owner}", "openaccess": "1",
         "depictstmsobjectid": owner, "viewtype": "primary", "sequence": "0"}
        for owner in ("100", "10", "9")
    ],
    "objects_constituents": [
        {"objectid": "10", "constituentid": "1", "roletype": "artist", "displayorder": "1"},
    ],
    "constituents": [
        {"constituentid": "1", "forwarddisplayname": "Artist A", "ulanid": "500"},
        {"constituentid": "2", "forwarddisplayname": "Artist B", "ulanid": ""},
    ],
    "objects_terms": [
        {"objectid": "10", "termtype": "School", "term": "Boston"},
    ],
    "objects_historical_data": [
        {"objectid": "10", "datatype": "previous_attribution", "forwardtext": "Artist B",
         "displayorder": "1"},
    ],
}  # fmt: skip


def as_csv(rows: Rows, columns: list[str] | None = None) -> str:
    columns = columns or list(rows[0])
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write(folder: Path, **changes: Rows | str | bytes | None) -> Tables:
    """Write the small tables with changes: other rows, a file's text or bytes, None for no file."""
    for name, table in {**SMALL, **changes}.items():
        if isinstance(table, list):
            table = as_csv(table)
        if isinstance(table, str):
            table = table.encode()
        if table is not None:
            (folder / f"{name}.csv").write_bytes(table)
    return Tables(folder)


def add(name: str, *rows: Mapping[str, str]) -> Rows:
    """Return the small table ``name`` with more rows; what they leave out is as in its first."""
    return [*SMALL[name], *({**SMALL[name][0], **row} for row in rows)]


def uuids(works: Artworks) -> list[str]:
    return [row["uuid"] for row in works]


def message(tables_folder: Path, selection: Selection | None = None) -> str:
    with pytest.raises(CatalogError) as raised:
        select(Tables(tables_folder), selection or Selection())
    said = str(raised.value)
    assert "\n" not in said
    return said


ANY = Selection(classification=(), all_rights=True)


def test_objects_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    works = select(write(tmp_path), ANY)
    assert uuids(works) == ["u9", "u10", "u100"]
    assert works.count == 3
    rows = list(works)
    assert rows[1]["title"] == "Ten"
    assert rows[1]["schools"] == ["Boston"]
    assert rows[1]["styles"] == []
    assert rows[1]["former_attributions"] == ["Artist B"]
    assert [artist["forwarddisplayname"] for artist in rows[1]["constituents"]] == ["Artist A"]
    assert rows[0]["constituents"] is rows[0]["schools"] is rows[0]["former_attributions"] is None
    assert (rows[0]["beginyear"], rows[1]["beginyear"], rows[2]["beginyear"]) == (None, "1880", "0")
    assert [row["forwarddisplayname"] for row in works.constituents.iter_rows(named=True)] == [
        "Artist A", "Artist B",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.may_be_missing])
def test_a_table_that_may_be_missing(name: str, tmp_path: Path) -> None:
    rows = list(select(write(tmp_path, **{name: None}), ANY))
    assert [row["uuid"] for row in rows] == ["u9", "u10", "u100"]
    column = {"objects_terms": "schools", "objects_historical_data": "former_attributions"}[name]
    assert [row[column] for row in rows] == [None] * 3


@pytest.mark.parametrize(
    "name", [name for name, table in TABLES.items() if not table.may_be_missing]
)
def test_a_table_that_must_be_there(name: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError) as raised:
        write(tmp_path, **{name: None})
    assert str(raised.value).startswith(f"table {name} is missing: there is no file")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "column"),
    [(name, column) for name, table in TABLES.items() for column in table.required],
)
def test_a_column_that_must_be_there(name: str, column: str, tmp_path: Path) -> None:
    columns = [known for known in SMALL[name][0] if known != column]
    with pytest.raises(CatalogError) as raised:
        write(tmp_path, **{name: as_csv(SMALL[name], columns)})
    assert str(raised.value).startswith(
        f"table {name} has no column '{column}', which is required (its columns: "
        f"{', '.join(columns)}); "
    )


@pytest.mark.parametrize(
    ("name", "column"),
    [(name, column) for name, table in TABLES.items() for column in table.optional],
)
def test_a_column_that_may_be_missing(name: str, column: str, tmp_path: Path) -> None:
    write_tables(tmp_path / "whole", objects=60, seed=5)
    write_tables(tmp_path / "less", objects=60, seed=5, drop={name: [column]})
    whole, less = (list(select(Tables(tmp_path / at), ANY)) for at in ("whole", "less"))
    assert len(whole) == len(less) > 30
    assert whole[0].keys() == less[0].keys()
    if name == "objects":
        assert {row[column] for row in less} == {None}
        assert [{**row, column: None} for row in whole] == less


def test_without_the_flag_nothing_is_open(tmp_path: Path) -> None:
    columns = [column for column in SMALL["published_images"][0] if column != "openaccess"]
    tables = write(tmp_path, published_images=as_csv(SMALL["published_images"], columns))
    assert not tables.has("published_images", "openaccess")
    works = select(tables, Selection(classification=()))
    assert works.count == 0
    assert works.funnel[-1] == ("with an open-access image", 0)
    assert [row["openaccess"] for row in select(tables, ANY)] == [False] * 3


@pytest.mark.parametrize(
    ("value", "is_open"),
    [("1", True), (" 1 ", True), ("true", True), ("True", True), ("0", False), ("", False),
     ("false", False), ("2", False), ("no", False)],
)  # fmt: skip
def test_what_counts_as_open(value: str, is_open: bool, tmp_path: Path) -> None:
    images = [{**row, "openaccess": value} for row in SMALL["published_images"]]
    works = select(write(tmp_path, published_images=images), Selection())
    assert works.count == 2 * is_open


def test_the_order_of_columns_does_not_matter(tmp_path: Path) -> None:
    write_tables(tmp_path / "plain", objects=120, seed=2)
    write_tables(tmp_path / "mixed", objects=120, seed=2, shuffle_columns=True)
    headers = [
        (tmp_path / at / "objects.csv").read_text().partition("\n")[0] for at in ("plain", "mixed")
    ]
    assert headers[0] != headers[1]
    plain, mixed = (list(select(Tables(tmp_path / at), ANY)) for at in ("plain", "mixed"))
    assert plain == mixed


def test_a_byte_order_mark_and_line_ends_of_windows(tmp_path: Path) -> None:
    (tmp_path / "unix").mkdir()
    (tmp_path / "windows").mkdir()
    unix = select(write(tmp_path / "unix"), ANY)
    windows = {
        name: "\ufeff" + as_csv(rows).replace("\n", "\r\n") for name, rows in SMALL.items()
    }  # fmt: skip
    assert list(select(write(tmp_path / "windows", **windows), ANY)) == list(unix)


def test_quoted_fields_of_several_lines(tmp_path: Path) -> None:
    title = 'He said "no",\r\nand left;\n\n\u00c9t\u00e9'
    objects = add("objects", {"objectid": "11", "title": title})
    images = add("published_images", {"uuid": "u11", "depictstmsobjectid": "11"})
    works = select(write(tmp_path, objects=objects, published_images=images), ANY)
    assert [row["title"] for row in works] == ["Nine", "Ten", title, "Hundred"]


def test_a_row_with_too_few_fields_is_unknown_in_the_rest(tmp_path: Path) -> None:
    text = as_csv(SMALL["objects"]) + "11,Eleven\n\n"
    images = add("published_images", {"uuid": "u11", "depictstmsobjectid": "11"})
    rows = list(select(write(tmp_path, objects=text, published_images=images), ANY))
    (row,) = (row for row in rows if row["objectid"] == "11")
    assert (row["title"], row["classification"], row["attribution"]) == ("Eleven", None, None)
    assert len(rows) == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (as_csv(SMALL["objects"]) + "11,Eleven,Painting,A,CAB,1880,extra,more\n", "can't be read"),
        (as_csv(SMALL["objects"]) + '11,"Eleven,Painting,A\n', "can't be read"),
        (as_csv(SMALL["objects"]).encode() + b"11,Caf\xe9,Painting,A,CAB,1880\n", "can't be read"),
        (as_csv(add("objects", {"objectid": "abc"})), "abc"),
        (as_csv(add("objects", {"objectid": "1.5"})), "1.5"),
        ("", "table objects can't be read as CSV"),
        ("<html><body>Not found</body></html>", "table objects has no column 'objectid'"),
        (as_csv(SMALL["objects"]).partition("\n")[0] + "\n", "known: none"),
    ],
)
def test_a_broken_table(text: str | bytes, expected: str, tmp_path: Path) -> None:
    images = add(
        "published_images",
        *({"uuid": f"u{at}", "depictstmsobjectid": at} for at in ("11", "abc", "1.5")),
    )
    for name, table in {**SMALL, "objects": text, "published_images": images}.items():
        data = as_csv(table) if isinstance(table, list) else table
        (tmp_path / f"{name}.csv").write_bytes(data if isinstance(data, bytes) else data.encode())
    assert expected in message(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"there is no folder .*nowhere"):
        Tables(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(classification=("Paintings",)),
         "no object in the tables has `classification` 'Paintings'; known: Painting, Print"),
        (Selection(classification=("Painting", "Prnt")), "`classification` 'Prnt'"),
        (Selection(department=("XYZ",)), "`department` 'XYZ'; known: CAB, CF"),
    ],
)  # fmt: skip
def test_unknown_names_are_refused_with_those_that_are_known(
    selection: Selection, expected: str, tmp_path: Path
) -> None:
    write(tmp_path)
    assert expected in message(tmp_path, selection)


def test_a_department_where_the_column_is_missing(tmp_path: Path) -> None:
    columns = ["objectid", "title", "classification", "attribution"]
    write(tmp_path, objects=as_csv(SMALL["objects"], columns))
    assert message(tmp_path, Selection(department=("CAB",))).endswith("known: none")


def test_names_match_in_any_case(tmp_path: Path) -> None:
    tables = write(tmp_path)
    chosen = Selection(classification=("PAINTING", "print"), department=("cab",))
    assert uuids(select(tables, chosen)) == ["u10", "u100"]


def test_unknown_names_on_the_command_line(tmp_path: Path, artextract: Artextract) -> None:
    write(tmp_path)
    words = ("ingest", "nga", "--tables", tmp_path, "--store", tmp_path / "store")
    assert_one_sentence(artextract(*words, "--classification", "Paintng"), "'Paintng'", "Painting")
    columns = [column for column in SMALL["published_images"][0] if column != "openaccess"]
    write(tmp_path, published_images=as_csv(SMALL["published_images"], columns))
    assert_one_sentence(artextract(*words), "no column 'openaccess'", "--all-rights")


def test_images_without_a_name_an_object_or_an_address(tmp_path: Path) -> None:
    images = add(
        "published_images",
        {"uuid": "", "depictstmsobjectid": "10"},
        {"uuid": "no object", "depictstmsobjectid": ""},
        {"uuid": "unknown object", "depictstmsobjectid": "12345"},
        {"uuid": "no address", "iiifurl": "", "depictstmsobjectid": "10"},
    )
    chosen = Selection(classification=(), all_images=True)
    assert uuids(select(write(tmp_path, published_images=images), chosen)) == ["u9", "u10", "u100"]


def test_an_object_whose_only_image_has_no_name_falls_out(tmp_path: Path) -> None:
    images = [{**row, "uuid": row["uuid"].replace("u9", "")} for row in SMALL["published_images"]]
    works = select(write(tmp_path, published_images=images), ANY)
    assert uuids(works) == ["u10", "u100"]
    assert works.funnel == [("in the tables", 3), ("with an image", 2)]


def test_an_image_that_stands_twice_is_taken_once(tmp_path: Path) -> None:
    images = add("published_images", {"uuid": "u10", "depictstmsobjectid": "9", "sequence": "7"})
    works = select(write(tmp_path, published_images=images), Selection(all_images=True))
    assert [(row["objectid"], row["uuid"]) for row in works] == [("9", "u9"), ("10", "u10")]


def test_the_primary_image_is_taken_or_all_in_their_order(tmp_path: Path) -> None:
    def image(uuid: str, owner: str, viewtype: str, sequence: str) -> dict[str, str]:
        return {
            "uuid": uuid, "depictstmsobjectid": owner, "viewtype": viewtype, "sequence": sequence,
            "iiifurl": f"https://iiif.example/{uuid}", "openaccess": "1",
        }  # fmt: skip

    images = [
        image("b", "10", "alternate", "10"), image("a", "10", "alternate", "2"),
        image("z", "10", "Primary", "30"), image("c", "10", "", "10"),
        image("n", "10", "alternate", ""),
        # No primary one, and two of them
        image("y", "9", "alternate", "1.0"), image("x", "9", "alternate", "2"),
        image("q", "100", "primary", "0"), image("p", "100", "primary", "0"),
    ]  # fmt: skip
    tables = write(tmp_path, published_images=images)
    assert uuids(select(tables, ANY)) == ["y", "z", "p"]
    every = list(select(tables, Selection(classification=(), all_images=True)))
    assert [row["uuid"] for row in every] == ["y", "x", "z", "a", "b", "c", "n", "p", "q"]
    assert [row["uuid"] for row in every if row["is_first"]] == ["y", "z", "p"]
    assert [row["images"] for row in every] == [2, 2, 5, 5, 5, 5, 5, 2, 2]
    assert [row["images"] for row in select(tables, ANY)] == [2, 5, 2]  # also where one is taken


def test_a_closed_primary_image_gives_way_to_an_open_one(tmp_path: Path) -> None:
    images = [{**row, "openaccess": "0"} for row in SMALL["published_images"]]
    images.append({**images[1], "uuid": "open", "viewtype": "alternate", "openaccess": "1"})
    tables = write(tmp_path, published_images=images)
    assert uuids(select(tables, Selection())) == ["open"]
    assert uuids(select(tables, ANY)) == ["u9", "u10", "u100"]


@pytest.mark.parametrize(
    ("limit", "expected"), [(1, ["u9"]), (2, ["u9", "u10"]), (99, ["u9", "u10", "u100"])]
)
def test_limit_counts_objects(limit: int, expected: list[str], tmp_path: Path) -> None:
    images = add("published_images", {"uuid": "second", "depictstmsobjectid": "9",
                                      "viewtype": "alternate"})  # fmt: skip
    tables = write(tmp_path, published_images=images)
    assert uuids(select(tables, Selection(classification=(), limit=limit))) == expected
    every = select(tables, Selection(classification=(), limit=limit, all_images=True))
    assert uuids(every) == ["u9", "second", *expected[1:]]
    step, left = every.funnel[-1]
    assert step == f"within the limit of {limit}"
    assert left == len(expected)


def test_artists_stand_in_the_order_of_display(tmp_path: Path) -> None:
    people = [
        {"constituentid": at, "forwarddisplayname": f"Artist {at}"} for at in ("1", "2", "3", "4")
    ]
    links = [
        {"objectid": "10", "constituentid": who, "displayorder": order, "roletype": kind}
        for who, order, kind in [
            ("1", "10", "artist"), ("2", "9", "Artist"), ("3", "", ""), ("4", "1", "donor"),
            ("77", "1", "artist"), ("", "2", "artist"),
        ]
    ]  # fmt: skip
    tables = write(tmp_path, objects_constituents=links, constituents=people)
    artists = list(select(tables, Selection()))[1]["constituents"]
    assert [artist["constituentid"] for artist in artists] == ["2", "1", "3"]


def test_terms_stand_once_in_their_order(tmp_path: Path) -> None:
    terms = [
        {"objectid": "10", "termtype": kind, "term": term}
        for kind, term in [
            ("School", "Dutch"), ("School", "Boston"), ("School", "Dutch"), ("Style", " Baroque "),
            ("Theme", ""), ("Place Executed", "Rome"), ("Systematic Catalogue Volume", "V"),
            ("Keyword", "dog"), ("Technique", "etching"), ("school", "not so written"),
        ]
    ]  # fmt: skip
    row = list(select(write(tmp_path, objects_terms=terms), Selection()))[1]
    found = {name: row[name] for name in
             ("schools", "styles", "themes", "techniques", "keywords", "places")}  # fmt: skip
    assert found == {
        "schools": ["Dutch", "Boston"], "styles": ["Baroque"], "themes": [],
        "techniques": ["etching"], "keywords": ["dog"], "places": ["Rome"],
    }  # fmt: skip


def read_rows(folder: Path, name: str) -> Rows:
    path = folder / f"{name}.csv"
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


class Oracle:
    """The same selection in plain loops."""

    def __init__(self, folder: Path) -> None:
        self.objects = read_rows(folder, "objects")
        self.images = [
            row for row in read_rows(folder, "published_images") if row["depictstmsobjectid"]
        ]
        people = {row["constituentid"]: row for row in read_rows(folder, "constituents")}
        self.artists: dict[str, list[tuple[int, str]]] = {}
        for link in read_rows(folder, "objects_constituents"):
            if link["roletype"] == "artist" and link["constituentid"] in people:
                self.artists.setdefault(link["objectid"], []).append(
                    (int(link["displayorder"]), link["constituentid"])
                )
        self.terms: dict[tuple[str, str], list[str]] = {}
        for term in read_rows(folder, "objects_terms"):
            self.terms.setdefault((term["objectid"], term["termtype"]), []).append(term["term"])
        self.former: dict[str, set[str]] = {}
        for former in read_rows(folder, "objects_historical_data"):
            text = former["forwardtext"].strip()
            if former["datatype"] == "previous_attribution" and text:
                self.former.setdefault(former["objectid"], set()).add(text)

    def select(self, selection: Selection) -> tuple[list[int], list[dict[str, Any]]]:
        """Return how many objects each step leaves, and the rows."""
        left = self.objects
        counts = [len(left)]
        images = self.images
        for column, names in (
            ("classification", selection.classification), ("departmentabbr", selection.department)
        ):  # fmt: skip
            if names:
                left = [row for row in left if row[column] in names]
                counts.append(len(left))
        for only_open in [False, True] if not selection.all_rights else [False]:
            if only_open:
                images = [row for row in images if row["openaccess"] == "1"]
            owners = {row["depictstmsobjectid"] for row in images}
            left = [row for row in left if row["objectid"] in owners]
            counts.append(len(left))
        left = sorted(left, key=lambda row: int(row["objectid"]))
        if selection.limit is not None:
            left = left[: selection.limit]
            counts.append(len(left))
        of_object: dict[str, Rows] = {}
        for image in images:
            of_object.setdefault(image["depictstmsobjectid"], []).append(image)
        rows = []
        for work in left:
            own = sorted(
                of_object[work["objectid"]],
                key=lambda i: (i["viewtype"] != "primary", int(i["sequence"]), i["uuid"]),
            )
            for image in own if selection.all_images else own[:1]:
                rows.append(self.row(work, image))
        return counts, rows

    def row(self, work: dict[str, str], image: dict[str, str]) -> dict[str, Any]:
        return {
            **{column: work[column].strip() or None for column in ("title", "attribution",
               "displaydate", "beginyear", "medium", "wikidataid", "creditline")},
            "objectid": work["objectid"],
            "uuid": image["uuid"],
            "openaccess": image["openaccess"] == "1",
            "maxpixels": int(image["maxpixels"]) if image["maxpixels"] else None,
            "width": int(image["width"]),
            "artists": [who for _, who in sorted(self.artists.get(work["objectid"], []),
                                                 key=lambda pair: pair[0])],
            "schools": sorted(set(self.terms.get((work["objectid"], "School"), []))),
            "places": sorted(set(self.terms.get((work["objectid"], "Place Executed"), []))),
            "former": self.former.get(work["objectid"], set()),
        }  # fmt: skip


def as_oracle(row: dict[str, Any]) -> dict[str, Any]:
    columns = ("title", "attribution", "displaydate", "beginyear", "medium", "wikidataid",
              "creditline", "objectid", "uuid", "openaccess", "maxpixels", "width")  # fmt: skip
    return {
        **{name: row[name] for name in columns},
        "artists": [artist["constituentid"] for artist in row["constituents"] or ()],
        "schools": sorted(row["schools"] or ()),
        "places": sorted(row["places"] or ()),
        "former": set(row["former_attributions"] or ()),
    }


SELECTIONS = [
    Selection(),
    Selection(all_images=True),
    Selection(all_rights=True, all_images=True),
    Selection(classification=(), all_rights=True, all_images=True),
    Selection(classification=("Print", "Painting"), limit=17),
    Selection(classification=("Drawing",), department=("CG-E",), all_images=True, limit=5),
]


@pytest.fixture(scope="module", params=[1, 2])
def generated(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("generated")
    write_tables(folder, objects=900, seed=request.param)
    return folder


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_generated_tables_against_plain_loops(selection: Selection, generated: Path) -> None:
    counts, expected = Oracle(generated).select(selection)
    works = select(Tables(generated), selection)
    assert [left for _, left in works.funnel] == counts
    assert [as_oracle(row) for row in works] == expected
    assert works.count == len(expected) > 0


def test_a_museums_tables_against_plain_loops(shared: Path) -> None:
    folder = shared / "data" / "nga"
    oracle = Oracle(folder)
    departments = Counter(at for row in oracle.objects if (at := row["departmentabbr"]))
    chosen = tuple(name for name, _ in departments.most_common(2))
    for selection in (Selection(), Selection(department=chosen, limit=100)):
        counts, expected = oracle.select(selection)
        works = select(Tables(folder), selection)
        assert [left for _, left in works.funnel] == counts
        assert [as_oracle(row) for row in works] == expected


def test_the_images_of_an_object_stand_together_one_of_them_the_first(generated: Path) -> None:
    rows = list(select(Tables(generated), SELECTIONS[3]))
    several = 0
    for _, group in itertools.groupby(rows, key=lambda row: row["objectid"]):
        images = list(group)
        assert [row["is_first"] for row in images] == [True] + [False] * (len(images) - 1)
        assert {row["images"] for row in images} == {len(images)}
        several += len(images) > 1
    assert several > 20
    assert len({row["objectid"] for row in rows}) == sum(row["is_first"] for row in rows)


@pytest.mark.parametrize("selection", SELECTIONS, ids=str)
def test_the_funnel_is_told_in_words(selection: Selection, generated: Path) -> None:
    counts, rows = Oracle(generated).select(selection)
    with ImageServer() as server:
        lines = NgaSource(Tables(generated), selection, server, side=640).describe()
    *steps, last = ([int(n.replace(",", "")) for n in re.findall(r"[\d,]*\d(?= )", line)]
                    for line in lines)  # fmt: skip
    assert [step[0] for step in steps] == counts
    assert [step[-1] for step in steps[1:]] == [a - b for a, b in itertools.pairwise(counts)]
    assert last == [len(rows)]
    assert lines[0].strip() == "900 objects in the tables"
    assert lines[-1].endswith(" images of these objects")
