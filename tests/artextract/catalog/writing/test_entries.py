"""A collection's entries, in their order, against a plain sort."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.writing.save import save_entries
from artextract.store import ModelIdentity, Point, Store, create_store
from artextract.store.entries import StoredEntries

MODEL = ModelIdentity("tiny", "ab" * 32, 6)


def make_works() -> list[Artwork]:
    """Return more works than are read at once; each third has two images more."""
    works = []
    for number in range(400):
        several = number % 3 == 0
        for image in range(3 if several else 1):
            works.append(
                Artwork(
                    id=f"w{number}",
                    image=f"{2 - image}-{number}.jpg",
                    view=None if not several else "alternate" if image else "primary",
                    extra={"n": number} if number % 2 else {},
                )
            )
    return works


WORKS = make_works()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    location = tmp_path_factory.mktemp("entries") / "store"
    shuffled = random.Random(5).sample(WORKS, len(WORKS))
    with create_store(str(location), MODEL) as opened:
        opened.upsert(
            [
                Point(
                    work.point_id,
                    {"visual": [1.0, 0, 0, 0, 0, number]},
                    {**work.to_payload(), "width": 4, "height": 3, "thumbnail": "data:,x"},
                )
                for number, work in enumerate(shuffled)
            ]
        )
        yield opened


def test_images_come_by_id_and_the_primary_view_first(store: Store) -> None:
    entries = StoredEntries(store)
    expected = sorted(WORKS, key=lambda work: (work.id, work.view == "alternate", work.image))
    assert len(entries) == len(WORKS) > 500
    assert [Artwork.from_payload(entry.payload) for entry in entries] == expected
    assert [entry.point_id for entry in entries] == [work.point_id for work in expected]


def test_thumbnails_are_not_read(store: Store) -> None:
    assert all("thumbnail" not in entry.payload for entry in StoredEntries(store))


def test_two_files_of_one_collection_are_the_same(store: Store, tmp_path: Path) -> None:
    for ending in (".csv", ".jsonl", ".parquet"):
        paths = [tmp_path / f"{number}{ending}" for number in range(2)]
        for path in paths:
            saved = save_entries(path, StoredEntries(store), MODEL)
            assert (saved.works, saved.images) == (400, len(WORKS))
        assert paths[0].read_bytes() == paths[1].read_bytes()
