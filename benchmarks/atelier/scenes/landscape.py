"""Landscapes: receding hills, fields, water or a road, trees, farmhouses and haystacks."""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.canvas import Canvas, Ramp, ramp, spline
from benchmarks.atelier.fields import Field, gradient, noise
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, mix
from benchmarks.atelier.scenes.nature import Rng, house, land, passer_by, ridge, shadow, sky, tree
from benchmarks.atelier.scenes.sea import perspective_noise
from benchmarks.atelier.works import Work


def slope(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, line: Field, near: float, rocky: bool
) -> None:
    """Paint a range of hills below `line`; `near` runs from 0 (far) to 1 (close)."""
    patch = land(canvas, line)
    rows, columns = patch.alpha.shape
    haze = mix(palette.far, palette.sky_lo, 0.5)
    body = mix(haze, palette.mid, min(1.0, near * 1.25))
    body = mix(body, palette.accent2, 0.22 * near)
    colours = Ramp(
        mix(body, mix(palette.near, palette.far, 1 - near), 0.75),
        body,
        mix(body, palette.glow, 0.35 + 0.2 * near),
    )
    cell = max(10.0, canvas.height * (0.10 if rocky else 0.16))
    relief = noise(rng, rows, columns, cell, 4, stretch=0.7 if rocky else 1.7)
    across, down = gradient(relief)
    depth = cell * (0.55 if rocky else 0.30)
    # The swell of the whole hill adds to its small relief.
    tilt = np.gradient(line).astype(np.float32)[patch.x : patch.x + columns][None, :]
    nx, ny = -across * depth + 1.3 * tilt, -down * depth - 0.5
    length = np.sqrt(nx * nx + ny * ny + 0.6)
    lit = light.on(nx / length, ny / length, np.float32(0.77) / length)
    lit = lit * (0.35 + 0.65 * near) + 0.5 * (1 - near) * 0.65
    angle = (np.arctan(tilt) + 0.15 * relief).astype(np.float32)
    canvas.fill(
        patch, colours.at(np.clip(lit, 0, 1)), angle=angle, detail=0.2 + 0.2 * near, contour=0.7
    )


def _ground(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, line: Field, motif: str
) -> None:
    """Paint the near field with furrows or grass in perspective."""
    w, h = canvas.width, canvas.height
    patch = land(canvas, line)
    horizon = float(line.min()) - 6
    x, y = canvas.grid
    near = np.clip((y - horizon) / (h - horizon), 0, 1)
    tuft = perspective_noise(canvas, rng, horizon, w / 2, 7, 16)
    blade = perspective_noise(canvas, rng, horizon, w / 2, 30, 60)
    base = mix(palette.mid, palette.accent2, 0.55 if motif == "haystacks" else 0.2)
    low = mix(base, palette.near, 0.85)
    tone = np.clip(0.12 + 0.62 * near + 0.15 * tuft + 0.10 * blade, 0, 1)
    rgb = base + (low - base) * tone[..., None]
    bright = np.clip(0.32 * (blade + tuft) * 0.5, 0, 0.5) * (0.4 if light.name == "behind" else 1)
    rgb += (palette.glow - rgb) * bright[..., None]
    centre = w * rng.uniform(0.3, 0.7)
    if motif in ("haystacks", "village", "cypresses"):
        lane = (x - centre) / w / (0.05 + near) * 6.5
        furrow = 0.5 + 0.5 * np.sin(2 * np.pi * lane + 0.5 * tuft)
        rgb += (low - rgb) * (0.42 * furrow * (y > horizon + 4))[..., None]
    aim = np.arctan2(np.broadcast_to(y - horizon + 8, (h, w)), np.broadcast_to(x - centre, (h, w)))
    angle = aim.astype(np.float32)
    if motif in ("river", "mountains"):
        angle = (0.25 * tuft).astype(np.float32)
    canvas.fill(patch, rgb[patch.where], angle=angle[patch.where], detail=0.35, contour=0.7)
    flowers = rng.random() < 0.5
    if flowers:
        spots = (blade > 1.55) & (y > horizon + 0.25 * (h - horizon))
        hue = palette.accent if rng.random() < 0.5 else palette.pale
        canvas.rgb[spots] = canvas.rgb[spots] * 0.25 + hue * 0.75


