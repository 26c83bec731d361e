"""Spans of years."""

import re
from dataclasses import dataclass

from artextract.errors import DateError


@dataclass(frozen=True, slots=True)
class YearRange:
    """A span of years, both ends included; an end that is None is open."""

    begin: int | None
    end: int | None

    def __post_init__(self) -> None:
        if self.begin is not None and self.end is not None and self.begin > self.end:
            raise DateError(
                f"years {self.begin}:{self.end} end before they begin; give the earlier one first"
            )

    def overlaps(self, other: "YearRange") -> bool:
        """Return whether a year may be in both ranges."""
        return not (_is_before(self.end, other.begin) or _is_before(other.end, self.begin))


UNKNOWN_YEARS = YearRange(None, None)
"""The range of what may be of any year."""


def _is_before(end: int | None, begin: int | None) -> bool:
    return end is not None and begin is not None and end < begin


def parse_year_filter(text: str) -> YearRange:
    """Return the range of a filter: ``A:B``, ``A:``, ``:B`` or a single year ``A``.

    Raises:
        DateError: the text has another form, has no year, or ends before it begins.
    """
    match = re.fullmatch(r"\s*(-?\d{1,4})?\s*(:)?\s*(-?\d{1,4})?\s*", text)
    if not match or (match[1] is None and match[3] is None) or (match[3] and not match[2]):
        raise DateError(
            f"years {text!r} can't be read; write A:B (1870:1890), A: (from), :B (until) or A"
        )
    begin = int(match[1]) if match[1] else None
    end = int(match[3]) if match[3] else None
    return YearRange(begin, begin if match[2] is None else end)
