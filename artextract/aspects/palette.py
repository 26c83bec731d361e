"""Palette: which colours there are and how much of each, whatever the layout.

A histogram over L*a*b* whose cells overlap (each colour counts in the eight cells around it), and
its square root, whose scalar product is the Bhattacharyya coefficient, less the background.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artextract.aspects.background import background
from artextract.aspects.base import Aspect, Compared, FactFilter
from artextract.aspects.grid import Floats, to_unit
from artextract.aspects.phrases import enumerate_names
from artextract.catalog.names import closest
from artextract.errors import QueryError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import PIL.Image

    from artextract.aspects.features import ImageFeatures

_LIGHTNESS, _CHROMA = 5, 7  # cells of L*, and of a* and b* each
_REACH = 60.0  # a* and b* beyond it count in the outermost cells

SWATCHES = {
    "black": "#111111", "white": "#f7f7f2", "grey": "#8c8c8c", "red": "#b3261e",
    "orange": "#e07b1f", "yellow": "#e3c02f", "green": "#4d8a3a", "blue": "#2f63b0",
    "purple": "#6f3c8f", "pink": "#e59bb0", "brown": "#6b4423",
}  # fmt: skip
"""The basic colour terms of English (Berlin and Kay 1969), and a colour to draw each with."""

NAMES = tuple(SWATCHES)

_MAIN_SHARE = 0.1
_MAXIMUM_NAMED = 4


def parse_colours(values: Sequence[str]) -> list[str]:
    """Return colour names in lower case, in British spelling.

    Raises:
        QueryError: one is not among ``NAMES``.
    """
    found = [value.lower().replace("gray", "grey") for value in values]
    for value in found:
        if value not in NAMES:
            near = closest(value, NAMES, 1)
            hint = f"closest: {near[0]}; " if near else ""
            raise QueryError(f"no colour {value!r}; {hint}known: {', '.join(NAMES)}")
    return found


class Palette(Aspect):
    """A histogram of colours."""

    name = "palette"
    label = "Colours"
    summary = "colours, wherever they are"
    source = (
        "Bhattacharyya 1943 (similarity of histograms); Berlin and Kay 1969 (colour names); "
        "Sturges and Whitfield 1995, doi:10.1002/col.5080200605 (where they lie)"
    )
    size = _LIGHTNESS * _CHROMA * _CHROMA
    needs = frozenset({"lab"})
    fact_keys = ("palette",)
    filters = (
        FactFilter(
            name="colour",
            fact="colour",
            label="Main colours",
            help="Only artworks with this among their main colours (red, brown, grey, ...); any "
            "of.",
            example="blue",
            parse=parse_colours,
            read=lambda facts: facts["palette"]["main"],
        ),
    )
    drawing = "colours"

    def vector(self, image: "ImageFeatures") -> Floats:
        return to_unit(colour_histogram(image.lab[::2, ::2]) - background("palette"))

    def facts(self, image: "ImageFeatures") -> dict[str, Any]:
        return {"palette": palette_facts(image.lab)}

    def describe(self, one: Compared, other: Compared) -> str:
        mains = [each.payload["palette"]["main"] for each in (one, other)]
        common = [name for name in mains[0] if name in mains[1]]
        if common:
            verb = "is" if len(common) == 1 else "are"
            return f"{enumerate_names(common)} {verb} among the main colours of both"
        return f"one is mainly {enumerate_names(mains[0])}, the other {enumerate_names(mains[1])}"

    def draw(self, image: "PIL.Image.Image", payload: Mapping[str, Any]) -> "PIL.Image.Image":
        """Return a bar as wide as the image with the share of each named colour."""
        from PIL import Image, ImageDraw

        bar = Image.new("RGB", (image.width, max(24, image.width // 10)), "white")
        pen = ImageDraw.Draw(bar)
        left = 0.0
        for name, share in payload.get("palette", {}).get("shares", {}).items():
            right = left + share * bar.width
            pen.rectangle((left, 0, right, bar.height), fill=SWATCHES[name])
            left = right
        return bar


def colour_histogram(lab: Floats) -> Floats:
    """Return the square roots of the shares of 245 colours in an image (n, n, 3) in L*a*b*.

    Their squares add up to 1.
    """
    import numpy as np

    flat = lab.reshape(-1, 3)
    most = np.asarray([_LIGHTNESS - 1, _CHROMA - 1, _CHROMA - 1])
    places = np.stack(
        [flat[:, 0] / 100, (flat[:, 1] / _REACH + 1) / 2, (flat[:, 2] / _REACH + 1) / 2]
    )
    places = np.clip(places * most[:, None], 0, most[:, None])
    low = np.minimum(places.astype(np.intp), most[:, None] - 1)
    above = places - low
    shares = (1 - above, above)  # of the lower and of the upper cell, along each axis
    first = (low[0] * _CHROMA + low[1]) * _CHROMA + low[2]
    cells = _LIGHTNESS * _CHROMA * _CHROMA
    counts = np.zeros(cells)
    for light, a, b in np.ndindex(2, 2, 2):
        weights = shares[light][0] * shares[a][1] * shares[b][2]
        counts += np.bincount(first + (light * _CHROMA + a) * _CHROMA + b, weights, cells)
    return np.asarray(np.sqrt(counts / len(flat)), np.float32)


def palette_facts(lab: Floats) -> dict[str, Any]:
    """Return ``main``, names of the colours that cover a tenth or more, and ``shares`` of all.

    ``main`` has at most four of ``NAMES``, the most first, and never none; ``shares`` is
    {name: fraction of the image}.
    """
    import numpy as np

    names = _name(lab.reshape(-1, 3))
    counts = np.bincount(names, minlength=len(NAMES)) / len(names)
    order = np.argsort(-counts, kind="stable")
    main = [NAMES[at] for at in order[:_MAXIMUM_NAMED] if counts[at] >= _MAIN_SHARE]
    shares = {NAMES[at]: round(float(counts[at]), 3) for at in order if counts[at] >= 0.005}
    return {"main": main or [NAMES[order[0]]], "shares": shares}


def _name(lab: Floats) -> "npt.NDArray[np.intp]":
    """Return the number in ``NAMES`` of each colour (n, 3).

    Hue angles in degrees of a*, b* separate the chromatic terms; where they lie follows the centres
    of Sturges and Whitfield, as does brown, a dark orange.
    """
    import numpy as np

    light, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    hue = np.mod(np.degrees(np.arctan2(lab[:, 2], lab[:, 1])), 360)
    at = {name: number for number, name in enumerate(NAMES)}
    hues = [
        (hue < 20) | (hue >= 345), hue < 42, hue < 76, hue < 105, hue < 190, hue < 295,
    ]  # fmt: skip
    warm = np.where(light < 55, at["brown"], at["orange"])
    red = np.where(light > 65, at["pink"], at["red"])
    ruddy = np.where(
        (chroma < 40) & (light < 60), at["brown"], np.where(light > 68, at["pink"], at["red"])
    )
    gold = np.where(light < 50, at["brown"], at["yellow"])
    named = np.select(
        hues,
        [red, ruddy, warm, gold, np.full_like(warm, at["green"]), np.full_like(warm, at["blue"])],
        np.where(light > 65, at["pink"], at["purple"]),
    )
    grey = np.where(light < 18, at["black"], np.where(light > 85, at["white"], at["grey"]))
    dull = (chroma < 9) | ((light < 14) & (chroma < 14))
    return np.where(dull, grey, named)
