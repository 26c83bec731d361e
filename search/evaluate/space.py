"""The vectors of a whole collection, to be ranked exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import QueryError
from artextract.store import Store

__all__ = ["Space", "load_space"]

Matrix = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Space:
    """n works by their aspects.

    ``vectors`` is {aspect: (n, d)} with rows of length 1, or 0 where a work has none.
    """

    payloads: list[Mapping[str, Any]]
    vectors: dict[str, Matrix]

    def mixed(self, by: Mapping[str, float], rows: Sequence[int] | None = None) -> Matrix:
        """Return vectors (n, sum of d) whose scalar product is the weighted sum of cosines.

        A row is of length 1, or shorter where a work lacks an aspect.
        """
        total = sum(by.values())
        parts = [
            np.sqrt(weight / total) * (each if rows is None else each[rows])
            for each, weight in ((self.vectors[name], weight) for name, weight in by.items())
        ]
        return np.concatenate(parts, axis=1).astype(np.float32)


def load_space(store: Store, aspects: Sequence[str], keys: Sequence[str]) -> Space:
    """Read the vectors of ``aspects`` and the payload's ``keys`` of all works, one image each.

    Raises:
        QueryError: the collection has no work, or no vectors of an aspect.
    """
    for name in aspects:
        if name not in store.manifest.vectors:
            known = ", ".join(store.manifest.vectors)
            raise QueryError(f"unknown aspect {name!r}; this collection has: {known}")
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
        raise QueryError(f"collection {store.location} is empty; ingest works first")
    return Space(payloads, {name: np.stack(each) for name, each in rows.items()})
