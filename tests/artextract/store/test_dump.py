"""Moving a collection: nothing is lost, cut-off runs go on, damage is found."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import Artextract, Ran, assert_one_sentence
from qdrant_server import QdrantServer, serve_qdrant
from stored_gallery import MANIFEST, make_gallery

from artextract.errors import InputError, StoreError
from artextract.store import Point, Record, Store, create_store, dump, open_store
from artextract.store.dump import Dump, load_dump, save_dump
from artextract.store.location import Location

GALLERY = make_gallery()


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dump, "_POINTS_A_PART", 25)


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with serve_qdrant() as running:
        yield running


def fill(location: str) -> None:
    with create_store(
        location, MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier,
        layout={"hnsw_m": 24},
    ) as store:  # fmt: skip
        store.upsert(GALLERY)
        only_visual = GALLERY[3]
        store.delete([only_visual.id])
        store.upsert(
            [Point(only_visual.id, {"visual": only_visual.vectors["visual"]}, {"id": "x"})]
        )


def contents(store: Store) -> dict[str, Record]:
    return {record.id: record for record in store.scroll(with_vectors=True)}


def assert_equal(one: str, other: str) -> None:
    with open_store(one) as first, open_store(other) as second:
        expected, found = contents(first), contents(second)
        assert first.manifest.model == second.manifest.model
        assert first.manifest.classifier == second.manifest.classifier
        assert second.manifest.layout.hnsw_m == 24
    assert found.keys() == expected.keys()
    for key, record in expected.items():
        assert found[key].payload == record.payload
        assert found[key].vectors.keys() == record.vectors.keys()
        for name, vector in record.vectors.items():
            assert found[key].vectors[name] == pytest.approx(vector, abs=1e-6)


def test_from_folder_to_server_and_back(
    server: QdrantServer, artextract: Artextract, tmp_path: Path
) -> None:
    here, there, back = str(tmp_path / "a"), f"{server.url}/b", str(tmp_path / "c")
    fill(here)
    for source, target, name in ((here, there, "one"), (there, back, "two")):
        ran = artextract("collection", "dump", "--store", source, "--out", tmp_path / name)
        assert ran.code == 0, ran
        assert "108 images in 5 files" in ran.out
        ran = artextract("collection", "restore", tmp_path / name, "--store", target)
        assert "wrote 108 images; all 108 of the dump are there and equal" in ran.out
        assert_equal(here, target)
        ran = artextract("collection", "restore", tmp_path / name, "--store", target)
        assert "wrote 0 images; all 108" in ran.out


class Stop(Exception):
    """A run that is cut off."""


@pytest.mark.parametrize("parts", [1, 3])
def test_both_ways_go_on_where_they_were_cut_off(parts: int, tmp_path: Path) -> None:
    fill(str(tmp_path / "a"))
    seen = 0

    def cut(points: int) -> None:
        nonlocal seen
        seen += points > 0
        if seen == parts:
            raise Stop

    with open_store(str(tmp_path / "a")) as store:
        with pytest.raises(Stop):
            save_dump(store, tmp_path / "dump", on_points=cut)
        begun = {path: path.stat().st_mtime_ns for path in (tmp_path / "dump").glob("*.parquet")}
        assert len(begun) == parts
        with pytest.raises(InputError, match="not complete"):
            load_dump(tmp_path / "dump", str(tmp_path / "b"))
        assert save_dump(store, tmp_path / "dump").points == 108
    assert all(path.stat().st_mtime_ns == time for path, time in begun.items())
    seen = 0
    with pytest.raises(Stop):
        load_dump(tmp_path / "dump", str(tmp_path / "b"), on_points=cut)
    taken = load_dump(tmp_path / "dump", str(tmp_path / "b"))
    assert (taken.written, taken.points, taken.others) == (108 - 25 * parts, 108, 0)
    assert_equal(str(tmp_path / "a"), str(tmp_path / "b"))


def test_what_is_otherwise_in_the_target_is_mended_and_others_left(tmp_path: Path) -> None:
    fill(str(tmp_path / "a"))
    with open_store(str(tmp_path / "a")) as store:
        save_dump(store, tmp_path / "dump")
    load_dump(tmp_path / "dump", str(tmp_path / "b"))
    stranger = Point("00000000-0000-5000-8000-000000000000",
                     GALLERY[0].vectors, {"id": "stranger"})  # fmt: skip
    with open_store(str(tmp_path / "b")) as store:
        store.overwrite_payloads({GALLERY[7].id: {"id": "changed"}})
        store.upsert([Point(GALLERY[8].id, GALLERY[9].vectors, GALLERY[8].payload), stranger])
        store.delete([GALLERY[10].id])
    taken = load_dump(tmp_path / "dump", str(tmp_path / "b"))
    assert (taken.written, taken.points, taken.others) == (3, 108, 1)


def test_a_dump_of_an_earlier_state_is_not_gone_on_with(tmp_path: Path) -> None:
    fill(str(tmp_path / "a"))
    with open_store(str(tmp_path / "a")) as store:
        save_dump(store, tmp_path / "dump")
        store.delete([GALLERY[0].id])
        with pytest.raises(InputError, match=r"earlier state .*`force`"):
            save_dump(store, tmp_path / "dump")
        assert save_dump(store, tmp_path / "dump", force=True).points == 107
    assert Dump.load(tmp_path / "dump").points == 107


def test_a_collection_that_is_changed_meanwhile(tmp_path: Path) -> None:
    fill(str(tmp_path / "a"))
    with open_store(str(tmp_path / "a")) as store:

        def meddle(points: int) -> None:
            if points:
                store.delete([GALLERY[0].id])

        with pytest.raises(StoreError, match="changed meanwhile"):
            save_dump(store, tmp_path / "dump", on_points=meddle)


def test_damage_is_found(tmp_path: Path, artextract: Artextract) -> None:
    fill(str(tmp_path / "a"))
    folder = tmp_path / "dump"

    def take_in() -> Ran:
        return artextract("collection", "restore", folder, "--store", tmp_path / "b")

    assert_one_sentence(take_in(), "there is no dump", "collection dump")
    with open_store(str(tmp_path / "a")) as store:
        save_dump(store, folder)
    part = folder / "part-000002.parquet"
    whole = part.read_bytes()
    part.write_bytes(whole[:-9] + b"x" + whole[-8:])
    assert_one_sentence(take_in(), "part-000002.parquet is damaged")
    part.unlink()
    assert_one_sentence(take_in(), "part-000002.parquet is missing")
    part.write_bytes(whole)
    listed = (folder / "dump.json").read_text()
    for text in (listed[:99], json.dumps({**json.loads(listed), "format": 9})):
        (folder / "dump.json").write_text(text)
        assert_one_sentence(take_in(), "dump.json")
    (folder / "dump.json").write_text(listed)
    assert take_in().code == 0


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    fill(str(tmp_path / "a"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with open_store(str(tmp_path / "a")) as store:
        for force in (False, True):
            with pytest.raises(InputError, match=r"not empty .*letter\.txt"):
                save_dump(store, tmp_path / "mine", force=force)
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["letter.txt"]


def test_another_models_collection_is_refused(tmp_path: Path) -> None:
    from dataclasses import replace

    fill(str(tmp_path / "a"))
    with open_store(str(tmp_path / "a")) as store:
        save_dump(store, tmp_path / "dump")
    other = replace(MANIFEST.model, sha256="cd" * 32)
    create_store(str(tmp_path / "b"), other, vectors=MANIFEST.vectors).close()
    with pytest.raises(StoreError, match="two models never mix"):
        load_dump(tmp_path / "dump", Location(str(tmp_path / "b")))
