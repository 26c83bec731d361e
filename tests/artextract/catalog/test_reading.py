import csv
import dataclasses
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import polars
import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.reading import (
    CATALOG_SUFFIXES,
    BadRow,
    count_rows,
    parse_mapping,
    read_catalog,
)
from artextract.errors import CatalogError

Row = dict[str, Any]

ROWS: list[Row] = [
    {
        "id": "1", "file": "münchen/mädchen.jpg", "title": 'The "Girl", reading',
        "artist": "Gabriele Münter", "year_begin": 1908, "year_end": 1909,
        "display_date": "c. 1908/1909", "open_access": True, "Saal": "Obergeschoß",
    },
    {
        "id": "2", "file": "two.jpg", "title": "Line one\nline two; and, a comma",
        "artist": None, "year_begin": None, "year_end": None,
        "display_date": "1860s", "open_access": False, "Saal": None,
    },
    {
        "id": "3", "file": "three.jpg", "title": "富嶽三十六景", "artist": "葛飾北斎",
        "year_begin": -300, "year_end": None,
        "display_date": None, "open_access": None, "Saal": " 12 ",
    },
]  # fmt: skip

ARTWORKS = [
    Artwork(
        id="1",
        image="münchen/mädchen.jpg",
        title='The "Girl", reading',
        artist="Gabriele Münter",
        display_date="c. 1908/1909",
        year_begin=1908,
        year_end=1909,
        open_access=True,
        extra={"Saal": "Obergeschoß"},
    ),
    Artwork(
        id="2",
        image="two.jpg",
        title="Line one\nline two; and, a comma",
        display_date="1860s",
        year_begin=1860,
        year_end=1869,
        open_access=False,
    ),
    Artwork(
        id="3",
        image="three.jpg",
        title="富嶽三十六景",
        artist="葛飾北斎",
        year_begin=-300,
        extra={"Saal": "12"},
    ),
]


def write_csv(path: Path, rows: list[Row], encoding: str = "utf-8", separator: str = ",") -> Path:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, names, delimiter=separator)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, rows: list[Row]) -> Path:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def write_parquet(path: Path, rows: list[Row]) -> Path:
    polars.DataFrame(rows).write_parquet(path)
    return path


def write(path: Path, rows: list[Row]) -> Path:
    writers: dict[str, Callable[[Path, list[Row]], Path]] = {
        ".csv": write_csv, ".tsv": partial(write_csv, separator="\t"), ".jsonl": write_jsonl,
        ".ndjson": write_jsonl, ".parquet": write_parquet,
    }  # fmt: skip
    return writers[path.suffix](path, rows)


def read(path: Path, **options: Any) -> list[Artwork | BadRow]:
    found = list(read_catalog(path, **options))
    assert [number for number, _ in found] == list(range(1, len(found) + 1))
    for number, row in found:
        assert isinstance(row, Artwork) or row.row == number
    return [row for _, row in found]


def read_text(folder: Path, text: str, suffix: str = ".csv", **options: Any) -> list[Any]:
    path = folder / f"catalog{suffix}"
    path.write_text(text, encoding="utf-8", newline="")
    return read(path, **options)


def reasons(rows: list[Any]) -> list[str | None]:
    return [row.reason if isinstance(row, BadRow) else None for row in rows]


