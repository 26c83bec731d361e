"""How fast a network learns: over the steps of a stage, and from its last layers to its first."""

import math
from collections.abc import Iterable

import torch

from training.config import StageOneSettings, StageTwoSettings
from training.networks.chain import chain_of
from training.networks.cnn_rnn import CnnRnn

__all__ = ["Group", "head_groups", "network_groups", "share_of_rate"]

Group = dict[str, object]
"""A group of parameters as torch's optimizers take it, with its highest rate as ``peak``."""


def share_of_rate(step: int, steps: int, warmup: float) -> float:
    """Return the share of the highest rate at ``step`` of ``steps``, the first being 0.

    It rises in a line over the share ``warmup`` of all steps and falls to 0 as half a cosine
    (Loshchilov and Hutter 2017, arXiv:1608.03983).
    """
    rising = warmup * steps
    if step + 1 <= rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1)))


def head_groups(
    head: torch.nn.Module, settings: StageOneSettings | StageTwoSettings
) -> list[Group]:
    """Return the groups of the head's parameters."""
    return _groups([head], settings.lr, settings.weight_decay)


def network_groups(network: CnnRnn, settings: StageTwoSettings) -> list[Group]:
    """Return the groups of all parameters that learn; those of frozen steps are told not to."""
    groups = head_groups(network.head, settings)
    for step in network.frozen_steps(settings.frozen):
        step.requires_grad_(False)
    steps = chain_of(network.backbone)
    for number, step in enumerate(steps[settings.frozen :], start=settings.frozen):
        rate = settings.backbone_lr * settings.decay ** (len(steps) - 1 - number)
        groups += _groups([step], rate, settings.weight_decay)
    return groups


def _groups(modules: Iterable[torch.nn.Module], peak: float, weight_decay: float) -> list[Group]:
    """Return matrices and kernels, which decay, apart from biases and scales, which do not."""
    parameters = [parameter for module in modules for parameter in module.parameters()]
    decaying = [parameter for parameter in parameters if parameter.ndim > 1]
    others = [parameter for parameter in parameters if parameter.ndim <= 1]
    return [
        {"params": params, "peak": peak, "lr": 0.0, "weight_decay": decay}
        for params, decay in ((decaying, weight_decay), (others, 0.0))
        if params
    ]
