"""Quiet interiors: a box of a room, a window that lights it, and a few pieces of furniture."""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.canvas import Canvas, Ramp, ellipse, ramp, ribbon, spline
from benchmarks.atelier.fields import noise
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, mix
from benchmarks.atelier.scenes import lathe
from benchmarks.atelier.scenes.nature import Rng, poly, shadow
from benchmarks.atelier.scenes.still_life import bouquet
from benchmarks.atelier.works import Work

Point = tuple[float, float]


class _Box:
    """The room as a unit box: x in -1..1, y up in 0..1, depth z from 0 (front) to 1 (back)."""

    def __init__(self, canvas: Canvas, vx: float, vy: float) -> None:
        self.vx, self.vy = vx, vy
        w, h = canvas.width, canvas.height
        self.left, self.right, self.top, self.low = -w * 0.06, w * 1.06, -h * 0.12, h * 1.10
        self.back = 0.50

    def at(self, x: float, y: float, z: float) -> Point:
        shrink = 1 / (1 + z * (1 / self.back - 1))
        px = self.left + (self.right - self.left) * (x + 1) / 2
        py = self.low + (self.top - self.low) * y
        return self.vx + (px - self.vx) * shrink, self.vy + (py - self.vy) * shrink

    def wall_quad(self, side: int, z0: float, z1: float, y0: float, y1: float) -> list[Point]:
        return [
            self.at(side, y0, z0),
            self.at(side, y0, z1),
            self.at(side, y1, z1),
            self.at(side, y1, z0),
        ]

    def back_quad(self, x0: float, x1: float, y0: float, y1: float, z: float = 1.0) -> list[Point]:
        return [self.at(x0, y0, z), self.at(x1, y0, z), self.at(x1, y1, z), self.at(x0, y1, z)]

    def floor_quad(
        self, x0: float, x1: float, z0: float, z1: float, shift: float = 0
    ) -> list[Point]:
        return [
            self.at(x0, 0, z0),
            self.at(x1, 0, z0),
            self.at(x1 + shift, 0, z1),
            self.at(x0 + shift, 0, z1),
        ]


def _window_panes(canvas: Canvas, palette: Palette, quad: list[Point], bars: int) -> None:
    """Fill a window with bright sky and cross it with glazing bars."""
    a, b, c, d = (np.asarray(p) for p in quad)
    frame = mix(palette.pale, palette.wood, 0.25)
    centre = (a + b + c + d) / 4
    outer = np.array([centre + (p - centre) * 1.10 for p in (a, b, c, d)], np.float32)
    canvas.fill(canvas.patch(outer), frame, detail=0.5)
    patch = canvas.patch(poly(*quad))
    if patch.alpha.size == 0:
        return
    rows = patch.alpha.shape[0]
    v = np.linspace(0, 1, rows)[:, None, None]
    bright = mix(palette.glow, palette.sky_hi, 0.12)
    low = mix(palette.glow, palette.sky_lo, 0.5)
    view = (bright + (low - bright) * v).astype(np.float32) + np.zeros(
        (*patch.alpha.shape, 3), np.float32
    )
    hill = np.clip(
        (v - 0.70 - 0.05 * np.sin(np.linspace(0, 5, patch.alpha.shape[1]))[None, :, None]) * 60,
        0,
        1,
    )
    view += (mix(palette.far, palette.mid, 0.4) - view) * hill * 0.75
    canvas.fill(patch, view.astype(np.float32), detail=0.5)
    dim = mix(frame, palette.dark, 0.35)
    for i in range(1, bars):
        t = i / bars
        p, q = a + (b - a) * t, d + (c - d) * t
        canvas.fill(canvas.patch(ribbon([tuple(p), tuple(q)], [2.6, 2.6])), dim, contour=0.2)
    for t in (0.34, 0.67):
        p, q = a + (d - a) * t, b + (c - b) * t
        canvas.fill(canvas.patch(ribbon([tuple(p), tuple(q)], [2.2, 2.2])), dim, contour=0.2)


