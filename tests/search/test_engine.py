"""What is found, in which order, with which scores: compared with plain loops."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.catalog.artwork import Artwork
from artextract.errors import DateError, QueryError
from artextract.store import ModelIdentity, Point, Store, create_store
from search.answer import Answer, image_location
from search.engine import check_aspects, combine, search
from search.query import Query
from search.reading import QueryReader
from search.request import SearchFilters, SearchRequest

DIMENSION = 8
COUNT = 60
ARTISTS = (
    "Claude Monet", "CLAUDE  MONET", "claude_monet", "Édouard Manet", "Edouard Manet",
    "Berthe Morisot", None,
)  # fmt: skip


def make_works() -> list[Artwork]:
    """Return works of which some are undated, untitled or of no known artist."""
    random = np.random.default_rng(3)
    works = []
    for number in range(COUNT):
        year = int(random.integers(1860, 1870))
        works.append(
            Artwork(
                id=f"w{number:02}",
                image=f"{number:02}.jpg",
                title=None if number % 11 == 0 else f"Title {int(random.integers(0, 4))}",
                artist=ARTISTS[number % len(ARTISTS)],
                year_begin=None if number % 5 == 0 else year,
                year_end=None if number % 10 == 0 else year + number % 3,
                style="Impressionism" if number % 2 else None,
            )
        )
    # One artwork with three images.
    works += [
        Artwork(
            id="many",
            image=f"many-{n}.jpg",
            view="alternate" if n else "primary",
            artist="Mary Cassatt",
        )
        for n in range(3)
    ]
    return works


WORKS = make_works()


def make_vectors() -> dict[str, list[float]]:
    """Return a vector for each work; three works share one, so that scores tie."""
    random = np.random.default_rng(4)
    vectors = [
        [float(value) for value in random.normal(0.3, 1, DIMENSION)] for _ in range(len(WORKS))
    ]
    vectors[21] = vectors[33] = vectors[7]
    return {work.image: vector for work, vector in zip(WORKS, vectors, strict=True)}


VECTORS = make_vectors()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    location = tmp_path_factory.mktemp("searcher") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, DIMENSION)) as opened:
        opened.upsert(
            [
                Point(
                    work.point_id,
                    {"visual": VECTORS[work.image]},
                    {**work.to_payload(), "width": 4, "height": 3, "image_sha256": work.image},
                )
                for work in WORKS
            ]
        )
        yield opened


def cosine(first: Sequence[float], second: Sequence[float]) -> float:
    dot = sum(a * b for a, b in zip(first, second, strict=True))
    return dot / math.sqrt(sum(a * a for a in first)) / math.sqrt(sum(b * b for b in second))


def unit(vector: Sequence[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector))
    return [value / length for value in vector]


def expected(vector: Sequence[float], works: Sequence[Artwork]) -> list[tuple[str, float]]:
    """Return (image, score) of ``works``, the most similar first, ties in the order of point ids.

    Of the images of one work only the best is left.
    """
    scored = [(work, cosine(vector, VECTORS[work.image])) for work in works]
    scored.sort(key=lambda pair: (-round(pair[1], 5), pair[0].point_id))
    best: list[tuple[Artwork, float]] = []
    for work, score in scored:
        if work.id not in {known.id for known, _ in best}:
            best.append((work, score))
    return [(work.image, score) for work, score in best]


def check(answer: Answer, correct: Sequence[tuple[str, float]]) -> None:
    """Check an answer's images, ranks and scores."""
    assert [result.artwork.image for result in answer.results] == [image for image, _ in correct]
    assert [result.rank for result in answer.results] == list(range(1, len(correct) + 1))
    for result, (_, score) in zip(answer.results, correct, strict=True):
        assert result.score == pytest.approx(score, abs=1e-5)
        assert result.aspects == {"visual": result.score}


def free(vector: Sequence[float], artist: str | None = None) -> Query:
    """Return a query that is no artwork of the collection."""
    artwork = None if artist is None else Artwork(id="query", image="q.jpg", artist=artist)
    return Query(label="q.jpg", vectors={"visual": unit(vector)}, artwork=artwork)


@pytest.mark.parametrize("limit", [1, 7, COUNT, 1000])
def test_order_and_scores(store: Store, limit: int) -> None:
    vector = [float(value) for value in np.random.default_rng(5).normal(0, 1, DIMENSION)]
    answer = search(store, SearchRequest(like=[free(vector)], limit=limit))
    check(answer, expected(vector, WORKS)[:limit])
    assert answer.matching == len({work.id for work in WORKS})


def test_equal_scores_are_in_the_order_of_point_ids_wherever_the_cut_is(
    store: Store,
) -> None:
    query = free(VECTORS["07.jpg"])
    ties = sorted((work.point_id, work.id) for work in (WORKS[7], WORKS[21], WORKS[33]))
    for limit in (1, 2, 3):
        answer = search(store, SearchRequest(like=[query], limit=limit))
        assert [result.artwork.id for result in answer.results] == [i for _, i in ties[:limit]]


