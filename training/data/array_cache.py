"""Arrays that are computed once, batch by batch, and cached on disk.

Each set of arrays has a folder named by a hash of everything that it depends on, with one ``.npy``
file for each array. A folder gets its name only when it is complete.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

Arrays = Mapping[str, npt.NDArray[Any]]

_DONE = "made-of.json"


def load_arrays(cache: Path, kind: str, key: Sequence[object]) -> Arrays | None:
    """Return the memory-mapped arrays cached under ``kind`` and ``key``, or None.

    ``kind`` is a folder in ``cache``, ``key`` everything that the arrays depend on, as plain JSON.
    """
    folder = _folder(cache, kind, key)
    if not (folder / _DONE).is_file():
        return None
    return {path.stem: np.load(path, mmap_mode="r") for path in sorted(folder.glob("*.npy"))}


def save_arrays(
    cache: Path,
    kind: str,
    key: Sequence[object],
    rows: int,
    batches: Iterable[Arrays],
    on_rows: Callable[[int], None] = lambda count: None,
) -> Arrays:
    """Write ``batches`` one after another, and return the whole as :func:`load_arrays` does.

    There is at least one batch, all have the same names, and together they have ``rows`` rows.
    ``on_rows`` is called with how many more are written.

    Raises:
        OSError: they can't be written; nothing is left of them.
    """
    folder = _folder(cache, kind, key)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # A unique name, since another process may be writing the same arrays.
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
                on_rows(len(next(iter(batch.values()))))
        (draft / _DONE).write_text(json.dumps(list(key)), encoding="utf-8")
        try:
            draft.replace(folder)
        except OSError:
            if load_arrays(cache, kind, key) is None:  # else another process was faster
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    found = load_arrays(cache, kind, key)
    assert found is not None
    return found


def remove_arrays(cache: Path, kind: str, key: Sequence[object]) -> None:
    """Remove cached arrays, if any; on Linux, processes that mapped them can read on."""
    shutil.rmtree(_folder(cache, kind, key), ignore_errors=True)


def _write_header(file: IO[bytes], values: npt.NDArray[Any], rows: int) -> None:
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
