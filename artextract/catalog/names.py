"""Compare names, ignoring case, accents and underscores."""

import re
import unicodedata
from collections.abc import Iterable

# Letters that Unicode does not decompose into a base letter and a mark (NFKD leaves them whole).
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})
# Apostrophes as they are typed and set, soft hyphens, and characters without a width.
_WITHIN_WORDS = re.compile("['`\u2018\u2019\u02bc\u2032\u00ad\u200b-\u200f\u2060\ufeff]")


def fold(text: str) -> str:
    """Return ``text`` without case, accents, underscores and repeated spaces.

    ``"Édouard_Manet"`` and ``"edouard  manet"`` both become ``"edouard manet"``.
    """
    decomposed = unicodedata.normalize("NFKD", text.replace("_", " ")).casefold()
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(plain.translate(_UNDECOMPOSED).split())


def unicode_forms(text: str) -> list[str]:
    """Return ``text`` as it is, composed (NFC) and decomposed (NFD), each once."""
    forms = (text, unicodedata.normalize("NFC", text), unicodedata.normalize("NFD", text))
    return list(dict.fromkeys(forms))


def words_of(text: str) -> list[str]:
    """Return the different folded words of ``text`` in their order."""
    return list(dict.fromkeys(re.findall(r"\w+", fold(text))))


def name_words(name: str) -> list[str]:
    """Return the words of ``name`` by which names are compared.

    They have no case, accents, apostrophes, hyphens, points or invisible characters. Initials are
    one word: "J. M. W. Turner", "J.M.W. Turner" and "JMW Turner" have the same words.
    """
    words: list[str] = []
    in_initials = False
    for word in re.findall(r"\w+", _WITHIN_WORDS.sub("", fold(name))):
        is_initial = len(word) == 1 and word.isalpha()
        if is_initial and in_initials:
            words[-1] += word
        else:
            words.append(word)
        in_initials = is_initial
    return words


def inversions(name: str) -> list[str]:
    """Return ``name``, folded, and the ways to write it with the family name at the other end.

    "Claude Monet" gives "monet, claude", and "Gogh, Vincent van" gives "vincent van gogh".
    """
    key = fold(name)
    family, comma, given = key.partition(", ")
    if comma:
        return [key] if "," in given else [key, f"{given} {family}"]
    words = key.split()
    turns = range(1, len(words))
    return [key, *(f"{' '.join(words[at:])}, {' '.join(words[:at])}" for at in turns)]


def names_with(text: str, names: Iterable[str]) -> list[str]:
    """Return those of ``names`` that have the same words as ``text``, in any order.

    If there are none: those that have all its words, so that "van gogh" finds "Vincent van Gogh".
    """
    words = set(name_words(text))
    if not words:
        return []
    found = {name: set(name_words(name)) for name in names}
    same = [name for name, others in found.items() if others == words]
    return same or [name for name, others in found.items() if words < others]


def closest(text: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of ``names`` with a spelling similar to ``text``, best first.

    The similarity is Jaro-Winkler (Winkler 1990, 0 to 1) with the whole name or with any as many
    consecutive words of it as ``text`` has, so that "Money" finds "Claude Monet". Names below 0.7,
    or 0.18 below the best, are left out.
    """
    from rapidfuzz.distance import JaroWinkler

    key = fold(text)
    length = len(key.split())

    def similarity(name: str) -> float:
        words = fold(name).split()
        parts = [words[at : at + length] for at in range(len(words) - length + 1)]
        return max(JaroWinkler.similarity(key, " ".join(part)) for part in (words, *parts))

    if not key:
        return []
    scored = sorted((-similarity(name), name) for name in set(names))[:limit]
    return [name for score, name in scored if score <= min(scored[0][0] + 0.18, -0.7)]
