import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest

from artextract.images.opening import open_image
from artextract.images.preprocess import EFFICIENTNET_LITE, TORCHVISION_RESNET_V2
from artextract.models.card import CARD_KEY
from artextract.models.session import OnnxModel
from export.calibration_images import generate_images
from export.embedder import OPSET
from export.write import Exported
from training.networks.backbones.base import Backbone
from training.networks.backbones.weights import WeightsOrigin

ROOT = Path(__file__).resolve().parents[2]


def shape(value: onnx.ValueInfoProto) -> list[str | int]:
    tensor = value.type.tensor_type
    assert tensor.elem_type == onnx.TensorProto.FLOAT
    return [side.dim_param or side.dim_value for side in tensor.shape.dim]


def test_graph_has_the_documented_inputs_and_outputs(lite0: Exported) -> None:
    model = onnx.load(lite0.path)
    assert [(value.name, shape(value)) for value in model.graph.input] == [
        ("image", ["n", 3, 224, 224])
    ]
    assert [(value.name, shape(value)) for value in model.graph.output] == [
        ("embedding", ["n", 1280])
    ]
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", OPSET)]


@pytest.mark.parametrize("name", ["lite0", "resnet50"])
def test_batch_norms_are_folded(name: str, request: pytest.FixtureRequest) -> None:
    exported: Exported = request.getfixturevalue(name)
    kinds = Counter(node.op_type for node in onnx.load(exported.path).graph.node)
    assert kinds["BatchNormalization"] == 0
    assert kinds["Conv"] in {49, 53}


def test_file_has_no_traces_of_the_machine(lite0: Exported) -> None:
    data = lite0.path.read_bytes()
    for trace in (str(ROOT), str(Path.home()), sys.prefix, "site-packages", ".py", 'File "'):
        assert trace.encode() not in data
    model = onnx.load_from_string(data)
    assert [entry.key for entry in model.metadata_props] == [CARD_KEY]
    for node in model.graph.node:
        assert not node.metadata_props
        assert not node.doc_string


def test_card_describes_the_file(
    lite0: Exported, lite0_source: tuple[Backbone, WeightsOrigin]
) -> None:
    card = OnnxModel(lite0.path, device="cpu", threads=1).card
    assert card == lite0.card
    assert (card.name, card.kind, card.architecture) == (
        "efficientnet-lite0",
        "embedder",
        "efficientnet-lite0",
    )
    assert (card.input, card.embedding, card.dimension) == ("image", "embedding", 1280)
    assert card.preprocess == EFFICIENTNET_LITE
    assert card.weights == lite0_source[1].text
    assert card.weights_sha256 == lite0_source[1].sha256
    assert card.licence == "Apache-2.0"
    assert card.parity["lowest_cosine"] >= 0.99999
    assert 0 < card.parity["max_relative_difference"] < 1e-4


def test_random_weights_are_marked_in_the_card(resnet50: Exported) -> None:
    card = OnnxModel(resnet50.path, device="cpu", threads=1).card
    assert card.name == "resnet50-random"
    assert card.architecture == "resnet50"
    assert card.weights == "random, seed 0: for tests only"
    assert card.weights_sha256 is None
    assert card.dimension == 2048
    assert card.preprocess == TORCHVISION_RESNET_V2


@pytest.mark.parametrize("name", ["lite0", "resnet50"])
def test_exported_embedder_runs_without_torch(
    name: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    exported: Exported = request.getfixturevalue(name)
    image = tmp_path / "image.jpg"
    generate_images(1)[0].save(image)
    script = f"""
import sys
sys.modules["torch"] = sys.modules["onnx"] = None
import numpy as np
from pathlib import Path
from artextract.images.opening import open_image
from artextract.images.opening import open_image
from artextract.models.session import OnnxModel
model = OnnxModel(Path({str(exported.path)!r}), device="cpu", threads=1)
image = open_image(Path({str(image)!r}).read_bytes(), "image")
np.save({str(tmp_path / "rows.npy")!r}, model.embed(model.card.preprocess(image)[None]))
"""
    subprocess.run([sys.executable, "-W", "error", "-c", script], cwd=ROOT, check=True)
    model = OnnxModel(exported.path, device="cpu", threads=1)
    opened = open_image(image.read_bytes(), "image")
    expected = model.embed(model.card.preprocess(opened)[None])
    rows = np.load(tmp_path / "rows.npy")
    assert rows.shape == (1, exported.card.dimension)
    np.testing.assert_allclose(rows, expected, atol=1e-6)


def test_embedding_does_not_depend_on_the_batch(lite0: Exported) -> None:
    model = OnnxModel(lite0.path, device="cpu", threads=1)
    batch = np.stack([model.card.preprocess(image) for image in generate_images(8)])
    alone = np.concatenate([model.embed(row[None]) for row in batch])
    np.testing.assert_allclose(model.embed(batch), alone, atol=1e-6)
