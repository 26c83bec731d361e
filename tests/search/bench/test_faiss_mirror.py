"""The FAISS copy of a collection, against plain loops."""

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from stored_gallery import MANIFEST, make_gallery

from artextract.errors import InputError, PackageError, StoreMismatchError
from artextract.store import Point, Store, create_store
from search.bench import faiss_mirror
from search.bench.faiss_mirror import KINDS, Mirror, MirrorState, build_mirror

faiss = pytest.importorskip("faiss")
import gpu_faiss  # noqa: E402 - needs FAISS

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


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for a GPU, whose indexes ignore selectors."""
    for name, part in gpu_faiss.PARTS.items():
        monkeypatch.setattr(faiss, name, part, raising=False)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("kind", faiss_mirror.GPU_KINDS)
@pytest.mark.parametrize("share", [0.001, 0.5, 1.0])
def test_a_gpu_returns_no_row_outside_the_filter(
    kind: faiss_mirror.Kind, share: float, mirror: Mirror
) -> None:
    index = mirror.index(kind, "cuda")
    rows = np.sort(np.random.default_rng(7).permutation(WORKS)[: int(share * WORKS)])
    for seed in range(5):
        found, _ = index.search(make_query(seed), 10, rows=rows)
        assert found.tolist() == nearest(mirror, make_query(seed), rows.tolist(), 10)
    with pytest.raises(ValueError, match="ignores filters"):
        index.search(make_query(1), 10, rows=rows, always_index=True)


@pytest.mark.usefixtures("gpu")
@pytest.mark.parametrize("kind", faiss_mirror.GPU_KINDS)
def test_a_gpu_answers_as_the_cpu_where_there_is_no_filter(
    kind: faiss_mirror.Kind, mirror: Mirror
) -> None:
    on_gpu, on_cpu = mirror.index(kind, "cuda"), mirror.index(kind)
    gc.collect()  # what nobody holds is gone, as are the GPU's resources if the index let go
    for seed in range(5):
        found, _ = on_gpu.search(make_query(seed), 10, effort=32)
        assert found.tolist() == on_cpu.search(make_query(seed), 10, effort=32)[0].tolist()


@pytest.mark.usefixtures("gpu")
def test_threads_take_turns_on_a_gpu(mirror: Mirror) -> None:
    index = mirror.index("flat", "cuda")
    expected = [index.search(make_query(seed), 5)[0].tolist() for seed in range(40)]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda seed: index.search(make_query(seed), 5)[0].tolist(), range(40))
    assert list(found) == expected


@pytest.mark.usefixtures("gpu")
def test_what_a_gpu_cannot_do_is_refused(mirror: Mirror) -> None:
    with pytest.raises(InputError, match=r"no hnsw on a GPU, only flat.*set `device` to cpu"):
        mirror.index("hnsw", "cuda")
    index = mirror.index("ivf-flat", "cuda")
    for limit, effort in ((2049, 8), (10, 2049)):
        with pytest.raises(InputError, match="at most 2048"):
            index.search(make_query(1), limit, effort=effort)
    rows = np.arange(WORKS)
    assert len(index.search(make_query(1), 3000, rows=rows)[0]) == 3000
    assert len(mirror.index("flat", "cuda").search(make_query(1), 10, effort=9999)[0]) == 10


@pytest.mark.parametrize(
    ("dimension", "cpu", "cuda"),
    [(8, 1, 1), (24, 3, 3), (256, 32, 32), (512, 64, 64), (768, 96, 96), (1280, 160, 64),
     (2048, 256, 64), (1000, 125, 40), (13, 1, 1)],
)  # fmt: skip
def test_ivf_pq_has_parts_that_the_device_supports(dimension: int, cpu: int, cuda: int) -> None:
    assert faiss_mirror.parts_of(dimension, "cpu") == cpu
    assert faiss_mirror.parts_of(dimension, "cuda") == cuda


@pytest.mark.usefixtures("gpu")
def test_ivf_pq_of_512_dimensions_fits_a_gpu(tmp_path: Path) -> None:
    vector = np.eye(1, 512)[0].tolist()
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 512}) as store:
        store.upsert([Point(GALLERY[0].id, {"visual": vector}, {"id": "x"})])
        made = Mirror(tmp_path / "m", build_mirror(store, tmp_path / "m"))
    untrained = faiss.IndexIVFPQ(faiss.IndexFlatIP(512), 512, 1, 64, 8, faiss.METRIC_INNER_PRODUCT)
    faiss.write_index(untrained, str(made.path("ivf-pq", "cuda")))
    assert made.index("ivf-pq", "cuda").device == "cuda"


def test_a_stale_mirror_is_refused(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 8}) as store:
        points = [Point(p.id, {"visual": p.vectors["visual"]}, p.payload) for p in GALLERY[:50]]
        store.upsert(points)
        build_mirror(store, tmp_path / "m")
        Mirror(tmp_path / "m", MirrorState.of(store, "visual"))
        store.delete([points[0].id])
        with pytest.raises(StoreMismatchError, match=r"points differ .*`rebuild`"):
            Mirror(tmp_path / "m", MirrorState.of(store, "visual"))
        build_mirror(store, tmp_path / "m")
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 8}) as store:
        Mirror(tmp_path / "m", MirrorState.of(store, "visual"))
        store.overwrite_payloads({points[1].id: {"id": "changed"}})
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
        with pytest.raises(PackageError, match=r"needs faiss-gpu .*set `device` to cpu"):
            mirror.index("flat", "cuda")


def test_too_few_vectors_for_an_index_that_learns(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "s"), MANIFEST.model, vectors={"visual": 8}) as store:
        store.upsert([Point(GALLERY[0].id, {"visual": GALLERY[0].vectors["visual"]}, {"id": "x"})])
        made = Mirror(tmp_path / "m", build_mirror(store, tmp_path / "m"))
    with pytest.raises(InputError, match=r"needs 9984 vectors .* there are 1"):
        made.index("ivf-pq")
