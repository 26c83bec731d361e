"""From which confidence on predictions are trusted, on simulated classifiers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy import typing as npt
from runs import make_run

from artextract.errors import InputError
from training.evaluation import trust
from training.evaluation.metrics import softmax
from training.evaluation.predictions import Run, open_run
from training.evaluation.trust import (
    Evidence,
    Threshold,
    choose_threshold,
    choose_trust,
    collect_evidence,
    lower_bound,
)

Probabilities = npt.NDArray[np.float64]


def simulate(
    works: int,
    per_artist: int,
    seed: int,
    right_at: Callable[[Probabilities], Probabilities] = lambda confidence: confidence,
    classes: int = 10,
) -> Evidence:
    """Return predictions that are right with the probability ``right_at`` their confidence.

    An artist's artworks are all right or all wrong.
    """
    random = np.random.default_rng(seed)
    artists = np.repeat(np.arange(works // per_artist), per_artist)
    confidence = random.uniform(0.2, 0.99, len(artists) // per_artist)[artists]
    logits = np.zeros((len(artists), classes))
    predicted = random.integers(0, classes, len(artists))
    # The logit of the prediction, so that softmax gives this confidence.
    logits[np.arange(len(artists)), predicted] = np.log(
        confidence * (classes - 1) / (1 - confidence)
    )
    lucky = random.random(len(artists) // per_artist)[artists]
    right = lucky < right_at(confidence)
    return Evidence(
        logits=logits,
        labels=np.where(right, predicted, (predicted + 1) % classes),
        artists=artists,
        possible=np.ones(logits.shape, bool),
        dated=np.zeros(len(logits), bool),
    )


def choose(evidence: Evidence, **options: int) -> Threshold:
    return choose_threshold(evidence, evidence.temperature(), **options)


def test_the_threshold_is_the_lowest_that_is_surely_good_enough() -> None:
    trust = choose_trust(simulate(6000, 1, 0))
    assert trust.temperature == pytest.approx(1, abs=0.05)
    assert trust.dated is None  # no years are known
    found = trust.any
    assert found.lowest is not None
    assert found.reason is None
    # At .71 the predictions above are 85 % right; a margin is kept.
    assert 0.71 <= found.lowest <= 0.78
    for share in (found.all, found.folds):
        assert share is not None
        assert share.right is not None
        assert share.right >= 0.85
        assert share.works == share.artists == 6000
        assert share.trusted == pytest.approx(6000 * (0.99 - found.lowest) / 0.79, rel=0.1)
    assert found.to_card()["all"]["lower_bound"] >= 0.85


@pytest.mark.parametrize("per_artist", [1, 5])
def test_the_target_is_missed_in_one_of_20_draws_at_most(per_artist: int) -> None:
    broken = chosen = 0
    others = simulate(20_000, 1, 1000)
    right = others.logits.argmax(axis=1) == others.labels
    for seed in range(20):
        evidence = simulate(1500, per_artist, seed)
        temperature = evidence.temperature()
        lowest = choose_threshold(evidence, temperature, folds=2).lowest
        if lowest is not None:
            chosen += 1
            rows = others.confidence(temperature) >= lowest
            broken += right[rows].mean() < trust.TARGET
    assert chosen >= 4
    assert broken <= 3  # 20 draws at 5 % exceed this once in 60


def test_a_classifier_that_is_too_sure_of_itself_gets_a_higher_threshold() -> None:
    honest = choose_threshold(simulate(3000, 1, 1), 1.0).lowest
    bold = choose_threshold(simulate(3000, 1, 1, lambda sure: 0.8 * sure + 0.13), 1.0).lowest
    assert honest is not None
    assert bold is not None
    assert bold > honest


def test_artworks_of_few_artists_say_less() -> None:
    random = np.random.default_rng(0)
    by_artist = random.random(60) < 0.9
    one_each = lower_bound(random.random(600) < 0.9, np.arange(600))
    ten_each = lower_bound(np.repeat(by_artist, 10), np.repeat(np.arange(60), 10))
    assert ten_each < one_each - 0.03
    # Ten equal artworks of an artist are one observation.
    alone = lower_bound(by_artist, np.arange(60))
    assert ten_each == pytest.approx(alone, abs=0.01)


def test_the_bound_of_independent_artworks_is_clopper_and_pearsons() -> None:
    # R: binom.test(90, 100, alternative = "greater")$conf.int
    right = np.arange(100) < 90
    assert lower_bound(right, np.arange(100)) == pytest.approx(0.8362, abs=2e-3)
    assert lower_bound(np.ones(20, bool), np.arange(20)) == pytest.approx(0.05 ** (1 / 20))
    assert lower_bound(np.zeros(20, bool), np.arange(20)) == 0


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        (simulate(80, 1, 0), "80 artworks of 80 artists are too few"),
        (simulate(400, 40, 0), "400 artworks of 10 artists are too few"),
        (simulate(4000, 1, 0, lambda confidence: 0.8 * confidence), "no confidence from which"),
    ],
)
def test_without_evidence_nothing_is_trusted_and_the_card_says_why(
    evidence: Evidence, reason: str
) -> None:
    found = choose(evidence)
    assert found.lowest is None
    assert reason in found.to_card()["reason"]


def test_a_threshold_that_fails_for_other_artists_is_not_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    evidence = simulate(2000, 1, 0)
    assert choose(evidence).lowest is not None
    monkeypatch.setattr(trust, "lower_bound", lambda right, artists: 0.9)  # all seem good enough
    found = choose(evidence)
    assert found.lowest is None
    assert "artists left out of the choice" in found.to_card()["reason"]
    assert found.folds is not None
    assert found.folds.right is not None
    assert found.folds.right < 0.85


def test_years_make_the_possible_classes_more_probable() -> None:
    evidence = simulate(4000, 1, 0, classes=4)
    possible = np.ones((4000, 4), bool)
    possible[:1500, 2:] = False
    dated = np.arange(4000) < 1500
    evidence = replace(evidence, possible=possible, dated=dated)
    temperature = evidence.temperature()
    confidence, probabilities = (
        evidence.confidence(temperature),
        softmax(evidence.logits, temperature),
    )
    for row in range(0, 4000, 37):
        predicted = int(evidence.logits[row].argmax())
        rivals = sum(probabilities[row, each] for each in range(4) if possible[row, each])
        expected = probabilities[row, predicted] / rivals if possible[row, predicted] else 0
        assert confidence[row] == pytest.approx(expected)
    found = choose_trust(evidence)
    assert found.dated is not None
    assert found.dated.all is not None
    assert found.dated.all.works == 1500
    assert found.any == choose(evidence.without_years())
    assert set(found.to_card()) == {"target", "any years", "known years"}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("trust") / "run")


def test_evidence_must_be_of_other_artists(run: Run) -> None:
    with pytest.raises(InputError, match=r"was trained on artworks of Artist <i>\d"):
        collect_evidence([run], "style")


def test_a_class_that_the_network_does_not_know_counts_as_wrong(run: Run, tmp_path: Path) -> None:
    import polars

    folder = tmp_path / "apart"
    (folder / "predictions").mkdir(parents=True)
    for name in ("classes.json", "predictions/val.npz"):
        (folder / name).write_bytes((run.folder / name).read_bytes())
    table = polars.read_parquet(run.folder / "works.parquet")
    rows = table.to_dicts()
    for number, row in enumerate(rows):
        row["artist"] = f"{row['split']} {row['artist']}" if number else None
        if row["id"] == "work 002":
            row["label.style"] = "Dadaism"  # a label that is no class
    polars.DataFrame(rows).write_parquet(folder / "works.parquet")
    apart = open_run(folder)
    evidence = collect_evidence([apart], "style")
    predictions = apart.load_predictions("val")
    known = [id_ for id_ in predictions.ids if id_ != rows[0]["id"]]  # its artist is unknown
    assert len(evidence.labels) == len(known)
    expected = predictions.labels["style"][predictions.rows_of(known)]
    np.testing.assert_array_equal(evidence.labels, expected)
    assert len(np.unique(evidence.artists)) == 13
    twice = collect_evidence([apart, apart], "style")
    np.testing.assert_array_equal(twice.labels, [*expected, *expected])
    assert len(np.unique(twice.artists)) == 13
    genre = collect_evidence([apart], "genre")
    assert len(genre.labels) == sum("genre" in apart.samples[id_].labels for id_ in known)
