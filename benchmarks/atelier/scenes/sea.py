"""Seascapes: sky, water in perspective, boats, cliffs, a quay or a lighthouse."""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.canvas import Canvas, Ramp, ellipse, ramp, ribbon, spline
from benchmarks.atelier.fields import Field, gradient, noise, smoothstep
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, mix
from benchmarks.atelier.scenes.nature import Rng, house, land, poly, ridge, sky
from benchmarks.atelier.works import Work


def perspective_noise(
    canvas: Canvas, rng: Rng, horizon: float, centre: float, across: float, down: float
) -> Field:
    """Return noise lying on a level plane below `horizon`, over the whole canvas.

    Args:
        canvas: The canvas.
        rng: Source of chance.
        horizon: Row of the horizon.
        centre: Column of the vanishing point.
        across: Features across the picture's width at its lower edge.
        down: Features from the horizon to the lower edge, about.

    Returns:
        Float32 (height, width), standard deviation about 1; 0 above the horizon.
    """
    w, h = canvas.width, canvas.height
    texture = noise(rng, 320, 512, 16, 3)
    x, y = canvas.grid
    near = np.clip((y - horizon) / max(h - horizon, 1), 0.004, 1)
    row = 9.0 * down * np.log(near * 9 + 1) + np.zeros_like(x)
    column = (x - centre) / w * across * 16 / (0.12 + 0.88 * near) + 256
    # The texture is reflected at its borders so that no seam shows.
    row = np.abs((row + 320) % 638 - 319)
    column = np.abs((column + 511) % 1022 - 511)
    i, j = row.astype(np.intp), column.astype(np.intp)
    v, u = row - i, column - j
    i1, j1 = np.minimum(i + 1, 319), np.minimum(j + 1, 511)
    out = (texture[i, j] * (1 - u) + texture[i, j1] * u) * (1 - v)
    out += (texture[i1, j] * (1 - u) + texture[i1, j1] * u) * v
    return np.where(y > horizon, out, 0).astype(np.float32)


def water(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    horizon: float,
    sun: tuple[float, float],
    rough: float,
) -> Field:
    """Paint the sea below `horizon` and return its waves as a noise field."""
    w, h = canvas.width, canvas.height
    x, y = canvas.grid
    near = np.clip((y - horizon) / max(h - horizon, 1), 0, 1)
    waves = perspective_noise(canvas, rng, horizon, w / 2, 4.5, 26)
    fine = perspective_noise(canvas, rng, horizon, w / 2, 10, 60)
    swell = waves + 0.6 * fine
    far = mix(palette.water_hi, palette.sky_lo, 0.35)
    tone = np.clip(near**0.7 + 0.16 * rough * swell * (0.35 + near), 0, 1)
    rgb = far + (palette.water_lo - far) * tone[..., None]
    crest = smoothstep(0.9, 1.9, swell) * (0.25 + 0.75 * near) * rough
    rgb += (mix(palette.pale, palette.water_hi, 0.35) - rgb) * (0.75 * crest)[..., None]
    if light.name == "above":
        path = 0.30 * smoothstep(0.7, 1.8, swell) * np.ones_like(x)
    else:
        wide = w * (0.035 + 0.16 * near)
        path = np.exp(-(((x - sun[0]) / wide) ** 2)) * smoothstep(-0.7, 0.7, swell)
        path *= 0.95 if light.name == "behind" else 0.75
    rgb += (palette.glow - rgb) * path[..., None]
    side = 0.10 * light.side * (x / w - 0.5) * 2
    rgb *= (1 + side)[..., None] if light.side else 1
    patch = canvas.patch(poly((-2, horizon), (w + 2, horizon), (w + 2, h + 2), (-2, h + 2)))
    bend = (0.16 * waves).astype(np.float32)
    canvas.fill(patch, rgb[patch.where], angle=bend[patch.where], detail=0.35, contour=0.6)
    return swell.astype(np.float32)