def _river(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, top: float, side: int, *, road: bool
) -> None:
    """Lay a winding river or road from the horizon to the lower edge."""
    w, h = canvas.width, canvas.height
    deep = h - top
    x0 = w * (0.5 - 0.16 * side)
    bends = [0.0, 0.14, -0.12, 0.2, -0.05]
    points = [
        (x0 + side * w * b * (0.4 + 0.9 * t), top + deep * t**1.6 + 2)
        for b, t in zip(bends, np.linspace(0, 1.02, 5), strict=True)
    ]
    widths = [w * 0.008, w * 0.03, w * 0.07, w * 0.15, w * 0.30]
    if road:
        widths = [v * 0.6 for v in widths]
    line = spline(points, closed=False)
    wide = np.interp(np.linspace(0, 1, len(line)), np.linspace(0, 1, len(widths)), widths) / 2
    reach = np.stack([wide, 0 * wide], axis=1)
    shape = np.concatenate([line - reach, (line + reach)[::-1]]).astype(np.float32)
    patch = canvas.patch(shape, feather=0.6)
    waves = perspective_noise(canvas, rng, top - 8, w / 2, 5, 26)
    if road:
        colours = ramp(mix(palette.pale, palette.wall, 0.5), palette.near, palette.glow, 0.5)
        lit = 0.55 + 0.14 * waves - (0.2 if light.name == "behind" else 0)
        rgb = colours.at(np.clip(lit, 0, 1).astype(np.float32))
        canvas.fill(patch, rgb[patch.where], angle=1.2, contour=0.6)
        return
    y = canvas.grid[1]
    near = np.clip((y - top) / deep, 0, 1) + np.zeros((1, w), np.float32)
    sky_seen = mix(palette.sky_lo, palette.glow, 0.35)
    tone = np.clip(0.15 + 0.75 * near + 0.16 * waves, 0, 1)
    rgb = sky_seen + (mix(palette.water_lo, palette.sky_hi, 0.25) - sky_seen) * tone[..., None]
    canvas.fill(patch, rgb[patch.where].astype(np.float32), angle=0.0, contour=0.8)
    for edge in (shape,):
        bank = canvas.patch(edge, feather=1.2)
        rim = 4 * bank.alpha * (1 - bank.alpha)
        canvas.fill(
            type(bank)(bank.x, bank.y, rim.astype(np.float32)), palette.near, 0.5, contour=0
        )


def _haystack(
    canvas: Canvas, palette: Palette, light: Light, x: float, y: float, s: float, grain: Field
) -> None:
    straw = Ramp(
        mix(palette.accent2, palette.dark, 0.66),
        mix(palette.accent2, palette.wood, 0.28),
        mix(palette.accent2, palette.glow, 0.65),
    )
    shadow(canvas, palette, light, x, y, s * 1.1, s * 0.95)
    body = spline(
        [
            (x - s * 0.5, y),
            (x - s * 0.54, y - s * 0.34),
            (x - s * 0.3, y - s * 0.66),
            (x, y - s * 0.92),
            (x + s * 0.3, y - s * 0.66),
            (x + s * 0.54, y - s * 0.34),
            (x + s * 0.5, y),
            (x, y + s * 0.06),
        ]
    )
    canvas.solid(canvas.patch(body), straw, light, roundness=1.2, texture=grain * np.float32(0.10))


