"""The atelier: a gallery of 240 pictures painted by code, with every factor known.

Every picture is the product of a painter's hand, a scene, a composition, a palette, a light and,
for people, the direction of the head. Importing this package is cheap: numpy and Pillow are
loaded only when something is painted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from artextract.atelier.save import ATELIER_VERSION, save_gallery
from artextract.atelier.works import WORK_COUNT, Work, make_works

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ATELIER_VERSION", "WORK_COUNT", "Work", "make_works", "paint", "save_gallery"]


def paint(work: Work) -> Image.Image:
    """Paint one work.

    Args:
        work: A specification from `make_works`.

    Returns:
        An RGB image of `work.width` by `work.height` pixels, 8 bits a channel. The same work
        always gives the same pixels with the same versions of numpy and Pillow.
    """
    from artextract.atelier.painting import paint_work

    return paint_work(work)
