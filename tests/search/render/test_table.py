"""How results are printed: JSON, JSON lines, CSV, plain text, and a table on a terminal."""

import contextlib
import csv
import fcntl
import io
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract
from pictures import make_picture

from artextract.catalog.artwork import Artwork
from artextract.images.opening import make_thumbnail
from artextract.store import ModelIdentity, Point, create_store

KEYS = [
    "rank", "score", "id", "title", "artist", "attribution", "qualifier", "display_date",
    "year_begin", "year_end", "style", "genre", "medium", "page_url", "image", "aspects",
    "shares", "predicted",
]  # fmt: skip
TITLES = [
    "Query",
    "[red]x[/red]",
    'Commas, "quotes"\nand lines',
    "Évening \\[bold] at [link=https://a.example]Étretat[/link]",
    "A very long title that goes on and on " * 6,
    "葛飾北斎の富士山" * 12,
    "=1+1; a\tb, c\r\nd",
    None,
]
WORKS = [
    Artwork(
        id=f"w{number}",
        image=f"{number}.jpg",
        title=title,
        artist=None if number == 3 else "Katsushika Hokusai, [i]1760[/i]",
        display_date="c. 1831",
        year_begin=1830 + number,
        year_end=None if number == 2 else 1840,
        style="Ukiyo-e",
        genre="landscape",
        medium="Ink, on paper",
        page_url="https://museum.example/?a=1&b=2",
    )
    for number, title in enumerate(TITLES)
]


def make_store(location: Path, works: list[Artwork]) -> Path:
    thumbnail = make_thumbnail(make_picture(1))
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as store:
        store.upsert(
            [
                Point(
                    work.point_id,
                    {"visual": [1.0, number / 10, *[0.0] * 6]},
                    {
                        **work.to_payload(),
                        "image_folder": "/no/such/folder",
                        "width": 96,
                        "height": 72,
                        "image_sha256": "",
                        "thumbnail": thumbnail,
                    },
                )
                for number, work in enumerate(works)
            ]
        )
    return location


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("output") / "store", WORKS)


def expected(with_query: bool) -> list[dict[str, Any]]:
    """Return the rows of a search for the first work, or of a listing."""
    rows = []
    for rank, work in enumerate(WORKS[1:] if with_query else WORKS, start=1):
        score = 1 / (1 + (WORKS.index(work) / 10) ** 2) ** 0.5
        row: dict[str, Any] = {name: getattr(work, name) for name in KEYS[2:14]}
        row |= {"rank": rank, "score": score if with_query else None}
        row |= {"image": f"/no/such/folder/{work.image}"}
        row |= {name: {"visual": score} if with_query else {} for name in ("aspects", "shares")}
        row |= {"predicted": {}}
        rows.append(row)
    return rows


def check(rows: list[dict[str, Any]], with_query: bool) -> None:
    correct = expected(with_query)
    assert [list(row) for row in rows] == [KEYS] * len(correct)
    for row, other in zip(rows, correct, strict=True):
        for key in KEYS:
            if with_query and key in {"score", "aspects", "shares"}:
                assert row[key] == pytest.approx(other[key], abs=1e-5)
            else:
                assert row[key] == other[key]


@pytest.mark.parametrize("words", [("w0",), ()])
def test_json_and_json_lines(store: Path, words: tuple[str, ...], artextract: Artextract) -> None:
    ran = artextract("search", *words, "--store", store, "--format", "json")
    assert ran.code == 0
    check(json.loads(ran.out), bool(words))
    lines = artextract("search", *words, "--store", store, "--format", "jsonl").out
    assert [json.loads(line) for line in lines.split("\n")[:-1]] == json.loads(ran.out)
    assert lines.endswith("\n")


@pytest.mark.parametrize("words", [("w0",), ()])
def test_csv_reads_back(store: Path, words: tuple[str, ...], artextract: Artextract) -> None:
    out = artextract("search", *words, "--store", store, "--format", "csv").out
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    correct = json.loads(artextract("search", *words, "--store", store, "--format", "json").out)
    aspects = ["aspects.visual"] if words else []
    assert list(rows[0]) == [*KEYS[:-3], *aspects]
    for row, other in zip(rows, correct, strict=True):
        assert other.pop("predicted") == {}
        del other["shares"]
        other |= {f"aspects.{name}": score for name, score in other.pop("aspects").items()}
        assert row == {k: "" if value is None else str(value) for k, value in other.items()}


