"""Photographs of a wall with paintings on it, drawn by Pillow."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

WALL = (900, 640)


def texture(seed: int, size: tuple[int, int] = (240, 180)) -> PIL.Image.Image:
    """Return coloured clouds, without straight edges."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 256, (7, 9, 3), np.uint8)
    return PIL.Image.fromarray(small).resize(size, PIL.Image.Resampling.BICUBIC)


def photograph(
    paintings: Sequence[PIL.Image.Image],
    *,
    colour: str = "rosybrown",
    frame: str = "goldenrod",
    width: int = 16,
    lean: float = 0.0,
) -> tuple[PIL.Image.Image, list[npt.NDArray[np.float64]]]:
    """Return a photograph of paintings side by side, and their corners in fractions of it.

    ``lean``: by how much of the height the right end of the wall is farther away, on each side.
    """
    wall = PIL.Image.new("RGB", WALL, colour)
    draw = PIL.ImageDraw.Draw(wall)
    room = WALL[0] // len(paintings)
    places = []
    for number, painting in enumerate(paintings):
        x = number * room + (room - painting.width) // 2
        y = (WALL[1] - painting.height) // 2 - 10 * number
        box = x, y, x + painting.width, y + painting.height
        if width:
            outer = box[0] - width, box[1] - width, box[2] + width - 1, box[3] + width - 1
            draw.rectangle(outer, fill=frame)
        wall.paste(painting, (x, y))
        corners = [(box[0], box[1]), (box[2], box[1]), (box[2], box[3]), (box[0], box[3])]
        places.append(np.asarray(corners, float))
    (w, h), d = WALL, lean * WALL[1]
    seen = [(0, 0), (w, d), (w, h - d), (0, h)]
    image = wall.transform(
        WALL, PIL.Image.Transform.PERSPECTIVE, _homography(seen, [(0, 0), (w, 0), (w, h), (0, h)]),
        PIL.Image.Resampling.BICUBIC, fillcolor="dimgrey",
    )  # fmt: skip
    there = np.append(_homography([(0, 0), (w, 0), (w, h), (0, h)], seen), 1).reshape(3, 3)
    moved = []
    for place in places:
        homogeneous = np.column_stack([place, np.ones(4)]) @ there.T
        moved.append(homogeneous[:, :2] / homogeneous[:, 2:] / WALL)
    return image, moved


def _homography(
    source: Sequence[Sequence[float]], target: Sequence[Sequence[float]]
) -> list[float]:
    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return [float(each) for each in np.linalg.solve(np.asarray(rows, float), np.asarray(values))]