def _shell(canvas: Canvas, palette: Palette, light: Light, rng: Rng, box: _Box) -> None:
    w, h = canvas.width, canvas.height
    tint = [palette.wall, palette.far, palette.cloth2, mix(palette.wall, palette.pale, 0.4)][
        int(rng.integers(4))
    ]
    tint = mix(tint, palette.wall, 0.4)
    paper = Ramp(
        mix(tint, palette.dark, 0.72), mix(tint, palette.dark, 0.10), mix(tint, palette.glow, 0.62)
    )
    left, right, back = {
        "left": (0.20, 0.85, 0.58),
        "right": (0.85, 0.20, 0.58),
        "above": (0.52, 0.52, 0.60),
        "behind": (0.24, 0.24, 0.20),
    }[light.name]
    mottle = noise(rng, h, w, h * 0.16, 4) * 0.035
    x, y = canvas.grid

    def surface(
        quad: list[Point], lit: float, colours: Ramp, fade_x: float, fade_y: float, angle: float
    ) -> None:
        patch = canvas.patch(poly(*quad))
        if patch.alpha.size:
            amount = lit + mottle + fade_x * (x / w - 0.5) + fade_y * (y / h - 0.5)
            canvas.fill(
                patch,
                colours.at(np.clip(amount, 0, 1).astype(np.float32))[patch.where],
                angle=angle,
                detail=0.15,
            )

    pull = light.side * -0.35
    down = -0.3 if light.name == "above" else 0.0
    surface(box.back_quad(-1, 1, 0, 1), back, paper, -pull * -1.0 if light.side else 0.0, down, 0.3)
    surface(
        box.wall_quad(-1, -0.2, 1, 0, 1),
        left,
        paper,
        0.3 if light.name == "behind" else 0,
        down,
        1.4,
    )
    surface(
        box.wall_quad(1, -0.2, 1, 0, 1),
        right,
        paper,
        -0.3 if light.name == "behind" else 0,
        down,
        1.4,
    )
    ceiling = [box.at(-1, 1, -0.2), box.at(1, 1, -0.2), box.at(1, 1, 1), box.at(-1, 1, 1)]
    surface(ceiling, 0.45 if light.name != "behind" else 0.3, paper, 0, 0, 0.0)
    boards = ramp(mix(palette.wood, palette.wall, 0.25), palette.dark, palette.glow, 0.6)
    surface(
        box.floor_quad(-1, 1, -0.2, 1), 0.40 if light.name != "behind" else 0.28, boards, 0, 0, 1.2
    )
    if rng.random() < 0.5:
        for i in range(-4, 5):
            for k in range(8):
                if (i + k) % 2:
                    tile = box.floor_quad(i / 4.5, (i + 1) / 4.5, -0.1 + k * 0.14, 0.04 + k * 0.14)
                    canvas.fill(
                        canvas.patch(poly(*tile)),
                        mix(palette.dark, palette.wood, 0.2),
                        0.45,
                        contour=0.25,
                    )
    else:
        for i in range(-9, 10):
            a, b = box.at(i / 9, 0, -0.2), box.at(i / 9, 0, 1)
            canvas.fill(canvas.patch(ribbon([a, b], [1.8, 0.8])), palette.dark, 0.35, contour=0.12)
    skirt = paper.tone(max(0.15, back - 0.3))
    canvas.fill(canvas.patch(poly(*box.back_quad(-1, 1, 0, 0.045))), skirt, contour=0.4)


