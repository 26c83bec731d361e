"""The page of `artextract explain`: two artworks side by side, and what was found in them."""

from collections.abc import Sequence
from pathlib import Path

import PIL.Image

from artextract.aspects import ASPECTS
from search.explain import Details, Reason
from search.query import Query
from search.render.drawing import draw_detail
from search.render.template import caption, data_uri, save_page


def save_explanation(
    path: Path,
    queries: tuple[Query, Query],
    images: tuple[PIL.Image.Image, PIL.Image.Image],
    reasons: Sequence[Reason],
    details: Details | None,
) -> None:
    """Write a page that needs no other file and no network.

    Raises:
        InputError: the file can't be written.
    """
    save_page(
        path,
        "explain.html",
        works=[caption(query) for query in queries],
        images=[data_uri(image) for image in images],
        reasons=[
            {"reason": reason, "drawn": _draw(reason.aspect, queries, images)}
            for reason in reasons
        ],
        details=None if details is None else {
            "score": details.score,
            "drawn": [data_uri(draw_detail(images[0], details.one)),
                      data_uri(draw_detail(images[1], details.other))],
        },
    )  # fmt: skip


def _draw(
    aspect: str, queries: tuple[Query, Query], images: tuple[PIL.Image.Image, PIL.Image.Image]
) -> list[str]:
    """Return a drawing for each of the two artworks; none for an aspect that can't be drawn."""
    if not ASPECTS[aspect].drawing:
        return []
    return [
        data_uri(ASPECTS[aspect].draw(image, query.payload))
        for image, query in zip(images, queries, strict=True)
    ]
