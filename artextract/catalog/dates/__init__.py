"""Parse display dates of catalogs ("c. 1473/1474") into years for filters.

The conventions are those of the Getty's "Categories for the Description of Works of Art" (CDWA,
Creation Date): a century runs from its year 01 to 00, "early", "mid" and "late" are its thirds, and
an open date has one bound.

A text is a list of points in time ("late 15th century", "1874", "84", "May"), each with what joins
it to the one before ("-", "to", "or"). A bound ("before", "from") opens a group of points. A point
that has no year, century or era of its own takes that of a neighbour. Every word of a text must
have a place in this grammar: :mod:`.words` has the vocabulary, :mod:`.tokens` splits a text,
:mod:`.grammar` reads the points, :mod:`.points` turns them into years.
"""

import re
import unicodedata

from artextract.catalog.dates.grammar import parse_points
from artextract.catalog.dates.points import UnreadError, years_of
from artextract.catalog.dates.tokens import tokenize
from artextract.catalog.dates.words import UNDATED
from artextract.catalog.names import fold
from artextract.catalog.years import YearRange
from artextract.errors import DateError

_LONGEST = 300
"""Longest text that is read, in characters."""

_DASHES = re.compile("[\u2013-\u2015]")
_HYPHENS = re.compile("[\u2010-\u2012\u2212\ufe63\uff0d]")


def parse_display_date(text: str) -> YearRange | None:
    """Return the years of a display date; None if it says that the artwork is undated.

    Examples: "c. 1473/1474", "1860s", "before 1762" (until 1761), "18th century" (1701 to 1800),
    "late 1640s", "1876 to 1900", "c. 1520-25", "second half of the 17th century", "1888-03-14",
    "um 1520", "XIXe siècle", and forms of the Extended Date/Time Format (EDTF, ISO 8601-2) such as
    "1984?", "19XX" and "../1900". Years BC are negative, also in EDTF: "-0300" is 300 BC.

    An uncertain last digit ("166[2?]", "186(?)", "186-") means any of ten years. A bound before or
    after an uncertain year excludes what no choice of the year allows.

    Raises:
        DateError: a part of the text is not understood (the error quotes it), or it names a year 0.
    """
    if len(text) > _LONGEST:
        raise _error(f"{text[:40]}...", f"it has more than {_LONGEST} characters")
    folded = fold(_HYPHENS.sub("-", _DASHES.sub("\u2013", text)))
    if not folded or " ".join(re.sub(r"[.'\[\]()]", " ", folded).split()) in UNDATED:
        return None
    if any(unicodedata.category(letter) == "No" for letter in text):
        raise _error(text, "superscript digits or fractions")  # folding makes "1873\u00b9" 18731
    folded = re.sub("^\\? ?[-\u2013/] ?", "until ", folded)  # "?-1890"
    folded = re.sub(r"^(\[?)\.\.+ ?(?=\d)", r"\1until ", folded)  # "[..1890]", "...1890"
    folded = re.sub(r"(?<=\d{4}) ?\.\.+(?=\]?$)", "-", folded)  # "[1885..]", "1885..."
    try:
        return _parse_edtf(folded) or years_of(parse_points(tokenize(folded)))
    except UnreadError as error:
        raise _error(text, str(error)) from None


def parse_year_filter(text: str) -> YearRange:
    """Return the range of a filter: ``A:B``, ``A:``, ``:B``, or a date as catalogs write it.

    Raises:
        DateError: the text has another form, has no year, or ends before it begins.
    """
    match = re.fullmatch(r"\s*(-?\d{1,4})?\s*(:\s*(-?\d{1,4})?)?\s*", text)
    if match and (match[1] or match[3]):
        begin, end = (int(year) if year else None for year in match.group(1, 3))
        return YearRange(begin, end if match[2] else begin)
    try:
        found = parse_display_date(text)
    except DateError:  # its advice is for catalogs
        found = None
    if found is None:
        raise DateError(
            f"years {text!r} can't be read; write A:B (1870:1890), A: (from), :B (until), a year, "
            "or a date as catalogs write it (1600-1699, 17th century, before 1500)"
        )
    return found


def _error(text: str, unread: str) -> DateError:
    return DateError(
        f"the date {text!r} is not understood ({unread}); write a year (1882), a span (1876-1900), "
        "a decade (1860s) or a century (18th century), or fill year_begin and year_end"
    )


# Extended Date/Time Format, where it differs from what cataloguers write.
_EDTF_DATE = (
    r"(-?)(\d{4}|\d{3}x|\d\dxx|\dxxx)[?~%]?"
    r"(?:-(?:0[1-9]|1[0-2]|2[1-9]|3\d|4[01]|xx)(?:-(?:0[1-9]|[12]\d|3[01]|xx))?)?[?~%]?"
)
_EDTF = re.compile(rf"(?:{_EDTF_DATE}|\.\.)?(?:(/)(?:{_EDTF_DATE}|\.\.)?)?")


def _parse_edtf(text: str) -> YearRange | None:
    """Return the years of a date or interval of EDTF (levels 0 and 1); None for other texts.

    "1900-05" is left to the grammar: in a catalog it can also mean 1900 to 1905.
    """
    match = _EDTF.fullmatch(text)
    if not match or re.fullmatch(r"\d{4}\W?-\d\d\W?", text):
        return None
    sign, digits, slash, sign_of_end, digits_of_end = match.groups()
    begin = _edtf_years(sign, digits) if digits else None
    end = _edtf_years(sign_of_end, digits_of_end) if digits_of_end else None
    if begin and not slash:
        return YearRange(*begin)
    if not (begin or end) or (begin and end and begin[0] > end[1]):
        return None
    return YearRange(begin[0] if begin else None, end[1] if end else None)


def _edtf_years(sign: str, digits: str) -> tuple[int, int]:
    first, last = int(digits.replace("x", "0")), int(digits.replace("x", "9"))
    if not last:
        raise UnreadError("there is no year 0")
    return (-last, -max(first, 1)) if sign else (max(first, 1), last)
