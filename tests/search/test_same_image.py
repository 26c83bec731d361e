"""Artworks that share an image file are one result."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import Artextract
from pictures import make_picture

from artextract.catalog.artwork import Artwork
from artextract.store import ModelIdentity, Point, Store, create_store
from search.engine import search
from search.query import Query
from search.render.table import to_csv, to_rows
from search.request import SearchRequest

DIMENSION = 8
COPIES = 40


def vector(seed: int) -> list[float]:
    return [float(value) for value in np.random.default_rng(seed).normal(1, 0.5, DIMENSION)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """40 artworks with one image (seed 0), 3 with another (1), and 5 with their own (2 to 6)."""
    images = [0] * COPIES + [1] * 3 + list(range(2, 7))
    location = tmp_path_factory.mktemp("same") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, DIMENSION)) as opened:
        opened.upsert(
            [
                Point(
                    work.point_id,
                    {"visual": vector(image)},
                    {**work.to_payload(), "image_sha256": f"{image:064}"},
                )
                for number, image in enumerate(images)
                for work in [Artwork(id=f"w{number:02}", image=f"{number}.jpg")]
            ]
        )
        yield opened


def ask(store: Store, limit: int) -> list[tuple[str, int]]:
    """Return (image, number of further artworks with it) of each result."""
    query = Query(label="q", vectors={"visual": vector(0)})
    answer = search(store, SearchRequest.of(query, limit=limit))
    assert [result.rank for result in answer.results] == list(range(1, len(answer.results) + 1))
    for result in answer.results:
        assert result.artwork.id not in result.same_image
        assert len({result.artwork.id, *result.same_image}) == 1 + len(result.same_image)
    return [
        (result.payload["image_sha256"].lstrip("0") or "0", len(result.same_image))
        for result in answer.results
    ]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 10, 100])
def test_each_image_once(store: Store, limit: int) -> None:
    found = ask(store, limit)
    assert len(found) == min(limit, 7)
    assert found[0] == ("0", COPIES - 1)
    assert dict(found).items() <= {"0": 39, "1": 2, **{str(n): 0 for n in range(2, 7)}}.items()
    assert found == ask(store, 100)[:limit]


def test_rows_have_the_ids_of_the_others(store: Store) -> None:
    query = Query(label="q", vectors={"visual": vector(0)})
    answer = search(store, SearchRequest.of(query, limit=2))
    first, second = to_rows(answer)
    assert sorted([first["id"], *first["same_image"]]) == [f"w{n:02}" for n in range(COPIES)]
    assert first.keys() == second.keys()
    assert "; ".join(first["same_image"]) in to_csv(answer)


def test_a_folder_of_copies(tmp_path: Path, artextract: Artextract) -> None:
    folder, store = tmp_path / "works", tmp_path / "store"
    folder.mkdir()
    for name, seed in {"a.jpg": 1, "b.jpg": 2, "copy0.jpg": 3}.items():
        make_picture(seed).save(folder / name)
    for number in range(1, 13):
        (folder / f"copy{number}.jpg").write_bytes((folder / "copy0.jpg").read_bytes())
    options = ("--store", store)
    artextract("ingest", "folder", folder, *options, "--aspects", "visual", "--classifier", "none")
    found = artextract("search", folder / "a.jpg", *options).out
    assert found.count("copy") == 1
    assert " and 12 more of the same image" in found
    rows = json.loads(artextract("search", "copy5.jpg", *options, "--format", "json").out)
    assert [len(row["same_image"]) for row in rows] == [11, 0, 0]
    page = tmp_path / "page.html"
    artextract("search", folder / "a.jpg", *options, "--gallery", page)
    assert "and 12 more of the same image" in page.read_text()
