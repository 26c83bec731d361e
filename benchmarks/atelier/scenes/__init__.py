"""The scenes: each module draws one kind of underpainting on a canvas."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from benchmarks.atelier.canvas import Canvas
from benchmarks.atelier.light import Light
from benchmarks.atelier.palettes import Palette
from benchmarks.atelier.scenes import landscape, people, room, sea, still_life, street
from benchmarks.atelier.works import Work

Draw = Callable[[Canvas, Work, Palette, Light, np.random.Generator], None]

SCENES: dict[str, Draw] = {
    "sea": sea.draw,
    "landscape": landscape.draw,
    "street": street.draw,
    "room": room.draw,
    "still_life": still_life.draw,
    "portrait": people.draw_portrait,
    "group": people.draw_group,
}
"""From each value of the factor `scene` to the function that draws it."""
