"""A region of an image to search with."""

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from artextract.errors import QueryError

if TYPE_CHECKING:
    import PIL.Image

_LEAST_PIXELS = 16


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
        percent = "%" in text
        try:
            x, y, width, height = (
                float(part.strip().rstrip("%")) / (100 if percent else 1)
                for part in text.split(",")
            )
        except ValueError:
            raise QueryError(
                f"`region` {text!r} is not understood; write x,y,w,h as fractions of the image "
                "(0.25,0,0.5,0.4 is the upper middle)"
            ) from None
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
        if min(box[2] - box[0], box[3] - box[1]) < _LEAST_PIXELS:
            raise QueryError(
                f"the region has {box[2] - box[0]} x {box[3] - box[1]} pixels; at least "
                f"{_LEAST_PIXELS} a side are needed: choose a larger one, or a larger image"
            )
        return image.crop(box)

    def cut_file(self, image: "PIL.Image.Image") -> bytes:
        """Return this region of ``image`` as the bytes of a PNG file."""
        buffer = io.BytesIO()
        self.cut(image).save(buffer, "PNG")
        return buffer.getvalue()

    def __str__(self) -> str:
        return ",".join(f"{value:g}" for value in (self.x, self.y, self.width, self.height))
