import hashlib
from importlib import resources
from pathlib import Path

import pytest

from artextract.errors import ModelError
from artextract.models.registry import DEFAULT_MODEL, PACKAGED, ModelFile, find_model


@pytest.mark.parametrize("name", sorted(PACKAGED))
def test_packaged_file_is_there_and_its_checksum_stands_in_notice(name: str) -> None:
    model = find_model(name)
    assert model.name == name
    assert model.path.is_file()
    assert model.sha256 == hashlib.sha256(model.path.read_bytes()).hexdigest()
    notice = Path(str(resources.files("artextract.models") / "NOTICE")).read_text("utf-8")
    assert model.path.name in notice
    assert model.sha256 in notice


def test_the_default_comes_with_the_package() -> None:
    assert DEFAULT_MODEL in PACKAGED


def test_a_path_names_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "my-model.onnx"
    file.write_bytes(b"abc")
    model = find_model(str(file))
    assert model == ModelFile("my-model", file)
    # FIPS 180-2, appendix B.1
    assert model.sha256 == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    # A relative path stays the same file after a change of folder.
    monkeypatch.chdir(tmp_path)
    relative = find_model("my-model.onnx")
    monkeypatch.chdir("/")
    assert relative.path.samefile(file)


def test_an_unknown_model_is_answered_with_those_known() -> None:
    with pytest.raises(
        ModelError, match=r"'resnet5'; known: wikiart-lite0, efficientnet-lite0, resnet50"
    ):
        find_model("resnet5")


def test_a_model_that_is_not_exported_yet_names_the_command_that_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path))
    with pytest.raises(ModelError, match=r"'resnet50' does not come .*artextract export embedder"):
        find_model("resnet50")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "resnet50.onnx").write_bytes(b"a model")
    assert find_model("resnet50").path == tmp_path / "models" / "resnet50.onnx"


@pytest.mark.parametrize("name", ["", ".", "efficientnet_lite0", "model.pt"])
def test_other_words_are_no_models(name: str) -> None:
    with pytest.raises(ModelError, match="unknown model"):
        find_model(name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model file .*none\.onnx"):
        find_model(str(tmp_path / "none.onnx"))
    (tmp_path / "folder.onnx").mkdir()
    with pytest.raises(ModelError, match=r"no model file .*folder\.onnx"):
        find_model(str(tmp_path / "folder.onnx"))
