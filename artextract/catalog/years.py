"""Spans of years."""

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
