"""Does a picture show the very things that the query shows? Local features that agree on a place.

Vectors of whole pictures miss a work of which the query is a small detail. Corners and blobs of
the one are found again in the other here (SIFT), and count where one shift, turn and scale takes
them all there: "spatial verification" of a short list, after Philbin et al., "Object retrieval with
large vocabularies and fast spatial matching" (CVPR 2007).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.packages import check_packages
from search.engine import Answer, Result

__all__ = [
    "CANDIDATES",
    "SIDE",
    "Features",
    "check_opencv",
    "count_matches",
    "find_features",
    "verify",
]

SIDE = 384
"""Pixels of a picture's longest side in which features are looked for."""

CANDIDATES = 100
"""How many works are looked at where nobody says."""

_MOST_FEATURES = 1000
_CONTRAST = 0.02  # half of SIFT's usual threshold: skies and gowns have features, too
_RATIO = 0.8  # Lowe, "Distinctive image features from scale-invariant keypoints" (2004), 7.1
_TOLERANCE = 6.0
_SCALES = (1 / 12, 12.0)
_FEWEST = 8
"""Matches below which the agreement may be chance, and counts as none."""


@dataclass(frozen=True, slots=True)
class Features:
    """What is found again in other pictures.

    ``points`` are places in pixels, float32 (n, 2), columns x and y; ``descriptors`` what it looks
    like around them, float32 (n, 128), unit vectors.
    """

    points: npt.NDArray[np.float32]
    descriptors: npt.NDArray[np.float32]


def check_opencv() -> None:
    """Check that OpenCV is installed, which finds the features.

    Raises:
        PackageError: it is not.
    """
    check_packages("--verify", {"cv2": "opencv-python-headless"}, extra="verify")


def find_features(image: PIL.Image.Image) -> Features:
    """Return the local features of a picture: at most 1,000 or so, the strongest.

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
    """Return how many places of ``one`` are found again in ``other``, all by the same movement.

    That is a shift, turn and even scaling (RANSAC, always with the same numbers drawn). 0 where
    fewer than 8 are, which happens by chance.
    """
    import cv2

    pairs = _alike(one.descriptors, other.descriptors)
    if len(pairs) < _FEWEST:
        return 0
    here, there = one.points[pairs[:, 0]], other.points[pairs[:, 1]]
    cv2.setRNGSeed(0)
    movement, agree = cv2.estimateAffinePartial2D(
        here, there, method=cv2.RANSAC, ransacReprojThreshold=_TOLERANCE
    )
    if movement is None or not _SCALES[0] < np.hypot(*movement[:, 0]) < _SCALES[1]:
        return 0
    kept = agree.ravel().astype(bool)
    # One place may have several features, of different sizes or turned differently.
    places = min(len(np.unique(np.rint(points[kept]), axis=0)) for points in (here, there))
    return places if places >= _FEWEST else 0


def _alike(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
    """Return (n, 2) rows of both that are each other's nearest, and clearly nearer than the next.

    "Clearly" is the ratio test of Lowe (2004): at most 0.8 of the distance to the next.
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
    query: Features,
    look: Callable[[Result], Features],
    *,
    limit: int,
) -> Answer:
    """Return the answer with the works first that show the same things as ``query``.

    Those come by the number of places that were found again, which is each result's ``matches``;
    the others follow as they were, with 0.

    Args:
        answer: What was found by vectors; all its results are looked at.
        query: Those of the picture that was asked for.
        look: What gives those of a result's picture, taken at the same ``SIDE``.
        limit: Most results to return.
    """
    counted = [
        replace(result, matches=count_matches(query, look(result))) for result in answer.results
    ]
    ordered = sorted(counted, key=lambda result: -(result.matches or 0))
    ranked = [replace(each, rank=rank) for rank, each in enumerate(ordered[:limit], start=1)]
    return replace(answer, results=ranked)
