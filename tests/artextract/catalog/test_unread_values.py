"""A value that can't be read leaves its field unknown, is named, and is kept as text."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars
import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.notes import Note, NoteTally
from artextract.catalog.reading import BadRow, read_catalog


def read(path: Path) -> tuple[list[Artwork | BadRow], list[Note]]:
    notes: list[Note] = []
    return [row for _, row in read_catalog(path, on_note=notes.append)], notes


def read_row(folder: Path, row: dict[str, Any]) -> tuple[Artwork, list[str]]:
    """Return the artwork of a row of JSON, and its notes as text."""
    path = folder / "works.jsonl"
    path.write_text(json.dumps({"file": "a.jpg", **row}) + "\n", encoding="utf-8")
    (artwork,), notes = read(path)
    assert isinstance(artwork, Artwork)
    return artwork, [f"{note.kind}: {note}" for note in notes]


def read_parquet(folder: Path, columns: dict[str, Any]) -> tuple[Artwork, list[Note]]:
    path = folder / "works.parquet"
    polars.DataFrame({"file": ["a.jpg"], **columns}).write_parquet(path)
    (artwork,), notes = read(path)
    assert isinstance(artwork, Artwork)
    return artwork, notes


# Years

Years = tuple[int | None, int | None]


@pytest.mark.parametrize(
    ("row", "years", "shown", "extra", "note"),
    [
        ({"year": "c. 1885"}, (1885, 1885), "c. 1885", {}, None),
        ({"year": "1885-1890"}, (1885, 1890), "1885-1890", {}, None),
        ({"year": "1885", "display_date": "c. 1885"}, (1885, 1885), "c. 1885", {}, None),
        ({"year": 1879.0}, (1879, 1879), "1879", {}, None),
        ({"year": "1879.0"}, (1879, 1879), "1879", {}, None),
        ({"year": [1879]}, (1879, 1879), "1879", {}, None),
        ({"year": "\u2212300"}, (-300, -300), "\u2212300", {}, None),
        ({"year": "n.d."}, (None, None), "n.d.", {}, None),
        ({"year": "Unknown"}, (None, None), "Unknown", {}, None),
        ({"year": "None"}, (None, None), None, {}, None),
        ({"year": "?"}, (None, None), "?", {}, None),
        ({"display_date": "date not known"}, (None, None), "date not known", {}, None),
        ({"year": "MDCCC"}, (None, None), "MDCCC", {}, "dates that are not understood: 'MDCCC'"),
        ({"display_date": "the other day"}, (None, None), "the other day", {},
         "dates that are not understood: 'the other day'"),
        ({"year": "MDCCC", "display_date": "c. 1800"}, (1800, 1800), "c. 1800", {"year": "MDCCC"},
         "values of year that are not years: 'MDCCC'"),
        ({"display_date": "the other day", "year": 1999}, (1999, 1999), "the other day", {}, None),
        ({"year_begin": 1495, "year_end": 153505}, (1495, None), None, {"year_end": 153505},
         "values of year_end that are not years: '153505'"),
        ({"year_begin": 1495, "year_end": 153505, "display_date": "1495-1505"}, (1495, 1505),
         "1495-1505", {"year_end": 153505}, "values of year_end that are not years: '153505'"),
        ({"year_begin": -40000, "year_end": -10000}, (None, None), None,
         {"year_begin": -40000, "year_end": -10000},
         "values of year_begin that are not years: '-40000'"),
        ({"year_begin": 1900, "year_end": 1890}, (None, None), None,
         {"year_begin": 1900, "year_end": 1890},
         "years that end before they begin: '1900 to 1890'"),
        ({"year_begin": 1900, "year_end": 1890, "display_date": "1890s"}, (1890, 1899), "1890s",
         {"year_begin": 1900, "year_end": 1890},
         "years that end before they begin: '1900 to 1890'"),
        ({"year_begin": 0, "year_end": 0, "display_date": "c. 1888"}, (1888, 1888), "c. 1888",
         {"year_begin": 0, "year_end": 0}, "years 0 to 0, taken for unknown: '0 to 0'"),
        ({"year_begin": "c. 1880", "year_end": "1890s"}, (1880, 1899), None, {}, None),
        ({"year_begin": True}, (None, None), None, {"year_begin": True},
         "values of year_begin that are not years: 'True'"),
        ({"year": float("inf")}, (None, None), "inf", {}, "dates that are not understood: 'inf'"),
        ({"year_begin": "1885-90"}, (1885, 1890), None, {}, None),
        ({"year_end": "1885-90"}, (1885, 1890), None, {}, None),
        ({"year_begin": "before 1885"}, (None, 1884), None, {}, None),
        ({"year_begin": float("inf")}, (None, None), None, {"year_begin": "inf"},
         "values of year_begin that are not years: 'inf'"),
        ({"year_begin": 1880.5}, (None, None), None, {"year_begin": 1880.5},
         "values of year_begin that are not years: '1880.5'"),
        ({"year": [1880, 1890]}, (None, None), None, {"year": "[1880, 1890]"},
         "structures where text is expected, kept as JSON: 'year [1880, 1890]'"),
    ],
)  # fmt: skip
def test_years(
    row: dict[str, Any], years: Years, shown: str | None, extra: object, note: str | None,
    tmp_path: Path,
) -> None:  # fmt: skip
    artwork, notes = read_row(tmp_path, row)
    assert (artwork.year_begin, artwork.year_end) == years
    assert artwork.display_date == shown
    assert artwork.extra == extra
    assert [each.removesuffix(" (a.jpg)") for each in notes[:1]] == ([] if note is None else [note])


# Lengths and rights


@pytest.mark.parametrize(
    ("value", "length"),
    [
        ("79.4", 79.4), ("79,4", 79.4), ("79.4 cm", 79.4), ("794 mm", 79.4), ("0,794 m", 79.4),
        ("10 in.", 25.4), ('10"', 25.4), ("1.234,5", 1234.5), ("1,234.5", 1234.5), (79, 79.0),
        (".5", 0.5), ("7.94e1", 79.4), ("12 CM", 12.0), ("0", 0.0),
    ],
)  # fmt: skip
def test_lengths(value: object, length: float, tmp_path: Path) -> None:
    artwork, notes = read_row(tmp_path, {"height_cm": value})
    assert artwork.height_cm == pytest.approx(length)
    assert not notes


@pytest.mark.parametrize(
    "value", ["1,234", "tall", "-5", "79 x 98 cm", "1 3/4 in", "inf", "79 kg", -1]
)
def test_lengths_that_are_none(value: object, tmp_path: Path) -> None:
    artwork, notes = read_row(tmp_path, {"width_cm": value})
    assert artwork.width_cm is None
    assert artwork.extra == {"width_cm": value}
    assert notes == [f"values of width_cm that are not lengths: '{value}' (a.jpg)"]


@pytest.mark.parametrize(
    ("value", "is_open"),
    [
        ("PDM", True), ("https://creativecommons.org/publicdomain/mark/1.0/", True),
        ("Y", True), ("CC0", True), ("cc0", True), ("Public Domain", True), ("T", True), (1, True),
        (1.0, True), (True, True), (False, False), ("N", False), ("Copyrighted", False), (0, False),
        ("unknown", None), ("", None), ("None", None),
    ],
)  # fmt: skip
def test_rights(value: object, is_open: bool | None, tmp_path: Path) -> None:
    artwork, notes = read_row(tmp_path, {"Open Access": value})
    assert artwork.open_access is is_open
    assert not notes


@pytest.mark.parametrize("name", ["year_begin", "year_end", "height_cm", "width_cm"])
def test_numbers_without_end_can_be_stored(name: str, tmp_path: Path) -> None:
    path = tmp_path / "works.jsonl"
    path.write_text(f'{{"file": "a.jpg", "{name}": 1e400}}\n', encoding="utf-8")
    (artwork,), notes = read(path)
    assert isinstance(artwork, Artwork)
    assert notes
    assert json.dumps(artwork.to_payload(), allow_nan=False)


def test_rights_that_are_neither(tmp_path: Path) -> None:
    artwork, notes = read_row(tmp_path, {"open_access": "ask us"})
    assert artwork.open_access is None
    assert artwork.extra == {"open_access": "ask us"}
    assert notes == ["values of open_access that are neither yes nor no: 'ask us' (a.jpg)"]


# Lists, structures and types


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ({"artist": ["Anna A", "Bert B"]}, {"artist": "Anna A; Bert B"}),
        ({"artist": ["Anna A"]}, {"artist": "Anna A"}),
        ({"artist": []}, {"artist": None}),
        ({"artist": [None, ""]}, {"artist": None}),
        ({"artist": ["A", "B"], "ulan": ["500011051", None]}, {"ulan": "500011051; -"}),
        ({"artist": ["A", "B"], "ulan": [None, 500011051]}, {"ulan": "-; 500011051"}),
        ({"genre": ["portrait", " portrait", "landscape"]}, {"genre": "portrait; landscape"}),
        ({"title": ["One", "Two"]}, {"title": "One; Two"}),
        ({"title": 1984}, {"title": "1984"}),
        ({"title": 300.0}, {"title": "300"}),
        ({"accession": 1963.1}, {"accession": "1963.1"}),
        ({"classification": True}, {"classification": "true"}),
        ({"medium": [["oil"]]}, {"medium": None}),
        ({"file": ["b.jpg", "c.jpg"]}, {"image": "b.jpg", "id": "b.jpg"}),
        ({"image": {"path": "x"}, "file": "b.jpg"}, {"image": "b.jpg"}),
        ({"id": 12.0}, {"id": "12"}),
    ],
)  # fmt: skip
def test_lists_and_numbers(row: dict[str, Any], fields: dict[str, Any], tmp_path: Path) -> None:
    artwork, _ = read_row(tmp_path, row)
    assert {name: getattr(artwork, name) for name in fields} == fields


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"en": "Water", "de": "Wasser"}, '{"en": "Water", "de": "Wasser"}'),
        ([{"name": "Ä"}], '[{"name": "Ä"}]'), ([["a"], ["b"]], '[["a"], ["b"]]'),
    ],
)  # fmt: skip
def test_structures(value: object, text: str, tmp_path: Path) -> None:
    artwork, notes = read_row(tmp_path, {"title": value})
    assert artwork.title is None
    assert artwork.extra == {"title": text}
    assert notes == [f"structures where text is expected, kept as JSON: 'title {text}' (a.jpg)"]


def test_further_images_are_noted(tmp_path: Path) -> None:
    _, notes = read_row(tmp_path, {"file": ["b.jpg", "c.jpg", "d.jpg"]})
    assert notes == [f"further images of an artwork, left aside: '{n}' (b.jpg)"
                     for n in ("c.jpg", "d.jpg")]  # fmt: skip


def test_types_of_parquet(tmp_path: Path) -> None:
    artwork, notes = read_parquet(
        tmp_path,
        {
            "id": polars.Series([7.0]),
            "artist": [["Anna A", "Bert B"]],
            "title": polars.Series(["t"], dtype=polars.Categorical),
            "date": [date(1888, 3, 14)],
            "year": [datetime(1888, 3, 14)],
            "height_cm": [Decimal("79.40")],
            "open_access": [True],
            "added": [datetime(2020, 1, 2, 3, 4)],
            "raw": [b"bytes"],
            "size": [{"w": 1}],
            "endless": [float("inf")],
            "nothing": polars.Series([None]),
        },
    )
    assert artwork == Artwork(
        id="7", image="a.jpg", title="t", artist="Anna A; Bert B", display_date="1888-03-14",
        year_begin=1888, year_end=1888, height_cm=79.4, open_access=True,
        extra={"added": "2020-01-02 03:04:00", "size": '{"w": 1}'},
    )  # fmt: skip
    assert {note.kind: note.example for note in notes if note.artwork} == {
        "binary values, left aside": "raw: 5 bytes", "numbers without end": "endless inf",
    }  # fmt: skip


# Words and forms of artists


@pytest.mark.parametrize(
    ("row", "fields"),
    [
        ({"artist": "Unknown"}, {"artist": None, "attribution": "Unknown"}),
        ({"artist": "Unidentified Artist"}, {"artist": None, "attribution": "Unidentified Artist"}),
        ({"artist": "anonymous"}, {"artist": None, "attribution": "anonymous"}),
        ({"artist": "None"}, {"artist": None, "attribution": None}),
        ({"artist": " - "}, {"artist": None}),
        ({"artist": "Anna A; Unknown"}, {"artist": "Anna A; -", "attribution": "Anna A; Unknown"}),
        ({"artist": "Anna A|Bert B", "ulan": "|http://vocab.getty.edu/page/ulan/500011051"},
         {"artist": "Anna A; Bert B", "ulan": "-; 500011051"}),
        ({"artist": "Vincent van Gogh (Dutch, 1853-1890), artist"},
         {"artist": "Vincent van Gogh", "nationality": "Dutch",
          "attribution": "Vincent van Gogh (Dutch, 1853-1890), artist"}),
        ({"artist": "Claude Monet (1840-1926)"}, {"artist": "Claude Monet", "nationality": None}),
        ({"artist": "Master (of the Book)"}, {"artist": "Master (of the Book)"}),
        ({"artist": "Louis Kahn, Anne Tyng", "artist_id": "2964, 8084"},
         {"artist": "Louis Kahn; Anne Tyng", "artist_id": "2964; 8084"}),
        ({"artist": "Monet, Claude", "artist_id": "4058"}, {"artist": "Monet, Claude"}),
        ({"nationality": "(American) (French)"}, {"nationality": "American; French"}),
        ({"nationality": "(Nationality unknown)"}, {"nationality": None}),
        ({"nationality": "()"}, {"nationality": None}),
        ({"style": "unknown"}, {"style": None}),
        ({"title": "Unknown"}, {"title": "Unknown"}),
        ({"wikidata": "https://www.wikidata.org/wiki/Q12418"}, {"wikidata": "Q12418"}),
        ({"title": "<i>Water&nbsp;Lilies</i> "}, {"title": "Water Lilies"}),
        ({"file": " b&amp;c.jpg "}, {"image": "b&amp;c.jpg"}),
        ({"image": "https://x.example/?a=1&amp;b=2"}, {"image": "https://x.example/?a=1&b=2"}),
    ],
)  # fmt: skip
def test_words(row: dict[str, Any], fields: dict[str, Any], tmp_path: Path) -> None:
    artwork, notes = read_row(tmp_path, row)
    assert {name: getattr(artwork, name) for name in fields} == fields
    assert not notes


# Notes


def test_columns_of_all_rows_are_named_once(tmp_path: Path) -> None:
    path = tmp_path / "works.jsonl"
    rows: list[dict[str, object]] = [{"file": "a", "Saal": 1}, {"file": "b", "Saal": 2, "Wand": 3}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    _, notes = read(path)
    assert [(note.example, note.artwork) for note in notes] == [("Saal", ""), ("Wand", "")]


def test_a_tally_stays_small() -> None:
    tally = NoteTally()
    for number in range(10_000):
        tally.add(Note("dates that are not understood", f"{number} {'x' * 1000}", f"id {number}"))
    tally.add(Note("columns", "Saal"))
    dates, columns = tally
    assert (dates.count, columns.count) == (10_000, 1)
    assert len(dates.examples) == 3
    assert dates.examples[0].endswith("…' (id 0)")
    assert len(str(dates)) < 350
    assert str(columns) == "columns: 1, such as 'Saal'"
