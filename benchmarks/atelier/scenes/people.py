"""Portraits and groups: rendered heads on draped shoulders, before a background."""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.canvas import Canvas, Patch, Points, Ramp, ellipse, ramp, ribbon, spline
from benchmarks.atelier.fields import noise
from benchmarks.atelier.heads import Head, HeadLayer, render_head
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, colour, mix
from benchmarks.atelier.scenes import landscape
from benchmarks.atelier.scenes.nature import Rng, poly, ridge, sky, tree
from benchmarks.atelier.scenes.still_life import bouquet, wall
from benchmarks.atelier.works import YAWS, Work

_HAIRS = ("2a1a12", "5b3318", "8f5b25", "c79a52", "6f6a66", "1b1718", "7a2f16")
_SKINS = (
    ("f2cfae", "c78d68", "64402f"),
    ("e2b48a", "a8703f", "4f2d1c"),
    ("c98f62", "84502f", "3a1f14"),
    ("f6dcc6", "d9a184", "7a4a3e"),
)
_FEMALE = ("veil", "bun", "long_hair", "beret", "turban")
_MALE = ("short_hair", "beard", "beret", "turban")
_MEN = ("Man", "Sailor", "Scholar", "Pilgrim", "Merchant", "Gardener", "Poet")


def _skin(palette: Palette, rng: Rng) -> Ramp:
    light, half, shade = (colour(code) for code in _SKINS[int(rng.integers(len(_SKINS)))])
    return Ramp(
        mix(shade, palette.skin_dark, 0.55),
        mix(half, palette.skin, 0.6),
        mix(light, palette.skin_light, 0.6),
    )


def _make_head(palette: Palette, rng: Rng, yaw: float, style: str, male: bool, cloth: Ramp) -> Head:
    tone = mix(colour(_HAIRS[int(rng.integers(len(_HAIRS)))]), palette.hair, 0.45)
    lips = mix(mix(palette.accent, colour("b5483f"), 0.65), palette.skin, 0.45)
    return Head(
        yaw=yaw,
        pitch=float(rng.uniform(-4, 6)),
        roll=float(rng.uniform(-4, 4)),
        style=style,
        male=male,
        skin=_skin(palette, rng),
        hair=Ramp(mix(tone, palette.dark, 0.65), tone, mix(tone, palette.glow, 0.38)),
        cloth=cloth,
        lips=lips,
        smile=float(rng.uniform(-0.1, 0.9)),
        gaze=float(rng.uniform(-0.5, 0.5)),
    )


def _put_head(canvas: Canvas, layer: HeadLayer, x: float, y: float, neckline: Patch) -> None:
    """Lay a rendered head on the canvas with its centre at (x, y); skin ends at `neckline`."""
    left, top = round(x - layer.x), round(y - layer.y)
    rows, columns = layer.alpha.shape
    r0, r1 = max(0, -top), min(rows, canvas.height - top)
    c0, c1 = max(0, -left), min(columns, canvas.width - left)
    if r1 <= r0 or c1 <= c0:
        return
    cut = (slice(r0, r1), slice(c0, c1))
    where = (slice(top + r0, top + r1), slice(left + c0, left + c1))
    bare = np.zeros((canvas.height, canvas.width), np.float32)
    bare[neckline.where] = neckline.alpha
    cover = layer.alpha[cut] * np.where(layer.neck[cut], bare[where], np.float32(1))
    canvas.rgb[where] += (layer.rgb[cut] - canvas.rgb[where]) * cover[..., None]
    solid = cover > 0.5
    canvas.angle[where] = np.where(solid, layer.angle[cut], canvas.angle[where])
    detail = np.where(layer.face[cut], np.float32(1.0), np.float32(0.65))
    canvas.detail[where] = np.where(solid, detail, canvas.detail[where])
    canvas.line[where] = np.maximum(canvas.line[where] * (1 - cover), layer.line[cut])


class _Bust:
    """Shoulders as upright elliptical sections, so that they foreshorten as the body turns."""

    def __init__(self, x: float, y: float, unit: float, yaw: float, male: bool) -> None:
        self.x, self.y, self.unit = x, y - 0.10 * unit, unit
        self.turn = np.radians(yaw)
        self.broad = 1.08 if male else 0.94

    def half(self, y: float) -> tuple[float, float]:
        """Return half width and half depth at height `y` in units below the eyes."""
        at = (1.20, 1.42, 1.62, 1.85, 2.2, 2.8, 3.6, 6.0)
        wide = float(np.interp(y, at, (0.36, 0.62, 1.12, 1.60, 1.86, 1.98, 2.05, 2.25)))
        deep = float(np.interp(y, at, (0.34, 0.42, 0.60, 0.74, 0.84, 0.95, 1.0, 1.1)))
        return wide * self.broad, deep

    def outline(self, low: float) -> Points:
        """Return the silhouette down to `low` units below the eyes."""
        right, left = [], []
        lean = 0.10 * np.sin(self.turn)
        for y in np.linspace(1.22, low, 22):
            wide, deep = self.half(float(y))
            reach = float(np.hypot(wide * np.cos(self.turn), deep * np.sin(self.turn)))
            middle = self.x - (0.26 * np.sin(self.turn) - lean) * self.unit
            right.append((float(middle + reach * self.unit), self.y + float(y) * self.unit))
            left.append((float(middle - reach * self.unit), self.y + float(y) * self.unit))
        return np.asarray(right + left[::-1], np.float32)

    def front(self, x: float, y: float) -> tuple[float, float]:
        """Return where the point `x` across the chest at height `y` is seen."""
        wide, deep = self.half(y)
        z = deep * np.sqrt(max(0.0, 1 - (x / wide) ** 2)) - 0.26
        px = x * np.cos(self.turn) + z * np.sin(self.turn)
        return float(self.x + px * self.unit), self.y + y * self.unit


def _torso(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, bust: _Bust, coat: Ramp
) -> None:
    """Paint shoulders and chest with soft folds."""
    h, w = canvas.height, canvas.width
    low = max(3.0, (canvas.height + 6 - bust.y) / bust.unit)
    body = canvas.patch(bust.outline(low))
    folds = noise(rng, h, w, bust.unit * 1.1, 3, stretch=0.45) * np.float32(0.085)
    # The head's shadow falls on the shoulder away from the light.
    x, y = canvas.grid
    sx = bust.x - light.side * bust.unit * 0.75
    fall = np.exp(
        -(((x - sx) / (0.85 * bust.unit)) ** 2) - (((y - bust.y) / bust.unit - 1.7) / 0.42) ** 2
    )
    texture = folds - 0.25 * fall * (1.0 if light.side or light.name == "above" else 0.0)
    canvas.solid(body, coat, light, roundness=0.75, texture=texture.astype(np.float32), detail=0.35)


