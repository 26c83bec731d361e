"""Depthwise convolution in bfloat16 on a CPU, with gradients that are quick to compute.

oneDNN has quick bfloat16 kernels for the gradient of the weights only up to 3 x 3, and for that of
the input only at stride 1; others take 10 to 100 times as long. So the gradient of larger kernels
is put together from 3 x 3 blocks, and that of the input at larger strides is computed in float32.
"""

from typing import Any

import torch
from torch.nn import functional
from torch.nn.grad import conv2d_input, conv2d_weight

_BLOCK = 3


def depthwise_conv2d(
    x: torch.Tensor, weight: torch.Tensor, stride: int, padding: int
) -> torch.Tensor:
    """Return ``conv2d(x, weight, stride=stride, padding=padding, groups=c)``.

    Args:
        x: (n, c, h, w), on the CPU.
        weight: (c, 1, k, k), of the dtype of ``x``.
        stride: In both directions.
        padding: On all sides, with zeros.
    """
    found: torch.Tensor = _DepthwiseConv.apply(x, weight, stride, padding)
    return found


class _DepthwiseConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, stride: int, padding: int
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(x, weight, None, stride, padding, groups=len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        (gradient,) = gradients  # (n, c, h / stride, w / stride)
        x, weight = ctx.saved_tensors
        of_input = of_weight = None
        with torch.autocast(x.device.type, enabled=False):
            if ctx.needs_input_grad[0]:
                dtype = x.dtype if ctx.stride == 1 else torch.float32
                of_input = conv2d_input(  # type: ignore[no-untyped-call]
                    x.shape, weight.to(dtype), gradient.to(dtype), ctx.stride, ctx.padding,
                    groups=len(weight),
                ).to(x.dtype)  # fmt: skip
            if ctx.needs_input_grad[1]:
                of_weight = _weight_gradient(x, gradient, weight.shape, ctx.stride, ctx.padding)
        return of_input, of_weight, None, None


def _weight_gradient(
    x: torch.Tensor, gradient: torch.Tensor, shape: torch.Size, stride: int, padding: int
) -> torch.Tensor:
    """Return the gradient of the weight (c, 1, k, k) from those of its 3 x 3 blocks."""
    channels, kernel = shape[0], shape[3]
    if kernel <= _BLOCK:
        return _small_weight_gradient(x, gradient, shape, stride, padding)
    starts = range(0, kernel, _BLOCK)
    surplus = len(starts) * _BLOCK - kernel
    padded = functional.pad(x, (padding, padding + surplus, padding, padding + surplus))
    height, width = ((side - 1) * stride + _BLOCK for side in gradient.shape[2:])

    def block(top: int, left: int) -> torch.Tensor:
        part = padded[:, :, top : top + height, left : left + width]
        of = torch.Size((channels, 1, _BLOCK, _BLOCK))
        return _small_weight_gradient(part, gradient, of, stride, 0)

    rows = [torch.cat([block(top, left) for left in starts], dim=3) for top in starts]
    return torch.cat(rows, dim=2)[:, :, :kernel, :kernel]


def _small_weight_gradient(
    x: torch.Tensor, gradient: torch.Tensor, shape: torch.Size, stride: int, padding: int
) -> torch.Tensor:
    found: torch.Tensor = conv2d_weight(  # type: ignore[no-untyped-call]
        x, shape, gradient, stride, padding, groups=shape[0]
    )
    return found
