"""Open untrusted images: the result is upright 8-bit RGB, or an ImageError with the reason.

Nothing is decoded before its size has been checked.
"""

import base64
import hashlib
import io
import stat
import struct
import warnings
from pathlib import Path

import numpy as np
import PIL.Image
from PIL import UnidentifiedImageError

from artextract.errors import ImageError

MAX_PIXELS = 178_956_970
"""Maximum number of pixels, from which on Pillow suspects a bomb (512 MiB as RGB)."""

MAX_FILE_BYTES = 1 << 30
"""Maximum size of an image file, in bytes."""

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff"})
"""Endings of image files in a folder."""

THUMBNAIL_SIDE = 192
"""Longest side of a thumbnail, in pixels."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")  # Pillow opens MPO (two JPEGs in one) as JPEG
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


def open_image(data: bytes, name: str, *, at_least: int | None = None) -> PIL.Image.Image:
    """Return the image in ``data`` as upright RGB; see :func:`open_sized`."""
    return open_sized(data, name, at_least)[0]


def open_sized(
    data: bytes, name: str, at_least: int | None = None
) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return the image in ``data`` as upright RGB, 8 bits a channel, and its full (width, height).

    Transparency is laid on white, 16-bit grey is scaled to 8 bits, the EXIF orientation is applied,
    and the first of several frames is returned.

    Args:
        data: The file's bytes: JPEG, PNG, WebP or TIFF.
        name: The image's name in errors.
        at_least: Let libjpeg decode a large JPEG at a half, a quarter or an eighth of its size, as
            long as both sides have at least this many pixels. None decodes it in full.

    Raises:
        ImageError: another format, more than MAX_PIXELS pixels, or truncated or damaged data.
    """
    try:
        with PIL.Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{name} has {width} x {height} = {width * height:,} pixels; "
                    f"the maximum is {MAX_PIXELS:,}: reduce it"
                )
            if at_least is not None and image.format in {"JPEG", "MPO"}:
                image.draft(image.mode, (at_least, at_least))
            image.load()
            turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except UnidentifiedImageError:
        if not data:
            raise ImageError(f"{name} is empty; fetch or export it again") from None
        raise ImageError(
            f"{name} is not a JPEG, PNG, WebP or TIFF image (it begins with the bytes "
            f"{data[:8].hex(' ')}); convert it, or leave it out"
        ) from None
    except MemoryError:
        raise ImageError(f"{name} needs more memory than is available; reduce it") from None
    except _DECODER_ERRORS as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ImageError(
            f"{name} is damaged or truncated ({reason}); fetch or export it again"
        ) from error
    upright = _to_rgb(image, name)
    if turn is None:
        return upright, (width, height)
    return upright.transpose(turn), (height, width) if turn in _ON_THEIR_SIDE else (width, height)


_Turn = PIL.Image.Transpose
# The transposition that turns an image upright, by EXIF orientation (EXIF 2.32, tag 274).
_TURNS = {
    2: _Turn.FLIP_LEFT_RIGHT, 3: _Turn.ROTATE_180, 4: _Turn.FLIP_TOP_BOTTOM, 5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270, 7: _Turn.TRANSVERSE, 8: _Turn.ROTATE_90,
}  # fmt: skip
_ON_THEIR_SIDE = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}


# What Pillow's decoders raise on damaged data: OSError for a truncated or corrupt stream,
# SyntaxError for a broken header, the others for hostile sizes and tags.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
    OverflowError, ZeroDivisionError, struct.error,
)  # fmt: skip


def _to_rgb(image: PIL.Image.Image, name: str) -> PIL.Image.Image:
    """Return ``image`` (any mode) as RGB; the pixels of an RGB image are unchanged."""
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image.copy() if image.readonly else image
    if image.mode == "F":
        raise ImageError(f"{name} has floating-point pixels; export it with 8 or 16 bits a channel")
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64)
        brightest = int(values.max(initial=0))
        # 32-bit grey holds values of 8 or of 16 bits; larger ones are scaled by their maximum.
        top = 255 if image.mode == "I" and brightest <= 255 else max(65535, brightest)
        grey = np.clip(values * 255 // top, 0, 255).astype(np.uint8)
        return PIL.Image.fromarray(grey).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = PIL.Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return PIL.Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


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
