"""Heads: sphere-traced solids with painted features, turned, lit and shadowed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.atelier import head_shape as shape
from benchmarks.atelier.canvas import Ramp
from benchmarks.atelier.fields import Field, Rough, resize, smoothstep
from benchmarks.atelier.light import Light

_TOP, _LOW, _SIDE = -1.75, 2.05, 1.75
_STEPS = 24
_COARSE = 44.0
_FINENESS = 0.66


@dataclass(frozen=True)
class Head:
    """What a head looks like.

    Attributes:
        yaw: Turn in degrees; 0 faces the viewer, negative turns to the viewer's left.
        pitch: Nod in degrees, positive looks down.
        roll: Tilt in degrees, positive tilts clockwise as seen.
        style: Hair or headdress: one of the portrait motifs.
        male: Whether the build is broader.
        skin: Colours of skin.
        hair: Colours of hair.
        cloth: Colours of hat or veil.
        lips: Colour of lips and of the blush of the cheeks, float32 (3,).
        smile: Lift of the corners of the mouth, about -1..1.
        gaze: Turn of the eyes across, about -1..1.
    """

    yaw: float
    pitch: float
    roll: float
    style: str
    male: bool
    skin: Ramp
    hair: Ramp
    cloth: Ramp
    lips: Field
    smile: float = 0.2
    gaze: float = 0.0

    @property
    def body_yaw(self) -> float:
        """Turn of neck and shoulders in degrees."""
        return self.yaw * 0.55


@dataclass(frozen=True)
class HeadLayer:
    """A rendered head.

    Attributes:
        rgb: Colour, float32 (h, w, 3).
        alpha: Coverage, float32 (h, w) in 0..1.
        angle: Direction of brushwork in radians, float32 (h, w).
        face: Where skin of the face is seen, bool (h, w).
        neck: Where skin of the neck is seen, bool (h, w).
        line: Strength of inner and outer contours, float32 (h, w) in 0..1.
        x: Column of the head's centre in the layer, in pixels.
        y: Row of the head's centre (eye level) in the layer, in pixels.
    """

    rgb: Field
    alpha: Field
    angle: Field
    face: npt.NDArray[np.bool_]
    neck: npt.NDArray[np.bool_]
    line: Field
    x: float
    y: float


def rotation(yaw: float, pitch: float, roll: float) -> Field:
    """Return the 3 by 3 matrix that takes head axes to picture axes; angles in degrees."""
    a, b, c = np.radians([yaw, pitch, roll])
    turn = np.array([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    nod = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    tilt = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(tilt @ turn @ nod, np.float32)


class _Model:
    """Distances from points in picture axes to the parts of one head."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.turn = rotation(head.yaw, head.pitch, head.roll)
        self.body = rotation(head.body_yaw, 0, 0)

    def local(self, x: Field, y: Field, z: Field, turn: Field) -> tuple[Field, Field, Field]:
        t = turn
        return (
            x * t[0, 0] + y * t[1, 0] + z * t[2, 0],
            x * t[0, 1] + y * t[1, 1] + z * t[2, 1],
            x * t[0, 2] + y * t[1, 2] + z * t[2, 2],
        )

    def parts(self, x: Field, y: Field, z: Field) -> list[Field]:
        head = self.head
        u, v, w = self.local(x, y, z, self.turn)
        a, b, c = self.local(x, y, z, self.body)
        skin = np.minimum(shape.flesh(u, v, w, male=head.male), shape.neck(a, b, c, male=head.male))
        out = [skin, shape.hair(u, v, w, head.style, male=head.male)]
        out.append(shape.cloth(u, v, w, head.style))
        out.append(shape.pearl(u, v, w) if head.style == "turban" else np.full_like(x, shape.FAR))
        return out

    def distance(self, x: Field, y: Field, z: Field) -> Field:
        parts = self.parts(x, y, z)
        return np.minimum(np.minimum(parts[0], parts[1]), np.minimum(parts[2], parts[3]))


def _trace(model: _Model, x: Field, y: Field) -> tuple[Field, Field]:
    """March rays from the viewer; return the depth z reached and the least distance met."""
    z = np.full_like(x, 1.65)
    least = np.full_like(x, shape.FAR)
    active = np.arange(x.size)
    for _ in range(_STEPS):
        d = model.distance(x[active], y[active], z[active])
        least[active] = np.minimum(least[active], d)
        z[active] -= np.maximum(d * 0.92, 0.002)
        active = active[(d > 0.006) & (z[active] > -1.5)]
        if active.size == 0:
            break
    return z, least