@pytest.fixture(params=CATALOG_SUFFIXES)
def suffix(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_format_gives_the_same_artworks(suffix: str, tmp_path: Path) -> None:
    assert read(write(tmp_path / f"catalog{suffix}", ROWS)) == ARTWORKS


def test_csv_with_a_byte_order_mark(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "catalog.csv", ROWS, encoding="utf-8-sig")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert read(path) == ARTWORKS


def test_jsonl_with_a_byte_order_mark_and_empty_lines(tmp_path: Path) -> None:
    path = write_jsonl(tmp_path / "catalog.jsonl", ROWS)
    text = path.read_text("utf-8").replace("\n", "\r\n\r\n")
    path.write_text(text + "\n\n", encoding="utf-8-sig", newline="")
    assert read(path) == ARTWORKS


def test_endings_in_capitals(tmp_path: Path) -> None:
    assert read(write_csv(tmp_path / "CATALOG.csv", ROWS).rename(tmp_path / "C.CSV")) == ARTWORKS


def test_rows_are_counted_with_the_bad_ones(suffix: str, tmp_path: Path) -> None:
    rows: list[Row] = [{"file": "a"}, {"file": None}, {"file": "c"}]
    assert count_rows(write(tmp_path / f"catalog{suffix}", rows)) == 3


def test_a_large_parquet_file_keeps_its_order(tmp_path: Path) -> None:
    rows = [{"file": f"{number}.jpg"} for number in range(10_000)]
    found = read(write_parquet(tmp_path / "catalog.parquet", rows))
    assert [row.image for row in found if isinstance(row, Artwork)] == [row["file"] for row in rows]


# Fields


def test_only_an_image_is_needed_and_gives_the_id(tmp_path: Path) -> None:
    for name in ("image", "file", "image_url"):
        (row,) = read_text(tmp_path, f"{name}\na.jpg\n")
        assert (row.id, row.image) == ("a.jpg", "a.jpg")


def test_of_several_image_columns_the_first_that_is_filled_counts(tmp_path: Path) -> None:
    text = "image_url,file,image,title\nhttp://x/u,f,i,t\nhttp://x/u2,f2,,t\nhttp://x/u3,,,t\n"
    rows = read_text(tmp_path, text)
    assert [row.image for row in rows] == ["i", "f2", "http://x/u3"]
    assert [row.image_url for row in rows] == ["http://x/u", "http://x/u2", "http://x/u3"]
    assert all(row.extra == {} for row in rows)


def test_every_text_field_is_read(tmp_path: Path) -> None:
    others = {"year_begin", "year_end", "height_cm", "width_cm", "open_access", "extra"}
    names = [f.name for f in dataclasses.fields(Artwork) if f.name not in others]
    (row,) = read_text(tmp_path, f"{','.join(names)}\n{','.join(f'a {name}' for name in names)}\n")
    assert {name: getattr(row, name) for name in names} == {name: f"a {name}" for name in names}


def test_source_is_given_where_the_catalog_has_none(tmp_path: Path) -> None:
    rows = read_text(tmp_path, "file,source\na,nga\nb,\n", source="mine")
    assert [row.source for row in rows] == ["nga", "mine"]


def test_a_mapping_renames_columns(suffix: str, tmp_path: Path) -> None:
    rows = [{"Bild": "a.jpg", "Titel": "Mädchen", "Jahr": "1908", "Raum": "3"}]
    path = write(tmp_path / f"catalog{suffix}", rows)
    mapping = parse_mapping(("file=Bild", "title=Titel", "year=Jahr"))
    assert read(path, mapping=mapping) == [
        Artwork(
            id="a.jpg",
            image="a.jpg",
            title="Mädchen",
            display_date="1908",
            year_begin=1908,
            year_end=1908,
            extra={"Raum": "3"},
        )
    ]


def test_a_column_name_may_hold_an_equals_sign() -> None:
    assert parse_mapping(("title=a=b",)) == {"a=b": "title"}
    assert parse_mapping(()) == {}


@pytest.mark.parametrize("pair", ["title", "title=", "=Titel", "titel=Titel", "extra=x", ""])
def test_a_bad_mapping_is_refused(pair: str) -> None:
    with pytest.raises(CatalogError, match="FIELD=COLUMN"):
        parse_mapping((pair,))


def test_unknown_columns_are_kept_under_extra(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, "file,room,note\na.jpg,12,\n")
    assert row.extra == {"room": "12"}
    line = '{"file": "a", "n": 3, "x": 1.5, "yes": true, "tags": ["a", "ü"], "no": null}\n'
    (row,) = read_text(tmp_path, line, ".jsonl")
    assert {**row.extra, "tags": json.loads(row.extra["tags"])} == {
        "n": 3, "x": 1.5, "yes": True, "tags": ["a", "ü"],
    }  # fmt: skip


def test_what_is_measured_on_the_picture_is_kept_as_another_column(tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, "file,width,height,image_sha256,thumbnail\na.jpg,1,2,3,4\n")
    extra = {"width": "1", "height": "2", "image_sha256": "3", "thumbnail": "4"}
    assert row == Artwork(id="a.jpg", image="a.jpg", extra=extra)


def test_what_a_published_file_adds_is_no_extra(tmp_path: Path) -> None:
    text = (
        "rank,score,aspects.visual,image,display_date,model,extra.model,room,point_id,model_sha256\n"
        "1,0.5,0.5,a.jpg,1888,tiny,Jo,12,p,m\n"
    )
    (row,) = read_text(tmp_path, text)
    extra = {"model": "Jo", "room": "12"}
    assert row == Artwork(id="a.jpg", image="a.jpg", display_date="1888", extra=extra)


def test_the_same_columns_of_another_catalog_are_kept(tmp_path: Path) -> None:
    text = "file,rank,score,aspects.x,extra.y,model,point_id\na.jpg,1,2,3,4,Jo,5\n"
    (row,) = read_text(tmp_path, text)
    extra = {
        "rank": "1", "score": "2", "aspects.x": "3", "extra.y": "4", "model": "Jo", "point_id": "5",
    }  # fmt: skip
    assert row == Artwork(id="a.jpg", image="a.jpg", extra=extra)


def test_several_images_of_a_work_share_its_id(tmp_path: Path) -> None:
    text = "id,file,view\n1,a,primary\n1,b,alternate\n1,b,alternate\n1,c,\n2,d,\n2,e,alternate\n"
    rows = read_text(tmp_path, text)
    kinds = [Artwork, Artwork, BadRow, BadRow, Artwork, BadRow]
    assert [type(row) for row in rows] == kinds
    assert "id '1' is already used by row 1" in str(reasons(rows)[2])


@pytest.mark.parametrize("nothing", ["", "  ", "null", "NULL", "NaN", "nan", "n/a"])
def test_words_for_unknown(nothing: str, tmp_path: Path) -> None:
    text = f"file,title,artist,year_begin,year,open_access,room\na.jpg{f',{nothing}' * 6}\n"
    assert read_text(tmp_path, text) == [Artwork(id="a.jpg", image="a.jpg")]


def test_empty_values_of_other_formats_are_unknown(tmp_path: Path) -> None:
    line = '{"file": "a.jpg", "title": null, "year": NaN, "artist": "", "room": null}\n'
    assert read_text(tmp_path, line, ".jsonl") == [Artwork(id="a.jpg", image="a.jpg")]
    rows: list[Row] = [
        {"file": "a.jpg", "year_begin": None, "title": None, "score": float("nan")},
        {"file": "b.jpg", "year_begin": 1888.0, "title": "t", "score": 0.5},
    ]
    assert read(write_parquet(tmp_path / "catalog.parquet", rows)) == [
        Artwork(id="a.jpg", image="a.jpg"),
        Artwork(id="b.jpg", image="b.jpg", title="t", year_begin=1888, extra={"score": 0.5}),
    ]


# Years

Years = tuple[int | None, int | None]


@pytest.mark.parametrize(
    ("cells", "years", "shown"),
    [
        ({"year": "1888"}, (1888, 1888), "1888"),
        ({"year": "1888.0"}, (1888, 1888), "1888"),
        ({"year": "-44"}, (-44, -44), "-44"),
        ({"year": "0"}, (0, 0), "0"),
        ({"year": "1888", "display_date": "c. 1890"}, (1888, 1888), "c. 1890"),
        ({"display_date": "c. 1520-25"}, (1520, 1525), "c. 1520-25"),
        ({"display_date": "before 1762"}, (None, 1761), "before 1762"),
        ({"display_date": "undated"}, (None, None), "undated"),
        ({"display_date": "once upon a time"}, (None, None), "once upon a time"),
        ({"display_date": "1888", "year_begin": "1700", "year_end": "1710"}, (1700, 1710), "1888"),
        ({"display_date": "1888", "year_begin": "1700"}, (1700, None), "1888"),
        ({"display_date": "1888", "year_end": "1710"}, (None, 1710), "1888"),
        ({"year": "1888", "year_begin": "1700", "year_end": "1710"}, (1700, 1710), "1888"),
        ({"year_begin": "1700", "year_end": "1700"}, (1700, 1700), None),
    ],
)
def test_years(cells: Row, years: Years, shown: str | None, tmp_path: Path) -> None:
    (row,) = read(write_csv(tmp_path / "catalog.csv", [{"file": "a.jpg", **cells}]))
    assert isinstance(row, Artwork)
    assert (row.year_begin, row.year_end) == years
    assert row.display_date == shown


@pytest.mark.parametrize(
    ("word", "value"),
    [("1", True), ("true", True), ("True", True), ("yes", True), ("0", False), ("FALSE", False),
     ("no", False), ("1.0", True), ("0.0", False), ("", None)],
)  # fmt: skip
def test_open_access(word: str, value: bool | None, tmp_path: Path) -> None:
    (row,) = read_text(tmp_path, f"file,open_access\na.jpg,{word}\n")
    assert row.open_access is value


# Bad rows: named, and the rows after them are read


def test_bad_rows_do_not_end_a_run(tmp_path: Path) -> None:
    text = (
        "id,file,year_begin,year_end,open_access\n"
        "1,a.jpg,1880,1890,1\n"
        "2,b.jpg,1880\n"
        "3,c.jpg,1880,1890,1,more\n"
        "\n"
        "6,,1880,1890,1\n"
        "1,g.jpg,1880,1890,1\n"
        "11,k.jpg,1880,1890,0\n"
    )
    rows = read_text(tmp_path, text)
    assert [row.id if isinstance(row, Artwork) else None for row in rows] == [
        "1", None, None, None, None, "11",
    ]  # fmt: skip
    expected = [
        None, "line 3 has 3 values for 5 columns", "line 4 has 6 values for 5 columns", "no image",
        "id '1' is already used by row 1", None,
    ]  # fmt: skip
    for reason, part in zip(reasons(rows), expected, strict=True):
        assert (reason is None) if part is None else (reason is not None and part in reason)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "line 2 is not valid JSON"),
        ("nonsense", "line 2 is not valid JSON"),
        ("[1, 2]", "line 2 is not a JSON object"),
        ('"a.jpg"', "line 2 is not a JSON object"),
        ("null", "line 2 is not a JSON object"),
        ('{"title": "t"}', "no image"),
        ('{"file": "b", "n": ' + "9" * 5000 + "}", "line 2 is not valid JSON"),
        ('{"file": "b", "n": ' + "[" * 20_000, "line 2 is not valid JSON"),
        ('{"file": "a"}', "id 'a' is already used by row 1"),
    ],
    ids=[
        "brace", "word", "list", "text", "null", "no image", "long number", "deep nesting",
        "id twice",
    ],
)  # fmt: skip
def test_a_bad_json_line_does_not_end_a_run(line: str, reason: str, tmp_path: Path) -> None:
    rows = read_text(tmp_path, f'{{"file": "a"}}\n{line}\n{{"file": "c"}}\n', ".jsonl")
    assert [type(row) for row in rows] == [Artwork, BadRow, Artwork]
    assert reason in rows[1].reason


