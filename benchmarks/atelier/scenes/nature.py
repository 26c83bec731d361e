"""Parts shared by outdoor scenes: sky, sun, trees, houses and cast shadows."""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.canvas import Canvas, Patch, Points, Ramp, ellipse, ramp, ribbon, spline
from benchmarks.atelier.fields import Field, gradient, noise, smoothstep
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, mix

Rng = np.random.Generator


def poly(*points: tuple[float, float]) -> Points:
    """Return corner points as an array."""
    return np.asarray(points, np.float32)


def sun_place(canvas: Canvas, light: Light, horizon: float, rng: Rng) -> tuple[float, float]:
    """Return where the sun or moon stands, in pixels; it may be outside the picture."""
    w, h = canvas.width, canvas.height
    up = rng.uniform(0.35, 0.6)
    return {
        "left": (w * rng.uniform(0.08, 0.17), horizon * up),
        "right": (w * rng.uniform(0.83, 0.92), horizon * up),
        "above": (w * rng.uniform(0.42, 0.58), -h * 0.05),
        "behind": (w * rng.uniform(0.40, 0.60), horizon - h * rng.uniform(0.05, 0.09)),
    }[light.name]


def sky(
    canvas: Canvas, palette: Palette, light: Light, horizon: float, rng: Rng
) -> tuple[float, float]:
    """Paint a sky with clouds over the whole canvas and return where the sun stands."""
    w, h = canvas.width, canvas.height
    x, y = canvas.grid
    sun = sun_place(canvas, light, horizon, rng)
    down = np.clip(y / max(horizon, 1), 0, 1) ** 0.85
    rgb = palette.sky_hi + (palette.sky_lo - palette.sky_hi) * down[..., None]
    rgb = np.broadcast_to(rgb, (h, w, 3)).astype(np.float32)
    away = np.hypot(x - sun[0], (y - sun[1]) * 1.15) / max(w, h)
    halo = np.exp(-((away / 0.30) ** 2)) * 0.75 + 0.25 * np.exp(-away / 0.45)
    rgb += (palette.glow - rgb) * (0.85 * halo)[..., None]
    # Cloud: brighter on the side towards the sun, found from the slope of the density.
    cell = h * rng.uniform(0.16, 0.30)
    density = noise(rng, h, w, cell, 5, stretch=rng.uniform(1.8, 3.2))
    cover = smoothstep(rng.uniform(-0.2, 0.6), 1.7, density - 0.5 * (y / max(horizon, 1) - 0.5))
    across, along = gradient(density)
    toward = np.stack(np.broadcast_arrays(sun[0] - x, sun[1] - y)) / (
        np.hypot(x - sun[0], y - sun[1]) + 20
    )
    lit = np.clip(0.55 - 7 * (across * toward[0] + along * toward[1]), 0, 1)
    shade = mix(palette.sky_hi, palette.far, 0.55) * 0.92
    bright = mix(palette.pale, palette.glow, 0.5)
    if palette.sky_hi.mean() < 0.35:
        bright = mix(palette.sky_lo, palette.pale, 0.45)
    cloud = shade + (bright - shade) * np.clip(lit + 0.5 * halo, 0, 1)[..., None]
    rgb += (cloud - rgb) * (0.82 * cover)[..., None]
    if light.name != "above":
        radius = max(w, h) * (0.026 if light.name != "behind" else 0.034)
        disc = smoothstep(radius + 1, radius - 1, np.hypot(x - sun[0], y - sun[1]))
        rgb += (mix(palette.glow, np.ones(3, np.float32), 0.5) - rgb) * disc[..., None]
    canvas.rgb[:] = rgb
    swirl = noise(rng, h, w, h * 0.35, 2) * 0.45
    canvas.angle[:] = swirl
    canvas.detail[:] = 0.15
    return sun


