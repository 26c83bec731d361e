"""Writing files so that nobody ever sees half of one."""

import os
import secrets
import tempfile
from pathlib import Path

from artextract.errors import InputError

__all__ = ["check_target", "replace_bytes", "write_atomically"]


def check_target(path: Path, *, force: bool) -> None:
    """Check that ``path`` can be written, before any work is done; ``force`` allows to replace it.

    Raises:
        InputError: it is a folder, or exists and ``force`` is off; or its folder is missing or
            can't be written to.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file")
    if path.exists() and not force:
        raise InputError(f"{path} exists already; give another name, or --force to replace it")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} to; make it first")
    try:
        # Only writing tells: permission bits do not show read-only disks and quotas.
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(
            f"folder {path.parent} can't be written to ({error.strerror or error}); "
            "choose another folder"
        ) from error


def write_atomically(path: Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path``: a reader sees the old or the new file, never a part.

    Raises:
        OSError: the file can't be written; what was there is untouched.
    """
    temporary = path.with_name(path.name + ".new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def replace_bytes(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` as a whole, for files that may be lost when the power goes.

    Nothing is forced to the disk. Several processes may write the same file: the last one wins.

    Raises:
        OSError: the file can't be written; what was there is untouched.
    """
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
