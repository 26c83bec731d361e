"""From an entry to a flat row that ``artextract ingest catalog`` reads back.

The columns are always the same, whatever is known of the works:

- of an answer alone: ``rank``, ``score``, and ``aspects.NAME`` for each aspect;
- every field of :class:`~artextract.catalog.artwork.Artwork`, ``id`` first;
- ``width``, ``height`` and ``image_sha256`` of the picture that was embedded;
- ``predicted.NAME`` and ``predicted.NAME.probability`` for each attribute that a network told;
- ``point_id``, and the name and checksum of the model: ``model``, ``model_sha256``;
- the catalog's other columns, under their own names and sorted by them. One whose name is taken
  above, or begins with ``aspects.``, ``predicted.`` or ``extra.``, is called ``extra.NAME``.

Thumbnails, and the folder of the pictures on the machine that ingested them, are not published.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from artextract.catalog.artwork import METADATA_FIELDS
from artextract.catalog.reading import EXTRA_PREFIX, PUBLISHED_PREFIXES, RESERVED_COLUMNS
from artextract.catalog.writing.entries import Entry

if TYPE_CHECKING:
    from artextract.store import ModelIdentity

__all__ = ["Column", "Kind", "make_columns", "make_row"]

Kind = Literal["text", "whole", "number", "truth"]

_KINDS: dict[str, Kind] = {
    "year_begin": "whole", "year_end": "whole", "height_cm": "number", "width_cm": "number",
    "open_access": "truth", "width": "whole", "height": "whole", "rank": "whole", "score": "number",
}  # fmt: skip
_PICTURE = ("width", "height", "image_sha256")
_ORIGIN = ("point_id", "model", "model_sha256")
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, the kind of its values, and where they come from.

    ``part`` is "" for what an entry says itself, else "aspects", "predicted" or "extra", whose
    ``key`` it is.
    """

    name: str
    kind: Kind
    part: Literal["", "aspects", "predicted", "extra"]
    key: str


def make_columns(entries: Iterable[Entry], *, ranked: bool) -> list[Column]:
    """Return the columns for ``entries``; ``ranked`` ones are of an answer."""
    aspects: set[str] = set()
    told: set[str] = set()
    extras: dict[str, set[type]] = {}
    for entry in entries:
        aspects.update(entry.aspects)
        told.update(_predicted(entry))
        for name, value in entry.payload.get("extra", {}).items():
            types = extras.setdefault(name, set())
            if value is not None:
                types.add(type(value))
    answer = [
        *_own("rank", "score"),
        *(Column(f"aspects.{name}", "number", "aspects", name) for name in sorted(aspects)),
    ]
    return [
        *(answer if ranked else []),
        *_own(*METADATA_FIELDS, *_PICTURE),
        *(
            Column(f"predicted.{name}", "number" if "." in name else "text", "predicted", name)
            for name in sorted(told)
        ),
        *_own(*_ORIGIN),
        *(
            Column(_extra_name(name), _common_kind(types), "extra", name)
            for name, types in sorted(extras.items())
        ),
    ]


def make_row(entry: Entry, columns: Iterable[Column], model: "ModelIdentity") -> list[Any]:
    """Return the entry's values in the order of ``columns``; None is unknown."""
    payload = entry.payload
    own = {
        **payload,
        "rank": entry.rank,
        "score": _rounded(entry.score),
        "point_id": entry.point_id,
        "model": model.name,
        "model_sha256": model.sha256,
    }
    extra = payload.get("extra", {})
    aspects = {name: _rounded(score) for name, score in entry.aspects.items()}
    parts = {"": own, "extra": extra, "aspects": aspects, "predicted": _predicted(entry)}
    return [parts[column.part].get(column.key) for column in columns]


def _predicted(entry: Entry) -> dict[str, Any]:
    """Return {"style": class, "style.probability": number, ...} of what a network told."""
    found: dict[str, Any] = {}
    for attribute, told in entry.payload.get("predicted", {}).items():
        if attribute != "terms":
            found[attribute] = told["name"]
            found[f"{attribute}.probability"] = told["probability"]
    return found


def _own(*names: str) -> list[Column]:
    return [Column(name, _KINDS.get(name, "text"), "", name) for name in names]


def _extra_name(name: str) -> str:
    taken = name in RESERVED_COLUMNS or name.startswith(PUBLISHED_PREFIXES)
    return f"{EXTRA_PREFIX}{name}" if taken else name


def _common_kind(types: set[type]) -> Kind:
    """Return the kind that holds values of all ``types``; text holds any."""
    if types == {bool}:
        return "truth"
    if types == {int}:
        return "whole"
    return "number" if types and types <= {int, float} else "text"


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, _DIGITS)
