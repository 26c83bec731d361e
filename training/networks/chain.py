"""A backbone as a chain of steps, for those who need more of it than its last map.

A *step* is a part whose output is the next one's input. Counting them says where a second map is
taken, how many are frozen, and how the learning rate falls from the last to the first.
"""

import torch

from training.networks.backbones.base import Backbone

__all__ = ["chain_of"]


def chain_of(backbone: Backbone) -> list[torch.nn.Module]:
    """Return the steps of ``backbone``: running them in order is its ``forward_features``.

    Its children are the steps, those of a child that is a plain sequence in its place. A test holds
    every backbone to it.
    """
    steps: list[torch.nn.Module] = []
    for part in backbone.children():
        steps.extend(part.children() if isinstance(part, torch.nn.Sequential) else [part])
    return steps