def _collar(
    canvas: Canvas, palette: Palette, light: Light, bust: _Bust, kind: str, coat: Ramp
) -> None:
    """Add what is worn at the neck: lapels, a linen collar, a shawl or beads."""
    linen = ramp(
        mix(palette.pale, palette.far, 0.12),
        mix(palette.far, palette.dark, 0.4),
        palette.glow,
        0.62,
    )
    p = bust.front
    if kind == "lapels":
        shirt = [p(-0.42, 1.36), p(0.42, 1.36), p(0.25, 1.9), p(0.0, 2.75), p(-0.25, 1.9)]
        canvas.solid(canvas.patch(spline(shirt, steps=4)), linen, light, roundness=0.4, detail=0.5)
        scarf = ramp(palette.accent, palette.dark, palette.glow, 0.6)
        canvas.solid(
            canvas.patch(
                spline(
                    [
                        p(-0.24, 1.50),
                        p(0.24, 1.50),
                        p(0.14, 1.72),
                        p(0.2, 2.3),
                        p(-0.1, 2.35),
                        p(-0.12, 1.72),
                    ],
                    steps=4,
                )
            ),
            scarf,
            light,
            roundness=0.7,
            detail=0.6,
        )
        dark = Ramp(
            mix(coat.shade, palette.dark, 0.2), mix(coat.half, palette.dark, 0.18), coat.light
        )
        for side in (-1, 1):
            lapel = [
                p(side * 0.40, 1.28),
                p(side * 0.80, 1.48),
                p(side * 0.98, 1.98),
                p(side * 0.70, 2.02),
                p(side * 0.72, 2.15),
                p(side * 0.04, 3.0),
                p(side * 0.16, 2.3),
            ]
            canvas.solid(
                canvas.patch(np.asarray(lapel, np.float32)), dark, light, roundness=0.35, detail=0.5
            )
    elif kind == "linen":
        for side in (-1, 1):
            wing = [
                p(side * 0.02, 1.74),
                p(side * 0.22, 1.62),
                p(side * 0.46, 1.36),
                p(side * 0.70, 1.40),
                p(side * 0.92, 1.62),
                p(side * 0.62, 1.86),
                p(side * 0.30, 2.12),
            ]
            canvas.solid(
                canvas.patch(np.asarray(wing, np.float32)), linen, light, roundness=0.22, detail=0.6
            )
        for i in range(4):
            canvas.solid(
                canvas.patch(
                    ellipse(*p(0.0, 2.25 + 0.34 * i), bust.unit * 0.055, bust.unit * 0.055)
                ),
                ramp(palette.accent2, palette.dark, palette.glow),
                light,
            )
    elif kind == "shawl":
        cloth = ramp(palette.accent, palette.dark, palette.glow, 0.62)
        folds = (np.sin((canvas.grid[0] + 0.6 * canvas.grid[1]) / bust.unit * 11) * 0.06).astype(
            np.float32
        )
        for side in (-1, 1):
            wrap = [
                p(side * 0.36, 1.34),
                p(side * 0.80, 1.42),
                p(side * 1.5, 1.80),
                p(side * 1.62, 2.5),
                p(side * 1.0, 2.7),
                p(side * -0.12, 2.9),
                p(side * 0.10, 2.3),
            ]
            canvas.solid(
                canvas.patch(spline(wrap, steps=5)),
                cloth,
                light,
                roundness=0.5,
                texture=folds,
                detail=0.4,
            )
    elif kind == "beads":
        skin_gap = [p(-0.55, 1.50), p(-0.3, 1.78), p(0.0, 1.90), p(0.3, 1.78), p(0.55, 1.50)]
        gold = ramp(palette.accent2, palette.dark, palette.glow, 0.6)
        line = spline(skin_gap, closed=False, steps=5)
        for bx, by in line:
            canvas.solid(
                canvas.patch(ellipse(float(bx), float(by), bust.unit * 0.06, bust.unit * 0.06)),
                gold,
                light,
                detail=0.8,
                contour=0.6,
            )


def _bust(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    x: float,
    y: float,
    unit: float,
    head: Head,
    coat: Ramp,
    collar: str,
) -> None:
    bust = _Bust(x, y, unit, head.body_yaw, head.male)
    layer = render_head(head, light, unit)
    _torso(canvas, palette, light, rng, bust, coat)
    p = bust.front
    scoop = 1.98 if collar == "beads" else 1.72
    wide = 0.66 if collar == "beads" else 0.48
    reach = 0.62 * unit
    gap = [
        (x - reach, y + 0.5 * unit),
        (x + reach, y + 0.5 * unit),
        (x + reach, y + 1.2 * unit),
        p(wide, 1.36),
        p(wide * 0.72, (1.36 + scoop) / 2),
        p(0, scoop),
        p(-wide * 0.72, (1.36 + scoop) / 2),
        p(-wide, 1.36),
        (x - reach, y + 1.2 * unit),
    ]
    _put_head(canvas, layer, x, y, canvas.patch(np.asarray(gap, np.float32), feather=0.8))
    if head.style != "veil":
        _collar(canvas, palette, light, bust, collar, coat)


def _coat(palette: Palette, rng: Rng) -> Ramp:
    cloth = [
        palette.cloth,
        palette.cloth2,
        palette.near,
        palette.wood,
        mix(palette.cloth, palette.dark, 0.45),
    ][int(rng.integers(5))]
    return Ramp(mix(cloth, palette.dark, 0.72), cloth, mix(cloth, palette.glow, 0.36))