@pytest.mark.parametrize(("format_", "nothing"), [("json", "[]\n"), ("jsonl", ""), ("table", "")])
def test_nothing_found(store: Path, format_: str, nothing: str, artextract: Artextract) -> None:
    ran = artextract("search", "--store", store, "--years", "1200", "--within", "--format", format_)
    assert ran.code == 0
    assert ran.out == nothing
    assert ran.err == "No artwork matches the filters.\n"


def test_csv_of_nothing_has_its_header(store: Path, artextract: Artextract) -> None:
    ran = artextract("search", "--store", store, "--text", "nothing", "--format", "csv")
    assert ran.out == ",".join(KEYS[:-3]) + "\n"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "8 of 8 artworks.\n"),
        (("-k", 3), "3 of 8 artworks.\n"),
        (("w0", "-k", 2), "2 of 7 artworks.\n"),
        (("--text", "zzz"), "No artwork matches the filters.\n"),
        (("w0", "--text", "red", "-k", 1), "1 of 1 artworks that match the filters.\n"),
    ],
)
def test_says_how_many_of_how_many(
    store: Path, options: tuple[object, ...], said: str, artextract: Artextract
) -> None:
    assert artextract("search", *options, "--store", store).err == said


def test_plain_table_has_a_line_for_each_result(store: Path, artextract: Artextract) -> None:
    ran = artextract("search", "w0", "--store", store)
    assert ran.code == 0
    assert "\x1b" not in ran.out
    head, *lines = ran.out.splitlines()
    assert head.split() == ["#", "score", "title", "artist", "date", "id"]
    assert len(lines) == len(WORKS) - 1
    for line, row in zip(lines, expected(True), strict=True):
        rank, score, _ = line.split(maxsplit=2)
        assert (rank, score) == (str(row["rank"]), f"{row['score']:.3f}")
        assert line.endswith(row["id"])
        assert " ".join((row["title"] or "").split()) in line
        at = head.index("date")
        assert line[at:].startswith("c. 1831")


ESCAPES = re.compile(r"\x1b(\[[0-9;:?]*[ -/]*[@-~]|[_P\]].*?(\x1b\\|\x07)|[()][A-Z0-9])", re.DOTALL)


def on_a_terminal(*words: object, size: tuple[int, ...] = (0, 0, 0, 0)) -> tuple[int, str]:
    """Return the exit code of a command line on a terminal of 100 columns, and what it wrote.

    ``size`` is what the terminal says of itself: lines, columns, and its width and height in
    pixels. It answers no question.
    """
    reader, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size))
    process = subprocess.Popen(
        [sys.executable, "-m", "artextract", *map(str, words)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "50"},
    )
    os.close(terminal)
    written = b""
    with contextlib.suppress(OSError):  # EIO: the other side has closed the terminal
        while piece := os.read(reader, 65536):
            written += piece
    os.close(reader)
    return process.wait(), written.decode().replace("\r\n", "\n")


def cells(line: str) -> int:
    """Return how many columns of a terminal a line takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)


@pytest.mark.parametrize("size", [(0, 0, 0, 0), (50, 100, 0, 0), (50, 100, 1000, 1000)])
@pytest.mark.parametrize("words", [("w0",), ()])
def test_table_on_a_terminal(
    store: Path, words: tuple[str, ...], size: tuple[int, int, int, int]
) -> None:
    code, written = on_a_terminal("search", *words, "--store", store, size=size)
    assert code == 0, written
    shown = ESCAPES.sub("", written)
    assert "Traceback" not in shown
    assert "Failed" not in shown
    assert "\x1b" not in shown
    lines = shown.splitlines()
    assert max(map(cells, lines)) <= 100, lines
    assert "[red]x[/red]" in shown
    assert "[i]1760[/i]" in re.sub(r"\s", "", shown)
    assert f"{len(WORKS) - len(words)} of {len(WORKS) - len(words)} artworks.\n" in shown
    assert ("0.995" in shown) == bool(words)


@pytest.mark.parametrize("hidden", ["\x1b]0;title", "\x1b[2J", "\x9b31m", "\x07"])
def test_control_characters_of_a_catalog_do_not_reach_the_terminal(
    tmp_path: Path, hidden: str
) -> None:
    work = Artwork(id="a", image="a.jpg", title=f"before{hidden}after", artist=f"x{hidden}y")
    store = make_store(tmp_path / "store", [work])
    code, written = on_a_terminal("search", "--store", store)
    assert code == 0
    assert hidden not in written
