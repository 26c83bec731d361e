"""Score normalisation: weights that hold whatever the spread of an aspect's cosines.

The cosines of one aspect vary more between artworks than those of another, and would outweigh them.
So each weight is divided by the standard deviation of its aspect's cosines in a sample.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

SAMPLE = 256
"""Size of the sample; 256 artworks make 32,640 pairs."""


def normalise_weights(
    vectors: Mapping[str, npt.NDArray[np.float32]], weights: Mapping[str, float]
) -> dict[str, float]:
    """Return the factor of each aspect's cosine; they add up to 1.

    Args:
        vectors: {aspect: (n, d)} of a sample, rows of length 1; the first ``SAMPLE`` are used.
        weights: {aspect: weight}, positive.
    """
    factors = {}
    for name, weight in weights.items():
        rows = vectors[name][:SAMPLE]
        spread = 1.0
        if len(rows) > 2:
            pairs = np.triu_indices(len(rows), 1)
            spread = float((rows @ rows.T)[pairs].std()) or 1.0
        factors[name] = weight / spread
    total = sum(factors.values())
    return {name: factor / total for name, factor in factors.items()}
