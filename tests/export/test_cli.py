import hashlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from artextract.errors import ArtExtractError, InputError, ModelError, PackageError
from export import cli
from export.write import Exported
from training.networks.backbones import ARCHITECTURES

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: object) -> Result:
    """Run the command; a failure is raised as what it is."""
    return CliRunner().invoke(
        cli.export,
        ["embedder", *map(str, arguments)],
        standalone_mode=False,
        catch_exceptions=False,
    )


def fails(kind: type[ArtExtractError], *arguments: object) -> str:
    """Run the command, which must fail with ``kind``, and return its one sentence."""
    with pytest.raises(kind) as error:
        run("--arch", "efficientnet-lite0", *arguments)
    text = str(error.value)
    assert "\n" not in text
    assert len(text) < 400
    return text


@pytest.fixture
def nothing_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*arguments: object) -> None:
        raise AssertionError("a network was made before the output was checked")

    monkeypatch.setattr(cli, "make_backbone", build)


def test_force_replaces_a_file_with_identical_bytes(tmp_path: Path, lite0: Exported) -> None:
    out = tmp_path / "model.onnx"
    out.write_bytes(b"older")
    result = run("--arch", "efficientnet-lite0", "--out", out, "--force")
    data = out.read_bytes()
    assert data == lite0.path.read_bytes()
    assert out.stat().st_mode == lite0.path.stat().st_mode
    assert list(tmp_path.iterdir()) == [out]

    assert result.stderr.startswith("exporting efficientnet-lite0 with weights: ImageNet")
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines.pop("parity").startswith("lowest cosine ")
    assert lines == {
        "file": str(out),
        "model": "efficientnet-lite0, 1,280 dimensions",
        "size": f"{len(data):,} bytes",
        "sha256": hashlib.sha256(data).hexdigest(),
    }


@pytest.mark.usefixtures("nothing_is_built")
class TestTheOutputIsCheckedFirst:
    def test_an_existing_file_is_kept(self, tmp_path: Path) -> None:
        out = tmp_path / "model.onnx"
        out.write_bytes(b"older")
        assert "replace it with `force`" in fails(InputError, "--out", out)
        assert out.read_bytes() == b"older"

    def test_wrong_suffix_is_refused(self, tmp_path: Path) -> None:
        text = fails(InputError, "--out", tmp_path / "model.bin")
        assert "does not end in .onnx; give a name such as model.onnx" in text

    def test_missing_folder_is_refused(self, tmp_path: Path) -> None:
        text = fails(InputError, "--out", tmp_path / "no" / "model.onnx")
        assert "there is no folder" in text
        assert not (tmp_path / "no").exists()

    def test_folder_as_the_file_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "model.onnx").mkdir()
        assert "is a folder" in fails(InputError, "--force", "--out", tmp_path / "model.onnx")

    def test_unwritable_folder_is_refused(self, tmp_path: Path) -> None:
        folder = tmp_path / "kept"
        folder.mkdir(mode=0o500)
        if os.access(folder, os.W_OK):  # root may write anywhere but there
            folder = Path("/proc")
        assert "can't be written to" in fails(InputError, "--out", folder / "model.onnx")


def test_missing_weights_file_is_refused(tmp_path: Path) -> None:
    text = fails(ModelError, "--weights", tmp_path / "no.pth", "--out", tmp_path / "m.onnx")
    assert "there is no weights file" in text
    assert list(tmp_path.iterdir()) == []


def test_wrong_weights_file_is_refused(tmp_path: Path) -> None:
    text = fails(ModelError, "--weights", __file__, "--out", tmp_path / "m.onnx")
    assert "is not a file of weights" in text
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_architecture_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(click.BadParameter, match="'vgg16' is not one of") as error:
        run("--arch", "vgg16", "--out", tmp_path / "m.onnx")
    assert all(arch in str(error.value) for arch in ARCHITECTURES)


@pytest.mark.parametrize("package", ["torch", "onnx", "onnxscript"])
def test_error_for_a_missing_package_says_what_to_install(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PackageError, match=rf"needs {package}, .*'artextract\[train\]'") as error:
        run("--arch", "resnet50", "--weights", "random", "--out", tmp_path / "m.onnx")
    assert "\n" not in str(error.value)


def test_loading_the_command_loads_no_heavy_package() -> None:
    script = (
        "import sys, export.cli\n"
        "heavy = {'torch', 'torchvision', 'onnx', 'onnxscript', 'onnxruntime', 'numpy'}\n"
        "assert not heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True)


@pytest.mark.parametrize("command", [[], ["embedder"]])
def test_help_ends_with_an_example(command: list[str]) -> None:
    result = CliRunner().invoke(cli.export, [*command, "--help"])
    assert result.exit_code == 0
    assert "artextract export embedder --arch" in result.stdout.splitlines()[-1]
