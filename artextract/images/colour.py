"""Turn decoded pixels of any mode into 8-bit RGB in sRGB, by the image's colour profile."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.images.formats import MAX_PROFILE_BYTES

if TYPE_CHECKING:
    from PIL.ImageCms import ImageCmsTransform

UNUSABLE_PROFILE = "images whose colour profile can't be used (their colours are taken as sRGB)"
"""A kind of note."""

_RANGES = (255, 1023, 4095)
"""Largest values of 8, 10 and 12 bits, which are often stored in 16 or 32."""

_BITS_PER_SAMPLE = 258  # TIFF tag

_SRGB_TOLERANCE = 2
"""A profile that changes no colour by more, in steps of 0 to 255, is one of sRGB."""

_SPACES = {b"RGB ": "RGB", b"GRAY": "L", b"CMYK": "CMYK"}
"""{colour space in the header of a profile (ICC.1:2022, table 19): mode of such pixels}."""

_CLASSES = (b"scnr", b"mntr", b"prtr", b"spac")
"""Classes of profiles that say what the colours of an image are (ICC.1:2022, table 18)."""


def to_srgb(image: PIL.Image.Image, on_note: Callable[[str, str], None]) -> PIL.Image.Image:
    """Return a decoded image of any mode as RGB, 8 bits a channel.

    The colour profile is applied; of one that can't be, ``on_note`` is told UNUSABLE_PROFILE and
    why. Without a profile, or with one of sRGB, the pixels of an RGB image are unchanged.
    Transparency is laid on white. The result has no profile.

    Raises:
        ValueError: Pillow can't convert this mode.
    """
    profile = image.info.pop("icc_profile", None)
    alpha = None
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        image = _to_8_bits(image)
    elif image.mode in {"RGBA", "LA", "PA", "La", "RGBa"} or "transparency" in image.info:
        layer = image.convert("RGBA")
        alpha = layer.getchannel("A")
        image = image.getchannel("L") if image.mode == "LA" else layer.convert("RGB")
    colours = _apply(profile, image, on_note) if profile else _plain(image)
    if alpha is None:
        return colours
    colours.putalpha(alpha)
    paper = PIL.Image.new("RGBA", colours.size, (255, 255, 255, 255))
    return PIL.Image.alpha_composite(paper, colours).convert("RGB")


def scale_to_8_bits(values: npt.NDArray[Any], declared: int | None = None) -> npt.NDArray[np.uint8]:
    """Return samples, integers or floats of any size, scaled to 0 to 255.

    The range is ``declared`` (its largest value), else the first of 8, 10, 12 and 16 bits that
    holds the largest value, else up to that value. Floats of at most 16 are taken as of 0 to 1.
    """
    scaled: npt.NDArray[Any]
    is_float = values.dtype.kind == "f"
    if is_float:
        values = np.nan_to_num(values, nan=0, posinf=0, neginf=0)
    brightest = values.max(initial=0)
    top = declared or next((top for top in (*_RANGES, 65535) if brightest <= top), int(brightest))
    if is_float:
        scaled = np.clip(values / (1 if brightest <= 16 else top), 0, 1) * 255 + 0.5
    elif values.dtype.itemsize == 2:
        scaled = np.minimum(np.arange(65536) * 255 // top, 255).astype(np.uint8)[values]
    else:
        scaled = np.clip(values.astype(np.int64) * 255 // top, 0, 255)
    return scaled.astype(np.uint8, copy=False)


def _to_8_bits(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return grey of 16 or 32 bits or floats as grey of 8 bits."""
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        values = values.astype(np.uint16, copy=False)
    (bits,) = getattr(image, "tag_v2", {}).get(_BITS_PER_SAMPLE, (16,))[:1] or (16,)
    return PIL.Image.fromarray(scale_to_8_bits(values, (1 << bits) - 1 if 8 < bits < 16 else None))


def _plain(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return ``image`` as RGB, its colours taken as sRGB."""
    if image.mode != "RGB":
        return image.convert("RGB")
    return image.copy() if image.readonly else image


@dataclass(frozen=True, slots=True)
class _Conversion:
    """What a profile does to pixels: a transform of ``mode`` to sRGB, or nothing.

    Where it can't be used, ``problem`` says why.
    """

    mode: str = ""
    transform: "ImageCmsTransform | None" = None
    problem: str = ""


def _apply(
    profile: bytes, image: PIL.Image.Image, on_note: Callable[[str, str], None]
) -> PIL.Image.Image:
    """Return ``image`` (8 bits a channel, opaque) as RGB by its profile."""
    if image.mode == "LAB":  # says what its colours are without a profile
        return _plain(image)
    mode = {"1": "L", "L": "L", "CMYK": "CMYK"}.get(image.mode, "RGB")
    conversion = _conversion(profile, mode)
    if conversion.problem:
        on_note(UNUSABLE_PROFILE, conversion.problem)
    if conversion.transform is None:
        return _plain(image)
    converted = conversion.transform.apply(image.convert(conversion.mode))
    del converted.info["icc_profile"]
    return converted


@lru_cache(maxsize=16)
def _conversion(profile: bytes, mode: str) -> _Conversion:
    """Return what ``profile`` does to pixels of ``mode``, L, RGB or CMYK."""
    if len(profile) > MAX_PROFILE_BYTES:
        return _Conversion(problem=f"it has more than {MAX_PROFILE_BYTES:,} bytes")
    space, class_ = profile[16:20], profile[12:16]
    # Grey is often tagged with an RGB profile: it is the colour of three equal parts.
    pixels = "RGB" if mode == "L" and space == b"RGB " else mode
    if _SPACES.get(space) != pixels or class_ not in _CLASSES:
        what = " ".join(part.decode("latin-1").strip() for part in (space, class_))
        return _Conversion(problem=f"it is of the kind {what!r}, and the pixels are {mode}")
    from PIL import ImageCms

    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION | ImageCms.Flags.NOCACHE  # for many threads
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    try:
        transform = ImageCms.ImageCmsTransform(
            ImageCms.ImageCmsProfile(io.BytesIO(profile)), srgb,
            pixels, "RGB", intent, flags=flags,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        return _Conversion(problem=str(error))
    if pixels == "CMYK":
        return _Conversion(pixels, transform)
    levels = np.arange(0, 256, 15, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(len(levels), -1, 3)
    samples = PIL.Image.fromarray(grid).convert(pixels)
    unchanged = np.asarray(samples.convert("RGB"), np.int16)
    changed = np.asarray(transform.apply(samples), np.int16)
    if np.abs(changed - unchanged).max() <= _SRGB_TOLERANCE:
        return _Conversion()
    return _Conversion(pixels, transform)
