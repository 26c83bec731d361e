"""One image of an artwork as an IIIF canvas (https://iiif.io/api/presentation/3.0/#53-canvas)."""

import mimetypes
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from artextract.catalog.artwork import UNKNOWN, Artwork, split_values
from artextract.catalog.writing.entries import Entry

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
"""{field in a canvas's metadata: its label}."""

_SEVERAL = {
    "artist", "style", "genre", "school", "nationality", "theme", "technique", "accession", "ulan",
    "wikidata",
}  # fmt: skip
"""Fields that can hold several values."""


@dataclass(frozen=True, slots=True)
class ServedImage:
    """An image that viewers can fetch: its URL, its IIIF Image API service if any, its size."""

    url: str
    service: str | None
    width: int
    height: int


def find_image(entry: Entry) -> ServedImage | str:
    """Return the image of ``entry``, or the reason why no viewer can show it.

    Width and height are those of the encoded image: a canvas needs only the proportion, and viewers
    ask the service for the size of the original.
    """
    payload = entry.payload
    iiif = _to_uri(payload.get("iiif"))
    service = iiif.rstrip("/") if iiif else None
    url = _to_uri(payload.get("image_url")) or _to_uri(payload.get("image"))
    if url is None:
        if service is None:
            return "the image is a local file, which has no URL"
        url = f"{service}/full/max/0/default.jpg"
    width, height = payload.get("width"), payload.get("height")
    if not width or not height:
        return "the size of the image is not known"
    return ServedImage(url, service, width, height)


def make_canvas(entry: Entry, image: ServedImage, canvas_id: str) -> dict[str, Any]:
    """Return the canvas that shows one image."""
    artwork = Artwork.from_payload(entry.payload)
    canvas: dict[str, Any] = {
        "id": canvas_id,
        "type": "Canvas",
        "label": _as_written(make_label(artwork, with_view=True)),
        "height": image.height,
        "width": image.width,
    }
    if artwork.alt_text is not None:
        canvas["summary"] = _as_written(_not_html(artwork.alt_text))
    canvas["metadata"] = _metadata(artwork, entry)
    if artwork.credit_line is not None:
        (canvas["requiredStatement"],) = to_pairs({"Credit line": [artwork.credit_line]})
    if artwork.open_access is True:
        canvas["rights"] = CC0
    if image.service is not None:
        canvas["thumbnail"] = [
            {
                "id": f"{image.service}/full/!{_THUMBNAIL_SIDE},{_THUMBNAIL_SIDE}/0/default.jpg",
                "type": "Image",
                "format": "image/jpeg",
                "service": [_service(image.service)],
            }
        ]
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
                    "body": _body(image),
                    "target": canvas_id,
                }
            ],
        }
    ]
    return canvas


def make_label(artwork: Artwork, *, with_view: bool = False) -> str:
    """Return "title, artist, date" as far as they are known; the id stands for a missing title."""
    parts = [artwork.title or artwork.id, artwork.maker, artwork.display_date]
    if with_view and artwork.view == "alternate":
        parts.append("alternate view")
    return ", ".join(part for part in parts if part)


def to_pairs(values: Mapping[str, Sequence[str]]) -> list[dict[str, Any]]:
    """Return {English label: values} as IIIF label and value pairs."""
    return [
        {"label": in_english(label), "value": _as_written(*map(_not_html, texts))}
        for label, texts in values.items()
    ]


def in_english(text: str) -> dict[str, list[str]]:
    """Return an English text as an IIIF language map."""
    return {"en": [text]}


def _as_written(*texts: str) -> dict[str, list[str]]:
    """Return a catalog's texts, whose language is unknown, as an IIIF language map."""
    return {"none": list(texts)}


def _not_html(text: str) -> str:
    """Return ``text`` so that viewers don't take it for HTML, which is in "<" and ">"."""
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


def _body(image: ServedImage) -> dict[str, Any]:
    body: dict[str, Any] = {"id": image.url, "type": "Image"}
    kind, _ = mimetypes.guess_type(urlsplit(image.url).path)
    if kind is not None and kind.startswith("image/"):
        body["format"] = kind
    body["height"], body["width"] = image.height, image.width
    if image.service is not None:
        body["service"] = [_service(image.service)]
    return body


def _service(service: str) -> dict[str, str]:
    """Return an Image API 2 service, whose keys begin with "@" in Presentation 3 as well."""
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
    """Return an HTTP(S) URL, percent-encoded where a URI must be; None for any other text."""
    if text is None:
        return None
    try:
        parts = urlsplit(text.strip())
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return None
    return quote(text.strip(), safe="%/:=&?~#+!$,;'@()*[]") if is_web else None
