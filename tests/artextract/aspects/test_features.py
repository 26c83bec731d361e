"""The detectors are loaded once, whatever the number of threads, and where they are told to run."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from artextract.aspects import features
from artextract.aspects.features import Detectors
from artextract.encoding.encoder import ImageEncoder
from artextract.encoding.loading import load_models
from artextract.errors import ModelError

LOADERS = {"faces": "FaceDetector", "people": "PersonDetector"}


@pytest.mark.parametrize("detector", LOADERS)
def test_many_threads_load_a_detector_once(detector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = 16
    loaded: list[object] = []
    start = threading.Barrier(threads)

    def load(*arguments: object) -> object:
        time.sleep(0.05)  # so that all threads ask while the first one loads
        loaded.append(object())
        return loaded[-1]

    monkeypatch.setattr(features, LOADERS[detector], load)
    detectors = Detectors()

    def ask() -> object:
        start.wait()
        return getattr(detectors, detector)

    with ThreadPoolExecutor(threads) as pool:
        given = [each.result() for each in [pool.submit(ask) for _ in range(threads)]]
    assert len(loaded) == 1
    assert all(each is loaded[0] for each in given)


@pytest.mark.parametrize("detector", LOADERS)
def test_two_sets_of_detectors_load_side_by_side(
    detector: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One lock for both would keep the first loader waiting for a second that can't begin."""
    both = threading.Barrier(2)

    def load(*arguments: object) -> object:
        both.wait(timeout=5)
        return object()

    monkeypatch.setattr(features, LOADERS[detector], load)
    ask: Callable[[Detectors], object] = lambda detectors: getattr(detectors, detector)  # noqa: E731
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(ask, [Detectors(), Detectors()])
    assert one is not other


def test_a_detector_that_fails_to_load_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> object:
        raise ModelError("no such device")

    detectors = Detectors()
    with monkeypatch.context() as broken:
        broken.setattr(features, "PersonDetector", fail)
        for _ in range(2):
            with pytest.raises(ModelError, match="no such device"):
                _ = detectors.people
    assert detectors.people is detectors.people


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_detectors_run_where_they_are_told_to(
    device: features.DetectorDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []
    monkeypatch.setattr(features, "FaceDetector", lambda *arguments: given.append(arguments))
    _ = Detectors(device, threads=3).faces
    assert given == [(device, 3)]


def test_detectors_stay_on_the_cpu_unless_told_otherwise() -> None:
    plain = load_models("wikiart-lite0", device="cpu")
    assert plain.encoder.detector_device == "cpu"
    on_cuda = load_models("wikiart-lite0", device="cpu", detector_device="cuda")
    assert (on_cuda.device, on_cuda.encoder.detector_device) == ("cpu", "cuda")


@pytest.mark.parametrize(
    ("aspects", "detects"),
    [
        ((), False),
        (("palette", "lighting", "composition"), False),
        (("face",), True),
        (("pose", "palette"), True),
    ],
)
def test_no_device_is_named_where_nothing_is_detected(
    aspects: tuple[str, ...], detects: bool
) -> None:
    assert (ImageEncoder(None, aspects).detector_device is not None) == detects
