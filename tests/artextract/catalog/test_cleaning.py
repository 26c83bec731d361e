import unicodedata
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from artextract.catalog.cleaning import clean_text, clean_value, is_nothing, to_scalar, to_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (" plain ", "plain"),
        ("\u00a0Claude\u00a0Monet\u00a0", "Claude Monet"),
        ("\u200bSeerosen\ufeff", "Seerosen"),
        ("\u2003\u3000Fuji\u3000", "Fuji"),
        ("\tTab\r\n", "Tab"),
        ("one\r\ntwo\rthree", "one\ntwo\nthree"),
        ("Cafe\u0301", "Café"),
        ("Mu\u0308nter\u202fGabriele", "Münter Gabriele"),
        ("zero\0 byte\x1b", "zero byte"),
        ("Still Life &amp; Fruit", "Still Life & Fruit"),
        ("&Eacute;tude &#233; &#xE9; &hellip;", "Étude é é …"),
        ("&amp;amp;quot;", '"'),
        ("<i>Lilies</i>", "Lilies"),
        ("<p>First.</p><p>Second.</p>", "First.  Second."),
        ('<a href="https://x.example/?a=1">Link</a><br/>', "Link"),
        ("&lt;em&gt;Night&lt;/em&gt;", "Night"),
        ("H<sub>2</sub>O<BR>deep", "H2O deep"),
        ("half \ud83d of a pair", "half \ufffd of a pair"),
        # No markup:
        ("a < b > c", "a < b > c"),
        ("<untitled>", "<untitled>"),
        ("<<Untitled>>", "<<Untitled>>"),
        ("R&D; AT&T", "R&D; AT&T"),
        ("x &copy 2", "x &copy 2"),
        ("1 &nosuchname; 2", "1 &nosuchname; 2"),
        (
            "\u0645\u06cc\u200c\u062e",
            "\u0645\u06cc\u200c\u062e",
        ),  # a non-joiner within a word belongs to it
        ("double  space", "double  space"),
    ],
)
def test_texts(raw: str, clean: str) -> None:
    assert clean_text(raw) == clean
    assert clean_text(clean) == clean


def test_markup_stays_in_names_of_files() -> None:
    assert clean_text(" A&amp;B <i>.jpg ", markup=False) == "A&amp;B <i>.jpg"


MARKUP = st.sampled_from(
    ["&", "&amp;", "amp;", "lt;", "gt;", "#38;", "<", ">", "<b", "</i>", "<br>"]
)


@given(st.lists(st.text(max_size=8) | MARKUP | st.characters(), max_size=12).map("".join))
def test_any_text_is_clean_after_once(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert clean == clean.strip() == unicodedata.normalize("NFC", clean)
    clean.encode()


@pytest.mark.parametrize(
    "text",
    ["", "None", "NONE", "NaN", "null", "NULL", "n/a", "#N/A", "<NA>", "NaT", "\\N", "-", "\u2013"],
)
def test_nothing(text: str) -> None:
    assert is_nothing(text)
    assert clean_value(f" {text}\u00a0") is None


@pytest.mark.parametrize("text", ["0", "none of us", "no", "A-", "Nana", "?", "unknown", "."])
def test_something(text: str) -> None:
    assert not is_nothing(text)
    assert clean_value(text) == text


@pytest.mark.parametrize(
    ("value", "clean"),
    [
        (None, None), (0, 0), (False, False), (1879.0, 1879.0), (float("nan"), None),
        (date(1888, 3, 14), "1888-03-14"), (datetime(1888, 3, 14), "1888-03-14"),
        (datetime(1888, 3, 14, 9, 30), "1888-03-14 09:30:00"), (time(9, 30), "09:30:00"),
        (datetime(1888, 3, 14, tzinfo=UTC), "1888-03-14 00:00:00+00:00"),
        (Decimal("79.40"), 79.4), (Decimal("1879"), 1879), (Decimal("NaN"), None),
        (Decimal("Infinity"), float("inf")),
        ([" a ", None, "b", ""], ["a", None, "b", None]), ([], None), (["", None], None),
        ((1, 2), [1, 2]), ({"a": 1}, {"a": 1}), (b"x", b"x"),
    ],
)  # fmt: skip
def test_values(value: object, clean: object) -> None:
    assert clean_value(value) == clean
    assert type(clean_value(value)) is type(clean)


@pytest.mark.parametrize(
    ("value", "text"), [("a", "a"), (1879.0, "1879"), (0.5, "0.5"), (7, "7"), (True, "true")]
)
def test_numbers_as_text(value: Any, text: str) -> None:
    assert to_text(value) == text


@pytest.mark.parametrize(
    ("value", "scalar"),
    [
        ("a", "a"), (True, True), (2**63 - 1, 2**63 - 1), (2**63, str(2**63)),
        (["é", 1], '["é", 1]'), ({"en": "Water", "n": None}, '{"en": "Water", "n": null}'),
        ({"day": date(1888, 3, 14), "raw": b"abc"}, '{"day": "1888-03-14", "raw": "3 bytes"}'),
        (["\ud800"], '["\ufffd"]'),
    ],
)  # fmt: skip
def test_scalars(value: object, scalar: object) -> None:
    assert to_scalar(value) == scalar
