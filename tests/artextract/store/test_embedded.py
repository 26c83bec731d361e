"""The embedded collection, against plain loops over what was written."""

import itertools
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qdrant_edge
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from artextract.catalog.years import YearRange
from artextract.errors import StoreError
from artextract.store import (
    Hit,
    ModelIdentity,
    Point,
    Record,
    Store,
    create_store,
    filters,
    open_store,
    schema,
)

MODEL = ModelIdentity("tiny", "ab" * 32, 6)
STRANGER = str(uuid.UUID(int=1))


def make_id(name: object) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(name)))


def make_vectors(seed: int, count: int) -> list[list[float]]:
    found: list[list[float]] = np.random.default_rng(seed).normal(size=(count, 6)).tolist()
    return found


def make_points(count: int, seed: int = 0, **payload: Any) -> list[Point]:
    """Points with different vectors, in an order that is not that of their ids."""
    return [
        Point(make_id(n), {"visual": vector}, {"id": f"work {n}", "year_begin": n, **payload})
        for n, vector in enumerate(make_vectors(seed, count))
    ]


def cosine(one: list[float], other: list[float]) -> float:
    product = sum(a * b for a, b in zip(one, other, strict=True))
    return float(product / (sum(a * a for a in one) * sum(b * b for b in other)) ** 0.5)


def unit(vector: Any) -> list[float]:
    length = sum(float(value) ** 2 for value in vector) ** 0.5
    return [float(value) / length for value in vector]


def contents(store: Store) -> dict[str, Record]:
    return {record.id: record for record in store.scroll(with_vectors=True)}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with create_store(str(tmp_path / "store"), MODEL) as opened:
        yield opened


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """A store of 48 points, whose payload and vectors each test writes anew."""
    folder = tmp_path_factory.mktemp("embedded") / "store"
    with create_store(str(folder), MODEL) as opened:
        yield opened


@settings(deadline=None, max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    which=st.lists(st.integers(0, 7), min_size=48, max_size=48),
    limit=st.integers(1, 60),
    length=st.sampled_from([1e-3, 0.5, 1.0, 300.0, 1e6]),
    years=st.none() | st.tuples(st.integers(0, 47), st.integers(0, 47)).map(sorted),
    cut=st.none() | st.integers(0, 7),
)
def test_search_is_an_exact_scan(
    gallery: Store,
    seed: int,
    which: list[int],
    limit: int,
    length: float,
    years: list[int] | None,
    cut: int | None,
) -> None:
    *pool, direction = make_vectors(seed, 9)
    scores = [cosine(direction, vector) for vector in pool]
    ranked = sorted(scores, reverse=True)
    # Otherwise too close to be told apart by numbers of 32 bits.
    assume(min(a - b for a, b in itertools.pairwise(ranked)) > 1e-4)
    # At most 12 equal vectors of a kind: how more of them tie is looked at by itself below.
    which = [kind if which[:n].count(kind) < 12 else -1 for n, kind in enumerate(which)]
    other = make_vectors(seed + 1, 48)
    vectors = [pool[kind] if kind >= 0 else other[n] for n, kind in enumerate(which)]
    gallery.upsert(
        [
            Point(make_id(n), {"visual": vector}, {"id": f"work {n}", "year_begin": n, "n": n})
            for n, vector in enumerate(vectors)
        ]
    )
    min_score = None if cut is None else ranked[cut] - 5e-5
    expected = []
    for n, vector in enumerate(vectors):
        # Equal vectors have one score in the oracle too.
        score = cosine(direction, vector)
        chosen = years is None or years[0] <= n <= years[1]
        if chosen and (min_score is None or score >= min_score):
            expected.append((-score, make_id(n), n))
    expected = sorted(expected)[:limit]
    filter_ = years and {"must": [{"key": "year_begin", "range": {"gte": years[0],
                                                                  "lte": years[1]}}]}  # fmt: skip
    hits = gallery.search(
        [value * length for value in direction],
        limit=limit,
        filter_=filter_ or None,
        min_score=min_score,
        keys=["n"],
    )
    close = [a[0] for a in expected]
    if all(b - a == 0 or b - a > 1e-6 for a, b in itertools.pairwise(close)):
        assert [hit.id for hit in hits] == [point_id for _, point_id, _ in expected]
        assert [hit.payload for hit in hits] == [{"n": n} for _, _, n in expected]
    np.testing.assert_allclose([hit.score for hit in hits], [-e[0] for e in expected], atol=1e-5)


