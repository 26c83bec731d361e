"""Collections of format 2 are upgraded in their place, also on a server, and may be cut off."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars
import pytest
from collection_answers import answer, read_answers, without_copies
from commands import Artextract
from qdrant_server import QdrantServer, serve_qdrant

import artextract as library
from artextract.catalog.artwork import Artwork
from artextract.errors import QueryError, StoreError
from artextract.store import Point, Store, create_store, filters, open_store, schema
from artextract.store.dump import Dump, load_dump
from artextract.store.location import Location
from artextract.store.server import ServerStore
from artextract.store.upgrade import upgrade, upgraded

FORMAT_2 = Path(__file__).resolve().parents[2] / "fixtures" / "format-2"
MANIFEST = Dump.load(FORMAT_2 / "dump").manifest
ANSWERS = read_answers(FORMAT_2)
COPIES = next(kept["answer"] for kept in ANSWERS if kept["ask"] == "duplicates")
KEY = "secret"


def read_points() -> list[Point]:
    """The points of the dump as they were stored, in format 2."""
    points = []
    for row in polars.read_parquet(FORMAT_2 / "dump" / "part-000000.parquet").iter_rows(named=True):
        names = [name for name in row if name.startswith("vector.") and row[name] is not None]
        vectors = {name.removeprefix("vector."): row[name] for name in names}
        points.append(Point(row["id"], vectors, json.loads(row["payload"])))
    return points


POINTS = read_points()


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with serve_qdrant(api_key=KEY) as running:
        yield running


@pytest.fixture
def location(server: QdrantServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A collection on the server as an earlier release made it."""
    monkeypatch.setenv("QDRANT_API_KEY", KEY)
    location = f"{server.url}/old"
    with ServerStore.create(Location.of(location), MANIFEST) as store:
        store.upsert(POINTS)
    everywhere = {key.name for key in schema.indexed("everywhere")} - {"folded.counted"}
    server.indexes = {key: kind for key, kind in server.indexes.items() if key in everywhere}
    return location


def wrong_answers(location: str | Path, kept: list[dict[str, Any]] = ANSWERS) -> list[Any]:
    """The requests that are not answered as they were."""
    with library.open(location) as collection:
        return [(each["ask"], each["fields"]) for each in kept if not is_answered(collection, each)]


def is_answered(collection: library.Collection, kept: dict[str, Any]) -> bool:
    """Whether a request is answered as it was."""
    found = json.loads(json.dumps(answer(collection, kept["ask"], kept["fields"])))
    if kept["ask"] != "search" or "like" not in kept["fields"]:
        return same(found, kept["answer"])
    results = without_copies(kept["answer"]["results"], found["results"], COPIES)
    return found["matching"] == kept["answer"]["matching"] and same(results[1], results[0])


def same(found: Any, kept: Any) -> bool:
    if isinstance(kept, dict):
        return found.keys() == kept.keys() and all(same(found[key], kept[key]) for key in kept)
    if isinstance(kept, list):
        return len(found) == len(kept) and all(map(same, found, kept))
    return bool(abs(found - kept) < 1e-6) if isinstance(kept, float) else bool(found == kept)


@pytest.mark.parametrize("grpc", [False, True])
def test_a_strict_server_answers_all_after_the_upgrade(
    grpc: bool, server: QdrantServer, location: str
) -> None:
    assert wrong_answers(location, ANSWERS[::8]) == []
    with open_store(location) as store:
        assert store.manifest.format == 2
        assert upgrade(store) == len(POINTS)
        assert upgrade(store) == 0
    assert set(server.indexes) == {key.name for key in schema.indexed("server")}
    server.strict = True
    kept = ANSWERS[1::6] if grpc else ANSWERS[::2]
    port = server.grpc_port if grpc else None
    with library.open(location, grpc_port=port) as collection:
        for each in kept:
            assert is_answered(collection, each), each["fields"]


def test_a_strict_server_refuses_some_filters_before_and_says_what_to_do(
    server: QdrantServer, location: str
) -> None:
    server.strict = True
    with (
        library.open(location) as collection,
        pytest.raises(StoreError, match="run `artextract collection upgrade`"),
    ):
        collection.search(predicted_style="rococo", min_confidence=0.5)


