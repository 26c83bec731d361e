"""A collection or an answer as one IIIF Presentation 3 manifest, for Mirador and its like.

Each image is a canvas, in the order of the entries, so the images of a work stand side by side.
Where a work has several, a range names each work with its canvases. Works are shown from where
their museum serves them: nothing is copied, and a picture that is only a local file is left out.

Ids are URLs, as the specification asks, and stable. ``--id`` is where the manifest will be served,
and its canvases lie below. Without it the manifest's id is a UUIDv5 of its images and model under
``https://artextract.example``, a host that does not exist (RFC 2606): it names, and can't be
fetched. A canvas is then named by its point's id, whichever manifest it is in.

The JSON is built here and not with iiif-prezi3, which needs pydantic and requests, holds back
Pillow (``<=12.0.0``), and keeps all canvases in memory.
"""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit

from artextract import __version__
from artextract.catalog.artwork import Artwork
from artextract.catalog.writing.entries import Entry
from artextract.catalog.writing.iiif_canvas import (
    Picture,
    find_picture,
    in_english,
    make_canvas,
    make_label,
    to_pairs,
)
from artextract.errors import InputError

if TYPE_CHECKING:
    from artextract.store import ModelIdentity

__all__ = ["Shown", "check_manifest_id", "write_manifest"]

CONTEXT = "http://iiif.io/api/presentation/3/context.json"

_HOST = "https://artextract.example"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{_HOST}/manifest")
_OWN_NAMES = ("/manifest.json", "/manifest", ".json")


@dataclass(frozen=True, slots=True)
class Shown:
    """How many works and images a manifest shows, and {reason: images} of those left out."""

    works: int
    images: int
    left_out: Mapping[str, int]


@dataclass(slots=True)
class _Work:
    """What the range of one work needs."""

    label: str
    canvases: list[str]


def write_manifest(
    path: Path,
    entries: Iterable[Entry],
    model: "ModelIdentity",
    *,
    label: str,
    manifest_id: str | None = None,
) -> Shown:
    """Write the manifest of ``entries``, which are iterated over twice, one canvas at a time.

    Raises:
        InputError: no picture can be shown, or ``manifest_id`` can't be a manifest's id.
        OSError: it can't be written.
    """
    if manifest_id is not None:
        check_manifest_id(manifest_id)
    shown, own_id = _survey(entries, model)
    base = _HOST
    if manifest_id is not None:
        base = urlsplit(manifest_id)._replace(query="").geturl()
        base = next((base.removesuffix(n) for n in _OWN_NAMES if base.endswith(n)), base)
    works: dict[str, _Work] = {}
    with path.open("w", encoding="utf-8", newline="\n") as file:
        head = _head(manifest_id or own_id, label, shown, model)
        file.write(_dump(head).removesuffix("}") + ', "items": [\n')
        _write_list(file, _canvases(entries, base.rstrip("/"), works))
        file.write("]")
        if shown.images > shown.works:
            file.write(', "structures": ' + _dump([_ranges(base.rstrip("/"), works)]))
        file.write("}\n")
    return shown


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


def _survey(entries: Iterable[Entry], model: "ModelIdentity") -> tuple[Shown, str]:
    """Return what a manifest of ``entries`` shows, and its id where none was given."""
    works: set[str] = set()
    images = 0
    left_out: Counter[str] = Counter()
    digest = hashlib.sha256(model.sha256.encode())
    for entry in entries:
        picture = find_picture(entry)
        if isinstance(picture, str):
            left_out[picture] += 1
            continue
        works.add(entry.payload["id"])
        images += 1
        digest.update(entry.point_id.encode())
    if not images:
        ((reason, count), *_) = left_out.most_common(1)
        raise InputError(
            f"a manifest can show none of {left_out.total()} images: of {count}, {reason}; ingest "
            "works with image_url or iiif, or write a table (.csv, .jsonl, .parquet)"
        )
    name = uuid.uuid5(_NAMESPACE, digest.hexdigest())
    return Shown(len(works), images, dict(left_out)), f"{_HOST}/manifest/{name}"


def _head(manifest_id: str, label: str, shown: Shown, model: "ModelIdentity") -> dict[str, Any]:
    summary = (
        f"{shown.works:,} works in {shown.images:,} images, compared with model {model.name} "
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
                "Works": [str(shown.works)],
                "Images": [str(shown.images)],
                "Model": [model.name],
                "Model SHA-256": [model.sha256],
                "Made by": [f"artextract {__version__}"],
            }
        ),
        "behavior": ["individuals"],
    }


def _canvases(
    entries: Iterable[Entry], base: str, works: dict[str, _Work]
) -> Iterator[dict[str, Any]]:
    """Iterate over the canvases, and note in ``works`` whose they are."""
    for entry in entries:
        picture = find_picture(entry)
        if not isinstance(picture, Picture):
            continue
        canvas_id = f"{base}/canvas/{entry.point_id}"
        artwork = Artwork.from_payload(entry.payload)
        work = works.setdefault(artwork.id, _Work(make_label(artwork), []))
        work.canvases.append(canvas_id)
        yield make_canvas(entry, picture, canvas_id)


def _ranges(base: str, works: Mapping[str, _Work]) -> dict[str, Any]:
    return {
        "id": f"{base}/range/works",
        "type": "Range",
        "label": in_english("Works"),
        "items": [
            {
                "id": f"{base}/range/{uuid.uuid5(_NAMESPACE, work_id)}",
                "type": "Range",
                "label": {"none": [work.label]},
                "items": [{"id": canvas, "type": "Canvas"} for canvas in work.canvases],
            }
            for work_id, work in works.items()
        ],
    }


def _write_list(file: IO[str], values: Iterable[Any]) -> None:
    for number, value in enumerate(values):
        file.write((",\n" if number else "") + _dump(value))
    file.write("\n")


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
