"""Drawings of what was detected in an image: faces, figures, light, colours, details."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageDraw

from artextract.detectors.people import LIMBS
from search.region import Region

DRAWN = ("lighting", "palette", "face", "pose")
"""Aspects that :func:`draw` can draw."""

_FACE, _FIGURE, _DETAIL = "#ffd23f", "#4ce0b3", "#ff5e5b"

_SWATCHES = {
    "black": "#111111", "white": "#f7f7f2", "grey": "#8c8c8c", "red": "#b3261e",
    "orange": "#e07b1f", "yellow": "#e3c02f", "green": "#4d8a3a", "blue": "#2f63b0",
    "purple": "#6f3c8f", "pink": "#e59bb0", "brown": "#6b4423",
}  # fmt: skip


def draw(aspect: str, image: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return a drawing of what was found for one of ``DRAWN``."""
    if aspect == "lighting":
        return draw_light(image)
    return {"face": draw_faces, "pose": draw_figures, "palette": draw_palette}[aspect](
        image, payload
    )


def draw_faces(image: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return the image with the box of each face and an arrow in the direction that it turns."""
    drawn, pen, width = _begin(image)
    for head in payload.get("faces", {}).get("heads", []):
        left, top, wide, high = (
            value * side for value, side in zip(head["box"], image.size * 2, strict=True)
        )
        pen.rectangle((left, top, left + wide, top + high), outline=_FACE, width=width)
        x, y = left + wide / 2, top + high / 2
        yaw, pitch = math.radians(head["yaw"]), math.radians(head["pitch"])
        tip = (x + wide * math.sin(yaw), y + high * math.sin(pitch))
        pen.line((x, y, *tip), fill=_FACE, width=width + 1)
        pen.ellipse(_around(tip, 2 * width), fill=_FACE)
    return drawn


def draw_figures(image: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return the image with the skeleton of each figure."""
    drawn, pen, width = _begin(image)
    for body in payload.get("bodies", {}).get("bodies", []):
        points = [
            None if each is None else (each[0] * image.width, each[1] * image.height)
            for each in body
        ]
        for start, end in LIMBS:
            first, last = points[start], points[end]
            if first and last:
                pen.line((*first, *last), fill=_FIGURE, width=width + 1)
        for point in points:
            if point:
                pen.ellipse(_around(point, 1.5 * width), fill=_FIGURE)
    return drawn


def draw_light(image: PIL.Image.Image) -> PIL.Image.Image:
    """Return an 8 by 8 map of light and dark, in the image's own shape."""
    small = image.convert("L").resize((8, 8), PIL.Image.Resampling.BOX)
    return small.resize(image.size, PIL.Image.Resampling.BICUBIC).convert("RGB")


def draw_palette(image: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
    """Return a bar as wide as the image with the share of each of its named colours."""
    bar = PIL.Image.new("RGB", (image.width, max(24, image.width // 10)), "white")
    pen = PIL.ImageDraw.Draw(bar)
    left = 0.0
    for name, share in payload.get("palette", {}).get("shares", {}).items():
        right = left + share * bar.width
        pen.rectangle((left, 0, right, bar.height), fill=_SWATCHES[name])
        left = right
    return bar


def draw_detail(image: PIL.Image.Image, detail: Region) -> PIL.Image.Image:
    """Return the image with a detail framed and the rest darkened."""
    pixels = (np.asarray(image) * 0.45).astype(np.uint8)
    drawn = PIL.Image.fromarray(pixels)
    corner = (round(detail.x * image.width), round(detail.y * image.height))
    cut = detail.cut(image)
    drawn.paste(cut, corner)
    box = (*corner, corner[0] + cut.width - 1, corner[1] + cut.height - 1)
    PIL.ImageDraw.Draw(drawn).rectangle(box, outline=_DETAIL, width=_width(image))
    return drawn


def _begin(image: PIL.Image.Image) -> tuple[PIL.Image.Image, PIL.ImageDraw.ImageDraw, int]:
    drawn = image.copy()
    return drawn, PIL.ImageDraw.Draw(drawn), _width(image)


def _width(image: PIL.Image.Image) -> int:
    return max(2, max(image.size) // 180)


def _around(point: tuple[float, float], radius: float) -> tuple[float, float, float, float]:
    return point[0] - radius, point[1] - radius, point[0] + radius, point[1] + radius
