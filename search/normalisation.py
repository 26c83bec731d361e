"""Weights that count as much as they say, whatever the spread of an aspect's cosines.

The cosines of one aspect are spread more widely between works than those of another, and would
outweigh them; so each weight is divided by the spread of its aspect between works at hand.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["SAMPLE", "balance"]

SAMPLE = 256
"""Works that are enough to tell the spread: the 32,640 pairs of them."""


def balance(
    vectors: Mapping[str, npt.NDArray[np.float32]], weights: Mapping[str, float]
) -> dict[str, float]:
    """Return the factor of each aspect's cosine; they add up to 1.

    Args:
        vectors: {aspect: (n, d)} of works at hand, rows of length 1; the first ``SAMPLE`` count.
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
