"""The underpainting: colour, brush direction, detail and contour, composed shape by shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from benchmarks.atelier.fields import Field, gradient, soft, swell
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Colour

Points = npt.NDArray[np.float32]
"""Corner points, float32 (n, 2), columns x and y in pixels."""

_OVERSAMPLE = 3


@dataclass(frozen=True)
class Patch:
    """A shape's coverage in its bounding box.

    Attributes:
        x: Left column of the box on the canvas.
        y: Top row of the box on the canvas.
        alpha: Coverage, float32 (rows, columns) in 0..1.
    """

    x: int
    y: int
    alpha: Field

    @property
    def where(self) -> tuple[slice, slice]:
        """The box as (rows, columns) slices of the canvas."""
        rows, columns = self.alpha.shape
        return slice(self.y, self.y + rows), slice(self.x, self.x + columns)


@dataclass(frozen=True)
class Ramp:
    """Colours of a surface in shade, half tone and light."""

    shade: Colour
    half: Colour
    light: Colour

    def at(self, amount: Field) -> Field:
        """Return the colour (h, w, 3) for how lit (h, w) the surface is, 0..1."""
        low = np.clip(amount * 2, 0, 1)[..., None]
        high = np.clip(amount * 2 - 1, 0, 1)[..., None]
        base = self.shade + (self.half - self.shade) * low
        return np.asarray(base + (self.light - self.half) * high, np.float32)

    def tone(self, lit: float) -> Colour:
        """Return the one colour (3,) of a flat surface that is `lit` 0..1."""
        return np.asarray(self.at(np.full((1, 1), lit, np.float32))[0, 0], np.float32)


def ramp(colour: Colour, dark: Colour, light: Colour, depth: float = 0.62) -> Ramp:
    """Return a ramp around `colour`, mixed towards `dark` in shade and `light` in light."""
    return Ramp(
        (colour * (1 - depth) + dark * depth).astype(np.float32),
        colour,
        (colour * (1 - 0.55 * depth) + light * 0.55 * depth).astype(np.float32),
    )


def spline(points: Sequence[tuple[float, float]], closed: bool = True, steps: int = 7) -> Points:
    """Return a Catmull-Rom curve through `points`, `steps` segments between neighbours."""
    knots = np.asarray(points, np.float32)
    if closed:
        knots = np.concatenate([knots[-1:], knots, knots[:2]])
    else:
        knots = np.concatenate([knots[:1], knots, knots[-1:]])
    a, b, c, d = knots[:-3, None], knots[1:-2, None], knots[2:-1, None], knots[3:, None]
    t = np.linspace(0, 1, steps, endpoint=False, dtype=np.float32)[None, :, None]
    curve = 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )
    flat = curve.reshape(-1, 2)
    if not closed:
        flat = np.concatenate([flat, knots[-1:]])
    return np.asarray(flat, np.float32)


def ellipse(x: float, y: float, rx: float, ry: float, turn: float = 0.0) -> Points:
    """Return 40 points around an ellipse centred at (x, y), turned by `turn` radians."""
    t = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    u, v = rx * np.cos(t), ry * np.sin(t)
    return np.stack(
        [x + u * np.cos(turn) - v * np.sin(turn), y + u * np.sin(turn) + v * np.cos(turn)], axis=1
    ).astype(np.float32)


def ribbon(points: Sequence[tuple[float, float]], widths: Sequence[float]) -> Points:
    """Return the outline of a tapering band along a smooth line; `widths` are full widths."""
    line = spline(points, closed=False)
    at = np.linspace(0, 1, len(line))
    width = np.interp(at, np.linspace(0, 1, len(widths)), widths) / 2
    along = np.gradient(line, axis=0)
    along /= np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
    normal = np.stack([-along[:, 1], along[:, 0]], axis=1) * width[:, None]
    return np.concatenate([line + normal, (line - normal)[::-1]]).astype(np.float32)


class Canvas:
    """An underpainting.

    Attributes:
        width: Columns.
        height: Rows.
        rgb: Colour, float32 (height, width, 3), nominally 0..1.
        angle: Direction of brushwork in radians, float32 (height, width).
        detail: How finely to paint, float32 (height, width) in 0..1.
        line: Strength of contour, float32 (height, width) in 0..1.
        focus: The point (x, y) in pixels the picture is about.
    """

    def __init__(self, width: int, height: int) -> None:
        """Begin an empty canvas of `width` by `height` pixels."""
        self.width = width
        self.height = height
        self.rgb: Field = np.zeros((height, width, 3), np.float32)
        self.angle: Field = np.zeros((height, width), np.float32)
        self.detail: Field = np.full((height, width), 0.25, np.float32)
        self.line: Field = np.zeros((height, width), np.float32)
        self.focus = (width / 2, height / 2)

    @property
    def grid(self) -> tuple[Field, Field]:
        """Pixel coordinates as (x of shape (1, width), y of shape (height, 1))."""
        x = np.arange(self.width, dtype=np.float32)[None, :]
        y = np.arange(self.height, dtype=np.float32)[:, None]
        return x, y

    def patch(self, *outlines: Points, holes: Sequence[Points] = (), feather: float = 0) -> Patch:
        """Return the union of `outlines` less `holes` as a patch cut to the canvas.

        Args:
            *outlines: Filled polygons.
            holes: Polygons taken out.
            feather: Softness of the edge in pixels.

        Returns:
            The patch; of zero size when the shape is off the canvas.
        """
        every = np.concatenate(outlines)
        pad = 2 + int(3 * feather)
        left = int(np.clip(np.floor(every[:, 0].min()) - pad, 0, self.width))
        top = int(np.clip(np.floor(every[:, 1].min()) - pad, 0, self.height))
        right = int(np.clip(np.ceil(every[:, 0].max()) + pad, 0, self.width))
        low = int(np.clip(np.ceil(every[:, 1].max()) + pad, 0, self.height))
        if right <= left or low <= top:
            return Patch(0, 0, np.zeros((0, 0), np.float32))
        scale = _OVERSAMPLE
        image = Image.new("L", ((right - left) * scale, (low - top) * scale), 0)
        pen = ImageDraw.Draw(image)
        shift = np.array([left, top], np.float32)
        for shapes, ink in ((outlines, 255), (holes, 0)):
            for points in shapes:
                pen.polygon([tuple(p) for p in ((points - shift) * scale).tolist()], fill=ink)
        alpha = np.asarray(image.reduce(scale), np.float32) / np.float32(255)
        if feather > 0:
            alpha = soft(alpha, feather)
        return Patch(left, top, alpha)

    def fill(
        self,
        patch: Patch,
        colour: Colour | Field,
        alpha: float = 1.0,
        *,
        angle: float | Field | None = None,
        detail: float | None = None,
        contour: float = 1.0,
    ) -> None:
        """Lay a colour over a patch.

        Args:
            patch: Where.
            colour: One colour (3,) or a picture of the patch's size (rows, columns, 3).
            alpha: Opacity 0..1.
            angle: New direction of brushwork in the patch, if any.
            detail: New fineness of painting in the patch, if any.
            contour: Strength of the contour drawn by hands that draw contours, 0..1.
        """
        if patch.alpha.size == 0:
            return
        where = patch.where
        cover = patch.alpha * np.float32(alpha)
        self.rgb[where] += (colour - self.rgb[where]) * cover[..., None]
        solid = patch.alpha > 0.5
        if angle is not None:
            value = angle if isinstance(angle, float) else np.asarray(angle)
            self.angle[where] = np.where(solid, value, self.angle[where])
        if detail is not None:
            self.detail[where] = np.where(solid, np.float32(detail), self.detail[where])
        if contour > 0:
            wide = soft(patch.alpha, 0.9)
            ring = 4 * wide * (1 - wide) * np.float32(contour * alpha)
            self.line[where] = np.maximum(self.line[where] * (1 - cover), ring)

    def solid(
        self,
        patch: Patch,
        colours: Ramp,
        light: Light,
        *,
        roundness: float = 0.5,
        texture: Field | None = None,
        detail: float | None = 0.5,
        contour: float = 1.0,
        alpha: float = 1.0,
    ) -> None:
        """Lay a patch shaded as a swelling solid ("inflated" from its coverage).

        Args:
            patch: Where.
            colours: Colours in shade, half tone and light.
            light: The light.
            roundness: Size of the swelling relative to the patch's shorter side.
            texture: Field of the canvas's size added to how lit the surface is.
            detail: Fineness of painting.
            contour: Strength of the contour.
            alpha: Opacity 0..1.
        """
        if patch.alpha.size == 0:
            return
        rows, columns = patch.alpha.shape
        radius = max(1.0, roundness * min(rows, columns) * 0.33)
        pad = int(radius * 2)
        padded = np.pad(patch.alpha, pad)
        # Past the canvas's own edge the shape is taken to go on.
        if patch.x + columns >= self.width:
            padded[pad:-pad, -pad:] = patch.alpha[:, -1:]
        if patch.x == 0:
            padded[pad:-pad, :pad] = patch.alpha[:, :1]
        if patch.y + rows >= self.height:
            padded[-pad:] = padded[-pad - 1]
        smooth = soft if radius < 5 else swell
        wide = smooth(padded, radius)
        height = np.sqrt(np.clip(2 * wide - 0.85, 0.0, 1.2))
        across, down = gradient(smooth(height * np.float32(0.8), max(0.6, radius * 0.25)))
        across, down = across[pad:-pad, pad:-pad], down[pad:-pad, pad:-pad]
        steep = radius * 1.9
        nx, ny = -across * steep, -down * steep
        length = np.sqrt(nx * nx + ny * ny + 0.55)
        lit = light.on(nx / length, ny / length, np.sqrt(np.float32(0.55)) / length)
        if texture is not None:
            lit = np.clip(lit + texture[patch.where], 0, 1)
        angle = (np.arctan2(ny, nx) + np.pi / 2).astype(np.float32)
        self.fill(patch, colours.at(lit), alpha, angle=angle, detail=detail, contour=contour)
