"""Colours come out as sRGB: by the embedded profile, and by the real range of the samples."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from commands import Artextract
from pictures import make_picture
from PIL import ImageCms
from profiles import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    cmyk_profile,
    convert_to_srgb,
    grey_profile,
    rgb_profile,
)  # fmt: skip

from artextract.images.colour import UNUSABLE_PROFILE
from artextract.images.formats import MAX_PROFILE_BYTES
from artextract.images.opening import HARMLESS_DAMAGE, make_thumbnail, open_image, open_sized

PICTURE = make_picture(3, (64, 48))
PIXELS = np.asarray(PICTURE)
WIDE = rgb_profile(PROPHOTO, 1.8)
SRGB_CURVE = [
    round(65535 * (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4))
    for v in (level / 1023 for level in range(1024))
]


def encode(image: PIL.Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def pixels_of(data: bytes, name: str = "image", **options: Any) -> npt.NDArray[np.int16]:
    return np.asarray(open_image(data, name, **options), np.int16)


# Profiles


@pytest.mark.parametrize(
    ("primaries", "gamma"),
    [(PROPHOTO, 1.8), (ADOBE_RGB, 2.2), (DISPLAY_P3, 2.2), (SRGB, 1.0), (SRGB, 1.8)],
    ids=["ProPhoto", "Adobe RGB", "P3 of gamma 2.2", "linear", "gamma 1.8"],
)
def test_profiles_are_applied(primaries: Any, gamma: float) -> None:
    data = encode(PICTURE, "PNG", icc_profile=rgb_profile(primaries, gamma))
    expected = convert_to_srgb(PIXELS, primaries, gamma)
    difference = np.abs(pixels_of(data) - expected)
    # Dark linear values lie on the steep part of the curve, where 8 bits are coarse.
    assert difference.mean() <= 0.6
    assert np.quantile(difference, 0.99) <= 2


@pytest.mark.parametrize(
    ("format_", "options"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}),
        ("PNG", {}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("AVIF", {"quality": 100, "subsampling": "4:4:4"}),
    ],
)
def test_profiles_of_every_format_are_applied(format_: str, options: dict[str, Any]) -> None:
    plain = pixels_of(encode(PICTURE, format_, **options))
    tagged = pixels_of(encode(PICTURE, format_, icc_profile=WIDE, **options))
    expected = convert_to_srgb(plain.astype(np.uint8), PROPHOTO, 1.8)
    assert np.abs(tagged - expected).mean() <= 1
    assert np.abs(tagged - plain).mean() > 5


@pytest.mark.parametrize("mode", ["RGBA", "P", "P with alpha"])
def test_profiles_of_other_modes_are_applied(mode: str) -> None:
    image = PICTURE.quantize(64) if mode.startswith("P") else PICTURE.copy()
    opaque = np.asarray(image.convert("RGB"))
    options: dict[str, Any] = {}
    if mode == "RGBA":
        image.putalpha(255)
    elif mode == "P with alpha":
        options["transparency"] = b"\xff" * 64
    data = encode(image, "PNG", icc_profile=WIDE, **options)
    expected = convert_to_srgb(opaque, PROPHOTO, 1.8)
    assert np.abs(pixels_of(data) - expected).mean() <= 0.6


def test_transparency_is_laid_on_white_after_the_conversion() -> None:
    image = PICTURE.copy()
    image.putalpha(0)
    assert (pixels_of(encode(image, "PNG", icc_profile=WIDE)) == 255).all()


def test_a_reduced_jpeg_has_the_colours_of_the_full_one() -> None:
    data = encode(make_picture(5, (800, 600)), "JPEG", quality=95, icc_profile=WIDE)
    full = open_image(data, "image").resize((200, 150), PIL.Image.Resampling.BOX)
    assert np.abs(pixels_of(data, at_least=150) - np.asarray(full, np.int16)).mean() <= 2


SAME = {
    "no profile": None,
    "sRGB of LittleCMS": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "sRGB as a table": rgb_profile(SRGB, SRGB_CURVE),
    "sRGB of a scanner": rgb_profile(SRGB, SRGB_CURVE, b"scnr"),
}
BROKEN = {
    "noise": bytes(range(256)) * 3,
    "one byte": b"x",
    "cut off": WIDE[:150],
    "holes": WIDE[:200] + WIDE[300:],
    "no tags": WIDE[:128] + bytes(4),
    "grey": grey_profile(1.8),
    "CMYK": cmyk_profile(lambda *inks: (50, 0, 0)),
    "device link": rgb_profile(PROPHOTO, 1.8, b"link"),
    "too large": WIDE + bytes(MAX_PROFILE_BYTES),
}


@pytest.mark.parametrize("kind", SAME)
@pytest.mark.parametrize("at_least", [None, 40])
def test_without_a_profile_and_with_srgb_no_pixel_changes(kind: str, at_least: int | None) -> None:
    for format_ in ("JPEG", "PNG", "WEBP", "TIFF"):
        data = encode(make_picture(2, (160, 120)), format_, icc_profile=SAME[kind])
        with PIL.Image.open(io.BytesIO(data)) as plain:
            if at_least and format_ == "JPEG":
                plain.draft("RGB", (at_least, at_least))
            expected = np.asarray(plain.convert("RGB"))
        assert (pixels_of(data, at_least=at_least) == expected).all()


@pytest.mark.parametrize("kind", BROKEN)
def test_a_profile_that_cannot_be_used_is_named(kind: str) -> None:
    data = encode(PICTURE, "TIFF", icc_profile=BROKEN[kind])
    notes: list[tuple[str, str]] = []
    for _ in range(2):
        image, _ = open_sized(data, "image", on_note=lambda *note: notes.append(note))
        assert (np.asarray(image) == PIXELS).all()
    assert [kind for kind, _ in notes] == [UNUSABLE_PROFILE] * 2
    assert all(example for _, example in notes)


def test_an_ingest_names_the_images_and_goes_on(tmp_path: Path, artextract: Artextract) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a", "b"):
        PICTURE.save(tmp_path / "in" / f"{name}.png", icc_profile=BROKEN["CMYK"])
    whole = encode(PICTURE, "JPEG")
    (tmp_path / "in" / "c.jpg").write_bytes(whole[:-2])
    store = tmp_path / "store"
    for words in ((), ("--dry-run",)):
        where = tmp_path / "none" if words else store
        ran = artextract("ingest", "folder", tmp_path / "in", "--store", where, *words)
        assert ran.code == 0
        assert f"{UNUSABLE_PROFILE}: 2, such as" in ran.out
        assert f"{HARMLESS_DAMAGE}: 1, such as 'no end' (c.jpg)" in ran.out
    assert UNUSABLE_PROFILE in (store / "failures.jsonl").read_text()


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2])
@pytest.mark.parametrize("kind", ["L", "LA", "I;16"])
def test_grey_profiles_are_applied(gamma: float, kind: str) -> None:
    grey = np.asarray(PICTURE.convert("L"))
    image = PIL.Image.fromarray(grey)
    if kind == "LA":
        image.putalpha(255)
    elif kind == "I;16":
        image = PIL.Image.fromarray(grey.astype(np.uint16) * 257)
    opened = pixels_of(encode(image, "PNG", icc_profile=grey_profile(gamma)))
    expected = convert_to_srgb(np.stack([grey] * 3, axis=2), SRGB, gamma)
    assert np.abs(opened - expected).max() <= 2.5


def test_grey_with_a_profile_of_colours_is_converted_as_colour() -> None:
    grey = PICTURE.convert("L")
    opened = pixels_of(encode(grey, "PNG", icc_profile=WIDE))
    expected = convert_to_srgb(np.asarray(grey.convert("RGB")), PROPHOTO, 1.8)
    assert np.abs(opened - expected).max() <= 2.5


@pytest.mark.parametrize("format_", ["TIFF", "JPEG"])
def test_cmyk_profiles_are_applied(format_: str) -> None:
    def lab(c: int, m: int, y: int, k: int) -> tuple[float, float, float]:
        if k:
            return (10, 0, 0)
        return {(1, 0, 0): (55, -37, -50), (0, 1, 0): (48, 74, -3), (0, 0, 1): (89, -5, 93)}.get(
            (c, m, y), (100, 0, 0) if not c + m + y else (30, 0, 0)
        )

    inks = np.zeros((16, 64, 4), np.uint8)
    for at in range(3):
        inks[:, 16 * at : 16 * at + 16, at] = 255
    image = PIL.Image.frombytes("CMYK", (64, 16), inks.tobytes())
    options: dict[str, Any] = {"quality": 100, "subsampling": 0} if format_ == "JPEG" else {}
    opened = open_image(encode(image, format_, icc_profile=cmyk_profile(lab), **options), "image")
    # The printers' cyan, magenta and yellow (Lab D50) in sRGB, and paper; not (0, 255, 255) etc.
    for at, expected in enumerate([(0, 144, 219), (213, 0, 120), (243, 224, 0), (255, 255, 255)]):
        assert opened.getpixel((16 * at + 8, 8)) == pytest.approx(expected, abs=14)
    plain = open_image(encode(image, format_, **options), "image")
    assert plain.getpixel((8, 8)) == pytest.approx((0, 255, 255), abs=3)


def test_lab_is_converted() -> None:
    image = PICTURE.convert("LAB")
    assert np.abs(pixels_of(encode(image, "TIFF")) - PIXELS).mean() <= 3


def test_an_opened_image_is_not_converted_again() -> None:
    opened = open_image(encode(PICTURE, "TIFF", icc_profile=WIDE), "image")
    for format_ in ("PNG", "TIFF"):
        again = open_image(encode(opened, format_), "again")
        assert (np.asarray(again) == np.asarray(opened)).all()
    with PIL.Image.open(io.BytesIO(encode(opened, "PNG"))) as saved:
        assert "icc_profile" not in saved.info
    assert make_thumbnail(opened)


def test_orientation_holds_beside_a_profile() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    image, size = open_sized(encode(PICTURE, "JPEG", icc_profile=WIDE, exif=exif), "turned")
    assert image.size == size == (48, 64)


def test_a_picture_is_found_by_its_copy_with_another_profile(
    tmp_path: Path, artextract: Artextract
) -> None:
    linear = (PIXELS / 255) ** 2.2  # near enough to sRGB
    wide = linear @ np.asarray(SRGB) @ np.linalg.inv(np.asarray(PROPHOTO))
    tagged = PIL.Image.fromarray((np.clip(wide, 0, 1) ** (1 / 1.8) * 255).round().astype(np.uint8))
    (tmp_path / "in").mkdir()
    tagged.resize((256, 192)).save(tmp_path / "in" / "wide.png", icc_profile=WIDE)
    PICTURE.resize((256, 192)).save(tmp_path / "query.png")
    store = tmp_path / "store"
    assert artextract("ingest", "folder", tmp_path / "in", "--store", store).code == 0
    for aspect in ("palette", "lighting"):
        ran = artextract(
            "search", tmp_path / "query.png", "--store", store, "--by", aspect, "--format", "json"
        )
        assert '"score": 0.9' in ran.out or '"score": 1.0' in ran.out, ran.out


# More than 8 bits


def tiff(
    samples: npt.NDArray[np.uint16], order: str = "<", *, bits: int = 16, packed: bool = False
) -> bytes:
    """Return a TIFF of one channel or three, 12 or 16 bits a sample; ``packed`` by deflate."""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    if bits == 12:
        pairs = samples.reshape(-1, 2).astype(int)
        body = b"".join((a << 12 | b).to_bytes(3, "big") for a, b in pairs.tolist())
    else:
        body = samples.astype(f"{order}u2").tobytes()
    body = zlib.compress(body) if packed else body
    at_bits = 8 + 2 + 12 * 10 + 4
    tags = [
        (256, 3, 1, width), (257, 3, 1, height),
        (258, 3, channels, bits if channels == 1 else at_bits), (259, 3, 1, 8 if packed else 1),
        (262, 3, 1, 1 if channels == 1 else 2), (273, 4, 1, at_bits + 6), (277, 3, 1, channels),
        (278, 3, 1, height), (279, 4, 1, len(body)), (284, 3, 1, 1),
    ]  # fmt: skip
    entries = b"".join(
        struct.pack(f"{order}HHI", tag, kind, count)
        + (struct.pack(f"{order}HH", value, 0) if kind == 3 and count == 1
           else struct.pack(f"{order}I", value))
        for tag, kind, count, value in tags
    )  # fmt: skip
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8)
    return (
        head + struct.pack(f"{order}H", len(tags)) + entries + bytes(4)
        + struct.pack(f"{order}3H", bits, bits, bits) + body
    )  # fmt: skip


def png(samples: npt.NDArray[np.uint16]) -> bytes:
    """Return a PNG of one channel or three, 16 bits a sample."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")
        )

    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = struct.pack(">IIBBBBB", width, height, 16, 2 if samples.ndim == 3 else 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )  # fmt: skip


