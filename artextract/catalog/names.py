"""Compare names, ignoring case, accents and underscores."""

import re
import unicodedata
from collections.abc import Iterable

# Letters that Unicode does not decompose into a base letter and a mark (NFKD leaves them whole).
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})


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


def readable(name: str, label: str = "") -> str:
    """Return a class or a name without underscores, after ``label``; no word stands there twice.

    ``genre_painting`` of "genre" is "genre painting", and WikiArt's ``Ukiyo_e`` is "Ukiyo-e".
    """
    text = re.sub(r"\bUkiyo[_ ]e\b", "Ukiyo-e", name).replace("_", " ")
    before, _, last = label.rpartition(" ")
    doubled = bool(last) and fold(text).startswith(f"{fold(last)} ")
    return f"{before if doubled else label} {text}".strip()


def words_of(text: str) -> list[str]:
    """Return the different folded words of ``text`` in their order."""
    return list(dict.fromkeys(re.findall(r"\w+", fold(text))))


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