def test_a_token_for_one_collection_can_not_upgrade_and_writes_nothing(
    server: QdrantServer, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.tokens = {"reader": ("old", "r"), "writer": ("old", "rw")}
    for token in server.tokens:
        monkeypatch.setenv("QDRANT_API_KEY", token)
        with open_store(location) as store:
            with pytest.raises(StoreError, match="give one that may as"):
                upgrade(store)
            assert shapes(store) == {2}
    monkeypatch.setenv("QDRANT_API_KEY", KEY)
    with open_store(location) as store:
        assert store.manifest.format == 2
        upgrade(store)
    assert wrong_answers(location, ANSWERS[::9]) == []


@pytest.fixture
def folder(tmp_path: Path, unpack_format_2: Callable[[Path], Path]) -> Path:
    return unpack_format_2(tmp_path)


CUT_OFF = """
import os, signal, sys
from artextract.cli.main import main
from artextract.store.embedded import EmbeddedStore

write = EmbeddedStore.overwrite_payloads

def write_some(store, payloads):
    write(store, dict(list(payloads.items())[: int(sys.argv[1])]))
    os.kill(os.getpid(), signal.SIGKILL)

EmbeddedStore.overwrite_payloads = write_some
main(["collection", "upgrade", "--store", sys.argv[2]])
"""


@pytest.mark.parametrize("written", [0, 37])
def test_a_killed_upgrade_answers_equally_and_goes_on(
    written: int, folder: Path, artextract: Artextract
) -> None:
    killed = subprocess.run([sys.executable, "-c", CUT_OFF, str(written), folder], check=False)
    assert killed.returncode == -9
    with open_store(str(folder)) as store:
        assert store.manifest.format == 2
    assert wrong_answers(folder, ANSWERS[::3]) == []
    assert "`artextract collection upgrade` brings it to 3" in info(artextract, folder)
    ran = artextract("collection", "upgrade", "--store", folder)
    assert ran.code == 0, ran.err
    assert f"format 2 is now 3; rewrote {120 - written} of 120 images" in ran.out
    assert wrong_answers(folder, ANSWERS[1::3]) == []
    ran = artextract("collection", "upgrade", "--store", folder)
    assert "format 3 is now 3; rewrote 0 of 120 images" in ran.out
    assert "collection upgrade" not in info(artextract, folder)


def info(artextract: Artextract, folder: Path) -> str:
    return artextract("collection", "info", "--store", folder).out


def test_opening_for_writing_upgrades_first(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    with create_store(str(folder), MANIFEST.model, classifier=MANIFEST.classifier) as store:
        assert "Bringing store" in caplog.text
        assert shapes(store) == {3}
        artwork = Artwork(id="new", image="n.jpg", artist="Édouard Manet", extra={"room": 8})
        store.upsert([Point(artwork.point_id, POINTS[0].vectors, artwork.to_payload())])
    with library.open(folder) as collection:
        assert [each.artwork.id for each in collection.search(where={"room": 8})] == ["new"]


def test_a_dump_of_format_2_is_restored_beside_others(folder: Path, tmp_path: Path) -> None:
    load_dump(FORMAT_2 / "dump", str(folder))
    load_dump(FORMAT_2 / "dump", str(tmp_path / "new"))
    for restored in (folder, tmp_path / "new"):
        with open_store(str(restored)) as store:
            assert shapes(store) == {3}
            assert store.count() == len(POINTS)


def shapes(store: Store) -> set[int]:
    """The formats of the manifest and of all payloads."""
    payloads = [record.payload for record in store.scroll()]
    return {store.manifest.format, *(3 if upgraded(each) == each else 2 for each in payloads)}


def test_a_payload_is_upgraded_once() -> None:
    once = [upgraded(point.payload) for point in POINTS]
    assert [upgraded(payload) for payload in once] == once
    for point, payload in zip(POINTS, once, strict=True):
        for key, value in point.payload.items():
            if key not in ("folded", "image_version"):
                assert payload[key] == value, key
        assert set(point.payload["folded"]["terms"]) <= set(payload["folded"]["terms"])
    versions = {payload["image_version"] for payload in once if "image_version" in payload}
    assert all(len(version) == 64 for version in versions)
    stranger = {"note": "made by hand"}
    assert upgraded(stranger) == stranger


def test_columns_answer_alike_in_both_formats(folder: Path) -> None:
    """Values of columns in other spellings than those of the kept requests."""
    pairs = [
        "room=7", "room=7.0", "room=07", "room=7.50", "extra.room=+7", "split=val", "split=Val",
        "split=TRAIN", "split=nothing", "On view=TRUE", "On view=false", "On view=0",
    ]  # fmt: skip

    def ask() -> list[Any]:
        with library.open(folder) as collection:
            return [
                [each.image for each in collection.search(where=[pair], limit=120)]
                for pair in pairs
            ]

    before = ask()
    assert len([found for found in before if found]) >= 6
    with open_store(str(folder)) as store:
        upgrade(store)
    assert ask() == before


def test_numbers_and_texts_of_fields_are_told_apart(folder: Path) -> None:
    with open_store(str(folder)) as store:
        upgrade(store)
    with library.open(folder) as collection:
        assert len(collection.search(where="height_cm=89.50")) == 10
        assert len(collection.search(where="height_cm=tall")) == 0
        with pytest.raises(QueryError, match="no artwork has a field"):
            collection.search(where='a"b=1')
        none = filters.all_of([filters.equals("width", "wide")])
        assert collection.store.count(none) == 0
