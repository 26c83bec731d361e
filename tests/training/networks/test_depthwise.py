"""Gradients of depthwise convolutions, against those that torch computes itself."""

import pytest
import torch
from torch.nn import functional

from training.networks.backbones.depthwise import depthwise_conv2d


@pytest.mark.parametrize(
    ("kernel", "stride", "padding", "sides"),
    [(3, 1, 1, (6, 7)), (3, 2, 0, (9, 8)), (5, 1, 2, (6, 6)), (5, 2, 2, (11, 8)), (5, 2, 0, (9, 9)),
     (7, 1, 3, (8, 5)), (9, 3, 4, (12, 10)), (1, 1, 0, (3, 4))],
)  # fmt: skip
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 0.03)])
def test_gradients_are_those_of_torch(
    kernel: int,
    stride: int,
    padding: int,
    sides: tuple[int, int],
    dtype: torch.dtype,
    tolerance: float,
) -> None:
    generator = torch.Generator().manual_seed(kernel * stride)
    x = torch.randn(4, 5, *sides, generator=generator).to(dtype).requires_grad_()
    weight = torch.randn(5, 1, kernel, kernel, generator=generator).to(dtype).requires_grad_()
    exact_x, exact_weight = (each.detach().double().requires_grad_() for each in (x, weight))
    expected = functional.conv2d(exact_x, exact_weight, None, stride, padding, 1, 5)
    found = depthwise_conv2d(x, weight, stride, padding)
    above = torch.randn(expected.shape, generator=generator).to(dtype)
    references = (expected, *torch.autograd.grad(expected, (exact_x, exact_weight), above.double()))
    for own, reference in zip(
        (found, *torch.autograd.grad(found, (x, weight), above)), references, strict=True
    ):
        assert own.dtype == dtype
        assert (own.double() - reference).abs().max() < tolerance * reference.abs().max()
