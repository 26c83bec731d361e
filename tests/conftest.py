"""Fixtures that all tests share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract, Ran

from artextract.cli import main

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