def _paint_skin(head: Head, u: Field, v: Field, w: Field, lit: Field) -> tuple[Field, Field]:
    """Return skin colours (n, 3) with painted features, and line strength (n,)."""
    rgb = head.skin.at(lit)
    au = np.abs(u)
    front = smoothstep(0.25, 0.45, w)
    shade = (0.45 + 0.55 * lit)[:, None]
    dark = head.skin.shade * 0.35

    def lay(colour: Rough, cover: Rough) -> None:
        rgb[:] += (colour - rgb) * np.clip(cover, 0, 1)[:, None]

    blush = np.exp(-(((au - 0.40) / 0.20) ** 2) - ((v - 0.34) / 0.17) ** 2)
    blush += 0.8 * np.exp(-((u / 0.12) ** 2) - ((v - 0.36) / 0.10) ** 2)
    lay(head.lips * shade, 0.19 * blush * front)
    # Lips: upper and lower, and the line between them that follows the smile.
    bend = 0.635 - 0.35 * head.smile * au * au
    upper = smoothstep(0.0, 0.02, v - (0.555 + 0.25 * au * au + 0.015 * np.cos(26 * au)))
    lower = smoothstep(0.0, 0.025, bend + 0.105 * np.clip(1 - (au / 0.19) ** 2, 0, 1) - v)
    inside = smoothstep(0.225, 0.185, au) * front
    lay(head.lips * shade * 0.92, 0.80 * upper * lower * inside)
    parted = np.exp(-(((v - bend) / 0.014) ** 2)) * smoothstep(0.25, 0.19, au) * front
    lay(dark, 0.85 * parted)
    # Eyes: an almond with white, iris, pupil, spark, lid line and fold.
    e, f = (au - 0.275) / 0.150, (v - 0.035) / 0.066
    almond = 1 - e * e - np.abs(f) ** 1.5
    opened = smoothstep(0.0, 0.22, almond) * front
    lay(
        head.skin.light * 0.5 + np.array([0.42, 0.43, 0.44], np.float32),
        opened * (0.35 + 0.5 * lit),
    )
    look = (u - np.sign(u) * 0.275 - 0.045 * head.gaze) / 0.072
    iris = look**2 + ((v - 0.025) / 0.068) ** 2
    lay(head.hair.shade * 0.55 + 0.10 * head.cloth.half, smoothstep(1.05, 0.80, iris) * opened)
    lay(dark * 0.4, smoothstep(0.30, 0.16, iris) * opened)
    spark = (look + 0.35) ** 2 + ((v - 0.002) / 0.068) ** 2
    lay(np.ones(3, np.float32) * 0.95, smoothstep(0.07, 0.02, spark) * opened * 0.9)
    edge = np.clip(1 - e * e, 0, 1) ** 0.67
    within = smoothstep(1.18, 0.95, np.abs(e)) * front
    lid = np.exp(-(((f + edge) / 0.26) ** 2)) * within
    fold = np.exp(-(((f + edge + 0.75) / 0.20) ** 2)) * within
    under = np.exp(-(((f - edge) / 0.20) ** 2)) * within
    lay(dark * 0.7, 0.95 * lid)
    lay(head.skin.shade, 0.45 * fold + 0.40 * under)
    # Brows, nostrils and the shadow under the nose.
    arch = -0.155 - 0.05 * np.sin(np.clip((au - 0.10) / 0.38, 0, 1) * 2.6)
    thick = (0.036 if head.male else 0.025) * (1.15 - np.clip((au - 0.1) / 0.5, 0, 1))
    brow = np.exp(-(((v - arch) / thick) ** 2)) * smoothstep(0.085, 0.14, au)
    brow *= smoothstep(0.50, 0.40, au) * front
    lay(head.hair.shade * 0.8, 0.85 * brow)
    nostril = np.exp(-(((au - 0.062) / 0.035) ** 2) - ((v - 0.435) / 0.018) ** 2)
    lay(dark, 0.8 * nostril * smoothstep(0.7, 0.8, w))
    marks = np.maximum.reduce(
        [lid, brow * 0.9, parted, nostril * front, 0.8 * opened * smoothstep(1.05, 0.8, iris)]
    )
    return rgb, marks.astype(np.float32)


def render_head(head: Head, light: Light, unit: float) -> HeadLayer:
    """Render a head with its neck.

    Args:
        head: The head.
        light: The light.
        unit: Pixels per half head height.

    Returns:
        The layer, 3.5 units wide and 3.8 units high.
    """
    if unit <= _COARSE:
        return _render(head, light, unit)
    # Hands are softer than pixels, so a large head is traced a little smaller and enlarged.
    fineness = max(_FINENESS, _COARSE / unit)
    small = _render(head, light, unit * fineness)
    rows, columns = (round(n / fineness) for n in small.alpha.shape)

    def grow(field: Field) -> Field:
        return resize(field, rows, columns)

    cover = np.clip(grow(small.alpha), 0, 1)
    # Colours are spread over the edge first, so that nothing dark bleeds in from outside.
    rgb = np.stack([grow(small.rgb[..., i] * small.alpha) for i in range(3)], axis=-1)
    rgb = np.clip(rgb / np.maximum(cover, 0.02)[..., None], 0, 1)
    angle = 0.5 * np.arctan2(grow(np.sin(2 * small.angle)), grow(np.cos(2 * small.angle)))
    return HeadLayer(
        rgb.astype(np.float32),
        cover,
        angle.astype(np.float32),
        grow(small.face.astype(np.float32)) > 0.5,
        grow(small.neck.astype(np.float32)) > 0.5,
        np.clip(grow(small.line), 0, 1),
        small.x / fineness,
        small.y / fineness,
    )


