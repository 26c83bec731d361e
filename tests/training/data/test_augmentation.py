"""Changed images: what may differ, what must not, and that the same seed gives the same."""

import pytest
import torch

from training.config import AugmentationConfig
from training.data.augmentation import augment, draw_mixup, mixup, to_floats

NOTHING = AugmentationConfig(
    flip=False, area=1, stretch=1, turn=0, brightness=0, contrast=0, saturation=0, mix=0, side=0
)
ALL = AugmentationConfig(
    area=0.05, stretch=4, turn=180, brightness=4, contrast=4, saturation=4, side=24,
    degrade=1,
)  # fmt: skip


def change(images: torch.Tensor, config: AugmentationConfig, seed: int = 0) -> torch.Tensor:
    return augment(images, config, torch.Generator().manual_seed(seed))


def but(**changes: float) -> AugmentationConfig:
    """Return config under which nothing but these may differ."""
    return NOTHING.model_copy(update=changes)


@pytest.fixture
def images() -> torch.Tensor:
    """Eight images of 32 x 20 pixels of any colours."""
    values = torch.randint(0, 256, (8, 3, 32, 20), generator=torch.Generator().manual_seed(9))
    return values.float()


def test_disabled_augmentation_returns_the_images(images: torch.Tensor) -> None:
    assert torch.equal(change(images, NOTHING), images)


@pytest.mark.parametrize(
    "config",
    [AugmentationConfig(), ALL, but(flip=True), but(saturation=1), but(degrade=0.5)],
)
def test_augmentation_depends_on_the_seed(config: AugmentationConfig, images: torch.Tensor) -> None:
    before = images.clone()
    first = change(images, config, seed=1)
    torch.manual_seed(3)  # which has no say in it
    assert torch.equal(first, change(images, config, seed=1))
    assert not torch.equal(first, change(images, config, seed=2))
    assert torch.equal(images, before)


def test_option_side_sets_the_output_size(images: torch.Tensor) -> None:
    for config in (AugmentationConfig(), ALL, NOTHING):
        for side, shape in ((0, (32, 20)), (24, (24, 24)), (40, (40, 40))):
            found = change(images, config.model_copy(update={"side": side}))
            assert found.shape == (8, 3, *shape)
            assert found.dtype == torch.float32


@pytest.mark.parametrize("seed", range(5))
def test_values_stay_between_0_and_255(seed: int, images: torch.Tensor) -> None:
    images[0], images[1] = 0, 255
    for config in (ALL, AugmentationConfig()):
        found = change(images, config, seed)
        assert found.min() >= 0
        assert found.max() <= 255  # NaN is neither


def test_flip_only_mirrors(images: torch.Tensor) -> None:
    found = change(images, but(flip=True))
    flipped = [torch.equal(one, other.flip(2)) for one, other in zip(found, images, strict=True)]
    same = [torch.equal(one, other) for one, other in zip(found, images, strict=True)]
    assert [one or other for one, other in zip(flipped, same, strict=True)] == [True] * 8
    assert any(flipped)
    assert any(same)


def test_flip_with_a_smaller_side_only_mirrors(images: torch.Tensor) -> None:
    images = images[:, :, :20]
    found = change(images, but(flip=True, side=10))
    flipped = []
    for number, image in enumerate(images):
        small = torch.empty(3, 10, 10)
        for y in range(10):
            for x in range(10):
                small[:, y, x] = image[:, 2 * y : 2 * y + 2, 2 * x : 2 * x + 2].mean(dim=(1, 2))
        flipped.append(torch.allclose(found[number], small.flip(2), atol=1e-2))
        assert flipped[-1] or torch.allclose(found[number], small, atol=1e-2)
    assert any(flipped)
    assert not all(flipped)


def test_crops_stay_within_the_image_and_the_configured_limits() -> None:
    # Each pixel says where it is.
    y, x = torch.meshgrid(torch.arange(32.0), torch.arange(32.0), indexing="ij")
    images = torch.stack([x, y, x])[None].repeat(64, 1, 1, 1)
    found = change(images, but(area=0.25, stretch=1.5))
    across = found[:, 0, 5, 1:-1].diff(dim=1)  # (64, 29), the part's width / 32
    down = found[:, 1, 1:-1, 5].diff(dim=1)
    # No fold, so nothing from beyond the image's edges.
    torch.testing.assert_close(across, across[:, :1].expand_as(across), atol=1e-3, rtol=0)
    torch.testing.assert_close(down, down[:, :1].expand_as(down), atol=1e-3, rtol=0)
    width, height = across[:, 0], down[:, 0]
    assert (width * height).min() >= 0.25 - 1e-3
    assert (width / height).max() <= 1.5 + 1e-3
    assert (height / width).max() <= 1.5 + 1e-3
    assert (width * height).max() - (width * height).min() > 0.4
    for places in (found[:, 0], found[:, 1]):
        assert places.mean(dim=(1, 2)).std() > 1  # parts do not all lie in the middle
        assert places.min() < 2
        assert places.max() > 29


