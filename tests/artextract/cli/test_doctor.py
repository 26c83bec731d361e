"""What the doctor sees, and what it says of a sick installation."""

import json
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from commands import Artextract
from cuda_runtime import NO_GPU, CudaRuntime

from artextract import packages
from artextract.cli import doctor
from artextract.cli.doctor import Finding, examine
from artextract.models import registry as models
from artextract.store.location import Location


@pytest.fixture
def pretend_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Make a wheel count as installed; there is nothing to import from it."""
    folder = tmp_path / "site-packages"
    monkeypatch.syspath_prepend(folder)

    def install(wheel: str) -> None:
        info = folder / f"{wheel.replace('-', '_')}-1.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {wheel}\nVersion: 1.0\n")

    return install


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    return {finding.what: finding for finding in findings}


def test_it_tells_what_is_there_as_text_and_as_json(artextract: Artextract, tmp_path: Path) -> None:
    ran = artextract("doctor", "--store", tmp_path / "new" / "store", "--format", "json")
    assert ran.code == 0, ran.err
    found = {row["what"]: row for row in json.loads(ran.out)}
    assert found["device cpu"]["says"].startswith("ran wikiart-lite0 in ")
    assert found["numpy"]["says"] == metadata.version("numpy")
    assert found["model efficientnet-lite0"]["status"] == "ok"
    assert str(tmp_path / "new" / "store") in found["disk of the store"]["says"]
    assert "GiB" in found["memory"]["says"]
    text = artextract("doctor")
    assert text.code == 0
    assert all(what in text.out for what in found)


def test_what_is_absent_comes_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(doctor, "_version", lambda wheel: None if wheel == "torch" else "1.0")
    monkeypatch.setattr(packages, "FAISS_WHEELS", ("no-such-wheel",))
    found = by_name(list(examine(Location(str(tmp_path)))))
    assert found["torch"] == Finding(
        "torch", "absent", "not installed; extra 'train'", "pip install 'artextract[train]'"
    )
    assert found["FAISS"].status == "absent"
    assert "'artextract[bench-gpu]'" in (found["FAISS"].advice or "")


def test_both_wheels_of_onnx_runtime_are_a_break(
    artextract: Artextract, pretend_installed: Callable[[str], None]
) -> None:
    pretend_installed("onnxruntime")
    pretend_installed("onnxruntime-gpu")
    ran = artextract("doctor")
    assert ran.code == 1
    assert "both onnxruntime and onnxruntime-gpu are installed" in ran.out
    assert "pip uninstall -y onnxruntime onnxruntime-gpu" in ran.out
    assert ran.err == "Broken: ONNX Runtime.\n"


def test_a_gpu_that_is_offered_and_fails_is_a_break_and_the_json_stays_valid(
    artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    CudaRuntime(monkeypatch).failure = NO_GPU
    ran = artextract("doctor", "--format", "json")
    assert ran.code == 1
    found = {row["what"]: row for row in json.loads(ran.out)}
    assert found["device cuda"]["status"] == "broken"
    assert "no CUDA-capable device is detected" in found["device cuda"]["says"]
    assert ran.err == "Broken: device cuda.\n"


def test_two_wheels_of_faiss_are_a_break(
    artextract: Artextract, pretend_installed: Callable[[str], None]
) -> None:
    pretend_installed("faiss-cpu")
    pretend_installed("faiss-gpu")
    ran = artextract("doctor")
    assert ran.code == 1
    assert "both faiss-cpu and faiss-gpu are installed" in ran.out
    assert "pip uninstall -y faiss-cpu faiss-gpu" in ran.out
    assert ran.err == "Broken: FAISS.\n"


def test_a_faiss_that_cannot_be_imported_is_a_break(
    monkeypatch: pytest.MonkeyPatch, pretend_installed: Callable[[str], None], tmp_path: Path
) -> None:
    monkeypatch.setattr(packages, "FAISS_WHEELS", ("faiss-gpu",))
    pretend_installed("faiss-gpu")
    monkeypatch.setitem(sys.modules, "faiss", None)
    found = by_name(list(examine(Location(str(tmp_path)))))["FAISS"]
    assert found.status == "broken"
    assert "faiss" in found.says


def test_a_packaged_model_that_was_changed_is_a_break(
    artextract: Artextract, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    changed = tmp_path / "changed.onnx"
    changed.write_bytes(models.find_model("efficientnet-lite0").path.read_bytes()[:-100])
    monkeypatch.setattr(models, "find_model", lambda name: models.ModelFile(name, changed))
    ran = artextract("doctor")
    assert ran.code == 1
    assert "NOTICE says" in ran.out
    assert "device cpu" in ran.err
    assert "model efficientnet-lite0" in ran.err
    assert "Traceback" not in ran.out + ran.err


def test_each_packaged_model_has_its_own_checksum_in_notice() -> None:
    assert {models.noted_sha256(name) for name in models.PACKAGED} == {
        models.find_model(name).sha256 for name in models.PACKAGED
    }
