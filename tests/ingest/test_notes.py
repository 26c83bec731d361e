"""What ingest leaves unknown or aside is in its summary, in the journal, and in the info."""

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract
from pictures import make_picture

from artextract.catalog.notes import Note, NoteCount
from ingest.journal import Journal
from ingest.sources.catalog import CatalogSource
from ingest.sources.item import Failure, Item

DATES = "dates that are not understood"
SHARED = "artworks that share an image file (one shared by many may be a placeholder)"


def save_pictures(folder: Path, *names: str, seed: int = 0) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        make_picture(seed + number).save(folder / name)


def ingest(artextract: Artextract, *words: object) -> str:
    ran = artextract("ingest", *words, "--aspects", "visual", "--classifier", "none")
    assert ran.code == 0, ran.err
    return ran.out


def info(artextract: Artextract, store: Path) -> dict[str, Any]:
    ran = artextract("collection", "info", "--store", store, "--format", "json")
    return dict(json.loads(ran.out))


def test_a_catalog_and_a_folder(tmp_path: Path, artextract: Artextract) -> None:
    works, scans, store = tmp_path / "works", tmp_path / "scans", tmp_path / "store"
    save_pictures(works, *(f"{n}.jpg" for n in range(4)))
    rows = ["1.jpg,x y z,I", "2.jpg,c. 1885,II", "3.jpg,whenever,", "none.jpg,1885,"]
    catalog = works / "works.csv"
    catalog.write_text("file,Date,Saal\n" + "\n".join(rows) + "\n")
    out = ingest(artextract, "catalog", catalog, "--store", store)
    assert "embedded 3, updated 0, unchanged 0, failed 1" in out
    assert out.endswith(
        "Left unknown or aside:\n"
        "  columns that fill no field, kept as they are (--map reads one as a field): 1, such as "
        "'Saal'\n"
        f"  {DATES}: 2, such as 'x y z' (1.jpg), 'whenever' (3.jpg)\n"
    )

    save_pictures(scans, "a.jpg", seed=10)
    for name in ("b.jpg", "c.jpg"):
        (scans / name).write_bytes((scans / "a.jpg").read_bytes())
    (scans / "list.pdf").write_bytes(b"")
    out = ingest(artextract, "folder", scans, "--store", store)
    assert re.search(rf"  {re.escape(SHARED)}: 3, such as '[abc]\.jpg, one of 3'\n", out)

    journal = Journal(store / "failures.jsonl")
    assert [failure.key for failure in journal] == ["none.jpg"]
    notes = {source: {note.kind: note.count for note in each}
             for source, each in journal.notes.items()}  # fmt: skip
    other = "files whose ending is not that of an image, left aside"
    assert notes[str(catalog)][DATES] == 2
    assert notes[str(scans)] == {other: 1, SHARED: 3}
    lines = [json.loads(line) for line in (store / "failures.jsonl").read_text().splitlines()]
    assert sum("note" in line for line in lines) == 4
    said = info(artextract, store)
    assert said["failed"] == 1
    assert {source: {note["kind"]: note["count"] for note in each}
            for source, each in said["notes"].items()} == notes  # fmt: skip
    text = artextract("collection", "info", "--store", store).out
    assert f"{DATES}: 2, such as 'x y z' (1.jpg), 'whenever' (3.jpg)" in text
    assert "--map reads one as a field" in text

    # A later run replaces the notes of its source only.
    catalog.write_text("file,Date\n1.jpg,1885\n2.jpg,1886\n3.jpg,1887\n0.jpg,1888\n")
    assert "Left unknown" not in ingest(artextract, "catalog", catalog, "--store", store)
    assert list(info(artextract, store)["notes"]) == [str(scans)]
    save_pictures(works, "none.jpg")
    (scans / "list.pdf").unlink()
    for name in ("b.jpg", "c.jpg"):
        (scans / name).unlink()
    ingest(artextract, "folder", scans, "--store", store)
    assert info(artextract, store)["notes"] == {}


def test_a_dry_run_says_the_same_and_keeps_nothing(tmp_path: Path, artextract: Artextract) -> None:
    save_pictures(tmp_path / "works", "a.jpg")
    (tmp_path / "works" / "works.csv").write_text("file,date\na.jpg,whenever\n")
    words = ("catalog", tmp_path / "works" / "works.csv", "--store", tmp_path / "store")
    assert f"  {DATES}: 1, such as 'whenever' (a.jpg)" in ingest(artextract, *words, "--dry-run")
    assert not (tmp_path / "store").exists()


