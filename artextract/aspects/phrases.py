"""Phrases that the sentences of several aspects are made of."""

from collections.abc import Sequence

from artextract.aspects.base import Compared
from artextract.catalog.predictions import suggestions
from artextract.catalog.styles import readable

_DEGREES = ((0.6, "very similar"), (0.35, "clearly similar"), (0.15, "slightly similar"))


def degree(one: Compared, other: Compared) -> str:
    """Return how similar two vectors are, by their cosine."""
    import numpy as np

    cosine = float(np.dot(one.vector, other.vector))
    return next(
        (words for least, words in _DEGREES if cosine >= least), "no more similar than by chance"
    )


def classification(attribute: str, one: Compared, other: Compared) -> str | None:
    """Return how two images are classified; None where a prediction is missing or not trusted."""
    found = [suggestions(each.payload).get(attribute) for each in (one, other)]
    names = [readable(each[0]) for each in found if each is not None]
    if len(names) < len(found):
        return None
    if names[0] == names[1]:
        return f"both are classified as {names[0]}"
    return f"one is classified as {names[0]}, the other as {names[1]}"


def count(number: int, noun: str, plural: str) -> str:
    """Return "no faces", "1 face" or "2 faces"."""
    return f"{number or 'no'} {noun if number == 1 else plural}"


def counts(numbers: Sequence[int], noun: str, plural: str) -> str:
    """Return "1 face in each", or "1 face and 2" where two images differ."""
    first = count(numbers[0], noun, plural)
    return f"{first} in each" if numbers[0] == numbers[1] else f"{first} and {numbers[1]}"


def enumerate_names(names: Sequence[str]) -> str:
    """Return "red", "red and blue" or "red, blue and grey"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
