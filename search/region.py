"""A part of an image to search with: a rectangle, or a quadrilateral that is straightened."""

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from artextract.errors import QueryError

if TYPE_CHECKING:
    import PIL.Image

_LEAST_PIXELS = 16
_ENOUGH_PIXELS = 512
"""A quadrilateral with a side of twice as many is straightened in a smaller size."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in an image, as fractions of its width and height: 0 to 1, from the top left."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def parse(cls, text: str) -> "Region":
        """Return the region that "x,y,w,h" says, in fractions, or in percent with a % sign.

        Raises:
            QueryError: it is not four numbers, or reaches beyond the image.
        """
        x, y, width, height = _numbers(text, 4)
        inside = (
            all(map(math.isfinite, (x, y, width, height)))
            and min(x, y) >= 0
            and min(width, height) > 0
            and max(x + width, y + height) <= 1 + 1e-9
        )
        if not inside:
            raise QueryError(
                f"`region` {text!r} is not inside the image; x, y, w and h are fractions of 0 to "
                "1, with x + w and y + h at most 1"
            )
        return cls(x, y, width, height)

    def cut(self, image: "PIL.Image.Image") -> "PIL.Image.Image":
        """Return this region of ``image``.

        Raises:
            QueryError: it would have fewer than 16 pixels a side.
        """
        width, height = image.size
        box = (
            round(self.x * width),
            round(self.y * height),
            round((self.x + self.width) * width),
            round((self.y + self.height) * height),
        )
        _check_size(box[2] - box[0], box[3] - box[1])
        return image.crop(box)

    def __str__(self) -> str:
        return _text((self.x, self.y, self.width, self.height))


@dataclass(frozen=True, slots=True)
class Quadrilateral:
    """A rectangle seen from the side, such as a painting on a wall.

    Attributes:
        corners: x and y of the upper left, upper right, lower right and lower left corner, as
            fractions of the image's width and height; they may lie a little outside the image.
    """

    corners: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, corners: Any) -> Self:
        """Return the quadrilateral with these corners, (4, 2), to four decimals."""
        return cls(tuple((round(float(x), 4), round(float(y), 4)) for x, y in corners))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the quadrilateral of "x1,y1,x2,y2,x3,y3,x4,y4", in fractions or percent.

        Raises:
            QueryError: it is not eight numbers, reaches far beyond the image, is not convex, or its
                corners are in another order.
        """
        numbers = _numbers(text, 8)
        corners = tuple(zip(numbers[::2], numbers[1::2], strict=True))
        sides = [
            (b[0] - a[0], b[1] - a[1])
            for a, b in zip(corners, (*corners[1:], corners[0]), strict=True)
        ]
        turns = [
            a[0] * b[1] - a[1] * b[0] for a, b in zip(sides, (*sides[1:], sides[0]), strict=True)
        ]
        # A comparison with NaN is false.
        near = all(-0.5 <= number <= 1.5 for number in numbers)
        if not (near and min(turns) > 0 and sides[0][0] > 0 and sides[1][1] > 0):
            raise QueryError(
                f"`region` {text!r} is no quadrilateral in the image; give the corners upper left, "
                "upper right, lower right, lower left, as fractions of its width and height"
            )
        return cls(corners)

    def cut(self, image: "PIL.Image.Image") -> "PIL.Image.Image":
        """Return what is in the quadrilateral of ``image``, straightened to a rectangle.

        Raises:
            QueryError: it would have fewer than 16 pixels a side.
        """
        import numpy as np
        import PIL.Image

        corners = np.asarray(self.corners)
        sides = np.linalg.norm((corners - np.roll(corners, -1, axis=0)) * image.size, axis=1)
        image = image.reduce(max(1, int(sides.max() / _ENOUGH_PIXELS)))
        corners = corners * image.size
        longest = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1).max()
        ratio = _find_ratio(corners - np.asarray(image.size) / 2, max(image.size))
        width, height = (max(1, round(longest * min(1.0, each))) for each in (ratio, 1 / ratio))
        _check_size(width, height)
        target = np.asarray([(0, 0), (width, 0), (width, height), (0, height)], float)
        return image.transform(
            (width, height), PIL.Image.Transform.PERSPECTIVE,
            find_homography(target, corners).tolist(), PIL.Image.Resampling.BILINEAR,
        )  # fmt: skip

    def __str__(self) -> str:
        return _text(number for corner in self.corners for number in corner)


Part: TypeAlias = Region | Quadrilateral


def parse_part(text: str) -> Part:
    """Return the rectangle of four numbers or the quadrilateral of eight.

    Raises:
        QueryError: it is neither.
    """
    return Quadrilateral.parse(text) if text.count(",") == 7 else Region.parse(text)


def cut_file(part: Part, image: "PIL.Image.Image") -> bytes:
    """Return a part of ``image`` as the bytes of a PNG file.

    Raises:
        QueryError: it would have fewer than 16 pixels a side.
    """
    buffer = io.BytesIO()
    part.cut(image).save(buffer, "PNG")
    return buffer.getvalue()


def _find_ratio(corners: Any, focal: float) -> float:
    """Return width / height of the rectangle that a camera sees as these corners, (4, 2).

    Zhang and He, "Whiteboard scanning and image enhancement" (2007), equations 11 to 20, with a
    known focal length in pixels. Coordinates count from the middle of the image.
    """
    import numpy as np

    upper_left, upper_right, lower_right, lower_left = (
        np.asarray([x / focal, y / focal, 1.0]) for x, y in corners
    )
    normal = np.cross(upper_left, lower_right)
    to_right = (
        normal @ lower_left / (np.cross(upper_right, lower_right) @ lower_left) * upper_right
        - upper_left
    )
    down = (
        normal @ upper_right / (np.cross(lower_left, lower_right) @ upper_right) * lower_left
        - upper_left
    )
    return float(np.linalg.norm(to_right) / np.linalg.norm(down))


def find_homography(source: Any, target: Any) -> Any:
    """Return the 8 coefficients (a to h) that take four points to four others.

    (x, y) becomes ((a x + b y + c) / (g x + h y + 1), (d x + e y + f) / (g x + h y + 1)).
    """
    import numpy as np

    rows, values = [], []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
        values += [u, v]
    return np.linalg.solve(np.asarray(rows), np.asarray(values))


def _numbers(text: str, count: int) -> list[float]:
    percent = "%" in text
    try:
        numbers = [
            float(part.strip().rstrip("%")) / (100 if percent else 1) for part in text.split(",")
        ]
    except ValueError:
        numbers = []
    if len(numbers) != count:
        raise QueryError(
            f"`region` {text!r} is not understood; write x,y,w,h as fractions of the image "
            "(0.25,0,0.5,0.4 is the upper middle), or x and y of the four corners of a painting"
        )
    return numbers


def _check_size(width: int, height: int) -> None:
    if min(width, height) < _LEAST_PIXELS:
        raise QueryError(
            f"the region has {width} x {height} pixels; at least {_LEAST_PIXELS} a side are "
            "needed: choose a larger one, or a larger image"
        )


def _text(numbers: Any) -> str:
    return ",".join(f"{value:g}" for value in numbers)
