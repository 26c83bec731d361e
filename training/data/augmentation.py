"""Data augmentation that keeps a painting's style.

Style lies in colours, brushwork and composition, so this is gentler than augmentation of
photographs: a crop, mirroring, little stretching and rotation, the brightness, contrast and
saturation of another camera, and the resolution and compression of another file. There is no
greyscale, no change of hue and no erasing.

Every function works on a whole batch on its device. Random numbers come from the given generator.
"""

import io
import math

import numpy as np
import PIL.Image
import torch
from torch.nn import functional

from training.config import AugmentationConfig

_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601
_LEAST_RESOLUTION = 0.5  # of a degraded image, in each direction
_JPEG_QUALITIES = (30, 95)


def to_floats(pixels: torch.Tensor) -> torch.Tensor:
    """Return pixels (n, h, w, 3), uint8, as (n, 3, h, w), float32, 0 to 255."""
    if pixels.ndim != 4 or pixels.shape[3] != 3 or pixels.dtype != torch.uint8:
        raise ValueError(f"expected (n, h, w, 3) uint8, not {tuple(pixels.shape)} {pixels.dtype}")
    return pixels.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.channels_last)


def augment(
    images: torch.Tensor, config: AugmentationConfig, generator: torch.Generator
) -> torch.Tensor:
    """Return augmentations of ``images`` (n, 3, h, w), values 0 to 255.

    They are (n, 3, side, side) where ``config`` has a side, else of the same shape.

    Args:
        images: The batch; it is not changed.
        config: How much may change.
        generator: On the CPU, where the random numbers are drawn.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise ValueError(f"expected (n, 3, h, w), not {tuple(images.shape)}")
    changed = _jitter_colours(_transform(images, config, generator), config, generator)
    return _degrade(changed, config.degrade, generator) if config.degrade else changed


def draw_mixup(n: int, alpha: float, generator: torch.Generator) -> tuple[torch.Tensor, float]:
    """Return each sample's partner in mixup, (n,), and the sample's own share.

    The share, at least one half, follows a Beta distribution of parameters ``alpha`` (Zhang et al.
    2018, arXiv:1710.09412).
    """
    seed = int(torch.randint(2**31, (), generator=generator))  # torch draws no Beta by a generator
    drawn = float(np.random.default_rng(seed).beta(alpha, alpha))
    return torch.randperm(n, generator=generator), max(drawn, 1 - drawn)


def mixup(x: torch.Tensor, partner: torch.Tensor, share: float) -> torch.Tensor:
    """Return ``share`` of each of ``x`` (n, ...) plus the rest of its partner."""
    return share * x + (1 - share) * x[partner.to(x.device)]


def _uniform(n: int, low: float, high: float, generator: torch.Generator) -> torch.Tensor:
    return low + (high - low) * torch.rand(n, generator=generator)


def _transform(
    images: torch.Tensor, config: AugmentationConfig, generator: torch.Generator
) -> torch.Tensor:
    """Crop, mirror, stretch and rotate, all in one sampling of the image."""
    n = len(images)
    area = _uniform(n, config.area, 1, generator)
    stretch = _uniform(n, -1, 1, generator).mul(math.log(config.stretch) / 2).exp()
    turn = _uniform(n, -1, 1, generator).mul(math.radians(config.turn))
    mirrored = (torch.rand(n, generator=generator) < 0.5) & config.flip
    left, top = _uniform(n, -1, 1, generator), _uniform(n, -1, 1, generator)
    sides = (config.side, config.side) if config.side else (images.shape[2], images.shape[3])
    whole = config.area == 1 and config.stretch == 1 and not config.turn
    if whole and sides == (images.shape[2], images.shape[3]):
        return torch.where(mirrored.to(images.device)[:, None, None, None], images.flip(3), images)
    width = (area.sqrt() * stretch).clamp(max=1)
    height = (area.sqrt() / stretch).clamp(max=1)
    # From a place of the new image to its place in the old one, whose sides run from -1 to 1.
    theta = torch.zeros(n, 2, 3)
    sign = torch.where(mirrored, -1.0, 1.0)
    theta[:, 0, 0], theta[:, 0, 1] = sign * width * turn.cos(), -height * turn.sin()
    theta[:, 1, 0], theta[:, 1, 1] = sign * width * turn.sin(), height * turn.cos()
    theta[:, 0, 2], theta[:, 1, 2] = left * (1 - width), top * (1 - height)
    grid = functional.affine_grid(
        theta.to(images.device), [n, 3, *sides], align_corners=False
    )  # (n, h, w, 2)
    framed = functional.grid_sample(
        images, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    return framed.contiguous(memory_format=torch.channels_last)


def _jitter_colours(
    images: torch.Tensor, config: AugmentationConfig, generator: torch.Generator
) -> torch.Tensor:
    """Change brightness, contrast and saturation; values stay within 0 to 255."""
    n = len(images)

    def factors(most: float) -> torch.Tensor:
        drawn = _uniform(n, -1, 1, generator).mul(math.log1p(most)).exp()
        return drawn.to(images.device)[:, None, None, None]  # (n, 1, 1, 1)

    brightness = factors(config.brightness)
    contrast = factors(config.contrast)
    saturation = factors(config.saturation)
    if not (config.brightness or config.contrast or config.saturation):
        return images
    weights = torch.tensor(_GREY, device=images.device)[None, :, None, None]
    grey = (images * weights).sum(dim=1, keepdim=True)  # (n, 1, h, w)
    mean = grey.mean(dim=(2, 3), keepdim=True)  # (n, 1, 1, 1)
    coloured = saturation * images + (1 - saturation) * grey
    return (brightness * (contrast * coloured + (1 - contrast) * mean)).clamp_(0, 255)


def _degrade(images: torch.Tensor, share: float, generator: torch.Generator) -> torch.Tensor:
    """Return images of which a ``share`` lost resolution and went through a JPEG file."""
    n, _, height, width = images.shape
    chosen = torch.rand(n, generator=generator) < share
    factors = _uniform(2 * n, _LEAST_RESOLUTION, 1, generator).view(n, 2)
    qualities = torch.randint(_JPEG_QUALITIES[0], _JPEG_QUALITIES[1] + 1, (n,), generator=generator)
    degraded = images.clone()
    for row in chosen.nonzero()[:, 0].tolist():
        pixels = images[row].round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
        smaller = (
            max(1, round(width * float(factors[row, 0]))),
            max(1, round(height * float(factors[row, 1]))),
        )
        file = io.BytesIO()
        small = PIL.Image.fromarray(pixels).resize(smaller, PIL.Image.Resampling.BILINEAR)
        small.save(file, "JPEG", quality=int(qualities[row]))
        with PIL.Image.open(file) as reopened:
            enlarged = reopened.resize((width, height), PIL.Image.Resampling.BICUBIC)
        degraded[row] = torch.from_numpy(np.array(enlarged)).permute(2, 0, 1).to(images)
    return degraded