def _curtain(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, side: int, reach: float
) -> None:
    w, h = canvas.width, canvas.height
    edge = 0 if side < 0 else w
    inner = edge - side * w * reach
    shape = spline(
        [
            (edge + side * 9, -9),
            (inner, -9),
            (inner + side * w * 0.03, h * 0.4),
            (inner + side * w * 0.12, h * 0.7),
            (inner + side * w * 0.05, h + 9),
            (edge + side * 9, h + 9),
        ]
    )
    folds = np.sin(canvas.grid[0] / w * 48 + 1.4 * noise(rng, h, w, h * 0.5, 2)) * 0.25
    canvas.solid(
        canvas.patch(shape),
        ramp(palette.cloth, palette.dark, palette.glow, 0.65),
        light,
        roundness=0.4,
        texture=folds.astype(np.float32),
        detail=0.25,
    )


def _view(canvas: Canvas, palette: Palette, light: Light, rng: Rng, level: float) -> None:
    """Paint an open, hazy landscape as background."""
    w, h = canvas.width, canvas.height
    horizon = h * level
    sky(canvas, palette, light, horizon, rng)
    for i, near in enumerate((0.1, 0.4, 0.8)):
        line = ridge(rng, w, horizon + h * (0.07 * i - 0.05), h * 0.05, 6, sharp=i == 0)
        landscape.slope(canvas, palette, light, rng, line, near, i == 0)
    grain = noise(rng, h, w, 7, 2)
    for _ in range(8):
        tree(
            canvas,
            palette,
            light,
            rng,
            "cypress" if rng.random() < 0.4 else "round",
            w * rng.uniform(0, 1),
            horizon + h * rng.uniform(0.1, 0.2),
            h * rng.uniform(0.05, 0.10),
            grain,
        )
    river = ribbon(
        [
            (w * 0.1, horizon + h * 0.1),
            (w * 0.25, horizon + h * 0.16),
            (w * 0.12, horizon + h * 0.24),
            (w * 0.3, horizon + h * 0.4),
        ],
        [2, 7, 14, 30],
    )
    canvas.fill(canvas.patch(river), mix(palette.sky_lo, palette.glow, 0.3), 0.8, contour=0.3)


