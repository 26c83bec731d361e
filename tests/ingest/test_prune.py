"""Taking out what a source no longer has, and nothing else."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract, assert_one_sentence
from pictures import make_catalog, make_folder, make_picture

from artextract.catalog.artwork import Artwork
from artextract.errors import InputError
from artextract.store import ModelIdentity, Point, Store, create_store, open_store
from ingest.prune import prune
from ingest.sources.folder import FolderSource
from ingest.sources.item import Failure, Item

Key = tuple[str, str]


def images_in(store: Path) -> set[Key]:
    with open_store(str(store)) as opened:
        return {(record.payload["id"], record.payload["image"]) for record in opened.scroll()}


def ran_well(artextract: Artextract, *words: object) -> str:
    ran = artextract("ingest", *words)
    assert ran.code == 0, ran.err
    return ran.out


def test_a_folder(tmp_path: Path, artextract: Artextract) -> None:
    paths = make_folder(tmp_path / "pictures", 4)
    store = tmp_path / "store"
    words = ("folder", tmp_path / "pictures", "--store", store)
    assert "Pruned" not in ran_well(artextract, *words)
    assert "Pruned 0 images" in ran_well(artextract, *words, "--prune")
    paths[0].unlink()
    paths[1].rename(tmp_path / "pictures" / "new.jpg")
    ran_well(artextract, *words)
    before = {("000.jpg",) * 2, ("001.jpg",) * 2, ("002.jpg",) * 2, ("003.jpg",) * 2}
    assert images_in(store) == before | {("new.jpg",) * 2}
    assert "Pruned 2 images that the source no longer has." in ran_well(
        artextract, *words, "--prune"
    )
    assert images_in(store) == {("002.jpg",) * 2, ("003.jpg",) * 2, ("new.jpg",) * 2}
    assert "Pruned 0 images" in ran_well(artextract, *words, "--prune")


def test_two_folders_in_one_collection(tmp_path: Path, artextract: Artextract) -> None:
    make_folder(tmp_path / "one", 2)
    there = make_folder(tmp_path / "two", 3, first_seed=10)
    for path in there:
        path.rename(path.with_stem(f"two-{path.stem}"))
    store = tmp_path / "store"
    for folder in ("one", "two"):
        ran_well(artextract, "folder", tmp_path / folder, "--store", store)
    (tmp_path / "one" / "001.jpg").unlink()
    (tmp_path / "two" / "two-000.jpg").unlink()
    assert "Pruned 1 images" in ran_well(
        artextract, "folder", tmp_path / "one", "--store", store, "--prune"
    )
    assert {image for image, _ in images_in(store)} == {
        "000.jpg", "two-000.jpg", "two-001.jpg", "two-002.jpg",
    }  # fmt: skip


def test_two_folders_with_files_of_equal_names(tmp_path: Path, artextract: Artextract) -> None:
    make_folder(tmp_path / "one", 2)
    make_folder(tmp_path / "two", 3, first_seed=10)
    (tmp_path / "two" / "001.jpg").write_bytes((tmp_path / "one" / "001.jpg").read_bytes())
    store = tmp_path / "store"
    ran_well(artextract, "folder", tmp_path / "one", "--store", store)
    out = ran_well(artextract, "folder", tmp_path / "two", "--store", store)
    assert "after the name of their own folder: 1, such as 'two/000.jpg'" in out
    # The same image under the same name is one artwork, as in a folder that has been moved.
    both = {("000.jpg",) * 2, ("000.jpg", "two/000.jpg"), ("001.jpg",) * 2, ("002.jpg",) * 2}
    assert {(image, id_) for id_, image in images_in(store)} == both
    for folder in ("one", "two"):
        again = ran_well(artextract, "folder", tmp_path / folder, "--store", store, "--prune")
        assert "embedded 0," in again
        assert "Pruned 0 images" in again
    assert {(image, id_) for id_, image in images_in(store)} == both
    (tmp_path / "one" / "000.jpg").unlink()
    ran_well(artextract, "folder", tmp_path / "two", "--store", store)
    assert {(image, id_) for id_, image in images_in(store)} == both


def test_a_folder_that_has_been_moved(tmp_path: Path, artextract: Artextract) -> None:
    make_folder(tmp_path / "one", 2)
    store = tmp_path / "store"
    ran_well(artextract, "folder", tmp_path / "one", "--store", store)
    (tmp_path / "one").rename(tmp_path / "new")
    make_picture(77).save(tmp_path / "new" / "001.jpg")
    out = ran_well(artextract, "folder", tmp_path / "new", "--store", store)
    assert "embedded 1, updated 1, unchanged 0, failed 0; 2 artworks" in out


ROWS: list[dict[str, Any]] = [{"id": f"work {at}", "file": f"{at}.jpg"} for at in range(4)]


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["id", "file", "year"])
        writer.writeheader()
        writer.writerows(rows)


def test_a_catalog_with_a_renamed_image_and_a_work_that_has_gone(
    tmp_path: Path, artextract: Artextract
) -> None:
    folder, store = tmp_path / "works", tmp_path / "store"
    catalog = make_catalog(folder, ROWS)
    words = ("catalog", catalog, "--store", store)
    ran_well(artextract, *words)
    (folder / "1.jpg").rename(folder / "renamed.jpg")
    write_rows(catalog, [ROWS[0], {"id": "work 1", "file": "renamed.jpg"}, ROWS[3]])
    ran_well(artextract, *words)
    old = {(row["id"], row["file"]) for row in ROWS}
    assert images_in(store) == old | {("work 1", "renamed.jpg")}
    assert "Pruned 2 images" in ran_well(artextract, *words, "--prune")
    assert images_in(store) == {
        ("work 0", "0.jpg"), ("work 1", "renamed.jpg"), ("work 3", "3.jpg"),
    }  # fmt: skip


def test_a_row_that_can_not_be_used_keeps_everything(
    tmp_path: Path, artextract: Artextract
) -> None:
    folder, store = tmp_path / "works", tmp_path / "store"
    catalog = make_catalog(folder, ROWS)
    words = ("catalog", catalog, "--store", store)
    ran_well(artextract, *words)
    before = images_in(store)
    write_rows(catalog, [ROWS[0], {**ROWS[1], "file": ""}])
    ran = artextract("ingest", *words, "--prune")
    assert_one_sentence(ran, "nothing was pruned", "no image", "correct it, then run again")
    assert images_in(store) == before


def test_a_picture_that_can_not_be_opened_is_still_in_the_source(
    tmp_path: Path, artextract: Artextract
) -> None:
    paths = make_folder(tmp_path / "pictures", 3)
    words = ("folder", tmp_path / "pictures", "--store", tmp_path / "store")
    ran_well(artextract, *words)
    before = images_in(tmp_path / "store")
    paths[1].write_bytes(b"no picture any more")
    assert "Pruned 0 images" in ran_well(artextract, *words, "--prune")
    assert images_in(tmp_path / "store") == before


@pytest.mark.parametrize("option", [("--limit", 1), ("--retry-failed",)])
def test_a_part_of_a_source_is_refused(
    option: tuple[object, ...], tmp_path: Path, artextract: Artextract
) -> None:
    make_folder(tmp_path / "pictures", 2)
    words = ("ingest", "folder", tmp_path / "pictures", "--store", tmp_path / "store")
    ran = artextract(*words, "--prune", *option)
    assert ran.code
    assert "--prune needs the whole source; leave out --limit and --retry-failed" in ran.err
    assert not (tmp_path / "store").exists()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as opened:
        yield opened


class Listed:
    """A source of what it is given."""

    name = "listed"

    def __init__(self, *works: Item | Failure) -> None:
        self.works = works

    def count(self) -> int:
        return len(self.works)

    def __iter__(self) -> Iterator[Item | Failure]:
        return iter(self.works)


def put(store: Store, *works: Artwork, folder: Path | None = None) -> None:
    where = {} if folder is None else {"image_folder": str(folder)}
    points = [
        Point(work.point_id, {"visual": [1.0] * 8}, {**work.to_payload(), **where})
        for work in works
    ]
    store.upsert(points)


def left_in(store: Store) -> set[Key]:
    return {(record.payload["id"], record.payload["image"]) for record in store.scroll()}


def test_images_of_a_work_go_one_by_one(store: Store) -> None:
    works = [Artwork(id="nga:1", image=image, source="nga") for image in ("a", "b", "c")]
    other = Artwork(id="nga:2", image="d", source="nga")
    put(store, *works, other)
    assert prune(Listed(Item(works[1], None)), store) == 3
    assert left_in(store) == {("nga:1", "b")}


def test_other_sources_and_folders_are_left_alone(store: Store, tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    put(store, Artwork(id="1", image="a", source="x"), Artwork(id="2", image="b", source="x"),
        folder=here)  # fmt: skip
    put(store, Artwork(id="3", image="c", source="x"), folder=there)
    put(store, Artwork(id="4", image="d", source="y"), folder=here)
    put(store, Artwork(id="5", image="e"), folder=here)
    put(store, Artwork(id="6", image="f", source="x"))
    source = Listed(Item(Artwork(id="1", image="a", source="x"), here))
    assert prune(source, store) == 1
    assert left_in(store) == {("1", "a"), ("3", "c"), ("4", "d"), ("5", "e"), ("6", "f")}


def test_a_source_without_works_takes_nothing_out(store: Store) -> None:
    put(store, Artwork(id="1", image="a", source="x"))
    assert prune(Listed(), store) == 0
    assert left_in(store) == {("1", "a")}


def test_a_failure_at_the_very_end_keeps_everything(store: Store) -> None:
    works = [Artwork(id=str(at), image="a", source="x") for at in range(5)]
    put(store, *works)
    source = Listed(Item(works[0], None), Failure("x row 2", "", "x row 2: no image"))
    with pytest.raises(InputError) as raised:
        prune(source, store)
    assert str(raised.value) == (
        "nothing was pruned, since x row 2: no image; correct it, then run again"
    )
    assert len(left_in(store)) == 5


def test_more_than_are_deleted_at_a_time(store: Store) -> None:
    works = [Artwork(id=str(at), image="a", source="x") for at in range(2_345)]
    put(store, *works)
    assert prune(Listed(*(Item(work, None) for work in works[::100])), store) == 2_345 - 24
    assert left_in(store) == {(work.id, "a") for work in works[::100]}


def test_a_folder_against_a_plain_loop(store: Store, tmp_path: Path) -> None:
    for at in range(6):
        path = tmp_path / "pictures" / ("deep" if at % 2 else "") / f"{at}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        make_picture(at, (8, 8)).save(path)
    source = FolderSource(tmp_path / "pictures")
    put(
        store,
        *(work.artwork for work in source if isinstance(work, Item)),
        folder=(tmp_path / "pictures").resolve(),
    )
    (tmp_path / "pictures" / "deep" / "1.png").unlink()
    (tmp_path / "pictures" / "0.png").unlink()
    expected = {
        path.relative_to(tmp_path / "pictures").as_posix()
        for path in (tmp_path / "pictures").rglob("*.png")
    }
    assert prune(FolderSource(tmp_path / "pictures"), store) == 2
    assert {work for work, _ in left_in(store)} == expected
