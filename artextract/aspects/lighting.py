"""Lighting: how light and dark are distributed, and on which side the light lies.

Two parts: how much of the image is how light (its key and its contrast), and where the light lies.
The shading of faces was tried as well and left out: it told the side of the light no better than
chance (docs/benchmarks/retrieval.md).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from artextract.aspects.background import background
from artextract.aspects.base import Aspect, Compared, FactFilter
from artextract.aspects.grid import Floats, blocks, to_unit, weighted

if TYPE_CHECKING:
    import PIL.Image

    from artextract.aspects.features import ImageFeatures

_BINS, _BIN_WIDTH = 12, 6.0  # of L*
_CELLS = 4
_SHARES = (0.5, 0.5)

_LOW_KEY, _HIGH_KEY = 40.0, 57.0
"""Mean L* at which a third of paintings are darker and a third lighter (WikiArt, n 1,183)."""
_SURE = 4.0  # L* between two sides below which no direction is named
_SKY = 5.0
"""How much lighter the upper half of a painting is on average, in L* (the same paintings)."""


class Lighting(Aspect):
    """A histogram of lightness, and lightness on a grid."""

    name = "lighting"
    label = "Tonality"
    summary = "light and dark"
    size = _BINS + _CELLS**2
    needs = frozenset({"lab"})
    fact_keys = ("light",)
    filters = (
        FactFilter(
            name="light_from",
            fact="light",
            label="Light from",
            help="Only artworks lit from this side, as the viewer sees it; any of.",
            example="left",
            choices=("left", "right", "above", "unclear"),
            read=lambda facts: [facts["light"]["direction"]],
        ),
        FactFilter(
            name="key",
            fact="key",
            label="Tonal key",
            help="Only dark (low), medium (mid) or light (high) images; any of.",
            example="low",
            choices=("low", "mid", "high"),
            read=lambda facts: [facts["light"]["key"]],
        ),
    )
    drawing = "tonality"

    def vector(self, image: "ImageFeatures") -> Floats:
        return distribution(image.lab)

    def facts(self, image: "ImageFeatures") -> dict[str, Any]:
        return {"light": light_facts(image.lab)}

    def describe(self, one: Compared, other: Compared) -> str:
        lights = [each.payload["light"] for each in (one, other)]
        first, second = (
            {"low": "dark", "mid": "medium", "high": "light"}[each["key"]] for each in lights
        )
        tone = f"both are {first}" if first == second else f"one is {first}, the other {second}"
        sides = [each["direction"] for each in lights]
        if sides[0] == sides[1] != "unclear":
            where = {"above": "in the upper half"}.get(sides[0], f"on the {sides[0]}")
            return f"{tone}, and their light lies {where}"
        contrasts = [each["contrast"] for each in lights]
        return (
            f"{tone}, with a contrast of {contrasts[0]:.0f} and {contrasts[1]:.0f} (spread of L*)"
        )

    def draw(self, image: "PIL.Image.Image", payload: Mapping[str, Any]) -> "PIL.Image.Image":
        """Return an 8 by 8 map of lightness, enlarged to the size of the image."""
        from PIL.Image import Resampling

        small = image.convert("L").resize((8, 8), Resampling.BOX)
        return small.resize(image.size, Resampling.BICUBIC).convert("RGB")


def distribution(lab: Floats) -> Floats:
    """Return the vector (28,) of an image (64, 64, 3) in L*a*b*, of length 1."""
    cells = blocks(lab[..., 0], _CELLS)
    parts = (lightness_histogram(lab) - background("lightness"), cells - cells.mean())
    return to_unit(weighted(_SHARES, parts))


def lightness_histogram(lab: Floats) -> Floats:
    """Return the square roots of the shares of 12 lightnesses, dark first; squares add up to 1."""
    import numpy as np

    centres = (np.arange(_BINS) + 0.5) / _BINS * 100
    # In place: fresh arrays of this size are mapped anew, which takes longer than the arithmetic.
    near = lab[..., 0].reshape(1, -1) - centres[:, None]
    near /= _BIN_WIDTH
    near *= near
    near *= -0.5
    shares = np.exp(near, out=near).sum(axis=1)
    return np.asarray(np.sqrt(shares / shares.sum()), np.float32)


def light_facts(lab: Floats) -> dict[str, Any]:
    """Return ``key``, ``direction``, ``lightness`` (mean L*) and ``contrast`` (its spread).

    ``key`` is "low", "mid" or "high". ``direction`` is the side of the image on which the light
    lies, as the viewer sees it: "left", "right", "above", or "unclear" where the sides differ
    little.
    """
    light = lab[..., 0]
    mean = float(light.mean())
    return {
        "key": "low" if mean < _LOW_KEY else "high" if mean > _HIGH_KEY else "mid",
        "direction": _direction(light),
        "lightness": round(mean, 1),
        "contrast": round(float(light.std()), 1),
    }


def _direction(light: Floats) -> str:
    half = light.shape[0] // 2
    across = float(light[:, half:].mean() - light[:, :half].mean())
    up = float(light[:half].mean() - light[half:].mean()) - _SKY
    if max(abs(across), up) < _SURE:
        return "unclear"
    if up > abs(across):
        return "above"
    return "right" if across > 0 else "left"
