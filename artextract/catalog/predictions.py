"""The predictions in a payload, and which of them are trusted.

A trusted prediction is a machine suggestion that people see: of those of artists whom the
classifier doesn't know at least 85 % are right. A model card says from which confidence on
(:attr:`artextract.models.card.ModelCard.trusted_from`); predictions of an attribute that it does
not name are never trusted. Neither is a style that was not painted in the artwork's years.
"""

from collections.abc import Mapping
from typing import Any

from artextract.catalog.names import fold
from artextract.catalog.styles import style_years
from artextract.catalog.years import YearRange

SUGGESTED = ("style", "genre")
"""Attributes whose trusted predictions are shown. An artist is never suggested: a classifier knows
few of them, and takes all others for one of these."""

TRUSTED = "trusted."
"""Beginning of the terms of trusted predictions."""

_INFINITE = float("inf")


def mark_trusted(
    predicted: Mapping[str, Any], trusted_from: Mapping[str, float], years: YearRange
) -> dict[str, Any]:
    """Return a payload's part ``predicted`` with a flag ``trusted`` in each prediction.

    ``terms`` has "style=baroque" of each prediction, for filters, and of a trusted one also
    "trusted.style=baroque".

    Args:
        predicted: {attribute: {"name", "probability"}}; flags and ``terms`` are replaced.
        trusted_from: {attribute: lowest probability of a trusted prediction}.
        years: When the artwork was made.
    """
    marked: dict[str, Any] = {}
    terms: list[str] = []
    trusted_terms: list[str] = []
    for attribute, prediction in predicted.items():
        if attribute == "terms":
            continue
        term = f"{attribute}={fold(prediction['name'])}"
        terms.append(term)
        trusted = prediction["probability"] >= trusted_from.get(attribute, _INFINITE)
        if attribute == "style":
            painted = style_years(prediction["name"])
            trusted = trusted and (painted is None or painted.overlaps(years))
        if trusted:
            trusted_terms.append(TRUSTED + term)
        marked[attribute] = {**prediction, "trusted": trusted}
    return {**marked, "terms": terms + trusted_terms} if marked else {}


def suggestions(payload: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    """Return the trusted predictions of a payload, {attribute: (class, probability)}."""
    predicted = payload.get("predicted", {})
    return {
        attribute: (prediction["name"], prediction["probability"])
        for attribute in SUGGESTED
        if (prediction := predicted.get(attribute)) and prediction.get("trusted")
    }
