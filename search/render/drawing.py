"""Drawing on pictures what was found in them: heads, bodies, light, colours, parts."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw

from artextract.detectors.people import LIMBS
from search.region import Region

__all__ = ["DRAWN", "draw", "draw_bodies", "draw_heads", "draw_light", "draw_palette", "draw_part"]

DRAWN = ("lighting", "palette", "face", "pose")
"""Aspects of which :func:`draw` can make a picture."""

_HEAD, _BODY, _PART = "#ffd23f", "#4ce0b3", "#ff5e5b"

_SWATCHES = {
    "black": "#111111", "white": "#f7f7f2", "grey": "#8c8c8c", "red": "#b3261e",
    "orange": "#e07b1f", "yellow": "#e3c02f", "green": "#4d8a3a", "blue": "#2f63b0",
    "purple": "#6f3c8f", "pink": "#e59bb0", "brown": "#6b4423",
}  # fmt: skip


def draw(aspect: str, picture: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return a drawing of what was found for one of ``DRAWN``."""
    if aspect == "lighting":
        return draw_light(picture)
    return {"face": draw_heads, "pose": draw_bodies, "palette": draw_palette}[aspect](
        picture, payload
    )


def draw_heads(picture: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return the picture with each head's box and an arrow to where it turns."""
    drawn, pen, width = _begin(picture)
    for head in payload.get("faces", {}).get("heads", []):
        left, top, wide, high = (
            value * side for value, side in zip(head["box"], picture.size * 2, strict=True)
        )
        pen.rectangle((left, top, left + wide, top + high), outline=_HEAD, width=width)
        x, y = left + wide / 2, top + high / 2
        yaw, pitch = math.radians(head["yaw"]), math.radians(head["pitch"])
        tip = (x + wide * math.sin(yaw), y + high * math.sin(pitch))
        pen.line((x, y, *tip), fill=_HEAD, width=width + 1)
        pen.ellipse(_around(tip, 2 * width), fill=_HEAD)
    return drawn


def draw_bodies(picture: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return the picture with the skeleton of each body."""
    drawn, pen, width = _begin(picture)
    for body in payload.get("bodies", {}).get("bodies", []):
        points = [
            None if each is None else (each[0] * picture.width, each[1] * picture.height)
            for each in body
        ]
        for start, end in LIMBS:
            first, last = points[start], points[end]
            if first and last:
                pen.line((*first, *last), fill=_BODY, width=width + 1)
        for point in points:
            if point:
                pen.ellipse(_around(point, 1.5 * width), fill=_BODY)
    return drawn


def draw_light(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Return where light and dark lie, as an 8 by 8 map of the picture's own shape."""
    small = picture.convert("L").resize((8, 8), PIL.Image.Resampling.BOX)
    return small.resize(picture.size, PIL.Image.Resampling.BICUBIC).convert("RGB")


def draw_palette(picture: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return a bar as wide as the picture with the share of each of its named colours."""
    bar = PIL.Image.new("RGB", (picture.width, max(24, picture.width // 10)), "white")
    pen = PIL.ImageDraw.Draw(bar)
    left = 0.0
    for name, share in payload.get("palette", {}).get("shares", {}).items():
        right = left + share * bar.width
        pen.rectangle((left, 0, right, bar.height), fill=_SWATCHES[name])
        left = right
    return bar


def draw_part(picture: PIL.Image.Image, part: Region) -> PIL.Image.Image:
    """Return the picture with a part of it framed and the rest darker."""
    pixels = (np.asarray(picture) * 0.45).astype(np.uint8)
    drawn = PIL.Image.fromarray(pixels)
    corner = (round(part.x * picture.width), round(part.y * picture.height))
    cut = part.cut(picture)
    drawn.paste(cut, corner)
    box = (*corner, corner[0] + cut.width - 1, corner[1] + cut.height - 1)
    PIL.ImageDraw.Draw(drawn).rectangle(box, outline=_PART, width=_width(picture))
    return drawn


def _begin(picture: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.ImageDraw.ImageDraw, int]:
    drawn = picture.copy()
    return drawn, PIL.ImageDraw.Draw(drawn), _width(picture)


def _width(picture: PIL.Image.Image) -> int:
    return max(2, max(picture.size) // 180)


def _around(point: tuple[float, float], radius: float) -> tuple[float, float, float, float]:
    return point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius
