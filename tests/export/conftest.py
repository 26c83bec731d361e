import pytest

from export.embedder import export_embedder
from export.write import Exported
from training.networks.backbones import make_backbone
from training.networks.backbones.base import Backbone
from training.networks.backbones.weights import WeightsOrigin

# Exporting takes seconds: each network is exported once for all tests.


@pytest.fixture(scope="session")
def lite0_source() -> tuple[Backbone, WeightsOrigin]:
    return make_backbone("efficientnet-lite0")


@pytest.fixture(scope="session")
def lite0(
    lite0_source: tuple[Backbone, WeightsOrigin], tmp_path_factory: pytest.TempPathFactory
) -> Exported:
    return export_embedder(*lite0_source, tmp_path_factory.mktemp("lite0") / "lite0.onnx")


@pytest.fixture(scope="session")
def resnet50(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    out = tmp_path_factory.mktemp("resnet50") / "resnet50.onnx"
    return export_embedder(*make_backbone("resnet50", "random"), out)
