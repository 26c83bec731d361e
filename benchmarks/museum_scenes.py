"""Photographs of paintings on museum walls, rendered by code.

A wall is painted in its own plane: colour, texture or panels, framed paintings, labels, skirting
and floor. A camera looks at it from somewhere (a homography); people, a rope, glare, light, colour
cast, blur, noise and JPEG come after. The corners of each painting, without its frame, are kept.

All sizes are in pixels of the wall, whose painting is 320 pixels on its longer side.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import PIL.Image

Pixels = npt.NDArray[Any]
"""An image, (height, width, 3), float32, RGB, 0 to 255."""

Corners = npt.NDArray[np.float64]
"""(4, 2): x and y of the upper left, upper right, lower right and lower left corner."""

KINDS = ("single", "oblique", "two works", "distant", "detail")

_LONGER = 320  # pixels of the wall
_SIDES = (960, 720)  # pixels of the photograph
_WALLS = (
    (232, 229, 222), (214, 208, 196), (186, 188, 190), (142, 46, 44), (112, 34, 40), (70, 92, 78),
    (98, 116, 104), (64, 82, 112), (140, 152, 168), (58, 56, 58), (206, 188, 150), (170, 132, 108),
)  # fmt: skip
_GOLD = ((196, 154, 74), (168, 128, 60), (212, 178, 104), (150, 116, 66))
_WOOD = ((94, 62, 38), (66, 42, 28), (128, 88, 54), (44, 32, 26))
_THIN = ((28, 28, 30), (238, 236, 230), (170, 172, 174), (120, 92, 60))
_CLOTHES = ((34, 36, 44), (60, 44, 40), (92, 96, 104), (126, 42, 46), (38, 60, 92), (150, 140, 124))


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph and where the paintings are in it.

    Attributes:
        jpeg: The file.
        size: Width and height in pixels.
        paintings: The corners of the painting or paintings that are queried, in pixels; they may
            lie outside the photograph.
    """

    jpeg: bytes
    size: tuple[int, int]
    paintings: tuple[Corners, ...]


def take_photograph(
    kind: str, paintings: Sequence[PIL.Image.Image], random: np.random.Generator
) -> Photograph:
    """Return a photograph of the first painting, or of the first two with "two works".

    Args:
        kind: One of ``KINDS``.
        paintings: Two paintings; the second hangs beside the first, wholly or partly in view, or
            is not there.
        random: Source of all that is drawn at random.
    """
    size = _SIDES if random.random() < 0.6 or kind == "two works" else _SIDES[::-1]
    wall, places = _hang(kind, paintings, random)
    view = _look(kind, places, size, random)
    image = cv2.warpPerspective(
        wall, view, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE
    )
    image, bend = _lens(image, random)
    corners = tuple(bend(_project(view, place)) for place in places)
    queried = corners if kind == "two works" else corners[:1]
    if kind != "detail":
        image = _visitors(image, queried, random)
    image = _camera(_glare(image, corners[0], random), random)
    buffer = io.BytesIO()
    PIL.Image.fromarray(image).save(buffer, "JPEG", quality=int(random.integers(55, 92)))
    return Photograph(buffer.getvalue(), size, queried)


