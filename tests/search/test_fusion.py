"""Searching by several aspects, against a plain loop over all works."""

from pathlib import Path

import numpy as np
import pytest

from artextract.catalog.artwork import Artwork
from artextract.store import ModelIdentity, Point, Store, create_store, filters
from search.fusion import search_by_several
from search.normalisation import normalise_weights

SIZES = {"visual": 12, "style": 7, "face": 5}
WORKS = 700


def unit(random: np.random.Generator, size: int) -> list[float]:
    vector = random.normal(size=size)
    return [float(value) for value in vector / np.linalg.norm(vector)]


@pytest.fixture(scope="module")
def points() -> list[Point]:
    """Works of which every third has no face, with two images of every tenth."""
    random = np.random.default_rng(7)
    found = []
    for number in range(WORKS):
        work = Artwork(id=f"w{number - number % 10 % 2}", image=f"{number}.jpg",
                       style="odd" if number % 2 else "even")  # fmt: skip
        vectors = {name: unit(random, size) for name, size in SIZES.items()}
        if number % 3 == 0:
            del vectors["face"]
        found.append(Point(work.point_id, vectors, work.to_payload()))
    return found


@pytest.fixture(scope="module")
def store(points: list[Point], tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder: Path = tmp_path_factory.mktemp("together") / "store"
    store = create_store(str(folder), ModelIdentity("small", "0" * 64, 12), vectors=SIZES)
    store.upsert(points)
    return store


def by_a_loop(
    points: list[Point],
    targets: dict[str, list[float]],
    factors: dict[str, float],
    style: str | None,
) -> list[tuple[str, float]]:
    best: dict[str, tuple[float, str]] = {}
    for point in points:
        if style is not None and point.payload["style"] != style:
            continue
        if any(name not in point.vectors for name in targets):
            continue
        score = 0.0
        for name, target in targets.items():
            for a, b in zip(point.vectors[name], target, strict=True):
                score += factors[name] * a * b
        work = str(point.payload["id"])
        if work not in best or (-score, point.id) < (-best[work][0], best[work][1]):
            best[work] = (score, point.id)
    ordered = sorted(best.values(), key=lambda each: (-each[0], each[1]))
    return [(point_id, score) for score, point_id in ordered]


@pytest.mark.parametrize("style", [None, "odd"])
@pytest.mark.parametrize(
    "weights",
    [{"visual": 1.0, "style": 1.0}, {"visual": 3.0, "face": 0.5}, dict.fromkeys(SIZES, 1.0)],
)
@pytest.mark.parametrize("limit", [1, 10, 300])
def test_the_best_works_of_a_weighted_sum(
    store: Store, points: list[Point], weights: dict[str, float], style: str | None, limit: int
) -> None:
    random = np.random.default_rng(limit)
    targets = {name: unit(random, SIZES[name]) for name in weights}
    ordered = sorted(points, key=lambda point: point.id)[:256]
    rows = {
        name: np.asarray([p.vectors[name] for p in ordered if name in p.vectors], np.float32)
        for name in weights
    }
    factors = normalise_weights(rows, weights)
    filter_ = None if style is None else filters.all_of([filters.named("style", [style])])
    found = search_by_several(store, targets, weights, limit=limit, filter_=filter_)
    correct = by_a_loop(points, targets, factors, style)[:limit]
    assert [each.id for each in found] == [point_id for point_id, _ in correct]
    for each, (_, score) in zip(found, correct, strict=True):
        assert each.score == pytest.approx(score, abs=1e-5)
        assert sum(each.shares.values()) == pytest.approx(each.score, abs=1e-6)
        assert set(each.aspects) == set(weights)


def test_the_least_score(store: Store) -> None:
    random = np.random.default_rng(1)
    targets = {name: unit(random, SIZES[name]) for name in ("visual", "style")}
    weights = {"visual": 1.0, "style": 1.0}
    found = search_by_several(store, targets, weights, limit=50)
    least = found[20].score
    some = search_by_several(store, targets, weights, limit=50, min_score=least)
    assert [each.id for each in some] == [each.id for each in found if each.score >= least]


def test_normalise_weights_divides_by_the_spread() -> None:
    random = np.random.default_rng(2)
    wide = random.normal(size=(100, 2)).astype(np.float32)
    narrow = random.normal(size=(100, 200)).astype(np.float32)
    rows = {"wide": wide, "narrow": narrow}
    rows = {name: each / np.linalg.norm(each, axis=1, keepdims=True) for name, each in rows.items()}
    factors = normalise_weights(rows, {"wide": 1.0, "narrow": 1.0})
    spreads = {
        name: np.std([float(a @ b) for i, a in enumerate(each) for b in each[i + 1 :]])
        for name, each in rows.items()
    }
    assert factors["narrow"] / factors["wide"] == pytest.approx(spreads["wide"] / spreads["narrow"])
    assert sum(factors.values()) == pytest.approx(1)
    assert normalise_weights(rows, {"wide": 2.0}) == {"wide": 1.0}
