"""The vectors of a whole collection, for exact ranking."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import QueryError
from artextract.store import Store
from search.engine import check_aspects
from search.normalisation import normalise_weights

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Space:
    """The payloads and vectors of n artworks.

    ``vectors`` is {aspect: (n, d)} with rows of length 1, or 0 for an artwork without one.
    """

    payloads: list[Mapping[str, Any]]
    vectors: dict[str, Matrix]

    def mix(self, by: Mapping[str, float]) -> "Mix":
        """Return the vectors of several aspects joined, weighted as in a search."""
        rows = {name: each[np.any(each, axis=1)] for name, each in self.vectors.items()}
        factors = normalise_weights(rows, by)
        gallery = [np.sqrt(factor) * self.vectors[name] for name, factor in factors.items()]
        has_all = np.all([np.any(self.vectors[name], axis=1) for name in by], axis=0)
        return Mix(factors, np.concatenate(gallery, axis=1).astype(np.float32), has_all)


@dataclass(frozen=True, slots=True)
class Mix:
    """Joined vectors: the scalar product of two rows is the weighted sum of cosines.

    ``rows`` is (n, d), of length 1, or less for an artwork that lacks an aspect; ``has_all`` (n,)
    says which lack none.
    """

    factors: Mapping[str, float]
    rows: Matrix
    has_all: npt.NDArray[np.bool_]

    def row(self, vectors: Mapping[str, Sequence[float]]) -> Matrix | None:
        """Return the row of an image's vectors; None if it lacks an aspect."""
        if not self.factors.keys() <= vectors.keys():
            return None
        parts = [
            np.sqrt(factor) * np.asarray(vectors[name]) for name, factor in self.factors.items()
        ]
        return np.concatenate(parts).astype(np.float32)


def load_space(store: Store, aspects: Sequence[str], keys: Sequence[str]) -> Space:
    """Read the vectors of ``aspects`` and the payload ``keys`` of all artworks, one image each.

    Raises:
        QueryError: the collection is empty, or has no vectors of an aspect.
    """
    check_aspects(store, aspects)
    payloads: list[Mapping[str, Any]] = []
    rows: dict[str, list[Matrix]] = {name: [] for name in aspects}
    for record in store.scroll(keys=[*keys, "id", "view"], with_vectors=True):
        if record.payload.get("view") == "alternate":
            continue
        payloads.append(record.payload)
        for name in aspects:
            vector = record.vectors.get(name)
            size = store.manifest.vectors[name]
            rows[name].append(
                np.zeros(size, np.float32) if vector is None else np.asarray(vector, np.float32)
            )
    if not payloads:
        raise QueryError(f"collection {store.location} is empty; ingest artworks first")
    return Space(payloads, {name: np.stack(each) for name, each in rows.items()})
