"""Arrays that are computed once, batch by batch, and kept in the cache until something changes.

Each set has a folder named after all that it depends on, with a ``.npy`` file for each array; what
is half written never has that name.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

__all__ = ["Arrays", "keep_arrays", "load_arrays", "remove_arrays"]

Arrays = Mapping[str, npt.NDArray[Any]]

_DONE = "made-of.json"


def load_arrays(cache: Path, kind: str, key: Sequence[object]) -> Arrays | None:
    """Return what is kept in ``cache`` under ``kind`` and ``key``, mapped from disk, or None.

    Args:
        cache: A folder for what can be made again.
        kind: The name of the folder in it.
        key: All that the arrays depend on, as plain JSON.
    """
    folder = _folder(cache, kind, key)
    if not (folder / _DONE).is_file():
        return None
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}


def keep_arrays(
    cache: Path, kind: str, key: Sequence[object], rows: int, batches: Iterable[Arrays]
) -> Arrays:
    """Write ``batches`` one after another, and return the whole as :func:`load_arrays`.

    Args:
        cache: As there.
        kind: As there.
        key: As there.
        rows: How many rows all batches have together.
        batches: At least one, each with the same names; rows first.

    Raises:
        OSError: they can't be written; nothing is left of them.
    """
    folder = _folder(cache, kind, key)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Of its own name, since another process may be making the same.
    draft = Path(tempfile.mkdtemp(prefix=folder.name + ".", dir=folder.parent))
    try:
        files: dict[str, IO[bytes]] = {}
        with ExitStack() as opened:
            for batch in batches:
                for name, values in batch.items():
                    if name not in files:
                        files[name] = opened.enter_context((draft / f"{name}.npy").open("wb"))
                        _write_header(files[name], values, rows)
                    files[name].write(np.ascontiguousarray(values).data)
        (draft / _DONE).write_text(json.dumps(list(key)), encoding="utf-8")
        try:
            draft.replace(folder)
        except OSError:
            if load_arrays(cache, kind, key) is None:  # else another process was quicker
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    found = load_arrays(cache, kind, key)
    assert found is not None
    return found


def remove_arrays(cache: Path, kind: str, key: Sequence[object]) -> None:
    """Remove what is kept, where anything is; on Linux, who has it open can read on."""
    shutil.rmtree(_folder(cache, kind, key), ignore_errors=True)


def _write_header(file: IO[bytes], values: npt.NDArray[Any], rows: int) -> None:
    """Begin a .npy file of ``rows`` rows such as those of ``values``."""
    np.lib.format.write_array_header_2_0(
        file,
        {
            "descr": np.lib.format.dtype_to_descr(values.dtype),
            "fortran_order": False,
            "shape": (rows, *values.shape[1:]),
        },
    )


def _folder(cache: Path, kind: str, key: Sequence[object]) -> Path:
    text = json.dumps(list(key), ensure_ascii=False, sort_keys=True)
    return cache / kind / hashlib.sha256(text.encode()).hexdigest()[:32]
