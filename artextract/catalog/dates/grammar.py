"""Read the points of a display date from its tokens."""

from collections.abc import Mapping, Sequence
from typing import Any

from artextract.catalog.dates.points import DASHES, TIGHT, Point, UnreadError, complete, part_of
from artextract.catalog.dates.tokens import Token


def parse_points(tokens: Sequence[Token]) -> list[Point]:
    """Return the points of a date, complete.

    Raises:
        UnreadError: a token has no place in the grammar.
    """
    points = _Parser(tokens).parse()
    complete(points)
    return points


class _Parser:
    """A recursive-descent parser; what it reads, it reads at its position in the tokens."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._points: list[Point] = []
        self._in_period = False

    def parse(self) -> list[Point]:
        if not self._tokens:
            raise UnreadError("it has no year")
        self._skip_opening()
        joint: str | None = ","
        while joint is not None:
            self._read_point(joint)
            joint = self._read_joint()
        return self._points

    # Tokens

    def _peek(self, ahead: int = 0) -> Mapping[str, Any]:
        """Return the senses of a token; of none beyond the end."""
        at = self._at + ahead
        return self._tokens[at].senses if 0 <= at < len(self._tokens) else {}

    def _take(self, sense: str) -> Any:
        """Consume the next token that is no filler if it has ``sense``; return its value."""
        for at in range(self._at, len(self._tokens)):
            senses = self._tokens[at].senses
            if sense in senses:
                self._at = at + 1
                return senses[sense]
            if not senses.keys() & {"filler", "at"}:
                return None
        return None

    def _unread(self) -> UnreadError:
        if self._at < len(self._tokens):
            return UnreadError(f"at {self._tokens[self._at].text!r}")
        return UnreadError(f"at its end, after {self._tokens[-1].text!r}")

    def _is_sign(self) -> bool:
        """Return whether the next token is the minus of a year before our era."""
        if not self._peek().get("joint") == "-" or "number" not in self._peek(1):
            return False
        if self._points and self._points[0].era_from != "sign":
            return False
        before = self._tokens[self._at - 1] if self._at else None
        is_apart = before is None or not before.glued or before.text in "-\u2013/(["
        return is_apart and self._tokens[self._at].glued

    def _skip_hyphen(self, *before: str) -> None:
        """Skip the hyphen in "mid-1640s", but not the one in "mid-late" or "1st half - 1640s".

        With ``before``, only if a token with one of these senses follows.
        """
        following = self._peek(1).keys()
        is_inside = following & set(before) if before else not following & {"part", "joint"}
        is_glued = self._peek(-1) and self._tokens[self._at - 1].glued
        if self._peek().get("joint") == "-" and is_glued and is_inside:
            self._at += 1

    def _is_filler(self, *, is_last: bool = False) -> bool:
        """Return whether the next token is a filler that opens no bound, or the last of a point."""
        senses = self._peek().keys()
        if is_last and senses & {"filler", "at"}:
            return True
        return "filler" in senses and not senses & {"at", "before", "after"}

    def _is_before_sign(self) -> bool:
        """Return whether a comma, bracket or the end follows the next token and fillers."""
        for token in self._tokens[self._at + 1 :]:
            if "filler" not in token.senses:
                return token.senses.get("joint") == ","
        return True

    # What stands between two points

    def _skip_opening(self) -> None:
        """Consume what stands before the first point: "[", "signed and"."""
        while senses := self._peek():
            is_spoken = senses.get("joint") == "and" and self._at > 0
            if not (self._is_filler() or senses.get("joint") == "," or is_spoken):
                break
            self._at += 1

    def _read_joint(self) -> str | None:
        """Consume what stands between two points; return what joins them, None at the end.

        A bound behind a point ("or later") is given to it.
        """
        found: list[str] = []
        while senses := self._peek():
            if "joint" in senses and not (found and self._is_sign()):
                found.append(senses["joint"])
                self._in_period &= self._tokens[self._at].text != ")"
            elif self._read_bound_behind(is_joined="or" in found or "and" in found):
                found = [","]
            elif not self._is_filler(is_last=self._is_before_sign()):
                break
            self._at += 1
        joints = [joint for joint in found if joint != ","]
        last = self._tokens[self._at - 1]
        if self._at == len(self._tokens):
            if joints and (joints[-1] in DASHES or last.text == "/"):
                self._bind(("after", "inclusive"))  # "1885-"
            elif joints:
                raise self._unread()
            return None
        is_spoken = "filler" in last.senses and last.text.isalpha()  # "painted 1888 published 1893"
        is_detail = bool(self._peek().keys() & {"month", "part", "ordinal"})  # "1888 May"
        if self._points and self._points[-1].kind == "ordinal":
            is_detail = False
        if not (found or is_spoken or is_detail):
            raise self._unread()
        return "to" if "to" in joints else joints[0] if joints else ","

    def _read_bound_behind(self, *, is_joined: bool) -> bool:
        """Read a bound that stands behind its date: "1855 or later", "1790 avant"."""
        senses = self._peek()
        if not self._points or not self._is_before_sign():
            return False
        if "later" in senses or "earlier" in senses:
            self._bind(("after" if "later" in senses else "before", "inclusive"))
        elif "after" in senses or "before" in senses:
            side = "after" if "after" in senses else "before"
            self._bind((side, "inclusive" if is_joined else "exclusive"))
        else:
            return False
        return True

    def _bind(self, bound: tuple[str, str]) -> None:
        """Give ``bound`` to the last points that are tightly joined."""
        at = len(self._points) - 1
        while at > 0 and self._points[at].bound is None and self._points[at].joint in TIGHT:
            at -= 1
        if at < 0 or self._points[at].bound is not None:
            raise self._unread()
        self._points[at].bound = bound

    # Points

    def _read_point(self, joint: str) -> None:
        begin = self._at
        point = Point(joint, self._read_bound(), in_period=self._in_period)
        if era := self._take("era"):
            point.era, point.era_from = era, "prefix"
        self._read_part(point)
        if not self._read_base(point):
            if not point.bound and not point.era and self._read_period():
                return
            if point.part is None:
                raise self._unread()
        self._skip_fillers()
        if "era" in self._peek():
            if point.era:
                raise self._unread()
            point.era, point.era_from = self._take("era"), "suffix"
        point.text = " ".join(token.text for token in self._tokens[begin : self._at])
        self._skip_fillers()
        self._points.append(point)

    def _skip_fillers(self) -> None:
        """Skip fillers behind a point that can't join it to the next."""
        while self._peek().keys() & {"filler", "at"} and "joint" not in self._peek():
            self._at += 1

    def _read_bound(self) -> tuple[str, str] | None:
        """Read "before", "not later than", "in or before" and the like."""
        for at in range(self._at, len(self._tokens) - 2):
            senses, joint, other = (token.senses for token in self._tokens[at : at + 3])
            if "at" in senses and joint.get("joint") == "or" and other.keys() & {"before", "after"}:
                self._at = at + 3
                return ("before" if "before" in other else "after"), "inclusive"
            if not senses.keys() & {"filler", "at"}:
                break
        for side in ("after", "before"):
            if how := self._take(side):
                if self._peek().get("joint") == "or" and self._peek(1).keys() & {"at", side}:
                    self._at += 2
                    how = "inclusive"
                self._skip_hyphen()
                return side, how
        return None

    def _read_part(self, point: Point) -> None:
        """Read "early" or "second half"."""
        begin = self._at
        if number := self._take("ordinal") or self._take("roman"):
            self._skip_hyphen()
            if fraction := self._take("fraction"):
                point.part, point.fraction = part_of(number, fraction), fraction
        if point.part is None:
            self._at = begin
            point.part = self._take("part")
        if point.part is not None:
            self._skip_hyphen()
            is_century = self._peek(1).keys() & {"ordinal", "roman", "century before"}
            if self._peek().get("joint") == "," and is_century and "fraction" not in self._peek(2):
                self._at += 1  # "1st half, 17th century"

    def _read_base(self, point: Point) -> bool:
        """Read a year, decade, century or month, or a number that may be one."""
        if year := self._take("year of a day"):
            point.set_years(year)
            point.is_month = True
        elif named := self._take("century name"):
            point.set_century(named, 100)
        elif tens := self._take("tens"):
            number, mark = tens
            if mark[0] not in "([" and (point.era or "era" in self._peek()):
                point.set_years(number, 1, 3)  # "150?" is 1500 to 1509, but "150? BC" a year
                if mark[0] in DASHES:
                    point.bound = point.bound or ("after", "inclusive")
            else:
                point.set_years(number * 10, 10)
                point.is_doubtful = True
        elif hundreds := self._take("hundreds"):
            point.set_years(hundreds[0] * 100, 100)
            point.is_doubtful = True
        else:
            return (
                self._read_month(point) or self._read_decade(point)
                or self._read_century(point) or self._read_year(point)
            )  # fmt: skip
        return True

    def _read_month(self, point: Point) -> bool:
        """Read a month or season with what it has of a day and a year."""
        begin = self._at
        day = self._take("number") or self._take("ordinal") or 0
        if day:
            self._skip_hyphen()
        if day > 31 or not self._take("month"):
            self._at = begin
            return False
        point.kind, point.is_month = "month", True
        if self._peek(1).get("digits", 0) > 2:  # "14-May-1888"
            self._skip_hyphen()
        if not day and self._peek().get("digits", 4) <= 2:
            self._at += 1
        begin = self._at
        if self._peek().get("joint") == ",":
            self._at += 1
        digits, year = self._take_number()
        if digits > 2:
            point.set_years(year)
        else:
            self._at = begin
        return True

    def _read_decade(self, point: Point) -> bool:
        """Read "1860s", "1860er Jahre", "années 1860"; "50s" takes its century from before."""
        begin = self._at
        if decade := self._take("decade number"):
            number, digits = decade
            length = 100 if digits > 2 and number % 100 == 0 else 10
            self._skip_hyphen("decade")
            self._take("decade")
        elif self._take("decade"):
            digits, number = self._take_number()
            length, point.is_decade_by_word = 10, True
            if digits < 3 or number % 10:
                self._at, point.is_decade_by_word = begin, False
                return False
        else:
            return False
        point.set_years(number, length, digits)
        point.kind = "years" if digits > 2 else "decade"
        return True

    def _read_century(self, point: Point) -> bool:
        """Read "19th century", "XIXe s.", "siglo XIX"; an ordinal alone takes its neighbour's."""
        begin = self._at
        length = self._take("century before")
        number = self._take("ordinal") or self._take("roman")
        if number is None:
            number = self._take("number")
            # "19 Jh.", but "16 c. 1880" is none.
            is_century = "century" in self._peek() and "at" not in self._peek()
            if length is None and not is_century:
                number = None
        if not number or number > 99:
            self._at = begin
            return False
        if length is None:
            self._skip_hyphen("century")
            length = self._take("century")
            if length is None:
                point.kind, point.number = "ordinal", number
                return True
        point.set_century(number, length)
        return True

    def _read_year(self, point: Point) -> bool:
        """Read a year, or a number that may be a part of one or of a date."""
        begin = self._at
        while not self._is_sign() and self._peek().keys() & {"filler", "at"}:
            self._at += 1
        if self._is_sign() and not point.era:
            self._at += 1
            point.era, point.era_from = -1, "sign"
        digits, number = self._take_number()
        if not digits:
            self._at = begin
            return False
        point.set_years(number, 1, digits)
        point.kind = "years" if digits > 2 else "number"
        return True

    def _take_number(self) -> tuple[int, int]:
        """Consume a number; return its count of digits (0 if there is none) and the number."""
        number = self._take("number")
        return (0, 0) if number is None else (len(self._tokens[self._at - 1].text), number)

    def _read_period(self) -> bool:
        """Read the name of a period ("Edo period"), whose years may follow in parentheses."""
        for at in range(self._at, min(self._at + 4, len(self._tokens))):
            token = self._tokens[at]
            if "period" in token.senses:
                self._at = at + 1
                self._in_period = at + 1 < len(self._tokens) and self._tokens[at + 1].text == "("
                return True
            if token.senses or not token.text.isalpha():
                break
        return False
