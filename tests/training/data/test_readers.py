"""EncodedDataset samples out of a catalog, and out of ArtGAN's lists."""

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest
from pictures import make_picture

from artextract.catalog.years import UNKNOWN_YEARS, YearRange
from artextract.errors import CatalogError, InputError
from training.data.labelled_catalog import read_labelled_catalog
from training.data.wikiart import read_wikiart

ATTRIBUTES = ("style", "genre", "artist")


def write_catalog(folder: Path, rows: list[dict[str, str]]) -> Path:
    path = folder / "works.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["file", "style", "genre", "artist", "year", "split"])
        writer.writeheader()
        writer.writerows(rows)
    for row in rows:
        if row["file"] != "missing.jpg":
            make_picture(1, (24, 24)).save(folder / row["file"])
    return path


def test_catalog_labels_are_read(tmp_path: Path) -> None:
    rows = [
        {
            "file": "a.jpg",
            "style": "Baroque",
            "artist": "Judith Leyster",
            "year": "1630",
            "split": "train",
        },
        {"file": "b.jpg", "style": "baroque", "genre": "portrait", "split": "val"},
        {"file": "c.jpg", "style": "Baroque", "genre": "portrait", "split": "train"},
        {"file": "missing.jpg", "style": "Baroque", "split": "train"},
        {"file": "d.jpg", "split": "train"},
    ]
    dataset = read_labelled_catalog(write_catalog(tmp_path, rows), tmp_path, ATTRIBUTES, "split")
    first, second, third = dataset.samples
    assert [sample.id for sample in dataset.samples] == ["a.jpg", "b.jpg", "c.jpg"]
    assert first.labels == {"style": "Baroque", "artist": "Judith Leyster"}
    assert (first.years, second.years) == (YearRange(1630, 1630), UNKNOWN_YEARS)
    assert second.labels == {"style": "Baroque", "genre": "portrait"}  # one spelling a class
    assert (third.artist, third.split, third.image) == (None, "train", tmp_path / "c.jpg")
    assert "1 without an image" in dataset.summary()
    assert "1 without any label" in dataset.summary()


def test_attributes_are_named_as_the_columns_or_as_the_fields(tmp_path: Path) -> None:
    make_picture(1, (24, 24)).save(tmp_path / "a.jpg")
    (tmp_path / "works.csv").write_text("File,Style,Artist Name,Room\na.jpg,Baroque,Leyster,12\n")
    names = ("Style", "artist", "Artist Name", "Room")
    (sample,) = read_labelled_catalog(tmp_path / "works.csv", tmp_path, names, None).samples
    assert sample.labels == {
        "Style": "Baroque", "artist": "Leyster", "Artist Name": "Leyster", "Room": "12",
    }  # fmt: skip


def test_catalogs_without_usable_samples_raise(tmp_path: Path) -> None:
    rows = [{"file": "a.jpg", "style": "Baroque", "split": "train"}]
    path = write_catalog(tmp_path, rows)
    with pytest.raises(
        CatalogError, match=r"in the column 'splitt' for the split, did you mean 'split'"
    ):
        read_labelled_catalog(path, tmp_path, ("style",), "splitt")
    with pytest.raises(CatalogError, match="in the column 'genre'"):
        read_labelled_catalog(path, tmp_path, ("style", "genre"), None)
    with pytest.raises(InputError, match="there is no folder"):
        read_labelled_catalog(path, tmp_path / "no", ("style",), None)
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(InputError, match=r"1 without an image, the first 'a\.jpg'"):
        read_labelled_catalog(path, tmp_path, ("style",), None)


def test_full_wikiart_lists_with_one_image_in_a_hundred(shared: Path, tmp_path: Path) -> None:
    for file in (shared / "data" / "artgan_lists").iterdir():
        shutil.copy(file, tmp_path)
    listed: set[str] = set()
    for side in ("train", "val"):
        with (tmp_path / f"style_{side}.csv").open(encoding="utf-8", newline="") as text:
            listed |= {row["Path"] for row in csv.DictReader(text)}
    chosen = sorted(listed)[::100]
    for name in chosen:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    dataset = read_wikiart(tmp_path)
    # A training sample that is most likely a validation sample too is left out.
    assert len(chosen) * 0.9 < len(dataset.samples) <= len(chosen)
    assert {sample.split for sample in dataset.samples} == {"train", "val"}
    styles = Counter(sample.labels.get("style") for sample in dataset.samples)
    assert "Art_Nouveau_Modern" in styles
    assert "Art_Nouveau" not in styles
    assert "without an image" in dataset.summary() or "missing" in dataset.summary()


def test_lists_without_images_raise(shared: Path, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="has none of ArtGAN's lists"):
        read_wikiart(tmp_path)
    for file in (shared / "data" / "artgan_lists").iterdir():
        shutil.copy(file, tmp_path)
    with pytest.raises(InputError, match="none of the 81,44"):
        read_wikiart(tmp_path)
