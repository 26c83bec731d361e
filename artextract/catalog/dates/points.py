"""Years, decades and centuries in a display date, and the years of all of them."""

from dataclasses import dataclass
from itertools import pairwise
from math import inf

from artextract.catalog.dates.words import LAST
from artextract.catalog.years import YearRange

DASHES = ("-", "\u2013")
TIGHT = (*DASHES, "or")
"""Joints over which a bound reaches: "after 1655/1660"."""

_FURTHEST_SHORT_YEAR = 50
"""Most years to a shortened second year: "1888-87" is no span of 99 years, but a slip."""


class UnreadError(Exception):
    """A part of a date, which it quotes, is not understood."""


@dataclass(slots=True)
class Point:
    """A year, decade or century, which may need its neighbours to be complete."""

    joint: str
    """What joins it to the point before: "-", an en dash, "or" (also a slash), "to", "and", ","."""
    bound: tuple[str, str] | None = None
    """("before" or "after", "exclusive", "inclusive" or "from")."""
    text: str = ""
    kind: str = "part"
    """"years" if complete; else "number" ("84" in "1874-84"), "ordinal" ("17th" in "17th-18th
    century"), "decade" ("50s"), "month" or "part" ("early" in "early to mid-19th century")."""
    number: int = 0
    """The first year, counted upwards in either era; else the number that is written."""
    digits: int = 0
    length: int = 1
    """Number of years."""
    part: tuple[float, float] | None = None
    fraction: int = 0
    """Number of parts of which ``part`` is one: 2 for "second half"."""
    era: int = 0
    """-1 before our era, 1 if our era is named."""
    era_from: str = ""
    """Where the era stands: "prefix", "suffix" or "sign"."""
    is_century: bool = False
    is_decade_by_word: bool = False
    is_month: bool = False
    """Whether it is less than its year: a month, a day."""
    is_doubtful: bool = False
    """Whether it is one of its years and not all of them: "186(?)"."""
    in_period: bool = False
    """Whether these are the years of a named period: "Edo period (1615-1868)"."""

    def set_years(self, first: int, length: int = 1, digits: int = 4) -> None:
        """Make it the years from ``first``, with ``digits`` in its number as written."""
        self.kind, self.number, self.length, self.digits = "years", first, length, digits

    def set_century(self, number: int, length: int) -> None:
        """Make it a century (``length`` 100) or millennium (1000)."""
        if number < 1:
            raise UnreadError("a century without its number")
        self.set_years((number - 1) * length + 1, length)
        self.is_century = True

    def take_years(self, other: "Point") -> None:
        """Take the year, decade or century of ``other``."""
        self.set_years(other.number, other.length, other.digits)
        self.is_century, self.is_doubtful, self.era = other.is_century, other.is_doubtful, other.era
        self.is_month |= other.is_month

    def span(self) -> tuple[int, int]:
        """Return the first and last year."""
        if self.kind != "years":
            raise UnreadError(f"at {self.text!r}")
        if self.number == 0:
            raise UnreadError("there is no year 0")
        first, last = self.number, self.number + self.length - 1
        if self.era == -1:
            first, last = -last, -first
        if self.length == 1 or self.part is None:
            return first, last
        low, high = self.part
        begin = first + round(low * self.length)
        return begin, max(begin, first + round(high * self.length) - 1)

    def limit(self, side: str) -> int:
        """Return the first year after it, or the last one before it; there is no year 0.

        After one of several years: after the first of them. After May 1888: in 1888.
        """
        first, last = self.span()
        step = 1 if side == "after" else -1
        year = last if (side == "after") != self.is_doubtful else first
        is_within_year = self.is_month or (self.length == 1 and self.part is not None)
        return year if is_within_year else year + step or step


def part_of(number: int, parts: int) -> tuple[float, float]:
    """Return the part that "second half" (2 and 2) is of a whole, as fractions."""
    number = parts if number == LAST else number
    if not 1 <= number <= parts:
        raise UnreadError(f"part {number} of {parts}")
    return (number - 1) / parts, number / parts


# --- Points that need their neighbours ---


def complete(points: list[Point]) -> None:
    """Give each point the year, century and era that it has from its neighbours."""
    for left, right in reversed(list(pairwise(points))):
        if not left.era and right.era_from == "suffix":  # "332-30 BC"
            left.era, left.era_from = right.era, "suffix"
    for left, right in pairwise(points):
        if not right.era and left.era_from == "prefix":  # "AD 100-150"
            right.era, right.era_from = left.era, "prefix"
    around = [None, *points, None]
    for at in reversed(range(len(points))):
        if points[at].kind != "years":
            _complete_from_right(points[at], around[at], around[at + 2])
    for left, right in pairwise(points):
        _complete_from_left(left, right)


def _complete_from_right(point: Point, left: Point | None, right: Point | None) -> None:
    is_day = point.kind == "number" and 1 <= point.number <= 31
    if is_day and left and left.kind == "month":  # "June 3-5, 1890"
        point.kind, point.is_month = "month", True
    if point.kind == "number" and point.era:
        # Before our era years fall, so that a smaller second number is a whole year.
        if not (left and left.era == point.era == 1 and left.digits > point.digits):
            point.kind = "years"
    elif right is None or right.kind != "years":
        return
    elif point.kind == "ordinal":
        if point.number <= right.fraction:  # "1st or 2nd half of the 17th century"
            point.part = part_of(point.number, right.fraction)
            point.take_years(right)
        elif right.is_century:
            point.set_century(point.number, right.length)
        elif right.is_month:  # "14th-16th May 1888"
            point.take_years(right)
    elif point.kind == "month" or (is_day and right.is_month):
        point.take_years(right)
    elif point.kind == "part":
        has_left = left is not None and left.kind == "years" and left.length > 1 and not left.part
        if not (has_left and point.joint == ","):  # "17th century, 2nd half - 18th century"
            point.take_years(right)


