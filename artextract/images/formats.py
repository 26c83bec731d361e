"""Recognise an image file's format, and check and mend its structure before Pillow reads it.

Each format has limits, so that a small file can't cost minutes of decoding or gigabytes of memory.
Pillow and the libraries below it check sizes, but not the number of scans, pages, chunks or tags.
"""

import importlib
import io
import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import cast

import PIL.ImageFile
import PIL.PngImagePlugin

from artextract.errors import ImageError

MAX_SCANS = 100
"""Maximum number of scans of a JPEG. Encoders write about 10, and each costs as much time as the
decoding of a JPEG with one scan."""

MAX_PARTS = 1 << 18
"""Maximum number of segments of a JPEG and of chunks of a PNG."""

MAX_PAGES = 1000
"""Maximum number of pages of a TIFF among which the largest is looked for."""

MAX_TAGS = 4096
"""Maximum number of tags of a TIFF page."""

MAX_STRIPS = 1 << 20
"""Maximum number of strips or tiles of a TIFF page."""

MAX_PROFILE_BYTES = 8 << 20
"""Maximum size of a colour profile, in bytes; a larger one is not used."""

# The size to which Pillow unpacks a text or a profile of a PNG; it refuses the image beyond.
PIL.PngImagePlugin.MAX_TEXT_CHUNK = MAX_PROFILE_BYTES


@dataclass(frozen=True, slots=True)
class Format:
    """A format of image files.

    ``check`` takes a file's bytes and its name in errors, and returns the bytes to decode, or
    several variants, which show the same pixels unless some are missing; it raises ImageError
    beyond a limit. ``mend`` takes bytes that can't be decoded, and returns others to try, or None.
    """

    name: str
    module: str
    opener: str
    wheel: str = "pillow"
    check: Callable[[bytes, str], list[bytes]] = lambda data, name: [data]
    mend: Callable[[bytes], bytes | None] = lambda data: None
    profile: Callable[[bytes], bytes | None] = lambda data: None
    """Finds the colour profile, where Pillow does not."""

    def open(self, data: bytes, name: str) -> PIL.ImageFile.ImageFile:
        """Return the image in ``data``, not decoded yet (a JPEG XL is decoded).

        Raises:
            ImageError: the package that reads it is not installed.
            Exception: what Pillow's plugin raises on damaged data.
        """
        try:
            module = importlib.import_module(self.module)
        except ImportError as error:
            raise ImageError(
                f"{name} is {self.name}, and {self.wheel}, which reads it, can't be imported "
                f"({error}): run pip install 'artextract[formats]', or convert the image to JPEG "
                "or PNG"
            ) from error
        opener = cast(Callable[..., PIL.ImageFile.ImageFile], getattr(module, self.opener))
        image = opener(io.BytesIO(data))
        if profile := self.profile(data):
            image.info["icc_profile"] = profile
        return image


def find_format(data: bytes) -> Format | None:
    """Return the format of an image file by its first bytes; None if it is none of these."""
    if data.startswith(b"\xff\xd8\xff"):
        return JPEG
    if data.startswith(_PNG_SIGNATURE):
        return PNG
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return WEBP
    if data[:4] in {b"II*\0", b"MM\0*", b"MM*\0", b"II\0*", b"II+\0", b"MM\0+"}:
        return TIFF
    if data.startswith((b"\xff\x4f\xff\x51", b"\0\0\0\x0cjP  \r\n\x87\n")):
        return JPEG_2000
    if data.startswith((b"\xff\x0a", _JXL_SIGNATURE)):
        return JPEG_XL
    if data[4:8] == b"ftyp":
        brands = data[8 : min(int.from_bytes(data[:4], "big"), 256)]
        found = {brands[at : at + 4] for at in range(0, len(brands), 4)}
        if found & {b"avif", b"avis"}:
            return AVIF
        if found & {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}:
            return HEIF
    return None


# JPEG (ITU-T T.81, B.1)

_SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SOS, _EOI = 0xDA, 0xD9
_SEGMENT = struct.Struct(">BBH").unpack_from
_MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xef\xfe]")  # those that have parameters, SOI and EOI


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Iterate over the markers of the first image in ``data``, EOI included.

    Yields each with where its parameters begin and end.
    """
    at = 2
    while found := _MARKER.search(data, at):
        begin = found.end() + 2
        marker = data[begin - 3]
        if marker == _EOI:
            yield marker, begin, begin
            return
        at = max(begin, found.end() + int.from_bytes(data[begin - 2 : begin], "big"))
        yield marker, begin, at


def _has_one_scan(data: bytes) -> bool:
    """Return whether a JPEG is of the usual kind, which needs no other check (5 µs)."""
    at, size, components = 2, len(data) - 12, None
    for _ in range(64):
        if at > size:
            return False
        filler, marker, length = _SEGMENT(data, at)
        if filler != 0xFF:
            return False
        if marker == 0xC0:
            components = data[at + 9]
        elif marker == _SOS:
            # libjpeg reads no second scan after one of all components.
            return data[at + 4] == components and data.endswith(b"\xff\xd9")
        at += 2 + length
    return False


def _check_jpeg(data: bytes, name: str) -> list[bytes]:
    """Check the number of segments and scans, and the end."""
    if _has_one_scan(data):
        return [data]
    scans = 0
    is_ended = False
    for number, (marker, _, _) in enumerate(_segments(data)):
        if number >= MAX_PARTS:
            raise ImageError(f"{name} has more than {MAX_PARTS:,} segments; save it again")
        is_ended = marker == _EOI
        if marker == _SOS:
            scans += 1
            if scans > MAX_SCANS:
                raise ImageError(
                    f"{name} has more than {MAX_SCANS} scans, which would take long to decode; "
                    "save it again as a baseline JPEG"
                )
    if is_ended:
        return [data]
    if not _has_all_scans(data):
        raise ImageError(
            f"{name} is damaged or truncated (scans are missing); fetch or export it again"
        )
    # libjpeg replaces missing data and says nothing: no pixel is missing if none depends on what
    # follows. A download that was not finished may be filled up with zeros.
    body = data.rstrip(b"\0")
    if body.endswith(b"\xff"):
        body += b"\0"
    noise = bytes(random.Random(0).choices(range(255), k=4096))
    return [body + end + b"\xff\xd9" for end in (b"", noise)]


def _has_all_scans(data: bytes) -> bool:
    """Return whether the last scan that each coefficient of a JPEG needs has begun."""
    begun: dict[int, int] = {}  # {component: bit mask of its coefficients}
    for marker, begin, end in _segments(data):
        parameters = data[begin:end]
        if marker in _SOF:
            begun |= dict.fromkeys(parameters[6::3], 0)
        elif marker == _SOS and len(parameters) > 3:
            first, last, precision = parameters[-3:]
            if precision & 15 == 0:
                for component in parameters[1 : 1 + 2 * parameters[0] : 2]:
                    begun[component] = begun.get(component, 0) | (1 << last + 1) - (1 << first)
    return bool(begun) and all(mask == (1 << 64) - 1 for mask in begun.values())


# PNG (W3C PNG, third edition, 5.3)

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"iCCP", b"eXIf", b"IDAT", b"IEND")


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over (type, offset of the chunk, end of the chunk)."""
    at = len(_PNG_SIGNATURE)
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, end
        at = end


def _check_png(data: bytes, name: str) -> list[bytes]:
    if next(islice(_chunks(data), MAX_PARTS, None), None) is not None:
        raise ImageError(f"{name} has more than {MAX_PARTS:,} chunks; save it again")
    return [data]


def _mend_png(data: bytes) -> bytes | None:
    """Return a PNG without the chunks that its pixels don't need or that are broken."""
    chunks = list(_chunks(data))
    colour_type = data[25:26]
    parts = [_PNG_SIGNATURE]
    for kind, start, end in chunks:
        if kind not in _KEPT or (kind == b"PLTE" and colour_type != b"\3"):
            continue
        if kind[0] & 32 and not _is_sound(kind, data[start + 4 : end], colour_type):
            continue
        parts.append(data[start:end])
    return b"".join(parts) if len(parts) <= len(chunks) else None


def _is_sound(kind: bytes, chunk: bytes, colour_type: bytes) -> bool:
    """Return whether an ancillary chunk (type, data, checksum) is whole and can be used."""
    body, checksum = chunk[4:-4], chunk[-4:]
    if zlib.crc32(chunk[:-4]).to_bytes(4, "big") != checksum:
        return False
    if kind == b"tRNS":
        return len(body) >= {b"\0": 2, b"\2": 6}.get(colour_type, 0)
    if kind == b"iCCP":
        packed = body.partition(b"\0")[2]
        unpack = zlib.decompressobj()
        try:
            unpack.decompress(packed[1:], MAX_PROFILE_BYTES)
        except zlib.error:
            return False
        return packed[:1] == b"\0" and not unpack.unconsumed_tail
    return True


# TIFF (TIFF 6.0, section 2; BigTIFF)

_WIDTH, _HEIGHT = 256, 257
_STRIPS = {273, 324}  # StripOffsets, TileOffsets
_NUMBERS = {3: "H", 4: "I", 16: "Q"}


def _check_tiff(data: bytes, name: str) -> list[bytes]:
    """Return a TIFF with its largest page as the first; the first of several of one size."""
    order = "<" if data.startswith(b"II") else ">"
    big = b"+" in data[2:4]
    header = struct.Struct(order + ("Q" if big else "I"))
    counter = struct.Struct(order + ("Q" if big else "H"))
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    at_first = 8 if big else 4
    largest, chosen = 0, None
    seen: set[int] = set()
    tags = 0
    try:
        (page,) = header.unpack_from(data, at_first)
        while page and page not in seen and len(seen) < MAX_PAGES and tags < 16 * MAX_TAGS:
            (count,) = counter.unpack_from(data, page)
            begin = page + counter.size
            if count > MAX_TAGS and not seen:
                raise ImageError(
                    f"{name} has a page with {count:,} tags; the maximum is {MAX_TAGS:,}: "
                    "save it again"
                )
            if count > MAX_TAGS:
                break
            seen.add(page)
            tags += count
            size = {_WIDTH: 0, _HEIGHT: 0}
            strips = 0
            for tag, kind, length, value in entry.iter_unpack(
                data[begin : begin + count * entry.size]
            ):
                if tag in size and kind in _NUMBERS:
                    (size[tag],) = struct.unpack_from(order + _NUMBERS[kind], value)
                elif tag in _STRIPS:
                    strips = max(strips, length)
            if strips > MAX_STRIPS:
                if chosen is None:
                    raise ImageError(
                        f"{name} has a page of {strips:,} strips; the maximum is {MAX_STRIPS:,}: "
                        "save it again"
                    )
            elif size[_WIDTH] * size[_HEIGHT] > largest:
                largest, chosen = size[_WIDTH] * size[_HEIGHT], page
            (page,) = header.unpack_from(data, begin + count * entry.size)
    except struct.error:
        pass  # Pillow reports it, unless an earlier page is whole
    if chosen is None or header.unpack_from(data, at_first) == (chosen,):
        return [data]
    return [data[:at_first] + header.pack(chosen) + data[at_first + header.size :]]


# JPEG XL (ISO/IEC 18181)

_JXL_SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
_JXL_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


def jpeg_xl_size(data: bytes) -> tuple[int, int]:
    """Return the (width, height) of a JPEG XL, which its plugin tells only after decoding it.

    Raises:
        ValueError: it has no codestream.
    """
    if data.startswith(_JXL_SIGNATURE):
        for kind, start, end in _boxes(data):
            if kind in {b"jxlc", b"jxlp"}:
                data = data[start + (4 if kind == b"jxlp" else 0) : end]
                break
    if not data.startswith(b"\xff\x0a"):
        raise ValueError("it has no codestream")
    bits = int.from_bytes(data[2:18], "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    # SizeHeader (18181-1, D.2)
    def side() -> int:
        return 8 * (take(5) + 1) if small else take((9, 13, 18, 30)[take(2)]) + 1

    small = take(1)
    height = side()
    ratio = take(3)
    if not ratio:
        return side(), height
    wide, high = _JXL_RATIOS[ratio - 1]
    return height * wide // high, height


# The boxes of JPEG 2000 (ISO/IEC 15444-1, I.4) and JPEG XL (ISO/IEC 18181-2)


def _boxes(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Iterate over (type, start, end) of the contents of the boxes of a container."""
    at = 0
    while at + 8 <= len(data):
        length, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if length == 1:
            length, start = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        end = at + length if length else len(data)
        if end < start:
            return
        yield data[at + 4 : at + 8], start, min(end, len(data))
        at = end


def _jpeg_2000_profile(data: bytes) -> bytes | None:
    """Return the ICC profile of a JP2 file, if it has one (I.5.3.3)."""
    for kind, start, end in _boxes(data):
        if kind == b"jp2h":
            for inner, begin, stop in _boxes(header := data[start:end]):
                if inner == b"colr" and header[begin : begin + 1] in {b"\2", b"\3"}:
                    return header[begin + 3 : stop]
    return None


def _check_jpeg_xl(data: bytes, name: str) -> list[bytes]:
    """Return a JPEG XL that is not turned back into the JPEG that it may have been made from.

    The plugin would decode that JPEG, whatever the number of its scans.
    """
    if data.startswith(_JXL_SIGNATURE):
        for number, (kind, start, _) in enumerate(_boxes(data)):
            if number >= MAX_PARTS:
                raise ImageError(f"{name} has more than {MAX_PARTS:,} boxes; save it again")
            if kind == b"jbrd":
                return [data[: start - 4] + b"skip" + data[start:]]
    return [data]


JPEG = Format("JPEG", "PIL.JpegImagePlugin", "jpeg_factory", check=_check_jpeg)
PNG = Format("PNG", "PIL.PngImagePlugin", "PngImageFile", check=_check_png, mend=_mend_png)
WEBP = Format("WebP", "PIL.WebPImagePlugin", "WebPImageFile")
TIFF = Format("TIFF", "PIL.TiffImagePlugin", "TiffImageFile", check=_check_tiff)
JPEG_2000 = Format(
    "JPEG 2000", "PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile", profile=_jpeg_2000_profile
)
AVIF = Format("AVIF", "PIL.AvifImagePlugin", "AvifImageFile")
HEIF = Format("HEIC", "pillow_heif", "HeifImageFile", "pillow-heif")
JPEG_XL = Format(
    "JPEG XL", "pillow_jxl.JpegXLImagePlugin", "JXLImageFile", "pillow-jxl-plugin",
    check=_check_jpeg_xl,
)  # fmt: skip

FORMATS = (JPEG, PNG, WEBP, TIFF, JPEG_2000, AVIF, HEIF, JPEG_XL)
