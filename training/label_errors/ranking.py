"""Works whose label is probably wrong, most suspicious first.

Two witnesses that have not seen a work's label are heard: a classifier trained without the work
(out of fold), and the works that look most like it to eyes trained on no label. Their opinions are
multiplied, as one would those of independent experts, and the ranking is cleanlab's label quality
(Northcutt et al. 2021, arXiv:1911.00068): what they leave for the label that was given.

Neighbours help where labels are wrong at random; where they slip to a similar class the classifier
alone does as well. Those by the same artist are heard too: they know the style better than
strangers do, and without them neighbours find injected errors half as well
(benchmarks/outlier_noise.py).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.metrics import Floats, Ints, known, softmax

__all__ = [
    "NEIGHBOURS",
    "Neighbours",
    "Suspects",
    "find_neighbours",
    "find_suspects",
    "nearest_of_class",
    "neighbour_shares",
]

NEIGHBOURS = 50
"""How many of the most alike works are heard; the nearer, the louder."""

_SHARPNESS = 20.0  # a neighbour's voice is exp(20 x cosine)
# What is left for a class that a witness rules out: no opinion is certain, few neighbours least.
_LEAST_PROBABILITY, _LEAST_SHARE = 1e-4, 0.02
_BLOCK = 1024  # works compared with all others at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """The works most alike to each: rows (n, k) by number, nearest first, and their cosines."""

    rows: Ints
    cosines: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspects:
    """All works of one attribute with a known label, by what speaks against the label.

    Arrays are (n,) and in the order of the works that were given.

    Attributes:
        quality: What both witnesses leave for the label, 0 (surely wrong) to 1.
        suggestion: The class that they favour.
        suggested: What they give that class.
        predicted: The classifier's own prediction.
        confidence: Its probability.
        own: The classifier's probability of the label.
        agreement: The share of the neighbours that have the label.
        counted: cleanlab's confident learning counts the label as an error; never that of a class's
            only work.
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
        """Return the works' numbers, most suspicious first; equal ones in the order given."""
        return np.argsort(self.quality, kind="stable")


def find_suspects(
    logits: Floats, labels: Ints, neighbours: Neighbours, names: Sequence[str]
) -> Suspects:
    """Weigh the evidence against each label.

    Args:
        logits: (n, C), of models that were not trained on the work.
        labels: (n,), all known.
        neighbours: Of the same n works.
        names: The C classes' names.

    Raises:
        InputError: a label is unknown, or as :func:`training.evaluation.metrics.known`.
    """
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    rows, kept = known(logits, labels, len(names))
    if len(kept) != len(labels):
        raise InputError(
            f"{len(labels) - len(kept)} of {len(labels)} works have no label that could be wrong; "
            "leave them out"
        )
    probabilities = softmax(rows)
    shares = neighbour_shares(neighbours, labels, len(names))
    evidence = np.sqrt((probabilities + _LEAST_PROBABILITY) * (shares + _LEAST_SHARE))
    evidence /= evidence.sum(axis=1, keepdims=True)
    each = np.arange(len(labels))
    with warnings.catch_warnings():
        # It leaves classes of a single work alone, and says so with a line of its source.
        warnings.filterwarnings("ignore", "May not flag all label issues", UserWarning)
        counted = find_label_issues(labels, evidence, n_jobs=1)
    quality = get_label_quality_scores(labels, evidence, method="self_confidence")
    return Suspects(
        quality=np.asarray(quality, np.float64),
        suggestion=evidence.argmax(axis=1),
        suggested=evidence.max(axis=1),
        predicted=probabilities.argmax(axis=1),
        confidence=probabilities.max(axis=1),
        own=probabilities[each, labels],
        agreement=(labels[neighbours.rows] == labels[:, None]).mean(axis=1),
        counted=np.asarray(counted, bool),
    )


def find_neighbours(
    embeddings: Floats, k: int = NEIGHBOURS, groups: Sequence[str | None] | None = None
) -> Neighbours:
    """Return the ``k`` most alike works of each, by cosine, itself left out.

    Args:
        embeddings: (n, D), rows of length 1.
        k: How many; fewer where there are not so many works.
        groups: Leave out works of the same group (an artist); None leaves out none.

    Raises:
        InputError: there are fewer than two works.
    """
    n = len(embeddings)
    k = min(k, n - 1)
    if k < 1:
        raise InputError(f"{n} works have no neighbours; give at least 2")
    names: Ints | None = None
    if groups is not None:  # an unknown artist is nobody else's
        alone = [f"\0{at}" if name is None else name for at, name in enumerate(groups)]
        names = np.unique(alone, return_inverse=True)[1]
    rows, cosines = np.empty((n, k), np.int64), np.empty((n, k), np.float32)
    for start in range(0, n, _BLOCK):
        block = np.asarray(embeddings[start : start + _BLOCK] @ embeddings.T, np.float32)
        each = np.arange(len(block))
        if names is not None:
            block[names[start : start + _BLOCK, None] == names[None, :]] = -2
        block[each, start + each] = -3
        near = np.argpartition(-block, k - 1, axis=1)[:, :k]
        near.sort(axis=1)  # so that equal cosines come in the order of the works
        order = np.argsort(-np.take_along_axis(block, near, axis=1), axis=1, kind="stable")
        near = np.take_along_axis(near, order, axis=1)
        rows[start : start + _BLOCK] = near
        cosines[start : start + _BLOCK] = np.take_along_axis(block, near, axis=1)
    return Neighbours(rows=rows, cosines=cosines)


def neighbour_shares(neighbours: Neighbours, labels: Ints, classes: int) -> npt.NDArray[np.float64]:
    """Return each class's share (n, classes) of a work's neighbours, near ones counting more."""
    cosines = neighbours.cosines.astype(np.float64)
    voices = np.exp(_SHARPNESS * (cosines - cosines[:, :1]))
    shares = np.zeros((len(labels), classes))
    each = np.arange(len(labels))
    for rank in range(neighbours.rows.shape[1]):
        shares[each, labels[neighbours.rows[:, rank]]] += voices[:, rank]
    shares /= shares.sum(axis=1, keepdims=True)
    return shares


def nearest_of_class(embeddings: Floats, labels: Ints, wanted: Ints, most: int) -> Ints:
    """Return for each work the ``most`` works of the class ``wanted`` (n,) that look most like it.

    A work is not its own neighbour. Rows are filled with -1 where a class has too few works, and
    where -1 is wanted.
    """
    found = np.full((len(labels), most), -1, np.int64)
    for label in np.unique(wanted[wanted >= 0]):
        members = np.flatnonzero(labels == label)
        asking = np.flatnonzero(wanted == label)
        theirs = embeddings[members].T
        for start in range(0, len(asking), _BLOCK):
            rows = asking[start : start + _BLOCK]
            cosines = np.asarray(embeddings[rows] @ theirs, np.float32)
            themselves = members[None, :] == rows[:, None]
            cosines[themselves] = -np.inf
            order = np.argsort(-cosines, axis=1, kind="stable")[:, :most]
            nearest = members[order]
            nearest[np.take_along_axis(themselves, order, axis=1)] = -1
            found[rows, : order.shape[1]] = nearest
    return found
