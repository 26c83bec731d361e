"""The six invented painters of the atelier and the facts a museum would record of them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Painter:
    """A fictional painter.

    Attributes:
        hand: Short name of the way of painting, the value of the factor `hand`.
        name: Full name.
        nationality: Adjective of nationality.
        born: Year of birth.
        died: Year of death.
        style: Name of the style.
        medium: Materials, as a catalogue would give them.
    """

    hand: str
    name: str
    nationality: str
    born: int
    died: int
    style: str
    medium: str


PAINTERS: tuple[Painter, ...] = (
    Painter("dots", "Odile Verrane", "French", 1853, 1921, "Divisionism", "oil on canvas"),
    Painter(
        "impasto",
        "Joost van Aelbeek",
        "Dutch",
        1846,
        1909,
        "Post-Impressionism",
        "oil on coarse canvas",
    ),
    Painter(
        "glaze",
        "Bartolomeo Sarvani",
        "Italian",
        1471,
        1534,
        "High Renaissance",
        "oil on poplar panel",
    ),
    Painter(
        "woodcut",
        "Hedwig Strohm",
        "German",
        1879,
        1948,
        "Expressionism",
        "ink and tempera on tinted paper",
    ),
    Painter(
        "cutpaper",
        "Amaro Quintela",
        "Portuguese",
        1884,
        1957,
        "Fauvism",
        "gouache and cut paper on board",
    ),
    Painter(
        "wash", "Eleanor Thackwray", "British", 1798, 1866, "Romanticism", "watercolour on paper"
    ),
)

PAINTER_BY_HAND: dict[str, Painter] = {painter.hand: painter for painter in PAINTERS}