def _complete_from_left(left: Point, point: Point) -> None:
    if left.kind != "years":
        raise UnreadError(f"at {left.text!r}")
    is_bc = -1 in (left.era, point.era)
    if point.kind == "years":
        is_short = point.length == left.length == 1 and point.digits < left.digits
        if is_short and point.joint in TIGHT and point.number < left.number and not is_bc:
            point.number = _expand(left, point)  # "1298-302"
    elif point.kind == "ordinal" and left.is_century:  # "siglos XVI y XVII"
        point.set_century(point.number, left.length)
    elif point.kind == "month":
        point.take_years(left)
    elif point.kind == "part" and (left.length > 1 or (left.joint == "," and not left.in_period)):
        point.take_years(left)
        left.part = left.part or point.part
    elif point.kind in ("number", "decade") and point.digits < left.digits and not is_bc:
        first = _expand(left, point)
        # "1888-03" is a month, but "1888-90" and "1900-05" are spans, as is "1899/01".
        may_be_month = point.kind == "number" and point.digits == 2 and 1 <= point.number <= 12
        is_backward = first // 100 > left.number // 100
        if is_backward and point.joint == ",":  # "1888.03"
            raise UnreadError(f"at {point.text!r}")
        if point.joint == "-" and left.length == 1 and may_be_month and is_backward:
            left.is_month = True
            point.take_years(left)
        elif first - left.number > max(_FURTHEST_SHORT_YEAR, left.length):  # "1888-87"
            raise UnreadError(f"at {point.text!r}")
        else:
            point.set_years(first, point.length)
    is_plain = point.kind == "years" and point.length == left.length == 1
    is_range = point.joint in {"to", *DASHES} and not (left.bound or point.bound)
    if is_plain and is_range and not (left.era or point.era) and point.number < left.number:
        raise UnreadError("its years run backwards")  # "300-200" may lack its BC
    is_year = point.kind == "years" and point.length == 1 and point.number % 10 == 0
    if left.is_decade_by_word and point.joint in TIGHT and is_year:  # "anni 1860-70"
        point.set_years(point.number, 10)


def _expand(left: Point, point: Point) -> int:
    """Return the year that the short number of ``point`` means after ``left``."""
    scale: int = 10**point.digits
    year = left.number // scale * scale + point.number
    return year if year >= left.number else year + scale


# --- Years ---

_Span = tuple[float, float]
"""First and last year; infinite where it is open."""


def years_of(points: list[Point]) -> YearRange:
    """Return the years of points that are complete.

    The years of a named period only frame those of the artwork.

    Raises:
        UnreadError: there are none, or the points exclude each other.
    """
    own = [point for point in points if not point.in_period]
    period = [point for point in points if point.in_period]
    if not points:
        raise UnreadError("it has no year")
    begin, end = _years(own or period)
    if own and period:
        first, last = _years(period)
        if begin > last or first > end:
            raise UnreadError("the years are not those of the period")
    return YearRange(None if begin == -inf else int(begin), None if end == inf else int(end))


def _years(points: list[Point]) -> _Span:
    """Return the years of all points.

    These are all years from the first to the last, except where a bound limits what stands beside
    it: "after 1650 and before 1660", "18th century, before 1720".
    """
    groups: list[list[Point]] = []
    for point in points:
        is_tight = point.joint in TIGHT and point.bound is None
        # "from 1650 - 1660" is not "from 1650 or 1660".
        if is_tight and groups and not (_bound(groups[-1])[1] == "from" and point.joint in DASHES):
            groups[-1].append(point)
        else:
            groups.append([point])
    begin, end = _years_of_group(groups[0])
    for group in groups[1:]:
        (first, last), joint = _years_of_group(group), group[0].joint
        is_range = joint == "to" or joint in DASHES
        are_opposite = {begin, last} == {-inf, inf} or {end, first} == {-inf, inf}
        is_one_open = {begin, end, first, last} & {-inf, inf} and not are_opposite
        overlap = max(begin, first), min(end, last)
        if is_range and (end == inf or first == -inf):
            end = last
        elif (are_opposite and joint != "or") or (
            is_one_open and joint == "," and overlap[0] <= overlap[1]
        ):
            begin, end = overlap
        else:
            begin, end = _join((begin, end), (first, last), joint)
    if begin > end or (begin, end) == (-inf, inf):
        raise UnreadError("no year fits all of it")
    return begin, end


def _join(one: _Span, other: _Span, joint: str) -> _Span:
    """Return the years from the first of ``one`` to the last of ``other``, or of both."""
    if (joint == "to" or joint in DASHES) and one[0] <= other[0] and one[0] <= other[1]:
        return one[0], other[1]
    return min(one[0], other[0]), max(one[1], other[1])


def _bound(group: list[Point]) -> tuple[str, str]:
    return group[0].bound or ("", "")


def _years_of_group(group: list[Point]) -> _Span:
    """Return the years of points under one bound."""
    years: _Span = group[0].span()
    for point in group[1:]:
        years = _join(years, point.span(), point.joint)
    begin, end = years
    side, how = _bound(group)
    if not side:
        return begin, end
    if how != "exclusive":
        return (begin, inf) if side == "after" else (-inf, end)
    # After one of several years: after the first. After a period: after its end.
    is_choice = all(point.joint == "or" for point in group[1:])
    limits = [point.limit(side) for point in group]
    if side == "after":
        return (min if is_choice else max)(limits), inf
    return -inf, (max if is_choice else min)(limits)
