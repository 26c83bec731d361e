"""Images are untrusted: these tests hold what must open, how close it comes out, and what must not.

Tolerances, in steps of 0 to 255: lossless files 1 (the rounding of transparency and of 16 bits),
JPEG 6 on average over a grainy picture (quality 95, chroma not subsampled: 3).
"""

import base64
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pictures import make_picture

from artextract.errors import ImageError
from artextract.images import opening as images
from artextract.images.opening import (
    IMAGE_SUFFIXES,
    MAX_PIXELS,
    content_hash,
    jpeg_data_uri,
    make_thumbnail,
    open_image,
    open_sized,
    read_image_file,
)

Pixels = npt.NDArray[np.uint8]
Entry = tuple[int, int, int, bytes]

SIZE = (64, 48)
ORIENTATION = 0x0112


def encode(image: PIL.Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def pixels_of(image: PIL.Image.Image) -> Pixels:
    return np.asarray(image)


def mean_difference(first: PIL.Image.Image, second: PIL.Image.Image) -> float:
    assert first.size == second.size
    difference = pixels_of(first).astype(int) - pixels_of(second).astype(int)
    return float(np.abs(difference).mean())


def largest_difference(first: PIL.Image.Image, second: PIL.Image.Image) -> int:
    assert first.size == second.size
    difference = pixels_of(first).astype(int) - pixels_of(second).astype(int)
    return int(np.abs(difference).max())


def on_white(colour: Pixels, alpha: Pixels) -> PIL.Image.Image:
    """Lay a picture with alpha on white, pixel by pixel."""
    height, width = alpha.shape
    laid = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            share = int(alpha[y, x]) / 255
            for channel in range(3):
                laid[y, x, channel] = round(int(colour[y, x, channel]) * share + 255 * (1 - share))
    return PIL.Image.fromarray(laid)


PICTURE = make_picture(3, SIZE)
GREY = PICTURE.convert("L")
GREY_AS_RGB = PIL.Image.fromarray(np.stack([pixels_of(GREY)] * 3, axis=2))
# From opaque at the left to clear at the right.
ALPHA = PIL.Image.fromarray(
    np.tile(np.linspace(255, 0, SIZE[0]).round().astype(np.uint8), (SIZE[1], 1))
)
BILEVEL = PIL.Image.fromarray((pixels_of(GREY) > 128).astype(np.uint8) * 255)
BILEVEL_AS_RGB = PIL.Image.fromarray(np.stack([pixels_of(BILEVEL)] * 3, axis=2))
PALETTE = PICTURE.quantize(32)
GREY_16 = PIL.Image.fromarray(pixels_of(GREY).astype(np.uint16) * 257)


def with_alpha(image: PIL.Image.Image) -> PIL.Image.Image:
    image = image.copy()
    image.putalpha(ALPHA)
    return image


def palette_with_a_clear_entry() -> tuple[bytes, PIL.Image.Image]:
    indices = pixels_of(PALETTE)
    alpha = np.where(indices == 7, 0, 255).astype(np.uint8)
    assert (alpha == 0).any()
    data = encode(PALETTE, "PNG", transparency=7)
    return data, on_white(pixels_of(PALETTE.convert("RGB")), alpha)


def palette_with_a_ramp_of_alpha() -> tuple[bytes, PIL.Image.Image]:
    ramp = bytes(range(0, 256, 8))
    alpha = np.asarray([ramp[index] for index in pixels_of(PALETTE).ravel()], np.uint8)
    data = encode(PALETTE, "PNG", transparency=ramp)
    laid = on_white(pixels_of(PALETTE.convert("RGB")), alpha.reshape(SIZE[1], SIZE[0]))
    return data, laid


def rgb_with_a_clear_colour() -> tuple[bytes, PIL.Image.Image]:
    picture = pixels_of(PICTURE).copy()
    picture[:10, :10] = (200, 10, 20)
    alpha = np.where((picture == (200, 10, 20)).all(axis=2), 0, 255).astype(np.uint8)
    data = encode(PIL.Image.fromarray(picture), "PNG", transparency=(200, 10, 20))
    return data, on_white(picture, alpha)


LOSSLESS: dict[str, Callable[[], tuple[bytes, PIL.Image.Image]]] = {
    "PNG, RGB": lambda: (encode(PICTURE, "PNG"), PICTURE),
    "PNG, RGB, one clear colour": rgb_with_a_clear_colour,
    "PNG, RGBA": lambda: (
        encode(with_alpha(PICTURE), "PNG"), on_white(pixels_of(PICTURE), pixels_of(ALPHA))
    ),
    "PNG, grey": lambda: (encode(GREY, "PNG"), GREY_AS_RGB),
    "PNG, grey with alpha": lambda: (
        encode(with_alpha(GREY), "PNG"), on_white(pixels_of(GREY_AS_RGB), pixels_of(ALPHA))
    ),
    "PNG, 16-bit grey": lambda: (encode(GREY_16, "PNG"), GREY_AS_RGB),
    "PNG, 1 bit": lambda: (encode(BILEVEL.convert("1"), "PNG"), BILEVEL_AS_RGB),
    "PNG, palette": lambda: (encode(PALETTE, "PNG"), PALETTE.convert("RGB")),
    "PNG, palette, a clear entry": palette_with_a_clear_entry,
    "PNG, palette, a ramp of alpha": palette_with_a_ramp_of_alpha,
    "WebP, RGB": lambda: (encode(PICTURE, "WEBP", lossless=True), PICTURE),
    "WebP, RGBA": lambda: (
        encode(with_alpha(PICTURE), "WEBP", lossless=True, exact=True),
        on_white(pixels_of(PICTURE), pixels_of(ALPHA)),
    ),
    "TIFF, RGB": lambda: (encode(PICTURE, "TIFF"), PICTURE),
    "TIFF, RGB, LZW": lambda: (encode(PICTURE, "TIFF", compression="tiff_lzw"), PICTURE),
    "TIFF, RGB, deflate": lambda: (
        encode(PICTURE, "TIFF", compression="tiff_adobe_deflate"), PICTURE
    ),
    "TIFF, RGBA": lambda: (
        encode(with_alpha(PICTURE), "TIFF"), on_white(pixels_of(PICTURE), pixels_of(ALPHA))
    ),
    "TIFF, grey": lambda: (encode(GREY, "TIFF"), GREY_AS_RGB),
    "TIFF, 16-bit grey": lambda: (encode(GREY_16, "TIFF"), GREY_AS_RGB),
    "TIFF, 1 bit, fax": lambda: (
        encode(BILEVEL.convert("1"), "TIFF", compression="group4"), BILEVEL_AS_RGB
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", LOSSLESS)
def test_lossless_pictures_open_as_upright_rgb(kind: str) -> None:
    data, expected = LOSSLESS[kind]()
    image, size = open_sized(data, kind)
    assert image.mode == "RGB"
    assert size == image.size == SIZE
    assert largest_difference(image, expected) <= 1


@pytest.mark.parametrize(
    ("kind", "image", "options", "expected", "tolerance"),
    [
        ("JPEG", PICTURE, {"quality": 95, "subsampling": 0}, PICTURE, 3),
        ("JPEG", PICTURE, {"quality": 95}, PICTURE, 6),
        ("JPEG", PICTURE, {"quality": 95, "subsampling": 0, "progressive": True}, PICTURE, 3),
        ("JPEG", GREY, {"quality": 95}, GREY_AS_RGB, 3),
        ("JPEG", PICTURE.convert("CMYK"), {"quality": 95}, PICTURE, 3),
        ("MPO", PICTURE, {"save_all": True, "append_images": [GREY], "quality": 95}, PICTURE, 6),
        ("WEBP", PICTURE, {"quality": 95}, PICTURE, 6),
        ("TIFF", PICTURE, {"compression": "jpeg", "quality": 95}, PICTURE, 6),
        ("TIFF", PICTURE.convert("CMYK"), {}, PICTURE, 3),
    ],
)
def test_lossy_pictures_open_close_to_the_original(
    kind: str,
    image: PIL.Image.Image,
    options: dict[str, object],
    expected: PIL.Image.Image,
    tolerance: int,
) -> None:
    opened, size = open_sized(encode(image, kind, **options), kind)
    assert opened.mode == "RGB"
    assert size == opened.size == SIZE
    assert mean_difference(opened, expected) <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bits_scale_to_8(kind: str) -> None:
    values = np.array([[0, 257, 12850, 32768, 65278, 65535]], np.uint16)
    opened = pixels_of(open_image(encode(PIL.Image.fromarray(values), kind), kind))
    assert opened[0, :, 0].tolist() == pytest.approx([0, 1, 50, 127.5, 254, 255], abs=0.5)
    assert (opened[..., 0] == opened[..., 1]).all()
    assert (opened[..., 0] == opened[..., 2]).all()


def test_of_several_frames_the_first_is_taken() -> None:
    data = encode(PICTURE, "TIFF", save_all=True, append_images=[GREY_AS_RGB])
    assert largest_difference(open_image(data, "pages"), PICTURE) == 0
    data = encode(PICTURE, "WEBP", save_all=True, append_images=[GREY_AS_RGB], lossless=True)
    assert largest_difference(open_image(data, "film"), PICTURE) == 0


def test_the_picture_outlives_the_bytes_and_can_be_changed() -> None:
    image = open_image(encode(PICTURE, "PNG"), "picture")
    image.putpixel((0, 0), (1, 2, 3))
    assert image.getpixel((0, 0)) == (1, 2, 3)


# EXIF 2.32, tag 274: which side of the scene the first row and the first column of the file show.

QUADRANTS = ((230, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240))


def make_quadrants(width: int, height: int) -> Pixels:
    """Paint red at the top left, green, blue at the bottom left, white."""
    scene = np.zeros((height, width, 3), np.uint8)
    for y in range(height):
        for x in range(width):
            scene[y, x] = QUADRANTS[2 * (2 * y >= height) + (2 * x >= width)]
    return scene


def turn(scene: Pixels, orientation: int) -> Pixels:
    """Return the rows that a camera with this orientation writes for ``scene``."""
    height, width = scene.shape[:2]
    rows, columns = (height, width) if orientation < 5 else (width, height)
    stored: Pixels = np.zeros((rows, columns, 3), np.uint8)
    for row in range(rows):
        for column in range(columns):
            y, x = {
                1: (row, column),  # first row at the top, first column at the left
                2: (row, width - 1 - column),  # top, right
                3: (height - 1 - row, width - 1 - column),  # bottom, right
                4: (height - 1 - row, column),  # bottom, left
                5: (column, row),  # left, top
                6: (column, width - 1 - row),  # right, top
                7: (height - 1 - column, width - 1 - row),  # right, bottom
                8: (height - 1 - column, row),  # left, bottom
            }[orientation]
            stored[row, column] = scene[y, x]
    return stored


def turned_file(format_: str, scene: Pixels, orientation: int, **options: object) -> bytes:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    image = PIL.Image.fromarray(turn(scene, orientation))
    return encode(image, format_, exif=exif, **options)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("JPEG", {"quality": 95, "subsampling": 0}, 8),
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("TIFF", {}, 0),
    ],
)
def test_every_exif_orientation_comes_out_upright(
    format_: str, options: dict[str, object], tolerance: int, orientation: int
) -> None:
    # 48 x 32: quadrants of whole JPEG blocks, so that the edges stay sharp.
    scene = make_quadrants(48, 32)
    data = turned_file(format_, scene, orientation, **options)
    image, size = open_sized(data, "turned")
    assert size == (48, 32)
    assert largest_difference(image, PIL.Image.fromarray(scene)) <= tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations_hold_in_draft_decoding(orientation: int) -> None:
    scene = make_quadrants(480, 320)
    data = turned_file("JPEG", scene, orientation, quality=95)
    image, size = open_sized(data, "turned", 80)
    assert size == (480, 320)
    assert image.size == (120, 80)
    corners = [image.getpixel(place) for place in ((30, 20), (90, 20), (30, 60), (90, 60))]
    for found, painted in zip(corners, QUADRANTS, strict=True):
        assert found == pytest.approx(painted, abs=8)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(orientation: int) -> None:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    image, size = open_sized(encode(PICTURE, "PNG", exif=exif), "picture")
    assert size == SIZE
    assert largest_difference(image, PICTURE) == 0


# Draft decoding

LARGE = make_picture(5, (1600, 1200))
LARGE_JPEG = encode(LARGE, "JPEG", quality=95)


@pytest.mark.parametrize(
    ("at_least", "expected"),
    [
        # libjpeg reduces by 1, 2, 4 or 8: the most that keeps both sides large enough
        (1, (200, 150)),
        (150, (200, 150)),
        (151, (400, 300)),
        (300, (400, 300)),
        (448, (800, 600)),
        (601, (1600, 1200)),
        (1200, (1600, 1200)),
        (5000, (1600, 1200)),
    ],
)
def test_draft_keeps_both_sides_and_tells_the_full_size(
    at_least: int, expected: tuple[int, int]
) -> None:
    image, size = open_sized(LARGE_JPEG, "large", at_least)
    assert image.size == expected
    assert size == (1600, 1200)


def test_draft_stays_close_to_the_full_decode() -> None:
    full = open_image(LARGE_JPEG, "large")
    draft = open_image(LARGE_JPEG, "large", at_least=300)
    # The mean of each block of 4 x 4 pixels stands for the reduced picture.
    blocks = pixels_of(full).reshape(300, 4, 400, 4, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(blocks - pixels_of(draft)).mean() <= 2


def test_draft_of_an_odd_size_keeps_both_sides() -> None:
    data = encode(make_picture(1, (1003, 701)), "JPEG")
    for at_least in range(60, 720, 37):
        image, size = open_sized(data, "odd", at_least)
        assert size == (1003, 701)
        assert min(image.size) >= min(at_least, 701)


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_draft_of_other_modes(mode: str) -> None:
    data = encode(LARGE.convert(mode), "JPEG", quality=95)
    image, size = open_sized(data, mode, 300)
    full = open_image(data, mode)
    assert (image.mode, image.size, size) == ("RGB", (400, 300), (1600, 1200))
    assert mean_difference(image, full.resize((400, 300), PIL.Image.Resampling.BOX)) <= 2


def test_draft_leaves_other_formats_whole() -> None:
    assert open_sized(encode(PICTURE, "PNG"), "picture", 8)[0].size == SIZE


# Bombs


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def make_png(width: int, height: int, rows: int) -> bytes:
    """Return a PNG of one bit a pixel that claims its size and holds ``rows`` black rows."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(bytes(1 + (width + 7) // 8)) for _ in range(rows))
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"IDAT", body + packer.flush())
        + png_chunk(b"IEND", b"")
    )


def with_jpeg_size(data: bytes, width: int, height: int) -> bytes:
    frame = data.index(b"\xff\xc0")  # SOF0: marker, length, precision, height, width
    return data[: frame + 5] + struct.pack(">HH", height, width) + data[frame + 9 :]


def with_tiff_size(data: bytes, width: int, height: int) -> bytes:
    assert data[:2] == b"II"
    first = struct.unpack_from("<I", data, 4)[0]
    changed = bytearray(data)
    for entry in range(struct.unpack_from("<H", data, first)[0]):
        place = first + 2 + 12 * entry
        tag = struct.unpack_from("<H", data, place)[0]
        if tag in {256, 257}:  # ImageWidth, ImageLength, as LONG
            value = width if tag == 256 else height
            struct.pack_into("<HII", changed, place + 2, 4, 1, value)
    return bytes(changed)


def test_a_whole_bomb_in_a_small_file_is_refused() -> None:
    bomb = make_png(30_000, 30_000, rows=30_000)
    assert len(bomb) < 200_000
    with pytest.raises(ImageError, match=r"bomb has 30000 x 30000 = 900,000,000 pixels"):
        open_image(bomb, "bomb")


@pytest.mark.parametrize(
    "data",
    [
        make_png(30_000, 30_000, rows=0),
        make_png(MAX_PIXELS + 1, 1, rows=0),
        with_jpeg_size(encode(PICTURE, "JPEG"), 65_000, 65_000),
        with_tiff_size(encode(PICTURE, "TIFF"), 30_000, 30_000),
    ],
    ids=["PNG", "PNG, one pixel too many", "JPEG", "TIFF"],
)
@pytest.mark.parametrize("at_least", [None, 224])
def test_a_claim_of_too_many_pixels_is_refused_unread(data: bytes, at_least: int | None) -> None:
    with pytest.raises(ImageError, match=r"pixels; the maximum is 178,956,970"):
        open_image(data, "claim", at_least=at_least)


def test_the_largest_bearable_size_is_not_refused_for_its_size() -> None:
    with mock.patch.object(images, "MAX_PIXELS", 64 * 48):
        assert open_image(encode(PICTURE, "PNG"), "picture").size == SIZE
    with (
        mock.patch.object(images, "MAX_PIXELS", 64 * 48 - 1),
        pytest.raises(ImageError, match="64 x 48"),
    ):
        open_image(encode(PICTURE, "PNG"), "picture")


# Damage

WHOLE = {
    "JPEG": encode(make_picture(1, (200, 150)), "JPEG"),
    "progressive JPEG": encode(make_picture(1, (200, 150)), "JPEG", progressive=True),
    "PNG": encode(make_picture(1, (200, 150)), "PNG"),
    "WebP": encode(make_picture(1, (200, 150)), "WEBP"),
    "lossless WebP": encode(make_picture(1, (200, 150)), "WEBP", lossless=True),
    "TIFF": encode(make_picture(1, (200, 150)), "TIFF"),
    "LZW TIFF": encode(make_picture(1, (200, 150)), "TIFF", compression="tiff_lzw"),
}


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98])
@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on the tags that are cut off
def test_a_file_that_is_cut_off_is_refused(kind: str, fraction: float) -> None:
    whole = WHOLE[kind]
    assert open_image(whole, kind).size == (200, 150)
    with pytest.raises(ImageError, match=r"^kept name "):
        open_image(whole[: int(len(whole) * fraction)], "kept name")


def test_a_cut_jpeg_is_refused_in_draft_decoding_too() -> None:
    with pytest.raises(ImageError, match=r"large\.jpg is damaged or truncated"):
        open_image(LARGE_JPEG[: len(LARGE_JPEG) // 2], "large.jpg", at_least=224)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"Just a letter about a painting.\n",
        b"<!doctype html><title>Not found</title>",
        b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
        encode(PICTURE, "GIF"),
        encode(PICTURE, "BMP"),
        encode(PICTURE, "PPM"),
        encode(PICTURE, "ICO"),
    ],
    ids=["nothing", "zeros", "text", "HTML", "SVG", "PDF", "GIF", "BMP", "PPM", "ICO"],
)
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(ImageError) as refused:
        open_image(data, "room/name.jpg")
    said = (
        "not a JPEG, PNG, WebP, TIFF, JPEG 2000, AVIF, HEIC or JPEG XL image (it begins with "
        if data
        else "empty;"
    )
    assert str(refused.value).startswith(f"room/name.jpg is {said}")
    assert "b'" not in str(refused.value)
    assert data[:8].hex(" ") in str(refused.value)


def open_or_refuse(
    data: bytes, name: str, at_least: int | None = None
) -> tuple[PIL.Image.Image, tuple[int, int]] | None:
    """Return the opened picture, or None after an error that names it; any other error passes."""
    try:
        return open_sized(data, name, at_least)
    except ImageError as error:
        reason = str(error)
    assert reason.startswith(f"{name} ")
    return None


def jpeg_with_exif(entries: list[Entry]) -> bytes:
    """Return a JPEG whose EXIF holds (tag, type, count, four bytes of value or offset)."""
    body = struct.pack(">H", len(entries))
    for entry in entries:
        body += struct.pack(">HHI4s", *entry)
    return encode(PICTURE, "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08" + body + bytes(4))


SHORT, ASCII, RATIONAL, UNDEFINED = 3, 2, 5, 7
TURNED: Entry = (ORIENTATION, SHORT, 1, b"\0\x06\0\0")


@pytest.mark.parametrize(
    "entries",
    [
        [(ORIENTATION, ASCII, 4, b"six\0")],
        [(ORIENTATION, SHORT, 2, b"\0\x06\0\x06")],
        [(ORIENTATION, RATIONAL, 1, b"\0\0\0\x08")],
        [(ORIENTATION, UNDEFINED, 4, b"\0\x06\0\0")],
        [(ORIENTATION, 12, 1, b"\0\0\0\x08")],
        [(0x0100, ASCII, 4, b"abc\0"), TURNED],
        [TURNED, (0x011A, ASCII, 4, b"abc\0")],
        [TURNED, (0x011A, RATIONAL, 1, bytes(4))],
        [TURNED, (0x8769, ASCII, 4, b"abc\0")],
    ],
    ids=[
        "orientation in words", "two orientations", "orientation as a fraction",
        "orientation as bytes", "orientation as a float", "width in words",
        "resolution in words", "resolution without a value", "directory in words",
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_odd_exif_tags_stop_nothing(entries: list[Entry]) -> None:
    data = jpeg_with_exif(entries)
    opened = open_or_refuse(data, "odd")
    if opened is not None:
        image, size = opened
        assert image.mode == "RGB"
        assert image.size == size
        assert sorted(size) == sorted(SIZE)


def test_a_tiff_with_a_strip_at_a_broken_place_is_refused() -> None:
    data = bytearray(encode(PICTURE, "TIFF"))
    first = struct.unpack_from("<I", data, 4)[0]
    for entry in range(struct.unpack_from("<H", data, first)[0]):
        place = first + 2 + 12 * entry
        if struct.unpack_from("<H", data, place)[0] == 273:  # StripOffsets
            struct.pack_into("<HIf", data, place + 2, 11, 1, 8.5)  # as FLOAT
    with pytest.raises(ImageError):
        open_image(bytes(data), "strip")


# Fuzzing: small files, so that most bytes are structure. The same changes in every run.

_exif = PIL.Image.Exif()
_exif[ORIENTATION] = 6
_exif[0x010F] = "maker"
_exif[0x011A] = 72.0
SMALL = {
    "JPEG": encode(make_picture(1, (24, 18)), "JPEG", exif=_exif),
    "MPO": encode(PICTURE, "MPO", save_all=True, append_images=[GREY]),
    "PNG": encode(make_picture(1, (24, 18)), "PNG", exif=_exif),
    "palette PNG": encode(make_picture(1, (24, 18)).quantize(16), "PNG", transparency=3),
    "WebP": encode(make_picture(1, (24, 18)), "WEBP", exif=_exif),
    "TIFF": encode(make_picture(1, (24, 18)), "TIFF", exif=_exif),
    "LZW TIFF": encode(make_picture(1, (24, 18)), "TIFF", compression="tiff_lzw"),
    "JPEG in TIFF": encode(make_picture(1, (24, 18)), "TIFF", compression="jpeg"),
}


@pytest.mark.parametrize("kind", SMALL)
@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, on damaged tags
@settings(
    max_examples=200,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    changes=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=6),
    header_changes=st.lists(st.tuples(st.integers(0, 250), st.integers(0, 255)), max_size=6),
    kept=st.none() | st.floats(0, 1),
    at_least=st.sampled_from([None, 8]),
)
@example(changes=[], header_changes=[], kept=None, at_least=None)
def test_damaged_bytes_give_a_picture_or_an_image_error(
    kind: str,
    changes: list[tuple[int, int]],
    header_changes: list[tuple[int, int]],
    kept: float | None,
    at_least: int | None,
) -> None:
    data = bytearray(SMALL[kind])
    for place, value in changes + header_changes:
        data[place % len(data)] = value
    if kept is not None:
        del data[int(kept * len(data)) :]
    # A claim of many pixels is met elsewhere; here it would only cost time.
    with mock.patch.object(images, "MAX_PIXELS", 1_000_000):
        opened = open_or_refuse(bytes(data), "damaged", at_least)
    if opened is not None:
        image, size = opened
        assert image.mode == "RGB"
        assert len(image.tobytes()) == image.width * image.height * 3
        assert min(size) >= 1


# Files


def test_read_image_file(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG and more")
    assert read_image_file(path) == b"\x89PNG and more"


def test_read_image_file_says_what_is_wrong(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jpg"
    empty.touch()
    huge = tmp_path / "huge.tif"
    with huge.open("wb") as file:
        file.truncate((1 << 30) + 1)  # sparse: takes no space
    with pytest.raises(ImageError, match=r"no file .*missing\.jpg"):
        read_image_file(tmp_path / "missing.jpg")
    with pytest.raises(ImageError, match="is not a file"):
        read_image_file(tmp_path)
    with pytest.raises(ImageError, match=r"empty\.jpg is empty"):
        read_image_file(empty)
    with pytest.raises(ImageError, match=r"huge\.tif has 1,073,741,825 bytes"):
        read_image_file(huge)
    with pytest.raises(ImageError):
        read_image_file(empty / "below.jpg")
    with pytest.raises(ImageError):
        read_image_file(tmp_path / ("n" * 300 + ".jpg"))


def test_a_file_name_with_a_zero_byte_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ImageError):
        read_image_file(tmp_path / "a\0b.jpg")


def test_content_hash() -> None:
    # FIPS 180-2, appendix B.1
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert content_hash(b"abc") == expected
    assert content_hash(b"abd") != expected


def test_suffixes_are_lower_case_with_a_dot() -> None:
    assert {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff"} <= IMAGE_SUFFIXES
    assert all(suffix == suffix.lower() and suffix.startswith(".") for suffix in IMAGE_SUFFIXES)
    assert not {".gif", ".bmp", ".svg", ".pdf"} & IMAGE_SUFFIXES


# Thumbnails


def from_data_uri(uri: str) -> PIL.Image.Image:
    head, _, body = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    image = PIL.Image.open(io.BytesIO(base64.b64decode(body, validate=True)))
    assert image.format == "JPEG"
    image.load()
    return image


@pytest.mark.parametrize(
    "size",
    [(640, 480), (480, 640), (193, 100), (192, 192), (50, 40), (1601, 907), (3000, 40), (7, 1600)],
)
def test_thumbnail_is_small_and_keeps_its_proportions(size: tuple[int, int]) -> None:
    width, height = size
    small = from_data_uri(make_thumbnail(make_picture(2, size)))
    assert max(small.size) <= 192
    if max(size) <= 192:
        assert small.size == size
    else:
        assert max(small.size) > 96
    # Both sides are reduced by the same number, and each is off by less than one pixel.
    reduced_by = width / small.width if width > height else height / small.height
    assert abs(small.width - width / reduced_by) < 1
    assert abs(small.height - height / reduced_by) < 1


def test_thumbnail_looks_like_the_picture() -> None:
    picture = make_picture(4, (768, 576))
    small = from_data_uri(make_thumbnail(picture))
    assert small.size == (192, 144)
    blocks = pixels_of(picture).reshape(144, 4, 192, 4, 3).astype(float).mean(axis=(1, 3))
    assert np.abs(blocks - pixels_of(small)).mean() <= 4


def test_thumbnail_is_light() -> None:
    assert len(make_thumbnail(make_picture(4, (768, 576)))) <= 12_000


def test_quality_of_a_data_uri() -> None:
    good, poor = (jpeg_data_uri(PICTURE, quality=quality) for quality in (95, 20))
    assert len(good) > len(poor)
    assert mean_difference(from_data_uri(good), PICTURE) <= 6
    assert from_data_uri(poor).size == SIZE
