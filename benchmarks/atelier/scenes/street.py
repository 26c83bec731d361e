"""Streets in one-point perspective, with one row of houses in the sun and one in shade."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from benchmarks.atelier.canvas import Canvas, ellipse, ramp, ribbon
from benchmarks.atelier.fields import noise, smoothstep
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Colour, Palette, mix
from benchmarks.atelier.scenes.nature import Rng, house, passer_by, poly, sky, tree
from benchmarks.atelier.scenes.sea import perspective_noise
from benchmarks.atelier.works import Work

Quad = tuple[float, float, float, float]


class _View:
    """A pinhole view along a street: X to the right, Y up from the ground, Z away."""

    def __init__(self, vx: float, vy: float, scale: float) -> None:
        self.vx, self.vy, self.scale = vx, vy, scale

    def at(self, x: float, y: float, z: float) -> tuple[float, float]:
        return self.vx + self.scale * x / z, self.vy + self.scale * (0.42 - y) / z


def _facade(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    view: _View,
    side: int,
    near: float,
    far: float,
    tall: float,
    *,
    awning: bool,
) -> None:
    """Build one house of the row on `side` (-1 left, 1 right) from depth `near` to `far`."""
    base = [palette.wall, palette.pale, palette.accent2, palette.far, palette.skin][
        int(rng.integers(5))
    ]
    wall = mix(mix(base, palette.wall, rng.uniform(0.2, 0.6)), palette.accent, rng.uniform(0, 0.15))
    shades = ramp(wall, mix(palette.dark, palette.near, 0.3), palette.glow, 0.72)
    # The left row faces right: light from the right falls on it.
    lit = {
        "left": 0.88 if side > 0 else 0.20,
        "right": 0.88 if side < 0 else 0.20,
        "above": 0.60,
        "behind": 0.14,
    }[light.name] + rng.uniform(-0.04, 0.04)
    lit += 0.07 * min(1.0, max(0.0, (near - 1) / 4)) * (1 if lit < 0.5 else -1)
    edge = float(side)
    a, b = view.at(edge, 0, near), view.at(edge, 0, far)
    c, d = view.at(edge, tall, far), view.at(edge, tall, near)
    front = canvas.patch(poly(a, b, c, d))
    if front.alpha.size == 0:
        return
    rows, columns = front.alpha.shape
    stain = noise(rng, rows, columns, 26, 3) * 0.045
    fade = np.linspace(0.07, -0.07, rows)[:, None] if light.name == "above" else np.zeros((1, 1))
    colour = shades.at(np.clip(lit + stain + fade, 0, 1).astype(np.float32))
    canvas.fill(front, colour, angle=1.5, detail=0.5)
    # Street end of the house, seen when it is taller than its neighbour.
    gable_lit = {"above": 0.45, "behind": 0.06}.get(light.name, 0.40)
    out = view.at(edge * 2.2, tall, near)
    canvas.fill(
        canvas.patch(poly(d, out, view.at(edge * 2.2, 0, near), a)),
        shades.tone(gable_lit),
        angle=1.5,
    )
    tiles = ramp(
        mix(palette.accent, palette.wood, rng.uniform(0.2, 0.8)), palette.dark, palette.glow, 0.6
    )
    eave = 0.06
    top = tall + 0.15
    roof = poly(
        view.at(edge * (1 - eave), tall - 0.02, near),
        view.at(edge * (1 - eave), tall - 0.02, far),
        view.at(edge * 1.22, top, far),
        view.at(edge * 1.22, top, near),
    )
    canvas.fill(canvas.patch(roof), tiles.tone(min(1.0, lit + 0.12)), angle=0.5, detail=0.5)
    if rng.random() < 0.7:
        z = near + (far - near) * rng.uniform(0.3, 0.7)
        px, py = view.at(edge * 1.2, top, z)
        s = view.scale * 0.10 / z
        canvas.fill(
            canvas.patch(
                poly(
                    (px - s, py + s * 2),
                    (px + s, py + s * 2),
                    (px + s, py - s * 1.6),
                    (px - s, py - s * 1.6),
                )
            ),
            tiles.tone(0.45),
        )
    # A cornice and windows, foreshortened with the wall.
    warm = palette.sky_hi.mean() < 0.35
    pane = mix(palette.dark, palette.sky_hi, 0.30)
    frame = ramp(palette.pale, palette.dark, palette.glow, 0.6).tone(max(0.25, lit))
    shutter = ramp(
        [palette.cloth2, palette.mid, palette.accent][int(rng.integers(3))],
        palette.dark,
        palette.glow,
        0.6,
    ).tone(max(0.2, lit * 0.9))
    bays = max(1, round((far - near) / near * 3.2)) if near < 2.5 else 2
    floors = max(2, int(tall / 0.42))

    def panel(z0: float, z1: float, y0: float, y1: float) -> Quad:
        return z0, z1, y0, y1

    def draw_panel(q: Quad, ink: Colour, alpha: float = 1.0, contour: float = 0.5) -> None:
        z0, z1, y0, y1 = q
        corners = poly(
            view.at(edge, y0, z0),
            view.at(edge, y0, z1),
            view.at(edge, y1, z1),
            view.at(edge, y1, z0),
        )
        canvas.fill(canvas.patch(corners), ink, alpha, contour=contour)

    draw_panel(panel(near, far, tall - 0.07, tall - 0.03), frame, 0.7, 0.2)
    step = (far - near) / bays
    for floor in range(floors):
        low = 0.10 + floor * tall / floors * 0.97
        high = low + tall / floors * (0.52 if floor else 0.60)
        for bay in range(bays):
            z0, z1 = near + step * (bay + 0.30), near + step * (bay + 0.70)
            ground = floor == 0
            y0 = 0.0 if ground and bay % 2 == 0 else low
            if ground and bay % 2 == 0:
                draw_panel(panel(z0, z1, 0.0, high), mix(shutter, palette.dark, 0.3))
                continue
            glow = rng.random() < (0.55 if warm else (0.25 if light.name == "behind" else 0.06))
            draw_panel(
                panel(z0 - step * 0.05, z1 + step * 0.05, y0 - 0.02, high + 0.02), frame, 0.9, 0.3
            )
            draw_panel(
                panel(z0, z1, y0, high), mix(palette.accent2, palette.glow, 0.4) if glow else pane
            )
            if not ground and near < 3.5:
                w = step * 0.16
                draw_panel(panel(z0 - w, z0, y0, high), shutter, 1, 0.3)
                draw_panel(panel(z1, z1 + w, y0, high), shutter, 1, 0.3)
    if awning and near < 3.2:
        y = tall / floors * 0.78 + 0.05
        for i in range(6):
            z0 = near + (far - near) * (0.08 + 0.84 * i / 6)
            z1 = near + (far - near) * (0.08 + 0.84 * (i + 1) / 6)
            ink = palette.accent if i % 2 == 0 else palette.pale
            cloth = ramp(ink, palette.dark, palette.glow, 0.55).tone(min(1.0, lit + 0.15))
            canvas.fill(
                canvas.patch(
                    poly(
                        view.at(edge, y + 0.12, z0),
                        view.at(edge, y + 0.12, z1),
                        view.at(edge * 0.74, y - 0.04, z1),
                        view.at(edge * 0.74, y - 0.04, z0),
                    )
                ),
                cloth,
                contour=0.4,
            )


def _tower(
    canvas: Canvas, palette: Palette, light: Light, x: float, base: float, tall: float
) -> None:
    wide = tall * 0.20
    stone = ramp(
        mix(palette.wall, palette.far, 0.4),
        mix(palette.dark, palette.far, 0.35),
        palette.glow,
        0.62,
    )
    left = {"left": 0.9, "right": 0.22, "above": 0.6, "behind": 0.15}[light.name]
    right = {"left": 0.22, "right": 0.9, "above": 0.6, "behind": 0.15}[light.name]
    split = wide * 0.1
    for x0, x1, lit in ((x - wide / 2, x + split, left), (x + split, x + wide / 2, right)):
        canvas.fill(
            canvas.patch(
                poly((x0, base), (x1, base), (x1, base - tall * 0.68), (x0, base - tall * 0.68))
            ),
            stone.tone(lit),
            angle=1.5,
            detail=0.5,
            contour=0.6,
        )
        tiles = ramp(mix(palette.cloth2, palette.far, 0.4), palette.dark, palette.glow, 0.6)
        canvas.fill(
            canvas.patch(
                poly(
                    (x0 - 1, base - tall * 0.67),
                    (x1 + 1, base - tall * 0.67),
                    (x + split, base - tall),
                )
            ),
            tiles.tone(lit),
            angle=1.5,
            contour=0.6,
        )
    face = ellipse(x - wide * 0.2, base - tall * 0.57, wide * 0.17, wide * 0.19)
    canvas.fill(canvas.patch(face), mix(palette.glow, palette.pale, 0.5))
    canvas.fill(
        canvas.patch(
            ribbon(
                [(x - wide * 0.2, base - tall * 0.57), (x - wide * 0.2, base - tall * 0.61)],
                [1.4, 1.2],
            ),
            ribbon(
                [(x - wide * 0.2, base - tall * 0.57), (x - wide * 0.1, base - tall * 0.56)],
                [1.4, 1.2],
            ),
        ),
        palette.dark,
        contour=0,
    )
    for v in (0.20, 0.38):
        canvas.fill(
            canvas.patch(ellipse(x - wide * 0.2, base - tall * v, wide * 0.08, wide * 0.2)),
            palette.dark,
            0.8,
            contour=0.3,
        )


def draw(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw a street on `canvas` as `work` asks."""
    w, h = canvas.width, canvas.height
    across = {"left_weighted": 0.66, "right_weighted": 0.34, "central": 0.5}.get(
        work.composition, 0.80 if rng.random() < 0.5 else 0.20
    )
    vx = w * (across + rng.uniform(-0.02, 0.02))
    vy = h * rng.uniform(0.54, 0.62)
    sky(canvas, palette, light, vy, rng)
    if light.name == "behind":
        x, y = canvas.grid
        halo = np.exp(-((np.hypot(x - vx, y - vy + h * 0.04) / (0.26 * h)) ** 2))
        canvas.rgb += (palette.glow - canvas.rgb) * (0.8 * halo)[..., None]
    grain = noise(rng, h, w, 7, 2)
    # What closes the street.
    hill = np.array(
        [
            (vx - w, vy + 2),
            (vx - w * 0.3, vy - h * 0.05),
            (vx, vy - h * 0.07),
            (vx + w * 0.3, vy - h * 0.045),
            (vx + w, vy + 2),
        ],
        np.float32,
    )
    canvas.fill(canvas.patch(hill), mix(palette.far, palette.sky_lo, 0.3), contour=0.4)
    ground_ramp = ramp(
        mix(palette.wall, palette.far, 0.35),
        mix(palette.dark, palette.near, 0.5),
        palette.glow,
        0.62,
    )
    stones = perspective_noise(canvas, rng, vy, vx, 26, 60)
    wear = perspective_noise(canvas, rng, vy, vx, 5, 12)
    x, y = canvas.grid
    below = np.clip((y - vy) / (h - vy), 0, 1)
    lit = 0.58 + 0.09 * stones + 0.07 * wear - 0.08 * below
    # The shaded row throws its shadow over the street up to a line that follows perspective.
    lane = (x - vx) / np.maximum(y - vy, 1) / (h - vy) * h * 0.75
    if light.side:
        dark = smoothstep(-0.14, -0.06, lane * light.side + 0.012 * stones)
        lit -= 0.40 * dark * (lane * light.side < 3)
        lit += 0.22 * (1 - dark)
    elif light.name == "behind":
        beam = np.exp(-((lane / 0.55) ** 2)) * np.clip(1.1 - below, 0, 1)
        lit += -0.28 + 0.62 * beam
    else:
        lit += 0.14
    ground = canvas.patch(poly((-2, vy + 1), (w + 2, vy + 1), (w + 2, h + 2), (-2, h + 2)))
    colour = ground_ramp.at(np.clip(lit, 0, 1).astype(np.float32))
    canvas.fill(
        ground,
        colour[ground.where],
        angle=(0.12 * wear)[ground.where].astype(np.float32),
        detail=0.35,
    )
    view = _View(vx, vy, h * 0.62)
    if work.motif == "tower" or rng.random() < 0.35:
        _tower(
            canvas,
            palette,
            light,
            vx + w * rng.uniform(-0.03, 0.03),
            vy + 3,
            min(vy * 0.88, h * rng.uniform(0.36, 0.5)),
        )
    else:
        for step in (-0.055, 0.05, 0.0):
            house(canvas, palette, light, rng, vx + w * step, vy + 3, w * 0.055)
        tree(canvas, palette, light, rng, "round", vx - w * 0.03, vy + 4, h * 0.08, grain)
    for side in (-1, 1):
        cuts = [0.62]
        while cuts[-1] < 6.5:
            cuts.append(cuts[-1] * rng.uniform(1.42, 1.75))
        for near, far in reversed(list(pairwise(cuts))):
            _facade(
                canvas,
                palette,
                light,
                rng,
                view,
                side,
                near,
                far,
                rng.uniform(1.05, 1.65),
                awning=work.motif == "market" or rng.random() < 0.15,
            )
    if work.motif == "market":
        for z in (4.6, 3.0, 2.0):
            side = 1 if rng.random() < 0.5 else -1
            px, py = view.at(side * 0.72, 0, z)
            tall = view.scale * 0.62 / z
            canvas.fill(
                canvas.patch(ribbon([(px, py), (px, py - tall)], [tall * 0.04, tall * 0.025])),
                palette.dark,
                contour=0.3,
            )
            canvas.fill(
                canvas.patch(ellipse(px, py - tall, tall * 0.06, tall * 0.08)), palette.glow
            )
            halo = np.exp(-((np.hypot(x - px, y - py + tall) / (tall * 0.32)) ** 2))
            canvas.rgb += (palette.glow - canvas.rgb) * (0.4 * halo)[..., None]
    count = int(rng.integers(3, 7)) + (3 if work.motif == "market" else 0)
    for z in sorted(rng.uniform(1.25, 4.5, count), reverse=True):
        px, py = view.at(rng.uniform(-0.6, 0.6), 0, float(z))
        passer_by(
            canvas, palette, light, rng, px, py, view.scale * rng.uniform(0.30, 0.36) / float(z)
        )
    canvas.focus = (vx, vy)
