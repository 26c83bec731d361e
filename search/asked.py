"""What is asked of a search, as text: by the options of a command, or by an address.

Both have the same names, so that both are answered alike.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from artextract.catalog.names import closest
from artextract.errors import QueryError
from search.criteria import Criteria

__all__ = ["Asked", "parse_weights"]


Texts = Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The filters and the ways to be alike of ``artextract search``, named as its options are.

    A list means any of its values; None and an empty list ask for nothing.
    """

    artist: Texts = ()
    qualifier: Texts = ()
    nationality: Texts = ()
    school: Texts = ()
    accession: Texts = ()
    years: str | None = None
    within: bool = False
    dated: bool = False
    style: Texts = ()
    genre: Texts = ()
    predicted_style: Texts = ()
    predicted_genre: Texts = ()
    predicted_artist: Texts = ()
    min_confidence: float | None = None
    medium: str | None = None
    where: Texts = ()
    text: str | None = None
    words: str | None = None
    faces: str | None = None
    facing: Texts = ()
    bodies: str | None = None
    light_from: Texts = ()
    key: Texts = ()
    colour: Texts = ()
    by: Texts = ()

    def weights(self) -> dict[str, float]:
        """Return {aspect: weight} of ``by``; "visual" where none is given.

        Raises:
            QueryError: a weight is not a positive number, or an aspect is named twice.
        """
        return parse_weights(self.by)

    def criteria(self) -> Criteria:
        """Return what the works must be like.

        Raises:
            QueryError: something is not understood, or stands without what it belongs to.
        """
        predicted = [
            (attribute, names)
            for attribute, names in (
                ("style", self.predicted_style),
                ("genre", self.predicted_genre),
                ("artist", self.predicted_artist),
            )
            if names
        ]
        if self.within and self.years is None:
            raise QueryError("--within needs --years")
        if self.min_confidence is not None and not predicted:
            raise QueryError("--min-confidence needs --predicted-style, -genre or -artist")
        return Criteria(
            artists=self.artist,
            qualifiers=self.qualifier,
            nationalities=self.nationality,
            schools=self.school,
            accessions=self.accession,
            styles=self.style,
            genres=self.genre,
            years=self.years,
            within=self.within,
            dated=self.dated,
            medium=self.medium,
            where=self.where,
            text=self.text,
            words=self.words,
            predicted=predicted,
            min_confidence=self.min_confidence,
            seen=[
                *_counts("faces", self.faces),
                *_counts("bodies", self.bodies),
                *(
                    (what, values)
                    for what, values in (
                        ("facing", self.facing), ("light", self.light_from), ("key", self.key),
                        ("colour", _colours(self.colour)),
                    )
                    if values
                ),
            ],
        )  # fmt: skip


_MOST = 16
"""No more heads are counted in a picture."""


def parse_weights(texts: Sequence[str]) -> dict[str, float]:
    """Return {aspect: weight} of "composition=2" and "lighting" (1); "visual" where none is given.

    Raises:
        QueryError: a weight is not a positive number, or an aspect is named twice.
    """
    weights: dict[str, float] = {}
    for text in texts or ("visual",):
        aspect, separator, number = text.partition("=")
        try:
            weight = float(number) if separator else 1.0
        except ValueError:
            weight = math.nan
        if not (math.isfinite(weight) and weight > 0):
            raise QueryError(f"--by {text!r} has weight {number!r}; give a number above 0")
        if aspect in weights:
            raise QueryError(f"--by {aspect} is given twice; give one weight")
        weights[aspect] = weight
    return weights


def _counts(what: str, text: str | None) -> list[tuple[str, list[str]]]:
    """Return (what, the counts that are meant) of "2", "1:3", "2:" or ":1"; nothing for None.

    Raises:
        QueryError: it is none of these.
    """
    if text is None:
        return []
    first, separator, last = text.partition(":")
    try:
        low = int(first) if first or not separator else 0
        high = (int(last) if last else _MOST) if separator else low
    except ValueError:
        low, high = 1, 0
    if not 0 <= low <= high:
        raise QueryError(f"--{what} {text!r} is not understood; write 2, 1:3, or 2: for more")
    return [(what, [str(count) for count in range(low, min(high, _MOST) + 1)])]


def _colours(names: Sequence[str]) -> list[str]:
    """Return the names in lower case.

    Raises:
        QueryError: one is not among :data:`artextract.aspects.palette.NAMES`.
    """
    if not names:
        return []
    from artextract.aspects.palette import NAMES

    found = [name.lower().replace("gray", "grey") for name in names]
    for name in found:
        if name not in NAMES:
            near = closest(name, NAMES, 1)
            hint = f"closest: {near[0]}; " if near else ""
            raise QueryError(f"no colour {name!r}; {hint}known: {', '.join(NAMES)}")
    return found
