"""Comparing names as people do: without regard to case, accents and underscores."""

import unicodedata
from collections.abc import Iterable, Sequence

__all__ = ["closest", "fold", "in_words"]

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


def closest(wanted: str, names: Iterable[str], limit: int = 3) -> list[str]:
    """Return up to ``limit`` of ``names`` that are spelt most like ``wanted``, best first.

    A name counts by its best part, so that "Money" finds "Claude Monet": the score is the larger of
    the likeness to the whole name and to its closest word (Indel ratio, 0 to 100). Names below 50,
    or 15 below the best, are left out.
    """
    from rapidfuzz import fuzz

    key = fold(wanted)

    def likeness(name: str) -> float:
        folded = fold(name)
        return max(fuzz.ratio(key, part) for part in (folded, *folded.split()))

    scored = sorted((-likeness(name), name) for name in set(names))[:limit]
    return [name for score, name in scored if score <= max(scored[0][0] + 15, -50)]


def in_words(names: Sequence[str]) -> str:
    """Return ``names`` joined by commas, or "none" where there are none."""
    return ", ".join(names) if names else "none"
