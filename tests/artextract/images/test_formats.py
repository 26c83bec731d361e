"""Formats: what is whole opens, what costs minutes is refused, and damage has no other end."""

import gc
import io
import random
import re
import resource
import struct
import sys
import time
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.PngImagePlugin
import pytest
from pictures import make_picture
from profiles import PROPHOTO, convert_to_srgb, rgb_profile

from artextract.errors import ImageError
from artextract.images import formats
from artextract.images.formats import MAX_PAGES, MAX_PARTS, MAX_SCANS, MAX_TAGS, jpeg_xl_size
from artextract.images.opening import open_image, open_sized

PICTURE = make_picture(3, (64, 48))
PIXELS = np.asarray(PICTURE)
WIDE = rgb_profile(PROPHOTO, 1.8)
PNG_START = b"\x89PNG\r\n\x1a\n"


def encode(image: PIL.Image.Image, format_: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def pixels_of(data: bytes, name: str = "image", **options: Any) -> npt.NDArray[np.uint8]:
    return np.asarray(open_image(data, name, **options))


# PNG


def chunk(kind: bytes, body: bytes, *, wrong: bool = False) -> bytes:
    checksum = zlib.crc32(kind + body) ^ wrong
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def chunks_of(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(PNG_START)
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def png_with(*extra: bytes, image: PIL.Image.Image = PICTURE, late: bool = False) -> bytes:
    """Return a PNG with other chunks before its pixels, or after them."""
    data = encode(image, "PNG")
    place = data.index(b"IEND" if late else b"IDAT") - 4
    return data[:place] + b"".join(extra) + data[place:]


def zipped(count: int) -> bytes:
    return zlib.compress(bytes(count), 9)


HARMLESS = {
    "text with a wrong checksum": [chunk(b"tEXt", b"Title\0lilies", wrong=True)],
    "unknown chunk with a wrong checksum": [chunk(b"prVt", b"anything", wrong=True)],
    "time with a wrong checksum": [chunk(b"tIME", bytes(7), wrong=True)],
    "profile with a wrong checksum": [chunk(b"iCCP", b"x\0\0" + zlib.compress(WIDE), wrong=True)],
    "EXIF with a wrong checksum": [chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0\0\0", wrong=True)],
    "short gamma": [chunk(b"gAMA", b"\0")],
    "short chromaticities": [chunk(b"cHRM", bytes(8))],
    "short sRGB": [chunk(b"sRGB", b"")],
    "short resolution": [chunk(b"pHYs", bytes(3))],
    "short transparency": [chunk(b"tRNS", b"\0")],
    "profile by an unknown method": [chunk(b"iCCP", b"x\0\7" + zlib.compress(WIDE))],
    "profile that is no zlib": [chunk(b"iCCP", b"x\0\0" + WIDE)],
    "profile without a name": [chunk(b"iCCP", b"")],
    "profile of 60 MB": [chunk(b"iCCP", b"x\0\0" + zipped(60_000_000))],
    "text of 60 MB": [chunk(b"zTXt", b"XML\0\0" + zipped(60_000_000))],
    "international text of 60 MB": [
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zipped(60_000_000))
    ],
    "20 texts of 8 MB": [chunk(b"zTXt", b"XML\0\0" + zipped(8_000_000))] * 20,
    "text by an unknown method": [chunk(b"zTXt", b"XML\0\7" + zipped(10))],
    "animation without frames": [chunk(b"acTL", b"\0")],
    "animation out of order": [chunk(b"acTL", struct.pack(">II", 2, 0)), chunk(b"fcTL", bytes(26))],
    "suggested palette of odd size": [chunk(b"PLTE", bytes(7), wrong=True)],
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "late"),
    [
        (kind, late)
        for kind in HARMLESS
        for late in (False, True)
        if "profile" not in kind or not late
    ],
)
def test_damage_beside_the_pixels_refuses_no_png(kind: str, late: bool) -> None:
    data = png_with(*HARMLESS[kind], late=late)
    with warnings.catch_warnings(action="ignore"):
        assert (pixels_of(data) == PIXELS).all()


def test_a_large_profile_is_applied() -> None:
    padded = WIDE + np.random.default_rng(0).bytes(2_000_000)
    opened = pixels_of(png_with(chunk(b"iCCP", b"x\0\0" + zlib.compress(padded))))
    assert (opened == pixels_of(encode(PICTURE, "PNG", icc_profile=WIDE))).all()


def test_what_is_sound_is_used_beside_what_is_broken() -> None:
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    data = encode(PICTURE, "PNG", icc_profile=WIDE, exif=exif)
    place = data.index(b"IDAT") - 4
    broken = data[:place] + chunk(b"tEXt", b"Title\0", wrong=True) + data[place:]
    assert (pixels_of(broken) == pixels_of(data)).all()
    palette = PICTURE.quantize(16)
    data = encode(palette, "PNG", transparency=3)
    place = data.index(b"IDAT") - 4
    broken = data[:place] + chunk(b"tEXt", b"Title\0", wrong=True) + data[place:]
    assert (pixels_of(broken) == pixels_of(data)).all()


@pytest.mark.parametrize("lost", [1, 4, 8, 12, 15])
def test_a_png_without_its_end_opens(lost: int) -> None:
    assert (pixels_of(encode(PICTURE, "PNG")[:-lost]) == PIXELS).all()


def test_a_png_that_lacks_pixels_is_refused_with_harmless_damage_too() -> None:
    data = png_with(chunk(b"tEXt", b"Title\0", wrong=True), image=make_picture(1, (200, 150)))
    for kept in (0.3, 0.6, 0.9, 0.99):
        with pytest.raises(ImageError):
            open_image(data[: int(kept * len(data))], "cut off")


def test_a_wrong_checksum_of_the_header_refuses_a_png() -> None:
    data = bytearray(encode(PICTURE, "PNG"))
    data[29] ^= 1
    with pytest.raises(ImageError, match="IHDR"):
        open_image(bytes(data), "image")


def test_too_many_chunks_are_refused() -> None:
    data = png_with(chunk(b"prVt", b"") * (MAX_PARTS + 1))
    with pytest.raises(ImageError, match="more than 262,144 chunks"):
        open_image(data, "image")


# JPEG

COMMON = {"quality": 90}
KINDS: dict[str, dict[str, Any]] = {
    "baseline": COMMON,
    "progressive": {**COMMON, "progressive": True},
    "optimized": {**COMMON, "optimize": True},
    "without subsampling": {**COMMON, "subsampling": 0},
    "with restarts": {**COMMON, "restart_marker_rows": 1},
}


def jpeg(kind: str, mode: str = "RGB") -> bytes:
    return encode(make_picture(1, (200, 150)).convert(mode), "JPEG", **KINDS[kind])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("tail", [b"", b"\xff", b"\0" * 5000])
def test_a_jpeg_without_its_end_marker_opens(kind: str, mode: str, tail: bytes) -> None:
    whole = jpeg(kind, mode)
    assert whole.endswith(b"\xff\xd9")
    for at_least in (None, 60):
        opened = pixels_of(whole[:-2] + tail, at_least=at_least)
        assert (opened == pixels_of(whole, at_least=at_least)).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ended", [b"", b"\0" * 5000])
@pytest.mark.parametrize("lost", [8, 20, 100, 1000])
def test_a_jpeg_that_lacks_pixels_is_refused(kind: str, ended: bytes, lost: int) -> None:
    with pytest.raises(ImageError, match="truncated"):
        open_image(jpeg(kind)[:-lost] + ended, "image")


def test_a_progressive_jpeg_that_lacks_whole_scans_is_refused() -> None:
    whole = jpeg("progressive")
    scans = [found.start() for found in re.finditer(rb"\xff\xda", whole)]
    assert len(scans) > 5
    for start in scans[1:]:
        # Up to the tables before a scan, or up to the scan.
        for end in (whole.rindex(b"\xff\xc4", 0, start), start):
            with pytest.raises(ImageError, match="truncated"):
                open_image(whole[:end], "image")


def scan(first: int, last: int, high: int, low: int) -> bytes:
    """Return a scan of one component with end-of-band runs, which leave all as it is."""
    return b"\xff\xda\0\x08\1\1\0" + bytes((first, last, high << 4 | low))


def jpeg_of_scans(count: int, side: int = 64) -> bytes:
    """Return a grey progressive JPEG of one scan of the DC and ``count - 1`` of an AC band."""
    blocks = (side // 8) ** 2
    table = b"\xff\xc4\0\x14" + bytes((0x00, 1)) + bytes(15) + b"\0"  # code 0: no bits follow
    band = b"\xff\xc4\0\x14" + bytes((0x10, 1)) + bytes(15) + b"\0"  # code 0: end of the band
    frame = b"\xff\xc2\0\x0b\x08" + struct.pack(">HHB", side, side, 1) + b"\1\x11\0"
    quantization = b"\xff\xdb\0\x43\0" + b"\1" * 64
    bits = bytes(-(-blocks // 8))
    ac = scan(1, 63, 0, 1) + bits
    return (
        b"\xff\xd8" + quantization + frame + table + band + scan(0, 0, 0, 0) + bits
        + ac * (count - 1) + b"\xff\xd9"
    )  # fmt: skip


def test_a_jpeg_of_too_many_scans_is_refused() -> None:
    assert open_image(jpeg_of_scans(MAX_SCANS), "image").size == (64, 64)
    with pytest.raises(ImageError, match="more than 100 scans"):
        open_image(jpeg_of_scans(MAX_SCANS + 1), "image")
    with pytest.raises(ImageError, match="more than 100 scans"):
        open_image(jpeg_of_scans(20_000), "image", at_least=8)


def test_scans_are_counted_behind_what_is_no_segment() -> None:
    # libjpeg looks for the next marker behind one that does not exist.
    data = jpeg_of_scans(MAX_SCANS + 1)
    first = data.index(b"\xff\xda")
    for junk in (
        b"\xff\x02\xf0\xf0",
        b"\xff\xff\xff",
        b"\xff\xd3\xf0\xf0",
        b"\xff\xf5\xf0\xf0",
        b"\xff\x01",
    ):
        with pytest.raises(ImageError, match="more than 100 scans"):
            open_image(data[: first + 18] + junk + data[first + 18 :], "image")


def test_scans_of_an_embedded_thumbnail_do_not_count() -> None:
    exif = b"Exif\0\0" + jpeg_of_scans(MAX_SCANS * 4)
    data = encode(PICTURE, "JPEG", progressive=True, comment=exif)
    assert open_image(data, "image").size == PICTURE.size


def test_too_many_segments_of_a_jpeg_are_refused() -> None:
    data = encode(PICTURE, "JPEG")
    with pytest.raises(ImageError, match="more than 262,144 segments"):
        open_image(data[:2] + b"\xff\xfe\0\2" * (MAX_PARTS + 1) + data[2:], "image")


# TIFF

SMALL = PICTURE.resize((16, 12))
NOISE = {"pages": 3}


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("place", [0, 1, 3])
def test_the_largest_page_of_a_tiff_is_taken(compression: str, big: bool, place: int) -> None:
    pages = [SMALL] * 3
    pages.insert(place, PICTURE)
    data = encode(
        pages[0], "TIFF", save_all=True, append_images=pages[1:], compression=compression,
        big_tiff=big,
    )  # fmt: skip
    image, size = open_sized(data, "pages")
    assert size == PICTURE.size
    assert (np.asarray(image) == PIXELS).all()


def test_the_page_has_its_own_profile_and_orientation() -> None:
    buffer = io.BytesIO()
    with PIL.TiffImagePlugin.AppendingTiffWriter(buffer) as writer:
        SMALL.save(writer, "TIFF")
        writer.newFrame()
        exif = PIL.Image.Exif()
        exif[0x0112] = 6
        PICTURE.save(writer, "TIFF", icc_profile=WIDE, exif=exif)
        writer.newFrame()
    image, size = open_sized(buffer.getvalue(), "pages")
    assert image.size == size == (48, 64)
    expected = np.rot90(pixels_of(encode(PICTURE, "TIFF", icc_profile=WIDE)), -1)
    assert (np.asarray(image) == expected).all()


def test_of_pages_of_one_size_the_first_is_taken() -> None:
    other = PICTURE.transpose(PIL.Image.Transpose.ROTATE_180)
    data = encode(PICTURE, "TIFF", save_all=True, append_images=[other])
    assert (pixels_of(data) == PIXELS).all()


def tiff_page(offset: int, tags: list[tuple[int, int, int, int]], following: int) -> bytes:
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return struct.pack("<H", len(tags)) + entries + struct.pack("<I", following)


PAGE = [(256, 4, 1, 8), (257, 4, 1, 8), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1),
        (273, 4, 1, 0), (278, 4, 1, 8), (279, 4, 1, 64)]  # fmt: skip


def test_pages_that_lead_in_a_circle_end() -> None:
    page = tiff_page(8, PAGE, 8)
    assert open_image(b"II*\0\x08\0\0\0" + page, "circle").size == (8, 8)


def test_many_pages_cost_little() -> None:
    length = 2 + 12 * len(PAGE) + 4
    pages = b"".join(
        tiff_page(8 + at * length, PAGE, 8 + (at + 1) * length) for at in range(50 * MAX_PAGES)
    )
    begun = time.process_time()
    assert open_image(b"II*\0\x08\0\0\0" + pages, "pages").size == (8, 8)
    assert time.process_time() - begun < 5


def test_too_many_tags_are_refused() -> None:
    tags = PAGE + [(1000 + at, 3, 1, 0) for at in range(MAX_TAGS)]
    with pytest.raises(ImageError, match="4,104 tags"):
        open_image(b"II*\0\x08\0\0\0" + tiff_page(8, tags, 0), "tags")


def test_too_many_strips_are_refused() -> None:
    tags = [tag if tag[0] != 273 else (273, 4, 1 << 24, 8) for tag in PAGE]
    with pytest.raises(ImageError, match="16,777,216 strips"):
        open_image(b"II*\0\x08\0\0\0" + tiff_page(8, tags, 0), "strips")


def test_strips_that_cover_the_image_again_and_again_are_refused() -> None:
    offset = 8 + 2 + 12 * len(PAGE) + 4
    count = 5000
    changed = {273: (273, 4, count, offset), 278: (278, 4, 1, 7)}
    tags = [changed.get(tag[0], tag) for tag in PAGE]
    data = b"II*\0\x08\0\0\0" + tiff_page(8, tags, 0) + struct.pack("<I", 8) * count
    with pytest.raises(ImageError, match="cover it more than 8 times"):
        open_image(data, "strips")


# Frames


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "AVIF"])
def test_of_many_frames_one_is_decoded(format_: str) -> None:
    frames = [make_picture(at % 7, (64, 48)) for at in range(300 if format_ != "AVIF" else 20)]
    data = encode(frames[0], format_, save_all=True, append_images=frames[1:])
    begun = time.process_time()
    open_image(data, "frames")
    assert time.process_time() - begun < 1


# Other formats


@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("JPEG2000", {}, 0),
        ("JPEG2000", {"no_jp2": True}, 0),
        ("AVIF", {"quality": 95, "subsampling": "4:4:4"}, 3),
        ("HEIF", {"quality": 95, "chroma": 444}, 3),
        ("JXL", {"lossless": True}, 0),
        ("JXL", {"lossless": True, "use_container": True}, 0),
    ],
)
def test_other_formats_open(format_: str, options: dict[str, Any], tolerance: float) -> None:
    if format_ == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if format_ == "JXL":
        pytest.importorskip("pillow_jxl")
    data = encode(PICTURE, format_, **options)
    image, size = open_sized(data, "image")
    assert size == image.size == PICTURE.size
    assert np.abs(np.asarray(image, int) - PIXELS).mean() <= tolerance
    for kept in (0.3, 0.6):
        with pytest.raises(ImageError, match=r"^cut "):
            open_image(data[: int(kept * len(data))], "cut")