def _hang(
    kind: str, paintings: Sequence[PIL.Image.Image], random: np.random.Generator
) -> tuple[Pixels, list[Corners]]:
    """Return a wall with paintings on it, and their corners."""
    hung = [_framed(painting, random) for painting in paintings]
    first, other = hung[0][0], hung[1][0]
    room = {"distant": 2.6, "oblique": 2.2}.get(kind, 1.4) * _LONGER
    height = max(each[0].shape[0] for each in hung) + int(random.uniform(0.85, 1.1) * room)
    gap = int(random.uniform(0.12, 0.5) * _LONGER)
    beside = kind == "two works" or random.random() < 0.55
    margin = int(room)
    width = first.shape[1] + 2 * margin + (other.shape[1] + gap if beside else 0)
    wall = _wall(width, height, random)
    middle = int(height * random.uniform(0.42, 0.5))
    on_left = random.random() < 0.5
    left = margin + (other.shape[1] + gap if beside and on_left else 0)
    lefts = [left]
    if beside:
        lefts.append(margin if on_left else left + first.shape[1] + gap)
    places = []
    softness, shift = random.uniform(4, 16), random.uniform(3, 14)
    for (piece, inset, flat), x in zip(hung, lefts, strict=False):
        # Paintings hang by their middles or, side by side, a little higher or lower.
        y = max(8, middle - piece.shape[0] // 2 + int(random.normal(0, 6)))
        h, w = piece.shape[:2]
        _drop_shadow(wall, (x, y, w, h), 0.4 if flat else 0.75, shift, softness)
        wall[y : y + h, x : x + w] = piece
        if random.random() < 0.7:
            _label(wall, x + w + 14, y + h - 40, random)
        box = x + inset, y + inset, x + w - inset, y + h - inset
        places.append(_corners_of(box))
    return wall, places


def _corners_of(box: tuple[float, float, float, float]) -> Corners:
    x0, y0, x1, y1 = box
    return np.asarray([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def _wall(width: int, height: int, random: np.random.Generator) -> Pixels:
    """Return a lit wall: plain, of cloth, with panels, or of plaster; with a floor at times."""
    wall = np.empty((height, width, 3), np.float32)
    wall[:] = np.asarray(_WALLS[random.integers(len(_WALLS))], np.float32) * random.uniform(
        0.85, 1.1
    )
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    kind = random.choice(["plain", "cloth", "panels", "plaster"])
    if kind == "cloth":
        period = random.uniform(14, 60)
        pattern = np.sin(xs * 2 * np.pi / period) * np.sin(
            ys * 2 * np.pi / (period * random.uniform(0.8, 2))
        )
        wall += (np.sign(pattern) * np.abs(pattern) ** 0.5 * random.uniform(3, 11))[..., None]
    elif kind == "plaster":
        for scale, strength in ((4, 5), (16, 6), (60, 9)):
            small = random.normal(0, strength, (height // scale + 2, width // scale + 2))
            wall += cv2.resize(
                small.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC
            )[..., None]
    elif kind == "panels":
        side, inset = int(random.uniform(0.9, 2.2) * _LONGER), int(random.uniform(14, 40))
        for x in range(-int(random.integers(side)), width, side):
            for at, shade in ((0, -26), (3, 22), (6, -12)):
                upper_left = x + inset + at, inset + at
                lower_right = x + side - inset - at, height - 3 * inset - at
                cv2.rectangle(wall, upper_left, lower_right, (wall[0, 0] + shade).tolist(), 2)
    wall += random.normal(0, 1.5, (height, width, 1)).astype(np.float32)
    if random.random() < 0.6:
        _floor(wall, random)
    spot = ((xs - width * random.uniform(0.3, 0.7)) / width) ** 2 + (
        (ys - height * 0.35) / height
    ) ** 2
    wall *= (1 - random.uniform(0, 0.9) * np.minimum(spot, 0.6))[..., None]
    return wall


def _floor(wall: Pixels, random: np.random.Generator) -> None:
    """Lay a floor along the lower edge, with a skirting board."""
    height, width = wall.shape[:2]
    top = height - int(random.uniform(0.1, 0.35) * _LONGER)
    wall[top:] = np.asarray(_WOOD[random.integers(2) * 2], np.float32) * random.uniform(0.8, 1.8)
    for x in range(0, width, int(random.integers(30, 90))):
        wall[top:, x : x + 2] *= 0.8
    wall[top - int(random.uniform(8, 34)) : top] *= random.choice([0.6, 1.2])


def _framed(painting: PIL.Image.Image, random: np.random.Generator) -> tuple[Pixels, int, bool]:
    """Return a painting in its frame, the width of the frame, and whether it is flat."""
    scale = _LONGER / max(painting.size)
    size = round(painting.width * scale), round(painting.height * scale)
    inside = np.asarray(painting.resize(size, PIL.Image.Resampling.BICUBIC), np.float32)
    kind = random.choice(["gold", "wood", "thin", "mat", "none"], p=[0.38, 0.2, 0.17, 0.15, 0.1])
    if kind == "none":
        return inside, 0, True
    if kind == "mat":
        paper = int(random.uniform(0.06, 0.16) * _LONGER)
        tone = np.asarray((236, 232, 222), np.float32) * random.uniform(0.85, 1.03)
        inside = _border(inside, paper, lambda depth: np.ones((*depth.shape, 1), np.float32) * tone)
        lower_right = inside.shape[1] - paper + 1, inside.shape[0] - paper + 1
        cv2.rectangle(inside, (paper - 2, paper - 2), lower_right, (tone * 0.8).tolist(), 1)
        moulding = int(random.uniform(6, 22))
        return _moulding(inside, moulding, _THIN, random), paper + moulding, False
    if kind == "thin":
        moulding = int(random.uniform(5, 16))
        return _moulding(inside, moulding, _THIN, random), moulding, False
    moulding = int(random.uniform(0.06, 0.2) * _LONGER)
    colours = _GOLD if kind == "gold" else _WOOD
    return _moulding(inside, moulding, colours, random, ornate=kind == "gold"), moulding, False


def _border(inside: Pixels, width: int, colour: Callable[[Pixels], Pixels]) -> Pixels:
    """Return the image with a border whose colour depends on the depth from its outer edge."""
    height, across = (side + 2 * width for side in inside.shape[:2])
    ys, xs = np.mgrid[:height, :across].astype(np.float32)
    depth = np.minimum(np.minimum(xs, across - 1 - xs), np.minimum(ys, height - 1 - ys))
    whole = np.asarray(colour(depth), np.float32)
    whole[width:-width, width:-width] = inside
    return whole


def _moulding(
    inside: Pixels, width: int, colours: Sequence[tuple[int, int, int]],
    random: np.random.Generator, *, ornate: bool = False,
) -> Pixels:  # fmt: skip
    """Return the image in a moulding with a profile, lit from above."""
    colour = np.asarray(colours[int(random.integers(len(colours)))], np.float32) * random.uniform(
        0.8, 1.15
    )
    knots = np.linspace(0, width, max(3, width // 7))
    profile = random.uniform(0.55, 1.3, len(knots))

    def paint(depth: npt.NDArray[Any]) -> Pixels:
        height, across = depth.shape
        ys, xs = np.mgrid[:height, :across].astype(np.float32)
        shade = np.interp(depth, knots, profile)
        above, below = depth == ys, depth == height - 1 - ys
        shade = shade * np.where(above, 1.12, np.where(below, 0.82, 0.97))
        if ornate:
            period = random.uniform(8, 26)
            along = np.where(above | below, xs, ys)
            relief = np.sin(along * 2 * np.pi / period) * np.sin(depth * np.pi / max(width, 1) * 2)
            shade = (
                shade + random.uniform(0.05, 0.25) * relief + random.normal(0, 0.05, depth.shape)
            )
        return np.asarray(shade[..., None] * colour, np.float32)

    return _border(inside, width, paint)


def _drop_shadow(
    wall: Pixels, box: tuple[int, int, int, int], strength: float, shift: float, softness: float
) -> None:
    """Darken the wall below and beside a frame."""
    x, y, w, h = box
    mask: Pixels = np.zeros(wall.shape[:2], np.float32)
    cv2.rectangle(
        mask,
        (int(x + shift / 2), int(y + shift)),
        (int(x + w + shift / 2), int(y + h + shift)),
        1,
        -1,
    )
    mask = cv2.GaussianBlur(mask, (0, 0), softness)
    wall *= (1 - strength * 0.7 * mask)[..., None]


def _label(wall: Pixels, x: int, y: int, random: np.random.Generator) -> None:
    """Put a label with lines of grey on the wall."""
    w, h = int(random.integers(34, 80)), int(random.integers(24, 50))
    cv2.rectangle(wall, (x, y), (x + w, y + h), (240, 240, 236), -1)
    for line in range(y + 6, y + h - 4, 6):
        cv2.line(
            wall, (x + 5, line), (x + int(w * random.uniform(0.5, 0.9)), line), (110, 110, 110), 2
        )


def _look(
    kind: str, places: Sequence[Corners], size: tuple[int, int], random: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Return the homography from the wall to the photograph."""
    aim = places[0] if kind != "two works" else np.concatenate(places)
    low, high = aim.min(axis=0), aim.max(axis=0)
    share = {"single": (0.25, 0.62), "oblique": (0.18, 0.42), "two works": (0.3, 0.6),
             "distant": (0.1, 0.25), "detail": (1, 1)}[kind]  # fmt: skip
    limit = 0.92
    if kind == "detail":
        # A rectangle of the photograph's shape within the painting.
        extent = high - low
        shape = np.asarray(size) / max(size)
        span = shape * (extent / shape).min() * random.uniform(0.55, 0.85)
        centre = low + span / 2 + random.uniform(0.05, 0.95, 2) * (extent - span)
        scale = float(size[0] / span[0]) * 1.1
    else:
        centre = (low + high) / 2
        scale = float(np.sqrt(random.uniform(*share) * size[0] * size[1] / np.prod(high - low)))
        scale = min(scale, *(limit * np.asarray(size) / (high - low)))
    yaw = {"oblique": random.choice([-1, 1]) * random.uniform(22, 48),
           "detail": random.uniform(-8, 8)}.get(kind, random.uniform(-14, 14))  # fmt: skip
    pitch, roll = random.uniform(-9, 9), random.uniform(-4, 4)
    turned = _rotation(yaw, pitch, roll)
    focal = random.uniform(0.9, 1.6) * max(size)
    distance = focal / scale
    # The wall's plane is z = 0; the camera looks at the centre from ``distance``.
    onto = np.column_stack([turned[:, 0], turned[:, 1], (0, 0, distance)])
    onto[:, 2] -= turned[:, :2] @ centre
    lens = np.asarray([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1]])
    view = lens @ onto
    if kind != "detail":  # not quite in the middle, if there is room
        seen = np.concatenate(
            [_project(view, place) for place in (places if kind == "two works" else places[:1])]
        )
        room_low, room_high = -seen.min(axis=0), np.asarray(size) - seen.max(axis=0)
        shift = [
            random.uniform(*sorted((0.85 * a, 0.85 * b))) if a < b else (a + b) / 2
            for a, b in zip(room_low, room_high, strict=True)
        ]
        if kind == "single" or kind == "two works":
            shift = [0.5 * each for each in shift]
        view = np.asarray([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ view
    return np.asarray(view)


def _lens(
    image: Pixels, random: np.random.Generator
) -> tuple[Pixels, Callable[[Corners], Corners]]:
    """Return the image as a lens bends it, and what gives the new position of points.

    A point at the distance r from the middle, in half diagonals, is seen at r (1 + k r²).
    """
    k = random.uniform(-0.03, 0.02)
    height, width = image.shape[:2]
    middle, radius = np.asarray([width, height]) / 2, np.hypot(width, height) / 2

    def bend(points: Corners, k: float = k) -> Corners:
        offset = (points - middle) / radius
        return np.asarray(middle + radius * offset * (1 + k * (offset**2).sum(-1, keepdims=True)))

    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float64)
    x, y = bend(grid, -k).astype(np.float32).transpose(2, 0, 1)  # the inverse, but for k²
    return cv2.remap(image, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), bend


def _rotation(yaw: float, pitch: float, roll: float) -> npt.NDArray[np.float64]:
    """Return the rotation by three angles in degrees."""
    a, b, c = np.radians([yaw, pitch, roll])
    about_y = np.asarray([[np.cos(a), 0, np.sin(a)], [0, 1, 0], [-np.sin(a), 0, np.cos(a)]])
    about_x = np.asarray([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    about_z = np.asarray([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_x @ about_y)


def _project(view: npt.NDArray[np.float64], points: Corners) -> Corners:
    """Return where points of the wall lie in the photograph."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ view.T
    return np.asarray(homogeneous[:, :2] / homogeneous[:, 2:])


def _visitors(image: Pixels, paintings: Sequence[Corners], random: np.random.Generator) -> Pixels:
    """Put people from behind and a rope before the wall; they cover little of the paintings."""
    height, width = image.shape[:2]
    covered = max(place[:, 1].max() - 0.08 * np.ptp(place[:, 1]) for place in paintings)
    layer = image.copy()
    for _ in range(random.choice([0, 0, 1, 2])):
        x, head = int(random.uniform(0, width)), random.uniform(0.04, 0.08) * height
        free = all(
            not place[:, 0].min() - 2 * head < x < place[:, 0].max() + 2 * head
            for place in paintings
        )
        top = random.uniform(0.3, 0.7) * height if free else max(covered, 0.5 * height)
        clothes = _CLOTHES[random.integers(len(_CLOTHES))]
        cv2.ellipse(
            layer, (x, int(top + head)), (int(head * 0.75), int(head)), 0, 0, 360, (52, 38, 30), -1
        )
        cv2.ellipse(
            layer,
            (x, int(top + 5 * head)),
            (int(head * 1.9), int(head * 3.2)),
            0,
            0,
            360,
            clothes,
            -1,
        )
        cv2.rectangle(
            layer,
            (int(x - 1.9 * head), int(top + 5 * head)),
            (int(x + 1.9 * head), height),
            clothes,
            -1,
        )
    if random.random() < 0.25:
        y = int(max(covered, random.uniform(0.75, 0.9) * height))
        xs = np.linspace(0, width, 60)
        sag = y + 30 * np.abs(np.sin(xs / width * np.pi * 2))
        cv2.polylines(layer, [np.column_stack([xs, sag]).astype(np.int32)], False, (120, 24, 36), 7)
    return cv2.GaussianBlur(layer, (0, 0), 0.8)


def _glare(image: Pixels, painting: Corners, random: np.random.Generator) -> Pixels:
    """Let a lamp or a window shine on the painting, and a shadow fall across the photograph."""
    height, width = image.shape[:2]
    if random.random() < 0.45:
        mask: Pixels = np.zeros((height, width), np.float32)
        centre = painting[0] + random.uniform(0.1, 0.9, 2) * (painting[2] - painting[0])
        size = random.uniform(0.05, 0.22) * np.linalg.norm(painting[2] - painting[0])
        if random.random() < 0.5:
            axes = int(size), int(size * random.uniform(0.3, 1))
            cv2.ellipse(
                mask, centre.astype(int).tolist(), axes, random.uniform(0, 180), 0, 360, 1, -1
            )
        else:
            shape = centre + size * np.asarray([(-1, -0.8), (0.8, -1), (1, 0.9), (-0.9, 1)])
            cv2.fillConvexPoly(mask, shape.astype(np.int32), 1)
        softness = max(1.5, float(size) * random.uniform(0.08, 0.5))
        mask = cv2.GaussianBlur(mask, (0, 0), softness)
        alpha = (mask * random.uniform(0.2, 0.75))[..., None]
        image = image * (1 - alpha) + 250 * alpha
    if random.random() < 0.3:
        ys, xs = np.mgrid[:height, :width]
        angle = random.uniform(0, 2 * np.pi)
        across = (xs - width / 2) * np.cos(angle) + (ys - height / 2) * np.sin(angle)
        edge = 1 / (
            1 + np.exp(-(across - random.uniform(-0.3, 0.3) * width) / random.uniform(4, 80))
        )
        image = image * (1 - random.uniform(0.15, 0.45) * edge[..., None])
    return np.asarray(image, np.float32)


def _camera(image: Pixels, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Return the pixels that a phone would record."""
    height, width = image.shape[:2]
    warmth = random.normal(0, 0.08)
    image = image * np.asarray([1 + warmth, 1 + random.normal(0, 0.02), 1 - warmth], np.float32)
    ys, xs = np.mgrid[:height, :width].astype(np.float32)
    radius = ((xs / width - 0.5) ** 2 + (ys / height - 0.5) ** 2) * 2
    image = image * (1 - random.uniform(0, 0.35) * radius)[..., None] * random.uniform(0.6, 1.2)
    if (blur := random.uniform(0, 1.8)) > 0.3:
        image = cv2.GaussianBlur(image, (0, 0), blur)
    if random.random() < 0.15:
        length = int(random.integers(3, 8))
        streak = np.zeros((length, length), np.float32)
        streak[length // 2] = 1 / length
        image = cv2.filter2D(image, -1, streak if random.random() < 0.5 else streak.T)
    image = image + random.normal(0, random.uniform(1, 7), image.shape)
    return np.clip(image, 0, 255).astype(np.uint8)
