import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.errors import StoreError
from artextract.store import Manifest, ModelIdentity, Point, create_store, open_store
from artextract.store.manifest import MANIFEST_NAME

MODEL = ModelIdentity("tiny", "ab" * 32, 3)
NEW = Manifest(model=MODEL, vectors={"visual": 3})

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
MANIFESTS = st.builds(
    Manifest,
    model=st.builds(ModelIdentity, TEXT, TEXT, st.integers(1, 4096), st.none() | TEXT),
    vectors=st.dictionaries(TEXT, st.integers(1, 4096), max_size=3),
    created_by=TEXT,
    files=st.none() | st.dictionaries(TEXT, st.integers(0, 2**40), max_size=3),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("manifest")


@given(MANIFESTS)
def test_round_trip(folder: Path, manifest: Manifest) -> None:
    manifest.save(folder)
    assert Manifest.load(folder) == manifest
    assert [path.name for path in folder.iterdir()] == [MANIFEST_NAME]


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store at .*artextract ingest"):
        Manifest.load(tmp_path / "missing")
    with pytest.raises(StoreError, match="there is no store at"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize("format_", [0, 1, "2", None, 99])
def test_unknown_format(format_: Any, tmp_path: Path) -> None:
    NEW.save(tmp_path)
    data = json.loads((tmp_path / MANIFEST_NAME).read_text())
    (tmp_path / MANIFEST_NAME).write_text(json.dumps({**data, "format": format_, "shape": 3}))
    with pytest.raises(StoreError, match=rf"has format {format_}; this release reads format 2"):
        Manifest.load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", "null", "3", '"text"', "{}", '{"format": 2}', '{"format": 2, "model": 3}',
        '{"format": 2, "model": {"name": "a"}, "vectors": {}}',
        '{"format": 2, "vectors": {"visual": 3}}',
        '{"format": 2, "model": {"name": "a", "sha256": "b", "dimension": 3}, "vectors": {},'
        ' "other": 1}',
    ],
)  # fmt: skip
def test_damaged(text: str, tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_text(text)
    with pytest.raises(StoreError, match=r"manifest\.json is damaged .*ingest again"):
        Manifest.load(tmp_path)


def test_not_text(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StoreError, match="is damaged"):
        Manifest.load(tmp_path)


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    (tmp_path / MANIFEST_NAME).mkdir()
    with pytest.raises(StoreError, match=r"manifest\.json can't be read"):
        Manifest.load(tmp_path)


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    NEW.save(tmp_path)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StoreError, match=r"manifest\.json can't be written"):
        Manifest(model=MODEL, vectors={"visual": 4}).save(tmp_path)
    assert Manifest.load(tmp_path) == NEW


def test_a_folder_that_can_not_be_written_to(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="can't be written"):
        NEW.save(tmp_path / "missing")


def test_files_are_counted_without_journals(tmp_path: Path) -> None:
    segments = tmp_path / "segments"
    (segments / "one" / "deep").mkdir(parents=True)
    (segments / "one" / "a.dat").write_bytes(bytes(7))
    (segments / "one" / "deep" / "b.mmap").write_bytes(b"")
    (segments / "one" / "deep" / "x_journal.dat").write_bytes(bytes(5))
    (tmp_path / "wal").mkdir()
    (tmp_path / "wal" / "log").write_bytes(bytes(9))
    manifest = NEW.with_files(tmp_path)
    assert manifest.files == {"segments/one/a.dat": 7, "segments/one/deep/b.mmap": 0}
    assert NEW.files is None

    manifest.check_files(tmp_path)
    (segments / "one" / "deep" / "x_journal.dat").unlink()
    (segments / "one" / "a.dat").write_bytes(bytes(8))  # longer is no damage
    (segments / "one" / "new").write_bytes(bytes(8))
    manifest.check_files(tmp_path)
    (segments / "one" / "a.dat").write_bytes(bytes(6))
    with pytest.raises(StoreError, match=r"a\.dat had 7 bytes when closed and is 6 bytes now"):
        manifest.check_files(tmp_path)
    (segments / "one" / "a.dat").unlink()
    with pytest.raises(StoreError, match=r"a\.dat had 7 bytes when closed and is gone now"):
        manifest.check_files(tmp_path)
    NEW.check_files(tmp_path)  # a writer was interrupted: nothing is known of the sizes


def test_a_missing_shard(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="shard is missing; restore the store"):
        NEW.check_files(tmp_path / "shard")
    create_store(str(tmp_path / "store"), MODEL).close()
    (tmp_path / "store" / "shard").rename(tmp_path / "elsewhere")
    with pytest.raises(StoreError, match="shard is missing"):
        open_store(str(tmp_path / "store"))


def test_any_file_that_shrank_is_found_when_the_store_is_opened(tmp_path: Path) -> None:
    location = tmp_path / "store"
    point = Point("00000000-0000-0000-0000-000000000001", {"visual": [1.0, 2.0, 3.0]}, {"id": "a"})
    with create_store(str(location), MODEL) as store:
        store.upsert([point])
        assert Manifest.load(location).files is None
    files = Manifest.load(location).files
    assert files
    assert any("vector_storage-visual" in name for name in files)
    for name, size in files.items():
        path = location / "shard" / name
        assert path.stat().st_size == size
        if not size:
            continue
        with path.open("r+b") as file:
            file.seek(size - 1)
            last = file.read(1)
        os.truncate(path, size - 1)
        with pytest.raises(StoreError, match="the store is damaged") as refused:
            open_store(str(location))
        assert f"{name} had {size} bytes when closed and is {size - 1} bytes now" in str(
            refused.value
        )
        with path.open("ab") as file:
            file.write(last)
    with open_store(str(location)) as store:  # and with all of them whole, it opens
        assert store.retrieve([point.id])[point.id].payload == {"id": "a"}
