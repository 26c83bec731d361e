"""Opening and making collections, and who may."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from artextract.errors import StoreError, StoreFullError, StoreLockedError, StoreMismatchError
from artextract.store import (
    Layout,
    ModelIdentity,
    Point,
    create_store,
    find_store,
    open_store,
)

MODEL = ModelIdentity("tiny", "ab" * 32, 3)
POINT = Point("00000000-0000-0000-0000-000000000001", {"visual": [1.0, 2.0, 3.0]}, {"id": "a"})
OTHER = Point("00000000-0000-0000-0000-000000000002", {"visual": [3.0, 2.0, 1.0]}, {"id": "b"})

HOLD = """
import sys
from artextract.store import open_store
with open_store(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A collection of one point."""
    folder = str(tmp_path / "store")
    with create_store(folder, MODEL) as store:
        store.upsert([POINT])
    return folder


@contextmanager
def held(location: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Hold the store in a process of its own, which ends with its input."""
    script = folder / "hold.py"
    script.write_text(HOLD)
    with subprocess.Popen(
        [sys.executable, str(script), location, "two words"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield holder
        finally:
            if not holder.stdin.closed:
                holder.stdin.close()


def test_create_makes_then_opens(tmp_path: Path) -> None:
    location = str(tmp_path / "new" / "deeper" / "store")
    for expected in (0, 1, 1):
        with create_store(location, MODEL) as store:
            assert store.count() == expected
            assert store.manifest.model == MODEL
            assert store.manifest.vectors == {"visual": 3}
            store.upsert([POINT])


def test_open_of_nothing(tmp_path: Path) -> None:
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(StoreError, match=r"there is no store at .*artextract ingest"):
            open_store(str(folder))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["s3://bucket", "ftp://host/x", "http:///x"])
def test_an_address_that_is_none_of_a_server_is_refused(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    calls: list[Callable[[], object]] = [
        lambda: open_store(url),
        lambda: find_store(url),
        lambda: create_store(url, MODEL),
    ]
    for call in calls:
        with pytest.raises(StoreError, match=r"is not the address of a server; .*http://HOST:6333"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_may_not_be_there_yet(tmp_path: Path) -> None:
    location = str(tmp_path / "new")
    assert find_store(location) is None
    with create_store(location, MODEL) as made:
        made.upsert([POINT])
    found = find_store(location)
    assert found is not None
    with found:
        assert found.count() == 1


def test_a_layout_is_kept_and_another_refused(tmp_path: Path) -> None:
    location = str(tmp_path / "new")
    chosen: dict[str, object] = {"quantization": "int8", "hnsw_m": 32}
    with create_store(location, MODEL, layout=chosen) as store:
        store.upsert([POINT])
        assert store.manifest.layout == Layout(quantization="int8", hnsw_m=32)
    for layout in ({}, chosen, {"hnsw_m": 32}):
        with create_store(location, MODEL, layout=layout) as store:
            assert store.count() == 1
    with pytest.raises(StoreMismatchError, match="`quantization` is int8, not binary"):
        create_store(location, MODEL, layout={"quantization": "binary"})
    with open_store(location) as store:  # and it was left free
        assert store.search(POINT.vectors["visual"], limit=1)[0].id == POINT.id


def test_an_embedded_store_has_no_shards(tmp_path: Path) -> None:
    location = str(tmp_path / "new")
    with pytest.raises(StoreError, match=r"one shard and one replica, not 3 and 1; .*http://"):
        create_store(location, MODEL, layout={"shards": 3})


def test_each_writer_leaves_a_new_revision(tmp_path: Path) -> None:
    location = str(tmp_path / "new")
    revisions = []
    for writes in (True, False, True):
        with create_store(location, MODEL) as store:
            store.optimize()  # changes nothing that a copy would have to know of
            if writes:
                store.upsert([POINT])
        with open_store(location) as store:
            revisions.append(store.manifest.revision)
    assert revisions[0] == revisions[1] != revisions[2]


def test_another_model_is_refused_and_the_store_left_free(location: str) -> None:
    other = ModelIdentity("grand", "cd" * 32, 3, "grand.onnx")
    with pytest.raises(StoreMismatchError) as refused:
        create_store(location, other)
    assert "tiny (abababababab)" in str(refused.value)
    assert "grand (cdcdcdcdcdcd)" in str(refused.value)
    with open_store(location, wait_seconds=0) as store:
        store.check_model(MODEL)
        # The checksum is what counts, wherever the file lies.
        store.check_model(ModelIdentity("renamed", MODEL.sha256, 3, "elsewhere.onnx"))
        with pytest.raises(StoreMismatchError):
            store.check_model(other)
        assert store.count() == 1


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shard").mkdir()
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(StoreError, match=r"is not a store and not empty \(it holds 'letter.txt'\)"):
        create_store(str(tmp_path), MODEL)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["letter.txt", "shard"]


def test_a_store_may_hold_other_things_later(location: str) -> None:
    Path(location, "notes.txt").write_text("mine")
    with create_store(location, MODEL) as store:
        assert store.count() == 1


def test_a_creation_that_was_interrupted_is_made_anew(location: str, tmp_path: Path) -> None:
    Path(location, "manifest.json").unlink()
    Path(location, "manifest.json.new").write_text("{")
    with create_store(location, MODEL) as store:
        assert store.count() == 0
        store.upsert([OTHER])
    with open_store(location) as store:
        assert store.count() == 1

    half = tmp_path / "half"
    (half / "shard" / "segments" / "x").mkdir(parents=True)
    (half / "shard" / "segments" / "x" / "segment.json").write_text("{")
    with pytest.raises(StoreError, match="there is no store"):
        open_store(str(half))
    with create_store(str(half), MODEL) as store:
        store.upsert([POINT])
    with open_store(str(half)) as store:
        assert [record.payload for record in store.scroll()] == [{"id": "a"}]


def test_who_comes_second_is_told_who_is_first(location: str, tmp_path: Path) -> None:
    with held(location, tmp_path) as holder:
        calls: list[Callable[[], object]] = [
            lambda: open_store(location, wait_seconds=0.2),
            lambda: create_store(location, MODEL, wait_seconds=0.2),
        ]
        for call in calls:
            begun = time.monotonic()
            with pytest.raises(StoreLockedError) as refused:
                call()
            assert 0.2 <= time.monotonic() - begun < 5
            message = str(refused.value)
            assert f"store {location} is held by process {holder.pid}" in message
            assert f"hold.py {location} 'two words'" in message
            assert "since 20" in message
        assert holder.poll() is None
    with open_store(location, wait_seconds=0) as store:
        assert store.count() == 1
    assert not Path(location, "owner.json").exists()


def test_who_comes_second_waits(location: str, tmp_path: Path) -> None:
    with held(location, tmp_path) as holder:
        assert holder.stdin is not None
        begun = time.monotonic()
        timer = threading.Timer(0.4, holder.stdin.close)
        timer.start()
        with open_store(location, wait_seconds=20) as store:
            assert time.monotonic() - begun >= 0.4
            assert store.count() == 1
        timer.join()


def test_the_lock_ends_with_a_holder_that_is_killed(location: str, tmp_path: Path) -> None:
    with held(location, tmp_path) as holder:
        holder.kill()
        holder.wait()
        note = json.loads(Path(location, "owner.json").read_text())
        assert note["pid"] == holder.pid
        with open_store(location, wait_seconds=5) as store:
            assert store.count() == 1
            assert json.loads(Path(location, "owner.json").read_text())["pid"] == os.getpid()


def test_in_one_process_too_only_one_has_it(location: str) -> None:
    with (
        open_store(location) as store,
        pytest.raises(StoreLockedError, match=f"held by process {os.getpid()} "),
    ):
        open_store(location, wait_seconds=0)
    with pytest.raises(StoreError):
        store.count()
    with open_store(location, wait_seconds=0) as store:
        assert store.count() == 1


@pytest.mark.parametrize(
    "note",
    [
        None,
        b"",
        b"{}",
        b"\xff",
        b"[]",
    ],
)
def test_a_holder_without_a_note_of_use(note: bytes | None, location: str) -> None:
    with open_store(location):
        path = Path(location, "owner.json")
        if note is None:
            path.unlink()
        else:
            path.write_bytes(note)
        with pytest.raises(StoreLockedError, match="another process that left no note"):
            open_store(location, wait_seconds=0)


def test_a_store_that_can_not_be_opened_is_left_free(location: str) -> None:
    manifest = Path(location, "manifest.json")
    whole = manifest.read_text()
    manifest.write_text("{")
    with pytest.raises(StoreError, match="is damaged"):
        open_store(location, wait_seconds=0)
    assert not Path(location, "owner.json").exists()
    manifest.write_text(whole)
    with open_store(location, wait_seconds=0) as store:
        assert store.count() == 1


def leave_free(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Pretend that so many bytes are free on every disk."""
    usage = type(shutil.disk_usage("/"))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(free + 1, 1, free))


MIB = 1 << 20


@pytest.mark.parametrize("free", [0, 10 * MIB, 171 * MIB])
def test_a_full_disk_makes_no_store(
    free: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = str(tmp_path / "store")
    with monkeypatch.context() as patch:
        leave_free(patch, free)
        with pytest.raises(StoreFullError, match=rf"has {free // MIB} MiB free, and 172 MiB"):
            create_store(location, MODEL)
    assert not Path(location, "manifest.json").exists()
    with create_store(location, MODEL) as store:  # the same command again
        store.upsert([POINT])
        assert store.count() == 1


def test_a_full_disk_opens_no_store(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Callable[[], object]] = [
        lambda: open_store(location),
        lambda: create_store(location, MODEL),
    ]
    for call in calls:
        with monkeypatch.context() as patch:
            leave_free(patch, 10 * MIB)
            with pytest.raises(StoreFullError, match="free some space or use another store"):
                call()
    with open_store(location, wait_seconds=0) as store:
        assert [record.payload for record in store.scroll()] == [{"id": "a"}]


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.upsert([OTHER]),
        lambda store: store.overwrite_payloads({POINT.id: {"id": "changed"}}),
        lambda store: store.optimize(),
    ],
    ids=["upsert", "overwrite_payloads", "optimize"],
)
def test_a_full_disk_takes_no_write_and_loses_nothing(
    write: Callable[..., object], location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(location) as store:
        with monkeypatch.context() as patch:
            leave_free(patch, 10 * MIB)
            with pytest.raises(StoreFullError, match="what is stored is kept"):
                write(store)
            assert [record.payload for record in store.scroll()] == [{"id": "a"}]
            assert store.search([1.0, 2.0, 3.0], limit=3)[0].score == pytest.approx(1, abs=1e-6)
        write(store)  # there is room again
    with open_store(location) as store:
        assert POINT.id in {record.id for record in store.scroll()}
