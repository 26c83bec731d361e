"""The FAISS copy of a collection, against plain loops."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from stored_gallery import MANIFEST, make_gallery

from artextract.errors import InputError, PackageError, StoreMismatchError
from artextract.store import Point, Store, create_store
from search.bench import faiss_mirror
from search.bench.faiss_mirror import KINDS, Mirror, MirrorState, build_mirror

faiss = pytest.importorskip("faiss")

WORKS = 10_000


def make_points() -> list[Point]:
    """The gallery again and again, with other vectors: enough for every index to learn from."""
    rng = np.random.default_rng(3)
    points = []
    for number in range(WORKS):
        point = GALLERY[number % len(GALLERY)]
        vectors = {"visual": rng.normal(size=8).tolist(), "style": rng.normal(size=5).tolist()}
        points.append(Point(f"00000000-0000-4000-8000-{number:012}", vectors, point.payload))
    return points


GALLERY = make_gallery()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with create_store(
        str(tmp_path_factory.mktemp("mirrored") / "store"),
        MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier,
    ) as made:  # fmt: skip
        made.upsert(make_points())
        yield made


@pytest.fixture(scope="module")
def mirror(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Mirror:
    folder = tmp_path_factory.mktemp("mirror")
    seen: list[int] = []
    state = build_mirror(store, folder, on_points=seen.append)
    assert sum(seen) == WORKS
    return Mirror(folder, state)


def nearest(mirror: Mirror, query: np.ndarray, rows: list[int], limit: int) -> list[int]:
    scores = {row: float(np.dot(mirror.vectors[row], query)) for row in rows}
    return sorted(rows, key=lambda row: (-scores[row], row))[:limit]


def make_query(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=8).astype(np.float32)
    found: np.ndarray = vector / np.linalg.norm(vector)
    return found


def test_it_holds_what_the_collection_holds(store: Store, mirror: Mirror) -> None:
    records = list(store.scroll(with_vectors=True))
    assert mirror.ids.tolist() == [record.id for record in records]
    expected = np.array([record.vectors["visual"] for record in records])
    np.testing.assert_allclose(mirror.vectors, expected, atol=1e-6)
    for name, rows in mirror.artists.items():
        by_hand = [
            row
            for row, record in enumerate(records)
            if name in np.atleast_1d(record.payload["folded"]["artist"]).tolist()
        ]
        assert rows.tolist() == by_hand


@pytest.mark.parametrize("kind", KINDS)
def test_unfiltered_search(kind: faiss_mirror.Kind, mirror: Mirror) -> None:
    index = mirror.index(kind)
    everything = list(range(WORKS))
    shares = []
    for seed in range(20):
        rows, scores = index.search(make_query(seed), 10, effort=200)
        expected = nearest(mirror, make_query(seed), everything, 10)
        shares.append(len(set(rows.tolist()) & set(expected)) / 10)
        assert (np.diff(scores) <= 0).all()
        if kind == "flat":
            assert rows.tolist() == expected
    assert np.mean(shares) > (0.2 if kind == "ivf-pq" else 0.99)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("every", [50, 3])
def test_filtered_search_returns_none_but_what_passes(
    kind: faiss_mirror.Kind, every: int, mirror: Mirror
) -> None:
    index = mirror.index(kind)
    rows = np.arange(0, WORKS, every)
    for always in (False, True):
        found, _ = index.search(make_query(1), 10, effort=200, rows=rows, always_index=always)
        assert set(found.tolist()) <= set(rows.tolist())
        assert len(set(found.tolist())) == len(found)
        if kind == "flat" or (every == 50 and not always):
            assert found.tolist() == nearest(mirror, make_query(1), rows.tolist(), 10)


def test_few_and_no_rows(mirror: Mirror) -> None:
    index = mirror.index("hnsw")
    assert sorted(index.search(make_query(1), 10, rows=np.array([7, 9]))[0].tolist()) == [7, 9]
    assert index.search(make_query(1), 10, rows=np.array([], np.int64))[0].tolist() == []


def test_exact_where_few_pass_finds_what_the_graph_misses(mirror: Mirror) -> None:
    index = mirror.index("hnsw")
    rows = np.random.default_rng(5).permutation(WORKS)[:40]
    rows.sort()
    found: dict[bool, float] = {}
    for always in (False, True):
        shares = []
        for seed in range(20):
            expected = set(nearest(mirror, make_query(seed), rows.tolist(), 10))
            hits, _ = index.search(make_query(seed), 10, effort=16, rows=rows, always_index=always)
            shares.append(len(expected & set(hits.tolist())) / 10)
        found[always] = float(np.mean(shares))
    assert found[False] == 1
    assert found[True] < 0.8


@pytest.mark.parametrize(
    ("artists", "begin", "end"),
    [
        (["claude monet"], None, None),
        (["claude monet", "anonymous"], 1600, 1700),
        ([], 1600, 1700),
        ([], None, 1600),
        ([], 2000, None),
        (["nobody"], None, None),
        ([], None, None),
    ],
)
def test_rows_of_a_filter_are_those_of_the_collection(
    artists: list[str], begin: int | None, end: int | None, store: Store, mirror: Mirror
) -> None:
    from artextract.catalog.years import YearRange
    from artextract.store import filters

    conditions = [filters.any_of("folded.artist", artists)] if artists else []
    if begin is not None or end is not None:
        conditions += filters.years(YearRange(begin, end))
    ids = [record.id for record in store.scroll(filters.all_of(conditions), keys=())]
    rows = mirror.rows_of(artists=artists, begin=begin, end=end)
    assert mirror.ids[rows].tolist() == ids


def test_a_stale_mirror_is_refused(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 8}) as store:
        points = [Point(p.id, {"visual": p.vectors["visual"]}, p.payload) for p in GALLERY[:50]]
        store.upsert(points)
        build_mirror(store, tmp_path / "m")
        Mirror(tmp_path / "m", MirrorState.of(store, "visual"))
        store.delete([points[0].id])
        with pytest.raises(StoreMismatchError, match=r"points differ .*--rebuild"):
            Mirror(tmp_path / "m", MirrorState.of(store, "visual"))
        build_mirror(store, tmp_path / "m")
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 8}) as store:
        Mirror(tmp_path / "m", MirrorState.of(store, "visual"))
        store.overwrite_payload(points[1].id, {"id": "changed"})
        with pytest.raises(StoreMismatchError, match="revision"):
            Mirror(tmp_path / "m", MirrorState.of(store, "visual"))


def test_what_is_missing_is_said(mirror: Mirror, store: Store, tmp_path: Path) -> None:
    state = MirrorState.of(store, "visual")
    with pytest.raises(InputError, match="no mirror in"):
        Mirror(tmp_path, state)
    (tmp_path / "mirror.json").write_text("{")
    with pytest.raises(InputError, match="damaged"):
        Mirror(tmp_path, state)
    if not hasattr(faiss, "StandardGpuResources"):
        with pytest.raises(PackageError, match=r"needs faiss-gpu .*--device cpu"):
            mirror.index("flat", "cuda")


def test_too_few_vectors_for_an_index_that_learns(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 8}) as store:
        store.upsert([Point(GALLERY[0].id, {"visual": GALLERY[0].vectors["visual"]}, {"id": "x"})])
        made = Mirror(tmp_path / "m", build_mirror(store, tmp_path / "m"))
    with pytest.raises(InputError, match=r"needs 9984 vectors .* there are 1"):
        made.index("ivf-pq")
