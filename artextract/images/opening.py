"""Open untrusted images: the result is upright 8-bit RGB, or an ImageError with the reason.

Nothing is decoded before its size has been checked.
"""

import base64
import hashlib
import io
import logging
import stat
import struct
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageFile

from artextract.errors import ImageError
from artextract.images.colour import scale_to_8_bits, to_srgb
from artextract.images.formats import FORMATS, JPEG, JPEG_XL, Format, find_format, jpeg_xl_size

MAX_PIXELS = 178_956_970
"""Maximum number of pixels, from which on Pillow suspects a bomb (512 MiB as RGB)."""

MAX_FILE_BYTES = 1 << 30
"""Maximum size of an image file, in bytes."""

IMAGE_SUFFIXES = frozenset({
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".tif", ".tiff", ".jp2", ".j2k", ".jpx",
    ".avif", ".heic", ".heif", ".jxl",
})  # fmt: skip
"""Endings of image files in a folder."""

THUMBNAIL_SIDE = 192
"""Longest side of a thumbnail, in pixels."""

HARMLESS_DAMAGE = "images with damage that concerns no pixel"
"""A kind of note."""

MAX_DECODED = 8
"""Maximum number of times that the strips or tiles of an image may cover it."""

_LOG = logging.getLogger(__name__)

_ORIENTATION = 0x0112  # EXIF tag 274

# MAX_PIXELS replaces Pillow's own limit, which would warn at half of it.
PIL.Image.MAX_IMAGE_PIXELS = None
# Pillow warns about odd tags, which don't change the image.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def read_image_file(path: Path) -> bytes:
    """Return the bytes of an image file.

    Raises:
        ImageError: it is missing, not a file, empty, larger than 1 GiB, or not readable.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{path} is not a file; give the path of an image")
        if status.st_size > MAX_FILE_BYTES:
            raise ImageError(
                f"{path} has {status.st_size:,} bytes; the maximum is {MAX_FILE_BYTES:,}: reduce it"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise ImageError(f"{path} can't be read: {error.strerror or error}") from error
    except ValueError as error:  # a null byte
        raise ImageError(f"{path!r} is not a valid path ({error}); correct it") from error
    if not data:
        raise ImageError(f"{path} is empty (0 bytes); fetch or export the image again")
    return data


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of an image file's bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def _log(kind: str, example: str) -> None:
    _LOG.info("%s: %s", kind, example)


def open_image(
    data: bytes, name: str, *, at_least: int | None = None, max_pixels: int | None = None
) -> PIL.Image.Image:
    """Return the image in ``data`` as upright RGB; see :func:`open_sized`."""
    return open_sized(data, name, at_least, max_pixels)[0]


def open_sized(
    data: bytes,
    name: str,
    at_least: int | None = None,
    max_pixels: int | None = None,
    on_note: Callable[[str, str], None] = _log,
) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return the image in ``data`` as upright RGB, 8 bits a channel, and its full (width, height).

    Its colours are sRGB: an embedded colour profile is applied. Transparency is laid on white,
    more than 8 bits a channel are scaled to 8, and the EXIF orientation is applied. Of several
    frames the first is returned, and of the pages of a TIFF the largest. Damage that concerns no
    pixel, and a profile that can't be used, are noted.

    Args:
        data: The file's bytes, in one of :data:`artextract.images.formats.FORMATS`.
        name: The image's name in errors.
        at_least: Let libjpeg decode a large JPEG at a half, a quarter or an eighth of its size, as
            long as both sides have at least this many pixels. None decodes it in full.
        max_pixels: Maximum number of pixels; MAX_PIXELS if None.
        on_note: Told (a kind of note, what it is of this image); by default they are logged.

    Raises:
        ImageError: another format, a limit that is exceeded (MAX_PIXELS and those of
            :mod:`artextract.images.formats`), or truncated or damaged data.
    """
    format_ = find_format(data)
    if format_ is None and not data:
        raise ImageError(f"{name} is empty; fetch or export it again")
    if format_ is None:
        *known, last = (each.name for each in FORMATS)
        raise ImageError(
            f"{name} is not a {', '.join(known)} or {last} image (it begins with "
            f"{data[:8].hex(' ')}); convert it, or leave it out"
        )
    max_pixels = MAX_PIXELS if max_pixels is None else max_pixels
    try:
        decode = partial(_decode, format_, name=name, at_least=at_least, max_pixels=max_pixels)
        try:
            decoded = [decode(each) for each in format_.check(data, name)]
            damage = "no end" if len(decoded) > 1 else ""
        except _DECODER_ERRORS as error:
            mended = format_.mend(data)
            if mended is None:
                raise
            decoded = [decode(mended)]
            damage = _reason(error)
        image, size = decoded[0]
        if any(other.tobytes() != image.tobytes() for other, _ in decoded[1:]):
            raise OSError("its last pixels are missing")
        # Its decoder has turned a JPEG XL upright already.
        turn = None if format_ is JPEG_XL else _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except MemoryError:
        raise ImageError(f"{name} needs more memory than is available; reduce it") from None
    except SyntaxError as error:  # Pillow's, on a header
        raise ImageError(
            f"{name} has a damaged header, or is {format_.name} of a kind that can't be read "
            f"({_reason(error)}); convert it to JPEG or PNG"
        ) from error
    except _DECODER_ERRORS as error:
        raise ImageError(
            f"{name} is damaged or truncated ({_reason(error)}); fetch or export it again"
        ) from error
    if damage:
        on_note(HARMLESS_DAMAGE, damage)
    upright = to_srgb(image, on_note)
    if turn is None:
        return upright, size
    return upright.transpose(turn), size[::-1] if turn in _ON_THEIR_SIDE else size