@pytest.mark.parametrize("format_", ["JPEG2000", "HEIF"])
def test_their_profiles_are_applied(format_: str) -> None:
    if format_ == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    if format_ == "JPEG2000":  # Pillow writes no profile: replace the box that says sRGB
        data = encode(PICTURE, format_)
        at = data.index(b"colr") - 4
        colour = struct.pack(">I", 11 + len(WIDE)) + b"colr\2\0\0" + WIDE
        header = data.index(b"jp2h") - 4
        (size,) = struct.unpack_from(">I", data, header)
        data = (
            data[:header] + struct.pack(">I", size - 15 + len(colour)) + data[header + 4 : at]
            + colour + data[at + 15 :]
        )  # fmt: skip
    else:
        data = encode(PICTURE, format_, icc_profile=WIDE, quality=100, chroma=444)
    expected = convert_to_srgb(PIXELS, PROPHOTO, 1.8)
    assert np.abs(np.asarray(open_image(data, "image")) - expected).mean() <= 2


def test_a_jpeg_xl_made_of_a_jpeg_is_decoded_as_itself(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl")
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    original = tmp_path / "original.jpg"
    PICTURE.save(original, quality=95, subsampling=0, icc_profile=WIDE, exif=exif)
    with PIL.Image.open(original) as jpeg_file:
        data = encode(jpeg_file, "JXL", lossless_jpeg=True)
    assert b"jbrd" in data  # how the JPEG is made again, with as many scans as it had
    image, size = open_sized(data, "image")
    expected = open_image(original.read_bytes(), "original")
    assert image.size == size == expected.size == (48, 64)
    assert np.abs(np.asarray(image, int) - np.asarray(expected)).mean() <= 3


@pytest.mark.parametrize(
    ("size", "container"),
    [(size, container) for container in (False, True)
     for size in [(1, 1), (8, 8), (256, 256), (640, 480), (513, 8), (20, 1500), (300, 257)]],
)  # fmt: skip
def test_the_size_of_a_jpeg_xl_is_known_before_it_is_decoded(
    size: tuple[int, int], container: bool
) -> None:
    pytest.importorskip("pillow_jxl")
    data = encode(PIL.Image.new("RGB", size), "JXL", use_container=container)
    assert jpeg_xl_size(data) == size
    with pytest.raises(ImageError, match=f"{size[0]} x {size[1]}"):
        open_image(data, "image", max_pixels=size[0] * size[1] - 1)


@pytest.mark.parametrize(
    ("start", "what"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC, and pillow-heif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heix", "HEIC, and pillow-heif"),
        (b"\xff\x0a" + bytes(40), "JPEG XL, and pillow-jxl-plugin"),
        (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x0ejxlc\xff\x0a" + bytes(9), "JPEG XL, and pillow-jxl"),
    ],
)
def test_a_package_that_is_not_installed_is_named(
    start: bytes, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("pillow_heif", "pillow_jxl", "pillow_jxl.JpegXLImagePlugin"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImageError) as refused:
        open_image(start, "room/phone.heic")
    assert what in str(refused.value)
    assert "pip install 'artextract[formats]'" in str(refused.value)


# 2,000 damaged files


def damaged(random_: random.Random, whole: list[bytes]) -> bytes:
    """Return one of ``whole`` with bytes changed, cut out, doubled, or taken from another."""
    data = bytearray(random_.choice(whole))
    for _ in range(random_.choice((1, 1, 2, 4))):
        # Most structure is at the beginning.
        at = random_.randrange(random_.choice((40, 300, len(data))) + 1) % max(len(data), 1)
        length = random_.choice((1, 2, 4, 30, 200))
        way = random_.randrange(6)
        if way == 0:
            data[at : at + 1] = bytes([random_.randrange(256)])
        elif way == 1:
            data[at : at + 1] = bytes([data[at] ^ 1 << random_.randrange(8)]) if data else b""
        elif way == 2:
            del data[at : at + random_.choice((length, len(data)))]
        elif way == 3:
            data[at:at] = data[at : at + length]
        elif way == 4:
            data[at : at + 4] = random_.choice((0, 1, 2**31 - 1, 2**32 - 1)).to_bytes(4, "big")
        else:
            other = random_.choice(whole)
            begin = random_.randrange(len(other))
            data[at : at + length] = other[begin : begin + length]
    return bytes(data)


def test_2000_damaged_files_open_or_are_refused() -> None:
    image = make_picture(1, (24, 18))
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "maker"
    tagged: dict[str, Any] = {"icc_profile": WIDE, "exif": exif}
    pages = {"save_all": True, "append_images": [image]}
    kinds = [
        [encode(image, "JPEG", **tagged), encode(image, "JPEG", progressive=True),
         encode(image.convert("CMYK"), "JPEG"), jpeg_of_scans(20, 24)],
        [encode(image, "PNG", **tagged), encode(image.quantize(16), "PNG", transparency=3),
         png_with(chunk(b"zTXt", b"a\0\0" + zipped(99)), image=image),
         encode(image, "PNG", **pages)],
        [encode(image, "TIFF", **tagged), encode(image, "TIFF", compression="tiff_lzw", **pages),
         encode(image, "TIFF", compression="jpeg"), encode(image, "TIFF", big_tiff=True),
         encode(image.convert("1"), "TIFF", compression="group4")],
        [encode(image, "WEBP", **tagged), encode(image, "WEBP", lossless=True),
         encode(image, "WEBP", **pages)],
        [encode(image, "GIF"), encode(image, "GIF", **pages)],
        [encode(image, "JPEG2000"), encode(image, "AVIF", **tagged)],
    ]  # fmt: skip
    random_ = random.Random(23)
    opened, reasons, used = 0, [], []
    with warnings.catch_warnings(action="ignore"):
        for number in range(2000):
            data = damaged(random_, kinds[number % len(kinds)])
            try:
                found = open_image(data, "image", max_pixels=1_000_000)
            except ImageError as error:
                reasons.append(str(error))
            else:
                assert found.mode == "RGB"
                assert len(found.tobytes()) == found.width * found.height * 3
                opened += 1
            if number % 500 == 499:
                gc.collect()
                used.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    assert opened > 300
    assert len(reasons) > 300
    assert all(reason.startswith("image ") and "\n" not in reason for reason in reasons)
    assert used[-1] - used[0] < 100 << 10  # kB: nothing grows with the number of files


def test_the_formats_are_those_of_the_endings() -> None:
    assert {each.name for each in formats.FORMATS} == {
        "JPEG", "PNG", "WebP", "TIFF", "JPEG 2000", "AVIF", "HEIC", "JPEG XL",
    }  # fmt: skip
