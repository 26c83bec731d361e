"""Writing files so that nobody ever sees half of one."""

import os
import secrets
from pathlib import Path

__all__ = ["replace_bytes", "write_atomically"]


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
