"""Entries as one IIIF Presentation 3 manifest, for viewers such as Mirador.

Each image is a canvas, in the order of the entries. If an artwork has several images, a range lists
each artwork with its canvases. Viewers load images from the museum's server: nothing is copied, and
images that are only local files are left out.

Ids are stable URLs. With a ``manifest_id``, where the manifest will be served, canvas ids lie below
it. Otherwise the id is a UUIDv5 of images and model under ``https://artextract.example``, a host
that does not exist (RFC 2606), and a canvas has the same id in every manifest.

The JSON is built here and not with iiif-prezi3, which needs pydantic and requests, holds back
Pillow (``<=12.0.0``), and keeps all canvases in memory.
"""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from artextract import __version__
from artextract.catalog.artwork import Artwork
from artextract.catalog.writing.entries import Entry, Saved
from artextract.catalog.writing.iiif_canvas import (
    ServedImage,
    find_image,
    in_english,
    make_canvas,
    make_label,
    to_pairs,
)
from artextract.errors import InputError
from artextract.models.registry import ModelIdentity

CONTEXT = "http://iiif.io/api/presentation/3/context.json"

_HOST = "https://artextract.example"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{_HOST}/manifest")
_OWN_NAMES = ("/manifest.json", "/manifest", ".json")


def write_manifest(
    path: Path,
    entries: Iterable[Entry],
    model: ModelIdentity,
    *,
    label: str,
    manifest_id: str | None = None,
) -> Saved:
    """Write the manifest of ``entries``, which are iterated over twice, one canvas at a time.

    Raises:
        InputError: viewers can show no image, or ``manifest_id`` can't be a manifest's id.
        OSError: it can't be written.
    """
    if manifest_id is not None:
        check_manifest_id(manifest_id)
    saved, own_id = _survey(entries, model)
    base = _HOST
    if manifest_id is not None:
        base = urlsplit(manifest_id)._replace(query="").geturl()
        base = next((base.removesuffix(n) for n in _OWN_NAMES if base.endswith(n)), base)
    base = base.rstrip("/")
    ranges: dict[str, dict[str, Any]] = {}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = _head(manifest_id or own_id, label, saved, model)
        file.write(_dump(head).removesuffix("}") + ', "items": [\n')
        for number, canvas in enumerate(_canvases(entries, base, ranges)):
            file.write((",\n" if number else "") + _dump(canvas))
        file.write("\n]")
        if saved.images > saved.works:
            works = {
                "id": f"{base}/range/works",
                "type": "Range",
                "label": in_english("Works"),
                "items": list(ranges.values()),
            }
            file.write(', "structures": ' + _dump([works]))
        file.write("}\n")
    return saved


def check_manifest_id(text: str) -> None:
    """Check that ``text`` can be a manifest's id.

    Raises:
        InputError: it is no HTTP(S) URL, or has a fragment or characters that a URI can't hold.
    """
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and "#" not in text
    except ValueError:
        fits = False
    if not fits or not text.isascii() or not text.isprintable() or set(text) & set(' "<>\\^`{|}'):
        raise InputError(
            f"manifest id {text!r} is not usable; give the http or https URL where the manifest "
            "will be served, without #fragment"
        )


def _survey(entries: Iterable[Entry], model: ModelIdentity) -> tuple[Saved, str]:
    """Return the counts of a manifest of ``entries``, and its id if none is given."""
    works: set[str] = set()
    images = 0
    left_out: Counter[str] = Counter()
    digest = hashlib.sha256(model.sha256.encode())
    for entry in entries:
        image = find_image(entry)
        if isinstance(image, str):
            left_out[image] += 1
            continue
        works.add(entry.payload["id"])
        images += 1
        digest.update(entry.point_id.encode())
    if not images:
        ((reason, count), *_) = left_out.most_common(1)
        raise InputError(
            f"a manifest can show none of {left_out.total()} images: of {count}, {reason}; ingest "
            "artworks with image_url or iiif, or write a table (.csv, .jsonl, .parquet)"
        )
    name = uuid.uuid5(_NAMESPACE, digest.hexdigest())
    return Saved("iiif", len(works), images, dict(left_out)), f"{_HOST}/manifest/{name}"


def _head(manifest_id: str, label: str, saved: Saved, model: ModelIdentity) -> dict[str, Any]:
    summary = (
        f"{saved.works:,} works in {saved.images:,} images, compared with model {model.name} "
        f"(SHA-256 {model.sha256})."
    )
    return {
        "@context": CONTEXT,
        "id": manifest_id,
        "type": "Manifest",
        "label": {"none": [label]},
        "summary": in_english(summary),
        "metadata": to_pairs(
            {
                "Works": [str(saved.works)],
                "Images": [str(saved.images)],
                "Model": [model.name],
                "Model SHA-256": [model.sha256],
                "Made by": [f"artextract {__version__}"],
            }
        ),
        "behavior": ["individuals"],
    }


def _canvases(
    entries: Iterable[Entry], base: str, ranges: dict[str, dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """Iterate over the canvases, and add each to its artwork's range in ``ranges``."""
    for entry in entries:
        image = find_image(entry)
        if not isinstance(image, ServedImage):
            continue
        canvas_id = f"{base}/canvas/{entry.point_id}"
        artwork = Artwork.from_payload(entry.payload)
        new = {
            "id": f"{base}/range/{uuid.uuid5(_NAMESPACE, artwork.id)}",
            "type": "Range",
            "label": {"none": [make_label(artwork)]},
            "items": [],
        }
        items = ranges.setdefault(artwork.id, new)["items"]
        items.append({"id": canvas_id, "type": "Canvas"})
        yield make_canvas(entry, image, canvas_id)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
