"""Every vector and payload field of an image."""

import numpy as np
import PIL.Image
import pytest

from artextract.aspects import ASPECTS
from artextract.aspects.features import ImageFeatures
from artextract.encoding.encoder import ImageEncoder
from artextract.encoding.loading import Models, load_encoder, load_models
from artextract.errors import ModelError, QueryError, StoreMismatchError
from artextract.store import ModelIdentity
from artextract.store.manifest import Manifest
from benchmarks import atelier


@pytest.fixture(scope="module")
def models() -> Models:
    return load_models("wikiart-lite0", device="cpu")


@pytest.fixture(scope="module")
def portrait() -> PIL.Image.Image:
    return atelier.paint(next(w for w in atelier.make_works() if w.head == "front"))


def test_by_default_every_aspect_is_computed(models: Models, portrait: PIL.Image.Image) -> None:
    encoded = models.encoder.encode(portrait)
    assert set(models.encoder.vectors) == set(ASPECTS)
    assert {name: len(each) for name, each in encoded.vectors.items()} == models.encoder.vectors
    for vector in encoded.vectors.values():
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    assert {"faces", "bodies", "light", "palette", "seen", "predicted"} == set(encoded.payload)
    assert "faces=1" in encoded.payload["seen"]


def test_an_absent_aspect_is_absent(models: Models) -> None:
    encoded = models.encoder.encode(PIL.Image.new("RGB", (80, 60), "#7a8899"))
    assert set(ASPECTS) - set(encoded.vectors) == {"face", "pose"}
    assert encoded.payload["faces"] == {"count": 0}


def test_a_batch_equals_its_images_one_by_one(models: Models, portrait: PIL.Image.Image) -> None:
    images = [portrait, portrait.rotate(90), PIL.Image.new("RGB", (50, 50), "red")]
    (preprocess,) = models.encoder.preprocesses
    batch = np.stack([preprocess(image) for image in images])
    together = models.encoder.encode_batch(
        [batch], [models.encoder.measure(image) for image in images]
    )
    for encoded, image in zip(together, images, strict=True):
        alone = models.encoder.encode(image)
        assert encoded.vectors.keys() == alone.vectors.keys()
        for name, vector in alone.vectors.items():
            np.testing.assert_allclose(encoded.vectors[name], vector, atol=1e-5)


def test_measured_aspects_need_no_model(portrait: PIL.Image.Image) -> None:
    encoded = ImageEncoder(None, ["palette", "composition"]).encode(portrait)
    assert set(encoded.vectors) == {"palette", "composition"}


def test_a_scene_needs_a_classifier() -> None:
    with pytest.raises(ModelError, match="'scene' needs a `classifier` that predicts genres"):
        load_models("efficientnet-lite0", aspects=["scene"], device="cpu")
    plain = load_models("efficientnet-lite0", device="cpu")
    assert set(plain.encoder.vectors) == {*ASPECTS} - {"style", "scene"}


def test_an_unknown_aspect_is_named() -> None:
    with pytest.raises(QueryError, match="unknown aspect 'mood'; known: visual, style"):
        load_models("wikiart-lite0", aspects=["mood"], device="cpu")


def test_a_collection_measured_by_other_rules_is_refused(models: Models) -> None:
    model = ModelIdentity("wikiart-lite0", models.identity.sha256, 512)
    old = Manifest(model=model, vectors={"visual": 512, "face": 37}, measured=0)
    with pytest.raises(StoreMismatchError, match="measured by version 0 of the rules"):
        load_encoder(old, ["face"])
    assert set(load_encoder(old, ["visual"], device="cpu").vectors) == {"visual"}


def test_a_model_runs_only_for_the_aspects_that_need_it(portrait: PIL.Image.Image) -> None:
    assert ImageEncoder(None, ["palette", "face"]).preprocesses == []
    with pytest.raises(ModelError, match="'style' needs a `classifier`"):
        ImageEncoder(None, ["style"])


def test_only_what_an_aspect_needs_is_detected(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(image: ImageFeatures) -> None:
        raise AssertionError("faces are not needed")

    monkeypatch.setattr(ImageFeatures, "faces", property(fail))
    monkeypatch.setattr(ImageFeatures, "people", property(fail))
    encoder = ImageEncoder(None, ["palette", "lighting"])
    encoded = encoder.encode(PIL.Image.new("RGB", (80, 60), "#7a8899"))
    assert set(encoded.vectors) == {"palette", "lighting"}
    assert set(encoded.payload) == {"light", "palette", "seen"}


def test_an_aspect_that_is_not_registered_is_left_out(models: Models) -> None:
    model = ModelIdentity("wikiart-lite0", models.identity.sha256, 512)
    newer = Manifest(model=model, vectors={"visual": 512, "mood": 3})
    assert set(load_encoder(newer, ["visual", "mood"], device="cpu").vectors) == {"visual"}
