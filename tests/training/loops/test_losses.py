"""The losses, against the papers' formulas in plain loops."""

import math

import numpy as np
import pytest
import torch

from training.config import LossConfig
from training.loops.losses import (
    MultiTaskLoss,
    artist_weights,
    class_balanced_weights,
    smoothed_cross_entropy,
)

COUNTS = {"style": [40, 7, 3], "genre": [5, 20]}


def plain_loss(
    logits: list[float], label: int, counts: list[int], config: LossConfig, tau: float
) -> float:
    """The loss of one sample and one attribute, as the papers write it."""
    total = sum(counts)
    weight = 1.0
    if config.balance == "logit-adjustment":
        logits = [z + tau * math.log(m / total) for z, m in zip(logits, counts, strict=True)]
    elif config.balance == "class-balanced":
        weights = [(1 - config.beta) / (1 - config.beta**m) for m in counts]
        weight = weights[label] / (sum(weights) / len(weights))
    whole = sum(math.exp(z) for z in logits)
    classes = len(logits)
    loss = 0.0
    for number, z in enumerate(logits):
        target = config.smoothing / classes + (1 - config.smoothing) * (number == label)
        loss -= target * math.log(math.exp(z) / whole)
    return weight * loss


@pytest.mark.parametrize("balance", ["none", "logit-adjustment", "class-balanced"])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_losses_equal_the_published_formulas(balance: str, smoothing: float) -> None:
    config = LossConfig(
        balance=balance,  # type: ignore[arg-type]
        tau=0.7,
        taus={"genre": 0.25},
        beta=0.9,
        smoothing=smoothing,
        weights={"genre": 0.5},
    )
    random = np.random.default_rng(1)
    labels = np.array([[0, 1], [2, -1], [-1, 0], [1, 1], [0, -1]])
    logits = {name: random.normal(0, 2, (5, len(c))) for name, c in COUNTS.items()}
    expected = 0.0
    for column, (name, counts) in enumerate(COUNTS.items()):
        known = [row for row in range(5) if labels[row, column] >= 0]
        losses = [
            plain_loss(
                logits[name][row].tolist(), int(labels[row, column]), counts, config,
                config.tau_of(name),
            )
            for row in known
        ]  # fmt: skip
        expected += config.weights.get(name, 1.0) * sum(losses) / len(known)
    found = MultiTaskLoss(COUNTS, config)(
        {name: torch.tensor(values) for name, values in logits.items()}, torch.from_numpy(labels)
    )
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_artist_weights_follow_the_power() -> None:
    artists = ["a", "b", "a", None, "a", "b", None]
    for power in (0.0, 0.5, 1.0):
        samples = [3, 2, 3, 1, 3, 2, 1]
        plain = [m**-power for m in samples]
        mean = sum(plain) / len(plain)
        found = artist_weights(artists, power)
        np.testing.assert_allclose(found.numpy(), [each / mean for each in plain], rtol=1e-6)


def test_weighted_loss_equals_a_plain_loop_and_the_sum_of_two_parts() -> None:
    random = np.random.default_rng(2)
    labels = torch.tensor([[0, 1], [2, -1], [-1, 0], [1, 1], [0, -1]])
    weights = torch.from_numpy(random.uniform(0.2, 3, (5, 2)))
    logits = {
        name: torch.from_numpy(random.normal(0, 2, (5, len(c)))) for name, c in COUNTS.items()
    }
    config = LossConfig(balance="none", smoothing=0.1)
    loss = MultiTaskLoss(COUNTS, config)
    expected, divisors = 0.0, []
    for column, (name, counts) in enumerate(COUNTS.items()):
        known = [row for row in range(5) if labels[row, column] >= 0]
        losses = [
            float(weights[row, column])
            * plain_loss(logits[name][row].tolist(), int(labels[row, column]), counts, config, 0)
            for row in known
        ]
        divisors.append(sum(float(weights[row, column]) for row in known))
        expected += sum(losses) / divisors[-1]
    assert loss(logits, labels, weights).item() == pytest.approx(expected, rel=1e-5)
    parts = [
        loss({name: values[rows] for name, values in logits.items()}, labels[rows], weights[rows],
             torch.tensor(divisors)).item()
        for rows in ([0, 3], [1, 2, 4])
    ]  # fmt: skip
    assert sum(parts) == pytest.approx(expected, rel=1e-5)


def test_unknown_labels_have_zero_gradient() -> None:
    logits = {
        name: torch.randn(4, len(counts), requires_grad=True) for name, counts in COUNTS.items()
    }
    labels = torch.tensor([[0, -1], [-1, -1], [2, -1], [1, -1]])
    MultiTaskLoss(COUNTS, LossConfig())(logits, labels).backward()
    style, genre = logits["style"].grad, logits["genre"].grad
    assert style is not None
    assert torch.count_nonzero(style[1]) == 0
    assert torch.count_nonzero(style[[0, 2, 3]]) > 0
    assert genre is None or torch.count_nonzero(genre) == 0


def test_class_balanced_weights_of_equal_classes_are_one() -> None:
    assert torch.allclose(class_balanced_weights(torch.full((5,), 9.0), 0.99), torch.ones(5))


def test_mismatched_shapes_raise() -> None:
    with pytest.raises(ValueError, match="disagree"):
        smoothed_cross_entropy(torch.zeros(3, 2), torch.zeros(4, dtype=torch.int64), 0.1)
