"""The search for wrong labels: neighbours, ranking, table and page."""

import csv
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Artextract, assert_one_sentence
from pages import Page, assert_loads_nothing, screenshot
from runs import HOSTILE, blobs, make_run

from artextract.errors import InputError
from benchmarks.label_noise import average_precision, precision_at, seed_rule, symmetric_noise
from training.evaluation.baseline import fit_and_predict, out_of_fold
from training.evaluation.metrics import softmax
from training.evaluation.predictions import Predictions, Run, save_predictions
from training.label_errors.pages import COLUMNS
from training.label_errors.ranking import (
    Neighbours,
    find_neighbours,
    find_suspects,
    nearest_of_class,
    neighbour_shares,
)


@pytest.mark.parametrize("block", [7, 1024])
def test_neighbours_equal_a_plain_loops(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.label_errors.ranking._BLOCK", block)
    labels = np.random.default_rng(0).integers(0, 3, 60)
    rows = blobs(labels)
    groups = [None if number % 7 == 0 else f"artist {number % 5}" for number in range(60)]
    everyone = find_neighbours(rows, 8)
    strangers = find_neighbours(rows, 8, groups)
    for sample in range(60):
        cosines = rows @ rows[sample]
        others = [each for each in range(60) if each != sample]
        expected = sorted(others, key=lambda each: -cosines[each])[:8]
        assert everyone.rows[sample].tolist() == expected
        assert everyone.cosines[sample] == pytest.approx(cosines[expected], abs=1e-6)
        apart = [
            each for each in others if groups[sample] is None or groups[each] != groups[sample]
        ]
        expected = sorted(apart, key=lambda each: -cosines[each])[:8]
        assert strangers.rows[sample].tolist() == expected
    assert find_neighbours(rows[:5], 50).rows.shape == (5, 4)
    with pytest.raises(InputError, match="1 samples have no neighbours"):
        find_neighbours(rows[:1])


def test_ties_between_neighbours_keep_the_sample_order() -> None:
    rows = np.tile(np.array([[1, 0]], np.float32), (6, 1))
    assert find_neighbours(rows, 3).rows[[0, 5]].tolist() == [[1, 2, 3], [0, 1, 2]]


def test_neighbour_shares_are_weighted_by_similarity() -> None:
    neighbours = Neighbours(
        rows=np.array([[1, 2], [0, 2], [0, 1]]),
        cosines=np.array([[0.9, 0.8], [0.9, 0.9], [0.8, -0.9]], np.float32),
    )
    shares = neighbour_shares(neighbours, np.array([0, 1, 0]), 3)
    near, far = 1.0, np.exp(-20 * 0.1)
    assert shares[0] == pytest.approx([far / (near + far), near / (near + far), 0], rel=1e-4)
    assert shares[1] == pytest.approx([1, 0, 0])
    assert shares[2] == pytest.approx([1, 0, 0], abs=1e-9)


def test_nearest_of_class_equals_a_plain_loop() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 50)
    labels[:2] = 4  # a class of two
    rows = blobs(labels)
    expected = np.random.default_rng(1).integers(-1, 5, 50)
    expected[:2] = 4
    found = nearest_of_class(rows, labels, expected, 3)
    for sample in range(50):
        members = [
            each for each in range(50) if labels[each] == expected[sample] and each != sample
        ]
        members.sort(key=lambda each: -float(rows[each] @ rows[sample]))
        assert found[sample].tolist() == [*members[:3], -1, -1, -1][:3]


@pytest.mark.parametrize("seed", range(3))
def test_wrong_labels_are_found_better_than_by_in_sample_confidence(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 6, 400)
    rows = blobs(labels, dimension=256, spread=3.0, seed=seed)
    noisy = symmetric_noise(labels, 0.05, 6, seed=seed)
    wrong = noisy != labels
    logits = out_of_fold(rows, noisy, 6, 10.0, seed=seed)
    suspects = find_suspects(logits, noisy, find_neighbours(rows), list("abcdef"))
    ours = average_precision(wrong, -suspects.quality)
    # Of many features a classifier learns wrong labels too, and then sees nothing wrong in them.
    in_sample = softmax(fit_and_predict(rows, noisy, rows, 6, 10.0))[np.arange(400), noisy]
    assert ours > 2 * average_precision(wrong, seed_rule(in_sample))
    assert precision_at(wrong, -suspects.quality, 10) > 0.7
    found = suspects.ranking()[:10]
    right = suspects.suggestion[found] == labels[found]
    assert right.mean() > 0.7
    assert suspects.counted[found].mean() > 0.7


def test_suspects_combine_classifier_and_neighbours() -> None:
    labels = np.repeat([0, 1], 10)
    labels[0] = 1  # looks like a 0
    rows = blobs(np.repeat([0, 1], 10), spread=0.1)
    logits = np.where(np.repeat([0, 1], 10)[:, None] == [0, 1], 2.0, -2.0)
    neighbours = find_neighbours(rows, 4)
    suspects = find_suspects(logits, labels, neighbours, ["x", "y"])
    assert suspects.ranking()[0] == 0
    assert (suspects.suggestion[0], suspects.predicted[0]) == (0, 0)
    own = 1 / (1 + np.exp(4))
    assert suspects.own[0] == pytest.approx(own)
    assert suspects.confidence[0] == pytest.approx(1 - own)
    assert suspects.agreement[0] == 0
    evidence = np.sqrt([(1 - own + 1e-4) * 1.02, (own + 1e-4) * 0.02])
    assert suspects.quality[0] == pytest.approx(evidence[1] / evidence.sum())
    assert suspects.suggested[0] == pytest.approx(evidence[0] / evidence.sum())
    with pytest.raises(InputError, match="1 of 20 samples have an unknown label"):
        find_suspects(
            logits, np.where(labels == 0, labels, [-1] + [1] * 19), neighbours, ["x", "y"]
        )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return make_run(tmp_path_factory.mktemp("outliers") / "run")


