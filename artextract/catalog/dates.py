"""Parse display dates of catalogs ("c. 1473/1474") into years for filters.

The conventions are those of the Getty's "Categories for the Description of Works of Art" (CDWA,
Creation Date): a century runs from its year 01 to 00, "early", "mid" and "late" are its thirds, and
an open date has one bound.
"""

import re

from artextract.catalog.years import YearRange
from artextract.errors import DateError

_QUALIFIERS = re.compile(
    r"\b(?:circa|ca|c|about|around|probably|possibly|perhaps|dated|approximately|approx|"
    r"signed|painted|completed|begun|started|finished|reworked|shortly|in|the|of|and|or|from)\b\.?"
    r"|[?\[\]()]"
)
_OPEN = re.compile(
    r"^(?:(?:probably|possibly|perhaps|shortly|c\.|circa)\s+)*"
    r"(?:(?P<from>not before|after|since)|not later than|no later than|by|before|until)\b"
    r"|\bor (?:(?P<later>after|later)|before|earlier)$"
)
_BEFORE_OUR_ERA = re.compile(r"\bb\.?\s?c\.?(?:e\.?)?(?!\w)")
_OUR_ERA = re.compile(r"\b(?:ad|a\.d\.|ce|c\.e\.)(?!\w)")
_DOUBTFUL_YEAR = re.compile(r"(?<=\b\d{4})\s*[(\[]\?[)\]]")
# An uncertain or illegible last digit in NGA's notation: "166[2?]", "165(1)?", "186(?)".
_DOUBTFUL_DIGIT = re.compile(
    r"(?<!\d)(?P<known>\d{3})(?:\(\d?\?\)|\[\d?\?\]|\(\d\)\?|\[\d\]\?)(?!\w)"
)
_MONTHS = re.compile(
    r"\b(?:\d{1,2}\s+)?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|sept|oct|nov|dec)[a-z]*\.?"
    r"(?:\s+\d{1,2},)?|\b(?:spring|summer|autumn|fall|winter)\b"
)
# Part of a century or decade as a fraction of its length: (first, last).
_PARTS = {
    "early": (0, 1 / 3), "mid": (1 / 3, 2 / 3), "late": (2 / 3, 1),
    "beginning": (0, 0.1), "end": (0.9, 1), "turn": (0, 0.1),
    "first half": (0, 1 / 2), "second half": (1 / 2, 1),
    "first quarter": (0, 1 / 4), "second quarter": (1 / 4, 1 / 2),
    "third quarter": (1 / 2, 3 / 4), "fourth quarter": (3 / 4, 1), "last quarter": (3 / 4, 1),
    "first third": (0, 1 / 3), "second third": (1 / 3, 2 / 3),
    "third third": (2 / 3, 1), "last third": (2 / 3, 1),
}  # fmt: skip
_CENTURY = re.compile(
    rf"(?P<part>{'|'.join(_PARTS)})?\s*-?\s*(?:of\s+)?(?:the\s+)?"
    r"(?P<number>\d{1,2})(?:st|nd|rd|th)(?:\s*(?:century|cent\.?|c\.))?"
)
_DECADE = re.compile(r"(?P<part>early|mid|late)?\s*-?\s*(?P<year>\d{3,4})'?s")
_YEAR = re.compile(
    r"(?<!\d)(?P<year>\d{3,4})(?!\d)(?:\s*[/-]\s*(?P<short>\d{1,2})(?!\d))?(?![(\[])"
)


def _part_of(first: int, length: int, part: str | None) -> tuple[int, int]:
    """Return the first and last year of ``part`` of a span of ``length`` years."""
    low, high = _PARTS.get(part or "", (0.0, 1.0))
    begin = first + round(low * length)
    return begin, max(begin, first + round(high * length) - 1)


def _spans(text: str, before_our_era: bool) -> tuple[list[tuple[int, int]], str]:
    """Return the spans in ``text`` as (first, last) years, and the rest of the text."""
    spans: list[tuple[int, int]] = []

    def century(match: re.Match[str]) -> str:
        number = int(match["number"])
        first = -number * 100 if before_our_era else (number - 1) * 100 + 1
        spans.append(_part_of(first, 100, match["part"]))
        return " "

    def decade(match: re.Match[str]) -> str:
        year = int(match["year"])
        spans.append(_part_of(year, 100 if year % 100 == 0 else 10, match["part"]))
        return " "

    def single(match: re.Match[str]) -> str:
        year = int(match["year"])
        last = year
        if match["short"]:  # "1473/74", "1898/02"
            length = 10 ** len(match["short"])
            last = year // length * length + int(match["short"])
            last += length if last < year else 0
        spans.append((-last, -year) if before_our_era else (year, last))
        return " "

    if re.search(r"\d(?:st|nd|rd|th)", text):
        if re.search(r"\bcent|(?:st|nd|rd|th) c\.", text):
            text = _CENTURY.sub(century, text)
            text = re.sub(r"\bcent(?:ury|uries|\.)?", " ", text)
        else:
            text = re.sub(r"\b(\d{1,2})(?:st|nd|rd|th)\b", " ", text)
    text = _DECADE.sub(decade, text)
    text = _YEAR.sub(single, text)
    return spans, text


def parse_display_date(text: str) -> YearRange | None:
    """Return the years of a display date; None if it says that the artwork is undated.

    Examples: "c. 1473/1474", "1860s", "before 1762" (open begin), "18th century" (1701 to 1800),
    "late 1640s", "1876 to 1900", "c. 1520-25", "second half of the 17th century". An uncertain last
    digit ("166[2?]", "165(1)?", "186(?)") means any of ten years (1660 to 1669). Years BC are
    negative.

    Raises:
        DateError: it has words or numbers that are not part of a date.
    """
    lowered = " ".join(re.sub(r"[\u2013\u2014]", "-", text).casefold().split())
    if lowered in {"", "undated", "n.d.", "nd", "unknown", "date unknown", "n/a", "none"}:
        return None
    lowered = _DOUBTFUL_YEAR.sub("", lowered)
    # The later year first, so that a following short year ("166[2?]/75") follows the earlier one.
    lowered = _DOUBTFUL_DIGIT.sub(r"\g<known>9-\g<known>0", lowered)
    opened = _OPEN.search(lowered)
    if opened:
        lowered = lowered[: opened.start()] + lowered[opened.end() :]
    lowered, before_our_era = _BEFORE_OUR_ERA.subn(" ", lowered)
    if not before_our_era:
        lowered = _OUR_ERA.sub(" ", lowered)
    spans, rest = _spans(_MONTHS.sub(" ", lowered), bool(before_our_era))
    rest = _QUALIFIERS.sub(" ", rest)
    rest = re.sub(r"\b(?:to|until|early|mid|late|between|through)\b|[-/,;.:&]", " ", rest)
    if not spans or rest.strip():
        raise DateError(
            f"the date {text!r} is not understood; write a year (1882), a span (1876-1900), "
            "a decade (1860s) or a century (18th century), or fill year_begin and year_end"
        )
    begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
    if opened and (opened["from"] or opened["later"]):
        return YearRange(begin, None)
    if opened:
        return YearRange(None, end)
    return YearRange(begin, end)