def _lit_patch(canvas: Canvas, palette: Palette, quad: list[Point], strength: float) -> None:
    """Let window light fall on a floor or wall, with the shadow of the bars in it."""
    patch = canvas.patch(poly(*quad), feather=1.2)
    canvas.fill(patch, canvas.rgb[patch.where] * 0.25 + palette.glow * 0.75, strength, contour=0.15)
    a, b, c, d = (np.asarray(p) for p in quad)
    for t in (0.5,):
        bar = canvas.patch(ribbon([tuple(a + (b - a) * t), tuple(d + (c - d) * t)], [3, 2.4]))
        canvas.fill(bar, palette.wood, 0.45 * strength, contour=0)
        bar = canvas.patch(ribbon([tuple(a + (d - a) * t), tuple(b + (c - b) * t)], [3, 2.4]))
        canvas.fill(bar, palette.wood, 0.45 * strength, contour=0)


def _picture(
    canvas: Canvas,
    palette: Palette,
    rng: Rng,
    box: _Box,
    x0: float,
    x1: float,
    y0: float,
    y1: float,
) -> None:
    canvas.fill(
        canvas.patch(
            poly(*box.back_quad(x0 + 0.015, x1 + 0.02, y0 - 0.015, y1 - 0.01)), feather=1.5
        ),
        palette.dark,
        0.4,
        contour=0,
    )
    canvas.fill(
        canvas.patch(poly(*box.back_quad(x0, x1, y0, y1))),
        mix(palette.accent2, palette.wood, 0.55),
        detail=0.6,
    )
    dx, dy = (x1 - x0) * 0.1, (y1 - y0) * 0.1
    inner = box.back_quad(x0 + dx, x1 - dx, y0 + dy, y1 - dy)
    canvas.fill(canvas.patch(poly(*inner)), mix(palette.sky_lo, palette.far, 0.3), detail=0.7)
    (ax, ay), (bx, _), (_, cy), _ = inner
    hill = spline(
        [
            (ax, ay - (ay - cy) * 0.35),
            (ax + (bx - ax) * 0.35, ay - (ay - cy) * 0.58),
            (ax + (bx - ax) * 0.7, ay - (ay - cy) * 0.36),
            (bx, ay - (ay - cy) * 0.48),
        ],
        closed=False,
    )
    canvas.fill(
        canvas.patch(np.concatenate([hill, poly((bx, ay), (ax, ay))])),
        mix(palette.mid, palette.near, 0.4),
        contour=0.4,
    )


def _table(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, x: float, y: float, s: float
) -> None:
    """Stand a table with its near edge centred at (x, y - 0.55 s), `s` about half its width."""
    tall, wide = s * 0.75, s * 0.85
    top = y - tall
    wood = ramp(palette.wood, palette.dark, palette.glow, 0.62)
    shadow(canvas, palette, light, x, y - s * 0.04, wide * 2.0, tall * 0.9)
    for lx, ly in ((-0.8, -0.16), (0.8, -0.16), (-0.92, 0), (0.92, 0)):
        leg = ribbon([(x + lx * wide, top + 3), (x + lx * wide, y + ly * s)], [s * 0.075, s * 0.05])
        canvas.solid(canvas.patch(leg), wood, light, roundness=1.6)
    lit = {"above": 0.75, "behind": 0.5}.get(light.name, 0.65)
    slab = poly(
        (x - wide, top),
        (x + wide, top),
        (x + wide * 0.86, top - s * 0.30),
        (x - wide * 0.86, top - s * 0.30),
    )
    cloth = rng.random() < 0.6
    canvas.fill(canvas.patch(slab), wood.tone(lit), angle=0.0, detail=0.5)
    canvas.fill(
        canvas.patch(
            poly(
                (x - wide, top),
                (x + wide, top),
                (x + wide, top + s * 0.09),
                (x - wide, top + s * 0.09),
            )
        ),
        wood.tone(0.25),
        angle=0.0,
    )
    if cloth:
        linen = ramp(palette.pale, mix(palette.far, palette.dark, 0.3), palette.glow, 0.62)
        half = wide * 0.72
        canvas.fill(
            canvas.patch(
                poly(
                    (x - half, top),
                    (x + half, top),
                    (x + half * 0.86, top - s * 0.30),
                    (x - half * 0.86, top - s * 0.30),
                )
            ),
            linen.tone(lit),
            angle=0.1,
        )
        knots = (
            [(x - half, top - 1)]
            + [(x - half + 2 * half * i / 6, top + s * (0.30 + 0.06 * (i % 2))) for i in range(7)]
            + [(x + half, top - 1)]
        )
        folds = (np.sin(canvas.grid[0] / s * 16) * 0.2 * np.ones_like(canvas.grid[1])).astype(
            np.float32
        )
        canvas.solid(
            canvas.patch(spline(knots, steps=4)), linen, light, roundness=0.3, texture=folds
        )
    grain = noise(rng, canvas.height, canvas.width, 4, 1)
    glaze = [palette.pale, palette.cloth, palette.cloth2][int(rng.integers(3))]
    pot = ramp(glaze, palette.dark, palette.glow, 0.66)
    put = top - s * 0.12
    if rng.random() < 0.5:
        lathe.vessel(canvas, palette, light, x - wide * 0.25, put, s * 0.36, lathe.VASE, pot)
        bouquet(canvas, palette, light, rng, x - wide * 0.25, put - s * 0.50, s * 0.5)
    else:
        lathe.handle(canvas, light, x - wide * 0.25, put, s * 0.46, -1, pot)
        lathe.vessel(canvas, palette, light, x - wide * 0.25, put, s * 0.46, lathe.JUG, pot)
    lathe.vessel(
        canvas,
        palette,
        light,
        x + wide * 0.38,
        put + s * 0.02,
        s * 0.10,
        lathe.BOWL,
        ramp(palette.pale, palette.dark, palette.glow, 0.6),
    )
    for i, kind in enumerate(("apple", "lemon", "apple")):
        lathe.fruit(
            canvas,
            palette,
            light,
            rng,
            kind,
            x + wide * (0.28 + 0.1 * i),
            put - s * 0.055,
            s * 0.055,
            grain,
            shadow=False,
        )