def ridge(rng: Rng, width: int, base: float, swing: float, knots: int, sharp: bool) -> Field:
    """Return the heights (rows) of a ridge line over every column, float32 (width,)."""
    at = np.linspace(-0.05 * width, 1.05 * width, knots)
    tops = base + swing * rng.uniform(-1, 1, knots)
    columns = np.arange(width, dtype=np.float32)
    if sharp:
        line = np.interp(columns, at, tops)
        line = line + np.interp(
            columns, np.linspace(0, width, knots * 4), rng.uniform(-1, 1, knots * 4) * swing * 0.22
        )
    else:
        curve = spline([(float(a), float(b)) for a, b in zip(at, tops, strict=True)], closed=False)
        line = np.interp(columns, curve[:, 0], curve[:, 1])
    return line.astype(np.float32)


def land(canvas: Canvas, line: Field) -> Patch:
    """Return the patch below a ridge line."""
    columns = np.arange(canvas.width, dtype=np.float32)
    top = np.stack([columns, line], axis=1)
    ends = poly(
        (canvas.width + 2, line[-1]),
        (canvas.width + 2, canvas.height + 2),
        (-2, canvas.height + 2),
        (-2, line[0]),
    )
    return canvas.patch(np.concatenate([top, ends]).astype(np.float32))


def shadow(
    canvas: Canvas, palette: Palette, light: Light, x: float, y: float, width: float, height: float
) -> None:
    """Cast the shadow of something `width` wide and `height` high standing at (x, y)."""
    dx, dy = light.shadow
    reach = height * (0.85 if light.name in ("left", "right") else 0.55)
    ex, ey = x + dx * reach, y + dy * reach * 0.9
    half = width * 0.45
    if light.side:
        outline = spline(
            [
                (x - half, y - half * 0.22),
                (ex, ey - half * 0.30),
                (ex + dx * half, ey),
                (ex, ey + half * 0.30),
                (x, y + half * 0.3),
            ]
        )
    elif light.name == "above":
        outline = ellipse(x, y + half * 0.12, half * 1.25, half * 0.34)
    else:
        outline = spline(
            [
                (x - half, y - 1),
                (x + half, y - 1),
                (x + half * 1.4, ey),
                (x, ey + half * 0.3),
                (x - half * 1.4, ey),
            ]
        )
    dark = mix(palette.dark, palette.near, 0.35)
    canvas.fill(canvas.patch(outline, feather=1.6), dark, 0.58, contour=0.15)


def foliage(palette: Palette, rng: Rng) -> Ramp:
    """Return colours of leaves, a little different each time."""
    base = mix(palette.mid, palette.near, rng.uniform(0.1, 0.6))
    base = mix(base, palette.accent2, rng.uniform(0, 0.22))
    return Ramp(mix(base, palette.dark, 0.68), base, mix(base, palette.glow, 0.48))