def boat(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    x: float,
    y: float,
    size: float,
    rough: Field,
) -> None:
    """Float a sailing boat of length `size` with the middle of its waterline at (x, y)."""
    turn = 1 if rng.random() < 0.5 else -1
    s = size
    hull_colour = [palette.accent, palette.wood, palette.cloth2, palette.dark][int(rng.integers(4))]
    sail_colour = [palette.pale, palette.accent2, palette.accent, palette.pale][
        int(rng.integers(4))
    ]
    hull = ramp(hull_colour, palette.dark, palette.glow, 0.6)
    canvas_cloth = ramp(sail_colour, mix(palette.near, palette.dark, 0.2), palette.glow, 0.62)

    def at(u: float, v: float) -> tuple[float, float]:
        return x + turn * u * s, y + v * s

    tall = rng.uniform(1.05, 1.4)
    main = [
        at(-0.02, -tall),
        at(0.02, -0.62),
        at(0.0, -0.20),
        at(-0.24, -0.17),
        at(-0.50, -0.20),
        at(-0.36, -0.58),
        at(-0.18, -0.92),
    ]
    jib = [
        at(0.06, -tall * 0.93),
        at(0.34, -0.52),
        at(0.55, -0.16),
        at(0.30, -0.20),
        at(0.07, -0.22),
        at(0.13, -0.6),
    ]
    # Reflection first: the same shapes upside down, broken up by the waves.
    for shape, colours in ((main, canvas_cloth), (jib, canvas_cloth)):
        flipped = spline([(px, 2 * y - py * 1.0 + (py - y) * 0.35) for px, py in shape])
        patch = canvas.patch(flipped, feather=1.0)
        if patch.alpha.size:
            broken = smoothstep(-0.9, 0.5, -rough[patch.where]) * patch.alpha
            canvas.fill(type(patch)(patch.x, patch.y, broken), colours.half * 0.9, 0.55, contour=0)
    dark = canvas.patch(ellipse(x, y + 0.07 * s, 0.52 * s, 0.09 * s), feather=1.2)
    canvas.fill(dark, mix(palette.dark, palette.water_lo, 0.4), 0.75, contour=0)
    mast = mix(palette.wood, palette.dark, 0.5)
    for shape in (jib, main):
        canvas.solid(canvas.patch(spline(shape)), canvas_cloth, light, roundness=1.1, detail=0.7)
    canvas.fill(
        canvas.patch(ribbon([at(0.02, -0.02), at(0.02, -tall - 0.06)], [s * 0.035, s * 0.02])),
        mast,
        contour=0.5,
    )
    body = spline(
        [
            at(-0.52, -0.17),
            at(-0.2, -0.11),
            at(0.2, -0.11),
            at(0.62, -0.22),
            at(0.46, 0.0),
            at(0.2, 0.07),
            at(-0.2, 0.07),
            at(-0.42, 0.02),
        ],
        steps=5,
    )
    canvas.solid(canvas.patch(body), hull, light, roundness=1.0, detail=0.7)
    canvas.fill(
        canvas.patch(ribbon([at(-0.50, -0.15), at(0, -0.085), at(0.58, -0.19)], [s * 0.03] * 3)),
        mix(palette.pale, hull_colour, 0.3),
        0.8,
        contour=0,
    )
    if s > 40:
        coat = ramp(palette.cloth, palette.dark, palette.pale, 0.5)
        for place in rng.uniform(-0.4, -0.1, 2):
            canvas.solid(
                canvas.patch(ellipse(*at(place, -0.20), s * 0.045, s * 0.085)), coat, light
            )
            canvas.fill(
                canvas.patch(ellipse(*at(place, -0.30), s * 0.028, s * 0.032)), palette.skin
            )


def _rock(palette: Palette) -> Ramp:
    stone = mix(palette.wall, palette.far, 0.45)
    return Ramp(mix(palette.dark, palette.near, 0.35), stone, mix(palette.pale, palette.glow, 0.4))