def _chair(
    canvas: Canvas, palette: Palette, light: Light, x: float, y: float, s: float, turn: int
) -> None:
    """Stand a chair with its front feet at row `y`; `turn` is the side its seat points to."""
    wood = ramp(mix(palette.wood, palette.dark, 0.15), palette.dark, palette.glow, 0.6)
    seat = ramp(palette.accent, palette.dark, palette.glow, 0.6)
    shadow(canvas, palette, light, x, y - s * 0.08, s * 0.9, s * 0.8)

    def bar(p: Point, q: Point, thick: float) -> None:
        canvas.solid(canvas.patch(ribbon([p, q], [thick, thick])), wood, light, roundness=1.6)

    t = s * 0.055
    bx, fx = x - turn * s * 0.22, x + turn * s * 0.20
    bar((bx + turn * s * 0.14, y - s * 0.16), (bx + turn * s * 0.12, y - s * 1.12), t)
    bar((fx + turn * s * 0.14, y - s * 0.16), (fx + turn * s * 0.12, y - s * 0.5), t)
    bar((bx + turn * s * 0.0, y - s * 0.62), (bx + turn * s * 0.12, y - s * 0.74), t * 1.2)
    canvas.solid(
        canvas.patch(
            spline(
                [
                    (bx - turn * s * 0.02, y - s * 0.50),
                    (fx + turn * s * 0.02, y - s * 0.48),
                    (fx + turn * s * 0.16, y - s * 0.58),
                    (bx + turn * s * 0.12, y - s * 0.60),
                ],
                steps=4,
            )
        ),
        seat,
        light,
        roundness=0.7,
    )
    bar((bx - turn * s * 0.04, y - s * 1.14), (bx, y), t)
    bar((fx, y - s * 0.48), (fx, y), t)
    bar((bx, y - s * 0.22), (fx, y - s * 0.20), t * 0.7)
    for v in (1.08, 0.92, 0.77):
        bar(
            (bx - turn * s * 0.04, y - s * v),
            (bx + turn * s * 0.13, y - s * (v + 0.0) - s * 0.04),
            t * 1.2,
        )


