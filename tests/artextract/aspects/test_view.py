"""The detectors are loaded once, whatever the number of threads, and where they are told to run."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from artextract.aspects import view
from artextract.aspects.view import Finders
from artextract.encoding.encoder import Eyes
from artextract.encoding.loading import load_models
from artextract.errors import ModelError

LOADERS = {"heads": "HeadFinder", "bodies": "BodyFinder"}


@pytest.mark.parametrize("detector", LOADERS)
def test_many_threads_load_a_detector_once(detector: str, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = 16
    loaded: list[object] = []
    start = threading.Barrier(threads)

    def load(*arguments: object) -> object:
        time.sleep(0.05)  # so that all threads ask while the first one loads
        loaded.append(object())
        return loaded[-1]

    monkeypatch.setattr(view, LOADERS[detector], load)
    finders = Finders()

    def ask() -> object:
        start.wait()
        return getattr(finders, detector)

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

    monkeypatch.setattr(view, LOADERS[detector], load)
    ask: Callable[[Finders], object] = lambda finders: getattr(finders, detector)  # noqa: E731
    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(ask, [Finders(), Finders()])
    assert one is not other


def test_a_detector_that_fails_to_load_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> object:
        raise ModelError("no such device")

    finders = Finders()
    with monkeypatch.context() as broken:
        broken.setattr(view, "BodyFinder", fail)
        for _ in range(2):
            with pytest.raises(ModelError, match="no such device"):
                _ = finders.bodies
    assert finders.bodies is finders.bodies


@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_detectors_run_where_they_are_told_to(
    device: view.DetectorDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    monkeypatch.setattr(view, "HeadFinder", lambda *given: asked.append(given))
    _ = Finders(device, threads=3).heads
    assert asked == [(device, 3)]


def test_detectors_stay_on_the_cpu_unless_told_otherwise() -> None:
    plain = load_models("wikiart-lite0", device="cpu")
    assert plain.eyes.detector_device == "cpu"
    on_cuda = load_models("wikiart-lite0", device="cpu", detector_device="cuda")
    assert (on_cuda.device, on_cuda.eyes.detector_device) == ("cpu", "cuda")


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
    assert (Eyes(None, aspects).detector_device is not None) == detects