def cliff(
    canvas: Canvas,
    palette: Palette,
    light: Light,
    rng: Rng,
    x: float,
    top: float,
    base: float,
    reach: float,
) -> None:
    """Raise a headland that starts at the picture's edge near `x` and ends `reach` inwards."""
    w = canvas.width
    inward = 1 if x < w / 2 else -1
    edge = -4.0 if inward > 0 else w + 4.0
    knots = [(edge, top)]
    for part in np.linspace(0.12, 0.82, 6):
        knots.append(
            (
                edge + inward * reach * part,
                top
                + (base - top) * (0.05 + 0.32 * part**2)
                + rng.uniform(-0.05, 0.05) * (base - top),
            )
        )
    knots += [
        (edge + inward * reach * 0.90, top + (base - top) * 0.72),
        (edge + inward * reach, base + 1),
        (edge, base + 2),
    ]
    curve = spline(knots[:-1], closed=False, steps=5)
    jag = rng.normal(0, (base - top) * 0.012, curve.shape).astype(np.float32)
    outline = np.concatenate([curve + jag, poly((edge, base + 2))])
    patch = canvas.patch(outline)
    if patch.alpha.size == 0:
        return
    rows, columns = patch.alpha.shape
    relief = noise(rng, rows, columns, max(10, rows * 0.35), 5, stretch=0.42)
    across, down = gradient(relief)
    depth = 0.16 * max(10, rows * 0.35)
    length = np.sqrt((across * depth) ** 2 + (down * depth * 0.5) ** 2 + 1)
    nx = (-across * depth + inward * 0.55) / (length + 0.3)
    lit = light.on(nx, -down * depth * 0.5 / length - 0.15, 0.75 / length)
    canvas.fill(patch, _rock(palette).at(lit), angle=1.35, detail=0.45)
    grass = np.concatenate([curve, (curve + np.array([0, (base - top) * 0.09]))[::-1]]).astype(
        np.float32
    )
    canvas.fill(
        canvas.patch(grass, feather=1.2), mix(palette.mid, palette.glow, 0.12), 0.75, contour=0
    )
    wet = canvas.patch(ellipse(edge + inward * reach * 0.5, base + 2, reach * 0.56, 5), feather=1.5)
    canvas.fill(wet, palette.pale, 0.6, contour=0)


def _lighthouse(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, x: float, base: float, tall: float
) -> None:
    wide = tall * 0.11
    mound = [
        (x - tall * 0.75, base + 3),
        (x - tall * 0.42, base - tall * 0.16),
        (x - tall * 0.1, base - tall * 0.24),
        (x + tall * 0.2, base - tall * 0.22),
        (x + tall * 0.5, base - tall * 0.10),
        (x + tall * 0.8, base + 3),
        (x, base + tall * 0.07),
    ]
    grain = noise(rng, canvas.height, canvas.width, 14, 3) * np.float32(0.16)
    canvas.solid(canvas.patch(spline(mound)), _rock(palette), light, roundness=0.8, texture=grain)
    foot = base - tall * 0.20
    shaft = poly(
        (x - wide, foot),
        (x + wide, foot),
        (x + wide * 0.62, foot - tall * 0.74),
        (x - wide * 0.62, foot - tall * 0.74),
    )
    white = ramp(palette.pale, mix(palette.near, palette.dark, 0.3), palette.glow, 0.6)
    red = ramp(palette.accent, palette.dark, palette.glow, 0.5)
    canvas.solid(canvas.patch(shaft), white, light, roundness=1.4, detail=0.8)
    for low, high in ((0.14, 0.30), (0.46, 0.62)):

        def edge(v: float) -> float:
            return wide * (1 - 0.38 * v / 0.74)

        band = poly(
            (x - edge(low), foot - tall * low),
            (x + edge(low), foot - tall * low),
            (x + edge(high), foot - tall * high),
            (x - edge(high), foot - tall * high),
        )
        canvas.solid(canvas.patch(band), red, light, roundness=1.8, contour=0.4)
    lamp_y = foot - tall * 0.74
    canvas.fill(
        canvas.patch(
            poly(
                (x - wide * 0.9, lamp_y),
                (x + wide * 0.9, lamp_y),
                (x + wide * 0.9, lamp_y - tall * 0.02),
                (x - wide * 0.9, lamp_y - tall * 0.02),
            )
        ),
        palette.dark,
    )
    x_grid, y_grid = canvas.grid
    halo = np.exp(-((np.hypot(x_grid - x, y_grid - lamp_y + tall * 0.07) / (tall * 0.16)) ** 2))
    canvas.rgb += (palette.glow - canvas.rgb) * (0.55 * halo)[..., None]
    canvas.fill(
        canvas.patch(
            poly(
                (x - wide * 0.5, lamp_y - tall * 0.02),
                (x + wide * 0.5, lamp_y - tall * 0.02),
                (x + wide * 0.5, lamp_y - tall * 0.12),
                (x - wide * 0.5, lamp_y - tall * 0.12),
            )
        ),
        mix(palette.glow, palette.accent2, 0.25),
    )
    canvas.fill(
        canvas.patch(
            spline(
                [
                    (x - wide * 0.7, lamp_y - tall * 0.115),
                    (x, lamp_y - tall * 0.20),
                    (x + wide * 0.7, lamp_y - tall * 0.115),
                ]
            )
        ),
        red.half,
    )


