"""The wheel alone, in an empty environment: what a user gets."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import PIL.Image
import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*command: object, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in ``folder`` and return how it ended."""
    return subprocess.run(
        [str(word) for word in command], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with nothing but the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = run(*pip, "wheel", "--no-deps", "--wheel-dir", folder, ROOT, folder=folder)
    assert built.returncode == 0, built.stderr
    (wheel,) = folder.glob("artextract-*.whl")
    assert wheel.stat().st_size < 43_000_000
    venv.create(folder / "venv", with_pip=True)
    python = folder / "venv" / "bin" / "python"
    installed = run(python, "-m", "pip", "install", f"{wheel}[cpu]", folder=folder)
    assert installed.returncode == 0, installed.stderr
    return folder / "venv"


def test_without_a_model_runtime_it_says_what_to_install(environment: Path, tmp_path: Path) -> None:
    bare = tmp_path / "venv"
    shutil.copytree(environment, bare, symlinks=True)
    python = bare / "bin" / "python"
    removed = run(python, "-m", "pip", "uninstall", "--yes", "onnxruntime", folder=tmp_path)
    assert removed.returncode == 0, removed.stderr
    (tmp_path / "pictures").mkdir()
    PIL.Image.new("RGB", (64, 64), "navy").save(tmp_path / "pictures" / "a.png")
    ran = run(python, "-m", "artextract", "ingest", "folder", "pictures", folder=tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.startswith("Error: ONNX Runtime is not installed")
    assert "pip install 'artextract[cpu]'" in ran.stderr


def test_demo_and_its_second_run(environment: Path, tmp_path: Path) -> None:
    program = environment / "bin" / "artextract"
    # Nothing listens at this address, so that it falls back to the atelier.
    demo = (program, "demo", "--iiif", "http://127.0.0.1:1/iiif")
    first = run(*demo, folder=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "the atelier, 120 synthetic paintings" in first.stdout
    assert "The National Gallery of Art can't be shown: http://127.0.0.1:1/" in first.stderr
    assert "embedded 120, updated 0, unchanged 0, failed 0" in first.stdout
    page = (tmp_path / "demo" / "similar.html").read_text(encoding="utf-8")
    assert page.count('<li class="work"') == 24
    with PIL.Image.open(tmp_path / "demo" / "similar.png") as sheet:
        assert sheet.width > 1500
        assert len(sheet.convert("RGB").resize((64, 16)).getcolors(1024) or []) > 100

    second = run(*demo, folder=tmp_path)
    assert second.returncode == 0, second.stderr
    assert "embedded 0, updated 0, unchanged 120, failed 0" in second.stdout

    # The commands that it names work as they stand.
    lines = [line.strip() for line in second.stdout.splitlines()]
    after = lines[lines.index("Next:") + 1 :]
    commands = [line for line in after if "YOUR_" not in line]
    assert len(commands) == 1
    for command in commands:
        ran = run(program, *command.split()[1:], folder=tmp_path)
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout
