"""The loss: cross-entropy over several attributes, whose labels may be unknown.

Letters in shapes: n samples, C classes. A label of -1 is unknown: its row adds nothing to the loss,
and its logits get a gradient of exactly zero.

Rare classes are balanced in one of two ways:

- *Logit adjustment* (Menon et al. 2021, "Long-tail learning via logit adjustment",
  arXiv:2007.07314, equation 10) adds ``tau`` times the log prior of each class to its logit in
  training, so that the plain logits minimise a balanced error. The paper's ``tau`` is 1; lower
  values trade it against plain accuracy.
- *Class-balanced weights* (Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of
  Samples", arXiv:1901.05555, equation 2): a class of m samples weighs (1 - beta) / (1 - beta^m).

Prolific artists can be weighted down, so that the network doesn't learn their hand instead of the
style.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch.nn import functional

from training.config import LossConfig

_LEAST_DIVISOR = 1e-6  # of a batch without a known label, whose loss is 0


def log_prior(counts: torch.Tensor) -> torch.Tensor:
    """Return the log prior of each class, (C,), from its number of samples ``counts`` (C,)."""
    if counts.ndim != 1 or not bool((counts > 0).all()):
        raise ValueError(f"counts must be positive and of shape (C,), not {counts.tolist()}")
    return (counts / counts.sum()).log()


def adjust_logits(logits: torch.Tensor, prior: torch.Tensor, tau: float) -> torch.Tensor:
    """Return ``logits`` (n, C) plus ``tau`` times the log prior (C,)."""
    if logits.ndim != 2 or prior.shape != logits.shape[1:]:
        raise ValueError(f"logits {tuple(logits.shape)} and prior {tuple(prior.shape)} disagree")
    return logits + tau * prior


def class_balanced_weights(counts: torch.Tensor, beta: float) -> torch.Tensor:
    """Return a weight for each class, (C,), of mean 1, from its samples ``counts`` (C,)."""
    if counts.ndim != 1 or not bool((counts > 0).all()):
        raise ValueError(f"counts must be positive and of shape (C,), not {counts.tolist()}")
    weights = (1 - beta) / (1 - torch.pow(beta, counts.double()))
    return (weights / weights.mean()).to(torch.float32)


def artist_weights(artists: Sequence[str | None], power: float) -> torch.Tensor:
    """Return a weight for each sample, (n,), of mean 1: m^-``power`` for an artist of m samples.

    ``power`` 0 weighs all samples equally, 1 all artists. An unknown artist has one sample.
    """
    totals = Counter(artists)
    counts = [1 if artist is None else totals[artist] for artist in artists]
    weights = torch.tensor(counts, dtype=torch.float64) ** -power
    return (weights / weights.mean()).to(torch.float32)


def smoothed_cross_entropy(
    logits: torch.Tensor, labels: torch.Tensor, smoothing: float
) -> torch.Tensor:
    """Return the cross-entropy of each row, (n,), exactly 0 where the label is -1.

    The target is 1 - ``smoothing`` on the label plus ``smoothing`` spread over all C classes
    (Szegedy et al. 2016, arXiv:1512.00567, section 7).

    Args:
        logits: (n, C).
        labels: (n,), 0 to C - 1, or -1.
        smoothing: 0 to 1.
    """
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(f"logits {tuple(logits.shape)} and labels {tuple(labels.shape)} disagree")
    log_probabilities = functional.log_softmax(logits.float(), dim=1)  # (n, C)
    own = log_probabilities.gather(1, labels.clamp(min=0)[:, None])[:, 0]  # (n,)
    loss = -(1 - smoothing) * own - smoothing * log_probabilities.mean(dim=1)  # (n,)
    return torch.where(labels >= 0, loss, 0.0)


class MultiTaskLoss(torch.nn.Module):
    """The sum over attributes of the mean loss of the samples whose label is known."""

    def __init__(self, counts: Mapping[str, Sequence[int]], config: LossConfig) -> None:
        """Take {attribute: training samples of each class}, in the order of the columns."""
        super().__init__()
        self.attributes = tuple(counts)
        self.smoothing = config.smoothing
        self.shares = [config.weights.get(attribute, 1.0) for attribute in counts]
        balance = config.balance
        for attribute, sizes in counts.items():
            each = torch.tensor(sizes, dtype=torch.float32)
            prior = torch.zeros(len(sizes))
            weights = torch.ones(len(sizes))
            if balance == "logit-adjustment":
                prior = config.tau_of(attribute) * log_prior(each)
            elif balance == "class-balanced":
                weights = class_balanced_weights(each, config.beta)
            self.register_buffer(f"prior_{attribute}", prior, persistent=False)
            self.register_buffer(f"weights_{attribute}", weights, persistent=False)

    def forward(
        self,
        logits: Mapping[str, torch.Tensor],
        labels: torch.Tensor,
        weights: torch.Tensor | None = None,
        divisors: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return the loss, a scalar; 0 with gradients of 0 where no label is known.

        Args:
            logits: {attribute: (n, C)}.
            labels: (n, attributes), -1 where unknown.
            weights: (n, attributes), of the labels; None weighs all equally.
            divisors: (attributes,), the sum of the weights of all known labels of the whole batch
                where ``labels`` are one process's part of it; None takes that of ``labels``.
        """
        if labels.ndim != 2 or labels.shape[1] != len(self.attributes):
            raise ValueError(
                f"labels {tuple(labels.shape)} need one column for each of {self.attributes}"
            )
        if weights is None:
            weights = torch.ones(labels.shape, device=labels.device)
        if divisors is None:
            divisors = weights.where(labels >= 0, 0.0).sum(dim=0)
        total = torch.zeros((), device=labels.device)
        for column, (attribute, share) in enumerate(zip(self.attributes, self.shares, strict=True)):
            own = labels[:, column]
            adjusted = adjust_logits(logits[attribute], self.get_buffer(f"prior_{attribute}"), 1.0)
            rows = smoothed_cross_entropy(adjusted, own, self.smoothing)  # (n,)
            rows = rows * self.get_buffer(f"weights_{attribute}")[own.clamp(min=0)]
            total = total + share * (rows * weights[:, column]).sum() / divisors[column].clamp(
                min=_LEAST_DIVISOR
            )
        return total