def test_crop_and_rotation_keep_a_uniform_colour() -> None:
    colour = torch.tensor([200.0, 3.0, 97.0])[None, :, None, None]
    config = but(flip=True, area=0.05, stretch=4, turn=180, side=24)
    for seed in range(5):
        found = change(colour.expand(8, 3, 32, 20), config, seed)
        torch.testing.assert_close(found, colour.expand_as(found), atol=1e-3, rtol=0)


def grey_of(images: torch.Tensor) -> torch.Tensor:
    """Return 0.299 R + 0.587 G + 0.114 B of (n, 3, h, w), as BT.601 has it."""
    return 0.299 * images[:, 0] + 0.587 * images[:, 1] + 0.114 * images[:, 2]


def test_brightness_contrast_and_saturation_change_only_themselves(
    images: torch.Tensor,
) -> None:
    images = 110 + images / 8  # so that nothing is cut at black and white
    factors = change(images, but(brightness=0.5)) / images
    torch.testing.assert_close(factors, factors[:, :1, :1, :1].expand_as(factors))
    assert factors.min() >= 1 / 1.5
    assert factors.max() <= 1.5
    assert factors.max() - factors.min() > 0.1

    found = change(images, but(contrast=0.5))
    means = grey_of(images).mean(dim=(1, 2))
    torch.testing.assert_close(grey_of(found).mean(dim=(1, 2)), means)
    spread = found.std(dim=(1, 2, 3)) / images.std(dim=(1, 2, 3))
    assert spread.max() - spread.min() > 0.1

    found = change(images, but(saturation=0.5))
    torch.testing.assert_close(grey_of(found), grey_of(images))
    assert not torch.allclose(found, images)
    greys = images[:, :1].expand(8, 3, 32, 20)
    torch.testing.assert_close(change(greys, but(saturation=0.5)), greys)


def test_degraded_images_lose_detail_but_keep_size_and_content() -> None:
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(48.0), indexing="ij")
    smooth = torch.stack([2 * x, 3 * y, x + y]).expand(64, 3, 64, 48)
    noise = 255 * torch.rand((64, 3, 64, 48), generator=torch.Generator().manual_seed(1)).round()
    kept = change(smooth, but(degrade=1))
    assert kept.shape == smooth.shape
    assert (kept - smooth).abs().mean() < 6  # of 255
    detail = [
        images.diff(dim=2).abs().mean(dim=(1, 2, 3))
        for images in (noise, change(noise, but(degrade=1)))
    ]
    assert (detail[1] < 0.9 * detail[0]).all()
    assert detail[1].max() > 1.3 * detail[1].min()  # each by its own factors


def test_the_share_of_degraded_images_is_the_configured_one(images: torch.Tensor) -> None:
    many = images.repeat(40, 1, 1, 1)
    found = change(many, but(degrade=0.25))
    degraded = (found != many).flatten(1).any(dim=1).float().mean()
    assert 0.18 <= degraded <= 0.32


@pytest.mark.parametrize("alpha", [0.1, 1.0, 8.0])
def test_mixup_is_the_weighted_sum_of_two_images(alpha: float, images: torch.Tensor) -> None:
    before = images.clone()
    shares = set()
    for seed in range(20):
        generator = torch.Generator().manual_seed(seed)
        partner, share = draw_mixup(len(images), alpha, generator)
        mixed = mixup(images, partner, share)
        assert 0.5 <= share <= 1
        assert sorted(partner.tolist()) == list(range(8))
        for number, other in enumerate(partner.tolist()):
            expected = share * images[number] + (1 - share) * images[other]
            torch.testing.assert_close(mixed[number], expected)
        again, same = draw_mixup(len(images), alpha, generator.manual_seed(seed))
        assert same == share
        assert torch.equal(again, partner)
        shares.add(share)
    assert len(shares) > 10
    assert torch.equal(images, before)


def test_to_floats_returns_channels_first() -> None:
    pixels = torch.arange(2 * 4 * 5 * 3, dtype=torch.uint8).reshape(2, 4, 5, 3)
    found = to_floats(pixels)
    assert (found.shape, found.dtype) == ((2, 3, 4, 5), torch.float32)
    assert found[1, 2, 3, 4] == pixels[1, 3, 4, 2]
    for wrong in (pixels[0], pixels[..., :2], pixels.float()):
        with pytest.raises(ValueError, match=r"expected \(n, h, w, 3\) uint8, not"):
            to_floats(wrong)
    with pytest.raises(ValueError, match=r"expected \(n, 3, h, w\), not \(2, 4, 5, 3\)"):
        change(pixels.float(), NOTHING)
