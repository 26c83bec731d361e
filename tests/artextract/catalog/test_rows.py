"""Catalog files as they come: any separator, any encoding, and damaged lines."""

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from artextract.catalog.artwork import Artwork
from artextract.catalog.notes import Note
from artextract.catalog.reading import BadRow, count_rows, read_catalog
from artextract.errors import CatalogError

Read = tuple[list[Artwork | BadRow], list[Note]]


def read(path: Path) -> Read:
    notes: list[Note] = []
    rows = [row for _, row in read_catalog(path, on_note=notes.append)]
    assert count_rows(path) == len(rows)
    return rows, notes


def read_bytes(folder: Path, data: bytes, suffix: str = ".csv") -> Read:
    path = folder / f"works{suffix}"
    path.write_bytes(data)
    return read(path)


def titles(rows: list[Artwork | BadRow]) -> list[str | None]:
    return [row.title if isinstance(row, Artwork) else "BAD" for row in rows]


# Damaged lines of CSV: each costs its own row


@pytest.mark.parametrize(
    "line",
    [
        'b,"The "Old" Quay"', 'b,"never closed', '"b,never closed', '"b",x"y","z', "b", "b,c,d",
        '"b""', 'b,"a" b', '"b"x,y', 'b,"', '"', 'b,c,"d',
    ],
)  # fmt: skip
@pytest.mark.parametrize("after", ["c,Three\n", 'c,"Three"\n'])
def test_a_bad_line_costs_its_row_only(line: str, after: str, tmp_path: Path) -> None:
    text = f"file,title\na,One\n{line}\n{after}d,Four\n"
    rows, _ = read_bytes(tmp_path, text.encode())
    assert titles(rows) == ["One", "BAD", "Three", "Four"]
    assert isinstance(rows[1], BadRow)
    assert "line 3 " in rows[1].reason


def test_many_open_quotes(tmp_path: Path) -> None:
    lines = "".join(f'{n}.jpg,"open {n}\n{n}b.jpg,good\n' for n in range(300))
    rows, _ = read_bytes(tmp_path, f"file,title\n{lines}".encode())
    assert titles(rows) == ["BAD", "good"] * 300
    assert [row.reason.split()[1] for row in rows if isinstance(row, BadRow)] == [
        str(number) for number in range(2, 602, 2)
    ]


def test_rows_within_a_value_are_named(tmp_path: Path) -> None:
    text = 'file,title\na,"open\nb,Two\nc,closed"\nd,Four\n'
    rows, notes = read_bytes(tmp_path, text.encode())
    assert titles(rows) == ["open\nb,Two\nc,closed", "Four"]
    (note,) = notes
    assert note.kind.startswith("values over several lines")
    assert str(note) == "'b,Two'"
    # After a quote that ends nowhere, the rows are read; none is within a value.
    rows, notes = read_bytes(tmp_path, b'file,title\na,"open\nb,Two\nc,Three\n')
    assert titles(rows) == ["BAD", "Two", "Three"]
    assert not notes
    rows, notes = read_bytes(tmp_path, b'file,title\na,"one\ntwo\nthree"\n')
    assert titles(rows) == ["one\ntwo\nthree"]
    assert not notes


@pytest.mark.parametrize("size", [131_072, 131_073, 1_000_000])
def test_long_values(size: int, tmp_path: Path) -> None:
    rows, _ = read_bytes(tmp_path, f"file,title\na,{'T' * size}\nb,Two\n".encode())
    assert titles(rows) == ["T" * size, "Two"]


def test_a_value_that_is_too_long_costs_its_row(tmp_path: Path) -> None:
    rows, _ = read_bytes(tmp_path, f"file,title\na,{'T' * (17 << 20)}\nb,Two\n".encode())
    assert titles(rows) == ["BAD", "Two"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("file,title,,\na,One,,\nb,Two,,\n", ["One", "Two"]),
        ("file,title,,\na,One\nb,Two,\n", ["One", "Two"]),
        ("file,title\na,One,,\nb,Two, \n", ["One", "Two"]),
        (",file,title\n0,a,One\n1,b,Two\n", ["One", "Two"]),
        ("file,title,\na,One,x\nb,Two\n", ["One", "Two"]),
        ("file,title\na,One\n,\n , \n\n\nb,Two\n", ["One", "Two"]),
        ("\n\nfile,title\na,One\nb,Two", ["One", "Two"]),
        ("file,title,title\na,One,x\nb,Two,y\n", ["One", "Two"]),
        ("file,title\ra,One\rb,Two\r", ["One", "Two"]),
        ("file,title\r\na,One\r\nb,Two\r\n", ["One", "Two"]),
        ("file,title\na,O\0ne\nb,Two\n", ["One", "Two"]),
        ('file,title\n"a","One"\n"b","Two"\n', ["One", "Two"]),
        ('"file","title"\na,One\nb,Two\n', ["One", "Two"]),
    ],
)
def test_odd_tables(text: str, found: list[str], tmp_path: Path) -> None:
    rows, _ = read_bytes(tmp_path, text.encode())
    assert titles(rows) == found


