"""Where files are published to: formats by ending, whole files or none, and what is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.writing.entries import Entry, Format
from artextract.catalog.writing.save import find_format, save_entries
from artextract.errors import InputError
from artextract.files import check_target
from artextract.store import ModelIdentity

MODEL = ModelIdentity("tiny", "ab" * 32, 6)
WORK = Artwork(id="w", image="w.jpg")
ENTRY = Entry(WORK.point_id, WORK.to_payload())


class Breaking(list[Entry]):
    """Entries that end with an error the second time they are read."""

    def __init__(self, error: Exception) -> None:
        super().__init__([ENTRY, ENTRY])
        self._error = error
        self._readings = 0

    def __iter__(self) -> Iterator[Entry]:
        self._readings += 1
        yield ENTRY
        if self._readings > 1:
            raise self._error


@pytest.mark.parametrize(
    ("name", "named", "format_"),
    [
        ("a.csv", None, "csv"), ("a.CSV", None, "csv"), ("a.jsonl", None, "jsonl"),
        ("a.ndjson", None, "jsonl"), ("a.parquet", None, "parquet"), ("a.json", None, "iiif"),
        ("a.json", "iiif", "iiif"), ("a", "iiif", "iiif"), ("a.txt", "csv", "csv"),
    ],
)  # fmt: skip
def test_the_format_of_a_name(name: str, named: Format | None, format_: Format) -> None:
    assert find_format(Path(name), named) == format_


def test_an_unknown_ending_is_refused() -> None:
    with pytest.raises(
        InputError, match=r"the ending of works\.xlsx names no format; end it in \.csv"
    ):
        find_format(Path("works.xlsx"))


def test_an_ending_of_another_format_is_refused() -> None:
    with pytest.raises(InputError, match=r"works\.csv has the ending of format csv, not parquet"):
        find_format(Path("works.csv"), "parquet")


def test_targets_that_are_refused(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    with pytest.raises(
        InputError, match="exists already; give another name, or replace it with `force`"
    ):
        check_target(tmp_path / "old.csv", force=False)
    check_target(tmp_path / "old.csv", force=True)
    with pytest.raises(InputError, match="is a folder"):
        check_target(tmp_path, force=True)
    with pytest.raises(InputError, match="there is no folder"):
        check_target(tmp_path / "no" / "a.csv", force=False)
    with pytest.raises(InputError, match="can't be written to"):
        check_target(Path("/proc/a.csv"), force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]


def test_nothing_to_write_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no artworks to write"):
        save_entries(tmp_path / "a.csv", [], MODEL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
@pytest.mark.parametrize("error", [RuntimeError("broken"), OSError(28, "No space left on device")])
def test_a_file_that_can_not_be_finished_leaves_the_old_one(
    ending: str, error: Exception, tmp_path: Path
) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text("old")
    with pytest.raises((RuntimeError, InputError), match=r"broken|No space left on device"):
        save_entries(path, Breaking(error), MODEL, force=True)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