def _quay(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, horizon: float, side: int
) -> None:
    """Build a waterside town along the horizon and a stone pier in front of it."""
    w, h = canvas.width, canvas.height
    start = -10.0 if side < 0 else w + 10.0
    line = ridge(rng, w, horizon - h * 0.05, h * 0.025, 6, sharp=False)
    x = np.arange(w)
    fade = np.clip(1 - np.abs(x - start) / (w * 0.8), 0, 1) ** 0.8
    hill = land(canvas, (horizon + 2 - (horizon + 2 - line + h * 0.10) * fade).astype(np.float32))
    keep = hill.alpha * (np.arange(hill.y, hill.y + hill.alpha.shape[0]) < horizon + 1)[:, None]
    canvas.fill(
        type(hill)(hill.x, hill.y, keep.astype(np.float32)),
        mix(palette.far, palette.mid, 0.5),
        angle=0.2,
        contour=0.5,
    )
    for i in range(9):
        place = start - side * w * (0.03 + 0.062 * i + rng.uniform(0, 0.02))
        house(
            canvas,
            palette,
            light,
            rng,
            place,
            horizon + 2 + (i % 2) * 2,
            h * rng.uniform(0.055, 0.085),
        )
    stone = _rock(palette)
    end = start - side * w * rng.uniform(0.52, 0.66)
    y = horizon + h * 0.13
    top = poly(
        (start, y - h * 0.03),
        (end, y - h * 0.012),
        (end - side * w * 0.02, y + h * 0.012),
        (start, y + h * 0.03),
    )
    wall = poly(
        (start, y + h * 0.03),
        (end - side * w * 0.02, y + h * 0.012),
        (end - side * w * 0.02, y + h * 0.055),
        (start, y + h * 0.12),
    )
    canvas.fill(
        canvas.patch(wall),
        stone.shade if light.name != "above" else mix(stone.shade, stone.half, 0.4),
        angle=0.0,
        detail=0.4,
    )
    canvas.fill(
        canvas.patch(top),
        stone.half if light.name == "behind" else mix(stone.half, stone.light, 0.5),
        angle=0.0,
        detail=0.4,
    )