@pytest.mark.parametrize(
    "count",
    [
        5,
        16,
        60,
    ],
)
def test_ties_come_in_the_order_of_ids(count: int, store: Store) -> None:
    vector = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    store.upsert([Point(make_id(n), {"visual": vector}, {}) for n in range(count)])
    ids = sorted(make_id(n) for n in range(count))
    for limit in (1, 3, 5):
        assert [hit.id for hit in store.search(vector, limit=limit)] == ids[:limit]


@pytest.mark.parametrize("length", [1e-30, 1e-20, 1e20, 1e30])
def test_the_length_of_a_query_does_not_matter(length: float, store: Store) -> None:
    points = make_points(5)
    store.upsert(points)
    query = [1.0, -1.0, 0.5, 0.0, 2.0, 0.25]
    hits = store.search([value * length for value in query], limit=5)
    expected = {point.id: cosine(query, list(point.vectors["visual"])) for point in points}
    assert {hit.id: hit.score for hit in hits} == pytest.approx(expected, abs=1e-5)


def test_keys_select_what_is_returned(store: Store) -> None:
    payload = {"id": "a", "extra": {"x": 1, "y": 2}, "title": "Lilies"}
    store.upsert([Point(make_id("a"), {"visual": [1.0] * 6}, payload)])
    selections: list[tuple[list[str] | None, dict[str, Any]]] = [
        (None, payload),
        ([], {}),
        (["title"], {"title": "Lilies"}),
        (["extra.x", "id"], {"id": "a", "extra": {"x": 1}}),
        (["nothing"], {}),
    ]
    for keys, expected in selections:
        (hit,) = store.search([1.0] * 6, limit=1, keys=keys)
        assert hit.payload == expected
        assert store.retrieve([hit.id], keys=keys)[hit.id].payload == expected
        (record,) = store.scroll(keys=keys)
        assert record.payload == expected


def test_search_in_an_empty_store(store: Store) -> None:
    assert store.search([1.0] * 6, limit=3) == []
    assert store.count() == 0
    assert list(store.scroll()) == []
    assert store.facet("folded.artist") == []
    assert store.optimize() in {True, False}


@pytest.mark.parametrize(
    ("vector", "options"), [([1.0] * 5, {}), ([1.0] * 7, {}), ([1.0] * 6, {"aspect": "mood"})]
)
def test_a_query_that_does_not_fit_is_refused(
    vector: list[float], options: dict[str, Any], store: Store
) -> None:
    store.upsert(make_points(2))
    with pytest.raises(StoreError):
        store.search(vector, limit=1, **options)


def test_what_is_written_is_read_back(store: Store) -> None:
    payload = {
        "id": "nga:1", "title": "Été — 夏 🎨", "year_begin": -300, "open_access": True,
        "extra": {"f": 0.1, "i": 2**53 + 1, "n": "", "b": False}, "folded": {"title": ["ete"]},
    }  # fmt: skip
    store.upsert([Point(make_id(1), {"visual": [3.0, 4.0, 0.0, 0.0, 0.0, 0.0]}, payload)])
    record = store.retrieve([make_id(1)], with_vectors=True)[make_id(1)]
    assert record.id == make_id(1)
    assert record.payload == payload
    assert type(record.payload["open_access"]) is bool
    assert record.vectors["visual"] == pytest.approx([0.6, 0.8, 0, 0, 0, 0])
    assert store.retrieve([make_id(1)])[make_id(1)].vectors == {}


def test_upsert_replaces(store: Store) -> None:
    store.upsert(make_points(10, seed=0, old=True))
    newer = make_points(4, seed=1)
    store.upsert(newer)
    found = contents(store)
    assert store.count() == len(found) == 10
    for number, point in enumerate(make_points(10, seed=0, old=True)):
        expected = newer[number] if number < 4 else point
        assert found[point.id].payload == expected.payload
        assert found[point.id].vectors["visual"] == pytest.approx(
            unit(expected.vectors["visual"]), abs=1e-6
        )


def test_of_one_id_twice_in_one_call_the_last_stands(store: Store) -> None:
    one, other = make_vectors(0, 2)
    store.upsert(
        [
            Point(make_id(0), {"visual": one}, {"n": 1}),
            Point(make_id(0), {"visual": other}, {"n": 2}),
        ]
    )
    (record,) = store.scroll(with_vectors=True)
    assert record.payload == {"n": 2}
    assert record.vectors["visual"] == pytest.approx(unit(other), abs=1e-6)


