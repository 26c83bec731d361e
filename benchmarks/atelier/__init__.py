"""Synthetic paintings: 240 images painted by code, with every factor known.

Each image combines a way of painting, a scene, a composition, a palette, a light and, for people,
a head orientation. Tests and benchmarks import it from the repository's root, as
``from benchmarks import atelier``. The demo's archive is made from it by
``python -m benchmarks.atelier.make_archive``.
"""

from benchmarks.atelier.painting import paint as paint
from benchmarks.atelier.save import save_gallery as save_gallery
from benchmarks.atelier.works import WORK_COUNT as WORK_COUNT
from benchmarks.atelier.works import Work as Work
from benchmarks.atelier.works import make_works as make_works
