"""All that is seen of one picture."""

import numpy as np
import PIL.Image
import pytest

from artextract.aspects import ASPECTS, MEASURED
from artextract.encoding.encoder import Eyes
from artextract.encoding.loading import Models, load_eyes, load_models
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


def test_by_default_everything_is_seen(models: Models, portrait: PIL.Image.Image) -> None:
    sight = models.eyes.see(portrait)
    assert set(models.eyes.vectors) == set(ASPECTS)
    assert {name: len(each) for name, each in sight.vectors.items()} == models.eyes.vectors
    for vector in sight.vectors.values():
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)
    assert {"faces", "bodies", "light", "palette", "seen", "predicted"} == set(sight.payload)
    assert "faces=1" in sight.payload["seen"]


def test_an_absent_aspect_is_absent(models: Models) -> None:
    sight = models.eyes.see(PIL.Image.new("RGB", (80, 60), "#7a8899"))
    assert set(ASPECTS) - set(sight.vectors) == {"face", "pose"}
    assert sight.payload["faces"] == {"count": 0}


def test_many_at_once_are_seen_as_one_by_one(models: Models, portrait: PIL.Image.Image) -> None:
    images = [portrait, portrait.rotate(90), PIL.Image.new("RGB", (50, 50), "red")]
    (preprocess,) = models.eyes.preprocesses
    batch = np.stack([preprocess(image) for image in images])
    together = models.eyes.look([batch], [models.eyes.measure(image) for image in images])
    for sight, image in zip(together, images, strict=True):
        alone = models.eyes.see(image)
        assert sight.vectors.keys() == alone.vectors.keys()
        for name, vector in alone.vectors.items():
            np.testing.assert_allclose(sight.vectors[name], vector, atol=1e-5)


def test_measuring_needs_no_network(portrait: PIL.Image.Image) -> None:
    sight = Eyes(None, ["palette", "composition"]).see(portrait)
    assert set(sight.vectors) == {"palette", "composition"}


def test_a_scene_needs_a_classifier() -> None:
    with pytest.raises(ModelError, match="'scene' needs a classifier"):
        load_models("efficientnet-lite0", aspects=["scene"], device="cpu")
    plain = load_models("efficientnet-lite0", device="cpu")
    assert set(plain.eyes.vectors) == {"visual", *MEASURED} - {"scene"}


def test_an_unknown_aspect_is_named() -> None:
    with pytest.raises(QueryError, match="unknown aspect 'mood'; known: visual, style"):
        load_models("wikiart-lite0", aspects=["mood"], device="cpu")


def test_a_collection_measured_by_other_rules_is_refused(models: Models) -> None:
    model = ModelIdentity("wikiart-lite0", models.identity.sha256, 512)
    old = Manifest(model=model, vectors={"visual": 512, "face": 37}, measured=0)
    with pytest.raises(StoreMismatchError, match="measured by version 0 of the rules"):
        load_eyes(old, ["face"])
    assert set(load_eyes(old, ["visual"], device="cpu").vectors) == {"visual"}
