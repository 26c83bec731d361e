"""Models that do not come with the package: exported on first use, and kept in the cache.

Exporting needs torch, which the core and the stages that use models never import; so it is done by
the command for it, in a process of its own.
"""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click
import filelock

from artextract.errors import CacheError, ModelError
from artextract.images.cache import default_cache_folder

__all__ = ["EXPORTABLE", "find_exported"]

EXPORTABLE = ("resnet50",)
"""Architectures whose published weights can be fetched."""

_NEEDED = ("torch", "torchvision", "onnx", "onnxscript")


def find_exported(arch: str) -> Path:
    """Return the model file of ``arch`` in the cache, exported first where it is not there.

    Raises:
        ModelError: what exporting needs is not installed, or it failed, as where the published
            weights can't be fetched.
        CacheError: the cache can't be written.
    """
    folder = default_cache_folder() / "models"
    path = folder / f"{arch}.onnx"
    if path.is_file():
        return path
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise ModelError(
            f"model {arch!r} is exported on first use, which needs {', '.join(missing)}; run "
            "pip install 'artextract[train]', or where that is installed "
            f"`artextract export embedder --arch {arch} --out {arch}.onnx`, and use --model "
            f"{arch}.onnx"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(folder / f"{arch}.lock"):
            if not path.is_file():  # another process may have been quicker
                _export(arch, path)
    except OSError as error:
        raise CacheError(
            f"model {arch!r} can't be kept in {folder} ({error.strerror or error}); make room or "
            "mend its rights, or name another folder with $ARTEXTRACT_CACHE"
        ) from error
    return path


def _export(arch: str, path: Path) -> None:
    """Run the export command; its messages go to stderr, where they are wanted."""
    click.echo(f"Exporting {arch} to {path}, once.", err=True)
    command = [sys.executable, "-m", "artextract", "export", "embedder", "--arch", arch]
    ran = subprocess.run([*command, "--out", str(path)], capture_output=True, text=True)
    if ran.returncode:
        lines = [line for line in ran.stderr.splitlines() if line.strip()]
        reason = lines[-1].removeprefix("Error: ") if lines else f"exit code {ran.returncode}"
        raise ModelError(
            f"model {arch!r} could not be exported: {reason}; with a file of its weights run "
            f"`artextract export embedder --arch {arch} --weights FILE --out {arch}.onnx` and use "
            f"--model {arch}.onnx"
        )
