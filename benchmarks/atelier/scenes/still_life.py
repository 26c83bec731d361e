"""Still lifes: a table with cloth, vessels, fruit and flowers before a wall."""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.canvas import Canvas, Ramp, ellipse, ramp, ribbon, spline
from benchmarks.atelier.fields import Field, gradient, noise, smoothstep
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, mix
from benchmarks.atelier.scenes import lathe
from benchmarks.atelier.scenes.nature import Rng, poly
from benchmarks.atelier.works import Work


def wall(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> None:
    """Paint a plastered wall lit from the light's side over the whole canvas."""
    w, h = canvas.width, canvas.height
    x, y = canvas.grid
    u, v = x / w - 0.5, y / h - 0.5
    if light.side:
        glow = 0.55 - 0.0 * v + 0.65 * light.side * u - 0.25 * v
    elif light.name == "above":
        glow = 0.95 - 1.0 * (v + 0.5) - 0.5 * np.abs(u)
    else:
        glow = 1.0 - 1.5 * np.hypot(u, v + 0.12)
    mottle = noise(rng, h, w, h * 0.22, 5) * 0.055
    base = mix(
        palette.wall,
        [palette.cloth2, palette.far, palette.mid, palette.wall][int(rng.integers(4))],
        0.45,
    )
    colours = Ramp(
        mix(base, palette.dark, 0.62), mix(base, palette.dark, 0.12), mix(base, palette.glow, 0.42)
    )
    canvas.rgb[:] = colours.at(np.clip(glow + mottle, 0, 1).astype(np.float32))
    canvas.angle[:] = 0.9 + 0.5 * noise(rng, h, w, h * 0.3, 2)
    canvas.detail[:] = 0.1


def cloth_over(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, edge: float, left: float, right: float
) -> None:
    """Spread a linen cloth on the table between two columns and let it hang in folds."""
    w, h = canvas.width, canvas.height
    drop = h * rng.uniform(0.28, 0.36)
    knots = [
        (left + w * 0.03, edge),
        (right - w * 0.02, edge + 1),
        (right + w * 0.02, edge + drop * 0.55),
    ]
    count = 6
    for i in range(count + 1):
        px = right + (left - right) * i / count
        knots.append((px, edge + drop * (0.95 + 0.13 * (i % 2)) + rng.uniform(-3, 3)))
    knots.append((left - w * 0.02, edge + drop * 0.5))
    patch = canvas.patch(spline(knots, steps=5))
    if patch.alpha.size == 0:
        return
    rows, columns = patch.alpha.shape
    relief = noise(rng, rows, columns, rows * 0.8, 3, stretch=0.28)
    y = np.arange(rows)[:, None] / rows
    slant = noise(rng, rows, columns, rows * 0.5, 3, stretch=1.2)
    relief = relief * smoothstep(0.25, 0.6, y.astype(np.float32)) + 0.55 * slant * smoothstep(
        0.7, 0.3, y.astype(np.float32)
    )
    across, down = gradient(relief.astype(np.float32))
    depth = rows * 0.055
    length = np.sqrt((across * depth) ** 2 + (down * depth) ** 2 + 0.7)
    face = np.where(y < 0.45, -0.35, 0.15)
    lit = light.on(
        (-across * depth / length).astype(np.float32),
        (-down * depth / length + face).astype(np.float32),
        (0.75 / length).astype(np.float32),
    )
    linen = Ramp(
        mix(palette.far, palette.dark, 0.42),
        mix(palette.pale, palette.far, 0.38),
        mix(palette.pale, palette.glow, 0.4),
    )
    canvas.fill(patch, linen.at(lit), angle=(1.3 + 0.4 * slant).astype(np.float32), detail=0.45)


def bouquet(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, x: float, y: float, size: float
) -> None:
    """Arrange leaves and flowers around (x, y), about `size` pixels across."""
    leaf = Ramp(
        mix(palette.near, palette.dark, 0.6),
        mix(palette.mid, palette.near, 0.4),
        mix(palette.mid, palette.glow, 0.4),
    )
    for _ in range(34):
        turn, reach = rng.uniform(-np.pi, 0.35), size * rng.uniform(0.22, 0.60)
        ex, ey = x + reach * np.cos(turn), y + reach * 0.9 * np.sin(turn)
        bend = rng.uniform(-0.14, 0.14) * size
        shape = ribbon(
            [(x, y + size * 0.2), ((x + ex) / 2 + bend, (y + ey) / 2), (float(ex), float(ey))],
            [1.5, size * 0.035, size * rng.uniform(0.06, 0.11), size * 0.07, 0.5],
        )
        canvas.solid(canvas.patch(shape), leaf, light, roundness=1.2, contour=0.5)
    inks = [
        palette.accent,
        palette.pale,
        palette.accent2,
        mix(palette.accent, palette.pale, 0.5),
        palette.cloth,
    ]
    spots: list[tuple[float, float, float]] = []
    for _ in range(400):
        if len(spots) >= 19:
            break
        turn, reach = rng.uniform(0, 2 * np.pi), size * 0.46 * np.sqrt(rng.random())
        px, py = x + reach * np.cos(turn) * 1.0, y - size * 0.10 + reach * 0.85 * np.sin(turn)
        r = size * rng.uniform(0.085, 0.15)
        if all(np.hypot(px - a, py - b) > 0.68 * (r + c) for a, b, c in spots):
            spots.append((float(px), float(py), float(r)))
    for px, py, r in spots:
        ink = inks[int(rng.integers(len(inks)))]
        petals = Ramp(mix(ink, palette.dark, 0.6), ink, mix(ink, palette.glow, 0.55))
        count = int(rng.integers(6, 10))
        tip = rng.uniform(0, 1)
        for ring, share in ((1.0, 0.62), (0.62, 0.5)):
            for i in range(count):
                t = 2 * np.pi * (i + tip + ring) / count
                canvas.solid(
                    canvas.patch(
                        ellipse(
                            px + r * ring * 0.58 * float(np.cos(t)),
                            py + r * ring * 0.52 * float(np.sin(t)),
                            r * share * 0.8,
                            r * share * 0.55,
                            float(t),
                        )
                    ),
                    petals,
                    light,
                    roundness=0.9,
                    contour=0.35,
                )
        heart = (
            mix(palette.accent2, palette.wood, 0.3) if ink is not palette.accent2 else palette.wood
        )
        canvas.fill(
            canvas.patch(ellipse(px, py, r * 0.22, r * 0.2), feather=0.5), heart, 0.9, contour=0.3
        )


def _table(
    canvas: Canvas, palette: Palette, light: Light, rng: Rng, edge: float, grain: Field
) -> None:
    w, h = canvas.width, canvas.height
    front = edge + (h - edge) * 0.80
    x, y = canvas.grid
    wood = ramp(palette.wood, palette.dark, palette.glow, 0.6)
    veins = noise(rng, h, w, 9, 3, stretch=12) * 0.07
    lit = {"left": 0.62 - 0.28 * (x / w - 0.5), "right": 0.62 + 0.28 * (x / w - 0.5)}.get(
        light.name, np.full_like(x, 0.66 if light.name == "above" else 0.34)
    ) + veins
    if light.name == "behind":
        lit = lit + 0.4 * smoothstep(front, edge, y)
    top = canvas.patch(poly((-2, edge), (w + 2, edge), (w + 2, front), (-2, front)))
    canvas.fill(
        top, wood.at(np.clip(lit, 0, 1).astype(np.float32))[top.where], angle=0.0, detail=0.3
    )
    side = canvas.patch(poly((-2, front), (w + 2, front), (w + 2, h + 2), (-2, h + 2)))
    canvas.fill(
        side,
        wood.at(np.clip(lit - 0.40, 0, 1).astype(np.float32))[side.where],
        angle=0.0,
        detail=0.3,
    )
    lip = canvas.patch(
        poly((-2, front - 2), (w + 2, front - 2), (w + 2, front + 2), (-2, front + 2))
    )
    canvas.fill(lip, wood.light, 0.5, contour=0)


def draw(canvas: Canvas, work: Work, palette: Palette, light: Light, rng: Rng) -> None:
    """Draw a still life on `canvas` as `work` asks."""
    w, h = canvas.width, canvas.height
    s = min(w, h)
    wall(canvas, palette, light, rng)
    edge = h * (0.42 if work.composition == "high_horizon" else 0.58)
    grain = noise(rng, h, w, 4, 2)
    if rng.random() < 0.45:
        fall = 0.0 if rng.random() < 0.5 else w * 0.70
        shape = canvas.patch(
            spline(
                [
                    (fall - 9, -9),
                    (fall + w * 0.30, -9),
                    (fall + w * 0.26, edge * 0.5),
                    (fall + w * 0.33, edge + 4),
                    (fall - 9, edge + 4),
                ]
            )
        )
        folds = np.sin(canvas.grid[0] / w * 60 + 1.6 * noise(rng, h, w, h * 0.4, 2)) * 0.24
        drape = ramp(palette.cloth, palette.dark, palette.glow, 0.6)
        canvas.solid(
            shape, drape, light, roundness=0.5, texture=folds.astype(np.float32), detail=0.3
        )
    _table(canvas, palette, light, rng, edge, grain)
    mid = {"left_weighted": 0.34, "right_weighted": 0.66}.get(work.composition, 0.5) * w
    turn = 1 if rng.random() < 0.5 else -1
    if work.composition == "left_weighted":
        turn = 1
    elif work.composition == "right_weighted":
        turn = -1
    spread = s * (0.20 if work.composition.endswith("weighted") else 0.26)
    back = edge + (h - edge) * 0.26
    near = edge + (h - edge) * 0.55
    if rng.random() < 0.7:
        cx = mid + turn * s * 0.1
        cloth_over(
            canvas, palette, light, rng, edge + (h - edge) * 0.30, cx - s * 0.36, cx + s * 0.36
        )
    glaze = [palette.pale, palette.cloth2, palette.cloth, palette.accent2][int(rng.integers(4))]
    pot = Ramp(
        mix(glaze, palette.dark, 0.68),
        mix(glaze, palette.far, 0.12),
        mix(glaze, palette.glow, 0.55),
    )
    white = Ramp(
        mix(palette.far, palette.dark, 0.5),
        mix(palette.pale, palette.far, 0.22),
        mix(palette.pale, palette.glow, 0.5),
    )
    green = mix(palette.near, palette.dark, 0.45)
    glass = Ramp(mix(green, palette.dark, 0.6), green, mix(green, palette.glow, 0.45))
    kinds = ["apple", "pear", "lemon", "plum", "orange"]
    rng.shuffle(kinds)
    slant = (h - edge) * 0.22 if work.composition == "diagonal" else 0.0
    stripe = palette.cloth2 if rng.random() < 0.5 else None

    def down(x: float) -> float:
        return slant * turn * (x - mid) / (s * 0.3)

    def place(kind: str, x: float, y: float, r: float) -> None:
        lathe.fruit(canvas, palette, light, rng, kind, x, y + down(x), r, grain)

    if work.motif == "fruit":
        tall = s * 0.17
        by = back + (h - edge) * 0.14 + down(mid)
        heap = [
            (-0.62, 0.0),
            (0.62, 0.0),
            (-0.2, 0.10),
            (0.22, 0.02),
            (-0.36, 0.55),
            (0.38, 0.52),
            (0.0, 0.62),
            (0.02, 1.15),
        ]
        lathe.cast(canvas, palette, light, mid, by, tall * 1.0, tall * 1.5)
        for i, (a, b) in enumerate(heap):
            lathe.fruit(
                canvas,
                palette,
                light,
                rng,
                kinds[i % 3],
                mid + a * tall,
                by - tall * (0.62 + 0.55 * b),
                tall * 0.40,
                grain,
                shadow=False,
            )
        dish = ((0, 0.42), (0.12, 0.36), (0.2, 0.36), (0.5, 0.84), (0.8, 1.07), (0.9, 1.12))
        lathe.vessel(
            canvas,
            palette,
            light,
            mid,
            by,
            tall,
            dish,
            white if stripe is not None else pot,
            shadow=False,
            stripe=stripe,
            open_top=False,
        )
        place(kinds[3], mid + turn * spread * 1.15, near, s * 0.062)
        place(kinds[0], mid + turn * spread * 0.72, near + s * 0.03, s * 0.068)
        place(kinds[4], mid - turn * spread * 0.9, near + s * 0.045, s * 0.06)
    elif work.motif == "flowers":
        tall = s * rng.uniform(0.23, 0.28)
        by = back + (h - edge) * 0.12
        lathe.cast(canvas, palette, light, mid, by, tall * 0.5, tall * 1.2)
        top = by - tall
        size = min(s * rng.uniform(0.52, 0.60), (top - 4) * 1.22)
        lathe.vessel(
            canvas,
            palette,
            light,
            mid,
            by,
            tall,
            lathe.VASE if rng.random() < 0.6 else lathe.JUG,
            pot,
            stripe=stripe,
        )
        bouquet(canvas, palette, light, rng, mid, top - size * 0.24, size)
        place(kinds[0], mid + turn * spread * 0.95, near, s * 0.06)
        place(kinds[0], mid + turn * spread * 1.40, near - s * 0.02, s * 0.055)
        for i in range(3):
            petal = ellipse(
                mid - turn * spread * (0.4 + 0.3 * i),
                near + s * 0.02 * i,
                s * 0.022,
                s * 0.011,
                0.4 * i,
            )
            canvas.fill(canvas.patch(petal), mix(palette.accent, palette.pale, 0.4))
    elif work.motif == "jug":
        tall = s * rng.uniform(0.38, 0.44)
        jx = mid - turn * spread * 0.35
        jy = back + (h - edge) * 0.06 + down(jx)
        body = white if rng.random() < 0.65 else pot
        lathe.cast(canvas, palette, light, jx, jy, tall * 0.33, tall)
        lathe.handle(canvas, light, jx, jy, tall, -turn, body)
        lathe.vessel(
            canvas, palette, light, jx, jy, tall, lathe.JUG, body, shadow=False, stripe=stripe
        )
        cx = mid + turn * spread * 1.0
        lathe.vessel(
            canvas,
            palette,
            light,
            cx,
            back + (h - edge) * 0.16 + down(cx),
            s * 0.13,
            lathe.CUP,
            pot,
        )
        for i, (a, b) in enumerate(((0.30, 0.02), (0.72, 0.07), (-0.55, 0.09), (1.25, 0.05))):
            place(
                kinds[i % 2 * 2],
                mid + turn * spread * a,
                near + s * b,
                s * rng.uniform(0.055, 0.068),
            )
    else:
        for i, a in enumerate((-0.55, 0.05)):
            bx = mid + turn * spread * a
            lathe.vessel(
                canvas,
                palette,
                light,
                bx,
                back + (h - edge) * (0.02 + 0.08 * i) + down(bx),
                s * (0.50 - 0.09 * i),
                lathe.BOTTLE,
                glass if i == 0 else pot,
                gloss=0.85,
                clear=0.25 if i == 0 else 0,
            )
        gx = mid + turn * spread * 0.72
        clear = Ramp(mix(palette.far, palette.dark, 0.4), palette.far, palette.pale)
        lathe.vessel(
            canvas,
            palette,
            light,
            gx,
            near + down(gx) - s * 0.02,
            s * 0.26,
            lathe.GOBLET,
            clear,
            gloss=1.0,
            clear=0.55,
        )
        place(kinds[0], mid + turn * spread * 1.30, near, s * 0.065)
        place(kinds[1], mid - turn * spread * 0.45, near + s * 0.04, s * 0.065)
        place(kinds[1], mid - turn * spread * 0.95, near + s * 0.02, s * 0.06)
    if rng.random() < 0.6:
        kx, ky = mid - turn * spread * 0.1, edge + (h - edge) * 0.74
        along = turn * s * 0.15
        blade = ribbon(
            [(kx, ky), (kx + along * 0.6, ky + s * 0.008), (kx + along, ky + s * 0.022)],
            [s * 0.022, s * 0.02, 1],
        )
        canvas.fill(canvas.patch(blade + np.float32(3), feather=1), palette.dark, 0.45, contour=0)
        canvas.fill(canvas.patch(blade), mix(palette.pale, palette.far, 0.35))
        grip = ribbon([(kx, ky), (kx - along * 0.45, ky - s * 0.012)], [s * 0.022, s * 0.026])
        canvas.solid(
            canvas.patch(grip), ramp(palette.wood, palette.dark, palette.glow), light, roundness=1.5
        )
    canvas.focus = (mid, back - s * 0.12)
