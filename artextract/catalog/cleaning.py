"""Clean values of catalogs: blanks, HTML, Unicode form, and words that stand for nothing."""

import html
import json
import math
import re
import unicodedata
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from artextract.catalog.artwork import Scalar

NOTHING = frozenset({
    "", "null", "nan", "nat", "n/a", "#n/a", "<na>", "none", "\\n", "-", "--", "\u2013", "\u2014",
})  # fmt: skip
"""Folded texts that mean an empty cell in any column."""

REPLACED = "\ufffd"
"""Stands for a character that is not valid text."""

_LONGEST_NOTHING = max(map(len, NOTHING))
# What str.strip() removes, and characters without width: zero-width space, non-joiner, joiner,
# direction marks, word joiner, byte order mark.
_WIDTHLESS = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_BLANKS = _WIDTHLESS + "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_INLINE = "a|abbr|b|big|cite|em|font|i|q|s|small|span|strong|sub|sup|u"
_BLOCK = "br|div|h[1-6]|li|ol|p|ul"
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCK})(?:\s[^<>]*)?/?>", re.IGNORECASE)
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2007": " "})
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def clean_text(text: str, *, markup: bool = True) -> str:
    """Return ``text`` in Unicode form NFC without surrounding blanks and control characters.

    Non-breaking spaces become spaces, and characters that are not valid text (half of a pair)
    U+FFFD. HTML entities and the common tags become what they mean, unless ``markup`` is off.
    Cleaning twice gives the same as once.
    """
    has_markup = markup and ("&" in text or "<" in text)
    if not has_markup and text.isascii() and text.isprintable():
        return text.strip()
    text = make_valid(text)
    while True:
        before = text
        if has_markup:
            text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
            text = _INLINE_TAG.sub("", _BLOCK_TAG.sub(" ", text))
        text = _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
        text = unicodedata.normalize("NFC", text.translate(_SPACES)).strip(_BLANKS)
        if text == before:
            return text


def make_valid(text: str) -> str:
    """Return ``text`` with U+FFFD for each half of a surrogate pair, which UTF-8 can't hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _SURROGATES.sub(REPLACED, text)
    return text


def is_nothing(text: str) -> bool:
    """Return whether a clean text means an empty cell ("", "NaN", "-")."""
    return len(text) <= _LONGEST_NOTHING and text.casefold() in NOTHING


def clean_value(value: object, *, markup: bool = True) -> Any:
    """Return a value of a catalog as text, number or boolean, or a list of these; None for nothing.

    Dates and times become ISO 8601 ("1888-03-14" for midnight), decimal numbers int or float.
    Dictionaries and bytes are returned as they are.
    """
    if isinstance(value, str):
        text = clean_text(value, markup=markup)
        return None if is_nothing(text) else text
    if value is None or isinstance(value, bool | int | dict | bytes):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    if isinstance(value, Decimal):
        is_whole = value.is_finite() and value == value.to_integral_value()
        return clean_value(int(value) if is_whole else float(value))
    if isinstance(value, datetime):
        is_day = value.time() == time() and value.tzinfo is None
        return value.date().isoformat() if is_day else value.isoformat(" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, list | tuple):
        values = [clean_value(each, markup=markup) for each in value]
        return None if all(each is None for each in values) else values
    return clean_text(str(value), markup=markup)


def to_text(value: str | float | bool) -> str:
    """Return a clean value as text: 1879.0 as "1879", True as "true"."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def to_scalar(value: Any) -> Scalar:
    """Return a clean value, or its text for what a payload can't hold.

    These are infinite numbers, and in JSON lists, dictionaries, and integers beyond 64 bits.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, str | float) or (isinstance(value, int) and -(2**63) <= value < 2**63):
        return value
    return make_valid(json.dumps(value, default=_to_json, ensure_ascii=False))


def _to_json(value: object) -> Any:
    clean = clean_value(value)
    return f"{len(clean)} bytes" if isinstance(clean, bytes) else clean
