"""Where a file is published to: its format, and writing it whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, get_args

from artextract.errors import InputError

__all__ = ["FORMATS", "Format", "find_format", "replacing"]

Format = Literal["csv", "jsonl", "parquet", "iiif"]

FORMATS: tuple[Format, ...] = get_args(Format)

_ENDINGS: dict[str, Format] = {
    ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet", ".json": "iiif",
}  # fmt: skip


def find_format(path: Path, wanted: Format | None = None) -> Format:
    """Return the format in which ``path`` is written: ``wanted``, else by its ending.

    Raises:
        InputError: its ending is not known, or is that of another format than ``wanted``.
    """
    known = _ENDINGS.get(path.suffix.lower())
    if known is None and wanted is None:
        raise InputError(
            f"the format of {path} is not known by its ending; end it in "
            f"{', '.join(_ENDINGS)}, or name the format: {', '.join(FORMATS)}"
        )
    if known is not None and wanted is not None and known != wanted:
        right = next(ending for ending, format_ in _ENDINGS.items() if format_ == wanted)
        raise InputError(
            f"{path} has the ending of format {known}, and {wanted} is asked for; call it "
            f"{path.stem}{right}, or ask for {known}"
        )
    format_ = wanted or known
    assert format_ is not None
    return format_


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a name beside ``path``; what is written there takes its place when all went well.

    Raises:
        InputError: it can't be written; what was at ``path`` is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}); free some space or choose "
            "another folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
