"""Figures of retrieval with their intervals.

All are means over queries of a number of each query, with the 95 % intervals of
:mod:`artextract.statistics`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artextract.statistics import interval, resample

Floats = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]

_ROWS = 512  # queries that are ranked at once, to bound memory


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over ``n`` queries, 0 to 1, and the ends of its 95 % interval."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


def figure(values: Sequence[float] | Floats, seed: int = 0) -> Figure:
    """Return the mean of a value of each query; NaN for no query."""
    numbers = np.asarray(values, np.float64)
    if not len(numbers):
        return Figure(float("nan"), float("nan"), float("nan"), 0)
    means = [drawn @ numbers / len(numbers) for drawn in resample(len(numbers), seed=seed)]
    return Figure(float(numbers.mean()), *interval(np.concatenate(means)), len(numbers))


def of_ranks(ranks: Sequence[int | None]) -> dict[str, Figure]:
    """Return Top-1, Recall@5 and MRR from the rank of each query's first relevant result.

    Ranks count from 1; None, for a query without a relevant result, counts as 0.
    """
    return {
        "Top-1": figure([rank == 1 for rank in ranks]),
        "Recall@5": figure([rank is not None and rank <= 5 for rank in ranks]),
        "MRR": figure([0.0 if rank is None else 1 / rank for rank in ranks]),
    }


def of_labels(
    vectors: Matrix,
    labels: Sequence[str],
    *,
    k: int,
    apart: Sequence[Sequence[str]] = (),
) -> dict[str, Floats]:
    """Return P@k and mAP@R of each query, {name: (n,)}; NaN if nothing is relevant.

    Each row is a query, compared by cosine with all others. P@k is the share of the k nearest with
    the label of the query. AP@R is the mean over the R nearest, where R is the number of relevant
    ones, of the precision at each relevant one (Musgrave, Belongie and Lim 2020, arXiv:2003.08505,
    section 4.1).

    Args:
        vectors: (n, d), of length 1.
        labels: n labels.
        k: Number of neighbours for P@k.
        apart: Columns of n values, such as objects or artists: rows that share a value with the
            query are not its results. Empty values share nothing.
    """
    rows = np.asarray(labels)
    columns = [np.asarray(column) for column in apart]
    precision, average = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
    for first in range(0, len(rows), _ROWS):
        block = slice(first, min(first + _ROWS, len(rows)))
        scores = vectors[block] @ vectors.T
        excluded = np.arange(len(rows))[None, :] == np.arange(block.start, block.stop)[:, None]
        for column in columns:
            excluded |= (column[None, :] == column[block][:, None]) & (column[block] != "")[:, None]
        scores[excluded] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")
        for at in range(block.start, block.stop):
            ranked = order[at - block.start]
            allowed = ranked[~excluded[at - block.start][ranked]]
            right = rows[allowed] == rows[at]
            relevant = int(right.sum())
            if not relevant:
                continue
            precision[at] = right[:k].mean()
            top = right[:relevant]
            average[at] = (np.cumsum(top) / np.arange(1, relevant + 1) * top).sum() / relevant
    return {f"P@{k}": precision, "mAP@R": average}
