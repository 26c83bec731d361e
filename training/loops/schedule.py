"""Learning rates: over the steps of a training stage, and over the stages of the backbone."""

import math

import torch

from training.config import StageOneConfig, StageTwoConfig
from training.networks.cnn_rnn import CnnRnn

Group = dict[str, object]
"""A parameter group of torch's optimizers, with its peak learning rate as ``peak``."""


def rate_factor(step: int, steps: int, warmup: float) -> float:
    """Return the learning rate over its peak at ``step`` of ``steps``, the first being 0.

    It rises linearly over the share ``warmup`` of all steps and falls to 0 as a cosine (Loshchilov
    and Hutter 2017, arXiv:1608.03983).
    """
    rising = warmup * steps
    if step + 1 <= rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(steps - rising, 1)))


def head_groups(head: torch.nn.Module, config: StageOneConfig | StageTwoConfig) -> list[Group]:
    """Return the head's parameter groups."""
    return _groups(head, config.lr, config.weight_decay)


def network_groups(network: CnnRnn, config: StageTwoConfig) -> list[Group]:
    """Freeze the first backbone stages, and return the groups of all other parameters."""
    groups = head_groups(network.head, config)
    for stage in network.frozen_stages(config.frozen):
        stage.requires_grad_(False)
    stages = network.backbone.stages()
    for number, stage in enumerate(stages[config.frozen :], start=config.frozen):
        rate = config.backbone_lr * config.decay ** (len(stages) - 1 - number)
        groups += _groups(stage, rate, config.weight_decay)
    return groups


def _groups(module: torch.nn.Module, peak: float, weight_decay: float) -> list[Group]:
    """Return matrices and kernels, with weight decay, and biases and scales, without."""
    parameters = list(module.parameters())
    decaying = [parameter for parameter in parameters if parameter.ndim > 1]
    others = [parameter for parameter in parameters if parameter.ndim <= 1]
    return [
        {"params": params, "peak": peak, "lr": 0.0, "weight_decay": decay}
        for params, decay in ((decaying, weight_decay), (others, 0.0))
        if params
    ]
