"""Parse attributions of catalogs into artists and their relation to an artwork.

"Follower of Rembrandt van Rijn" names an artist who did not paint the artwork, "Rembrandt van Rijn
and Workshop" one who did so in part. The qualifiers are those of the Getty's "Categories for the
Description of Works of Art" (CDWA, 4.1.6 Creator, Qualifier), in the wording of museums.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from artextract.catalog.names import fold


class Qualifier(StrEnum):
    """The relation of an artwork to an artist."""

    BY = "by"
    WITH_WORKSHOP = "with workshop"
    ATTRIBUTED = "attributed"
    POSSIBLY = "possibly"
    FORMERLY = "formerly"
    WORKSHOP = "workshop"
    STUDIO = "studio"
    ASSISTANT = "assistant"
    PUPIL = "pupil"
    SCHOOL = "school"
    CIRCLE = "circle"
    FOLLOWER = "follower"
    STYLE = "style"
    MANNER = "manner"
    IMITATOR = "imitator"
    AFTER = "after"
    ANONYMOUS = "anonymous"
    """The artist's name is unknown; the text names a school, as "American 19th Century"."""


NEAR = frozenset(Qualifier) - {
    Qualifier.BY, Qualifier.WITH_WORKSHOP, Qualifier.ATTRIBUTED, Qualifier.POSSIBLY,
    Qualifier.FORMERLY, Qualifier.ANONYMOUS,
}  # fmt: skip
"""Qualifiers of artworks related to an artist but made by another person."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """An artist and the relation of an artwork to the artist."""

    artist: str
    qualifier: Qualifier


_PHRASES = (
    (r"formerly (?:attributed to|given to|by)", Qualifier.FORMERLY),
    (r"(?:attributed|ascribed) to|attribution", Qualifier.ATTRIBUTED),
    (r"workshop|atelier", Qualifier.WORKSHOP),
    (r"studio", Qualifier.STUDIO),
    (r"assistants?|associates?", Qualifier.ASSISTANT),
    (r"pupils?|students?", Qualifier.PUPIL),
    (r"school", Qualifier.SCHOOL),
    (r"circle", Qualifier.CIRCLE),
    (r"followers?", Qualifier.FOLLOWER),
    (r"style", Qualifier.STYLE),
    (r"manner", Qualifier.MANNER),
    (r"imitators?|forger", Qualifier.IMITATOR),
    (r"after|cop(?:y|ies) (?:after|of)|copyists?", Qualifier.AFTER),
    (r"possibly|probably|perhaps|presumably", Qualifier.POSSIBLY),
)

_NEAR_WORDS = f"(?:{'|'.join(p for p, q in _PHRASES if q in NEAR - {Qualifier.AFTER})})"
# "Follower of X", "Workshop or Follower of X", "in the manner of X", "after X".
_LEADING = re.compile(
    rf"^(?:chiefly |mainly |partly )?(?P<phrase>formerly (?:attributed to|given to|by)|"
    rf"(?:attributed|ascribed) to|(?:in (?:the )?)?(?P<near>{_NEAR_WORDS})"
    rf"(?: (?:or|and) {_NEAR_WORDS})? (?:of|to)|(?:cop(?:y|ies) (?:after|of)|copyist of|after))"
    r" (?:the )?(?=\S)",
    re.IGNORECASE,
)
_DOUBT = re.compile(r"^(?:and )?(?:possibly|probably|perhaps|presumably) (?:by )?", re.IGNORECASE)
# "Thomas Sully, after Gilbert Stuart", "Frans Huys after Pieter Bruegel"; not "Copy after Raphael".
_BREAK = re.compile(
    r",? (?<!copy )(?<!copies )(?<!possibly )(?<!probably )(?<!perhaps )(?<!presumably )"
    r"(?<!and )(?<!or )(?=after )",
    re.IGNORECASE,
)
_TRAILING = re.compile(
    rf"(?: (?P<joined>and|or|&)(?: his| her)?)? (?P<near>{_NEAR_WORDS})$", re.IGNORECASE
)
# A place or a school with a century stands for an unknown painter.
_ANONYMOUS = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th) century\b|^(?:anonymous|unknown|unidentified)\b", re.IGNORECASE
)
_PARENTHESIS = re.compile(r"\s*\(([^()]*)\)")
_COMPLETED = re.compile(r",? (?:completed|finished|retouched|restored) by .*$", re.IGNORECASE)


def find_qualifier(phrase: str) -> Qualifier | None:
    """Return the qualifier that a phrase ("follower of") contains; None if it contains none."""
    for pattern, qualifier in _PHRASES:
        if re.search(rf"\b(?:{pattern})\b", phrase, re.IGNORECASE):
            if qualifier is not Qualifier.AFTER and re.match(r"\s*and\b", phrase, re.IGNORECASE):
                return Qualifier.WITH_WORKSHOP
            return qualifier
    return None


def parse_attribution(
    text: str, is_artist: Callable[[str], bool] = lambda name: False
) -> list[Attribution]:
    """Return the artists in an attribution, each with the relation of the artwork to the artist.

    "Rembrandt Workshop (Probably Constantijn van Renesse)" gives Rembrandt (workshop) and
    Constantijn van Renesse (possibly); "Thomas Sully, after Gilbert Stuart" gives Thomas Sully (by)
    and Gilbert Stuart (after). Names are as written; an empty text gives none.

    Args:
        text: The attribution.
        is_artist: Whether a name is that of one artist, so that "Currier and Ives" is not split.
    """
    found: list[Attribution] = []
    rest = " ".join(text.split())

    def aside(match: re.Match[str]) -> str:
        """Move a name in parentheses to ``asides``; leave other text with the name before it."""
        inner = match[1]
        doubted = _DOUBT.match(inner)
        if doubted and not re.match(r"from\b", inner[doubted.end() :]):
            asides.append(inner[doubted.end() :])
        elif inner.endswith("?") and not re.search(r"\d", inner):
            asides.append(inner.rstrip("? "))
        elif not doubted:
            return match[0]
        return ""

    asides: list[str] = []
    rest = _PARENTHESIS.sub(aside, rest)
    rest = _COMPLETED.sub("", rest)
    for piece in rest.split("; "):
        for part in [piece] if is_artist(piece) else _BREAK.split(piece):
            found += _parse_part(part, is_artist, Qualifier.BY)
    for part in asides:
        found += _parse_part(part, is_artist, Qualifier.POSSIBLY)
    return found


def _parse_part(
    part: str, is_artist: Callable[[str], bool], qualifier: Qualifier
) -> list[Attribution]:
    """Return the attributions in a part; ``qualifier`` applies to all its names."""
    part = part.strip(" ,;")
    if doubted := _DOUBT.match(part):
        part = part[doubted.end() :].strip(" ,;")
        qualifier = Qualifier.POSSIBLY if qualifier is Qualifier.BY else qualifier
    if not fold(part):
        return []
    if (leading := _LEADING.match(part)) and not is_artist(part):
        own = find_qualifier(leading["near"] or leading["phrase"])
        if own and qualifier is not Qualifier.FORMERLY:
            qualifier = own
        return _parse_part(part[leading.end() :], is_artist, qualifier)
    if _ANONYMOUS.search(part):
        return [Attribution(part, Qualifier.ANONYMOUS)]
    if is_artist(part):
        return [Attribution(part, qualifier)]
    if trailing := _TRAILING.search(part):
        joined = (trailing["joined"] or "").lower()
        if joined == "or":
            qualifier = Qualifier.POSSIBLY
        elif not joined:
            qualifier = find_qualifier(trailing["near"]) or qualifier
        elif qualifier in {Qualifier.BY, Qualifier.POSSIBLY}:
            qualifier = Qualifier.WITH_WORKSHOP
        return _parse_part(part[: trailing.start()], is_artist, qualifier)
    first, *others = re.split(r" and | & ", part, maxsplit=1)
    if not others:
        return [Attribution(part, qualifier)]
    return [
        *_parse_part(first, is_artist, qualifier),
        *_parse_part(others[0], is_artist, qualifier),
    ]
