"""Fixtures that all tests share."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract, Ran

from artextract.cli.main import main

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real images and reference models that is not part of the project."""
    folder = Path(os.environ.get("ARTEXTRACT_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no folder {folder} with reference data; set ARTEXTRACT_SHARED")
    return folder


@pytest.fixture
def artextract(capsys: pytest.CaptureFixture[str]) -> Artextract:
    """Run a command line in this process, as ``artextract(*words)``."""

    def run(*words: object) -> Ran:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            main([str(word) for word in words])
        out, err = capsys.readouterr()
        return Ran(int(left.value.code or 0), out, err)

    return run


@pytest.fixture(scope="session")
def start_artextract() -> Callable[..., "subprocess.Popen[str]"]:
    """Start a command line in a process of its own."""

    def start(*words: object, **options: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "artextract", *map(str, words)]
        return subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
        )

    return start


@pytest.fixture(scope="session")
def unpack_format_2() -> Callable[[Path], Path]:
    """Unpack the kept collection of format 2 into a folder; return its own folder there."""

    def unpack(folder: Path) -> Path:
        with tarfile.open(ROOT / "tests" / "fixtures" / "format-2" / "store.tar.xz") as archive:
            archive.extractall(folder, filter="data")
        return folder / "store"

    return unpack


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., Path]]:
    """Mount a small file system of its own, as ``mount(options)``."""
    mounted: list[Path] = []

    def make(options: str) -> Path:
        point = tmp_path / f"mount-{len(mounted)}"
        point.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(point)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting a tmpfs needs more rights: {done.stderr.strip()}")
        mounted.append(point)
        return point

    yield make
    for point in mounted:
        subprocess.run(["umount", str(point)], check=True)


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Mount a folder a second time, read-only, as ``read_only(folder)``."""
    mounted: list[Path] = []

    def make(folder: Path) -> Path:
        point = tmp_path / f"read-only-{len(mounted)}" / folder.name
        point.mkdir(parents=True)
        command = ["mount", "--bind", str(folder), str(point)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"mounting a folder needs more rights: {done.stderr.strip()}")
        mounted.append(point)
        subprocess.run(["mount", "-o", "remount,ro,bind", str(point)], check=True)
        return point

    yield make
    for point in mounted:
        subprocess.run(["umount", str(point)], check=True)