def test_a_result_is_the_work_that_was_stored(store: Store) -> None:
    question = SearchRequest(like=[free(VECTORS["13.jpg"])], limit=1)
    (result,) = search(store, question).results
    assert result.artwork == WORKS[13]
    assert result.point_id == WORKS[13].point_id
    assert result.image == "13.jpg"


def test_several_likes_and_unlikes(store: Store) -> None:
    likes, unlikes = ["w03", "w10", "w25"], ["w04", "w05"]
    reader = QueryReader(store)
    question = SearchRequest(
        like=[reader.read(name) for name in likes],
        unlike=[reader.read(name) for name in unlikes],
        limit=100,
    )
    toward = []
    for at in range(DIMENSION):
        like = sum(unit(VECTORS[f"{name[1:]}.jpg"])[at] for name in likes) / len(likes)
        unlike = sum(unit(VECTORS[f"{name[1:]}.jpg"])[at] for name in unlikes) / len(unlikes)
        toward.append(2 * like - unlike)
    others = [work for work in WORKS if work.id not in {*likes, *unlikes}]
    answer = search(store, question)
    check(answer, expected(toward, others))
    assert answer.matching == len({work.id for work in others})


NUMBERS = st.floats(-1, 1, width=32)
EXAMPLES = st.lists(st.lists(NUMBERS, min_size=3, max_size=3), min_size=1, max_size=4)


@given(like=EXAMPLES, unlike=EXAMPLES | st.just([]))
def test_combination_of_examples(like: list[list[float]], unlike: list[list[float]]) -> None:
    correct = []
    for at in range(3):
        toward = sum(vector[at] for vector in like) / len(like)
        if unlike:
            toward = 2 * toward - sum(vector[at] for vector in unlike) / len(unlike)
        correct.append(toward)
    if math.hypot(*correct) > 1e-5:
        assert combine(like, unlike) == pytest.approx(correct, abs=1e-9)
    elif math.hypot(*correct) < 1e-7:
        with pytest.raises(QueryError, match="cancel each other out"):
            combine(like, unlike)


def test_examples_that_cancel_each_other_out(store: Store) -> None:
    vector = unit(VECTORS["01.jpg"])
    against = free([-value for value in vector])
    with pytest.raises(QueryError, match="cancel each other out"):
        search(store, SearchRequest(like=[free(vector), against]))


@pytest.mark.parametrize("role", ["like", "unlike"])
def test_query_works_are_no_results(store: Store, role: str) -> None:
    named = QueryReader(store).read("w12")
    like = [named] if role == "like" else [free(VECTORS["30.jpg"])]
    unlike = [named] if role == "unlike" else []
    question = SearchRequest(like=like, unlike=unlike, limit=100)
    answer = search(store, question)
    assert {r.artwork.id for r in answer.results} == {w.id for w in WORKS} - {"w12"}
    assert answer.matching == len({work.id for work in WORKS}) - 1


def test_all_images_of_a_query_work_are_left_out(store: Store) -> None:
    query = QueryReader(store).read("many")
    assert len(query.point_ids) == 3
    answer = search(store, SearchRequest(like=[query], limit=100))
    assert "many" not in {result.artwork.id for result in answer.results}
    assert len(answer.results) == answer.matching == COUNT


def test_each_image_of_an_artwork_is_found_by_itself(store: Store) -> None:
    for image in ("many-0.jpg", "many-1.jpg", "many-2.jpg"):
        question = SearchRequest(like=[free(VECTORS[image])], limit=1)
        (result,) = search(store, question).results
        assert (result.artwork.id, result.artwork.image) == ("many", image)
        assert result.score == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    "artist", ["Claude Monet", "claude monet", "CLAUDE_MONET", "Cláude  Monet"]
)
def test_other_artists_leaves_out_all_spellings_of_the_artist(store: Store, artist: str) -> None:
    query = free(VECTORS["00.jpg"], artist)
    question = SearchRequest(like=[query], limit=100, other_artists=True)
    monet = {"Claude Monet", "CLAUDE  MONET", "claude_monet"}
    others = [work for work in WORKS if work.artist not in monet]
    assert 0 < len(others) < len(WORKS)
    answer = search(store, question)
    check(answer, expected(VECTORS["00.jpg"], others))
    assert answer.matching == len({work.id for work in others})


def test_other_artists_leaves_out_the_artists_of_all_likes_and_none_of_unlikes(
    store: Store,
) -> None:
    question = SearchRequest(
        like=[free(VECTORS["00.jpg"], "Edouard Manet"), free(VECTORS["01.jpg"], "Mary Cassatt")],
        unlike=[free(VECTORS["02.jpg"], "Berthe Morisot")],
        limit=100,
        other_artists=True,
    )
    artists = {result.artwork.artist for result in search(store, question).results}
    assert artists == {*ARTISTS, "Mary Cassatt"} - {
        "Édouard Manet", "Edouard Manet", "Mary Cassatt",
    }  # fmt: skip


def test_other_artists_needs_a_known_artist(store: Store) -> None:
    for like in ([free(VECTORS["00.jpg"])], [QueryReader(store).read("w06")]):
        with pytest.raises(QueryError, match="artist is known"):
            search(store, SearchRequest(like=like, other_artists=True))
    with pytest.raises(QueryError, match="`other_artists` needs a query"):
        search(store, SearchRequest(other_artists=True))


@pytest.mark.parametrize("least", [-1.0, 0.0, 0.35, 0.999, 1.0])
def test_min_score(store: Store, least: float) -> None:
    vector = VECTORS["40.jpg"]
    shifted = [value + 0.2 for value in vector]
    question = SearchRequest(like=[free(shifted)], limit=100, min_score=least)
    correct = [pair for pair in expected(shifted, WORKS) if pair[1] >= least]
    answer = search(store, question)
    check(answer, correct)
    assert answer.matching == len({work.id for work in WORKS})


def test_filter_and_likeness_together(store: Store) -> None:
    criteria = SearchFilters(artist=["edouard manet", "berthe morisot"], style=["IMPRESSIONISM"])
    names = {"Édouard Manet", "Edouard Manet", "Berthe Morisot"}
    fitting = [work for work in WORKS if work.artist in names and work.style is not None]
    vector = VECTORS["02.jpg"]
    answer = search(store, SearchRequest(like=[free(vector)], filters=criteria, limit=4))
    check(answer, expected(vector, fitting)[:4])
    assert answer.matching == len(fitting) > 4


def listing_order(work: Artwork) -> tuple[float, str, str, str]:
    year = next((y for y in (work.year_begin, work.year_end) if y is not None), math.inf)
    return (year, work.artist or "", work.title or "", work.id)


@pytest.mark.parametrize("limit", [1, 20, 1000])
def test_without_a_query_the_works_are_listed_by_year_artist_and_title(
    store: Store, limit: int
) -> None:
    answer = search(store, SearchRequest(limit=limit))
    works = [work for work in WORKS if work.view != "alternate"]
    correct = sorted(works, key=listing_order)[:limit]
    assert [result.artwork.id for result in answer.results] == [work.id for work in correct]
    assert [result.rank for result in answer.results] == list(range(1, len(correct) + 1))
    assert all(result.score is None and result.aspects == {} for result in answer.results)
    assert answer.matching == len({work.id for work in WORKS})
    if limit == 1000:
        dated = [
            r.artwork.year_begin is not None or r.artwork.year_end is not None
            for r in answer.results
        ]
        assert not all(dated)
        assert dated == sorted(dated, reverse=True)


def test_listing_keeps_to_the_filter(store: Store) -> None:
    answer = search(
        store, SearchRequest(filters=SearchFilters(years="1865:", style=["impressionism"]))
    )
    fitting = [
        work
        for work in WORKS
        if work.style
        and (work.year_begin is not None or work.year_end is not None)
        and (work.year_end is None or work.year_end >= 1865)
    ]
    correct = sorted(fitting, key=listing_order)[:10]
    assert [result.artwork.id for result in answer.results] == [work.id for work in correct]
    assert answer.matching == len(fitting) > 10


def test_criteria_that_no_work_fits_give_an_empty_answer(store: Store) -> None:
    criteria = SearchFilters(years="1100:1200", within=True)
    for like in ([], [free(VECTORS["00.jpg"])]):
        assert search(store, SearchRequest(like=like, filters=criteria)).results == []


def test_questions_that_are_refused(store: Store) -> None:
    query = free(VECTORS["00.jpg"])
    with pytest.raises(QueryError, match="`unlike` needs"):
        search(store, SearchRequest(unlike=[query]))
    with pytest.raises(QueryError, match="unknown aspect 'mood'; this collection has: visual"):
        search(store, SearchRequest(like=[query], by={"mood": 1.0}))
    with pytest.raises(DateError, match="can't be read"):
        search(store, SearchRequest(like=[query], filters=SearchFilters(years="MDCCC")))
    with pytest.raises(QueryError, match="unknown aspect"):
        check_aspects(store, [""])
    check_aspects(store, ["visual"])


@pytest.mark.parametrize(
    ("payload", "where"),
    [
        ({"image": "a/b.jpg", "image_folder": "/art"}, str(Path("/art/a/b.jpg"))),
        ({"image": "a/b.jpg"}, "a/b.jpg"),
        ({"image": "https://a.example/b.jpg", "image_folder": "/art"}, "https://a.example/b.jpg"),
        ({"image": "HTTP://a.example/b.jpg"}, "HTTP://a.example/b.jpg"),
    ],
)
def test_where_a_picture_is(payload: dict[str, str], where: str) -> None:
    assert image_location(payload) == where
