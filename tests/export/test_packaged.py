import re
from importlib import resources
from pathlib import Path

import numpy as np
import onnx

from artextract.models.registry import PACKAGED, find_model
from artextract.models.session import OnnxModel
from export.calibration_images import generate_images
from export.write import Exported


def test_notice_names_each_packaged_file_with_its_checksum() -> None:
    notice = Path(str(resources.files("artextract.models") / "NOTICE")).read_text("utf-8")
    sections = dict(re.findall(r"^(\S+\.onnx)\n-+\n((?:.+\n)+)", notice, re.MULTILINE))
    for name, file in PACKAGED.items():
        model = find_model(name)
        card = OnnxModel(model.path, device="cpu", threads=1).card
        assert f"File      sha256 {model.sha256}" in sections[file]
        assert f"sha256 {card.weights_sha256}" in sections[file]
        assert f"Licence   {card.licence}" in sections[file]


def test_packaged_lite0_equals_a_new_export(lite0: Exported) -> None:
    packaged, fresh = (
        onnx.load(path) for path in (find_model("efficientnet-lite0").path, lite0.path)
    )
    kinds = [[node.op_type for node in model.graph.node] for model in (packaged, fresh)]
    assert kinds[0] == kinds[1]
    assert packaged.graph.initializer == fresh.graph.initializer

    before = OnnxModel(find_model("efficientnet-lite0").path, device="cpu", threads=1)
    after = OnnxModel(lite0.path, device="cpu", threads=1)
    assert before.card.name == after.card.name
    batch = np.stack([before.card.preprocess(image) for image in generate_images(2)])
    np.testing.assert_allclose(before.embed(batch), after.embed(batch), atol=1e-6)


def test_packaged_models_are_small() -> None:
    assert sum(find_model(name).path.stat().st_size for name in PACKAGED) < 40_000_000
