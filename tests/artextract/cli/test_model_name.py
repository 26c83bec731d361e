"""Models that are exported on first use."""

from pathlib import Path

import numpy as np
import pytest

from artextract.cli.model_name import ModelName, ensure_exported
from artextract.errors import CacheError, ModelError
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path))
    return tmp_path


def test_other_names_and_files_pass_unchanged(cache: Path) -> None:
    for name in ("auto", "none", "efficientnet-lite0", "my.onnx"):
        assert ModelName().convert(name, None, None) == name
    assert not list(cache.iterdir())


def test_missing_packages_are_named_with_the_way_around(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ModelError, match=r"needs torch, .*artextract export embedder"):
        ModelName().convert("resnet50", None, None)
    assert not list(cache.iterdir())


def test_a_failed_export_says_why_in_one_line(cache: Path) -> None:
    with pytest.raises(ModelError, match=r"could not be exported: .*resnet5000") as error:
        ensure_exported("resnet5000")
    assert "\n" not in str(error.value)
    assert not list(cache.rglob("*.onnx"))


def test_a_model_is_exported_once(cache: Path) -> None:
    # The one architecture whose published weights need no network.
    path = ensure_exported("efficientnet-lite0")
    assert path == cache / "models" / "efficientnet-lite0.onnx"
    packaged = find_model("efficientnet-lite0").path
    rows = [
        OnnxModel(file, device="cpu", threads=1).embed(np.ones((1, 3, 224, 224), np.float32))
        for file in (path, packaged)
    ]
    np.testing.assert_allclose(rows[0], rows[1], atol=1e-6)
    path.write_bytes(b"from the first export")
    assert ensure_exported("efficientnet-lite0") == path
    assert path.read_bytes() == b"from the first export"


def test_a_cache_that_can_not_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (cache / "file").write_text("")
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(cache / "file"))
    with pytest.raises(CacheError, match=r"resnet50.* can't be kept in .*ARTEXTRACT_CACHE"):
        ensure_exported("resnet50")
