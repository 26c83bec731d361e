"""Pictures that are decoded once: right pixels, broken files counted, nothing done twice."""

import os
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from pictures import make_picture

from artextract.errors import InputError
from artextract.images.preprocess import Preprocess
from training.data.images import DecodedImages
from training.data.samples import Sample

SQUEEZED = Preprocess(
    size=24, resize=None, interpolation="bicubic", mean=(127.0,) * 3, std=(128.0,) * 3
)
CUT = Preprocess(size=24, resize=28, interpolation="bilinear", mean=(0.0,) * 3, std=(1.0,) * 3)
SIZES = [(40, 30), (30, 46), (24, 24), (33, 60), (61, 29), (28, 28)]


def make_samples(folder: Path) -> list[Sample]:
    """Write a JPEG or a PNG for each of the sizes, and return samples of these."""
    folder.mkdir(parents=True)
    samples = []
    for number, size in enumerate(SIZES):
        path = folder / f"{number}{'.png' if number % 2 else '.jpg'}"
        make_picture(number, size).save(path, quality=90)
        samples.append(Sample(id=f"w{number}", image=path, labels={}))
    return samples


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def replace_unseen(path: Path) -> None:
    """Overwrite a file with as many other bytes, and leave its time as it was."""
    status = path.stat()
    path.write_bytes(b"x" * status.st_size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def assert_pixels(images: DecodedImages, preprocess: Preprocess) -> None:
    """Check each image against its file, opened and resized alone."""
    assert len(images) == len(images.samples)
    for number, sample in enumerate(images.samples):
        with PIL.Image.open(sample.image) as image:
            expected = preprocess.resize_pixels(image.convert("RGB"))
        np.testing.assert_array_equal(images[np.array([number])], expected[None])


@pytest.mark.parametrize("preprocess", [SQUEEZED, CUT])
def test_cached_pixels_equal_the_preprocessed_images(
    preprocess: Preprocess, tmp_path: Path
) -> None:
    samples = make_samples(tmp_path / "images")
    images = DecodedImages(samples, preprocess, tmp_path / "cache")
    assert (images.samples, images.broken, images.summary()) == (samples, {}, "")
    assert_pixels(images, preprocess)
    numbers = np.array([5, 0, 5, 2])
    several = images[numbers]
    assert several.shape == (4, 24, 24, 3)
    assert several.dtype == np.uint8
    for image, number in zip(several, numbers, strict=True):
        np.testing.assert_array_equal(image, images[np.array([number])][0])
    several[:] = 0  # a copy
    assert_pixels(images, preprocess)


@pytest.mark.parametrize("broken", [[0, 3], [4, 5], [0, 1, 2, 3, 4]])
def test_broken_images_are_left_out_and_counted(broken: list[int], tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "images")
    first, *others = broken
    cut_off(samples[first].image)
    for number in others:
        samples[number].image.unlink()
    images = DecodedImages(samples, SQUEEZED, tmp_path / "cache")
    assert list(images.broken) == [samples[number].id for number in broken]
    assert "damaged or truncated" in images.broken[samples[first].id]
    for number in others:
        assert f"there is no file {samples[number].image}" in images.broken[samples[number].id]
    assert images.summary().startswith(
        f"{len(broken)} of 6 images can't be opened and are left out, the first because "
        f"{samples[first].image} is damaged or truncated"
    )
    assert images.samples == [sample for row, sample in enumerate(samples) if row not in broken]
    assert_pixels(images, SQUEEZED)


def test_second_opening_reads_the_cache(tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "images")
    samples[1].image.unlink()
    before = DecodedImages(samples, SQUEEZED, tmp_path / "cache")
    expected = before[np.arange(5)]
    for sample in before.samples:
        replace_unseen(sample.image)
    again = DecodedImages(samples, SQUEEZED, tmp_path / "cache")
    assert (again.key, again.samples, again.broken) == (before.key, before.samples, before.broken)
    assert again.summary() == before.summary()
    np.testing.assert_array_equal(again[np.arange(5)], expected)
    with pytest.raises(InputError, match="none of the 6 images can be opened"):
        DecodedImages(samples, SQUEEZED, tmp_path / "other cache")


def test_changed_image_file_is_decoded_under_another_key(tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "images")
    keys = {DecodedImages(samples, SQUEEZED, tmp_path / "cache").key}
    make_picture(99, SIZES[2]).save(samples[2].image)
    images = DecodedImages(samples, SQUEEZED, tmp_path / "cache")
    assert_pixels(images, SQUEEZED)
    keys.add(images.key)
    samples[3].image.unlink()
    keys.add(DecodedImages(samples, SQUEEZED, tmp_path / "cache").key)
    keys.add(DecodedImages(samples, CUT, tmp_path / "cache").key)
    keys.add(DecodedImages(samples[::-1], SQUEEZED, tmp_path / "cache").key)
    keys.add(DecodedImages(samples[:5], SQUEEZED, tmp_path / "cache").key)
    assert len(keys) == 6


def test_damaged_cache_is_rebuilt(tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "images")
    DecodedImages(samples, SQUEEZED, tmp_path / "cache")
    (pixels,) = (tmp_path / "cache").glob("*.u8")
    (facts,) = (tmp_path / "cache").glob("*.json")
    for file in (pixels, facts):
        file.write_bytes(file.read_bytes()[:-20])
        assert_pixels(DecodedImages(samples, SQUEEZED, tmp_path / "cache"), SQUEEZED)
        file.unlink()
        assert_pixels(DecodedImages(samples, SQUEEZED, tmp_path / "cache"), SQUEEZED)


def test_dataset_without_readable_images_raises(tmp_path: Path) -> None:
    samples = make_samples(tmp_path / "images")
    for sample in samples:
        sample.image.write_text("no image")
    with pytest.raises(
        InputError,
        match=r"^none of the 6 images can be opened, the first because .*0\.jpg is not a JPEG",
    ):
        DecodedImages(samples, SQUEEZED, tmp_path / "cache")
    with pytest.raises(InputError, match="none of the 0 images can be opened; give samples"):
        DecodedImages([], SQUEEZED, tmp_path / "cache")
    assert {path.suffix for path in (tmp_path / "cache").iterdir()} <= {".lock"}
