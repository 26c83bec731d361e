"""What a training makes small: cross-entropy over several attributes, each label known or not.

Letters in shapes: n works, C classes. A label of -1 is unknown: its row adds nothing to the loss,
and its logits get a gradient of exactly zero.

Two answers to rare classes, of which a training takes one:

- *Logit adjustment* (Menon et al. 2021, "Long-tail learning via logit adjustment",
  arXiv:2007.07314, equation 10): the logarithm of each class's share is added to its logit while
  training, so that the network need not learn the shares and its plain logits serve a balanced
  error. ``tau`` 1 is the paper's; between 0 and 1 is a compromise with plain accuracy.
- *Class-balanced weights* (Cui et al. 2019, "Class-Balanced Loss Based on Effective Number of
  Samples", arXiv:1901.05555, equation 2): a class of m works counts (1 - beta) / (1 - beta^m).

And one to prolific artists, from whom a network would rather learn hands than styles: works are
weighted so that an artist's works together count less than their number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import torch
from torch.nn import functional

from training.config import LossSettings

__all__ = [
    "MultiTaskLoss",
    "adjust_logits",
    "artist_weights",
    "class_balanced_weights",
    "log_prior",
    "smoothed_cross_entropy",
]

_LEAST_DIVISOR = 1e-6  # of a batch without a known label, whose loss is 0


def log_prior(counts: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of each class's share, (C,), from its works ``counts`` (C,)."""
    if counts.ndim != 1 or not bool((counts > 0).all()):
        raise ValueError(f"counts must be positive and of shape (C,), not {counts.tolist()}")
    return (counts / counts.sum()).log()


def adjust_logits(logits: torch.Tensor, prior: torch.Tensor, tau: float) -> torch.Tensor:
    """Return ``logits`` (n, C) plus ``tau`` times the log prior (C,)."""
    if logits.ndim != 2 or prior.shape != logits.shape[1:]:
        raise ValueError(f"logits {tuple(logits.shape)} and prior {tuple(prior.shape)} disagree")
    return logits + tau * prior


def class_balanced_weights(counts: torch.Tensor, beta: float) -> torch.Tensor:
    """Return a weight for each class, (C,), of mean 1, from its works ``counts`` (C,)."""
    if counts.ndim != 1 or not bool((counts > 0).all()):
        raise ValueError(f"counts must be positive and of shape (C,), not {counts.tolist()}")
    weights = (1 - beta) / (1 - torch.pow(beta, counts.double()))
    return (weights / weights.mean()).to(torch.float32)


def artist_weights(artists: Sequence[str | None], power: float) -> torch.Tensor:
    """Return a weight for each work, (n,), of mean 1: an artist of m works has m^-``power`` each.

    With ``power`` 0 all works count alike, with 1 all artists do. A work without a known artist
    counts as that of an artist with no other.
    """
    works = Counter(artists)
    counts = [1 if artist is None else works[artist] for artist in artists]
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
    log_shares = functional.log_softmax(logits.float(), dim=1)  # (n, C)
    own = log_shares.gather(1, labels.clamp(min=0)[:, None])[:, 0]  # (n,)
    loss = -(1 - smoothing) * own - smoothing * log_shares.mean(dim=1)  # (n,)
    return torch.where(labels >= 0, loss, 0.0)


class MultiTaskLoss(torch.nn.Module):
    """The sum over attributes of the mean loss of the works whose label is known."""

    def __init__(self, counts: Mapping[str, Sequence[int]], settings: LossSettings) -> None:
        """Make the loss.

        Args:
            counts: {attribute: training works of each class}, in the order of the label's columns.
            settings: Which loss.
        """
        super().__init__()
        self.attributes = tuple(counts)
        self.smoothing = settings.smoothing
        self.shares = [settings.weights.get(attribute, 1.0) for attribute in counts]
        balance = settings.balance
        for attribute, works in counts.items():
            each = torch.tensor(works, dtype=torch.float32)
            prior = torch.zeros(len(works))
            weights = torch.ones(len(works))
            if balance == "logit-adjustment":
                prior = settings.tau_of(attribute) * log_prior(each)
            elif balance == "class-balanced":
                weights = class_balanced_weights(each, settings.beta)
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
            weights: (n, attributes), how much each label counts; None counts all alike.
            divisors: (attributes,), the sum of the weights of all known labels of the whole batch
                where ``labels`` are one process's part of it. None takes that of ``labels``.
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
