import pytest

from artextract.catalog.artwork import METADATA_FIELDS
from artextract.catalog.columns import ALIASES, COLUMN_FIELDS, column_key, find_columns


@pytest.mark.parametrize(
    ("column", "field"),
    [
        ("Title", "title"), ("TITLE", "title"), (" title ", "title"), ("title\u00a0", "title"),
        ("Display Date", "display_date"), ("displayDate", "display_date"),
        ("display-date", "display_date"), ("Display_Date", "display_date"),
        ("Credit Line", "credit_line"), ("CreditLine", "credit_line"),
        ("Height (cm)", "height_cm"), ("Height in cm", "height_cm"), ("WIDTH_CM", "width_cm"),
        ("Image URL", "image_url"), ("ImageURL", "image_url"), ("Year", "year"), ("year ", "year"),
        ("Open Access", "open_access"), ("Is Public Domain", "open_access"),
        ("Alt-Text", "alt_text"), ("ULAN", "ulan"), ("\uff34itle", "title"),
        ("Object Number", "accession"), ("inventory no.", "accession"), ("Date", "display_date"),
    ],
)  # fmt: skip
def test_names_of_a_field(column: str, field: str) -> None:
    columns = find_columns(["file", column], {})
    assert columns.fields == {field: 1, "file": 0}
    assert not columns.others


@pytest.mark.parametrize(
    "column",
    ["BeginDate", "EndDate", "DateAcquired", "Tit el 2", "subtitle", "artist bio", "Ti-tle2"],
)
def test_names_of_no_field(column: str) -> None:
    columns = find_columns(["file", column], {})
    assert columns.fields == {"file": 0}
    assert list(columns.others) == [column]


def test_the_exact_name_comes_first_and_a_mapping_before_it() -> None:
    names = ["Object Title", "TITLE", "title", "Titel"]
    assert find_columns(names, {}).fields == {"title": 2}
    assert list(find_columns(names, {}).others) == ["Object Title", "TITLE", "Titel"]
    assert find_columns(names[:2], {}).fields == {"title": 1}
    assert find_columns(names, {"Titel": "title"}).fields == {"title": 3}
    assert list(find_columns(names, {"Titel": "title"}).others) == names[:3]
    assert find_columns(names, {" titel": "title"}).fields == {"title": 3}
    assert find_columns(names, {"Name": "title"}).unmapped == ("Name",)


def test_names_used_twice_and_no_names() -> None:
    columns = find_columns(["file", "Room", "", "Room", "Room ", "\u200b", "file"], {})
    assert columns.others == {"Room": 1, "Room (2)": 3, "Room (3)": 4, "file": 6}
    assert columns.nameless == (2, 5)


def test_a_written_file_has_the_exact_names_only() -> None:
    columns = find_columns(["image", "Title", "point_id", "model_sha256", "\x1b"], {})
    assert columns.is_published
    assert columns.fields == {"image": 0}
    assert list(columns.others) == ["Title", "point_id", "model_sha256", "\x1b"]


def test_no_name_stands_for_two_fields() -> None:
    keys = [column_key(name) for name in COLUMN_FIELDS]
    keys += [column_key(name) for names in ALIASES.values() for name in names]
    assert len(keys) == len(set(keys))
    assert set(ALIASES) <= {*METADATA_FIELDS, "file", "year"}