def _render(head: Head, light: Light, unit: float) -> HeadLayer:
    """Trace, shade and paint a head at full fineness."""
    width, height = int(2 * _SIDE * unit), int((_LOW - _TOP) * unit)
    xs = ((np.arange(width) + 0.5) / unit - _SIDE).astype(np.float32)
    ys = ((np.arange(height) + 0.5) / unit + _TOP).astype(np.float32)
    grid_x, grid_y = (a.ravel() for a in np.broadcast_arrays(xs[None, :], ys[:, None]))
    close = np.flatnonzero(
        ((grid_x / 1.6) ** 2 + ((grid_y + 0.2) / 1.5) ** 2 < 1)
        | ((np.abs(grid_x) < 1.7) & (grid_y > 0.4))
    )
    x, y = grid_x[close], grid_y[close]
    model = _Model(head)
    z, least = _trace(model, x, y)
    cover = np.clip(1 - (least - 0.007) * unit, 0, 1)
    hit = np.flatnonzero(cover > 0)
    x, y, z, cover = x[hit], y[hit], z[hit], cover[hit]
    parts = model.parts(x, y, z)
    part = np.argmin(np.stack(parts), axis=0)
    base = np.minimum.reduce(parts)
    step = np.float32(0.012)
    nx = model.distance(x + step, y, z) - base
    ny = model.distance(x, y + step, z) - base
    nz = model.distance(x, y, z + step) - base
    length = np.sqrt(nx * nx + ny * ny + nz * nz) + 1e-6
    nx, ny, nz = nx / length, ny / length, nz / length
    lit = light.on(nx, ny, nz)
    if light.name != "behind":
        lit *= 1 - 0.62 * _shadow(model, x, y, z, light)
    hollow = model.distance(x + nx * 0.14, y + ny * 0.14, z + nz * 0.14)
    lit = np.clip(lit * (0.62 + 0.38 * np.clip(hollow / 0.14, 0, 1)), 0, 1).astype(np.float32)
    u, v, w = model.local(x, y, z, model.turn)
    rgb = np.empty((x.size, 3), np.float32)
    line = np.zeros(x.size, np.float32)
    skin = part == shape.FLESH
    rgb[skin], line[skin] = _paint_skin(head, u[skin], v[skin], w[skin], lit[skin])
    around = np.arctan2(u, w + 0.2)
    strand = np.sin(23 * around + 5 * np.sin(3 * v + around)) * 0.5 + 0.5 * np.sin(
        47 * around + 9 * v
    )
    sheen = np.exp(-(((v + 0.62 - 0.2 * np.abs(u)) / 0.16) ** 2)) * 0.16 * (lit > 0.3)
    is_hair = part == shape.HAIR
    rgb[is_hair] = head.hair.at(np.clip(lit + 0.07 * strand + sheen, 0, 1))[is_hair]
    is_cloth = part == shape.CLOTH
    rgb[is_cloth] = head.cloth.at(lit)[is_cloth]
    is_pearl = part == shape.PEARL
    rgb[is_pearl] = (0.35 + 0.65 * np.clip(lit * 1.1, 0, 1))[is_pearl, None]
    where = close[hit]

    def spread(values: Field) -> Field:
        flat = np.zeros((height * width, *values.shape[1:]), np.float32)
        flat[where] = values
        return flat.reshape(height, width, *values.shape[1:])

    alpha = spread(cover.astype(np.float32))
    rim = 4 * alpha * (1 - alpha) * (ys < _LOW - 0.35)[:, None]
    alpha *= smoothstep(_LOW, _LOW - 0.30, ys)[:, None]
    depth = spread((z + 4).astype(np.float32))
    kind = spread((part + 1).astype(np.float32))
    edge = np.zeros_like(alpha)
    for axis in (0, 1):
        leap = np.abs(np.diff(depth, axis=axis)) > 0.16
        leap |= np.diff(kind, axis=axis) != 0
        if axis == 0:
            edge[1:] = np.maximum(edge[1:], leap)
        else:
            edge[:, 1:] = np.maximum(edge[:, 1:], leap)
    edge[ys > _LOW - 0.35] = 0
    angle = spread((np.arctan2(ny, nx) + np.pi / 2).astype(np.float32))
    face = spread((skin & (v < 1.1)).astype(np.float32)) > 0.5
    below = spread((skin & (y > 1.02)).astype(np.float32)) > 0.5
    contour = np.maximum(np.maximum(spread(line), edge * 0.8), rim)
    return HeadLayer(spread(rgb), alpha, angle, face, below, contour, _SIDE * unit, -_TOP * unit)


def _shadow(model: _Model, x: Field, y: Field, z: Field, light: Light) -> Field:
    """Return how far each point lies in the head's own cast shadow, 0..1."""
    lx, ly, lz = light.vector
    away = np.full_like(x, 0.09)
    dark = np.zeros_like(x)
    for _ in range(7):
        d = model.distance(x + lx * away, y + ly * away, z + lz * away)
        dark = np.maximum(dark, np.clip(1 - 9 * d / away, 0, 1))
        away = away + np.clip(d, 0.08, 0.4)
    return dark