def _decode(
    format_: Format, data: bytes, *, name: str, at_least: int | None, max_pixels: int
) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return the decoded image and its full (width, height)."""
    if format_ is JPEG_XL:
        _check_pixels(jpeg_xl_size(data), name, max_pixels)
    image = format_.open(data, name)
    size = image.size
    _check_pixels(size, name, max_pixels)
    covered = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in (t[1] for t in image.tile if t[1]))
    if covered > MAX_DECODED * size[0] * size[1]:
        raise ImageError(
            f"{name} has strips that cover it more than {MAX_DECODED} times; export it again"
        )
    if at_least is not None and format_ is JPEG:
        image.draft(image.mode, (at_least, at_least))
    tiles = image.tile
    image.load()
    if image.mode == "RGB" and any(_raw_mode(tile) in _OTHER_BYTE for tile in tiles):
        return _restore_range(image, format_, data, name), size
    return image, size


# Of RGB samples of 16 bits, Pillow keeps the high byte. {raw mode: that which keeps the low byte}
_OTHER_BYTE = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B"}
_OTHER_BYTE["RGB;16N"] = _OTHER_BYTE["RGB;16L" if sys.byteorder == "little" else "RGB;16B"]


def _raw_mode(tile: Any) -> str:
    """Return the layout of the samples in one of Pillow's tiles."""
    arguments = tile[3]
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _restore_range(
    image: PIL.Image.Image, format_: Format, data: bytes, name: str
) -> PIL.Image.Image:
    """Return RGB of 16 bits a channel scaled by its range, if that has at most 12 bits."""
    high = np.asarray(image)
    if high.max() > 15:
        return image
    low = format_.open(data, name)
    low.tile = [
        tile._replace(
            args=_OTHER_BYTE[_raw_mode(tile)]
            if isinstance(tile.args, str)
            else (_OTHER_BYTE[_raw_mode(tile)], *(tile.args or ())[1:])
        )
        for tile in low.tile
    ]
    low.load()
    restored = PIL.Image.fromarray(scale_to_8_bits(high.astype(np.uint16) << 8 | np.asarray(low)))
    restored.info = image.info
    return restored


def _reason(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _check_pixels(size: tuple[int, int], name: str, max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            f"{name} has {width} x {height} = {width * height:,} pixels; "
            f"the maximum is {max_pixels:,}: reduce it"
        )


_Turn = PIL.Image.Transpose
# The transposition that turns an image upright, by EXIF orientation (EXIF 2.32, tag 274).
_TURNS = {
    2: _Turn.FLIP_LEFT_RIGHT, 3: _Turn.ROTATE_180, 4: _Turn.FLIP_TOP_BOTTOM, 5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270, 7: _Turn.TRANSVERSE, 8: _Turn.ROTATE_90,
}  # fmt: skip
_ON_THEIR_SIDE = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}


# What Pillow's decoders and plugins raise on damaged data: OSError and RuntimeError for a truncated
# or corrupt stream, SyntaxError for a broken header, the others for hostile sizes and tags.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
    OverflowError, ZeroDivisionError, AssertionError, RuntimeError, struct.error,
)  # fmt: skip


def make_thumbnail(image: PIL.Image.Image) -> str:
    """Return a small JPEG of ``image`` as a data URI, its longest side at most 192 pixels.

    The image is reduced by an integer factor (box average), which takes a tenth of the time of a
    resize; most thumbnails have a longest side of 97 to 192 pixels and 2 to 6 kB.
    """
    small = image.reduce(max(1, -(-max(image.size) // THUMBNAIL_SIDE)))
    return jpeg_data_uri(small, quality=72)


def jpeg_data_uri(image: PIL.Image.Image, *, quality: int) -> str:
    """Return ``image`` (RGB) as a ``data:image/jpeg;base64,`` URI."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
