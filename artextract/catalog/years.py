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