def _niche(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> None:
    """Paint a wall with an arched opening behind the sitter."""
    w, h = canvas.width, canvas.height
    wall(canvas, palette, light, rng)
    x0, x1, top = w * 0.16, w * 0.84, h * 0.10
    t = np.linspace(np.pi, 2 * np.pi, 24)
    arch = np.stack(
        [(x0 + x1) / 2 + (x1 - x0) / 2 * np.cos(t), top + w * 0.30 + w * 0.30 * np.sin(t)], axis=1
    )
    shape = np.concatenate([arch, poly((x1, h + 2), (x0, h + 2))]).astype(np.float32)
    patch = canvas.patch(shape)
    inner = canvas.patch(
        shape + np.array([light.side * -9, 5 if not light.side else 2], np.float32)
    )
    dark = canvas.rgb[patch.where] * 0.45 + mix(palette.dark, palette.cloth2, 0.4) * 0.55
    canvas.fill(patch, dark.astype(np.float32), contour=0.6)
    glow = canvas.rgb[inner.where] * 0.55 + mix(palette.far, palette.cloth2, 0.5) * 0.45
    canvas.fill(inner, glow.astype(np.float32), 0.8, contour=0.2)


def _background(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, kind: int, weight: int
) -> None:
    if kind == 0:
        wall(canvas, palette, light, rng)
    elif kind == 1:
        wall(canvas, palette, light, rng)
        _curtain(
            canvas,
            palette,
            light,
            rng,
            -weight if weight else (1 if rng.random() < 0.5 else -1),
            0.34,
        )
    elif kind == 2:
        _view(canvas, palette, light, rng, rng.uniform(0.42, 0.55))
    else:
        _niche(canvas, palette, light, rng)


def _halo(canvas: Canvas, palette: Palette, light: Light, x: float, y: float, r: float) -> None:
    """Brighten the air round a head that is lit from behind."""
    if light.name == "behind":
        gx, gy = canvas.grid
        glow = np.exp(-((np.hypot(gx - x, gy - y) / r) ** 2))
        canvas.rgb += (palette.glow - canvas.rgb) * (0.70 * glow)[..., None]


def is_man(work: Work) -> bool:
    """Return whether the sitter of a portrait is a man by its title and motif."""
    return work.motif in ("beard", "short_hair") or any(
        word in work.title for word in _MEN if not (word == "Man" and "Woman" in work.title)
    )


def draw_portrait(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw a single head and shoulders on `canvas` as `work` asks."""
    w, h = canvas.width, canvas.height
    weight = {"left_weighted": -1, "right_weighted": 1}.get(work.composition, 0)
    _background(canvas, palette, light, rng, int(rng.integers(4)), weight)
    unit = min(w / 3.7, h / 4.4) * rng.uniform(0.98, 1.08)
    x = w * (0.5 + 0.13 * weight)
    y = h * rng.uniform(0.40, 0.43) + (
        unit * 0.12 if work.motif in ("brim", "beret", "turban") else 0
    )
    yaw = work.yaw_degrees or 0.0
    male = is_man(work)
    hat = ramp(
        [palette.cloth, palette.accent, palette.cloth2][int(rng.integers(3))],
        palette.dark,
        palette.glow,
        0.62,
    )
    if work.motif == "veil":
        hat = ramp(
            mix(palette.cloth, palette.pale, rng.choice([0.0, 0.55])),
            palette.dark,
            palette.glow,
            0.62,
        )
    _halo(canvas, palette, light, x, y, unit * 1.9)
    head = _make_head(palette, rng, yaw, work.motif, male, hat)
    collar = str(rng.choice(["lapels", "linen"] if male else ["linen", "shawl", "beads"]))
    coat = hat if work.motif == "veil" else _coat(palette, rng)
    _bust(canvas, palette, light, rng, x, y, unit, head, coat, collar)
    if weight and rng.random() < 0.5:
        bouquet(canvas, palette, light, rng, w * (0.5 - 0.40 * weight), h * 0.93, w * 0.34)
    canvas.focus = (x, y + unit * 0.3)


def draw_group(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw two or three half figures on `canvas` as `work` asks; the main one in front."""
    w, h = canvas.width, canvas.height
    weight = {"left_weighted": -1, "right_weighted": 1}.get(work.composition, 0)
    _background(canvas, palette, light, rng, int(rng.choice([0, 1, 2, 2])), weight)
    count = work.faces
    unit = min(w / (3.3 + 1.6 * (count - 1)), h / 5.4) * (1.12 if count == 3 else 1.08)
    gap = min(unit * 2.35, w * (0.46 if count == 2 else 0.315))
    middle = w * (0.5 + 0.07 * weight)
    slant = (
        unit * 0.55 * (1 if rng.random() < 0.5 else -1) if work.composition == "diagonal" else 0.0
    )
    sway = [-0.5, 0.5] if count == 2 else [-1.0, 1.0, 0.0]
    main = len(sway) - 1
    if count == 2 and weight < 0:
        sway = [0.5, -0.5]
    lean = unit * (0.45 if count == 3 else 0.2)
    for i, place in enumerate(sway):
        x = middle + place * gap
        x = float(np.clip(x, 1.08 * unit, w - 1.08 * unit))
        y = (
            h * 0.40
            + slant * place * (2 if count == 2 else 1)
            + (lean if i == main else -lean * 0.35)
            + rng.uniform(-0.15, 0.15) * unit
        )
        size = unit * (1.06 if i == main else 0.97)
        male = bool(rng.random() < 0.4)
        if any(word in work.title for word in ("Sister", "Mother", "Daughter")):
            male = False
        styles = _MALE if male else _FEMALE
        style = styles[int(rng.integers(len(styles)))]
        yaw = YAWS[work.head] + rng.uniform(-6, 6)
        cloth = [palette.cloth, palette.accent, palette.cloth2, palette.pale][int(rng.integers(4))]
        head = _make_head(
            palette,
            rng,
            float(np.clip(yaw, -90, 90)),
            style,
            male,
            ramp(cloth, palette.dark, palette.glow, 0.62),
        )
        _halo(canvas, palette, light, x, y, unit * 1.5)
        collar = str(rng.choice(["lapels", "linen"] if male else ["linen", "shawl", "beads"]))
        coat = head.cloth if style == "veil" else _coat(palette, rng)
        _bust(canvas, palette, light, rng, x, y, size, head, coat, collar)
        if i == main:
            canvas.focus = (x, y)