def test_an_id_is_used_up_only_by_a_row_that_is_good(tmp_path: Path) -> None:
    rows = read_text(tmp_path, "id,file,year\n1,,1887\n1,b,1888\n1,c,1889\n")
    assert [type(row) for row in rows] == [BadRow, Artwork, BadRow]
    assert "row 2" in rows[2].reason


# Files that can't be read at all


def refusal(path: Path) -> str:
    with pytest.raises(CatalogError) as refused:
        list(read_catalog(path))
    message = str(refused.value)
    assert str(path) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("name", ["catalog.xlsx", "catalog", "catalog.json", "catalog.csv.gz"])
def test_another_kind_of_file(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("file\na.jpg\n")
    message = refusal(tmp_path / name)
    for known in CATALOG_SUFFIXES:
        assert known in message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"title,artist\nt,a\n", "no column for the image"),
        (b"title,artist\nt\nt,a\n", "no column for the image"),
        (b'"file,title\na.jpg,t\n', "header"),
    ],
    ids=[
        "empty", "empty lines", "no image column", "no image column, bad first row", "open quote",
    ],
)  # fmt: skip
def test_a_csv_file_that_is_none(content: bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_bytes(content)
    assert message in refusal(path)


def test_parquet_without_an_image_column(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "catalog.parquet", [{"title": "t"}])
    assert "no column for the image (its columns: title)" in refusal(path)


@pytest.mark.parametrize("content", [b"", b"PAR1", b"file,title\na,b\n" * 10])
def test_a_parquet_file_that_is_none(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "catalog.parquet"
    path.write_bytes(content)
    assert "not a readable Parquet file" in refusal(path)


def test_a_parquet_file_that_is_cut_off(tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "catalog.parquet", ROWS)
    path.write_bytes(path.read_bytes()[:-20])
    assert "not a readable Parquet file" in refusal(path)


def test_a_csv_file_with_a_header_only_has_no_rows(tmp_path: Path) -> None:
    assert read_text(tmp_path, "file,title\n") == []
