import csv
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.catalog.dates import parse_display_date
from artextract.catalog.years import YearRange, parse_year_filter
from artextract.errors import ArtExtractError, DateError, InputError

Years = tuple[int | None, int | None]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("1882", (1882, 1882)),
        ("  1882 ", (1882, 1882)),
        ("c. 1882", (1882, 1882)),
        ("c.1882", (1882, 1882)),
        ("ca. 1882", (1882, 1882)),
        ("circa 1882", (1882, 1882)),
        ("about 1882", (1882, 1882)),
        ("1882?", (1882, 1882)),
        ("[1882]", (1882, 1882)),
        ("(1882)", (1882, 1882)),
        ("possibly 1882", (1882, 1882)),
        ("dated 1882", (1882, 1882)),
        ("signed and dated 1882", (1882, 1882)),
        ("950", (950, 950)),
        ("1650 AD", (1650, 1650)),
        # Days, months, seasons
        ("14 May 1888", (1888, 1888)),
        ("May 14, 1888", (1888, 1888)),
        ("May 1888", (1888, 1888)),
        ("Sept. 1888", (1888, 1888)),
        ("summer 1870", (1870, 1870)),
        # Spans
        ("c. 1473/1474", (1473, 1474)),
        ("1876 to 1900", (1876, 1900)),
        ("1876-1900", (1876, 1900)),
        ("1876 \u2013 1900", (1876, 1900)),
        ("1876\u20141900", (1876, 1900)),
        ("c. 1520-25", (1520, 1525)),
        ("1871/72", (1871, 1872)),
        ("1871/2", (1871, 1872)),
        ("c. 1900\u201305", (1900, 1905)),
        ("1871 or 1872", (1871, 1872)),
        ("between 1650 and 1660", (1650, 1660)),
        ("from 1650 to 1660", (1650, 1660)),
        ("1888, reworked 1890", (1888, 1890)),
        ("begun 1638, completed 1641", (1638, 1641)),
        ("1490, 1493, and 1497", (1490, 1497)),
        # Decades
        ("1860s", (1860, 1869)),
        ("1860's", (1860, 1869)),
        ("early 1640s", (1640, 1642)),
        ("mid-1640s", (1643, 1646)),
        ("late 1640s", (1647, 1649)),
        ("1640s or 1650s", (1640, 1659)),
        ("1780\u20131790s", (1780, 1799)),
        ("c. 1655/1660s", (1655, 1669)),
        ("1500s", (1500, 1599)),
        # Centuries
        ("18th century", (1701, 1800)),
        ("the 18th century", (1701, 1800)),
        ("18th cent.", (1701, 1800)),
        ("1st century", (1, 100)),
        ("17th-18th century", (1601, 1800)),
        ("17th or 18th century", (1601, 1800)),
        ("17th century to 18th century", (1601, 1800)),
        ("first half of the 17th century", (1601, 1650)),
        ("second half of the 17th century", (1651, 1700)),
        ("first quarter of the 15th century", (1401, 1425)),
        ("third quarter of the 15th century", (1451, 1475)),
        ("last quarter of the 15th century", (1476, 1500)),
        ("early 17th century", (1601, 1633)),
        ("mid-17th century", (1634, 1667)),
        ("late 17th century", (1668, 1700)),
        ("late 15th or early 16th century", (1468, 1533)),
        # Open at one end
        ("before 1762", (None, 1762)),
        ("by 1762", (None, 1762)),
        ("not later than 1762", (None, 1762)),
        ("probably before 1570", (None, 1570)),
        ("before May 1888", (None, 1888)),
        ("after 1650", (1650, None)),
        ("c. after 1650", (1650, None)),
        ("not before 1500", (1500, None)),
        ("shortly after 1500", (1500, None)),
        ("1855 or later", (1855, None)),
        ("1855 or after", (1855, None)),
        # The last digit in doubt, or not to be read
        ("166[2?]", (1660, 1669)),
        ("166[2]?", (1660, 1669)),
        ("186(?)", (1860, 1869)),
        ("186[?]", (1860, 1869)),
        ("165(1)?", (1650, 1659)),
        ("165(1?)", (1650, 1659)),
        ("c. 165(1)?", (1650, 1659)),
        ("170[0?]", (1700, 1709)),
        ("199[9?]", (1990, 1999)),
        ("before 166[2?]", (None, 1669)),
        ("after 186(?)", (1860, None)),
        ("166[2?]-1675", (1660, 1675)),
        ("1655/166[2?]", (1655, 1669)),
        ("166[2?]/75", (1660, 1675)),
        ("1840 or 184[3?]", (1840, 1849)),
        ("186(?) or 187(?)", (1860, 1879)),
        ("1888(?)-1900", (1888, 1900)),
        ("1662[?]", (1662, 1662)),
        ("166[2?] B.C.", (-1669, -1660)),
        # Before our era
        ("3rd century BC", (-300, -201)),
        ("2nd century B.C.", (-200, -101)),
        ("late 2nd century B.C.E.", (-133, -101)),
        ("first half of the 1st century BC", (-100, -51)),
    ],
)
def test_dates_as_cataloguers_write_them(text: str, years: Years) -> None:
    assert parse_display_date(text) == YearRange(*years)
    assert parse_display_date(text.upper()) == YearRange(*years)


def test_bc_holds_for_both_ends_of_a_span_of_centuries() -> None:
    # A span that would run from 400 BC to AD 500 is worse than none.
    assert _read("5th-4th century BC") in {(-500, -301), "refused"}


@pytest.mark.parametrize("text", ["1898/02", "1899-05"])
def test_short_second_year_never_leads_backwards(text: str) -> None:
    # "1898/02" may be a turn of the century or a month; it can't be 1802.
    first = int(text[:4])
    second = 1900 + int(text[-2:])
    assert _read(text) in {(first, second), (first, first), "refused"}