def draw(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw a seascape on `canvas` as `work` asks."""
    w, h = canvas.width, canvas.height
    level = {"high_horizon": 0.27, "low_horizon": 0.68}.get(work.composition, 0.45)
    horizon = h * (level + rng.uniform(-0.02, 0.02))
    side = {"left_weighted": -1, "right_weighted": 1}.get(
        work.composition, -1 if rng.random() < 0.5 else 1
    )
    sun = sky(canvas, palette, light, horizon, rng)
    if rng.random() < 0.5 and work.motif != "harbour":
        line = ridge(rng, w, horizon - h * 0.03, h * 0.022, 7, sharp=False)
        canvas.fill(land(canvas, line), mix(palette.far, palette.sky_lo, 0.45), contour=0.4)
    swell = water(canvas, palette, light, rng, horizon, sun, rng.uniform(0.7, 1.25))
    deep = h - horizon
    main_x = w * (0.5 + 0.2 * side)
    if work.motif == "cliffs":
        top = max(h * 0.06, horizon - h * rng.uniform(0.26, 0.36))
        edge = 0.0 if side < 0 else float(w)
        cliff(canvas, palette, light, rng, edge, top + h * 0.10, horizon + deep * 0.06, w * 0.72)
        cliff(canvas, palette, light, rng, edge, top, horizon + deep * 0.22, w * 0.46)
        stack_x, stack_y = main_x - side * w * 0.28, horizon + deep * 0.20
        grain = noise(rng, h, w, 12, 3, stretch=0.5) * np.float32(0.2)
        s = h * 0.13
        stack = spline(
            [
                (stack_x - s * 0.4, stack_y),
                (stack_x - s * 0.26, stack_y - s * 0.7),
                (stack_x - s * 0.04, stack_y - s * 1.25),
                (stack_x + s * 0.22, stack_y - s * 0.8),
                (stack_x + s * 0.42, stack_y),
            ]
        )
        canvas.solid(canvas.patch(stack), _rock(palette), light, roundness=0.9, texture=grain)
        canvas.fill(
            canvas.patch(ellipse(stack_x, stack_y + 1, s * 0.55, 3), feather=1),
            palette.pale,
            0.6,
            contour=0,
        )
    elif work.motif == "lighthouse":
        base = horizon + deep * (0.36 if level < 0.3 else 0.16)
        _lighthouse(
            canvas, palette, light, rng, main_x, base, min(h * rng.uniform(0.36, 0.44), base * 0.80)
        )
    elif work.motif == "harbour":
        _quay(canvas, palette, light, rng, horizon, side)
    count = {"boats": 4, "harbour": 3}.get(work.motif, 1)
    for i in range(count, 0, -1):
        near = i == 1
        depth = 0.46 if near else 0.05 + 0.14 * rng.random() * (count - i + 1) / count
        if work.motif not in ("boats", "harbour"):
            depth = rng.uniform(0.25, 0.45)
            x = w * (0.5 - 0.24 * side)
        elif work.composition == "diagonal":
            share = (i - 1) / max(count - 1, 1)
            x = w * (0.5 + side * (0.27 - 0.56 * share))
            depth = 0.55 * (1 - share) + 0.04
        else:
            x = main_x if near else w * rng.uniform(0.12, 0.88)
        size = h * (0.06 + 0.34 * depth)
        boat(canvas, palette, light, rng, float(x), horizon + deep * depth, size, swell)
        if near:
            canvas.focus = (float(x), horizon + deep * depth - size * 0.5)
    if work.motif in ("cliffs", "lighthouse"):
        canvas.focus = (main_x, horizon - h * 0.08)
    if level > 0.3:
        wing = mix(palette.pale, palette.dark, 0.15 if palette.sky_hi.mean() < 0.5 else 0.8)
        for _ in range(int(rng.integers(2, 6))):
            gx, gy = w * rng.uniform(0.15, 0.85), horizon * rng.uniform(0.2, 0.75)
            g = h * rng.uniform(0.012, 0.024)
            gull = ribbon(
                [
                    (gx - g, gy - g * 0.4),
                    (gx - g * 0.4, gy - g * 0.55),
                    (gx, gy),
                    (gx + g * 0.4, gy - g * 0.55),
                    (gx + g, gy - g * 0.3),
                ],
                [0.6, 1.8, 1.9, 1.8, 0.6],
            )
            canvas.fill(canvas.patch(gull), wing, 0.85, contour=0.2, detail=0.9)
