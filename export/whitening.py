"""Whitening of embeddings: directions in which views of one image differ are weighted down.

The covariance of what views of an image differ by from it is whitened, and of the result the
principal components are kept (Mikolajczyk and Matas 2007, "Improving descriptors for fast tree
matching by optimal linear projection"; Radenović et al. 2018, arXiv:1711.02512, section 3.4). Small
variances are raised by a share of the mean one, since few views measure them badly.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

COMPONENTS = 512
SHRINKAGE = 0.1
"""Share of the mean variance that is added to each."""

SAMPLES_PER_COMPONENT = 4
"""With fewer samples, the last components are noise."""

_MIN_COMPONENTS = 16


@dataclass(frozen=True, slots=True)
class Whitening:
    """``(unit vector - mean) @ projection``: mean (d,) and projection (d, components), float32."""

    mean: npt.NDArray[np.float32]
    projection: npt.NDArray[np.float32]


def fit_whitening(
    rows: npt.NDArray[np.floating], views: npt.NDArray[np.floating]
) -> Whitening | None:
    """Return the whitening of images' embeddings; None where there are too few.

    Args:
        rows: (n, d), of the images; they are normalised first.
        views: (n, v, d), of changed views of each, likewise.
    """
    unit, changed = _normalise(rows), _normalise(views)
    count = min(COMPONENTS, unit.shape[1], len(unit) // SAMPLES_PER_COMPONENT)
    if count < _MIN_COMPONENTS:
        return None
    differences = (changed - unit[:, None]).reshape(-1, unit.shape[1])  # (n v, d)
    variances, axes = np.linalg.eigh(differences.T @ differences / len(differences))
    whiten = axes / np.sqrt(variances + SHRINKAGE * variances.mean())  # (d, d)
    mean = unit.mean(axis=0)
    whitened = (unit - mean) @ whiten
    _, components = np.linalg.eigh(whitened.T @ whitened)  # variances ascend
    projection = whiten @ components[:, ::-1][:, :count]
    return Whitening(mean.astype(np.float32), projection.astype(np.float32))


def _normalise(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
    exact = np.asarray(rows, np.float64)
    unit: npt.NDArray[np.float64] = exact / np.linalg.norm(exact, axis=-1, keepdims=True)
    return unit