def _read(text: str) -> Years | str:
    try:
        years = parse_display_date(text)
    except DateError:
        return "refused"
    assert years is not None
    return years.begin, years.end


@pytest.mark.parametrize(
    "text", ["", "  ", "undated", "Undated", "n.d.", "unknown", "date unknown"]
)
def test_undated(text: str) -> None:
    assert parse_display_date(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "165(1)",
        "166(22)?",
        "166[2?)",
        "166(2?]",
        "1666[2?]",
        "166[2?]s",
        "16[62?]",
        "95[3?]",
        "16??",
        "nonsense",
        "Renaissance",
        "1882 nonsense",
        "active 1882",
        "12",
        "0",
        "12345",
        "14.05.1888",
        "1888-05-14",
        "?",
        "c.",
        "before",
        "century",
        "1888 1/2",
        "18701880",
    ],
)
def test_refuses_what_it_does_not_understand(text: str) -> None:
    with pytest.raises(DateError) as refused:
        parse_display_date(text)
    assert repr(text) in str(refused.value)
    assert "year_begin" in str(refused.value)


@given(
    years=st.tuples(st.integers(1000, 2100), st.integers(1000, 2100)),
    joint=st.sampled_from(["-", "/", " to ", " - ", "\u2013", " \u2013 ", "\u2014", " or "]),
    opening=st.sampled_from(["", "c. ", "ca. ", "circa ", "probably "]),
)
def test_any_pair_of_years_is_read_back(years: tuple[int, int], joint: str, opening: str) -> None:
    begin, end = sorted(years)
    assert parse_display_date(f"{opening}{begin}{joint}{end}") == YearRange(begin, end)


@given(st.integers(100, 9999))
def test_any_single_year_is_read_back(year: int) -> None:
    assert parse_display_date(str(year)) == YearRange(year, year)
    assert parse_display_date(f"before {year}") == YearRange(None, year)
    assert parse_display_date(f"after {year}") == YearRange(year, None)


@given(
    st.integers(100, 299), st.sampled_from(["({}?)", "[{}?]", "({})?", "[{}]?"]), st.integers(0, 9)
)
def test_any_doubtful_digit_may_be_each_of_ten(known: int, form: str, digit: int) -> None:
    years = parse_display_date(f"{known}{form.format(digit)}")
    assert years == YearRange(known * 10, known * 10 + 9)


@given(st.integers(1, 21))
def test_any_century_has_a_hundred_years(number: int) -> None:
    ending = {1: "st", 2: "nd", 3: "rd", 21: "st"}.get(number, "th")
    years = parse_display_date(f"{number}{ending} century")
    assert years is not None
    assert years.begin is not None
    assert years.end is not None
    assert (years.begin % 100, years.end % 100) == (1, 0)
    assert years.end - years.begin == 99
    assert years.end // 100 == number


@given(st.text(max_size=30) | st.text("0123456789 -/?()[].,scthBC", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        years = parse_display_date(text)
    except DateError:
        return
    if years is not None and years.begin is not None and years.end is not None:
        assert years.begin <= years.end


def test_dates_of_a_museum(shared: Path) -> None:
    with (shared / "data/nga/objects.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["displaydate"]]
    assert len(rows) >= 1000
    refused = []
    compared = 0
    for row in rows:
        text = row["displaydate"]
        try:
            years = parse_display_date(text)
        except DateError:
            refused.append(text)
            continue
        if re.fullmatch(r"\d{4}(/\d{4})?", text) and row["beginyear"] and row["endyear"]:
            assert years == YearRange(int(row["beginyear"]), int(row["endyear"])), text
            compared += 1
    assert compared >= 500
    assert len(refused) <= 0.02 * len(rows), refused
    assert not [text for text in refused if re.search(r"\d{3}[\[(]\d?\??[\])]", text)]


@pytest.mark.parametrize(
    ("text", "years"),
    [
        ("1870:1890", (1870, 1890)),
        (" 1870 : 1890 ", (1870, 1890)),
        ("1870:", (1870, None)),
        (":1890", (None, 1890)),
        ("1888", (1888, 1888)),
        ("1888:1888", (1888, 1888)),
        ("-100:100", (-100, 100)),
        ("-300:-200", (-300, -200)),
        ("-44", (-44, -44)),
        ("800:", (800, None)),
    ],
)
def test_year_filter(text: str, years: Years) -> None:
    assert parse_year_filter(text) == YearRange(*years)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", ":", "abc", "abc:", ":abc", "1870:abc", "1890:1870", "18701880", "1870-1890",
        "1870 1890", "1:2:3", "::", "12345", "1870:12345", "1870.5:", "--100:", "-:1", "1860s",
    ],
)  # fmt: skip
def test_year_filter_refuses_other_forms(text: str) -> None:
    with pytest.raises(DateError):
        parse_year_filter(text)


def test_year_filter_says_what_to_write() -> None:
    with pytest.raises(DateError, match=r"'abc:'.*A:B \(1870:1890\)"):
        parse_year_filter("abc:")
    with pytest.raises(DateError, match="1890:1870 end before they begin"):
        parse_year_filter("1890:1870")


def test_year_range_refuses_an_end_before_its_begin() -> None:
    assert YearRange(1870, 1870) == YearRange(begin=1870, end=1870)
    assert YearRange(None, None) != YearRange(None, 1)
    with pytest.raises(DateError):
        YearRange(1871, 1870)


def test_a_date_error_is_a_known_failure() -> None:
    assert issubclass(DateError, InputError)
    assert issubclass(DateError, ArtExtractError)
