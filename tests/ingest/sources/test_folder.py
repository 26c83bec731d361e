import os
from pathlib import Path

import pytest

from artextract.catalog.notes import Note
from artextract.errors import InputError
from artextract.images.opening import IMAGE_SUFFIXES
from ingest.sources.folder import FolderSource
from ingest.sources.item import Failure, Item


def touch(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())


def items_of(folder: Path) -> list[Item]:
    works = list(FolderSource(folder))
    return [work for work in works if isinstance(work, Item)]


def notes_of(folder: Path) -> list[tuple[str, str]]:
    return [(each.kind, each.example) for each in FolderSource(folder) if isinstance(each, Note)]


def test_all_images_below_in_the_order_of_their_paths(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "b.jpg", "a.PNG", "Z.JPeG", "c.tiff", "d.Tif", "e.webp", "f.jpe", "né e.jpg",
        "deep/er/x.jpg", "deep/a.jpg", "a/b.jpg", "with.dot/y.jpg",
        ".hidden.jpg", ".hidden/a.jpg", "deep/.cache/b.png", "deep/.x.png",
        "notes.txt", "jpg", "x.jpg.txt", "y.jpgx", "z.gif", "deep/.jpg",
    )  # fmt: skip
    source = FolderSource(tmp_path)
    expected = [
        "Z.JPeG", "a.PNG", "b.jpg", "c.tiff", "d.Tif", "e.webp", "f.jpe", "né e.jpg",
        "a/b.jpg", "deep/a.jpg", "deep/er/x.jpg", "with.dot/y.jpg",
    ]  # fmt: skip
    items = items_of(tmp_path)
    assert [item.key for item in items] == expected
    assert source.count() == len(expected)
    again = [item.key for item in source if isinstance(item, Item)]
    assert again == expected  # and the same a second time
    for item in items:
        assert item.artwork.id == item.artwork.image == item.key
        assert item.artwork.source == "folder"
        assert item.folder == tmp_path.resolve()
        assert item.read() == item.key.encode()
    assert len({item.artwork.point_id for item in items}) == len(expected)


@pytest.mark.parametrize("suffix", sorted(IMAGE_SUFFIXES))
def test_every_ending(suffix: str, tmp_path: Path) -> None:
    touch(tmp_path, f"a{suffix}", f"b{suffix.upper()}")
    assert [item.key for item in items_of(tmp_path)] == [f"a{suffix}", f"b{suffix.upper()}"]


def test_ids_do_not_depend_on_how_the_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    touch(tmp_path / "works", "a/b.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "works")
    monkeypatch.chdir(tmp_path)
    named = [Path("works"), Path("works/../works"), tmp_path / "works", Path("link")]
    items = [items_of(folder)[0] for folder in named]
    assert {item.artwork.point_id for item in items} == {items[0].artwork.point_id}
    assert {item.folder for item in items} == {(tmp_path / "works").resolve()}
    monkeypatch.chdir("/")
    assert [item.read() for item in items] == [b"a/b.jpg"] * 4


def test_a_link_to_a_picture_is_taken_and_a_circle_does_no_harm(tmp_path: Path) -> None:
    touch(tmp_path, "elsewhere/real.jpg", "works/a.jpg")
    (tmp_path / "works" / "link.jpg").symlink_to(tmp_path / "elsewhere" / "real.jpg")
    (tmp_path / "works" / "round").symlink_to(tmp_path / "works")
    items = items_of(tmp_path / "works")
    assert [item.key for item in items] == ["a.jpg", "link.jpg"]
    assert items[1].read() == b"elsewhere/real.jpg"
    assert notes_of(tmp_path / "works") == [("links to folders, not followed", "round")]


def test_files_with_other_endings_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "Thumbs.db", "sub/b.gif", "sub/c", ".hidden", "sub/.DS_Store")
    (tmp_path / os.fsdecode(b"caf\xe9.txt")).write_bytes(b"x")
    kind = "files whose ending is not that of an image, left aside"
    assert notes_of(tmp_path) == [
        (kind, name) for name in ("Thumbs.db", "caf\ufffd.txt", "sub/b.gif", "sub/c")
    ]
    source = FolderSource(tmp_path)
    assert source.count() == 1
    assert source.name == str(tmp_path.resolve())


def test_hidden_images_are_named(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", ".b.jpg", "._a.jpg", ".DS_Store", ".old/c.jpg", "sub/.x/y/d.jpg")
    assert items_of(tmp_path)[0].artwork.id == "a.jpg"
    assert notes_of(tmp_path) == [
        ("hidden folders, left aside", ".old"),
        ("hidden images, left aside", ".b.jpg"),
        ("hidden folders, left aside", "sub/.x"),
    ]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing", "there is no folder"), ("a.txt", "is not a folder"), ("empty", "holds no image")],
)
def test_a_folder_of_no_use(name: str, reason: str, tmp_path: Path) -> None:
    touch(tmp_path, "a.txt", "empty/a.txt", "empty/.b.jpg")
    with pytest.raises(InputError, match=reason):
        FolderSource(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_can_not_be_read(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "shut/b.jpg")
    (tmp_path / "shut").chmod(0)
    try:
        with pytest.raises(InputError, match=r"shut can't be read"):
            FolderSource(tmp_path)
    finally:
        (tmp_path / "shut").chmod(0o700)


def test_a_name_that_is_no_text_is_a_failure_that_can_be_shown(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg")
    (tmp_path / os.fsdecode(b"caf\xe9.jpg")).write_bytes(b"x")
    good, bad = FolderSource(tmp_path)
    assert isinstance(good, Item)
    assert isinstance(bad, Failure)
    assert bad.reason == "caf\ufffd.jpg has a name that is not UTF-8 text; rename it"
