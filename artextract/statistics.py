"""Bootstrap intervals (Efron and Tibshirani 1993, chapter 13).

A replicate draws as many items as there are, with replacement; the middle 95 % of the replicates'
statistics is the interval. ``scipy.stats.bootstrap`` calls the statistic with each replicate's
items; counting how often each item was drawn lets means and confusion counts of thousands of
replicates be one matrix product.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError

REPEATS = 2000
"""Replicates; with 2,000 the ends of a 95 % interval repeat to about a hundredth of its width."""

_CHUNK = 1 << 22  # items that are counted at once, to bound memory


def resample(n: int, *, repeats: int = REPEATS, seed: int = 0) -> Iterator[npt.NDArray[np.float64]]:
    """Iterate over how often each of ``n`` items was drawn, (replicates, n), some rows at a time.

    Raises:
        InputError: ``repeats`` is below 1.
    """
    if repeats < 1:
        raise InputError(f"a bootstrap of {repeats} replicates gives no interval; give at least 1")
    random = np.random.default_rng(seed)
    rows = max(1, _CHUNK // n)
    for start in range(0, repeats, rows):
        count = min(rows, repeats - start)
        drawn = random.integers(n, size=(count, n)) + np.arange(count)[:, None] * n
        yield np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n).astype(np.float64)


def interval(values: npt.NDArray[np.float64]) -> tuple[float, float]:
    """Return the ends of the 95 % percentile interval of the replicates' ``values`` (R,)."""
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
