"""Re-ranking by geometric verification: local features of the query that match in another image.

Vectors of whole images miss an artwork of which the query is a small detail. SIFT features are
matched here, and count where one shift, rotation and scale maps them all: "spatial verification" of
a short list, after Philbin et al., "Object retrieval with large vocabularies and fast spatial
matching" (CVPR 2007).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import PIL.Image

from search.answer import Answer, Result

SIDE = 384
"""Longest side in pixels of the images in which features are detected."""

CANDIDATES = 100
"""Default number of artworks to re-rank."""

_MOST_FEATURES = 1000
_CONTRAST = 0.02  # half of SIFT's default threshold: skies and gowns have features, too
_RATIO = 0.8  # Lowe, "Distinctive image features from scale-invariant keypoints" (2004), 7.1
_TOLERANCE = 6.0
_SCALES = (1 / 12, 12.0)
_FEWEST = 8
"""Fewer inliers than these may agree by chance, and count as none."""


@dataclass(frozen=True, slots=True)
class Features:
    """Local features of an image.

    Attributes:
        points: Positions in pixels, float32 (n, 2), columns x and y.
        descriptors: float32 (n, 128), unit vectors.
    """

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[np.float32]


def find_features(image: PIL.Image.Image) -> Features:
    """Return the strongest local features of an image, about 1,000 at most.

    SIFT (Lowe 2004), its histograms compared by the Hellinger kernel ("RootSIFT": Arandjelović and
    Zisserman, "Three things everyone should know to improve object retrieval", CVPR 2012).
    """
    import cv2

    sift = cv2.SIFT.create(nfeatures=_MOST_FEATURES, contrastThreshold=_CONTRAST)
    found, histograms = sift.detectAndCompute(np.asarray(image.convert("L")), None)
    if histograms is None:
        return Features(np.zeros((0, 2), np.float32), np.zeros((0, 128), np.float32))
    points = np.asarray([each.pt for each in found], np.float32)
    share = histograms / np.maximum(histograms.sum(axis=1, keepdims=True), 1e-9)
    return Features(points, np.sqrt(share).astype(np.float32))


def count_matches(one: Features, other: Features) -> int:
    """Return the number of inliers: features that match under one similarity transform.

    The transform (shift, rotation, uniform scale) is estimated by RANSAC with a fixed seed. Fewer
    than 8 inliers happen by chance and count as 0.
    """
    import cv2

    pairs = _match(one.descriptors, other.descriptors)
    if len(pairs) < _FEWEST:
        return 0
    here, there = one.points[pairs[:, 0]], other.points[pairs[:, 1]]
    cv2.setRNGSeed(0)
    transform, agree = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE
    )
    if transform is None or not _SCALES[0] < np.hypot(*transform[:, 0]) < _SCALES[1]:
        return 0
    kept = agree.ravel().astype(bool)
    # One position may have several features, of different scales or orientations.
    positions = min(len(np.unique(np.rint(points[kept]), axis=0)) for points in (here, there))
    return positions if positions >= _FEWEST else 0


def _match(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Return (n, 2) rows of both that are mutual nearest neighbours and pass the ratio test.

    The test of Lowe (2004) demands at most 0.8 of the distance to the second nearest.
    """
    if min(len(one), len(other)) < 2:
        return np.zeros((0, 2), np.intp)
    cosine = one @ other.T
    nearest = cosine.argmax(axis=1)
    rows = np.arange(len(one))
    mutual = cosine.argmax(axis=0)[nearest] == rows
    best = cosine[rows, nearest]
    cosine[rows, nearest] = -1
    # The distance of unit vectors squared is 2 - 2 cosine; below 1e-6 that is but rounding.
    clear = np.maximum(1 - best, 1e-6) < _RATIO**2 * (1 - cosine.max(axis=1))
    chosen = rows[mutual & clear]
    return np.stack([chosen, nearest[chosen]], axis=1)


def verify(
    answer: Answer,
    query_of: Callable[[Result], Features],
    features_of: Callable[[Result], Features],
    *,
    limit: int,
) -> Answer:
    """Return the answer re-ranked by how well each image matches the query geometrically.

    The results with inliers come first, by their number, which is each result's ``matches``; the
    others follow in their order, with 0.

    Args:
        answer: What was found for one query; all its results are compared.
        query_of: Returns the features of the query image, or of where in it a result was found.
        features_of: Returns the features of a result's image, detected at the same ``SIDE``.
        limit: Maximum number of results to return.
    """
    counted = [
        replace(each, matches=count_matches(query_of(each), features_of(each)))
        for each in answer.results
    ]
    ordered = sorted(counted, key=lambda result: -(result.matches or 0))
    ranked = [replace(each, rank=rank) for rank, each in enumerate(ordered[:limit], start=1)]
    return replace(answer, results=ranked)
