"""The baseline: fitted on training samples alone, and compared with scikit-learn."""

import json
from pathlib import Path

import numpy as np
import pytest
from runs import blobs, make_run
from sklearn.linear_model import LogisticRegression

from artextract.errors import InputError
from training.evaluation.baseline import (
    STRENGTHS,
    choose_strength,
    fit_and_predict,
    make_baseline,
    out_of_fold,
    stratified_folds,
)
from training.evaluation.embeddings import Embeddings, embed_run
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, Run, open_run, save_predictions


def embeddings_of(run: Run, seed: int = 0) -> Embeddings:
    """Return made-up embeddings that know the style a little; the first sample has none."""
    samples = list(run.samples.values())[1:]
    labels = np.maximum(run.classes.encode(samples)[:, 0], 0)
    return Embeddings(
        ids=[sample.id for sample in samples],
        rows=blobs(labels, seed=seed),
        model="made-up",
        sha256="0",
    )


def test_probabilities_equal_scikit_learns() -> None:
    labels = np.random.default_rng(0).integers(0, 3, 90)
    labels[labels == 1] = 4  # classes 1 and 3 have no training work
    rows = blobs(labels)
    found = fit_and_predict(rows[:60], labels[:60], rows[60:], 5, 10.0)
    model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=1000)
    expected = model.fit(rows[:60], labels[:60]).predict_log_proba(rows[60:])
    assert found[:, [0, 2, 4]] == pytest.approx(np.maximum(expected, -30), abs=1e-5)
    assert (found[:, [1, 3]] == -30).all()


def test_folds_are_stratified() -> None:
    labels = np.repeat([0, 1, 2], [50, 23, 5])
    fold = stratified_folds(labels, 5, 0)
    for label, count in enumerate((50, 23, 5)):
        shares = np.bincount(fold[labels == label], minlength=5)
        assert shares.sum() == count
        assert np.ptp(shares) <= 1
    assert (stratified_folds(labels, 5, 0) == fold).all()
    assert (stratified_folds(labels, 5, 1) != fold).any()


def test_random_labels_are_not_predicted_out_of_fold() -> None:
    random = np.random.default_rng(0)
    labels = random.integers(0, 4, 200)
    rows = random.normal(size=(200, 300)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    in_sample = fit_and_predict(rows, labels, rows, 4, 100.0).argmax(axis=1)
    held_out = out_of_fold(rows, labels, 4, 100.0).argmax(axis=1)
    assert (in_sample == labels).mean() > 0.95
    assert (held_out == labels).mean() < 0.36


def test_strength_is_chosen_by_cross_validation() -> None:
    labels = np.random.default_rng(0).integers(0, 4, 160)
    rows = blobs(labels, spread=0.9)
    names = list("abcd")
    scores = [
        score(out_of_fold(rows, labels, 4, c, folds=3), labels, names).macro_f1 for c in STRENGTHS
    ]
    assert choose_strength(rows, labels) == STRENGTHS[int(np.argmax(scores))]


def test_baseline_is_fitted_on_training_samples_only(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    embeddings = embeddings_of(run)
    made = make_baseline(run, embeddings, ["val"])
    predictions = run.load_predictions("baseline_val")
    evaluated = run.load_predictions("val")
    assert list(predictions.ids) == list(evaluated.ids)[1:]  # the first has no image
    train = [id_ for id_, sample in run.samples.items() if sample.split == "train"]
    for column, attribute in enumerate(("style", "genre")):
        labels = run.classes.encode([run.samples[id_] for id_ in train])[:, column]
        known = labels >= 0
        _, rows = embeddings.of(train)
        _, expected = embeddings.of(predictions.ids)
        count = len(run.classes.names[attribute])
        strength = made.strength["val"][attribute]
        assert predictions.logits[attribute] == pytest.approx(
            fit_and_predict(rows[known], labels[known], expected, count, strength)
        )
        assert made.train_works["val"][attribute] == known.sum()
        assert (predictions.labels[attribute] == evaluated.labels[attribute][1:]).all()
    kept = json.loads((tmp_path / "run" / "baseline.json").read_text(encoding="utf-8"))
    assert kept["name"] == "balanced logistic regression on frozen made-up features"
    assert kept["strength"] == made.strength


def test_artist_disjoint_baseline_is_fitted_on_other_artists(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    apart = [
        id_
        for id_, sample in run.samples.items()
        if str(sample.artist).endswith(("1</i>", "2</i>"))
    ]
    predictions = run.load_predictions("oof")
    at = predictions.rows_of(apart)
    save_predictions(
        run.predictions_file("artist_disjoint"),
        Predictions(
            ids=apart,
            logits={name: values[at] for name, values in predictions.logits.items()},
            labels={name: values[at] for name, values in predictions.labels.items()},
        ),
    )
    made = make_baseline(run, embeddings_of(run), ["artist_disjoint"])
    labels = run.classes.encode([w for id_, w in run.samples.items() if id_ not in apart])[:, 0]
    others = int((labels >= 0).sum()) - 1  # less the sample without a image
    assert made.train_works["artist_disjoint"]["style"] == others


def test_baseline_with_one_class_raises(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run")
    embeddings = embeddings_of(run)
    style = [run.samples[id_].labels["style"] for id_ in embeddings.ids]
    kept = [
        row for row, id_ in enumerate(embeddings.ids)
        if run.samples[id_].split == "val" or style[row] == "Cubism"
    ]  # fmt: skip
    fewer = Embeddings(
        ids=[embeddings.ids[row] for row in kept], rows=embeddings.rows[kept], model="m", sha256="0"
    )
    with pytest.raises(InputError, match="1 classes of style"):
        make_baseline(run, fewer, ["val"])


def test_embeddings_are_cached_until_an_image_changes(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 30)
    predicted: list[int] = []
    first = embed_run(run, on_images=predicted.append)
    assert sum(predicted) == 30
    assert list(first.ids) == list(run.samples)[1:]
    assert np.linalg.norm(first.rows, axis=1) == pytest.approx(1)
    again = embed_run(open_run(tmp_path / "run"), on_images=predicted.append)
    assert sum(predicted) == 30  # nothing was embedded
    assert (again.rows == first.rows).all()
    changed = run.samples["work 005"].image
    changed.write_bytes(run.samples["work 006"].image.read_bytes())
    third = embed_run(run, on_images=predicted.append)
    assert sum(predicted) == 60
    assert (third.rows[4] == third.rows[5]).all()
    (tmp_path / "run" / "features" / "efficientnet-lite0.npz").write_bytes(b"PK broken")
    assert (embed_run(run).rows == third.rows).all()


def test_embedding_a_run_without_images_raises(tmp_path: Path) -> None:
    run = make_run(tmp_path / "run", 30)
    for sample in run.samples.values():
        sample.image.unlink(missing_ok=True)
    with pytest.raises(InputError, match="none of 30 images can be opened"):
        embed_run(run)
