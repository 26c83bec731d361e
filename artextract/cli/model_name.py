"""The type of ``--model`` options: models that are not packaged are exported on first use."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import click

from artextract.errors import CacheError, ModelError
from artextract.files import explain_os_errors
from artextract.models.registry import EXPORTABLE, exported_path

_NEEDED = ("torch", "torchvision", "onnx", "onnxscript")


class ModelName(click.ParamType[str]):
    """A model's name or the path of an ONNX file.

    A model of ``EXPORTABLE`` is exported into the cache first, in a process of its own: exporting
    needs torch, which commands that only use models never import.
    """

    name = "model"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return ``value``, once its model file exists."""
        if value in EXPORTABLE:
            ensure_exported(value)
        return value


def ensure_exported(arch: str) -> Path:
    """Return the model file of ``arch`` in the cache; export it unless it exists.

    Raises:
        ModelError: a package needed for the export is not installed, or the export failed, for
            example because the published weights can't be fetched.
        CacheError: the cache can't be written.
    """
    path = exported_path(arch)
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
    import filelock

    problem = f"model {arch!r} can't be kept in {path.parent}"
    advice = (
        "free some space or correct the permissions, or name another folder with $ARTEXTRACT_CACHE"
    )
    with explain_os_errors(problem, advice, CacheError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(path.with_suffix(".lock")):
            if not path.is_file():  # another process may have exported it meanwhile
                _export(arch, path)
    return path


def _export(arch: str, path: Path) -> None:
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
