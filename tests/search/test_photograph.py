"""Searching with photographs of paintings on a wall."""

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
from commands import Artextract
from museum_wall import photograph
from painted_collection import make_painted_collection

import artextract as package
from artextract.collection import Collection
from artextract.errors import CombinationError, QueryError
from search.answer import Result

WORKS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some painted works, and a collection of them."""
    return make_painted_collection(tmp_path_factory.mktemp("photograph"), WORKS)


@pytest.fixture(scope="module")
def collection(folder: Path) -> Iterator[Collection]:
    with package.open(folder / "store") as opened:
        yield opened


def painting(folder: Path, number: int, side: int = 300) -> PIL.Image.Image:
    """Return a work in a size that fits on the wall."""
    (path,) = (folder / "paintings").glob(f"{number:03}*.jpg")
    image = PIL.Image.open(path).convert("RGB")
    image.thumbnail((side, side))
    return image


def score_of(result: Result) -> float:
    assert result.score is not None
    return result.score


def name_of(result: Result) -> int:
    return int(Path(result.image).name[:3])


@pytest.mark.parametrize(("number", "lean"), [(1, 0.0), (5, 0.1), (9, -0.05)])
def test_the_painting_is_found_on_a_wall(
    folder: Path, collection: Collection, number: int, lean: float
) -> None:
    image, (corners,) = photograph([painting(folder, number)], lean=lean)
    results = collection.search(image, photograph=True)
    assert name_of(results[0]) == number
    assert results[0].corners is not None
    found = [value for corner in results[0].corners.corners for value in corner]
    assert found == pytest.approx(corners.ravel().tolist(), abs=0.05)
    assert score_of(results[0]) > score_of(collection.search(image, limit=1)[0]) + 0.1
    assert [each.rank for each in results] == list(range(1, len(results) + 1))
    assert len({each.artwork.id for each in results}) == len(results)


@pytest.mark.parametrize("numbers", [(2, 7), (11, 4)])
def test_both_of_two_paintings_are_found(
    folder: Path, collection: Collection, numbers: tuple[int, int]
) -> None:
    image, _ = photograph([painting(folder, number) for number in numbers], lean=0.05)
    one, other = collection.search(image, photograph=True)[:2]
    assert {name_of(one), name_of(other)} == set(numbers)
    left = {name_of(each): each.corners.corners[0][0] for each in (one, other) if each.corners}
    assert left[numbers[0]] < left[numbers[1]]


def test_an_artwork_alone_is_searched_as_without(folder: Path, collection: Collection) -> None:
    (path,) = (folder / "paintings").glob("006*.jpg")
    plain, found = (collection.search(path, photograph=each) for each in (False, True))
    assert name_of(found[0]) == name_of(plain[0]) == 6
    assert found[0].corners is None


def test_more_results_begin_with_the_same_ones(folder: Path, collection: Collection) -> None:
    image, _ = photograph([painting(folder, 2), painting(folder, 9)])
    ids = [
        [each.artwork.id for each in collection.search(image, photograph=True, limit=limit)]
        for limit in (1, 3, 12)
    ]
    assert ids[2][:3] == ids[1]
    assert ids[1][:1] == ids[0]
    assert len(ids[2]) == WORKS


def test_filters_and_least_scores_hold(folder: Path, collection: Collection) -> None:
    image, _ = photograph([painting(folder, 5)])
    everything = collection.search(image, photograph=True, limit=WORKS)
    least = 0.3
    some = collection.search(image, photograph=True, limit=WORKS, min_score=least)
    expected = [each.artwork.id for each in everything if score_of(each) >= least]
    assert [each.artwork.id for each in some] == expected
    assert 0 < len(some) < len(everything)
    only = everything[3].artwork
    filtered = collection.search(image, photograph=True, where={"id": only.id})
    assert [each.artwork.id for each in filtered] == [only.id]


def test_the_region_of_a_result_finds_it_again(folder: Path, collection: Collection) -> None:
    image, _ = photograph([painting(folder, 1), painting(folder, 10)], lean=0.08)
    for result in collection.search(image, photograph=True, limit=2):
        again = collection.search(image, region=str(result.corners), limit=1)[0]
        assert again.artwork.id == result.artwork.id
        assert again.score == pytest.approx(result.score, abs=0.02)


def test_it_goes_with_verification(folder: Path, collection: Collection) -> None:
    image, _ = photograph([painting(folder, 4, 400)], lean=0.1)
    first, second = collection.search(image, photograph=True, verify=True, limit=2)
    assert name_of(first) == 4
    assert (first.matches or 0) > 3 * (second.matches or 0)


@pytest.mark.parametrize(
    ("fields", "error", "says"),
    [
        ({"region": "0,0,.5,.5"}, CombinationError, "`region`"),
        ({"like": ["x.jpg"]}, CombinationError, "one query image"),
    ],
)
def test_what_does_not_go_together(
    collection: Collection, fields: dict[str, Any], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        collection.search(PIL.Image.new("RGB", (50, 50)), photograph=True, **fields)


def test_it_needs_an_image(folder: Path, collection: Collection) -> None:
    with pytest.raises(CombinationError, match="`photograph` needs a query image"):
        collection.search(photograph=True)
    own = collection.search()[0].artwork.id
    with pytest.raises(QueryError, match="is an artwork of the collection"):
        collection.search(own, photograph=True)
    encoded = collection.encode(painting(folder, 1))
    with pytest.raises(QueryError, match="was encoded without `photograph`"):
        collection.search(encoded, photograph=True)


def test_the_command_says_where(folder: Path, artextract: Artextract, tmp_path: Path) -> None:
    image, _ = photograph([painting(folder, 8)])
    image.save(tmp_path / "photo.png")
    store = shutil.copytree(folder / "store", tmp_path / "store")  # the other one is open
    words = ["search", tmp_path / "photo.png", "--store", store, "--photograph"]
    ran = artextract(*words, "--format", "json")
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)
    assert rows[0]["image"].rpartition("/")[2].startswith("008")
    assert len(rows[0]["region"].split(",")) == 8
    assert all("region" in row for row in rows)
    header = artextract(*words, "--format", "csv").out.splitlines()[0].split(",")
    assert "region" in header
    refused = artextract(*words, "--region", "0,0,.5,.5")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "--photograph" in refused.err


def test_the_api_offers_what_was_found(
    folder: Path, collection: Collection, tmp_path: Path
) -> None:
    import httpx
    from page_server import running

    from search.web.app import make_app
    from search.web.settings import Settings

    image, _ = photograph([painting(folder, 3), painting(folder, 6)], lean=0.05)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    settings = Settings(uploads_folder=tmp_path / "uploads")
    with (
        running(make_app(collection, settings), settings) as address,
        httpx.Client(base_url=f"{address}/api/v1", timeout=60) as client,
    ):
        name = client.post("/pictures", content=buffer.getvalue()).json()["name"]
        found = client.get(f"/pictures/{name.removeprefix('picture:')}/paintings").json()
        assert {each["painting"] for each in found} == {0, 1}
        asked = {"like": name, "photograph": True, "limit": 4}
        works = client.get("/search", params=asked).json()["works"]
        regions = [each["region"] for each in works[:2]]
        assert set(regions) <= {each["region"] for each in found}
        following = client.get("/search", params={**asked, "start": 4}).json()["works"]
        ids = [each["id"] for each in (*works, *following)]
        assert len(set(ids)) == 8
        for each in works[:2]:
            chosen = {"like": name, "region": each["region"], "limit": 1}
            again = client.get("/search", params=chosen).json()["works"][0]
            assert again["id"] == each["id"]
        own = {"like": works[0]["id"], "photograph": True}
        refused = client.get("/search", params=own)
        assert refused.status_code == 400
        assert "needs an uploaded image" in refused.json()["error"]
        missing = client.get(f"/pictures/{'0' * 64}/paintings")
        assert missing.status_code == 404
