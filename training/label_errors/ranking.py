"""Ranking labels by how probably they are wrong.

The evidence are a classifier that was trained without the sample (out of fold), and the sample's
nearest neighbours by an embedding that was trained on no label. Their class probabilities are
multiplied like those of independent experts, and the ranking is cleanlab's label quality (Northcutt
et al. 2021, arXiv:1911.00068): the probability that remains for the given label.

Neighbours help where labels are wrong at random; where they are confused with a similar class the
classifier alone is as good. Neighbours by the same artist are included: without them neighbours
find injected errors half as well (benchmarks/outlier_noise.py).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.metrics import Floats, Ints, known, softmax

NEIGHBOURS = 50
"""Neighbours of a sample, weighted by similarity."""

_SHARPNESS = 20.0  # a neighbour weighs exp(20 x cosine)
# Floors, since neither the classifier nor a few neighbours can rule a class out.
_LEAST_PROBABILITY, _LEAST_SHARE = 1e-4, 0.02
_BLOCK = 1024  # samples compared with all others at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Each sample's nearest ones: rows (n, k), nearest first, and their cosines."""

    rows: Ints
    cosines: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """All samples of one attribute with a known label, and the evidence against the label.

    Arrays are (n,), in the order of the samples.

    Attributes:
        quality: The combined probability of the label, 0 (surely wrong) to 1.
        suggestion: The class of the highest combined probability.
        suggested: That probability.
        predicted: The classifier's prediction.
        confidence: Its probability.
        own: The classifier's probability of the label.
        agreement: The share of the neighbours that have the label.
        counted: cleanlab's confident learning counts the label as an error; never that of a class's
            only sample.
    """

    quality: npt.NDArray[np.float64]
    suggestion: Ints
    suggested: npt.NDArray[np.float64]
    predicted: Ints
    confidence: npt.NDArray[np.float64]
    own: npt.NDArray[np.float64]
    agreement: npt.NDArray[np.float64]
    counted: npt.NDArray[np.bool_]

    def ranking(self) -> Ints:
        """Return the rows, most suspicious first; equal ones in the given order."""
        return np.argsort(self.quality, kind="stable")


def find_suspects(
    logits: Floats, labels: Ints, neighbours: Neighbours, names: Sequence[str]
) -> Suspects:
    """Combine the evidence against each label.

    Args:
        logits: (n, C), of models that were not trained on the sample.
        labels: (n,), all known.
        neighbours: Of the same n samples.
        names: The C classes' names.

    Raises:
        InputError: a label is unknown, or as :func:`training.evaluation.metrics.known`.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    rows, own = known(logits, labels, len(names))
    if len(own) != len(labels):
        raise InputError(
            f"{len(labels) - len(own)} of {len(labels)} samples have an unknown label; leave them "
            "out"
        )
    probabilities = softmax(rows)
    shares = neighbour_shares(neighbours, labels, len(names))
    evidence = np.sqrt((probabilities + _LEAST_PROBABILITY) * (shares + _LEAST_SHARE))
    evidence /= evidence.sum(axis=1, keepdims=True)
    with warnings.catch_warnings():
        # It ignores classes of a single sample, and warns about it.
        warnings.filterwarnings("ignore", "May not flag all label issues", UserWarning)
        counted = find_label_issues(labels, evidence, n_jobs=1)
    quality = get_label_quality_scores(labels, evidence, method="self_confidence")
    return Suspects(
        quality=np.asarray(quality, np.float64),
        suggestion=evidence.argmax(axis=1),
        suggested=evidence.max(axis=1),
        predicted=probabilities.argmax(axis=1),
        confidence=probabilities.max(axis=1),
        own=probabilities[np.arange(len(labels)), labels],
        agreement=(labels[neighbours.rows] == labels[:, None]).mean(axis=1),
        counted=np.asarray(counted, bool),
    )


def find_neighbours(
    embeddings: Floats, k: int = NEIGHBOURS, groups: Sequence[str | None] | None = None
) -> Neighbours:
    """Return the ``k`` nearest samples of each by cosine, itself left out.

    Args:
        embeddings: (n, D), rows of length 1.
        k: How many; fewer where there are fewer samples.
        groups: Leave out samples of the same group (an artist); None leaves out none.

    Raises:
        InputError: there are fewer than two samples.
    """
    n = len(embeddings)
    k = min(k, n - 1)
    if k < 1:
        raise InputError(f"{n} samples have no neighbours; give at least 2")
    names: Ints | None = None
    if groups is not None:  # an unknown artist is a group of its own
        keys = [f"\0{at}" if name is None else name for at, name in enumerate(groups)]
        names = np.unique(keys, return_inverse=True)[1]
    rows, cosines = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for start in range(0, n, _BLOCK):
        block = np.asarray(embeddings[start : start + _BLOCK] @ embeddings.T, np.float32)
        each = np.arange(len(block))
        if names is not None:
            block[names[start : start + _BLOCK, None] == names[None, :]] = -2
        block[each, start + each] = -3
        near = np.argpartition(-block, k - 1, axis=1)[:, :k]
        near.sort(axis=1)  # so that equal cosines are in the order of the samples
        order = np.argsort(-np.take_along_axis(block, near, axis=1), axis=1, kind="stable")
        near = np.take_along_axis(near, order, axis=1)
        rows[start : start + _BLOCK] = near
        cosines[start : start + _BLOCK] = np.take_along_axis(block, near, axis=1)
    return Neighbours(rows=rows, cosines=cosines)


def neighbour_shares(neighbours: Neighbours, labels: Ints, classes: int) -> npt.NDArray[np.float64]:
    """Return each class's share (n, classes) of a sample's neighbours, weighted by similarity."""
    cosines = neighbours.cosines.astype(np.float64)
    weights = np.exp(_SHARPNESS * (cosines - cosines[:, :1]))
    shares = np.zeros((len(labels), classes))
    each = np.arange(len(labels))
    for rank in range(neighbours.rows.shape[1]):
        shares[each, labels[neighbours.rows[:, rank]]] += weights[:, rank]
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def nearest_of_class(embeddings: Floats, labels: Ints, classes: Ints, most: int) -> Ints:
    """Return each sample's ``most`` nearest samples of the class ``classes[i]``, (n, most).

    A sample is not its own neighbour. Rows are filled with -1 where a class has too few samples,
    and where ``classes`` (n,) is -1.
    """
    found = np.full((len(labels), most), -1, np.int64)
    for label in np.unique(classes[classes >= 0]):
        members = np.flatnonzero(labels == label)
        queries = np.flatnonzero(classes == label)
        of_members = embeddings[members].T
        for start in range(0, len(queries), _BLOCK):
            rows = queries[start : start + _BLOCK]
            cosines = np.asarray(embeddings[rows] @ of_members, np.float32)
            itself = members[None, :] == rows[:, None]
            cosines[itself] = -np.inf
            order = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
            nearest = members[order]
            nearest[np.take_along_axis(itself, order, axis=1)] = -1
            found[rows, : order.shape[1]] = nearest
    return found