def tree(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    kind: str,
    x: float,
    y: float,
    height: float,
    grain: Field,
) -> None:
    """Plant a tree.

    Args:
        canvas: Where to paint.
        palette: The palette.
        light: The light.
        rng: Source of chance.
        kind: cypress, round, pine or poplar.
        x: Foot of the trunk, across.
        y: Foot of the trunk, down.
        height: Height in pixels.
        grain: Noise field of the canvas's size that roughens the leaves.
    """
    leaves = foliage(palette, rng)
    bark = ramp(mix(palette.wood, palette.dark, 0.4), palette.dark, palette.pale, 0.5)
    wide = {"cypress": 0.2, "round": 0.75, "pine": 0.8, "poplar": 0.26}[kind] * height
    shadow(canvas, palette, light, x, y, wide * 0.8, height)
    lean = rng.uniform(-0.05, 0.05) * height
    trunk = ribbon(
        [(x, y), (x + lean * 0.5, y - height * 0.4), (x + lean, y - height * 0.75)],
        [height * 0.07, height * 0.045, height * 0.025],
    )
    canvas.solid(canvas.patch(trunk), bark, light, roundness=1.0, contour=0.6)
    texture = grain * np.float32(0.13)
    if kind in ("cypress", "poplar"):
        half = wide / 2
        wob = rng.uniform(0.8, 1.2, 8)
        shape = spline(
            [
                (x + lean, y - height),
                (x + half * 0.45 * wob[0], y - height * 0.80),
                (x + half * 0.85 * wob[1], y - height * 0.52),
                (x + half * wob[2], y - height * 0.26),
                (x + half * 0.5 * wob[3], y - height * 0.07),
                (x - half * 0.5 * wob[4], y - height * 0.07),
                (x - half * wob[5], y - height * 0.28),
                (x - half * 0.8 * wob[6], y - height * 0.55),
                (x - half * 0.4 * wob[7], y - height * 0.80),
            ]
        )
        canvas.solid(canvas.patch(shape), leaves, light, roundness=1.1, texture=texture * 1.3)
        patch = canvas.patch(shape)
        canvas.fill(patch, canvas.rgb[patch.where], angle=1.45, contour=0)
        return
    cx, cy = x + lean, y - height * (0.62 if kind == "round" else 0.80)
    rx, ry = wide / 2, height * (0.38 if kind == "round" else 0.20)
    clumps = int(rng.integers(9, 13))
    turns = np.sort(rng.uniform(0, 2 * np.pi, clumps))
    for i in np.argsort(np.sin(turns)):
        reach = rng.uniform(0.25, 0.78)
        px = cx + rx * reach * float(np.cos(turns[i]))
        py = cy + ry * reach * float(np.sin(turns[i]))
        size = min(rx, ry) * rng.uniform(0.42, 0.66)
        spread = 1.15 if kind == "round" else 1.8
        knots = [
            (
                px + size * spread * float(np.cos(t)) * rng.uniform(0.8, 1.15),
                py + size * float(np.sin(t)) * rng.uniform(0.8, 1.15),
            )
            for t in np.linspace(0, 2 * np.pi, 8, endpoint=False)
        ]
        high = np.clip((cy - py) / ry * 0.16 + (px - cx) / rx * 0.16 * light.side, -0.2, 0.2)
        canvas.solid(
            canvas.patch(spline(knots, steps=4)),
            leaves,
            light,
            roundness=1.0,
            texture=texture + np.float32(high),
            contour=0.45,
        )


def house(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    x: float,
    y: float,
    size: float,
    *,
    windows: bool = True,
) -> None:
    """Build a gabled house whose front is `size` wide with its lower middle at (x, y)."""
    wall = mix(palette.pale, palette.wall, rng.uniform(0.15, 0.7))
    roof = mix(palette.accent, palette.wood, rng.uniform(0.05, 0.7))
    tall, deep = size * rng.uniform(0.6, 0.85), size * rng.uniform(0.7, 1.1)
    gable = size * 0.42
    front_lit = {"left": 0.62, "right": 0.62, "above": 0.7, "behind": 0.22}[light.name]
    facing = 1 if rng.random() < 0.5 else -1
    side_lit = (
        0.95 if light.side == facing else (0.18 if light.side == -facing else front_lit * 0.8)
    )
    shadow(canvas, palette, light, x + facing * deep * 0.3, y, size * 1.6, tall * 1.5)
    shades = ramp(wall, palette.dark, palette.glow, 0.7)
    tiles = ramp(roof, palette.dark, palette.glow, 0.62)
    f = x + facing * size / 2
    b = f + facing * deep
    drop = size * 0.10
    canvas.fill(
        canvas.patch(poly((f, y), (b, y - drop), (b, y - tall - drop * 0.6), (f, y - tall))),
        shades.tone(side_lit),
        angle=0.0,
        detail=0.5,
    )
    o = x - facing * size / 2
    canvas.fill(
        canvas.patch(poly((o, y), (f, y), (f, y - tall), (x, y - tall - gable), (o, y - tall))),
        shades.tone(front_lit),
        angle=1.5,
        detail=0.5,
    )
    ridge_y = y - tall - gable
    canvas.fill(
        canvas.patch(
            poly(
                (x, ridge_y - 2),
                (x + facing * deep, ridge_y - drop),
                (b + facing * 2, y - tall - drop * 0.4),
                (f + facing * 2, y - tall + 2),
            )
        ),
        tiles.tone(min(1.0, side_lit + (0.25 if light.name != "behind" else 0.5))),
        angle=0.9 * facing,
        detail=0.5,
    )
    if windows and size > 12:
        glow = palette.sky_hi.mean() < 0.35 or light.name == "behind"
        pane = palette.accent2 if glow else mix(palette.dark, palette.far, 0.25)
        for side in (-0.24, 0.24):
            wx, wy = x + side * size, y - tall * 0.62
            canvas.fill(
                canvas.patch(
                    poly(
                        (wx - size * 0.08, wy - size * 0.11),
                        (wx + size * 0.08, wy - size * 0.11),
                        (wx + size * 0.08, wy + size * 0.11),
                        (wx - size * 0.08, wy + size * 0.11),
                    )
                ),
                pane,
                contour=0.6,
            )
        canvas.fill(
            canvas.patch(
                poly(
                    (x - size * 0.08, y),
                    (x + size * 0.08, y),
                    (x + size * 0.08, y - tall * 0.48),
                    (x - size * 0.08, y - tall * 0.48),
                )
            ),
            mix(palette.wood, palette.dark, 0.4),
            contour=0.6,
        )


