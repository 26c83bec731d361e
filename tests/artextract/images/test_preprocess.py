import json
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from pictures import make_picture

from artextract.errors import ModelError
from artextract.images.preprocess import EFFICIENTNET_LITE, TORCHVISION_RESNET_V2, Preprocess

SIZES = [(300, 401), (401, 300), (1023, 777), (224, 224), (232, 232), (100, 57), (333, 1000)]
# Sizes where the longer side, resized, is a whole number (458 * 232 / 229 = 464): multiplying by
# the rounded quotient 232 / 229 falls just short of it.
WHOLE_SIZES = [(229, 229), (229, 458), (458, 229), (268, 268), (268, 536), (314, 628)]


@pytest.mark.parametrize("size", SIZES + WHOLE_SIZES)
def test_resnet_equals_torchvision(size: tuple[int, int]) -> None:
    models = pytest.importorskip("torchvision.models", reason="needs torchvision")
    reference = models.ResNet50_Weights.IMAGENET1K_V2.transforms()
    picture = make_picture(sum(size), size)
    tensor = TORCHVISION_RESNET_V2(picture)
    assert tensor.dtype == np.float32
    assert tensor.shape == (3, 224, 224)
    np.testing.assert_allclose(tensor, reference(picture).numpy(), rtol=0, atol=1e-5)


def test_lite_of_a_picture_of_the_right_size_pixel_by_pixel() -> None:
    picture = make_picture(1, (224, 224))
    tensor = EFFICIENTNET_LITE(picture)
    assert tensor.dtype == np.float32
    assert tensor.shape == (3, 224, 224)
    assert tensor.flags.c_contiguous
    for y in range(224):
        for x in range(224):
            colour = picture.getpixel((x, y))
            assert isinstance(colour, tuple)
            for channel in range(3):
                assert tensor[channel, y, x] == (colour[channel] - 127) / 128


@pytest.mark.parametrize("size", [(640, 300), (300, 640), (101, 97), (1000, 999)])
def test_lite_squeezes_as_an_antialiased_bicubic_resize(size: tuple[int, int]) -> None:
    torch = pytest.importorskip("torch", reason="needs torch")
    # Values of 64 to 191: Pillow would clip an overshoot after each of its two passes.
    picture = make_picture(7, size).point([64 + value // 2 for value in range(256)] * 3)
    pixels = torch.tensor(np.asarray(picture)).permute(2, 0, 1)[None].float()
    # torch documents this filter as Pillow's, in floating point.
    resized = torch.nn.functional.interpolate(pixels, (224, 224), mode="bicubic", antialias=True)
    expected: npt.NDArray[np.float32] = ((resized[0] - 127) / 128).numpy()
    # Two steps of 255: Pillow rounds after each pass.
    np.testing.assert_allclose(EFFICIENTNET_LITE(picture), expected, rtol=0, atol=2 / 128)


def test_lite_sees_the_whole_picture_and_resnet_its_centre() -> None:
    # 600 x 200: a red edge of 50 pixels, grey, a blue edge of 50 pixels
    pixels = np.full((200, 600, 3), 127, np.uint8)
    pixels[:, :50] = (255, 0, 0)
    pixels[:, -50:] = (0, 0, 255)
    picture = PIL.Image.fromarray(pixels)
    whole = EFFICIENTNET_LITE(picture)
    assert whole[:, 112, 2].tolist() == pytest.approx([1.0, -127 / 128, -127 / 128])
    assert whole[:, 112, -3].tolist() == pytest.approx([-127 / 128, -127 / 128, 1.0])
    centre = TORCHVISION_RESNET_V2(picture)
    grey = [(127 / 255 - mean) / std for mean, std in zip(
        (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), strict=True
    )]  # fmt: skip
    for channel in range(3):
        np.testing.assert_allclose(centre[channel], grey[channel], atol=1e-5)


def test_the_picture_is_left_as_it_was() -> None:
    picture = make_picture(1, (300, 200))
    before = picture.tobytes()
    EFFICIENTNET_LITE(picture)
    TORCHVISION_RESNET_V2(picture)
    assert picture.tobytes() == before


def test_draft_decoding_leaves_room_for_the_resize() -> None:
    assert EFFICIENTNET_LITE.decode_at_least == 448
    assert TORCHVISION_RESNET_V2.decode_at_least == 464


SETTINGS: dict[str, Any] = {
    "size": 8,
    "resize": 10,
    "interpolation": "bilinear",
    "mean": (1.0, 2.0, 3.0),
    "std": (4.0, 5.0, 6.0),
}


@pytest.mark.parametrize(
    "settings", [EFFICIENTNET_LITE, TORCHVISION_RESNET_V2, Preprocess(**SETTINGS)]
)
def test_settings_survive_json(settings: Preprocess) -> None:
    assert Preprocess.from_dict(json.loads(json.dumps(asdict(settings)))) == settings


def test_interpolations_differ() -> None:
    picture = make_picture(9, (500, 400))
    tensors = [
        Preprocess(**{**SETTINGS, "interpolation": name})(picture)
        for name in ("bilinear", "bicubic", "lanczos")
    ]
    assert [tensor.shape for tensor in tensors] == [(3, 8, 8)] * 3
    assert not np.array_equal(tensors[0], tensors[1])
    assert not np.array_equal(tensors[1], tensors[2])


@pytest.mark.parametrize(
    "change",
    [
        {"interpolation": "nearest"},
        {"interpolation": None},
        {"interpolation": ["bilinear"]},
        {"size": 0},
        {"size": -224},
        {"size": 4097, "resize": None},
        {"size": "224"},
        {"resize": 7},
        {"resize": "ten"},
        {"mean": (1.0, 2.0)},
        {"mean": None},
        {"mean": 1.0},
        {"std": (1.0, 0.0, 1.0)},
        {"std": (1.0, -1.0, 1.0)},
        {"std": (1.0, 1.0, 1.0, 1.0)},
        {"std": ("a", "b", "c")},
        {"crop": 5},
    ],
)
def test_settings_that_no_network_has_are_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        Preprocess.from_dict({**SETTINGS, **change})


@pytest.mark.parametrize("name", sorted(SETTINGS))
def test_a_missing_setting_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=name):
        Preprocess.from_dict({key: value for key, value in SETTINGS.items() if key != name})
