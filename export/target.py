"""Whether a model file may be written where the user asks, asked before any work is done."""

import tempfile
from pathlib import Path

from artextract.errors import InputError

__all__ = ["check_target"]


def check_target(out: Path, *, force: bool) -> None:
    """Check that ``out`` can become a model file.

    Args:
        out: The file to be written.
        force: Whether a file of that name may be replaced.

    Raises:
        InputError: ``out`` does not end in .onnx, is a folder, or exists and ``force`` is off; or
            its folder does not exist or can't be written to.
    """
    if out.suffix != ".onnx":
        raise InputError(f"{out} does not end in .onnx; give a name such as {out.stem}.onnx")
    if out.is_dir():
        raise InputError(f"{out} is a folder; give the name of a file")
    if out.exists() and not force:
        raise InputError(f"{out} exists already; give another name, or --force to replace it")
    if not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent} to write {out.name} to; make it first")
    try:
        # Only writing tells: permission bits do not show read-only disks and quotas.
        with tempfile.TemporaryFile(dir=out.parent):
            pass
    except OSError as error:
        raise InputError(
            f"folder {out.parent} can't be written to ({error.strerror or error}); "
            "choose another folder"
        ) from error
