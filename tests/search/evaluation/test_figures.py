"""Figures of retrieval against plain loops."""

import numpy as np
import PIL.Image
import pytest

from search.evaluation.changes import CHANGES
from search.evaluation.metrics import figure, of_labels, of_ranks


def test_ranks() -> None:
    found = of_ranks([1, 2, 6, None])
    assert found["Top-1"].value == 0.25
    assert found["Recall@5"].value == 0.5
    assert found["MRR"].value == pytest.approx((1 + 1 / 2 + 1 / 6) / 4)
    assert all(each.n == 4 for each in found.values())


def test_an_interval_holds_the_mean_and_narrows_with_more() -> None:
    random = np.random.default_rng(1)
    few, many = (figure((random.random(n) < 0.3).astype(float)) for n in (50, 5000))
    for each in (few, many):
        assert each.low < each.value < each.high
    assert many.high - many.low < (few.high - few.low) / 5
    # The normal interval of a share, 1.96 standard errors to each side.
    half = 1.96 * (many.value * (1 - many.value) / 5000) ** 0.5
    assert many.high - many.value == pytest.approx(half, rel=0.15)
    assert np.isnan(figure([]).value)


@pytest.mark.parametrize("with_apart", [False, True])
def test_precision_and_average_precision(with_apart: bool) -> None:
    random = np.random.default_rng(5)
    n, k = 60, 5
    vectors = random.normal(size=(n, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    labels = [f"l{number % 4}" for number in range(n - 1)] + ["alone"]
    artists = [f"a{number % 7}" if number % 5 else "" for number in range(n)]
    found = of_labels(vectors, labels, k=k, apart=[artists] if with_apart else [])
    for query in range(n):
        others = [
            other for other in range(n)
            if other != query
            and not (with_apart and artists[query] and artists[query] == artists[other])
        ]  # fmt: skip
        others.sort(key=lambda other: -float(vectors[query] @ vectors[other]))
        right = [labels[other] == labels[query] for other in others]
        if not any(right):
            assert np.isnan(found[f"P@{k}"][query])
            continue
        assert found[f"P@{k}"][query] == pytest.approx(sum(right[:k]) / k)
        relevant, hits, total = sum(right), 0, 0.0
        for at in range(relevant):
            if right[at]:
                hits += 1
                total += hits / (at + 1)
        assert found["mAP@R"][query] == pytest.approx(total / relevant)


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_gives_a_picture_and_repeats(name: str) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (90, 120, 3), np.uint8)
    image = PIL.Image.fromarray(noise)
    first, second = (CHANGES[name](image, np.random.default_rng(3)) for _ in range(2))
    assert first.mode == "RGB"
    assert first.tobytes() == second.tobytes()
    assert (first.tobytes() == image.tobytes()) == (name == "itself")
    if "area" in name:
        share = first.width * first.height / (120 * 90)
        assert share == pytest.approx(int(name[:2]) / 100, abs=0.02)
