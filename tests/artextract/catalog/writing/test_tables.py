"""Tables hold all that is known, and a catalog reads them back to the same artworks."""

import csv
import json
from pathlib import Path
from typing import Any

import polars
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artextract.catalog.artwork import METADATA_FIELDS, Artwork
from artextract.catalog.reading import BadRow, read_catalog
from artextract.catalog.writing.entries import Entry
from artextract.catalog.writing.save import save_entries
from artextract.store import ModelIdentity

MODEL = ModelIdentity("tiny", "ab" * 32, 6)
ENDINGS = [".csv", ".jsonl", ".ndjson", ".parquet"]

FULL = Artwork(
    id="nga:1", image="a/b c.jpg", view="primary", source="nga", title='The "Sea", at\r\nnight',
    artist="Thomas Sully; Gilbert Stuart", artist_id="12; 13", ulan="500011051; -",
    artist_wikidata="Q1; Q2", nationality="American; American", attribution="Sully after Stuart",
    qualifier="by; after", display_date="c. 1880/1890", year_begin=1880, year_end=1890,
    date_basis="artist's life", classification="painting", medium="oil on canvas",
    dimensions="79.4 by 60 cm", height_cm=79.4, width_cm=60.0, style="Realism", genre="marine",
    school="American", theme="sea; night", technique="painted surface", department="DCA",
    accession="1942.9.10", credit_line="Gift of =SUM(A1)", wikidata="Q20177772",
    alt_text="-1 boat, +2 gulls", page_url="https://museum.example/1",
    image_url="https://museum.example/1.jpg", iiif="https://iiif.example/1", open_access=True,
    extra={
        "room": "12", "Größe": "  x ", "score": "high", "model": "Jo Hiffernan", "rank": "1st",
        "extra.room": "13", "aspects.visual": "a", "width": "wide", "year": "nine", "file": "f",
        "point_id": "p", "model_sha256": "m", "title.de": "Das Meer",
    },
)  # fmt: skip
BARE = Artwork(id="bare", image="bare.jpg")
DATED = Artwork(id="dated", image="dated.jpg", display_date="1890", open_access=False)
OPEN_END = Artwork(id="open", image="open.jpg", year_end=-20)


def to_entry(artwork: Artwork, **more: Any) -> Entry:
    payload = {
        **artwork.to_payload(), "width": 640, "height": 480, "image_sha256": "cd" * 32,
        "thumbnail": "data:image/jpeg;base64,xx", "image_folder": "/home/somebody/pictures",
        "model": {"name": "tiny", "sha256": "ab" * 32},
    }  # fmt: skip
    return Entry(artwork.point_id, payload, **more)


def read_back(path: Path) -> list[Artwork | BadRow]:
    return [row for _, row in read_catalog(path)]


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Return a table's rows, read by other means than a catalog's."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
    if path.suffix == ".parquet":
        return polars.read_parquet(path).to_dicts()
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


