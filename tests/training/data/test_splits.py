"""Splits into training and validation samples: given, stratified, or by artist."""

import random
from collections import Counter
from pathlib import Path

import pytest

from artextract.errors import CatalogError
from training.data.samples import Sample
from training.data.splits import LEFT_OUT, split_artist_disjoint, split_given, split_stratified


def make_samples(count: int = 400) -> list[Sample]:
    chance = random.Random(3)
    samples = []
    for number in range(count):
        artist = f"artist {chance.randrange(40)}" if chance.random() < 0.9 else None
        labels = {"style": f"s{min(chance.randrange(6), chance.randrange(6))}"}
        if chance.random() < 0.7:
            labels["genre"] = f"g{chance.randrange(3)}"
        samples.append(
            Sample(
                id=f"w{number:03}", image=Path("a.jpg"), labels=labels, artist=artist,
                split=chance.choice(["train", "val"]),
            )
        )  # fmt: skip
    return samples


def test_stratified_split_keeps_class_shares() -> None:
    samples = make_samples()
    sides = split_stratified(samples, ("style", "genre"), 0.25, seed=1)
    assert set(sides.values()) == {"train", "val"}
    for attribute in ("style", "genre"):
        whole = Counter(
            sample.labels[attribute] for sample in samples if attribute in sample.labels
        )
        val = Counter(
            sample.labels[attribute]
            for sample in samples
            if attribute in sample.labels and sides[sample.id] == "val"
        )
        for name, count in whole.items():
            assert abs(val[name] - 0.25 * count) <= max(2, 0.06 * count), (attribute, name)


def test_artist_disjoint_split_shares_no_artist() -> None:
    samples = make_samples()
    sides = split_artist_disjoint(samples, 0.3, seed=2)
    artists: dict[str, set[str]] = {"train": set(), "val": set()}
    for sample in samples:
        if sample.artist is None:
            assert sides[sample.id] == LEFT_OUT
        else:
            artists[sides[sample.id]].add(sample.artist)
    assert artists["train"].isdisjoint(artists["val"])
    share = sum(side == "val" for side in sides.values()) / sum(
        side != LEFT_OUT for side in sides.values()
    )
    assert 0.2 < share < 0.4


def test_splits_depend_on_the_seed_and_not_on_the_order() -> None:
    samples = make_samples()
    shuffled = random.Random(5).sample(samples, len(samples))
    assert split_stratified(samples, ("style",), 0.2, 7) == split_stratified(
        shuffled, ("style",), 0.2, 7
    )
    assert split_artist_disjoint(samples, 0.2, 7) == split_artist_disjoint(shuffled, 0.2, 7)
    assert split_artist_disjoint(samples, 0.2, 7) != split_artist_disjoint(samples, 0.2, 8)


def test_unknown_split_name_is_named_in_the_error() -> None:
    samples = make_samples(3)
    typo = Sample(id="x", image=Path("a"), labels={}, split="trian")
    with pytest.raises(CatalogError, match=r"'x' has the unknown split 'trian' \(did you mean"):
        split_given([*samples, typo])
    with pytest.raises(CatalogError, match="'y' has no split"):
        split_given([*samples, Sample(id="y", image=Path("a"), labels={})])
