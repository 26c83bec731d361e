"""One image of a work as an IIIF canvas: where a viewer finds the picture, and what it says of it.

https://iiif.io/api/presentation/3.0/#53-canvas
"""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from artextract.catalog.artwork import UNKNOWN, Artwork, split_values
from artextract.catalog.writing.entries import Entry

__all__ = ["CC0", "Picture", "find_picture", "in_english", "make_canvas", "make_label", "to_pairs"]

CC0 = "http://creativecommons.org/publicdomain/zero/1.0/"

_IMAGE_PROFILE = "http://iiif.io/api/image/2/level2.json"
_THUMBNAIL_SIDE = 200
_WIKIDATA_ID = re.compile(r"Q[1-9][0-9]*")

_SHOWN = {
    "title": "Title", "artist": "Artist", "attribution": "Attribution", "display_date": "Date",
    "medium": "Medium", "dimensions": "Dimensions", "classification": "Classification",
    "style": "Style", "genre": "Genre", "school": "School", "nationality": "Nationality",
    "theme": "Theme", "technique": "Technique", "department": "Department",
    "accession": "Accession number", "ulan": "Artist in Getty ULAN", "wikidata": "Wikidata",
    "source": "Source", "view": "View", "id": "Identifier",
}  # fmt: skip
"""Fields that stand in a canvas's metadata, and their labels."""

_SEVERAL = {
    "artist", "style", "genre", "school", "nationality", "theme", "technique", "accession", "ulan",
    "wikidata",
}  # fmt: skip
"""Fields in which several values can stand."""


@dataclass(frozen=True, slots=True)
class Picture:
    """What a viewer fetches: a URL, the IIIF Image API service if there is one, the size."""

    url: str
    service: str | None
    width: int
    height: int


def find_picture(entry: Entry) -> Picture | str:
    """Return the picture of ``entry``, or the reason why no viewer could show it.

    Width and height are those of the picture that was embedded. Where there is a service, viewers
    ask it for the size of the original; the canvas needs only the proportion.
    """
    payload = entry.payload
    iiif = _to_uri(payload.get("iiif"))
    service = iiif.rstrip("/") if iiif else None
    url = _to_uri(payload.get("image_url")) or _to_uri(payload.get("image"))
    if url is None:
        if service is None:
            return "the picture is a local file, which has no URL"
        url = f"{service}/full/max/0/default.jpg"
    width, height = payload.get("width"), payload.get("height")
    if not width or not height:
        return "the size of the picture is not known"
    return Picture(url, service, width, height)


def make_canvas(entry: Entry, picture: Picture, canvas_id: str) -> dict[str, Any]:
    """Return the canvas of one image, with the picture painted on it."""
    artwork = Artwork.from_payload(entry.payload)
    canvas: dict[str, Any] = {
        "id": canvas_id,
        "type": "Canvas",
        "label": _as_written(make_label(artwork, with_view=True)),
        "height": picture.height,
        "width": picture.width,
    }
    if artwork.alt_text is not None:
        canvas["summary"] = _as_written(_not_html(artwork.alt_text))
    canvas["metadata"] = _metadata(artwork, entry)
    if artwork.credit_line is not None:
        (canvas["requiredStatement"],) = to_pairs({"Credit line": [artwork.credit_line]})
    if artwork.open_access is True:
        canvas["rights"] = CC0
    if picture.service is not None:
        canvas["thumbnail"] = [_thumbnail(picture.service)]
    if page := _to_uri(artwork.page_url):
        canvas["homepage"] = [
            {"id": page, "type": "Text", "label": _as_written(make_label(artwork)),
             "format": "text/html"}
        ]  # fmt: skip
    if data := _wikidata(artwork):
        canvas["seeAlso"] = data
    canvas["items"] = [
        {
            "id": f"{canvas_id}/page",
            "type": "AnnotationPage",
            "items": [
                {
                    "id": f"{canvas_id}/image",
                    "type": "Annotation",
                    "motivation": "painting",
                    "body": _body(picture),
                    "target": canvas_id,
                }
            ],
        }
    ]
    return canvas


def make_label(artwork: Artwork, *, with_view: bool = False) -> str:
    """Return "title, artist, date" as far as they are known; the id for a work without title."""
    artist = artwork.attribution or artwork.artist
    parts = [artwork.title or artwork.id, artist, artwork.display_date]
    if with_view and artwork.view == "alternate":
        parts.append("alternate view")
    return ", ".join(part for part in parts if part)


def to_pairs(values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return {label: values} as IIIF has it; the labels are English."""
    return [
        {"label": in_english(label), "value": _as_written(*map(_not_html, texts))}
        for label, texts in values.items()
    ]


def in_english(text: str) -> dict[str, list[str]]:
    """Return a text of ours as IIIF has it."""
    return {"en": [text]}


def _as_written(*texts: str) -> dict[str, list[str]]:
    """Return a catalog's text as IIIF has it; nobody said in which language it is."""
    return {"none": list(texts)}


def _not_html(text: str) -> str:
    """Return a text that viewers take for plain: HTML begins with "<" and ends with ">"."""
    return f"{text} " if text.startswith("<") and text.endswith(">") else text


def _metadata(artwork: Artwork, entry: Entry) -> list[dict[str, Any]]:
    values = {
        label: known for name, label in _SHOWN.items() if (known := _known_values(artwork, name))
    }
    if entry.rank is not None:
        values["Rank"] = [str(entry.rank)]
    if entry.score is not None:
        values["Score (cosine)"] = [f"{entry.score:.6f}"]
    return to_pairs(values)


def _known_values(artwork: Artwork, name: str) -> list[str]:
    value = getattr(artwork, name)
    if value is None:
        return []
    return [v for v in split_values(value) if v != UNKNOWN] if name in _SEVERAL else [value]


def _body(picture: Picture) -> dict[str, Any]:
    body: dict[str, Any] = {"id": picture.url, "type": "Image"}
    kind, _ = mimetypes.guess_type(urlsplit(picture.url).path)
    if kind is not None and kind.startswith("image/"):
        body["format"] = kind
    body["height"], body["width"] = picture.height, picture.width
    if picture.service is not None:
        body["service"] = [_service(picture.service)]
    return body


def _thumbnail(service: str) -> dict[str, Any]:
    return {
        "id": f"{service}/full/!{_THUMBNAIL_SIDE},{_THUMBNAIL_SIDE}/0/default.jpg",
        "type": "Image",
        "format": "image/jpeg",
        "service": [_service(service)],
    }


def _service(service: str) -> dict[str, str]:
    """Return an Image API 2 service, which is named in the way of its own time."""
    return {"@id": service, "@type": "ImageService2", "profile": _IMAGE_PROFILE}


def _wikidata(artwork: Artwork) -> list[dict[str, Any]]:
    ids = split_values(artwork.wikidata) if artwork.wikidata else []
    return [
        {
            "id": f"https://www.wikidata.org/wiki/Special:EntityData/{name}.json",
            "type": "Dataset",
            "label": in_english(f"Wikidata {name}"),
            "format": "application/json",
        }
        for name in ids
        if _WIKIDATA_ID.fullmatch(name)
    ]


def _to_uri(text: str | None) -> str | None:
    """Return an HTTP(S) URL with all that a URI can't hold percent-encoded; None if it is none."""
    if text is None:
        return None
    try:
        parts = urlsplit(text.strip())
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return quote(text.strip(), safe="%/:=&?~#+!$,;'@()*[]") if is_web else None
