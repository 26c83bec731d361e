import csv
from pathlib import Path

import pytest
from nga_generator import HEADERS, write_tables

Rows = list[dict[str, str]]


def read(folder: Path, table: str) -> Rows:
    with (folder / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder, objects=2000, images=1700, constituents=400, seed=3)
    return folder


def test_rows_are_counted_as_they_are_written(tmp_path: Path) -> None:
    counts = write_tables(tmp_path, objects=300, images=250, constituents=60)
    assert counts == {table: len(read(tmp_path, table)) for table in HEADERS}
    assert (counts["objects"], counts["published_images"], counts["constituents"]) == (300, 250, 60)


def test_rows_are_in_proportion_to_the_objects(tmp_path: Path) -> None:
    counts = write_tables(tmp_path, objects=1442)
    assert counts["published_images"] == 1200
    assert counts["constituents"] == 300
    assert 7000 < counts["objects_constituents"] < 9000
    assert 4500 < counts["objects_terms"] < 5500


def test_the_smallest_tables(tmp_path: Path) -> None:
    write_tables(tmp_path / "new" / "folder", objects=10)
    assert "Painting" in {row["classification"] for row in read(tmp_path / "new/folder", "objects")}


def test_ids_that_are_referred_to_exist(folder: Path) -> None:
    objects = {row["objectid"] for row in read(folder, "objects")}
    people = {row["constituentid"] for row in read(folder, "constituents")}
    assert (len(objects), len(people)) == (2000, 400)
    for table, column in [
        ("published_images", "depictstmsobjectid"),
        ("objects_constituents", "objectid"),
        ("objects_terms", "objectid"),
        ("objects_historical_data", "objectid"),
        ("object_associations", "parentobjectid"),
        ("object_associations", "childobjectid"),
    ]:
        assert {row[column] for row in read(folder, table)} <= objects, table
    assert {row["constituentid"] for row in read(folder, "objects_constituents")} <= people
    assert {row["parentid"] for row in read(folder, "objects")} - {""} <= objects


def test_the_tables_are_like_the_real_ones(folder: Path) -> None:
    objects = read(folder, "objects")
    images = read(folder, "published_images")
    links = read(folder, "objects_constituents")
    paintings = {row["objectid"] for row in objects if row["classification"] == "Painting"}
    shown = {row["depictstmsobjectid"] for row in images if row["openaccess"] == "1"}
    assert len(paintings) == 61
    assert len(paintings & shown) == 40
    assert len({row["uuid"] for row in images}) == len(images)
    pairs = [(row["depictstmsobjectid"], row["sequence"]) for row in images]
    assert len(set(pairs)) == len(pairs)
    assert {row["viewtype"] for row in images} == {"primary", "alternate"}
    assert all((row["maxpixels"] == "640") == (row["openaccess"] == "0") for row in images)
    assert {row["roletype"] for row in links} == {"artist", "donor", "owner"}
    assert any(row["displayorder"] == "2" and row["roletype"] == "artist" for row in links)
    assert {"attributed to", "follower of", "workshop of", ""} <= {row["prefix"] for row in links}
    for character in ('"', ",", "\n"):
        assert any(character in row["provenancetext"] for row in objects)
        assert any(character in row["inscription"] for row in objects)
    texts = [row["provenancetext"] for row in objects if row["provenancetext"]]
    assert len(set(texts)) == len(texts)
    assert (folder / "objects.csv").stat().st_size > 500 * len(objects)


def test_a_first_artist_is_the_one_of_the_attribution(folder: Path) -> None:
    names = {
        row["constituentid"]: row["forwarddisplayname"] for row in read(folder, "constituents")
    }
    firsts = {
        row["objectid"]: row
        for row in read(folder, "objects_constituents")
        if (row["roletype"], row["displayorder"]) == ("artist", "1")
    }
    for row in read(folder, "objects"):
        first = firsts[row["objectid"]]
        prefix = first["prefix"].capitalize()
        assert row["attribution"] == f"{prefix} {names[first['constituentid']]}".lstrip()


def test_equal_arguments_give_equal_files(tmp_path: Path) -> None:
    for name, seed in [("a", 1), ("b", 1), ("c", 2)]:
        write_tables(tmp_path / name, objects=200, seed=seed)
    for table in HEADERS:
        first, again, other = ((tmp_path / n / f"{table}.csv").read_bytes() for n in "abc")
        assert first == again
        assert first != other


def test_columns_can_be_left_out_and_moved(tmp_path: Path) -> None:
    drop = {"objects": ["uuid"], "published_images": ["openaccess", "created"]}
    write_tables(tmp_path / "plain", objects=200)
    write_tables(tmp_path / "moved", objects=200, drop=drop, shuffle_columns=True)
    for table, columns in HEADERS.items():
        plain, moved = read(tmp_path / "plain", table), read(tmp_path / "moved", table)
        left = [column for column in columns if column not in drop.get(table, [])]
        assert list(plain[0]) == list(columns)
        assert sorted(moved[0]) == sorted(left)
        assert [{column: row[column] for column in left} for row in plain] == moved
    assert list(read(tmp_path / "moved", "objects")[0]) != list(HEADERS["objects"])[2:]


@pytest.mark.parametrize("table", HEADERS)
def test_headers_are_those_of_the_real_tables(table: str, shared: Path) -> None:
    real = shared / "data" / "nga" / f"{table}.csv"
    if not real.is_file():
        pytest.skip(f"no {real} to compare with")
    with real.open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file)) == list(HEADERS[table])
