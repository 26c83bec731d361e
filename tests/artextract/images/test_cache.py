import multiprocessing
import threading
from hashlib import sha256
from pathlib import Path

import platformdirs
import pytest
from cache_user import keep_and_find

from artextract.errors import CacheError
from artextract.images.cache import ImageCache, default_cache_folder

PICTURE = bytes(range(256)) * 50
KEY = "https://images.example/iiif/1/full/!640,640/0/default.jpg 2024-01-31"


def files_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_what_was_kept_is_found(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path / "not" / "yet")
    assert cache.find(KEY) is None
    digest = cache.keep(KEY, PICTURE)
    assert digest == sha256(PICTURE).hexdigest()
    assert cache.find(KEY) == PICTURE
    assert cache.find(KEY + " ") is None
    assert ImageCache(cache.folder).find(KEY) == PICTURE
    path = cache.path_of(digest)
    assert path is not None
    assert path.read_bytes() == PICTURE


def test_a_newer_picture_stands_in_for_the_older(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    cache.keep(KEY, b"old")
    cache.keep(KEY, b"new")
    assert cache.find(KEY) == b"new"


def test_two_keys_share_one_picture(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    for key in ("a", "b", "é\n/../\udcff", ""):
        cache.keep(key, PICTURE)
    assert len(files_of(tmp_path / "images")) == 1
    assert all(cache.find(key) == PICTURE for key in ("a", "b", "é\n/../\udcff", ""))


@pytest.mark.parametrize("damaged", [b"", PICTURE[:-1], PICTURE[:-1] + b"\0", PICTURE * 2])
def test_a_damaged_picture_is_absent_and_removed(damaged: bytes, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    path = cache.path_of(cache.keep(KEY, PICTURE))
    assert path is not None
    path.write_bytes(damaged)
    assert cache.find(KEY) is None
    assert not path.exists()
    cache.keep(KEY, PICTURE)
    assert cache.find(KEY) == PICTURE


@pytest.mark.parametrize("damaged", [b"", b"abc", b"../" * 22, b"\xff" * 64, b"0" * 64])
def test_a_damaged_name_is_absent(damaged: bytes, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    cache.keep(KEY, PICTURE)
    (name,) = files_of(tmp_path / "names")
    name.write_bytes(damaged)
    assert cache.find(KEY) is None
    cache.forget(KEY)
    assert cache.find(KEY) is None


def test_forget(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    cache.forget(KEY)
    digest = cache.keep(KEY, PICTURE)
    cache.keep("other", b"other picture")
    cache.forget(KEY)
    assert cache.find(KEY) is None
    assert cache.path_of(digest) is None
    assert cache.find("other") == b"other picture"
    assert len(files_of(tmp_path)) == 2


@pytest.mark.parametrize("name", ["", "abc", "../../secret", "0" * 63, "0" * 65, "G" * 64])
def test_only_hashes_have_a_path(name: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"")
    assert ImageCache(tmp_path).path_of(name) is None


def test_threads_and_processes_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=keep_and_find, args=(tmp_path, first)) for first in (0, 7)]
    threads = [threading.Thread(target=keep_and_find, args=(tmp_path, first)) for first in (3, 11)]
    for process in processes:
        process.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert len(files_of(tmp_path / "images")) == len(files_of(tmp_path / "names")) == 20


def test_a_folder_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = ImageCache(tmp_path / "file" / "cache")
    message = r"^the image cache .*file/cache can't be .* \(.+\); .*ARTEXTRACT_CACHE$"
    for work in (lambda: cache.keep(KEY, PICTURE), lambda: cache.find(KEY)):
        with pytest.raises(CacheError, match=message):
            work()


def test_a_full_disk_leaves_no_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_bytes(path: Path, data: bytes) -> int:
        path.touch()
        raise OSError(28, "No space left on device")

    cache = ImageCache(tmp_path)
    cache.keep("kept", b"kept")
    before = files_of(tmp_path)
    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    with pytest.raises(CacheError, match=r"can't be written \(No space left on device\)"):
        cache.keep(KEY, b"kept")
    assert files_of(tmp_path) == before


def test_the_default_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path))
    assert default_cache_folder() == tmp_path
    usual = platformdirs.user_cache_path("artextract", False)
    monkeypatch.setenv("ARTEXTRACT_CACHE", "")
    assert default_cache_folder() == usual
    monkeypatch.delenv("ARTEXTRACT_CACHE")
    assert default_cache_folder() == usual
    assert usual.name == "artextract"
