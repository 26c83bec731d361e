"""Calibration against plain loops, and a temperature that is known."""

import numpy as np
import numpy.typing as npt
import pytest

from artextract.errors import InputError
from training.evaluation.calibration import (
    calibrate,
    calibration_error,
    fit_temperature,
    log_loss,
    reliability,
)
from training.evaluation.metrics import softmax


def make_logits(
    n: int, classes: int, temperature: float, seed: int = 0
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return labels drawn from softmax(z), and the logits temperature x z."""
    random = np.random.default_rng(seed)
    z = 2 * random.normal(size=(n, classes))
    labels = np.array([random.choice(classes, p=row) for row in softmax(z)])
    return temperature * z, labels


@pytest.mark.parametrize("seed", range(4))
def test_calibration_error_equals_a_plain_loops(seed: int) -> None:
    logits, labels = make_logits(200, 5, 2, seed)
    probabilities = softmax(logits)
    probabilities[:3] = [1, 0, 0, 0, 0]
    probabilities[3] = [0.4, 0.2, 0.2, 0.1, 0.1]  # 0.4 = 6 / 15 is the upper edge of the sixth bin
    bins = reliability(probabilities, labels)
    total = 0.0
    for number in range(15):
        low, high = number / 15, (number + 1) / 15
        inside = [row for row in range(200) if low < probabilities[row].max() <= high]
        assert bins[number].count == len(inside)
        if inside:
            confidence = sum(probabilities[row].max() for row in inside) / len(inside)
            right = sum(probabilities[row].argmax() == labels[row] for row in inside)
            assert bins[number].confidence == pytest.approx(confidence)
            assert bins[number].accuracy == pytest.approx(right / len(inside))
            total += len(inside) / 200 * abs(confidence - right / len(inside))
        else:
            assert bins[number].confidence is bins[number].accuracy is None
    assert calibration_error(bins) == pytest.approx(total)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 3.0])
def test_known_temperature_is_recovered(temperature: float) -> None:
    logits, labels = make_logits(4000, 5, temperature)
    found = fit_temperature(logits, labels)
    assert found == pytest.approx(temperature, rel=0.08)
    losses = [log_loss(softmax(logits, t), labels) for t in np.geomspace(0.1, 10, 400)]
    assert log_loss(softmax(logits, found), labels) <= min(losses) + 1e-7


def test_temperature_is_cross_fitted() -> None:
    logits, labels = make_logits(100, 4, 3)
    labels = np.append(labels, [-1, -1])
    logits = np.append(logits, np.zeros((2, 4)), axis=0)
    found = calibrate(logits, labels, folds=4, seed=3)
    logits, labels = logits[:100], labels[:100]
    fold = np.random.default_rng(3).permutation(100) % 4
    loss = 0.0
    for number in range(4):
        others = [row for row in range(100) if fold[row] != number]
        temperature = fit_temperature(logits[others], labels[others])
        assert temperature == found.fold_temperatures[number]
        for row in range(100):
            if fold[row] == number:
                loss -= np.log(softmax(logits[row : row + 1], temperature)[0, labels[row]])
    assert found.log_loss_after == pytest.approx(loss / 100)
    fitted = log_loss(softmax(logits, found.temperature), labels)
    assert fitted <= found.log_loss_after < found.log_loss_before
    assert found.error_after < found.error_before
    assert (found.n, found.folds) == (100, 4)


def test_temperature_stays_within_limits_if_all_or_none_are_correct() -> None:
    logits = np.tile([2.0, 0.0], (20, 1))
    assert 0.02 <= fit_temperature(logits, np.zeros(20, np.int64)) < 0.1
    assert fit_temperature(logits, np.ones(20, np.int64)) == pytest.approx(50, rel=0.01)


def test_too_few_samples_raise() -> None:
    with pytest.raises(InputError, match="3 samples in 5 folds"):
        calibrate(np.eye(3), np.arange(3))
