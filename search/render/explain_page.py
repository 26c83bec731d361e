"""The page of `artextract explain`: two artworks side by side, and what was found in them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageDraw

from artextract.aspects import ASPECTS
from artextract.aspects.pen import line_width
from search.explain import Details, Reason
from search.query import Query
from search.region import Region
from search.render.template import caption, data_uri, save_page

_COLOUR = "#ff5e5b"


def save_explanation(
    path: Path,
    queries: tuple[Query, Query],
    images: tuple[PIL.Image.Image, PIL.Image.Image],
    reasons: Sequence[Reason],
    details: Details,
) -> None:
    """Write a page that needs no other file and no network.

    Raises:
        InputError: the file can't be written.
    """

    def draw(aspect: str) -> list[str]:
        """Return what was detected in each image; nothing for an aspect that can't be drawn."""
        return [
            data_uri(ASPECTS[aspect].draw(image, query.payload))
            for image, query in zip(images, queries, strict=True) if ASPECTS[aspect].drawing
        ]  # fmt: skip

    regions = zip(images, (details.one, details.other), strict=True)
    save_page(
        path,
        "explain.html",
        works=[caption(query) for query in queries],
        images=[data_uri(image) for image in images],
        reasons=[{"reason": reason, "drawn": draw(reason.aspect)} for reason in reasons],
        details={
            "score": details.score,
            "drawn": [data_uri(draw_detail(image, region)) for image, region in regions],
        },
    )


def draw_detail(image: PIL.Image.Image, detail: Region) -> PIL.Image.Image:
    """Return the image with a detail framed and the rest darkened."""
    drawn = PIL.Image.fromarray((np.asarray(image) * 0.45).astype(np.uint8))
    left, top = round(detail.x * image.width), round(detail.y * image.height)
    crop = detail.cut(image)
    drawn.paste(crop, (left, top))
    box = (left, top, left + crop.width - 1, top + crop.height - 1)
    PIL.ImageDraw.Draw(drawn).rectangle(box, outline=_COLOUR, width=line_width(image))
    return drawn
