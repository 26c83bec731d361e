"""The demo's archive of synthetic paintings: what is in it, and that it can be made again."""

import csv
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import PIL.Image
import pytest

from benchmarks.atelier.make_archive import ARCHIVE, MAX_BYTES, choose, make_archive
from benchmarks.atelier.save import ATELIER_VERSION, CATALOG_COLUMNS, to_csv
from benchmarks.atelier.works import make_works


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    with zipfile.ZipFile(ARCHIVE) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_it_is_small_and_of_this_version(files: dict[str, bytes]) -> None:
    assert ARCHIVE.stat().st_size <= MAX_BYTES == 4_000_000
    manifest = json.loads(files["manifest.json"])
    assert manifest["atelier_version"] == ATELIER_VERSION, (
        "run: python -m benchmarks.atelier.make_archive"
    )
    assert files["catalog.csv"] == to_csv(CATALOG_COLUMNS, choose())


def test_every_row_has_its_image(files: dict[str, bytes]) -> None:
    rows = list(csv.DictReader(io.StringIO(files["catalog.csv"].decode())))
    assert len(rows) == json.loads(files["manifest.json"])["works"] == 120
    assert {row["file"] for row in rows} == {name for name in files if name.endswith(".jpg")}
    for row in rows:
        with PIL.Image.open(io.BytesIO(files[row["file"]])) as image:
            image.load()
            assert max(image.size) >= 400


def test_all_levels_of_all_factors_are_there() -> None:
    works = choose()
    for factor in ("hand", "scene", "palette", "composition", "light_from", "light_key"):
        counts = Counter(getattr(work, factor) for work in works)
        assert counts.keys() == {getattr(work, factor) for work in make_works()}
        assert min(counts.values()) >= 0.6 * max(counts.values()), (factor, counts)
    heads = Counter(work.head for work in works if work.scene == "portrait")
    assert heads.keys() == {"left_profile", "left", "front", "right", "right_profile"}
    assert min(heads.values()) >= 2


def test_it_is_made_the_same_way_twice(tmp_path: Path) -> None:
    works = choose(2)
    for name in ("one.zip", "two.zip"):
        make_archive(tmp_path / name, works)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
