import json
from pathlib import Path

import pytest

from artextract.errors import StoreError
from ingest.journal import Journal
from ingest.sources.item import Failure

A = Failure("a", "a.jpg", "it is broken")
B = Failure("b", "b é.jpg", "it is\ntorn")
C = Failure("c", "", "no image")


def standing(path: Path) -> list[Failure]:
    return list(Journal(path))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "failures.jsonl"


def test_recorded_read_back_in_order(path: Path) -> None:
    with Journal(path) as journal:
        for failure in (B, A, C):
            journal.record(failure)
        assert list(journal) == [B, A, C]
        assert len(journal) == 3
        assert "a" in journal
        assert "d" not in journal
    assert standing(path) == [B, A, C]
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert lines == [{"key": f.key, "image": f.image, "reason": f.reason} for f in (B, A, C)]


def test_without_a_failure_there_is_no_file(path: Path) -> None:
    with Journal(path) as journal:
        journal.resolve("never met")
        assert not path.exists()
    assert not path.exists()
    with Journal(path) as journal:
        journal.record(A)
        assert path.exists()
        journal.resolve("a")
        assert list(journal) == []
    assert not path.exists()


def test_resolved_in_a_later_run(path: Path) -> None:
    with Journal(path) as journal:
        journal.record(A)
        journal.record(B)
    with Journal(path) as journal:
        journal.resolve("a")
        journal.resolve("a")
    assert standing(path) == [B]
    assert len(path.read_text().splitlines()) == 1
    with Journal(path) as journal:
        journal.resolve("b")
    assert not path.exists()


def test_a_later_reason_replaces_the_earlier(path: Path) -> None:
    newer = Failure("a", "other.jpg", "it is gone")
    with Journal(path) as journal:
        journal.record(A)
        journal.record(B)
        journal.record(newer)
        assert len(journal) == 2
        assert set(journal) == {newer, B}
    assert set(standing(path)) == {newer, B}


def test_a_crash_loses_nothing(path: Path) -> None:
    journal = Journal(path)  # never left in order
    journal.record(A)
    assert standing(path) == [A]
    journal.record(B)
    journal.resolve("a")
    assert standing(path) == [B]
    journal.record(A)
    assert standing(path) == [B, A]
    with Journal(path):
        pass
    assert len(path.read_text().splitlines()) == 2


def test_an_error_in_the_run_keeps_the_failures(path: Path) -> None:
    def run() -> None:
        with Journal(path) as journal:
            journal.record(A)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert standing(path) == [A]


def test_any_cut_in_the_last_line(path: Path) -> None:
    journal = Journal(path)
    journal.record(A)
    whole = len(path.read_bytes())
    journal.record(B)
    data = path.read_bytes()
    for length in range(whole, len(data)):
        path.write_bytes(data[:length])
        assert standing(path) == [A]
    path.write_bytes(data)
    assert standing(path) == [A, B]


def test_iterating_while_it_changes(path: Path) -> None:
    with Journal(path) as journal:
        for failure in (A, B, C):
            journal.record(failure)
        for failure in journal:
            journal.resolve(failure.key)
    assert not path.exists()


def test_what_is_added_after_a_cut_is_kept(path: Path) -> None:
    journal = Journal(path)
    journal.record(A)
    with path.open("ab") as file:
        file.write(b'{"key": "b", "im')  # a crash
    journal = Journal(path)
    journal.record(C)  # and a crash once more
    assert C in standing(path)


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "missing" / "failures.jsonl")
    with pytest.raises(StoreError, match=r"failures\.jsonl can't be written"):
        journal.record(A)
