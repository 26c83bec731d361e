"""Opening images that nobody has checked.

The only door for pictures: whatever comes in (a museum's TIFF, a phone's JPEG with its EXIF turn, a
file that only says that it is a picture) leaves as upright 8-bit RGB, or as an ImageError with a
reason. Nothing is decoded before its size is known to be bearable.
"""

import base64
import hashlib
import io
import stat
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from PIL import UnidentifiedImageError

from artextract.errors import ImageError

__all__ = [
    "IMAGE_SUFFIXES",
    "MAX_PIXELS",
    "THUMBNAIL_SIDE",
    "content_hash",
    "jpeg_data_uri",
    "make_thumbnail",
    "open_image",
    "open_sized",
    "read_image_file",
]

MAX_PIXELS = 178_956_970
"""Most pixels of an image, where Pillow itself suspects a bomb (512 MiB as RGB)."""

MAX_FILE_BYTES = 1 << 30
"""Largest image file that is read, in bytes."""

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff"})
"""File endings that are taken for images when a folder is walked."""

THUMBNAIL_SIDE = 192
"""Longest side of a thumbnail, in pixels."""

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")  # Pillow opens MPO (two JPEGs in one) as JPEG
_ORIENTATION = 0x0112  # EXIF tag 274

# Our own limit stands in for Pillow's, which would warn at half of it.
PIL.Image.MAX_IMAGE_PIXELS = None
# Pillow warns of odd tags, which change nothing in the picture.
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")


def read_image_file(path: Path) -> bytes:
    """Return the bytes of an image file.

    Raises:
        ImageError: it is missing, not a file, empty, larger than 1 GiB, or not readable.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ImageError(f"{path} is not a file; give the path of a picture")
        if status.st_size > MAX_FILE_BYTES:
            raise ImageError(
                f"{path} has {status.st_size:,} bytes; the most is {MAX_FILE_BYTES:,}: reduce it"
            )
        data = path.read_bytes()
    except FileNotFoundError:
        raise ImageError(f"there is no file {path}; check the path") from None
    except OSError as error:
        raise ImageError(f"{path} can't be read: {error.strerror or error}") from error
    except ValueError as error:  # a name that no file can have, with a null byte
        raise ImageError(f"{path!r} is not the path of a file ({error}); mend it") from error
    if not data:
        raise ImageError(f"{path} is empty (0 bytes); fetch or export the picture again")
    return data


def content_hash(data: bytes) -> str:
    """Return the SHA-256 of an image file's bytes, as 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def open_image(data: bytes, name: str, *, at_least: int | None = None) -> PIL.Image.Image:
    """Return the picture in ``data`` as upright RGB; see :func:`open_sized`."""
    return open_sized(data, name, at_least)[0]


def open_sized(
    data: bytes, name: str, at_least: int | None = None
) -> tuple[PIL.Image.Image, tuple[int, int]]:
    """Return the picture in ``data`` as upright RGB, 8 bits a channel, and its full upright size.

    Transparency is laid on white, 16-bit grey is scaled to 8, an EXIF turn is carried out, and of
    several frames the first is taken.

    Args:
        data: The file's bytes: JPEG, PNG, WebP or TIFF.
        name: What to call the picture in an error.
        at_least: Let libjpeg decode a large JPEG at a half, a quarter or an eighth of its size, so
            long as both sides stay at least this many pixels. None decodes in full.

    Raises:
        ImageError: another format, more than MAX_PIXELS pixels, or truncated or broken data.
    """
    try:
        with PIL.Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise ImageError(
                    f"{name} has {width} x {height} = {width * height:,} pixels; "
                    f"the most is {MAX_PIXELS:,}: reduce it"
                )
            if at_least is not None and image.format in {"JPEG", "MPO"}:
                image.draft(image.mode, (at_least, at_least))
            image.load()
            turn = _TURNS.get(_orientation(image))
    except UnidentifiedImageError:
        raise ImageError(
            f"{name} is not a JPEG, PNG, WebP or TIFF image (it begins with {data[:8]!r}); "
            "convert it, or leave it out"
        ) from None
    except MemoryError:
        raise ImageError(f"{name} needs more memory than there is; reduce it") from None
    except _DECODER_ERRORS as error:
        raise ImageError(
            f"{name} is broken or cut off ({_first_line(error)}); fetch or export it again"
        ) from error
    upright = _to_rgb(image, name)
    if turn is None:
        return upright, (width, height)
    return upright.transpose(turn), (height, width) if turn in _ON_THEIR_SIDE else (width, height)


_Turn = PIL.Image.Transpose
# How a picture is turned upright, by EXIF orientation (EXIF 2.32, tag 274).
_TURNS = {
    2: _Turn.FLIP_LEFT_RIGHT, 3: _Turn.ROTATE_180, 4: _Turn.FLIP_TOP_BOTTOM, 5: _Turn.TRANSPOSE,
    6: _Turn.ROTATE_270, 7: _Turn.TRANSVERSE, 8: _Turn.ROTATE_90,
}  # fmt: skip
_ON_THEIR_SIDE = {_TURNS[orientation] for orientation in (5, 6, 7, 8)}


def _orientation(image: PIL.Image.Image) -> int:
    """Return the EXIF orientation, 1 (upright) where there is none that can be understood."""
    value = image.getexif().get(_ORIENTATION, 1)
    return value if isinstance(value, int) else 1


# What Pillow's decoders raise on damaged data: OSError for a cut or corrupt stream, SyntaxError for
# a broken header, the others from hostile sizes and tags. Only Pillow's own calls are guarded so.
_DECODER_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, AttributeError, EOFError,
    OverflowError, ZeroDivisionError, struct.error,
)  # fmt: skip


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _to_rgb(image: PIL.Image.Image, name: str) -> PIL.Image.Image:
    """Return ``image`` (any mode) as RGB; the pixels of an RGB image are not touched."""
    if image.mode == "RGB" and "transparency" not in image.info:
        image.load()
        return image.copy() if image.readonly else image
    if image.mode == "F":
        raise ImageError(f"{name} has floating-point pixels; export it with 8 or 16 bits a channel")
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.asarray(image).astype(np.int64)
        brightest = int(values.max(initial=0))
        # 32-bit grey holds values of 8 or of 16 bits; more than that is scaled to what is there.
        top = 65535 if image.mode != "I" else next((t for t in (255, 65535) if brightest <= t),
                                                   brightest)  # fmt: skip
        grey = np.clip(values * 255 // top, 0, 255).astype(np.uint8)
        return PIL.Image.fromarray(grey).convert("RGB")
    if image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = PIL.Image.new("RGBA", layer.size, (255, 255, 255, 255))
        return PIL.Image.alpha_composite(paper, layer).convert("RGB")
    return image.convert("RGB")


def make_thumbnail(image: PIL.Image.Image) -> str:
    """Return a small JPEG of ``image`` as a data URI, its longest side at most 192 pixels.

    The picture is reduced by a whole number (box average), which costs a tenth of a free resize;
    most thumbnails so have a longest side of 97 to 192 pixels and 2 to 6 kB.
    """
    small = image.reduce(max(1, -(-max(image.size) // THUMBNAIL_SIDE)))
    return jpeg_data_uri(small, quality=72)


def jpeg_data_uri(image: PIL.Image.Image, *, quality: int) -> str:
    """Return ``image`` (RGB) as a ``data:image/jpeg;base64,`` URI."""
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": quality}
    image.save(buffer, "JPEG", **options)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
