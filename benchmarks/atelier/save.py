"""Saving the gallery: pictures, catalogue and ground truth, each file atomically."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import PIL.Image

from benchmarks.atelier.painting import paint
from benchmarks.atelier.works import Work, make_works

ATELIER_VERSION = "1"
"""Changes whenever the same work would come out as different pixels."""

CATALOG_COLUMNS = (
    "id",
    "file",
    "title",
    "artist",
    "display_date",
    "year_begin",
    "year_end",
    "classification",
    "medium",
    "style",
    "genre",
    "nationality",
    "credit_line",
)
TRUTH_COLUMNS = (
    "id",
    "hand",
    "scene",
    "composition",
    "palette",
    "light_from",
    "light_key",
    "head",
    "faces",
    "yaw_degrees",
    "motif",
    "format",
    "width",
    "height",
    "seed",
)

_JPEG_QUALITY = 90
_FEW = 4
"""Up to this many pictures are painted without starting other processes."""


def _write(path: Path, data: bytes) -> None:
    """Write a file so that no reader ever sees a part of it."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        draft.write_bytes(data)
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _paint_file(folder: str, work: Work) -> int:
    """Paint one work into its file and return its number (runs in a worker process)."""
    buffer = io.BytesIO()
    paint(work).save(buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0, comment=_signature())
    _write(Path(folder) / work.file, buffer.getvalue())
    return work.number


def to_csv(columns: Sequence[str], works: Sequence[Work]) -> bytes:
    """Return a CSV table of these attributes of the works, in UTF-8, None as an empty cell."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for work in works:
        values = (getattr(work, column) for column in columns)
        writer.writerow(["" if value is None else value for value in values])
    return out.getvalue().encode("utf-8")


def _signature() -> bytes:
    """Return the comment that every picture of this version carries in its file."""
    return f"artextract atelier {ATELIER_VERSION}".encode()


def _is_painted(path: Path) -> bool:
    """Return whether ``path`` is a picture of this version."""
    try:
        with PIL.Image.open(path, formats=("JPEG",)) as image:
            return image.info.get("comment") == _signature()
    except (FileNotFoundError, PIL.UnidentifiedImageError):
        return False


def save_gallery(
    folder: Path,
    works: Sequence[Work] | None = None,
    *,
    on_painted: Callable[[Work], None] | None = None,
    workers: int | None = None,
) -> Path:
    """Paint the works that are missing and write the catalogue.

    Writes ``paintings/*.jpg``, ``truth.csv`` (all factors) and, last, ``catalog.csv``. Every file
    appears whole or not at all. A picture that is already there from the same `ATELIER_VERSION`,
    which stands in its file, is kept; one of another version is painted again. No other file of
    the folder is touched.

    Args:
        folder: Where to write; made if missing.
        works: Works to save; all of `make_works` by default.
        on_painted: Called in this process with each work after its file is in place, in the order
            of finishing. Not called for pictures that were kept.
        workers: Number of processes; the number of processors by default. With 1, and for a few
            pictures, everything is painted in this process.

    Returns:
        The path of ``catalog.csv``.
    """
    chosen = make_works() if works is None else list(works)
    paintings = folder / "paintings"
    paintings.mkdir(parents=True, exist_ok=True)
    missing = [work for work in chosen if not _is_painted(folder / work.file)]
    processes = min(workers or os.cpu_count() or 1, len(missing))
    if processes > 1 and len(missing) > _FEW:
        by_number = {work.number: work for work in missing}
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            jobs = [pool.submit(_paint_file, str(folder), work) for work in missing]
            for job in as_completed(jobs):
                number = job.result()
                if on_painted is not None:
                    on_painted(by_number[number])
    else:
        for work in missing:
            _paint_file(str(folder), work)
            if on_painted is not None:
                on_painted(work)
    _write(folder / "truth.csv", to_csv(TRUTH_COLUMNS, chosen))
    catalog = folder / "catalog.csv"
    _write(catalog, to_csv(CATALOG_COLUMNS, chosen))
    return catalog
