from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from artextract.errors import ImageError, InputError, ModelError
from artextract.images.preprocess import EFFICIENTNET_LITE
from export import embedder, parity
from export.calibration_images import generate_images
from export.embedder import export_embedder
from export.parity import BATCH_SIZES, Parity, check_parity
from export.write import Exported
from training.networks.backbones.base import Backbone
from training.networks.backbones.weights import WeightsOrigin

Source = tuple[Backbone, WeightsOrigin]


@pytest.fixture
def ready_graph(lite0: Exported, monkeypatch: pytest.MonkeyPatch) -> onnx.ModelProto:
    """The graph of the network, which the exporter gives from now on without the seconds of sample.

    A test may change it.
    """
    model = onnx.load(lite0.path)
    monkeypatch.setattr(embedder, "make_graph", lambda network, size: model)
    return model


@pytest.fixture
def tampered_graph(ready_graph: onnx.ModelProto) -> onnx.ModelProto:
    """The same with the last convolution's bias moved a little."""
    last = [node for node in ready_graph.graph.node if node.op_type == "Conv"][-1]
    (bias,) = (tensor for tensor in ready_graph.graph.initializer if tensor.name == last.input[2])
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + 0.05, bias.name))
    return ready_graph


@pytest.mark.usefixtures("tampered_graph")
def test_failed_parity_leaves_no_file(lite0_source: Source, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="does not compute what its network computes") as error:
        export_embedder(*lite0_source, tmp_path / "out.onnx")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("tampered_graph")
def test_failed_parity_keeps_an_existing_file(lite0_source: Source, tmp_path: Path) -> None:
    out = tmp_path / "out.onnx"
    out.write_bytes(b"older")
    with pytest.raises(ModelError):
        export_embedder(*lite0_source, out)
    assert out.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.usefixtures("ready_graph")
def test_a_full_disk_leaves_no_file(
    lite0_source: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(InputError, match="No space left on device"):
        export_embedder(*lite0_source, tmp_path / "out.onnx")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("ready_graph")
def test_images_can_be_given_for_the_comparison(lite0_source: Source, tmp_path: Path) -> None:
    images = [tmp_path / "0.jpg", tmp_path / "1.jpg"]
    for image, file in zip(generate_images(2), images, strict=True):
        image.save(file)
    exported = export_embedder(*lite0_source, tmp_path / "out.onnx", images=images)
    assert exported.parity.pictures == 2


@pytest.mark.usefixtures("ready_graph")
def test_unreadable_image_stops_the_export(lite0_source: Source, tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        export_embedder(*lite0_source, tmp_path / "out.onnx", images=[Path(__file__)])
    assert list(tmp_path.iterdir()) == []


def test_network_with_nan_output_fails_parity(lite0: Exported) -> None:
    class Broken(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.full((len(image), 1280), float("nan"))

    with pytest.raises(ModelError, match="cosine nan"):
        check_parity(Broken(), lite0.path, generate_images(2), EFFICIENTNET_LITE)


def test_network_of_another_width_fails_parity(lite0: Exported) -> None:
    class Narrow(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return torch.ones(len(image), 7)

    with pytest.raises(
        ModelError, match=r"embedding of the shape \(1, 1280\) for 1 .* network \(1, 7\)"
    ):
        check_parity(Narrow(), lite0.path, generate_images(2), EFFICIENTNET_LITE)


@pytest.mark.parametrize("size", BATCH_SIZES)
def test_each_batch_size_is_compared(
    size: int, lite0: Exported, lite0_source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parity, "BATCH_SIZES", (size,))
    found = check_parity(lite0_source[0], lite0.path, generate_images(size), EFFICIENTNET_LITE)
    assert found.lowest_cosine >= 0.999999
    assert found.max_relative_difference <= 1e-5


def test_change_of_scale_alone_fails_parity(lite0: Exported, lite0_source: Source) -> None:
    # The cosine does not see it, the difference does.
    class Scaled(torch.nn.Module):
        def forward(self, image: torch.Tensor) -> torch.Tensor:
            embedding: torch.Tensor = lite0_source[0](image)
            return embedding * 1.001

    with pytest.raises(ModelError, match=r"cosine 1\.0000.* difference 1\.0e-03"):
        check_parity(Scaled(), lite0.path, generate_images(2), EFFICIENTNET_LITE)


def test_parity_figures_are_rounded_for_the_card() -> None:
    figures = Parity(
        pictures=16,
        max_abs_difference=5.72e-6,
        max_relative_difference=1.43e-6,
        lowest_cosine=0.99999987,
    )
    assert figures.to_card() == {
        "pictures": 16,
        "max_abs_difference": 6e-6,
        "max_relative_difference": 1e-6,
        "lowest_cosine": 1.0,
    }


def test_generated_images_are_reproducible_and_distinct() -> None:
    images, again = generate_images(4), generate_images(4)
    assert [image.tobytes() for image in images] == [image.tobytes() for image in again]
    assert len({image.tobytes() for image in images}) == 4
    for image in images:
        assert image.mode == "RGB"
        assert np.asarray(image).std() > 10
