"""Drawings of a detail on its image; those of facts are drawn by the aspects."""

import numpy as np
import PIL.Image
import PIL.ImageDraw

from artextract.aspects.pen import line_width
from search.region import Region

_COLOUR = "#ff5e5b"


def draw_detail(image: PIL.Image.Image, detail: Region) -> PIL.Image.Image:
    """Return the image with a detail framed and the rest darkened."""
    pixels = (np.asarray(image) * 0.45).astype(np.uint8)
    drawn = PIL.Image.fromarray(pixels)
    corner = (round(detail.x * image.width), round(detail.y * image.height))
    crop = detail.cut(image)
    drawn.paste(crop, corner)
    box = (*corner, corner[0] + crop.width - 1, corner[1] + crop.height - 1)
    PIL.ImageDraw.Draw(drawn).rectangle(box, outline=_COLOUR, width=line_width(image))
    return drawn