def test_upsert_of_nothing_changes_nothing(store: Store) -> None:
    store.upsert(make_points(3))
    before = contents(store)
    store.upsert([])
    assert contents(store) == before


def test_overwrite_payload_leaves_the_vector(store: Store) -> None:
    store.upsert(make_points(5))
    before = contents(store)
    store.overwrite_payloads({make_id(2): {"title": "New"}})
    after = contents(store)
    assert after[make_id(2)].payload == {"title": "New"}
    for point_id, record in before.items():
        assert after[point_id].vectors == record.vectors
        if point_id != make_id(2):
            assert after[point_id].payload == record.payload
    # The index follows: the old value is not found any more.
    assert store.count(filters.all_of([filters.any_of("id", ["work 2"])])) == 0


def test_overwrite_payload_of_an_unknown_point_is_refused(store: Store) -> None:
    store.upsert(make_points(2))
    with pytest.raises(StoreError):
        store.overwrite_payloads({STRANGER: {"title": "New"}})
    assert store.retrieve([STRANGER]) == {}
    assert store.count() == 2


def test_retrieve_gives_what_there_is(store: Store) -> None:
    points = make_points(5)
    store.upsert(points)
    assert store.retrieve([]) == {}
    assert store.retrieve([STRANGER]) == {}
    found = store.retrieve([points[3].id, STRANGER, points[1].id, points[3].id])
    assert found == {p.id: Record(p.id, p.payload, {}) for p in (points[3], points[1])}


@pytest.mark.parametrize("page_size", [1, 2, 7, 22, 23, 24, 1000])
def test_scroll_turns_pages(page_size: int, gallery: Store) -> None:
    points = make_points(48)
    gallery.upsert(points)
    found = list(gallery.scroll(page_size=page_size, keys=["id"]))
    ids = sorted(point.id for point in points)
    assert [record.id for record in found] == ids
    named = {point.id: {"id": point.payload["id"]} for point in points}
    assert [record.payload for record in found] == [named[point_id] for point_id in ids]
    chosen: filters.Filter = {"must": [{"key": "year_begin", "range": {"lt": 23}}]}
    expected = sorted(point.id for point in points if point.payload["year_begin"] < 23)
    assert [record.id for record in gallery.scroll(chosen, page_size=page_size)] == expected
    assert gallery.count(chosen) == 23


def test_facets_count(store: Store) -> None:
    artists = ["monet"] * 5 + ["cassatt"] * 2 + ["bazille"] * 2 + ["whistler"]
    store.upsert(
        [
            Point(make_id(n), {"visual": vector}, {"folded": {"artist": name}, "year_begin": n})
            for n, (name, vector) in enumerate(
                zip([*artists, None], make_vectors(0, 11), strict=True)
            )
            if name is not None
        ]
    )
    ranked = [("monet", 5), ("bazille", 2), ("cassatt", 2), ("whistler", 1)]
    assert store.facet("folded.artist") == ranked
    assert store.facet("folded.artist", limit=1) == ranked[:1]
    late: filters.Filter = {"must": [{"key": "year_begin", "range": {"gte": 4}}]}
    assert store.facet("folded.artist", filter_=late) == [
        ("bazille", 2),
        ("cassatt", 2),
        ("monet", 1),
        ("whistler", 1),
    ]


def test_a_facet_of_what_is_not_indexed_is_refused(store: Store) -> None:
    with pytest.raises(StoreError):
        store.facet("extra.colour")


NAN, INF = float("nan"), float("inf")
REFUSED: list[tuple[dict[str, list[float]], str]] = [
    ({"visual": [1.0, NAN, 0.0, 0.0, 0.0, 0.0]}, "not finite"),
    ({"visual": [NAN] * 6}, "not finite"),
    ({"visual": [1.0, 0.0, INF, 0.0, 0.0, 0.0]}, "not finite"),
    ({"visual": [1.0, 0.0, -INF, NAN, 0.0, 0.0]}, "not finite"),
    ({"visual": [0.0] * 6}, "zero"),
    ({"visual": [-0.0] * 6}, "zero"),
    ({"visual": [1.0] * 5}, "has 5 dimensions"),
    ({"visual": [1.0] * 7}, "has 7 dimensions"),
    ({"visual": []}, "has 0 dimensions"),
    ({"visual": [1.0] * 6, "mood": [1.0] * 6}, "has vector 'mood'"),
    ({"mood": [1.0] * 6}, "has vector 'mood'"),
    ({}, "no vector 'visual'"),
]