def rows_of(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_outliers_table_and_page(run: Run, tmp_path: Path, artextract: Artextract) -> None:
    ran = artextract("outliers", run.folder, "--out", tmp_path / "out", "--top", 6)
    assert ran.code == 0, ran
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "outliers.csv", "outliers.html",
    ]  # fmt: skip
    rows = rows_of(tmp_path / "out" / "outliers.csv")
    assert tuple(rows[0]) == COLUMNS
    known = {
        name: (run.load_predictions("oof").labels[name] >= 0).sum() for name in ("style", "genre")
    }
    for attribute, count in known.items():
        part = [row for row in rows if row["attribute"] == attribute]
        assert len(part) == count
        assert [int(row["rank"]) for row in part] == list(range(1, count + 1))
        qualities = [float(row["quality"]) for row in part]
        assert qualities == sorted(qualities)
        for row in part:
            sample = run.samples[row["id"]]
            assert row["label"] == sample.labels[attribute]
            assert row["image"] == str(sample.image)
            for each in shlex.split(row["like_label"]):
                assert run.samples[each].labels[attribute] == row["label"]
                assert each != row["id"]
            same = shlex.split(row["like_suggestion"])
            assert (same == []) == (row["suggestion"] == row["label"])
            for each in same:
                assert run.samples[each].labels[attribute] == row["suggestion"]
        assert f"{attribute}: {count} labels ranked" in ran.out
    page = Page(tmp_path / "out" / "outliers.html")
    assert_loads_nothing(page)
    cards = [attributes for attributes in page.all("li") if attributes.get("class") == "card"]
    assert len(cards) == 12
    assert HOSTILE.replace("_", " ") in page.text
    assert not page.all("b")
    shown = [row for row in rows if row["suggestion"] != row["label"]]
    first = [row for row in shown if row["attribute"] == "style"][:6]
    places = [page.text.index(Path(row["id"]).name) for row in first]
    assert places == sorted(places)


def test_logistic_regression_needs_no_network_predictions(
    tmp_path: Path, artextract: Artextract
) -> None:
    run = make_run(tmp_path / "run", 60)
    run.predictions_file("oof").unlink()
    assert_one_sentence(
        artextract("outliers", run.folder), "oof.npz", "train with 5 folds", "logistic regression"
    )
    ran = artextract("outliers", run.folder, "--logistic", "--attribute", "genre")
    assert ran.code == 0, ran
    rows = rows_of(run.folder / "outliers" / "outliers.csv")
    assert {row["attribute"] for row in rows} == {"genre"}
    assert "work 000" not in {row["id"] for row in rows}  # its image is missing
    page = Page(run.folder / "outliers" / "outliers.html")
    assert "by a logistic regression out of fold" in page.text
    assert "features of efficientnet-lite0" in page.text


def test_unusable_runs_raise(run: Run, tmp_path: Path, artextract: Artextract) -> None:
    assert_one_sentence(
        artextract("outliers", run.folder, "--attribute", "stile"), "'stile'", "style, genre"
    )
    assert_one_sentence(artextract("outliers", tmp_path / "no"), "there is no folder")
    (tmp_path / "file").write_text("")
    assert_one_sentence(
        artextract("outliers", run.folder, "--out", tmp_path / "file" / "x"), "can't be written"
    )
    other = make_run(tmp_path / "run", 60)
    oof = other.load_predictions("oof")
    for kept in ({"style": oof.labels["style"]}, {}):
        save_predictions(
            other.predictions_file("oof"),
            Predictions(
                ids=oof.ids,
                logits={name: oof.logits[name] for name in kept},
                labels=kept,
                embedding=oof.embedding,
            ),
        )
        words = ("outliers", other.folder, "--attribute", "genre")
        assert_one_sentence(artextract(*words), "no predictions of genre", "logistic regression")
    few = {name: np.where(np.arange(60) < 5, values, -1) for name, values in oof.labels.items()}
    save_predictions(
        other.predictions_file("oof"),
        Predictions(ids=oof.ids, logits=oof.logits, labels=few, embedding=oof.embedding),
    )
    assert_one_sentence(
        artextract("outliers", other.folder), "at least 10 samples", "other attributes"
    )
    save_predictions(
        other.predictions_file("oof"),
        Predictions(ids=oof.ids, logits=oof.logits, labels=oof.labels),
    )
    assert_one_sentence(artextract("outliers", other.folder), "no embedding")


@pytest.mark.parametrize("width", [1440, 500])
def test_in_a_browser(run: Run, width: int, tmp_path: Path, artextract: Artextract) -> None:
    artextract("outliers", run.folder, "--out", tmp_path / "out")
    shown = screenshot(tmp_path / "out" / "outliers.html", width, 4000, tmp_path)
    from_paper = np.abs(shown.astype(int) - (0xFA, 0xF9, 0xF6)).max(axis=2)
    assert from_paper[:, 30:-30].max() > 150
    assert from_paper[:, -10:].max() < 40
    assert from_paper[:, :10].max() < 40
