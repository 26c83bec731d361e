import json
from pathlib import Path

import pytest

from artextract.catalog.notes import Note
from artextract.errors import CatalogError, FetchError, ImageError, InputError
from ingest.sources.catalog import CatalogSource
from ingest.sources.iiif import ImageServer
from ingest.sources.item import Failure, Item


def write(folder: Path, *rows: object) -> Path:
    path = folder / "works.jsonl"
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n"
                            for row in rows))  # fmt: skip
    return path


def test_rows_become_items(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.jpg").write_bytes(b"bytes of a")
    path = tmp_path / "works.csv"
    path.write_text(
        "Titel,Bild,artist,year,id,colour\n"
        "Seerosen,sub/a.jpg,Monet,1906,w1,blue\n"
        "Heuhaufen,sub/../b.jpg,Monet,,,\n"
    )
    source = CatalogSource(path, tmp_path, {"Titel": "title", "Bild": "file"})
    assert source.count() == 2
    note, first, second = source
    assert isinstance(note, Note)
    assert note.example == "colour"
    assert isinstance(first, Item)
    assert (first.key, first.folder) == ("w1", tmp_path.resolve())
    assert (first.artwork.title, first.artwork.source) == ("Seerosen", "works")
    assert (first.artwork.year_begin, first.artwork.year_end) == (1906, 1906)
    assert first.artwork.extra == {"colour": "blue"}
    assert first.read() == b"bytes of a"
    assert isinstance(second, Item)
    assert second.key == "sub/../b.jpg"
    with pytest.raises(ImageError, match="there is no file"):
        second.read()


def test_images_in_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scans" / "a.jpg").write_bytes(b"scan")
    (tmp_path / "tables").mkdir()
    path = write(tmp_path / "tables", {"file": "a.jpg"})
    monkeypatch.chdir(tmp_path)
    (item,) = CatalogSource(path, Path("scans"))
    monkeypatch.chdir("/")
    assert isinstance(item, Item)
    assert item.folder == (tmp_path / "scans").resolve()
    assert item.read() == b"scan"


@pytest.mark.parametrize("allow_private", [False, True])
def test_urls_have_no_folder(allow_private: bool, tmp_path: Path) -> None:
    urls = ["http://127.0.0.1:9/a.jpg", "HTTPS://127.0.0.1:9/../../b.jpg"]
    path = write(tmp_path, {"image": urls[0]}, {"image_url": urls[1], "id": "b"})
    with ImageServer(allow_private=allow_private, attempts=1, obey_robots=False) as server:
        for item, url in zip(CatalogSource(path, tmp_path, server=server), urls, strict=True):
            assert isinstance(item, Item)
            assert item.folder is None
            assert item.artwork.image == url
            reason = "can't be fetched" if allow_private else "allow_private_addresses"
            with pytest.raises(FetchError, match=reason):
                item.read()


def test_a_catalog_without_a_server_has_no_images_at_urls(tmp_path: Path) -> None:
    (item,) = CatalogSource(write(tmp_path, {"image": "http://museum.example/a.jpg"}), tmp_path)
    assert isinstance(item, Item)
    with pytest.raises(FetchError, match=r"museum\.example/a\.jpg can't be fetched: .*`server`"):
        item.read()


@pytest.mark.parametrize(
    "image",
    [
        "../a.jpg", "..", "../../a.jpg", "a/../../b", "a/b/../../../c.jpg", "/etc/passwd",
        "//a.jpg", "./../a.jpg", "/", "../images-2/a.jpg",
    ],
)  # fmt: skip
def test_a_path_that_climbs_out_is_a_failure(image: str, tmp_path: Path) -> None:
    images = tmp_path / "images"
    (images / "a").mkdir(parents=True)
    path = write(tmp_path, {"file": "in.jpg"}, {"id": "x", "file": image}, {"file": "a/in.jpg"})
    before, failure, after = CatalogSource(path, images)
    assert isinstance(before, Item)
    assert isinstance(after, Item)
    assert isinstance(failure, Failure)
    assert failure.key == "works.jsonl row 2"
    assert failure.image == image
    assert failure.reason.startswith("works.jsonl row 2: ")
    assert "points outside the images' folder" in failure.reason


def test_paths_that_stay_inside_are_fine(tmp_path: Path) -> None:
    images = tmp_path / "images"
    (images / "a").mkdir(parents=True)
    (tmp_path / "real.jpg").write_bytes(b"real")
    (images / "link.jpg").symlink_to(tmp_path / "real.jpg")  # the folder's owner put it there
    (images / "..odd.jpg").write_bytes(b"real")
    (images / "plain.jpg").write_bytes(b"real")
    names = [
        "link.jpg", "..odd.jpg", "plain.jpg", "./plain.jpg", "a/../plain.jpg",
        "../images/plain.jpg", str(images.resolve() / "plain.jpg"),
    ]  # fmt: skip
    path = write(tmp_path, *({"file": name} for name in names))
    items = list(CatalogSource(path, images))
    for name, item in zip(names, items, strict=True):
        assert isinstance(item, Item), name
        assert item.read() == b"real", name


def test_rows_of_no_use_are_failures_and_counted(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "file": "a.jpg"}, {"id": "a", "file": "b.jpg"}, "{", {"title": "no image"},
        "", "[1]", {"file": ""}, {"file": "c.jpg"},
    ]  # fmt: skip
    source = CatalogSource(write(tmp_path, *rows), tmp_path)
    found = [item for item in source if not isinstance(item, Note)]
    assert source.count() == len(found) == 7
    assert [isinstance(item, Item) for item in found] == [True, *[False] * 5, True]
    keys = [item.key for item in found]
    assert keys == ["a", *(f"works.jsonl row {n}" for n in range(2, 7)), "c.jpg"]
    assert [item.key for item in source if not isinstance(item, Note)] == keys
    for item in found[1:-1]:
        assert isinstance(item, Failure)
        assert item.reason.startswith(f"{item.key}: ")


def test_a_catalog_of_no_use(tmp_path: Path) -> None:
    path = write(tmp_path)
    with pytest.raises(CatalogError, match=r"works\.jsonl has no rows"):
        CatalogSource(path, tmp_path)
    with pytest.raises(InputError, match=r"no folder .*missing for the catalog's images"):
        CatalogSource(path, tmp_path / "missing")
    with pytest.raises(InputError, match="`images`"):
        CatalogSource(path, path)
