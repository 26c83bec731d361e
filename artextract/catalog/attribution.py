"""Parse attributions of catalogs into artists and their relation to an artwork.

"Follower of Rembrandt van Rijn" names an artist who did not paint the artwork, "Rembrandt van Rijn
and Workshop" one who did so in part. The qualifiers are those of the Getty's "Categories for the
Description of Works of Art" (CDWA, 4.1.6 Creator, Qualifier), in the wording of museums, which is
read in English, German, French, Italian, Dutch and Spanish.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from artextract.catalog.artwork import UNKNOWN, split_values
from artextract.catalog.names import fold, words_of

_LONGEST = 1000
"""Longest text in which qualifiers of a catalog are looked for, in characters."""


class Qualifier(StrEnum):
    """The relation of an artwork to an artist."""

    BY = "by"
    WITH_WORKSHOP = "with workshop"
    ATTRIBUTED = "attributed"
    POSSIBLY = "possibly"
    FORMERLY = "formerly"
    WORKSHOP = "workshop"
    STUDIO = "studio"
    ASSISTANT = "assistant"
    PUPIL = "pupil"
    SCHOOL = "school"
    CIRCLE = "circle"
    FOLLOWER = "follower"
    STYLE = "style"
    MANNER = "manner"
    IMITATOR = "imitator"
    AFTER = "after"
    ANONYMOUS = "anonymous"
    """The artist's name is unknown; the text names a school, as "American 19th Century"."""


