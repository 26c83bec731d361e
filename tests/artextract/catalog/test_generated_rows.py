"""Thousands of rows of generated nonsense: no row is lost in silence, whatever the format."""

import csv
import json
import random
from pathlib import Path
from typing import Any

import polars
import pytest

from artextract.catalog.artwork import METADATA_FIELDS, Artwork
from artextract.catalog.cleaning import clean_text, is_nothing
from artextract.catalog.notes import Note, NoteTally
from artextract.catalog.reading import BadRow, count_rows, read_catalog

ROWS = 2500
TEXTS = [
    "", " ", "-", "None", "nan", "unknown", "n.d.", "c. 1885", "1885", "1879.0", "153505", "-40000",
    "um 1520", "79,4", "79 x 98 cm", "1,234", "Y", "CC0", "maybe", " Monet ", "Monet|Manet",
    "A; B; -", "(American) (French)", "<b>bold</b>", "&amp;", "&#0;", "Ca\u0301fe", "caf\u00e9",
    "\u00a0", "\u200b", "\ufeffx", "\0", "\x1b", "line\nbreak", "cr\rlf\r\n", 'quo"te', "com,ma",
    "semi;colon", "tab\t", "=1+1", "\U0001f5bc", "\ufffd", "x" * 5000, "a\\b\\c.jpg", "../up.jpg",
    "https://x.example/a.jpg", "http://", "1888-03-14", "inf", "-inf", "1e999", "0", "00", "١٨٨٥",
    "2\u00b2", "true", "[]", "{}", "['a', 'b']", "🎨;🎨", "1900-1890",
]  # fmt: skip
OBJECTS: list[Any] = [
    None, True, False, 0, -1, 1885, 1879.0, 0.5, 2**70, -(2**63), 1e308, float("nan"), float("inf"),
    [], [None], ["a", "b"], ["a", None], [["a"]], [1, 2], {}, {"en": "Water"}, {"": None},
    [{"a": 1}], "\ud800", ["\udfff"], {"\ud800": 1},
]  # fmt: skip
NAMES = (
    *(name for name in METADATA_FIELDS if name not in {"id", "image", "image_url", "view"}),
    "year", "Titel", "Room ", "room", "a.b", 'quo"te', "thumbnail", "model", "rank", "extra.x",
)  # fmt: skip


def generate(seed: int, *, typed: bool) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    rows = []
    for number in range(ROWS):
        names = NAMES if not typed else chance.sample(NAMES, 8)
        row: dict[str, Any] = {
            "id": f"w{number}" if chance.random() < 0.95 else chance.choice(TEXTS),
            "file": f"{number}.jpg" if chance.random() < 0.95 else chance.choice(TEXTS),
        }
        for name in names:
            some = OBJECTS if typed and chance.random() < 0.5 else TEXTS
            row[name] = chance.choice(some) if chance.random() < 0.5 else ""
        rows.append(row)
    return rows


def write(path: Path, rows: list[dict[str, Any]]) -> None:
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    elif path.suffix == ".parquet":
        polars.DataFrame(rows).write_parquet(path)
    else:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
            writer.writeheader()
            writer.writerows(rows)


def appears(value: object, artwork: Artwork, notes: list[Note]) -> bool:
    """Whether a cell is nothing, or its text is in the artwork or named by a note."""
    text = clean_text(str(value)).removesuffix(".0")
    if is_nothing(text) or text.casefold() in {"unknown", "n.d."}:
        return True
    held = repr([getattr(artwork, name) for name in artwork.__slots__])
    if any(part in held for part in (text, repr(text)[1:-1], json.dumps(text)[1:-1])):
        return True
    return any(text in note.example for note in notes)


@pytest.mark.parametrize(
    ("suffix", "seed"), [(".csv", 1), (".csv", 2), (".jsonl", 3), (".parquet", 4)]
)
def test_generated_rows(suffix: str, seed: int, tmp_path: Path) -> None:
    path = tmp_path / f"works{suffix}"
    rows = generate(seed, typed=suffix == ".jsonl")
    write(path, rows)
    tally = NoteTally()
    notes: list[Note] = []

    def on_note(note: Note) -> None:
        notes.append(note)
        tally.add(note)

    artworks = 0
    for number, found in read_catalog(path, on_note=on_note):
        if isinstance(found, BadRow):
            assert found.row == number
            assert found.reason
            found.reason.encode()
        else:
            artworks += 1
            json.dumps(found.to_payload(), ensure_ascii=False).encode()
            if suffix == ".csv":
                row = rows[number - 1]
                seen = ("title", "display_date", "year_begin", "height_cm", "open_access", "Titel")
                for name in seen:
                    is_yes = name == "open_access" and row[name] in {"Y", "CC0", "0", "true"}
                    is_number = name in {"year_begin", "height_cm"}
                    assert is_yes or is_number or appears(row[name], found, notes), (name, row)
        notes.clear()
    assert number == count_rows(path) == ROWS
    assert artworks > 0.8 * ROWS
    assert sum(len(example) for each in tally for example in each.examples) < 20_000


@pytest.mark.parametrize("seed", range(20))
def test_damaged_tables(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    rows = [f'{n}.jpg;"T ""{n}""";artist {n}' for n in range(500)]
    data = bytearray("\r\n".join(["file;title;artist", *rows]).encode())
    for _ in range(30):
        at = chance.randrange(20, len(data))
        data[at : at + chance.randrange(3)] = chance.randbytes(chance.randrange(1, 4))
    path = tmp_path / "works.csv"
    path.write_bytes(data)
    tally = NoteTally()
    found = [row for _, row in read_catalog(path, on_note=tally.add)]
    intact = {row.image for row in found if isinstance(row, Artwork)}
    lost = {f"{n}.jpg" for n in range(500)} - intact
    # A damaged row is a bad row or has another name; the rows around it are read.
    assert len(lost) <= 60
    assert len(found) >= 500 - 60
