"""Background statistics: the means of histograms over many paintings.

A histogram has no negative numbers, so any two have a high cosine. Less the mean over many
paintings, unrelated paintings have a cosine of about 0. The means are those of 2,366 paintings of
WikiArt, in ``background.npz`` (written by ``python benchmarks/background_statistics.py``).
"""

from functools import cache
from typing import Literal

from artextract.aspects.grid import Floats

FILE_NAME = "background.npz"


@cache
def background(name: Literal["palette", "lightness", "face", "pose", "people"]) -> Floats:
    """Return the mean of one kind of histogram, float32."""
    from importlib import resources

    import numpy as np

    with (resources.files("artextract.aspects") / FILE_NAME).open("rb") as file:
        with np.load(file) as means:
            mean: Floats = means[name]
    return mean
