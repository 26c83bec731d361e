"""The exponential moving average (EMA) of a network's weights (Polyak and Juditsky 1992).

It smooths the noise of single batches. The decay grows over the first steps, so that the random
initial weights are soon forgotten.
"""

import torch
from torch.optim.swa_utils import AveragedModel

Tensors = tuple[torch.Tensor, ...] | list[torch.Tensor]


def make_ema(module: torch.nn.Module, decay: float) -> AveragedModel:
    """Return an EMA that starts with the weights of ``module``.

    Unlike torch's own EMA, the decay of step n is at most (1 + n) / (10 + n), and integer buffers
    are copied. ``n_averaged`` is the number of steps plus 1, as for torch 0 means that the first
    update replaces the weights.
    """

    @torch.no_grad()
    def update(averages: Tensors, values: Tensors, step: torch.Tensor | int) -> None:
        rate = min(decay, (1 + int(step)) / (10 + int(step)))
        if averages[0].is_floating_point():
            torch._foreach_lerp_(averages, values, 1 - rate)
        else:
            torch._foreach_copy_(averages, values)

    ema = AveragedModel(module, multi_avg_fn=update, use_buffers=True)
    ema.n_averaged.fill_(1)
    return ema