@pytest.mark.parametrize("ending", ENDINGS)
def test_every_field_is_read_back(ending: str, tmp_path: Path) -> None:
    assert all(getattr(FULL, name) is not None for name in METADATA_FIELDS)
    works = [FULL, BARE, DATED, OPEN_END]
    path = tmp_path / f"works{ending}"
    saved = save_entries(path, [to_entry(work) for work in works], MODEL)
    assert (saved.works, saved.images, dict(saved.left_out)) == (4, 4, {})
    assert read_back(path) == works
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_answer_is_read_back_without_its_ranks_and_scores(ending: str, tmp_path: Path) -> None:
    results = [
        to_entry(BARE, rank=2, score=0.25, aspects={"visual": 0.25}),
        to_entry(FULL, rank=1, score=0.123456789, aspects={"visual": 0.123456789, "palette": 1.0}),
    ]
    path = tmp_path / f"answer{ending}"
    save_entries(path, results, MODEL, ranked=True)
    assert read_back(path) == [FULL, BARE]
    first, second = read_rows(path)
    assert list(first)[:5] == ["rank", "score", "aspects.palette", "aspects.visual", "id"]
    assert [int(first["rank"]), int(second["rank"])] == [1, 2]
    assert float(first["score"]) == float(first["aspects.visual"]) == 0.123457
    assert second["aspects.palette"] in (None, "")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_answer_without_a_query_has_the_same_first_columns(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"answer{ending}"
    save_entries(path, [to_entry(BARE, rank=1)], MODEL, ranked=True, force=True)
    (row,) = read_rows(path)
    assert list(row)[:3] == ["rank", "score", "id"]
    assert row["score"] in (None, "")


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_columns_are_the_same_whatever_is_known(ending: str, tmp_path: Path) -> None:
    fixed = [
        *METADATA_FIELDS, "width", "height", "image_sha256", "point_id", "model", "model_sha256",
    ]  # fmt: skip
    columns = []
    for number, work in enumerate((BARE, FULL)):
        path = tmp_path / f"{number}{ending}"
        save_entries(path, [to_entry(work)], MODEL)
        (row,) = read_rows(path)
        columns.append(list(row))
        assert (row["point_id"], row["model"], row["model_sha256"], row["image_sha256"]) == (
            work.point_id, "tiny", "ab" * 32, "cd" * 32,
        )  # fmt: skip
        assert (int(row["width"]), int(row["height"])) == (640, 480)
    assert columns[0] == fixed
    assert columns[1][: len(fixed)] == fixed
    assert columns[1][len(fixed) :] == [
        "Größe", "extra.aspects.visual", "extra.extra.room", "extra.file", "extra.model",
        "extra.model_sha256", "extra.point_id", "extra.rank", "room", "extra.score", "title.de",
        "extra.width", "extra.year",
    ]  # fmt: skip


@pytest.mark.parametrize("ending", ENDINGS)
def test_neither_thumbnails_nor_local_folders_are_published(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"works{ending}"
    save_entries(path, [to_entry(FULL)], MODEL)
    assert b"data:image" not in path.read_bytes()
    assert b"somebody" not in path.read_bytes()


def test_csv_is_rfc_4180_in_utf_8_and_alters_nothing(tmp_path: Path) -> None:
    path = tmp_path / "works.csv"
    save_entries(path, [to_entry(FULL)], MODEL)
    text = path.read_bytes().decode("utf-8")
    assert text.startswith("id,image,view,")
    assert text.endswith("\r\n")
    assert '"The ""Sea"", at\r\nnight"' in text
    assert ",Gift of =SUM(A1)," in text
    assert '"-1 boat, +2 gulls"' in text
    assert ",true,640,480," in text


def test_json_and_parquet_keep_the_types_of_a_catalog(tmp_path: Path) -> None:
    works = [
        Artwork(id="a", image="a", extra={"whole": 1, "number": 1, "mixed": 1}),
        Artwork(id="b", image="b", extra={"whole": 2, "number": 2.5, "mixed": "two"}),
    ]
    entries = [to_entry(work) for work in works]
    save_entries(tmp_path / "w.jsonl", entries, MODEL)
    assert read_back(tmp_path / "w.jsonl") == works
    save_entries(tmp_path / "w.parquet", entries, MODEL)
    first, second = (dict(row.extra) for row in read_back(tmp_path / "w.parquet")
                     if isinstance(row, Artwork))  # fmt: skip
    assert first == {"whole": 1, "number": 1.0, "mixed": "1"}
    assert second == {"whole": 2, "number": 2.5, "mixed": "two"}
    schema = polars.read_parquet_schema(tmp_path / "w.parquet")
    assert schema["year_begin"] == schema["width"] == schema["whole"] == polars.Int64
    assert schema["height_cm"] == schema["number"] == polars.Float64
    assert schema["open_access"] == polars.Boolean


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(
    lambda text: text.strip().casefold() not in {"", "null", "nan", "n/a"}
)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    titles=st.lists(st.none() | TEXTS, min_size=1, max_size=4),
    extra=st.dictionaries(TEXTS, TEXTS, max_size=3),
    height=st.none() | st.floats(0, 1e6),
)
def test_any_text_is_read_back(
    ending: str, titles: list[str | None], extra: dict[str, str], height: float | None,
    tmp_path: Path,
) -> None:  # fmt: skip
    works = [
        Artwork(id=f"w{number}", image="i", title=title, height_cm=height, extra=extra)
        for number, title in enumerate(titles)
    ]
    path = tmp_path / f"works{ending}"
    save_entries(path, [to_entry(work) for work in works], MODEL, force=True)
    assert read_back(path) == works


@pytest.mark.parametrize("ending", ENDINGS)
def test_several_images_of_a_work_are_read_back(ending: str, tmp_path: Path) -> None:
    works = [
        Artwork(id="w", image=f"{n}.jpg", view="alternate" if n else "primary") for n in range(3)
    ]
    path = tmp_path / f"works{ending}"
    saved = save_entries(path, [to_entry(work) for work in works], MODEL)
    assert (saved.works, saved.images) == (1, 3)
    assert read_back(path) == works


@pytest.mark.parametrize("ending", ENDINGS)
def test_thousands_of_records_come_in_order(ending: str, tmp_path: Path) -> None:
    """More than a batch of any format."""
    works = [
        Artwork(id=f"w{n:05}", image=f"{n}.jpg", title=f"Title {n}", extra={"n": str(n)})
        for n in range(5000)
    ]
    path = tmp_path / f"works{ending}"
    saved = save_entries(path, [to_entry(work) for work in works], MODEL)
    assert saved.images == 5000
    assert read_back(path) == works
