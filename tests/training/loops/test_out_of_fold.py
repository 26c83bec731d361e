"""Out-of-fold predictions: every sample once, by a head that has not seen it."""

from collections import Counter
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from tiny_network import make_samples, paint_textures, tiny_config, tiny_run

from artextract.errors import InputError
from training.config import Config
from training.evaluation.predictions import Predictions
from training.loops.out_of_fold import multilabel_folds, predict_out_of_fold
from training.loops.recorder import Recorder
from training.loops.stages import cached_features

Labels = npt.NDArray[np.int64]


@pytest.mark.parametrize(("count", "folds"), [(10, 2), (11, 4), (200, 5), (203, 7), (6, 6)])
def test_folds_are_equal_in_size_and_stratified(count: int, folds: int) -> None:
    random = np.random.default_rng(count)
    labels = np.minimum(random.integers(-1, 6, (count, 2)), random.integers(-1, 6, (count, 2)))
    found = multilabel_folds(labels, folds, seed=1)
    assert found.shape == (count,)
    sizes = Counter(found.tolist())
    assert sorted(sizes) == list(range(folds))
    assert max(sizes.values()) - min(sizes.values()) <= 1
    # Works of the same first label, or of the same two, lie side by side when they are dealt: of
    # them only the first and the last hand may leave out a fold.
    for together in (labels, labels[:, :1]):
        for expected in {tuple(row) for row in together.tolist()}:
            same = [fold for fold, row in zip(found.tolist(), together.tolist(), strict=True)
                     if tuple(row) == expected]  # fmt: skip
            counts = [same.count(fold) for fold in range(folds)]
            assert max(counts) - min(counts) <= 2, (expected, counts)


def test_folds_depend_on_the_seed_and_not_on_the_order() -> None:
    labels = np.zeros((60, 2), np.int64)
    found = multilabel_folds(labels, 3, seed=1)
    assert (found == multilabel_folds(labels, 3, seed=1)).all()
    assert (found != multilabel_folds(labels, 3, seed=2)).any()
    assert len({tuple(found[start : start + 3].tolist()) for start in range(0, 60, 3)}) > 5


@pytest.mark.parametrize("folds", [-1, 0, 1, 31])
def test_impossible_number_of_folds_raises(folds: int) -> None:
    with pytest.raises(
        InputError, match=rf"^30 samples can't be distributed into {folds} folds; give 2 to 30$"
    ):
        multilabel_folds(np.zeros((30, 2), np.int64), folds, seed=0)


def predict(folder: Path, config: Config, labels: Labels, folds: int) -> Predictions:
    images, _ = paint_textures(len(labels))
    samples = make_samples(labels, len(labels) // 2)
    context, network = tiny_run(folder, config, samples, images)
    features = cached_features(context, network.features)
    predictions = predict_out_of_fold(context, network.features, features, folds, folder / "folds")
    assert not (folder / "folds").exists()
    assert not context.checkpoints.folder.exists()
    assert context.recorder.rows() == []  # what the folds measure is not the training's
    assert predictions.embedding is not None
    np.testing.assert_allclose(np.linalg.norm(predictions.embedding, axis=1), 1, atol=1e-5)
    return predictions


def test_each_sample_is_predicted_once_and_wrong_labels_are_not_repeated(tmp_path: Path) -> None:
    _, true = paint_textures(120)
    labels, wrong = true.copy(), [8, 49, 90]
    labels[wrong, 0] = (true[wrong, 0] + 2) % 4
    predictions = predict(tmp_path, tiny_config("stage_one.epochs=12"), labels, 3)
    assert predictions.ids == [f"w{number:03}" for number in range(120)]
    for column, (name, classes) in enumerate({"style": 4, "genre": 2}.items()):
        assert predictions.logits[name].shape == (120, classes)
        assert np.isfinite(predictions.logits[name]).all()
        np.testing.assert_array_equal(predictions.labels[name], labels[:, column])
    # A constant would be right for a quarter; rows that were mixed up, too.
    styles = predictions.logits["style"]
    assert (styles.argmax(axis=1) == true[:, 0]).mean() > 0.7
    for sample in wrong:
        assert styles[sample, labels[sample, 0]] < styles[sample, true[sample, 0]]


def test_prediction_does_not_depend_on_the_samples_own_label(tmp_path: Path) -> None:
    # Of style 0 only sample 4 is of genre 1; labelled as style 1, it is the only one of genre 0.
    # Either way it is sorted between the two styles, and comes into the same fold.
    style = np.arange(24) % 4
    labels = np.stack([style, style % 2], axis=1)
    labels[4] = 0, 1
    other = labels.copy()
    other[4] = 1, 0
    config = tiny_config("stage_one.epochs=3")
    fold_of = multilabel_folds(labels, 3, config.seed)
    assert (fold_of == multilabel_folds(other, 3, config.seed)).all()
    before = predict(tmp_path / "before", config, labels, 3)
    after = predict(tmp_path / "after", config, other, 3)
    own = fold_of == fold_of[4]
    for name in ("style", "genre"):
        same = (before.logits[name] == after.logits[name]).all(axis=1)
        np.testing.assert_array_equal(same, own)  # the heads of the others have learnt from it


def test_resumed_folds_give_the_same_predictions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, labels = paint_textures(48)
    config = tiny_config("stage_one.epochs=3")
    whole = predict(tmp_path / "whole", config, labels, 3)

    add, epochs, last = Recorder.add, 0, 5

    def count(recorder: Recorder, row: dict[str, object]) -> None:
        nonlocal epochs
        add(recorder, row)
        epochs += 1
        if epochs == last:
            raise KeyboardInterrupt

    monkeypatch.setattr(Recorder, "add", count)
    with pytest.raises(KeyboardInterrupt):
        predict(tmp_path / "parts", config, labels, 3)
    assert sorted(path.name for path in (tmp_path / "parts" / "folds").iterdir()) == [
        "fold-1", "fold-2"
    ]  # fmt: skip
    epochs, last = 0, 100
    parts = predict(tmp_path / "parts", config, labels, 3)
    # One epoch of the second fold was done and saved; two of it and three of the third were left.
    assert epochs == 5
    for name in ("style", "genre"):
        np.testing.assert_array_equal(parts.logits[name], whole.logits[name])
