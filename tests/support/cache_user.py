"""What threads and processes do to one image cache at the same time.

A process finds its function by the name of the module, and packages bring modules called ``tests``
of their own, so it stands here.
"""

from pathlib import Path

from artextract.images.cache import ImageCache

__all__ = ["keep_and_find"]


def keep_and_find(folder: Path, first: int) -> None:
    """Keep 60 pictures in turn, 20 different ones, and find each."""
    cache = ImageCache(folder)
    for number in range(first, first + 60):
        data = b"%d" % (number % 20) * 5000
        cache.keep(str(number % 20), data)
        assert cache.find(str(number % 20)) == data
