"""Pages from Jinja templates: one file each, with no script and nothing to load."""

from pathlib import Path
from typing import Any

import PIL.Image

from artextract import __version__
from artextract.catalog.styles import readable
from artextract.files import atomic_write, explain_os_errors
from artextract.images.opening import jpeg_data_uri
from artextract.templates import environment
from search.query import Query


def save_page(path: Path, template: str, **values: Any) -> None:
    """Write a page that needs no other file and no network.

    Raises:
        InputError: the file can't be written.
    """
    pages = environment("search.render")
    pages.filters["readable"] = readable
    page = pages.get_template(template).render(version=__version__, **values)
    with explain_os_errors(f"page {path} can't be written", "choose another file"):
        atomic_write(path, page)


def caption(query: Query) -> dict[str, str]:
    """Return the title of a query image, and by whom and of when it is."""
    artwork = query.artwork
    if artwork is None:
        return {"title": query.label, "by": ""}
    by = ", ".join(part for part in (artwork.maker, artwork.display_date) if part)
    return {"title": artwork.title or query.label, "by": by}


def data_uri(image: PIL.Image.Image) -> str:
    """Return an image as a data URI, in JPEG."""
    return jpeg_data_uri(image, quality=84)
