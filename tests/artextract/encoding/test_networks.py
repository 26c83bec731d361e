"""Embedder and classifier on the same images."""

import numpy as np
import pytest

from artextract.catalog.styles import display_name
from artextract.encoding.networks import Networks
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel
from export.calibration_images import generate_images

IMAGES = generate_images(3)


@pytest.fixture(scope="module")
def both() -> OnnxModel:
    """A model that gives vectors of two aspects and tells classes."""
    return OnnxModel(find_model("wikiart-lite0").path, device="cpu", threads=1)


@pytest.fixture(scope="module")
def embedder() -> OnnxModel:
    return OnnxModel(find_model("efficientnet-lite0").path, device="cpu", threads=1)


def prepared(networks: Networks) -> list[np.ndarray]:
    return [np.stack([each(image) for image in IMAGES]) for each in networks.preprocesses]


def test_an_embedder_alone_predicts_nothing(embedder: OnnxModel) -> None:
    networks = Networks(embedder)
    outputs = networks.run(prepared(networks))
    assert networks.vectors == {"visual": 1280}
    assert list(outputs.vectors) == ["visual"]
    assert outputs.probabilities == {}
    assert networks.predicted(outputs, 0) == {}


def test_one_file_may_be_both(both: OnnxModel) -> None:
    networks = Networks(both, both)
    outputs, alone = networks.run(prepared(networks)), both.run(prepared(networks)[0])
    assert networks.vectors == {"visual": 512, "style": 17 + 28 + 512}
    for aspect, rows in alone.vectors.items():
        np.testing.assert_array_equal(outputs.vectors[aspect], rows)
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    for row in range(3):
        predicted = networks.predicted(outputs, row)
        for attribute, names in both.card.classes.items():
            values = list(alone.probabilities[attribute][row])
            assert sum(values) == pytest.approx(1, abs=1e-4)
            expected = names[values.index(max(values))]
            assert predicted[attribute]["name"] == display_name(expected)
            assert predicted[attribute]["probability"] == round(max(values), 4)
    assert Networks(both).run(prepared(networks)).probabilities == {}


def test_visual_comes_from_the_embedder_and_style_from_the_classifier(
    embedder: OnnxModel, both: OnnxModel
) -> None:
    networks = Networks(embedder, both)
    assert networks.vectors == {"visual": 1280, "style": 557}
    outputs = networks.run(prepared(networks))
    batch = prepared(networks)[0]
    np.testing.assert_array_equal(outputs.vectors["visual"], embedder.embed(batch))
    np.testing.assert_array_equal(outputs.vectors["style"], both.run(batch).vectors["style"])
    assert list(outputs.probabilities) == list(both.card.classes)
