import threading
from pathlib import Path

import pytest

from artextract.files import atomic_write


def test_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "file"
    for text in ("a longer text", "é\n", ""):
        atomic_write(path, text)
        assert path.read_text(encoding="utf-8") == text
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_reader_sees_the_old_or_the_new_text_and_never_a_part(tmp_path: Path) -> None:
    path = tmp_path / "file"
    texts = {"a" * 200_000, "b" * 300_000}
    atomic_write(path, min(texts))
    done = threading.Event()

    def write() -> None:
        for _ in range(20):
            for text in texts:
                atomic_write(path, text)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert path.read_text() in texts
    writer.join()


def test_what_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        atomic_write(tmp_path / "missing" / "file", "a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=r"[Ii]s a directory"):
        atomic_write(tmp_path / "folder", "a")
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
