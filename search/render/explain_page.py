"""The page of `artextract explain`: two works side by side, and what was found in them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
import PIL.Image

from artextract import __version__
from artextract.errors import InputError
from artextract.files import atomic_write
from artextract.images.opening import jpeg_data_uri
from search.explain import Parts, Reason
from search.query import Query
from search.render.drawing import DRAWN, draw, draw_part

__all__ = ["save_explanation"]


def save_explanation(
    path: Path,
    queries: tuple[Query, Query],
    pictures: tuple[PIL.Image.Image, PIL.Image.Image],
    reasons: Sequence[Reason],
    parts: Parts | None,
) -> None:
    """Write a page that needs no other file and no network.

    Raises:
        InputError: the file can't be written.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("search.render"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = environment.get_template("explain.html").render(
        works=[_work(query) for query in queries],
        pictures=[_uri(picture) for picture in pictures],
        reasons=[
            {"reason": reason, "drawn": _drawn(reason.aspect, queries, pictures)}
            for reason in reasons
        ],
        parts=None if parts is None else {
            "score": parts.score,
            "drawn": [_uri(draw_part(pictures[0], parts.one)),
                      _uri(draw_part(pictures[1], parts.other))],
        },
        version=__version__,
    )  # fmt: skip
    try:
        atomic_write(path, page)
    except OSError as error:
        raise InputError(f"--page {path} can't be written: {error.strerror}") from error


def _work(query: Query) -> dict[str, Any]:
    work = query.artwork
    if work is None:
        return {"title": query.label, "by": ""}
    by = ", ".join(part for part in (work.maker, work.display_date) if part)
    return {"title": work.title or query.label, "by": by}


def _drawn(
    aspect: str, queries: tuple[Query, Query], pictures: tuple[PIL.Image.Image, PIL.Image.Image]
) -> list[str]:
    """Return a picture for each of the two works; none for an aspect that can't be drawn."""
    if aspect not in DRAWN:
        return []
    return [
        _uri(draw(aspect, picture, query.payload))
        for picture, query in zip(pictures, queries, strict=True)
    ]


def _uri(picture: PIL.Image.Image) -> str:
    return jpeg_data_uri(picture, quality=84)