def draw(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw an interior on `canvas` as `work` asks."""
    w, h = canvas.width, canvas.height
    s = min(w, h)
    across = {"left_weighted": 0.66, "right_weighted": 0.34, "central": 0.5}.get(
        work.composition, 0.76 if rng.random() < 0.5 else 0.24
    )
    vx, vy = w * across, h * rng.uniform(0.42, 0.48)
    box = _Box(canvas, vx, vy)
    _shell(canvas, palette, light, rng, box)
    weight = {"left_weighted": -1, "right_weighted": 1, "central": 0}.get(
        work.composition, 1 if across < 0.5 else -1
    )
    door_side = -light.side if light.side else (1.0 if rng.random() < 0.5 else -1.0)
    if work.motif == "doorway":
        c = 0.45 * door_side
        canvas.fill(
            canvas.patch(poly(*box.back_quad(c - 0.29, c + 0.29, 0, 0.80))),
            mix(palette.wood, palette.dark, 0.3),
            detail=0.5,
        )
        hall = box.back_quad(c - 0.25, c + 0.25, 0, 0.77)
        patch = canvas.patch(poly(*hall))
        v = np.linspace(0, 1, patch.alpha.shape[1])[None, :, None]
        near_c, far_c = mix(palette.wall, palette.glow, 0.65), mix(palette.wall, palette.wood, 0.35)
        canvas.fill(
            patch,
            (near_c + (far_c - near_c) * v + np.zeros((*patch.alpha.shape, 3))).astype(np.float32),
            detail=0.4,
        )
        floor = [
            box.at(c - 0.25, 0, 1),
            box.at(c + 0.25, 0, 1),
            box.at(c + 0.16, 0.13, 1),
            box.at(c - 0.10, 0.13, 1),
        ]
        canvas.fill(canvas.patch(poly(*floor)), mix(palette.wood, palette.glow, 0.45))
        _window_panes(canvas, palette, box.back_quad(c - 0.08, c + 0.12, 0.34, 0.62), 2)
        leaf = [
            box.at(c + 0.25 * door_side, 0, 1),
            box.at(c + 0.46 * door_side, -0.05, 0.93),
            box.at(c + 0.46 * door_side, 0.82, 0.93),
            box.at(c + 0.25 * door_side, 0.77, 1),
        ]
        canvas.fill(canvas.patch(poly(*leaf)), mix(palette.cloth2, palette.dark, 0.25), detail=0.5)
    if light.side:
        side = int(light.side)
        z0, z1 = 0.42, 0.80
        _window_panes(canvas, palette, box.wall_quad(side, z0, z1, 0.34, 0.84), 2)
        _lit_patch(
            canvas,
            palette,
            box.floor_quad(side * 0.72, side * 0.10, 0.22, 0.60, -side * 0.12),
            0.62,
        )
        _lit_patch(
            canvas,
            palette,
            [
                box.at(-side * 0.25, 0.26, 1),
                box.at(-side * 0.68, 0.16, 1),
                box.at(-side * 0.68, 0.60, 1),
                box.at(-side * 0.25, 0.72, 1),
            ]
            if work.motif != "doorway"
            else box.floor_quad(side * 0.05, -side * 0.35, 0.30, 0.60, -side * 0.12),
            0.42,
        )
    elif light.name == "behind":
        c = -0.35 * door_side if work.motif == "doorway" else 0.30 * weight * -1
        _window_panes(canvas, palette, box.back_quad(c - 0.32, c + 0.32, 0.30, 0.86), 3)
        _lit_patch(
            canvas,
            palette,
            [
                box.at(c - 0.30, 0, 0.80),
                box.at(c + 0.30, 0, 0.80),
                box.at(c + 0.46, 0, 0.22),
                box.at(c - 0.46, 0, 0.22),
            ],
            0.55,
        )
        cx, cy = box.at(c, 0.58, 1)
        x, y = canvas.grid
        halo = np.exp(-((np.hypot(x - cx, y - cy) / (0.34 * s)) ** 2))
        canvas.rgb += (palette.glow - canvas.rgb) * (0.30 * halo)[..., None]
        for side in (-1, 1):
            curtain = box.back_quad(c + side * 0.31, c + side * 0.45, 0.22, 0.90)
            folds = (np.sin(canvas.grid[0] / 4.5) * 0.2 * np.ones_like(canvas.grid[1])).astype(
                np.float32
            )
            canvas.solid(
                canvas.patch(poly(*curtain)),
                ramp(palette.cloth, palette.dark, palette.glow),
                light,
                roundness=0.8,
                texture=folds,
            )
    else:
        lx, ly = box.at(0.22 * weight, 0.86, 0.5)
        x, y = canvas.grid
        canvas.fill(canvas.patch(ribbon([(lx, -5), (lx, ly)], [2, 2])), palette.dark, contour=0.2)
        cone = np.clip(1 - np.abs(x - lx) / (w * 0.06 + np.clip(y - ly, 0, None) * 0.75), 0, 1) * (
            y > ly
        )
        cone = cone * np.exp(-np.clip(y - ly, 0, None) / (h * 0.75))
        canvas.rgb += (palette.glow - canvas.rgb) * (0.55 * cone)[..., None]
        shade = spline(
            [
                (lx - s * 0.09, ly + s * 0.035),
                (lx - s * 0.03, ly - s * 0.03),
                (lx + s * 0.03, ly - s * 0.03),
                (lx + s * 0.09, ly + s * 0.035),
            ]
        )
        canvas.fill(
            canvas.patch(ellipse(lx, ly + s * 0.03, s * 0.035, s * 0.03)), palette.glow, contour=0
        )
        canvas.solid(
            canvas.patch(shade),
            ramp(palette.accent, palette.dark, palette.glow),
            light,
            roundness=0.8,
        )
        pool = canvas.patch(ellipse(*box.at(0.22 * weight, 0, 0.5), w * 0.30, h * 0.085), feather=8)
        canvas.fill(pool, palette.glow, 0.38, contour=0)
    if light.name != "behind" and work.motif != "doorway":
        px = 0.30 * light.side if light.side else -0.38
        _picture(canvas, palette, rng, box, px - 0.17, px + 0.17, 0.46, 0.72)
    elif work.motif == "doorway" and light.name != "behind":
        px = -0.35 * door_side
        _picture(canvas, palette, rng, box, px - 0.18, px + 0.18, 0.44, 0.70)
    spot_x = w * (0.5 + 0.20 * weight)
    floor_y = h * rng.uniform(0.88, 0.93)
    if work.motif == "table":
        _table(canvas, palette, light, rng, spot_x, floor_y, s * 0.30)
        if rng.random() < 0.7:
            turn = 1 if weight <= 0 else -1
            _chair(
                canvas,
                palette,
                light,
                spot_x + turn * s * 0.40,
                floor_y + s * 0.02,
                s * 0.30,
                -turn,
            )
    elif work.motif == "chair":
        turn = 1 if rng.random() < 0.5 else -1
        _chair(canvas, palette, light, spot_x, floor_y, s * 0.42, turn)
        if rng.random() < 0.6:
            _table(
                canvas,
                palette,
                light,
                rng,
                spot_x + (0.38 * w if weight <= 0 else -0.38 * w),
                floor_y - h * 0.10,
                s * 0.20,
            )
    else:
        _chair(
            canvas,
            palette,
            light,
            spot_x - w * 0.16 * door_side,
            floor_y - h * 0.03,
            s * 0.36,
            1 if door_side > 0 else -1,
        )
        rug = canvas.patch(poly(*box.floor_quad(-0.35, 0.45, 0.25, 0.7)))
        canvas.fill(
            rug, canvas.rgb[rug.where] * 0.45 + palette.accent * 0.55 * 0.8, 0.55, contour=0.5
        )
    canvas.focus = (spot_x, h * 0.55)
