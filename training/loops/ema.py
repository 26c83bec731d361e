"""The average of a network's weights over its last steps, which is better than the last of them.

An exponential average (Polyak and Juditsky 1992) smooths the noise of single batches. Its decay
grows over the first steps, so that the random beginning is soon forgotten.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

__all__ = ["Average"]


class Average:
    """The running average of a module's floating weights; its other buffers are the newest."""

    def __init__(self, module: torch.nn.Module, decay: float) -> None:
        """Begin with the weights of now; a ``decay`` of 0 is the newest weights."""
        self._decay = decay
        self._steps = 0
        self._values = {name: value.clone() for name, value in module.state_dict().items()}

    @torch.no_grad()
    def update(self, module: torch.nn.Module) -> None:
        """Take in the weights after a step."""
        self._steps += 1
        decay = min(self._decay, (1 + self._steps) / (10 + self._steps))
        for name, value in module.state_dict().items():
            kept = self._values[name]
            if value.is_floating_point():
                kept.lerp_(value, 1 - decay)
            else:
                kept.copy_(value)

    @contextmanager
    def lent_to(self, module: torch.nn.Module) -> Iterator[None]:
        """Give ``module`` the average for a while, then its own weights back."""
        own = {name: value.clone() for name, value in module.state_dict().items()}
        module.load_state_dict(self._values)
        try:
            yield
        finally:
            module.load_state_dict(own)

    def weights(self) -> dict[str, torch.Tensor]:
        """Return the average as a state dict of the module."""
        return dict(self._values)

    def state_dict(self) -> dict[str, object]:
        """Return all that :meth:`load_state_dict` needs to go on."""
        return {"steps": self._steps, "values": dict(self._values)}

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Go on from what :meth:`state_dict` returned."""
        steps, values = state["steps"], state["values"]
        if not isinstance(steps, int) or not isinstance(values, dict):
            raise TypeError("not the state of an average")
        self._steps = steps
        for name, value in self._values.items():
            value.copy_(values[name])