@pytest.mark.parametrize(("vectors", "reason"), REFUSED)
def test_a_bad_vector_is_refused_and_nothing_written(
    vectors: dict[str, list[float]], reason: str, store: Store
) -> None:
    store.upsert(make_points(3))
    before = contents(store)
    replaced, new = make_points(5, seed=9)[2:4]
    bad = Point(make_id("bad"), vectors, {"id": "bad"})
    with pytest.raises(StoreError, match=reason) as refused:
        store.upsert([replaced, new, bad])
    assert make_id("bad") in str(refused.value)
    assert contents(store) == before


@pytest.mark.parametrize("value", [1e39, 1e30, 1e-30, 1e-50])
def test_a_vector_that_32_bits_can_not_hold_is_refused_or_stored_right(
    value: float, store: Store
) -> None:
    try:
        store.upsert([Point(make_id("far"), {"visual": [value] * 6}, {})])
    except StoreError:
        assert store.count() == 0
        return
    (record,) = store.scroll(with_vectors=True)
    assert record.vectors["visual"] == pytest.approx([6**-0.5] * 6, abs=1e-6)


@pytest.mark.parametrize("value", [NAN, INF, "\ud800"])
def test_a_payload_that_the_engine_can_not_hold_is_refused(
    value: float | str, store: Store
) -> None:
    (point,) = make_points(1)
    with pytest.raises(StoreError):
        store.upsert([Point(point.id, point.vectors, {"extra": {"a": value}})])
    assert store.count() == 0


def test_refused_first_of_all_the_store_stays_clean(tmp_path: Path) -> None:
    location = str(tmp_path / "store")
    with (
        create_store(location, MODEL) as store,
        pytest.raises(StoreError),
    ):
        store.upsert([Point(make_id(0), {"visual": [0.0] * 6}, {})])
    with open_store(location) as store:
        assert store.count() == 0


def test_answers_before_and_after_optimizing_and_reopening(tmp_path: Path) -> None:
    location = str(tmp_path / "store")
    points = make_points(300, seed=5)
    query = make_vectors(77, 1)[0]
    chosen = filters.all_of(
        [{"key": "year_begin", "range": {"gte": 40, "lt": 260}}],
        but=[filters.any_of("id", ["work 50", "work 51"])],
    )

    def answers(store: Store) -> list[Any]:
        return [
            store.count(),
            store.count(chosen),
            [record.id for record in store.scroll(chosen)],
            [(hit.id, round(hit.score, 5)) for hit in store.search(query, limit=20)],
            [
                (hit.id, round(hit.score, 5))
                for hit in store.search(query, limit=20, filter_=chosen, min_score=0.1)
            ],
            store.facet("id", limit=5, filter_=chosen) != [],
            {i: (r.payload, r.vectors) for i, r in contents(store).items()},
        ]

    with create_store(location, MODEL) as store:
        store.upsert(points[:200])
        store.upsert(points[200:])
        store.upsert(points[:50])  # leaves deleted rows behind for the optimiser
        first = answers(store)
        assert first[:2] == [300, 218]
        store.optimize()
        assert answers(store) == first
    with open_store(location) as store:
        assert answers(store) == first
        store.optimize()
        assert answers(store) == first