def test_only_notes_on_what_was_taken(tmp_path: Path, artextract: Artextract) -> None:
    save_pictures(tmp_path, *(f"{n}.jpg" for n in range(3)))
    rows = "".join(f"{n}.jpg,some day {n}\n" for n in range(3))
    (tmp_path / "works.csv").write_text(f"file,date\n{rows}")
    words = ("catalog", tmp_path / "works.csv", "--store", tmp_path / "store")
    assert f"{DATES}: 2, such" in ingest(artextract, *words, "--limit", "2")
    assert f"{DATES}: 3, such" in ingest(artextract, *words)


def test_the_journal_keeps_notes_by_source(tmp_path: Path) -> None:
    path = tmp_path / "failures.jsonl"
    failure = Failure("a", "a.jpg", "it is broken")
    one = [NoteCount("dates", 2, ("'x'", "'ÿ'"))]
    with Journal(path) as journal:
        journal.note("one", one)
        journal.note("two", [NoteCount("columns", 1, ("'Saal'",))])
        journal.record(failure)
    journal = Journal(path)
    assert list(journal) == [failure]
    assert journal.notes["one"] == one
    with journal:
        journal.resolve("a")
        journal.note("two", [])
    assert Journal(path).notes == {"one": one}
    with Journal(path) as journal:
        journal.note("one", [])
    assert not path.exists()


def test_reading_the_journal_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "failures.jsonl"
    path.write_bytes(b'{"note": "dates", "source": "one", "count": 2, "examples": []}\n{"key": "a"')
    before = path.read_bytes()
    assert Journal(path).notes == {"one": [NoteCount("dates", 2, ())]}
    assert path.read_bytes() == before


# Images whose names are spelt in another way


def items_of(catalog: Path) -> list[Item]:
    return [item for item in CatalogSource(catalog, catalog.parent) if isinstance(item, Item)]


@pytest.mark.parametrize("on_disk", ["NFC", "NFD"])
@pytest.mark.parametrize("in_catalog", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "name", ["Café.jpg", "Münter/Straße nach Ö.jpg", "Åse.jpg", "한국화.jpg", "ガラス.jpg"]
)
def test_unicode_forms_of_a_file(on_disk: str, in_catalog: str, name: str, tmp_path: Path) -> None:
    path = tmp_path / unicodedata.normalize(on_disk, name)  # type: ignore[arg-type]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"image")
    catalog = tmp_path / "works.csv"
    catalog.write_text(f"file\n{unicodedata.normalize(in_catalog, name)}\n")  # type: ignore[arg-type]
    (item,) = items_of(catalog)
    assert item.read() == b"image"
    assert item.artwork.id == name  # in NFC, whatever the file's form


def test_a_folder_in_one_form_and_its_file_in_the_other(tmp_path: Path) -> None:
    name = "Mu\u0308nchen/K\u00e4the.jpg"
    (tmp_path / name).parent.mkdir()
    (tmp_path / name).write_bytes(b"image")
    (tmp_path / "works.csv").write_text("file\nM\u00fcnchen/Ka\u0308the.jpg\n")
    (item,) = items_of(tmp_path / "works.csv")
    assert item.read() == b"image"


@pytest.mark.parametrize(
    ("name", "on_disk"),
    [
        ("scans\\deep\\a.jpg", "scans/deep/a.jpg"), ("odd\\name.jpg", "odd\\name.jpg"),
        (" a.jpg ", "a.jpg"), ("\u00a0a.jpg\u200b", "a.jpg"), ("café\\à.jpg", "café/à.jpg"),
        ("R&amp;D.jpg", "R&amp;D.jpg"),
    ],
)  # fmt: skip
def test_spellings_of_a_path(name: str, on_disk: str, tmp_path: Path) -> None:
    (tmp_path / on_disk).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / on_disk).write_bytes(b"image")
    (tmp_path / "works.csv").write_text(f"file,title\n{name},t\n")
    (item,) = items_of(tmp_path / "works.csv")
    assert item.read() == b"image"


@pytest.mark.parametrize("name", ["..\\secret.jpg", "é\\..\\..\\secret.jpg", "é/../../secret.jpg"])
def test_no_spelling_leaves_the_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "works").mkdir()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    catalog = tmp_path / "works" / "works.csv"
    catalog.write_text(f"file\n{name}\n")
    (failure,) = [
        each for each in CatalogSource(catalog, catalog.parent) if not isinstance(each, Note)
    ]
    assert isinstance(failure, Failure)
    assert "points outside the images' folder" in failure.reason
