"""What is usual in paintings: means that are taken off vectors, so that unrelated works score 0.

A histogram has no negative numbers, so any two of them have a high cosine. Less the mean over many
paintings, the cosine says how alike two works are beyond what all paintings share. The means are
those of 2,366 works of WikiArt (`python benchmarks/usual_painting.py`), kept in ``usual.npz``.
"""

from functools import cache
from importlib import resources

import numpy as np

from artextract.aspects.grid import Floats

__all__ = ["FILE_NAME", "usual"]

FILE_NAME = "usual.npz"


@cache
def usual(name: str) -> Floats:
    """Return the mean of one kind of histogram: "palette" or "lightness"."""
    with (resources.files("artextract.aspects") / FILE_NAME).open("rb") as file:
        with np.load(file) as means:
            mean: Floats = means[name]
    return mean