def test_it_stays_clean_however_often_it_is_opened(tmp_path: Path) -> None:
    location = str(tmp_path / "store")
    points = make_points(12)
    create_store(location, MODEL).close()
    for round_ in range(12):
        with open_store(location) as store:
            assert store.count() == (round_ + 1) // 2
            if round_ % 2 == 0:  # every second time, it is only read
                store.upsert([points[round_ // 2]])
            else:
                store.search([1.0] * 6, limit=3)


def test_closed_without_a_write_the_manifest_is_not_touched(tmp_path: Path) -> None:
    location = tmp_path / "store"
    with create_store(str(location), MODEL) as store:
        store.upsert(make_points(3))
    before = (location / "manifest.json").read_bytes()
    for _ in range(3):
        with open_store(str(location)) as store:
            assert store.count() == 3
            assert list(store.scroll(with_vectors=True))
    assert (location / "manifest.json").read_bytes() == before


def test_what_was_upserted_is_there_without_a_close(tmp_path: Path) -> None:
    """A copy of the folder while it is open is what a crash leaves."""
    with create_store(str(tmp_path / "store"), MODEL) as store:
        points = make_points(20)
        store.upsert(points)
        shutil.copytree(tmp_path / "store", tmp_path / "copy")
    with open_store(str(tmp_path / "copy")) as copy, open_store(str(tmp_path / "store")) as store:
        assert contents(copy) == contents(store)
        assert copy.count() == 20


def test_all_keys_are_indexed_from_the_start(tmp_path: Path) -> None:
    create_store(str(tmp_path / "store"), MODEL).close()
    shard = qdrant_edge.EdgeShard.load(str(tmp_path / "store" / "shard"))
    try:
        assert set(shard.info().payload_schema) == {
            key.name for key in schema.indexed("everywhere")
        }
    finally:
        shard.close()


def test_one_per_key_returns_the_best_of_each_and_counts_works(tmp_path: Path) -> None:
    vectors = make_vectors(9, 90)
    of_work = [n // 3 if n < 60 else n for n in range(90)]  # 20 works of three images, 30 of one
    with create_store(str(tmp_path / "store"), MODEL) as store:
        store.upsert(
            [
                Point(
                    make_id(n),
                    {"visual": vector},
                    {
                        "id": f"w{of_work[n]}",
                        "folded": {"terms": ["view=alternate"] if n < 60 else []},
                    },
                )
                for n, vector in enumerate(vectors)
            ]
        )
        hits = store.search(vectors[0], limit=90)
        best: dict[str, Hit] = {}
        for hit in hits:
            best.setdefault(hit.payload["id"], hit)
        for limit in (1, 5, 40, 50, 90):
            found = store.search(vectors[0], limit=limit, keys=["view"], one_per="id")
            assert [(hit.id, hit.score) for hit in found] == [
                (hit.id, hit.score) for hit in list(best.values())[:limit]
            ]
        assert len(hits) == 90
        assert (store.count(), store.count_works()) == (90, 50)
        first = filters.all_of([filters.any_of("id", ["w0", "w1", "w70"])])
        assert (store.count(first), store.count_works(first)) == (7, 3)
        store.delete([make_id(0), make_id(80), make_id(10_000)])
        assert (store.count(), store.count_works()) == (88, 49)
        assert make_id(0) not in store.retrieve([make_id(0), make_id(1)])


def test_a_large_collection_is_searched_through_copies_and_answers_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artextract.store.embedded.INDEXING_KB", 100)
    monkeypatch.setattr("artextract.store.embedded.FULL_SCAN_KB", 20)
    rng = np.random.default_rng(5)
    plane = rng.normal(size=(600, 8))
    maps = {"visual": rng.normal(size=(8, 128)), "scene": rng.normal(size=(8, 127))}
    vectors = {name: plane @ each for name, each in maps.items()}
    points = [
        Point(
            make_id(number),
            {name: rows[number].tolist() for name, rows in vectors.items()},
            {
                "id": str(number),
                "year_begin": number,
                "year_end": number,
                "folded": {"artist": str(number % 7)},
            },
        )
        for number in range(600)
    ]
    model = ModelIdentity("tiny", "ab" * 32, 128)
    with create_store(str(tmp_path), model, vectors={"visual": 128, "scene": 127}) as store:
        assert store.manifest.layout.quantization == "int8"
        store.upsert(points)
        store.settle()
        only = {
            "all": (None, np.arange(600)),
            "few": (filters.years(YearRange(595, 599), within=True), np.arange(595, 600)),
            "some": ([filters.any_of("folded.artist", ["3"])], np.arange(3, 600, 7)),
            "half": (filters.years(YearRange(300, 599), within=True), np.arange(300, 600)),
        }
        for name, rows in vectors.items():
            for conditions, passing in only.values():
                query = rng.normal(size=8) @ maps[name]
                scores = rows[passing] @ query / np.linalg.norm(rows[passing], axis=1)
                best = passing[np.argsort(-scores)[:5]]
                filter_ = filters.all_of(conditions) if conditions else None
                hits = store.search(list(query), aspect=name, limit=5, filter_=filter_)
                assert [hit.payload["id"] for hit in hits] == [str(row) for row in best]
    made = [path.as_posix() for path in (tmp_path / "shard").rglob("*quantized*")]
    assert made
    assert all("-visual/" in path for path in made), "short vectors have no copies"