def passer_by(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, x: float, y: float, height: float
) -> None:
    """Set a small cloaked figure with its feet at (x, y)."""
    shadow(canvas, palette, light, x, y, height * 0.32, height * 0.9)
    cloth = [palette.cloth, palette.cloth2, palette.accent, palette.dark][int(rng.integers(4))]
    coat = ramp(cloth, palette.dark, palette.pale, 0.55)
    s, lean = height, rng.uniform(-0.03, 0.03) * height
    skirt = rng.random() < 0.5
    hem = 0.19 if skirt else 0.11
    body = spline(
        [
            (x - s * hem, y - s * (0.0 if skirt else 0.16)),
            (x - s * 0.12, y - s * 0.45),
            (x - s * 0.13 + lean, y - s * 0.76),
            (x + lean, y - s * 0.86),
            (x + s * 0.13 + lean, y - s * 0.76),
            (x + s * 0.12, y - s * 0.45),
            (x + s * hem, y - s * (0.0 if skirt else 0.16)),
        ],
        steps=5,
    )
    if not skirt:
        legs = mix(palette.dark, palette.near, 0.3)
        for foot in (-0.07, 0.06):
            canvas.fill(
                canvas.patch(
                    ribbon(
                        [(x + s * foot * 0.6, y - s * 0.25), (x + s * foot, y)],
                        [s * 0.09, s * 0.06],
                    )
                ),
                legs,
                contour=0.5,
            )
    canvas.solid(canvas.patch(body), coat, light, roundness=1.0, contour=0.8, detail=0.6)
    skin = Ramp(palette.skin_dark, palette.skin, palette.skin_light)
    hx, hy = x + lean, y - s * 0.915
    canvas.solid(
        canvas.patch(ellipse(hx, hy, s * 0.065, s * 0.08)), skin, light, roundness=1.2, detail=0.8
    )
    hat = ramp(mix(palette.dark, cloth, 0.3), palette.dark, palette.pale, 0.4)
    if skirt:
        canvas.solid(canvas.patch(ellipse(hx, hy - s * 0.035, s * 0.08, s * 0.065)), hat, light)
    else:
        canvas.fill(
            canvas.patch(
                ellipse(hx, hy - s * 0.05, s * 0.115, s * 0.022),
                poly(
                    (hx - s * 0.06, hy - s * 0.05),
                    (hx + s * 0.06, hy - s * 0.05),
                    (hx + s * 0.055, hy - s * 0.14),
                    (hx - s * 0.055, hy - s * 0.14),
                ),
            ),
            hat.half,
            contour=0.6,
        )