NEAR = frozenset(Qualifier) - {
    Qualifier.BY, Qualifier.WITH_WORKSHOP, Qualifier.ATTRIBUTED, Qualifier.POSSIBLY,
    Qualifier.FORMERLY, Qualifier.ANONYMOUS,
}  # fmt: skip
"""Qualifiers of artworks related to an artist but made by another person."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """An artist and the relation of an artwork to the artist."""

    artist: str
    qualifier: Qualifier


_PHRASES = (
    (r"formerly (?:attributed to|given to|by)", Qualifier.FORMERLY),
    (r"(?:attributed|ascribed) to|attribution", Qualifier.ATTRIBUTED),
    (r"workshop|atelier", Qualifier.WORKSHOP),
    (r"studio", Qualifier.STUDIO),
    (r"assistants?|associates?", Qualifier.ASSISTANT),
    (r"pupils?|students?", Qualifier.PUPIL),
    (r"school", Qualifier.SCHOOL),
    (r"circle", Qualifier.CIRCLE),
    (r"followers?", Qualifier.FOLLOWER),
    (r"style", Qualifier.STYLE),
    (r"manner", Qualifier.MANNER),
    (r"imitators?|forger", Qualifier.IMITATOR),
    (r"after|cop(?:y|ies) (?:after|of)|copyists?", Qualifier.AFTER),
    (r"possibly|probably|perhaps|presumably", Qualifier.POSSIBLY),
)

_NEAR_WORDS = f"(?:{'|'.join(p for p, q in _PHRASES if q in NEAR - {Qualifier.AFTER})})"

# German, French, Italian, Dutch and Spanish. A noun needs one of `_OF` before the name, except for
# those that stand alone ("Umkreis Hendrick Goltzius").
_ALONE = "werkstatt|umkreis|umfeld|nachfolger|nachfolge|nachahmer"
_NOUNS = {
    Qualifier.WORKSHOP: "werkstatt|atelier|bottega|taller|werkplaats",
    Qualifier.ASSISTANT: "gehilfe|aiuto|ayudante",
    Qualifier.PUPIL: "sch[uü]ler|[eé]l[eè]ve|allievo|leerling|disc[ií]pulo",
    Qualifier.SCHOOL: "schule|[eé]cole|scuola|school|escuela",
    Qualifier.CIRCLE: "umkreis|umfeld|kreis|entourage|cercle|cerchia|ambito|kring|omgeving|"
    "c[ií]rculo|entorno",
    Qualifier.FOLLOWER: "nachfolger|nachfolge|suiveur|seguace|navolger|seguidor",
    Qualifier.STYLE: "stil|style|stile|stijl|estilo",
    Qualifier.MANNER: "(?:in der )?art|(?:in der? )?manier|(?:[aà] la )?mani[eè]re|"
    "(?:alla |nella )?maniera|(?:a la )?manera",
    Qualifier.IMITATOR: "nachahmer|imitateur|imitatore|imitador",
    Qualifier.AFTER: "kopie|copie|copia",
}
_FIXED = {
    Qualifier.ATTRIBUTED: "zugeschrieben(?: an)?|zuschreibung(?: an)?|attribu[eé]e?(?: [aà])?|"
    "attribuit[oa](?: ad?)?|toegeschreven(?: aan)?|atribuid[oa](?: a)?",
    Qualifier.AFTER: "(?:kopie |kopist )?nach|(?:copie )?d['\u2019]apr[eè]s|(?:kopie )?naar|"
    "copia da|copia seg[uú]n",
}
_OF = (
    "(?-i:an|der|des|dem|um|von|vom|de la|de|du|di|del|della|dello|dei|degli|van|"
    "(?:d|de l|dell)['\u2019])"
)
_ANY_NOUN = "|".join(_NOUNS.values())
_FOREIGN = rf"(?P<foreign>(?:{'|'.join(_FIXED.values())}):?|(?:{_ANY_NOUN}) {_OF}|(?:{_ALONE})\b)"

_MADE = (
    "print", "engraving", "etching", "drawing", "painting", "lithograph", "woodcut", "mezzotint",
    "photograph", "reproduction", "replica",
)  # fmt: skip
_MODELS = (
    "designs?|paintings?|compositions?|originals?|drawings?|prints?|engravings?|models?|works?"
)
# "a lost painting by", "the", "a" in "a follower of".
_BEFORE_NAME = (
    rf"(?:(?:the |an? )?(?:lost |original )?(?:{_MODELS}) (?:by|of) |the |"
    rf"an? (?={_NEAR_WORDS} (?:of|to) ))?"
)
# "Follower of X", "Workshop or Follower of X", "in the manner of X", "after X", "[after] X".
_LEADING_PHRASE = (
    rf"(?:chiefly |mainly |partly |close |immediate |direct )?"
    rf"(?:(?P<phrase>formerly (?:attributed to|given to|by)|"
    rf"(?:attributed|ascribed|attr(?:ib)?\.?) to|(?:in (?:the )?)?(?P<near>{_NEAR_WORDS})"
    rf"(?: (?:or|and) {_NEAR_WORDS})? (?:of|to)|(?:cop(?:y|ies) (?:after|of)|copyist of|after|"
    rf"(?:{'|'.join(_MADE)})s? after)):?"
    rf"|{_FOREIGN})(?:(?<=['\u2019])|[\])]? ){_BEFORE_NAME}(?=\S)"
)
_LEADING = re.compile(rf"^[\[(]?{_LEADING_PHRASE}", re.IGNORECASE)
# "X (after)", "X, follower of", "X - after", "X (atelier de)", "X zugeschrieben".
_BEHIND = re.compile(
    rf"(?:, | ?[(\[]| [-\u2013] )"
    rf"(?P<behind>formerly attributed to|(?:attributed|ascribed|attr(?:ib)?\.?)(?: to)?|"
    rf"(?:in (?:the )?)?{_NEAR_WORDS}(?: of| to)?|cop(?:y|ies)(?: after| of)?|after|"
    rf"{'|'.join(_FIXED.values())}|(?:{_ANY_NOUN})(?: {_OF})?)[)\]]?$"
    r"| (?P<attributed>zugeschrieben|attribu[eé]e?|attribuit[oa]|toegeschreven|atribuid[oa])$",
    re.IGNORECASE,
)
_DOUBT_WORDS = (
    "possibly|probably|perhaps|presumably|vermutlich|wohl|m[oö]glicherweise|wahrscheinlich|"
    "peut-[eê]tre|probablement|forse|probabilmente|mogelijk|waarschijnlijk|posiblemente|"
    "probablemente"
)
_DOUBT = re.compile(rf"^(?:and )?(?:{_DOUBT_WORDS}) (?:by )?", re.IGNORECASE)
# "Titian?", "? Titian", "Titian (?)", "Titian (possibly)".
_QUESTION = re.compile(
    rf"^\?\s*|\s*(?:\?|\(\?\)|\[\?\])$|(?:, | ?[(\[])(?:{_DOUBT_WORDS})[)\]]?$", re.IGNORECASE
)
# "Thomas Sully, after Gilbert Stuart", "Frans Huys after Pieter Bruegel"; not "Copy after Raphael".
_BREAK = re.compile(
    r",? (?<!copy )(?<!copies )(?<!possibly )(?<!probably )(?<!perhaps )(?<!presumably )"
    rf"{''.join(f'(?<!{noun} )(?<!{noun}s )' for noun in _MADE)}"
    r"(?<!and )(?<!or )(?<!kopie )(?<!kopist )(?<!copie )(?<!wohl )(?<!vermutlich )(?<!\()"
    r"(?=after |(?-i:nach|naar|d['\u2019]apr[eè]s) )",
    re.IGNORECASE,
)
_AND, _OR = "and|&|und|et|e|en|y", "or|oder|ou|o|of"
_HIS = " his| her| seine| son| sua| zijn| su"
_NO_OR = "(?! of (?:art|school|style)$)"  # "Academy of Art": English, though "of" is Dutch for "or"
_TRAILING = re.compile(
    rf"(?: (?P<joined>{_AND}|{_OR})(?:{_HIS})?)? (?P<near>{_NEAR_WORDS})$|"
    rf"{_NO_OR} (?P<joined_foreign>{_AND}|{_OR})(?:{_HIS})? (?:{_ANY_NOUN})$|"
    rf"[ -](?P<foreign>{_ALONE}|bottega)$|-(?P<compound>{_ANY_NOUN})$",
    re.IGNORECASE,
)
# Without a list of artists, "Eames Studio" is a name, and "Rembrandt Workshop" is not.
_CLEARLY_TRAILING = re.compile(
    rf"{_NO_OR} (?:{_AND}|{_OR})(?:{_HIS})? "
    rf"(?:workshop|studio|assistants?|followers?|{_ANY_NOUN})$|"
    rf"[ -](?:workshop|{_ALONE}|bottega)$|-(?:{_ANY_NOUN})$",
    re.IGNORECASE,
)
_CONJUNCTION = re.compile(
    rf" and | & | (?:{_AND}) (?={_LEADING_PHRASE.replace('?P<', '?P<then_')})", re.IGNORECASE
)
# A place or a school with a century stands for an unknown painter.
_ANONYMOUS = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th) century\b|^(?:anonymous|anonymer?|anonyme|an[oó]nimo|anoniem|"
    r"unknown|unidentified|unbekannter?|inconnue?|ignoto|onbekend|desconocido)\b",
    re.IGNORECASE,
)
_AROUND = " ,;:"
_BRACKETED = re.compile(r"^[\[(]([^\[\]()]*)[\])]$")
_POSSESSIVE = re.compile("['\u2019]s?$")
_PARENTHESIS = re.compile(r"\s*\(([^()]*)\)")
_COMPLETED = re.compile(r",? (?:completed|finished|retouched|restored) by .*$", re.IGNORECASE)


def find_qualifier(phrase: str) -> Qualifier | None:
    """Return the qualifier that a phrase ("follower of") contains; None if it contains none."""
    for pattern, qualifier in _PHRASES:
        if re.search(rf"\b(?:{pattern})\b", phrase, re.IGNORECASE):
            if qualifier is not Qualifier.AFTER and re.match(r"\s*and\b", phrase, re.IGNORECASE):
                return Qualifier.WITH_WORKSHOP
            return qualifier
    return None


def parse_attribution(
    text: str, is_artist: Callable[[str], bool] = lambda name: False
) -> list[Attribution]:
    """Return the artists in an attribution, each with the relation of the artwork to the artist.

    "Rembrandt Workshop (Probably Constantijn van Renesse)" gives Rembrandt (workshop) and
    Constantijn van Renesse (possibly); "Thomas Sully, after Gilbert Stuart" gives Thomas Sully (by)
    and Gilbert Stuart (after). Names are as written; an empty text gives none.

    Args:
        text: The attribution.
        is_artist: Whether a name is that of one artist, so that "Currier and Ives" is not split.
    """
    found: list[Attribution] = []
    rest = " ".join(text.split())

    def aside(match: re.Match[str]) -> str:
        """Move a name in parentheses to ``asides``; leave other text with the name before it."""
        inner = match[1]
        doubted = _DOUBT.match(inner)
        if doubted and not re.match(r"from\b", inner[doubted.end() :]):
            asides.append(inner[doubted.end() :])
        elif inner.endswith("?") and re.match(r"[^\d?]+\?$", inner):
            asides.append(inner.rstrip("? "))
        elif _is_model(inner):
            asides.append(inner)
        elif not doubted:
            return match[0]
        return ""

    asides: list[str] = []
    rest = _PARENTHESIS.sub(aside, rest)
    rest = _COMPLETED.sub("", rest)
    for piece in rest.split("; "):
        for part in [piece] if is_artist(piece) else _BREAK.split(piece):
            found += _parse_part(part, is_artist, Qualifier.BY)
    for part in asides:
        found += _parse_part(part, is_artist, Qualifier.POSSIBLY)
    return found


def _parse_part(
    part: str, is_artist: Callable[[str], bool], qualifier: Qualifier
) -> list[Attribution]:
    """Return the attributions in a part; ``qualifier`` applies to all its names."""
    part = _BRACKETED.sub(r"\1", part.strip(_AROUND))
    if doubted := _DOUBT.match(part):
        part = part[doubted.end() :].strip(_AROUND)
        qualifier = Qualifier.POSSIBLY if qualifier is Qualifier.BY else qualifier
    if (certain := _QUESTION.sub("", part)) != part:
        part = certain.strip(_AROUND)
        qualifier = Qualifier.POSSIBLY if qualifier is Qualifier.BY else qualifier
    if not fold(part):
        return []
    if (behind := _BEHIND.search(part)) and not is_artist(part):
        return _parse_part(part[: behind.start()], is_artist, _phrase_qualifier(behind[0]))
    if (leading := _LEADING.match(part)) and not is_artist(part):
        own = _phrase_qualifier(leading["near"] or leading["phrase"] or leading["foreign"])
        if own and qualifier is not Qualifier.FORMERLY:
            qualifier = own
        return _parse_part(part[leading.end() :], is_artist, qualifier)
    if _ANONYMOUS.search(part):
        return [Attribution(part, Qualifier.ANONYMOUS)]
    if is_artist(part):
        return [Attribution(part, qualifier)]
    if trailing := _TRAILING.search(part):
        joined = (trailing["joined"] or trailing["joined_foreign"] or "").lower()
        if joined in _OR.split("|"):
            qualifier = Qualifier.POSSIBLY
        elif not joined:
            qualifier = _phrase_qualifier(trailing[0])
        elif qualifier in {Qualifier.BY, Qualifier.POSSIBLY}:
            qualifier = Qualifier.WITH_WORKSHOP
        return _parse_part(_POSSESSIVE.sub("", part[: trailing.start()]), is_artist, qualifier)
    conjunction = _CONJUNCTION.search(part)
    if not conjunction:
        return [Attribution(part, qualifier)]
    return [
        *_parse_part(part[: conjunction.start()], is_artist, qualifier),
        *_parse_part(part[conjunction.end() :], is_artist, qualifier),
    ]


def _is_model(text: str) -> bool:
    """Return whether a text in parentheses names whom an artist copied: "after Raphael"."""
    leading = _LEADING.match(text)
    if leading is None or leading["near"] or re.search(r"\d", text):
        return False
    return _phrase_qualifier(leading["phrase"] or leading["foreign"]) is Qualifier.AFTER


def _phrase_qualifier(phrase: str) -> Qualifier:
    """Return the qualifier of a phrase that one of the patterns has found."""
    for words in (_FIXED, _NOUNS):
        for qualifier, pattern in words.items():
            if re.fullmatch(rf"\W*(?:{pattern})\b:?(?: ?{_OF})?\W*", phrase, re.IGNORECASE):
                return qualifier
    return find_qualifier(phrase) or Qualifier.ATTRIBUTED


def normalize_qualifiers(text: str) -> str:
    """Return the qualifiers of a column such as "Attributed to; Artist" in the words of Qualifier.

    The role of an artist or maker is "by"; a value of another meaning stays as it is.
    """
    return "; ".join(map(_normalize_qualifier, split_values(text)))


def _normalize_qualifier(text: str) -> str:
    if fold(text) in {*Qualifier, UNKNOWN}:
        return fold(text)
    if fold(text) in {"artist", "painter", "maker"}:
        return Qualifier.BY
    if behind := _BEHIND.search(f", {text.strip()}"):
        return _phrase_qualifier(behind["behind"])
    return find_qualifier(text) or text


def read_hands(artist: str | None, attribution: str | None) -> dict[str, str]:
    """Return the fields of a catalog's row that say who made an artwork, with its `qualifier`.

    "Follower of Titian" gives `artist` "Titian", `qualifier` "follower" and the text as
    `attribution`. Several artists are separated by "; " in `artist` and `qualifier`. Without a
    qualifier in the texts, names are not split and there is no `qualifier`.

    Args:
        artist: The row's artist, which may hold qualifiers.
        attribution: The row's attribution, of which the qualifiers count if the artist has none.
    """
    hands: list[Attribution] = []
    if max(len(artist or ""), len(attribution or "")) <= _LONGEST:
        hands = parse_attribution(artist or attribution or "", _is_name)
    if artist and attribution and all(hand.qualifier is Qualifier.BY for hand in hands):
        hands = _match_hands(split_values(artist), parse_attribution(attribution, _is_name))
    fields = {"artist": artist, "attribution": attribution}
    unsaid = {Qualifier.BY} if artist else {Qualifier.BY, Qualifier.ANONYMOUS}
    if not unsaid.issuperset(hand.qualifier for hand in hands):
        fields = {
            "artist": "; ".join(hand.artist for hand in hands),
            "attribution": attribution or artist,
            "qualifier": "; ".join(hand.qualifier for hand in hands),
        }
    return {name: text for name, text in fields.items() if text}


def _match_hands(artists: list[str], hands: list[Attribution]) -> list[Attribution]:
    """Return each artist with the qualifier that the attribution gives to the same name."""
    if len(artists) == len(hands) == 1:
        return [Attribution(artists[0], hands[0].qualifier)]
    qualifiers = {frozenset(words_of(hand.artist)): hand.qualifier for hand in hands}
    return [
        Attribution(artist, qualifiers.get(frozenset(words_of(artist)), Qualifier.BY))
        for artist in artists
    ]


def _is_name(text: str) -> bool:
    """Return whether a text has no qualifier, so that it is one artist's name as it stands."""
    return not (
        _LEADING.match(text) or _BEHIND.search(text) or _BREAK.search(text) or _DOUBT.match(text)
        or _CLEARLY_TRAILING.search(text) or "?" in text or _QUESTION.search(text)
        or any(map(_is_model, _PARENTHESIS.findall(text)))
        or re.search(rf"\((?:and )?(?:{_DOUBT_WORDS}) ", text, re.IGNORECASE)
        or any(_LEADING.match(text[at.end() :]) or _DOUBT.match(text[at.end() :])
               for at in re.finditer(r" (?:and|&) ", text))
        or _CONJUNCTION.search(re.sub(" (?:and|&) ", "  ", text))
    )  # fmt: skip
