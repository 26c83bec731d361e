"""Comparing names as people do: without regard to case, accents and underscores."""

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["closest", "fold", "words_of"]

# Letters that Unicode does not decompose into a base letter and a mark (NFKD leaves them whole).
_UNDECOMPOSED = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe"})


def fold(text: str) -> str:
    """Return a key that is equal for spellings a reader takes as the same.

    Case, accents, underscores and repeated spaces do not count: ``"Édouard_Manet"`` and
    ``"edouard  manet"`` both become ``"edouard manet"``.
    """
    decomposed = unicodedata.normalize("NFKD", text.replace("_", " ")).casefold()
    plain = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(plain.translate(_UNDECOMPOSED).split())


def words_of(text: str) -> list[str]:
    """Return the different words of ``text``, folded, in their order."""
    return list(dict.fromkeys(re.findall(r"\w+", fold(text))))


def closest(wanted: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of ``names`` that are spelt most like ``wanted``, best first.

    A name counts by its best part, so "Money" finds "Claude Monet": its likeness is that of the
    whole name or of as many of its words in a row as ``wanted`` has, whichever is larger
    (Jaro-Winkler similarity, Winkler 1990, 0 to 1). Names below 0.7, or 0.18 below the best, are
    left out.
    """
    from rapidfuzz.distance import JaroWinkler

    key = fold(wanted)
    length = len(key.split())

    def likeness(name: str) -> float:
        words = fold(name).split()
        parts = [words[at : at + length] for at in range(len(words) - length + 1)]
        return max(JaroWinkler.similarity(key, " ".join(part)) for part in (words, *parts))

    if not key:
        return []
    scored = sorted((-likeness(name), name) for name in set(names))[:limit]
    return [name for score, name in scored if score <= min(scored[0][0] + 0.18, -0.7)]
