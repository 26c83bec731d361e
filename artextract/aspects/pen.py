"""Drawing on a copy of an image, with positions as fractions of its width and height."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import PIL.Image

Point = tuple[float, float]


class Pen:
    """Draws in one colour; ``image`` is the copy. Lines get wider with the image."""

    def __init__(self, image: "PIL.Image.Image", colour: str) -> None:
        """Copy ``image``."""
        from PIL import ImageDraw

        self.image = image.copy()
        self._draw = ImageDraw.Draw(self.image)
        self._colour = colour
        self._width = line_width(image)

    def box(self, left: float, top: float, width: float, height: float) -> None:
        """Draw a rectangle."""
        corners = (*self._pixel((left, top)), *self._pixel((left + width, top + height)))
        self._draw.rectangle(corners, outline=self._colour, width=self._width)

    def line(self, start: Point, end: Point) -> None:
        """Draw a line."""
        ends = (*self._pixel(start), *self._pixel(end))
        self._draw.line(ends, fill=self._colour, width=self._width + 1)

    def dot(self, centre: Point, size: float) -> None:
        """Draw a disc whose radius is ``size`` times the width of a line."""
        x, y = self._pixel(centre)
        radius = size * self._width
        self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=self._colour)

    def _pixel(self, point: Point) -> Point:
        return point[0] * self.image.width, point[1] * self.image.height


def line_width(image: "PIL.Image.Image") -> int:
    """Return the width of a line that is seen well in an image, in pixels."""
    return max(2, max(image.size) // 180)
