"""Collections that this process may read and not write to."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from artextract.errors import StoreError
from artextract.store import ModelIdentity, Point, create_store, open_store

MODEL = ModelIdentity("tiny", "ab" * 32, 3)
POINTS = [
    Point(f"00000000-0000-0000-0000-00000000000{n}", {"visual": [n, 1.0, 2.0]}, {"id": str(n)})
    for n in range(1, 5)
]
ReadOnly = Callable[[Path], Path]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for each test."""
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection of two points, which tests leave as it is."""
    return make(tmp_path_factory.mktemp("read-only") / "store", POINTS[:2])


def make(folder: Path, points: list[Point]) -> Path:
    with create_store(str(folder), MODEL) as store:
        store.upsert(points)
    return folder


def ids_in(folder: Path) -> list[str]:
    with open_store(str(folder)) as store:
        return sorted(record.payload["id"] for record in store.scroll())


def copies(caplog: pytest.LogCaptureFixture) -> int:
    return caplog.text.count("can't be written to; it is copied to")


def test_it_is_read_and_nothing_is_written(folder: Path, read_only: ReadOnly, cache: Path) -> None:
    with open_store(str(folder)) as store:
        expected = store.search([1.0, 1.0, 2.0], limit=2)
    medium = read_only(folder)
    with open_store(str(medium)) as store:
        assert store.location == str(medium)
        assert store.search([1.0, 1.0, 2.0], limit=2) == expected
        assert store.disk_bytes()
        writes: list[Callable[[], object]] = [
            lambda: store.upsert(POINTS),
            lambda: store.overwrite_payloads({POINTS[0].id: {}}),
            lambda: store.delete([POINTS[0].id]),
            store.optimize,
            store.add_indexes,
            lambda: store.set_format(3),
        ]
        for write in writes:
            with pytest.raises(StoreError, match=r"store .* can't be written to; .*permissions"):
                write()
    assert ids_in(medium) == ids_in(folder) == ["1", "2"]
    used = sum(path.stat().st_blocks * 512 for path in cache.rglob("*"))
    assert used < 20 << 20  # the holes of the engine's files, 200 MiB, are not filled


def test_a_copy_is_made_once_for_each_state(
    tmp_path: Path, read_only: ReadOnly, caplog: pytest.LogCaptureFixture
) -> None:
    folder = make(tmp_path / "store", POINTS[:1])
    medium = read_only(folder)
    for number, made in ((1, 1), (1, 1), (2, 2)):
        with create_store(str(folder), MODEL) as store:
            if store.count() < number:
                store.upsert(POINTS[:number])
        assert len(ids_in(medium)) == number
        assert copies(caplog) == made


def test_a_copy_that_was_cut_off_is_made_again(
    folder: Path, read_only: ReadOnly, cache: Path
) -> None:
    medium = read_only(folder)
    assert ids_in(medium) == ["1", "2"]
    (manifest,) = cache.glob("stores/*/manifest.json")
    manifest.unlink()
    shutil.rmtree(manifest.with_name("shard") / "segments")
    assert ids_in(medium) == ["1", "2"]


def test_what_is_written_to_or_damaged_is_not_copied(tmp_path: Path, read_only: ReadOnly) -> None:
    folder = make(tmp_path / "store", POINTS[:1])
    medium = read_only(folder)
    with create_store(str(folder), MODEL) as store:
        store.upsert(POINTS)
        with pytest.raises(StoreError, match="another one writes to it"):
            open_store(str(medium))
    assert ids_in(medium) == ["1", "2", "3", "4"]
    next(folder.glob("shard/segments/*/vector_storage-visual/vectors/chunk_0.mmap")).unlink()
    with pytest.raises(StoreError, match=r"the store is damaged: .* is gone now"):
        open_store(str(medium))


def test_two_of_one_name_have_copies_of_their_own(
    folder: Path, read_only: ReadOnly, tmp_path: Path
) -> None:
    one, other = read_only(folder), read_only(make(tmp_path / "store", POINTS[2:]))
    for _ in range(2):
        assert ids_in(one) == ["1", "2"]
        assert ids_in(other) == ["3", "4"]


def test_a_cache_that_can_not_be_written_to_is_named(
    folder: Path, read_only: ReadOnly, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(read_only(tmp_path / "empty")))
    with pytest.raises(StoreError, match=r"\(Read-only file system\); .*\$ARTEXTRACT_CACHE"):
        open_store(str(read_only(folder)))


def test_a_cache_without_room_is_named(
    folder: Path, read_only: ReadOnly, mount: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(mount("size=20m")))
    with pytest.raises(StoreError, match=r"can't be copied to .*it needs \d+ MiB.*make room"):
        open_store(str(read_only(folder)))


@pytest.mark.parametrize("name", ["", "manifest.json", "owner.lock", "shard/wal", "page_0.dat"])
def test_files_of_another_user_are_enough(
    name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Root may write everywhere, so the system's answer is replaced for one path."""
    path = next(folder.rglob(name)) if name.endswith(".dat") else folder / name
    monkeypatch.setattr("os.access", lambda each, mode: Path(each) != path)
    assert ids_in(folder) == ["1", "2"]
    assert copies(caplog) == 1


def test_permissions_are_not_copied(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "store", POINTS[:1])
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    monkeypatch.setattr("os.access", lambda each, mode: Path(each) != folder)
    assert ids_in(folder) == ["1"]
    assert all(path.stat().st_mode & 0o200 for path in cache.rglob("*"))


def test_files_that_are_not_the_collection_may_be_read_only(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "notes.txt").write_text("mine")
    monkeypatch.setattr("os.access", lambda each, mode: Path(each).name != "notes.txt")
    assert ids_in(folder) == ["1", "2"]
    assert copies(caplog) == 0
