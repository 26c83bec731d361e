"""Make the archive of synthetic paintings that ``artextract demo`` shows without a network.

    python -m benchmarks.atelier.make_archive

The zip file holds ``catalog.csv``, the JPEGs that it names, and ``manifest.json``, which says what
made them. The same versions of the code, numpy and Pillow give the same bytes.
"""

import argparse
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import PIL

from benchmarks.atelier.painting import paint
from benchmarks.atelier.save import ATELIER_VERSION, CATALOG_COLUMNS, to_csv
from benchmarks.atelier.works import Work, make_works

ARCHIVE = Path(__file__).resolve().parents[2] / "artextract" / "demo" / "atelier.zip"
COUNT = 120
MAX_BYTES = 4_000_000

_JPEG_QUALITY = 75
_FACTORS = ("hand", "scene", "scene", "palette", "composition", "light_from", "light_key")

# Too dark, too pale or too blurred to show what they show.
_LEFT_OUT = {
    3, 9, 12, 14, 18, 21, 24, 27, 42, 54, 57, 60, 61, 62, 73, 76, 81, 84, 90, 96, 99, 100, 107, 111,
    114, 118, 120, 126, 129, 135, 138, 144, 146, 147, 157, 159, 160, 164, 168, 174, 177, 183, 187,
    195, 198, 199, 204, 205, 206, 213, 216, 219, 222, 223, 224, 225, 228, 234,
}  # fmt: skip


def choose(count: int = COUNT) -> list[Work]:
    """Return ``count`` of the gallery's works, with all levels of each factor about equally often.

    One work after the other, the one is taken whose levels have been used least so far.
    """
    left = [work for work in make_works() if work.number not in _LEFT_OUT]
    used: Counter[tuple[str, str]] = Counter()
    chosen = []
    for _ in range(count):
        work = min(left, key=lambda work: sum(used[level] for level in _levels(work)))
        left.remove(work)
        chosen.append(work)
        used.update(_levels(work))
    return sorted(chosen, key=lambda work: work.number)


def _levels(work: Work) -> list[tuple[str, str]]:
    levels = [(factor, getattr(work, factor)) for factor in _FACTORS]
    return levels + ([("head", work.head)] * 2 if work.scene == "portrait" else [])


def make_archive(path: Path, works: list[Work]) -> None:
    """Paint ``works`` and write them, with their catalog, to the zip file ``path``."""
    manifest = {
        "made_by": "benchmarks/atelier/make_archive.py",
        "atelier_version": ATELIER_VERSION,
        "numpy": np.__version__,
        "pillow": PIL.__version__,
        "works": len(works),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        _add(archive, "manifest.json", json.dumps(manifest, indent=1).encode())
        _add(archive, "catalog.csv", to_csv(CATALOG_COLUMNS, works))
        for work in works:
            jpeg = io.BytesIO()
            paint(work).save(jpeg, "JPEG", quality=_JPEG_QUALITY, optimize=True)
            _add(archive, work.file, jpeg.getvalue())


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.external_attr = 0o644 << 16
    entry.compress_type = zipfile.ZIP_STORED if name.endswith(".jpg") else zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=ARCHIVE, help="the zip file to write")
    path = parser.parse_args().out
    make_archive(path, choose())
    size = path.stat().st_size
    print(f"{path}: {COUNT} paintings, {size:,} bytes")
    if size > MAX_BYTES:
        raise SystemExit(f"that is more than {MAX_BYTES:,} bytes; lower the quality or the count")


if __name__ == "__main__":
    main()