def draw(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw a landscape on `canvas` as `work` asks."""
    w, h = canvas.width, canvas.height
    level = {"high_horizon": 0.30, "low_horizon": 0.66}.get(work.composition, 0.46)
    horizon = h * (level + rng.uniform(-0.02, 0.02))
    side = {"left_weighted": -1, "right_weighted": 1}.get(
        work.composition, -1 if rng.random() < 0.5 else 1
    )
    sky(canvas, palette, light, horizon, rng)
    peaks = work.motif == "mountains"
    swing = h * (0.11 if peaks else 0.035)
    lift = min(horizon * 0.55, h * (0.19 if peaks else 0.08))
    slope(
        canvas,
        palette,
        light,
        rng,
        ridge(rng, w, horizon - lift, swing, 7 if peaks else 6, peaks),
        0.0,
        peaks,
    )
    slant = h * 0.07 * side if work.composition == "diagonal" else h * 0.02 * side
    tilt = np.linspace(slant, -slant, w).astype(np.float32)
    for i, near in enumerate((0.3, 0.6)):
        base = horizon - lift * (0.45 - 0.40 * i)
        line = ridge(rng, w, base, h * (0.035 if not peaks else 0.05), 6, peaks and i == 0)
        slope(
            canvas, palette, light, rng, (line + tilt * (0.5 + i)).astype(np.float32), near, peaks
        )
    grain = noise(rng, h, w, 7, 2)
    for _ in range(int(rng.integers(5, 11))):
        x = w * rng.uniform(0, 1)
        tree(
            canvas,
            palette,
            light,
            rng,
            "round",
            x,
            horizon + h * rng.uniform(0.0, 0.02),
            h * rng.uniform(0.025, 0.05),
            grain,
        )
    line = ridge(rng, w, horizon + h * 0.025, h * 0.012, 5, sharp=False) + tilt
    _ground(canvas, palette, light, rng, line.astype(np.float32), work.motif)
    deep = h - horizon
    main_x = w * (0.5 + 0.24 * side)
    if work.motif == "river":
        _river(canvas, palette, light, rng, horizon + h * 0.03, side, road=False)
    elif work.motif in ("cypresses", "village", "mountains") and rng.random() < 0.8:
        _river(canvas, palette, light, rng, horizon + h * 0.03, side, road=True)
    canvas.focus = (main_x, horizon)
    items: list[tuple[float, str, float, float]] = []

    def put(kind: str, x: float, depth: float, size: float) -> None:
        if work.composition == "diagonal":
            # Things step down the slant: the nearer, the further to the weighted side.
            x = w * (0.5 + side * (0.42 * depth / 0.5 - 0.28)) + (x - w / 2) * 0.25
        items.append((horizon + deep * depth + h * 0.02, kind, x, size))

    spread = 0.13 if work.composition.endswith("weighted") else 0.3
    if work.motif == "village":
        for _ in range(6):
            put(
                "house",
                main_x + w * rng.normal(0, spread * 0.7),
                rng.uniform(0.03, 0.2),
                h * rng.uniform(0.07, 0.12),
            )
        put("pine", main_x + side * w * 0.17, 0.30, h * 0.34)
        put("round", main_x - side * w * 0.06, 0.05, h * 0.14)
    elif work.motif == "haystacks":
        put("hay", main_x, 0.42, h * rng.uniform(0.26, 0.32))
        for _ in range(3):
            put(
                "hay",
                w * rng.uniform(0.1, 0.9),
                rng.uniform(0.05, 0.2),
                h * rng.uniform(0.08, 0.13),
            )
        put("house", w * (0.5 - 0.3 * side), 0.03, h * 0.09)
    elif work.motif == "cypresses":
        put("house", main_x - side * w * 0.14, 0.10, h * 0.13)
        for _ in range(int(rng.integers(4, 8))):
            depth = rng.uniform(0.06, 0.42)
            put(
                "cypress",
                main_x + w * rng.normal(0, spread * 0.8),
                depth,
                h * (0.16 + 0.75 * depth),
            )
    elif work.motif == "river":
        kind = "poplar" if rng.random() < 0.6 else "round"
        for i in range(6):
            depth = 0.04 + 0.07 * i
            put(
                kind,
                main_x + side * w * (0.02 + 0.028 * i) + rng.uniform(-5, 5),
                depth,
                h * (0.14 + 0.65 * depth),
            )
        put("round", w * (0.5 - 0.36 * side), 0.10, h * 0.17)
    else:
        put("house", main_x, 0.12, h * 0.10)
        for _ in range(int(rng.integers(4, 7))):
            put(
                "pine" if rng.random() < 0.4 else "round",
                main_x + w * rng.normal(0, spread),
                rng.uniform(0.08, 0.34),
                h * rng.uniform(0.13, 0.27),
            )
    if rng.random() < 0.65:
        put("figure", w * rng.uniform(0.32, 0.68), rng.uniform(0.25, 0.5), h * 0.10)
    for y, kind, x, size in sorted(items):
        if kind == "house":
            house(canvas, palette, light, rng, x, y, size)
        elif kind == "hay":
            _haystack(canvas, palette, light, x, y, size, grain)
        elif kind == "figure":
            passer_by(canvas, palette, light, rng, x, y, size * (0.6 + (y - horizon) / deep))
        else:
            tree(canvas, palette, light, rng, kind, x, y, size, grain)
