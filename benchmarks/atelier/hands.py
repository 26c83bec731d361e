"""The six hands: from an underpainting to the finished handling of each painter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageFilter

from benchmarks.atelier.canvas import Canvas
from benchmarks.atelier.fields import (
    Field,
    blur,
    broad_noise,
    cell_edges,
    gradient,
    luma,
    noise,
    resize,
    smoothstep,
    soft,
    swell,
)
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette, mix
from benchmarks.atelier.strokes import Marks, emboss, orientation, sample, scatter, stamp

Rng = np.random.Generator
Hand = Callable[[Canvas, Palette, Light, Rng], Field]

SCALE = 1.6
"""Working pixels per pixel of the picture, for hands that lay distinct marks."""


def enlarge(rgb: Field, factor: float) -> Field:
    """Return a picture resampled to `factor` times its size, to 8 bits of precision."""
    h, w = rgb.shape[:2]
    image = Image.fromarray((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
    large = image.resize((round(w * factor), round(h * factor)), Image.Resampling.BICUBIC)
    return np.asarray(large, np.float32) / np.float32(255)


def working_size(canvas: Canvas) -> tuple[int, int]:
    """Return the (height, width) at which marks finer than a pixel are laid."""
    return round(canvas.height * SCALE), round(canvas.width * SCALE)


def shrink(rgb: Field, height: int, width: int) -> Field:
    """Return a picture of the working size averaged down to (height, width), in 8-bit steps."""
    image = Image.fromarray((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
    small = image.resize((width, height), Image.Resampling.HAMMING)
    return np.asarray(small, np.float32) / np.float32(255)


def saturate(rgb: Field, amount: float) -> Field:
    """Return a picture with its distance from grey multiplied by `amount`."""
    grey = luma(rgb)[..., None]
    return np.clip(grey + (rgb - grey) * amount, 0, 1).astype(np.float32)


def weave(height: int, width: int, step: float) -> Field:
    """Return the relief of a plain canvas weave, about -1..1, float32 (height, width)."""
    y = np.arange(height, dtype=np.float32)[:, None] * np.float32(np.pi / step)
    x = np.arange(width, dtype=np.float32)[None, :] * np.float32(np.pi / step)
    out: Field = np.sin(x) * np.sin(y) * 0.6 + 0.4 * np.sin(2 * x + np.cos(y))
    return out.astype(np.float32)


def dots(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> Field:
    """Paint in divided dots: small round touches of neighbouring and complementary hues."""
    h, w = working_size(canvas)
    source = saturate(canvas.rgb, 1.35)
    out = enlarge(mix(palette.pale, palette.accent2, 0.18) * 0.35 + blur(source, 3) * 0.65, SCALE)
    relief = np.zeros((h, w), np.float32)
    value = luma(source)
    for step, radius, fine in ((6.9, 4.5, False), (5.1, 3.3, False), (3.7, 2.2, True)):
        x, y = scatter(rng, h, w, step)
        detail = sample(canvas.detail, x / SCALE, y / SCALE)
        if fine:
            keep = (detail > 0.55) | (rng.random(x.size) < 0.35)
            x, y, detail = x[keep], y[keep], detail[keep]
        rgb = sample(source, x / SCALE, y / SCALE).copy()
        dark = sample(value, x / SCALE, y / SCALE)
        # Divided colour: every dot leans to one side of its hue, and some to its opposite.
        lean = (
            rng.normal(0, 0.075, (x.size, 3)).astype(np.float32) * (1.15 - 0.75 * detail)[:, None]
        )
        lean -= lean.mean(axis=1, keepdims=True) * 0.6
        rgb += lean
        contrary = rng.random(x.size) < 0.12 * (1.2 - detail)
        cool = palette.cloth2 if palette.accent[0] > palette.accent[2] else palette.accent2
        tint = np.where(dark[contrary, None] < 0.5, cool, palette.glow)
        rgb[contrary] = rgb[contrary] * 0.52 + tint * 0.48 * (0.45 + 0.75 * dark[contrary, None])
        size = radius * rng.uniform(0.75, 1.15, x.size) * (1 - 0.30 * detail * (not fine))
        turn = sample(canvas.angle, x / SCALE, y / SCALE) + rng.normal(0, 0.4, x.size)
        size = size.astype(np.float32)
        stamp(
            out,
            relief,
            Marks(
                x,
                y,
                turn.astype(np.float32),
                size * np.float32(1.2),
                size * np.float32(0.92),
                np.zeros_like(size),
                np.clip(rgb, 0, 1),
            ),
            rng,
            bristle=0.0,
            round_tip=True,
        )
    out = emboss(out, relief, 0.30, light.side)
    return shrink(out, canvas.height, canvas.width)


def impasto(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> Field:
    """Paint in loaded, curving strokes that follow form, with paint standing in relief."""
    h, w = working_size(canvas)
    source = saturate(canvas.rgb, 1.28)
    value = luma(source)
    edge, sure = orientation(value, 4.0)
    a, b = canvas.angle, edge
    angle = (
        np.arctan2(
            np.sin(2 * a) * (1 - sure) + np.sin(2 * b) * sure * 1.4,
            np.cos(2 * a) * (1 - sure) + np.cos(2 * b) * sure * 1.4,
        )
        / 2
    )
    angle = angle.astype(np.float32) + np.float32(0.10) * noise(
        rng, canvas.height, canvas.width, 40, 2
    )
    out = enlarge(blur(source, 2) * 0.8 + palette.wood * 0.12, SCALE)
    relief = np.zeros((h, w), np.float32)
    busy = swell(np.hypot(*gradient(value)), 2.5) * 14 + canvas.detail
    for step, length, width, limit in (
        (10.0, 24, 5.6, -1.0),
        (7.4, 16, 3.8, 0.40),
        (4.8, 8.8, 2.3, 0.72),
        (3.4, 5.2, 1.5, 1.02),
    ):
        x, y = scatter(rng, h, w, step)
        need = sample(busy, x / SCALE, y / SCALE)
        keep = need > limit
        x, y, need = x[keep], y[keep], need[keep]
        if x.size == 0:
            continue
        rgb = sample(source, x / SCALE, y / SCALE).copy()
        loose = np.clip(1.2 - need, 0.15, 1)[:, None].astype(np.float32)
        rgb *= 1 + rng.normal(0, 0.085, (x.size, 1)).astype(np.float32) * loose
        rgb += rng.normal(0, 0.035, rgb.shape).astype(np.float32) * loose
        turn = sample(angle, x / SCALE, y / SCALE) + rng.normal(0, 0.13, x.size).astype(np.float32)
        # Bend with the field: compare the direction a little further along.
        ahead = sample(
            angle, (x + np.cos(turn) * length) / SCALE, (y + np.sin(turn) * length) / SCALE
        )
        bend = np.clip(0.5 * np.sin(ahead - turn) * np.sign(np.cos(ahead - turn)), -0.35, 0.35)
        n = np.ones_like(x)
        marks = Marks(
            x,
            y,
            turn.astype(np.float32),
            (n * length * rng.uniform(0.7, 1.1, x.size)).astype(np.float32),
            (n * width * rng.uniform(0.8, 1.1, x.size)).astype(np.float32),
            bend.astype(np.float32),
            np.clip(rgb, 0, 1),
        )
        stamp(out, relief, marks, rng, bristle=0.9, round_tip=False)
    relief += 0.10 * weave(h, w, 3.4)
    out = emboss(np.clip(out, 0, 1), soft(relief * 0.5 + 0.25, 0.7) * 2, 0.62, light.side)
    return shrink(out, canvas.height, canvas.width)


def glaze(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> Field:
    """Paint in smoky glazes on panel, darkened to the corners and finely cracked."""
    h, w = canvas.height, canvas.width
    sharp = canvas.rgb
    smoke, haze = blur(sharp, 0.9), blur(sharp, 4.5)
    fine = np.clip((canvas.detail - 0.35) / 0.5, 0, 1)[..., None] * 0.75
    out = smoke * (1 - fine) + sharp * fine
    out = out * 0.80 + haze * 0.20
    # Old varnish: warm darks, tempered whites; shadows lose themselves.
    value = luma(out)[..., None]
    out = out * (0.80 + 0.28 * value) * np.array([1.02, 0.985, 0.90], np.float32)
    x, y = canvas.grid
    corner = np.hypot((x / w - 0.5) * 1.05, (y / h - 0.5) * 1.05)
    out *= (1 - 0.62 * smoothstep(0.34, 0.80, corner))[..., None]
    grain = noise(rng, h, w, 2.2, 2) * 0.006 + noise(rng, h, w, 90, 3, stretch=0.3) * 0.012
    out += grain[..., None]
    bloom = swell(np.clip(luma(out) - 0.55, 0, 1), 9.0)[..., None]
    out += 0.35 * bloom * palette.glow
    crack = cell_edges(rng, h, w, rng.uniform(13, 18))
    network = smoothstep(0.055, 0.012, crack) * (
        0.5 + 0.5 * smoothstep(-0.6, 0.8, noise(rng, h, w, 60, 2))
    )
    out *= (1 - 0.30 * network)[..., None]
    lift = np.roll(network, (-1, -1), axis=(0, 1)) * (1 - network)
    out += (0.05 * lift)[..., None]
    return np.asarray(np.clip(out, 0, 1), np.float32)


def woodcut(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> Field:
    """Cut hatching and contours in black ink over two flat tints and tinted paper."""
    h, w = working_size(canvas)
    paper = mix(mix(palette.pale, palette.accent2, 0.13), palette.wall, 0.10)
    ink = mix(palette.dark, palette.near, 0.12) * 0.8
    value = soft(luma(canvas.rgb), 0.8)
    low, high = np.quantile(value, [0.02, 0.985])
    stretch = np.clip((value - low) / (high - low + 1e-3), 0, 1)
    tone = resize(0.55 * stretch + 0.45 * value, h, w)
    angle = canvas.angle
    edge, sure = orientation(value, 5.0)
    angle = np.where(sure > 0.5, edge, angle)
    # Fields of cut lines: a few fixed directions, each used where the form runs that way.
    field = np.zeros((h, w), np.float32)
    weight = np.zeros((h, w), np.float32)
    y = np.arange(h, dtype=np.float32)[:, None]
    x = np.arange(w, dtype=np.float32)[None, :]
    wave = broad_noise(rng, h, w, 96, 3) * 5.6
    for turn in np.arange(6) * np.pi / 6:
        share = resize(
            swell(np.clip(np.cos(angle - turn) ** 2 - 0.72, 0, 1).astype(np.float32), 6.0), h, w
        )
        share = np.clip(share, 0, 1) ** 3
        phase = wave + (-x * np.float32(np.sin(turn)) + y * np.float32(np.cos(turn)))
        phase *= np.float32(2 * np.pi / 5.8)
        better = share > weight
        field[better] = np.sin(phase[better])
        weight = np.maximum(weight, share)
    rough = noise(rng, h, w, 5, 2)
    cut = 0.5 + 0.5 * field + 0.07 * rough
    black = smoothstep(-0.06, 0.06, cut - (tone * 1.75 + 0.02))
    cross = 0.5 + 0.5 * np.sin(
        (x * np.float32(0.62) + y * np.float32(0.78) + wave) * np.float32(2 * np.pi / 5.3)
    )
    black = np.maximum(black, smoothstep(-0.06, 0.06, cross - (tone * 3.4 + 0.03)))
    solid = smoothstep(0.12, 0.07, tone + 0.012 * rough)
    white = smoothstep(0.90, 0.96, cut) * smoothstep(0.0, 0.05, tone)
    black = np.maximum(black, solid * (1 - 0.8 * white))
    contour = resize(np.clip(canvas.line, 0, 1), h, w)
    swelled = contour + 0.10 * rough * contour
    black = np.maximum(black, smoothstep(0.38, 0.60, swelled + 0.12 * (1 - tone)))
    # Two tints, a little out of register, printed flat where the colour is strong.
    hue = enlarge(saturate(blur(canvas.rgb, 2.0), 1.25), SCALE)
    hue = np.roll(hue, (2, -2), axis=(0, 1))
    level = np.floor(np.clip(luma(hue) * 4.0, 0, 3.99)) / 4 + 0.2
    flat = hue / np.maximum(luma(hue)[..., None], 0.05) * (0.36 + 0.62 * level)[..., None]
    out = paper * (0.22 + 0.78 * np.clip(flat, 0, 1.05))
    fibre = broad_noise(rng, h, w, 6, 2) * 0.016 + noise(rng, h, w, 3, 1, stretch=6) * 0.010
    out = out + fibre[..., None]
    worn = np.clip(0.96 - 0.09 * np.clip(rough - 1.0, 0, 2), 0, 1)
    out = out + (ink - out) * (black * worn)[..., None]
    # The block stops short of the sheet.
    margin = 0.030 * min(h, w)
    inset = np.minimum(np.minimum(x, w - 1 - x), np.minimum(y, h - 1 - y)) + np.float32(0.8) * rough
    printed = smoothstep(margin - 1, margin + 1, inset)[..., None]
    frame = (
        smoothstep(margin - 1, margin + 1, inset) * smoothstep(margin + 5, margin + 3.4, inset)
    )[..., None]
    out = (paper + fibre[..., None]) * (1 - printed) + out * printed
    out = out + (ink - out) * frame
    return shrink(np.clip(out, 0, 1).astype(np.float32), canvas.height, canvas.width)


def cutpaper(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> Field:
    """Compose in flat shapes of strong colour with brushed contours, like cut painted paper."""
    h, w = working_size(canvas)
    vivid = saturate(np.clip((canvas.rgb - 0.5) * 1.12 + 0.5, 0, 1), 1.75)
    calm = blur(vivid, 1.6)
    fine = np.clip((canvas.detail - 0.5) * 2, 0, 1)[..., None]
    calm = calm * (1 - fine) + vivid * fine
    eight = Image.fromarray((calm * 255).astype(np.uint8))
    quarter = eight.reduce(3).quantize(20, Image.Quantize.MEDIANCUT, kmeans=2)
    reduced = eight.quantize(palette=quarter, dither=Image.Dither.NONE)
    label = np.asarray(reduced)
    sheet = np.asarray(quarter.getpalette() or [], np.float32).reshape(-1, 3) / np.float32(255)
    best = np.zeros((h, w), np.uint8)
    chosen = np.zeros((h, w), np.uint8)
    radius = float(np.median(np.clip(2.3 - 1.5 * canvas.detail, 0.8, 2.3)))
    intricate = canvas.detail > 0.85
    for number in np.unique(label):
        # Each colour votes with its smoothed area; the winner gives round, clean-cut shapes.
        mask = Image.fromarray((label == number).astype(np.uint8) * np.uint8(255))
        vote = np.asarray(mask.filter(ImageFilter.GaussianBlur(radius)))
        if intricate.any():
            vote = np.where(intricate, np.asarray(mask.filter(ImageFilter.GaussianBlur(0.7))), vote)
        large = np.asarray(Image.fromarray(vote).resize((w, h), Image.Resampling.BILINEAR))
        better = large > best
        np.copyto(best, large, where=better)
        chosen[better] = number
    flat = sheet[chosen]
    flat = saturate(flat, 1.12)
    # Gouache: dry brush streaks along each sheet, a different direction for every colour.
    streak = [
        broad_noise(rng, h, w, 5, 2, stretch=9),
        broad_noise(rng, w, h, 5, 2, stretch=9).T,
        broad_noise(rng, h, w, 8, 3),
    ]
    paint = np.choose(chosen % 3, streak)
    flat = flat * (1 + 0.035 * paint)[..., None]
    # Edges of paper: a lit rim above and a narrow shadow below.
    step = (chosen != np.roll(chosen, (3, 2 if light.side <= 0 else -2), axis=(0, 1))).astype(
        np.float32
    )
    big = soft(step, 1.2) * (1 - resize(np.clip((canvas.detail - 0.6) * 3, 0, 1), h, w) * 0.8)
    flat = flat * (1 - 0.16 * np.clip(big, 0, 1))[..., None]
    contour = resize(np.clip(canvas.line, 0, 1), h, w)
    contour = soft(contour, 0.9)
    wobble = broad_noise(rng, h, w, 40, 3)
    brushed = smoothstep(0.30, 0.46, contour + 0.05 * wobble)
    dry = np.clip(0.92 + 0.10 * broad_noise(rng, h, w, 4, 2), 0, 1)
    ink = mix(palette.dark, palette.cloth2, 0.18) * 0.85
    flat = flat + (ink - flat) * (brushed * dry)[..., None]
    return shrink(np.clip(flat, 0, 1).astype(np.float32), canvas.height, canvas.width)


def wash(canvas: Canvas, palette: Palette, light: Light, rng: Rng) -> Field:
    """Paint in wet washes: bleeding colour, pigment gathered at edges, paper showing through."""
    h, w = canvas.height, canvas.width
    paper = np.array([0.975, 0.962, 0.925], np.float32) * 0.8 + palette.pale * 0.2
    rows, columns = np.mgrid[0:h, 0:w].astype(np.float32)
    loose = np.clip(1.15 - canvas.detail, 0.12, 1)
    bx = noise(rng, h, w, 26, 4) * 2.6 * loose
    by = noise(rng, h, w, 26, 4) * 2.6 * loose
    source = sample(np.clip(canvas.rgb, 0.02, 1), columns + bx, rows + by)
    wet = blur(source, 3.0)
    fine = np.clip((canvas.detail - 0.30) / 0.45, 0.0, 1)[..., None]
    body = wet * (1 - fine) + source * fine
    density = -np.log(np.clip(body / paper, 0.02, 1.0))
    amount = density.mean(axis=2)
    # Washes in layers: tone gathers in steps with soft, irregular borders, darker at their rims.
    wander = noise(rng, h, w, 34, 5) * 0.055 * loose
    stepped = np.zeros_like(amount)
    rim = np.zeros_like(amount)
    tone = swell(amount.astype(np.float32), 1.0) + wander
    for level in (0.10, 0.28, 0.52, 0.85, 1.3):
        here = smoothstep(level - 0.035, level + 0.035, tone)
        stepped += here * level * 0.55
        rim += 4 * here * (1 - here) * min(1.0, level + 0.35)
    ratio = (0.50 * amount + 0.50 * stepped + 0.05) / np.maximum(amount, 0.04)
    density = density * np.clip(ratio, 0.4, 1.7)[..., None]
    density *= (1 + 0.34 * rim)[..., None]
    grain = noise(rng, h, w, 2.6, 2)
    tooth = noise(rng, h, w, 4.5, 2)
    density *= (1 + 0.11 * tooth + 0.05 * grain)[..., None]
    bloom = noise(rng, h, w, 70, 4)
    back = smoothstep(0.85, 1.05, bloom) * loose
    density *= (1 - 0.30 * back + 0.5 * back * (1 - back) * 4 * 0.30)[..., None]
    contour = np.clip(canvas.line - 0.25, 0, 1) * (
        0.35 + 0.65 * smoothstep(-0.8, 0.5, noise(rng, h, w, 24, 3))
    )
    pencil = contour * np.clip(0.75 + 0.3 * grain, 0, 1)
    density += (0.55 * pencil)[..., None]
    # Dry brush leaves sparks of paper; the wash ends before the sheet does.
    spark = smoothstep(1.55, 2.0, tooth + 0.5 * grain) * smoothstep(0.7, 0.2, amount)
    density *= (1 - 0.75 * spark)[..., None]
    inset = np.minimum(np.minimum(columns, w - 1 - columns), np.minimum(rows, h - 1 - rows))
    border = 0.032 * min(h, w) + 3.2 * noise(rng, h, w, 30, 4)
    inside = smoothstep(-1.2, 1.2, inset - border)
    pool = np.exp(-(((inset - border - 2.2) / 1.6) ** 2))
    density *= (inside * (1 + 0.38 * pool))[..., None]
    out = paper * np.exp(-density)
    out *= (1 + 0.016 * tooth)[..., None]
    return np.clip(saturate(np.clip(out, 0, 1), 1.18), 0, 1)


HANDS: dict[str, Hand] = {
    "dots": dots,
    "impasto": impasto,
    "glaze": glaze,
    "woodcut": woodcut,
    "cutpaper": cutpaper,
    "wash": wash,
}
"""From each value of the factor `hand` to the function that paints so."""
