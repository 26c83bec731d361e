import json
from typing import Any

import pytest

from artextract.errors import ModelError
from artextract.images.preprocess import EFFICIENTNET_LITE, TORCHVISION_RESNET_V2
from artextract.models.card import CARD_KEY, ModelCard


def make_card(**changes: Any) -> ModelCard:
    fields: dict[str, Any] = {
        "name": "größe-7",
        "kind": "embedder",
        "architecture": "efficientnet-lite0",
        "input": "image",
        "embedding": "embedding",
        "dimension": 1280,
        "preprocess": EFFICIENTNET_LITE,
        "weights": "made for a test",
        "weights_sha256": "ab" * 32,
        "licence": "Apache-2.0",
        "opset": 18,
        "created_by": "artextract 0.1.0",
        "parity": {"cosine_min": 0.999999, "largest_difference": 1e-6},
    }
    return ModelCard(**{**fields, **changes})


@pytest.mark.parametrize(
    "card",
    [
        make_card(),
        make_card(preprocess=TORCHVISION_RESNET_V2, dimension=2048),
        make_card(weights_sha256=None, parity={}),
    ],
)
def test_card_survives_its_json(card: ModelCard) -> None:
    assert ModelCard.from_json(card.to_json(), "file.onnx") == card


def test_json_is_plain_and_always_the_same() -> None:
    data = json.loads(make_card().to_json())
    assert data["version"] == 1
    assert data["dimension"] == 1280
    assert data["preprocess"]["mean"] == [127.0, 127.0, 127.0]
    turned = make_card(parity={"largest_difference": 1e-6, "cosine_min": 0.999999})
    assert turned.to_json() == make_card().to_json()


def test_the_key_is_the_one_in_files_already_written() -> None:
    assert CARD_KEY == "artextract.card"


@pytest.mark.parametrize("version", [0, 2, "1", None])
def test_another_version_is_refused(version: object) -> None:
    text = json.dumps({**json.loads(make_card().to_json()), "version": version})
    with pytest.raises(ModelError, match=rf"old\.onnx has version {version};.*export the model"):
        ModelCard.from_json(text, "old.onnx")


@pytest.mark.parametrize(
    "text",
    ["", "garbage", "{", "null", "[]", "[1]", "1", '"card"', "{}", '{"version": 1}', "\0", "NaN"],
)
def test_garbage_is_refused(text: str) -> None:
    with pytest.raises(ModelError, match=r"model card of bad\.onnx can't be read"):
        ModelCard.from_json(text, "bad.onnx")


@pytest.mark.parametrize("name", ["name", "input", "embedding", "dimension", "preprocess"])
def test_a_missing_field_is_refused(name: str) -> None:
    data = json.loads(make_card().to_json())
    del data[name]
    with pytest.raises(ModelError, match=name):
        ModelCard.from_json(json.dumps(data), "short.onnx")


def test_an_unknown_field_is_refused() -> None:
    data = {**json.loads(make_card().to_json()), "colour": "blue"}
    with pytest.raises(ModelError, match="colour"):
        ModelCard.from_json(json.dumps(data), "more.onnx")


@pytest.mark.parametrize("preprocess", [None, {}, [], {"size": 224}])
def test_broken_preprocessing_is_refused(preprocess: object) -> None:
    data = {**json.loads(make_card().to_json()), "preprocess": preprocess}
    with pytest.raises(ModelError):
        ModelCard.from_json(json.dumps(data), "bad.onnx")