KINDS: dict[str, Callable[[npt.NDArray[np.uint16]], bytes]] = {
    "PNG": png,
    "TIFF": tiff,
    "big-endian TIFF": lambda samples: tiff(samples, ">"),
    "packed TIFF": lambda samples: tiff(samples, packed=True),
    "packed big-endian TIFF": lambda samples: tiff(samples, ">", packed=True),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("bits", [10, 12, 16])
def test_samples_are_scaled_by_their_real_range(kind: str, channels: int, bits: int) -> None:
    shape = (12, 20) if channels == 1 else (12, 20, 3)
    samples = np.random.default_rng(bits).integers(0, 1 << bits, shape).astype(np.uint16)
    samples.flat[0] = (1 << bits) - 1
    expected = samples.astype(float) * 255 / ((1 << bits) - 1)
    opened = pixels_of(KINDS[kind](samples))
    if channels == 1:
        assert (opened == opened[..., :1]).all()
        opened = opened[..., 0]
    assert np.abs(opened - expected).max() <= 1


def test_declared_bits_count_for_more_than_the_brightest_sample() -> None:
    samples = np.full((4, 6), 1000, np.uint16)
    assert (pixels_of(tiff(samples, bits=12)) == 1000 * 255 // 4095).all()


@pytest.mark.parametrize("top", [255, 1023, 4095, 65535, 1_000_000])
def test_32_bit_grey_is_scaled_by_its_range(top: int) -> None:
    samples = np.linspace(0, top, 60).astype(np.int32).reshape(6, 10)
    opened = pixels_of(encode(PIL.Image.fromarray(samples), "TIFF"))
    assert np.abs(opened[..., 0] - samples * 255 / top).max() <= 1


@pytest.mark.parametrize("top", [1.0, 1.2, 255.0, 4095.0, 65535.0, 1e6])
def test_floats_are_scaled_by_their_range(top: float) -> None:
    samples = np.linspace(0, top, 60, dtype=np.float32).reshape(6, 10)
    samples[0, :3] = (np.nan, -5, 0)
    opened = pixels_of(encode(PIL.Image.fromarray(samples), "TIFF"))
    samples[0, :3] = 0
    expected = np.minimum(samples / (1 if top == 1.2 else top), 1) * 255
    assert np.abs(opened[..., 0] - expected).max() <= 1


def test_a_dark_image_of_16_bits_stays_dark() -> None:
    samples = np.full((4, 6), 8000, np.uint16)
    for data in (png(samples), tiff(samples), png(np.stack([samples] * 3, axis=2))):
        assert (pixels_of(data) == 31).all()
