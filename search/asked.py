"""What options of `artextract search` say: weights, counts and colours."""

import math
from collections.abc import Sequence

from artextract.errors import QueryError
from artextract.text import closest

__all__ = ["parse_colours", "parse_counts", "parse_weights"]

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


def parse_counts(what: str, text: str | None) -> list[tuple[str, list[str]]]:
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


def parse_colours(names: Sequence[str]) -> list[str]:
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
