"""The public address of the web page, and those of the thumbnails that it serves."""

import re
from urllib.parse import quote, unquote, urlsplit

from artextract.catalog.artwork import Artwork
from artextract.errors import InputError

THUMBNAILS = "/thumbnails"
"""Path of the thumbnails below the page's; POINT_ID.jpg follows."""

# What Qdrant's web console shows as an image (src/components/Points/PointImage.jsx of its source):
# the path has to end in one of these, in lower case.
_SHOWN = re.compile(r"(?i:https?)://[^/?#]+/[^?#]*\.(jpg|jpeg|png|webp|gif|svg)([?#].*)?")


def read_page_url(text: str) -> str:
    """Return the page's address without a final slash, its host and path in ASCII.

    Raises:
        InputError: it is not the http or https address of a page.
    """
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna").decode()
        port = f":{parts.port}" if parts.port else ""
    except ValueError:  # UnicodeError of IDNA is one
        host = port = ""
    extras = parts.username or parts.password or parts.query or parts.fragment if host else None
    if not re.fullmatch(r"[\w.:-]+", host) or parts.scheme not in ("http", "https") or extras:
        raise InputError(
            f"`page_url` {text!r} is not the address of a page; write one such as "
            "https://art.museum.example"
        )
    named = f"[{host}]" if ":" in host else host
    path = quote(unquote(parts.path), safe="/:@!$&'()*+,;=~").rstrip("/")
    return f"{parts.scheme}://{named}{port}{path}"


def thumbnail_url(artwork: Artwork, page_url: str) -> str | None:
    """Return the thumbnail's address below ``page_url``, as :func:`read_page_url` returns it.

    None if the artwork has an image at an address that Qdrant's web console shows.
    """
    if any(_SHOWN.fullmatch(each) for each in (artwork.image, artwork.image_url or "")):
        return None
    return f"{page_url}{THUMBNAILS}/{artwork.point_id}.jpg"
