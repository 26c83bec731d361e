"""The predictions in a payload, and which of them are trusted.

A trusted prediction is a machine suggestion that people see: at least 85 % of them are right, also
for artists whom the classifier doesn't know. A model card says from which probability on
(:class:`artextract.models.card.ModelCard`); predictions of an attribute that it does not name are
never trusted. Neither is a style that was not painted in the artwork's years.

Known years make a possible style more probable: its probability is then its share among the styles
that were painted in these years. They do not change which style is predicted.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artextract.catalog.names import fold
from artextract.catalog.styles import display_name, style_years
from artextract.catalog.years import UNKNOWN_YEARS, YearRange

if TYPE_CHECKING:
    from artextract.models.card import ModelCard

SUGGESTED = ("style", "genre")
"""Attributes whose trusted predictions are shown. An artist is never suggested: a classifier knows
few of them, and takes all others for one of these."""

TRUSTED = "trusted."
"""Beginning of the terms of trusted predictions."""


def make_prediction(
    attribute: str, names: Sequence[str], probabilities: Sequence[float]
) -> dict[str, Any]:
    """Return a prediction as payloads have it: the most probable of ``names``.

    That of a style keeps all ``probabilities``, in the order of the names, so that it can be judged
    again when an artwork's years become known.
    """
    number = max(range(len(names)), key=probabilities.__getitem__)
    prediction: dict[str, Any] = {
        "name": display_name(names[number]),
        "probability": round(probabilities[number], 4),
    }
    if attribute == "style":
        prediction["probabilities"] = [round(each, 4) for each in probabilities]
    return prediction


def mark_trusted(
    predicted: Mapping[str, Any], card: "ModelCard", years: YearRange
) -> dict[str, Any]:
    """Return a payload's part ``predicted`` as it is for an artwork of ``years``.

    Each prediction gets a flag ``trusted``. ``terms`` has "style=baroque" of each, for filters, and
    of a trusted one also "trusted.style=baroque".

    Args:
        predicted: {attribute: prediction}; what was marked before is replaced.
        card: That of the classifier.
        years: When the artwork was made.
    """
    marked: dict[str, Any] = {}
    terms: list[str] = []
    trusted_terms: list[str] = []
    for attribute, prediction in predicted.items():
        if attribute == "terms":
            continue
        probability, least = prediction["probability"], card.trusted_from.get(attribute)
        is_possible = True
        if attribute == "style":
            is_possible = is_painted_in(prediction["name"], years)
            if "probabilities" in prediction:
                probability = _style_probability(
                    prediction["probabilities"],
                    [
                        not is_possible or is_painted_in(name, years)
                        for name in card.classes["style"]
                    ],
                )
        if years != UNKNOWN_YEARS:
            least = card.trusted_from_dated.get(attribute, least)
        term = f"{attribute}={fold(prediction['name'])}"
        terms.append(term)
        is_trusted = is_possible and least is not None and probability >= least
        if is_trusted:
            trusted_terms.append(TRUSTED + term)
        marked[attribute] = {**prediction, "probability": probability, "trusted": is_trusted}
    return {**marked, "terms": terms + trusted_terms} if marked else {}


def _style_probability(probabilities: Sequence[float], possible: Sequence[bool]) -> float:
    """Return the highest probability, as a share of those of the possible styles."""
    impossible = sum(
        share for share, is_possible in zip(probabilities, possible, strict=True) if not is_possible
    )
    return min(1.0, round(max(probabilities) / (1 - impossible), 4))


def is_painted_in(style: str, years: YearRange) -> bool:
    """Return whether a style may have been painted in ``years``; one of unknown years always."""
    known = style_years(style)
    return known is None or known.overlaps(years)


def suggestions(payload: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    """Return the trusted predictions of a payload, {attribute: (class, probability)}."""
    predicted = payload.get("predicted", {})
    return {
        attribute: (prediction["name"], prediction["probability"])
        for attribute in SUGGESTED
        if (prediction := predicted.get(attribute)) and prediction.get("trusted")
    }
