"""An aspect of a test: how bright an image is. Run as a script, it is the command line with it."""

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np
import PIL.Image

from artextract.aspects import register
from artextract.aspects.base import Aspect, Compared, FactFilter
from artextract.aspects.features import ImageFeatures
from artextract.aspects.grid import Floats


class Brightness(Aspect):
    name = "brightness"
    label = "Brightness"
    summary = "how bright the images are"
    source = "a test"
    size = 2
    needs = frozenset({"lab"})
    fact_keys = ("brightness",)
    filters = (
        FactFilter(
            name="bright",
            fact="bright",
            label="Is bright",
            help="Only artworks that are bright, or not; any of.",
            example="yes",
            choices=("yes", "no"),
            read=lambda facts: [facts["brightness"]["bright"]],
        ),
    )
    drawing = "brightness"

    def vector(self, image: ImageFeatures) -> Floats:
        angle = float(image.lab[..., 0].mean()) / 100 * math.pi / 2
        return np.asarray([math.cos(angle), math.sin(angle)], np.float32)

    def facts(self, image: ImageFeatures) -> dict[str, Any]:
        return {"brightness": {"bright": "yes" if image.lab[..., 0].mean() > 50 else "no"}}

    def describe(self, one: Compared, other: Compared) -> str:
        first, second = (each.payload["brightness"]["bright"] for each in (one, other))
        return f"bright: {first} and {second}"

    def draw(self, image: PIL.Image.Image, payload: Mapping[str, Any]) -> PIL.Image.Image:
        colour = "white" if payload["brightness"]["bright"] == "yes" else "black"
        return PIL.Image.new("RGB", image.size, colour)


if __name__ == "__main__":
    from artextract.cli.main import main

    register(Brightness())
    main(sys.argv[1:])
