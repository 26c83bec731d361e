"""Split a folded display date into numbers, phrases and signs."""

import re
from dataclasses import dataclass
from typing import Any

from artextract.catalog.dates.words import SENSES


@dataclass(frozen=True, slots=True)
class Token:
    """A number, phrase or sign with its senses, those of :mod:`.words` and of numbers."""

    text: str
    senses: dict[str, Any]
    glued: bool
    """Whether no space follows."""


_MONTH, _DAY = r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
    | (?P<day>
        \d{{4}}(?P<iso>[-./])(?:{_MONTH}|00)(?P=iso)(?:{_DAY}|00)
            (?:[t\ ]\d\d:\d\d(?::[\d.]+)?(?:z|[+-]\d\d:?\d\d)?)?(?!\d)
        | {_DAY}(?P<mark>[-./])\s?(?:{_DAY}|[ivx]{{1,4}})(?P=mark)\s?\d{{4}}(?!\d)
        | {_MONTH}[./]\d{{4}}(?!\d)
    )
    | (?P<tens>
        \d{{3}}(?:\(\d?\?\)|\[\d?\?\]|\(\d\)\?|\[\d\]\?)(?!\w)
        | (?:1\d\d|20\d)(?:[-\u2013]\??|\?|[xu]\b)(?![\w(\[]|\s*\d)
    )
    | (?P<hundreds>(?:1\d|20)(?:--|\u2013\u2013|\?\?|\.\.|(?:xx|uu)\b)\??(?!\w))
    | (?P<decade>\d{{2,4}}(?:['\u2019]?s|ern?|ies)(?![a-z]))
    | (?P<ordinal>
        \d{{1,2}}(?:(?:st|nd|rd|th|er|re|ere|eme|ieme|esimo|e|de|nde|ste|a|o)(?![a-z])|\u00b0|\.(?!\d))
    )
    | (?P<fraction>\d+[.:]\d+)
    | (?P<number>\d+)
    | (?P<supplied>(?<=\d)[(\[]\d+|(?<=\d)[)\]]\d+)
    | (?P<word>[^\W\d_]+)
    | (?P<sign>.)
    """,
    re.VERBOSE,
)
_ROMAN = re.compile(r"(x{0,2})(ix|iv|v?i{0,3})(?:e|eme|er|o|esimo|th|st|nd|rd)?")
_UNITS = {"": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
_SIGNS: dict[str, dict[str, Any]] = {
    "-": {"joint": "-"}, "\u2013": {"joint": "\u2013"}, "/": {"joint": "or"}, "&": {"joint": "and"},
    "<": {"before": "exclusive"}, ">": {"after": "exclusive"}, "+": {"later": True},
    "~": {"at": True}, "?": {"filler": True}, "%": {"filler": True}, "\u00a9": {"filler": True},
    **{sign: {"joint": ","} for sign in ".,;:()[]"},
}  # fmt: skip
_PHRASE_LENGTH = max(map(len, SENSES))


def tokenize(text: str) -> list[Token]:
    """Return the numbers, phrases and signs of a folded text."""
    raw: list[Token] = []
    for match in _TOKEN.finditer(text):
        kind, found = str(match.lastgroup), match[0]
        is_abbreviation = found == "." and raw and raw[-1].text.isalpha()
        if kind == "space" or found in "'\u2019`" or is_abbreviation:
            continue
        glued = text[match.end() : match.end() + 1].strip() != ""
        raw.append(Token(found, _senses_of(kind, found), glued))
    tokens = []
    while raw:
        for length in range(min(_PHRASE_LENGTH, len(raw)), 0, -1):
            senses = SENSES.get(tuple(token.text for token in raw[:length]))
            if senses is not None:
                phrase = " ".join(token.text for token in raw[:length])
                own = raw[0].senses if length == 1 else {}
                raw[:length] = [Token(phrase, {**own, **senses}, raw[length - 1].glued)]
                break
        tokens.append(raw.pop(0))
    return tokens


def _senses_of(kind: str, text: str) -> dict[str, Any]:
    """Return the senses of a token that is in no table of words."""
    digits = re.split(r"\D", text, maxsplit=1)[0]
    match kind:
        case "day":
            return {"year of a day": max(map(int, re.findall(r"\d{4}", text)))}
        case "tens" | "hundreds":
            return {kind: (int(digits), text[len(digits) :])}
        case "decade":
            return {"decade number": (int(digits), len(digits))}
        case "ordinal":
            return {"ordinal": int(digits), "digits": len(digits)}
        case "number":
            return {"number": int(digits), "digits": len(digits)} if len(digits) <= 4 else {}
        case "word" if (roman := _ROMAN.fullmatch(text)) and (roman[1] or roman[2]):
            return {"roman": 10 * len(roman[1]) + _UNITS[roman[2]]}
        case "sign":
            return _SIGNS.get(text, {})
        case _:
            return {}