def test_values_without_a_column_name_and_columns_named_twice_are_noted(tmp_path: Path) -> None:
    rows, notes = read_bytes(tmp_path, b"file,,note,note\na,lost,x,y\nb,,z,\n")
    assert [row.extra for row in rows if isinstance(row, Artwork)] == [
        {"note": "x", "note (2)": "y"}, {"note": "z"},
    ]  # fmt: skip
    assert [(note.kind.split(",")[0], note.example) for note in notes] == [
        ("columns that fill no field", "note"),
        ("columns that fill no field", "note (2)"),
        ("values in columns without a name", "lost"),
    ]


# Separators


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "header", ["file,title,artist", "File,Titel,Title", "Title,ImageURL", "image,title,a b,x;y"]
)
def test_separators(separator: str, header: str, tmp_path: Path) -> None:
    if separator == ";":
        header = header.replace(";", ",,").replace(",,", "/")
    names = header.split(",")
    row = [
        "p.jpg" if name.lower() in {"file", "image", "imageurl"} else f"{name},; v"
        for name in names
    ]
    text = io.StringIO()
    csv.writer(text, delimiter=separator).writerows([names, row])
    (artwork,), _ = read_bytes(tmp_path, text.getvalue().encode())
    assert isinstance(artwork, Artwork)
    assert artwork.image == "p.jpg"
    assert artwork.title in {"title,; v", "Title,; v"}


def test_the_separator_that_excel_names(tmp_path: Path) -> None:
    rows, _ = read_bytes(tmp_path, b'sep=;\r\nfile;title\r\na;One, two\r\nb;"\r\n')
    assert titles(rows) == ["One, two", "BAD"]
    assert isinstance(rows[1], BadRow)
    assert "line 4 " in rows[1].reason
    rows, _ = read_bytes(tmp_path, b"SEP=!\nfile!title\na!One\n")
    assert titles(rows) == ["One"]


def test_a_mapped_column_that_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text("Bild,Titel\na,One\n")
    with pytest.raises(CatalogError, match=r"no column 'Title', which `map` names.*Bild, Titel"):
        list(read_catalog(tmp_path / "works.csv", {"Bild": "file", "Title": "title"}))


# Encodings

TEXT = "file,title,artist\n" + "".join(
    f"{n}.jpg,{title}\n"
    for n, title in enumerate(
        ["Mädchen am Fenster,Käthe Kollwitz", "Étude d'arbre,Paul Cézanne",
         "Straße im Regen,Lesser Ury", "Nature morte à la théière,Édouard Manet"]
    )
)  # fmt: skip


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1",
     "mac_roman", "cp850"],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_encodings(encoding: str, suffix: str, tmp_path: Path) -> None:
    expected, _ = read_bytes(tmp_path, TEXT.encode())
    text = TEXT
    if suffix == ".jsonl":
        rows = csv.DictReader(io.StringIO(TEXT))
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    found, notes = read_bytes(tmp_path, text.encode(encoding), suffix)
    assert found == expected
    named = [note.kind for note in notes]
    assert bool(named) == (encoding in {"cp1252", "latin-1", "mac_roman", "cp850"})
    for kind in named:
        assert kind.startswith("files that are not UTF-8, read as ")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [("cp1251", "Бурлаки на Волге"), ("shift_jis", "富嶽三十六景 神奈川沖浪裏"),
     ("gb18030", "清明上河图 千里江山图卷"), ("euc_kr", "씨름 풍속도 미인도"),
     ("big5", "清明上河圖 千里江山圖卷")],
)  # fmt: skip
def test_encodings_of_other_scripts(encoding: str, text: str, tmp_path: Path) -> None:
    rows, notes = read_bytes(tmp_path, f"file,title\na.jpg,{text}\n".encode(encoding))
    assert titles(rows) == [text]
    assert len(notes) == 1


def test_one_damaged_line_does_not_change_the_encoding(tmp_path: Path) -> None:
    text = TEXT.encode() + b"b.jpg,M\xe4dchen,Ury\nc.jpg,Caf\xc3\xa9,Ury\n"
    rows, notes = read_bytes(tmp_path, text)
    assert titles(rows)[-2:] == ["M\ufffddchen", "Café"]
    assert [(note.kind, note.artwork) for note in notes] == [
        ("values with characters that are not valid text", "b.jpg")
    ]


def test_an_accent_far_below_the_top(tmp_path: Path) -> None:
    text = b"file,title\n" + b"".join(b"%d.jpg,t\n" % n for n in range(200_000))
    rows, notes = read_bytes(tmp_path, text + b"last.jpg,Caf\xe9 cr\xe8me\n")
    assert titles(rows)[-1] == "Café crème"
    assert [note.example for note in notes] == ["works.csv"]


def test_half_a_character_at_the_end_of_utf_16(tmp_path: Path) -> None:
    rows, _ = read_bytes(tmp_path, "file,title\na,One\nb,Two\n".encode("utf-16")[:-1])
    assert titles(rows)[0] == "One"


@settings(
    max_examples=100, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(data=st.binary(max_size=300), suffix=st.sampled_from([".csv", ".tsv", ".jsonl"]))
def test_any_bytes_between_two_lines(data: bytes, suffix: str, tmp_path: Path) -> None:
    first = b'{"file": "first.jpg"}\n' if suffix == ".jsonl" else b"file,title\nfirst.jpg,One\n"
    rows, _ = read_bytes(tmp_path, first + data.replace(b"\0", b"") + b"\n", suffix)
    assert isinstance(rows[0], Artwork)
    assert rows[0].image == "first.jpg"
