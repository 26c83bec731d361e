"""Which works are learnt from: splits that are given, alike in all classes, or by artist."""

import random
from collections import Counter
from pathlib import Path

import pytest

from artextract.errors import CatalogError
from training.data.samples import LabelledWork
from training.data.splits import LEFT_OUT, split_artists, split_given, split_stratified


def make_works(count: int = 400) -> list[LabelledWork]:
    chance = random.Random(3)
    works = []
    for number in range(count):
        artist = f"artist {chance.randrange(40)}" if chance.random() < 0.9 else None
        labels = {"style": f"s{min(chance.randrange(6), chance.randrange(6))}"}
        if chance.random() < 0.7:
            labels["genre"] = f"g{chance.randrange(3)}"
        works.append(
            LabelledWork(
                id=f"w{number:03}", image=Path("a.jpg"), labels=labels, artist=artist,
                split=chance.choice(["train", "val"]),
            )
        )  # fmt: skip
    return works


def test_a_stratified_split_has_each_class_on_both_sides_in_its_share() -> None:
    works = make_works()
    sides = split_stratified(works, ("style", "genre"), 0.25, seed=1)
    assert set(sides.values()) == {"train", "val"}
    for attribute in ("style", "genre"):
        whole = Counter(work.labels[attribute] for work in works if attribute in work.labels)
        val = Counter(
            work.labels[attribute]
            for work in works
            if attribute in work.labels and sides[work.id] == "val"
        )
        for name, count in whole.items():
            assert abs(val[name] - 0.25 * count) <= max(2, 0.06 * count), (attribute, name)


def test_no_artist_is_on_both_sides() -> None:
    works = make_works()
    sides = split_artists(works, 0.3, seed=2)
    artists: dict[str, set[str]] = {"train": set(), "val": set()}
    for work in works:
        if work.artist is None:
            assert sides[work.id] == LEFT_OUT
        else:
            artists[sides[work.id]].add(work.artist)
    assert artists["train"].isdisjoint(artists["val"])
    share = sum(side == "val" for side in sides.values()) / sum(
        side != LEFT_OUT for side in sides.values()
    )
    assert 0.2 < share < 0.4


def test_splits_follow_from_the_seed_and_not_from_the_order() -> None:
    works = make_works()
    shuffled = random.Random(5).sample(works, len(works))
    assert split_stratified(works, ("style",), 0.2, 7) == split_stratified(
        shuffled, ("style",), 0.2, 7
    )
    assert split_artists(works, 0.2, 7) == split_artists(shuffled, 0.2, 7)
    assert split_artists(works, 0.2, 7) != split_artists(works, 0.2, 8)


def test_a_word_that_is_no_split_is_named() -> None:
    works = make_works(3)
    typo = LabelledWork(id="x", image=Path("a"), labels={}, split="trian")
    with pytest.raises(CatalogError, match=r"'x' has split 'trian', which is none \(did you mean"):
        split_given([*works, typo])
    with pytest.raises(CatalogError, match="'y' has no split"):
        split_given([*works, LabelledWork(id="y", image=Path("a"), labels={})])
