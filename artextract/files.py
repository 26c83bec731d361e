"""Write files as a whole: a reader, or a run after a crash, never finds half of one."""

import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from artextract.errors import ArtExtractError, InputError


def check_target(path: Path, *, force: bool) -> None:
    """Check that ``path`` can be written, before any work is done; ``force`` allows to replace it.

    Raises:
        InputError: it is a folder, or exists and ``force`` is off; or its folder is missing or
            can't be written to.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the name of a file")
    if path.exists() and not force:
        raise InputError(f"{path} exists already; give another name, or replace it with `force`")
    if not path.parent.is_dir():
        raise InputError(f"there is no folder {path.parent} to write {path.name} to; make it first")
    try:
        # Permission bits don't show read-only disks and quotas; writing does.
        with tempfile.TemporaryFile(dir=path.parent):
            pass
    except OSError as error:
        raise InputError(
            f"folder {path.parent} can't be written to ({error.strerror or error}); "
            "choose another folder"
        ) from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def atomic_write(path: Path, content: str | bytes, *, durable: bool = True) -> None:
    """Write ``content`` (text as UTF-8) to ``path``; see :func:`replacing`."""
    with replacing(path, durable=durable) as temporary:
        temporary.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[Path]:
    """Yield a new path beside ``path``; the file written there replaces ``path`` on success.

    Several threads and processes may write the same ``path``: the last one wins. The new path has
    the ending of ``path``. Whatever is raised, ``path`` is unchanged and the new file is removed.

    Args:
        path: The file to write; its folder must exist.
        durable: Force the content to the disk first, so that the file survives a power cut. False
            is faster, for files that can be made again.

    Raises:
        OSError: the file can't be written.
    """
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}.new{path.suffix}")
    try:
        yield temporary
        if durable:
            with temporary.open("r+b") as file:
                os.fsync(file.fileno())
        temporary.replace(path)
        if durable and os.name == "posix":
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)  # the new name, too, survives a power cut
            finally:
                os.close(folder)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def explain_os_errors(
    problem: str, advice: str, kind: type[ArtExtractError] = InputError
) -> Iterator[None]:
    """Raise an OSError as ``kind``: the problem, the system's reason, and what to do."""
    try:
        yield
    except OSError as error:
        raise kind(f"{problem} ({error.strerror or error}); {advice}") from error
