"""Fusion: search by several aspects at once, by the exact weighted sum of their cosines.

Each aspect is searched by itself, as deep as needed: an artwork that is not among the first n of
any aspect can't exceed the sum of the n-th scores (the threshold algorithm of Fagin, Lotem and Naor
2003, doi:10.1016/S0022-0000(03)00026-6). :mod:`search.normalisation` explains the weights.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from artextract.store import Store
from artextract.store.base import NearestRequest, to_unit
from artextract.store.filters import Filter
from search.answer import Scored
from search.normalisation import SAMPLE, normalise_weights

_FIRST_DEPTH = 128
_DEEPER = 4


def search_by_several(
    store: Store,
    targets: Mapping[str, Sequence[float]],
    weights: Mapping[str, float],
    *,
    limit: int,
    filter_: Filter | None = None,
    min_score: float | None = None,
    keys: Sequence[str] | None = None,
) -> list[Scored]:
    """Return the points with the highest weighted sum, best first; equal ones in order of ids.

    Points that lack one of the vectors are left out, and all but the best image of an artwork.

    Args:
        store: The collection.
        targets: {aspect: vector to search with}.
        weights: {aspect: weight}, positive.
        limit: Most points to return.
        filter_: Only points that satisfy this filter.
        min_score: Only points with at least this score.
        keys: Payload keys to return, "id" among them; None returns all.
    """
    units = {
        name: np.asarray(to_unit(target, f"the query's vector of {name}"))
        for name, target in targets.items()
    }
    factors = _factors(store, weights)
    total = store.count(filter_)
    depth = max(_FIRST_DEPTH, 2 * limit)
    while True:
        found = {
            name: store.nearest(
                NearestRequest(
                    unit=unit.tolist(),
                    aspect=name,
                    limit=depth,
                    filter_=filter_,
                    keys=(),
                )
            )
            for name, unit in units.items()
        }
        ids = sorted({hit.id for hits in found.values() for hit in hits})
        best = _best_images(_score(store, ids, units, factors, keys))
        beyond = sum(
            factors[name] * (hits[-1].score if hits else -1.0) for name, hits in found.items()
        )
        exhausted = depth >= total or any(len(hits) < depth for hits in found.values())
        if exhausted or (len(best) >= limit and best[limit - 1].score >= beyond):
            break
        depth *= _DEEPER
    return [each for each in best[:limit] if min_score is None or each.score >= min_score]


def _factors(store: Store, weights: Mapping[str, float]) -> dict[str, float]:
    """Return the factor of each aspect's cosine, from a sample of the collection."""
    sample = list(islice(store.scroll(keys=(), with_vectors=True, page_size=SAMPLE), SAMPLE))
    vectors = {
        name: np.asarray(
            [each.vectors[name] for each in sample if name in each.vectors], np.float32
        )
        for name in weights
    }
    return normalise_weights(vectors, weights)


def _score(
    store: Store,
    ids: Sequence[str],
    units: Mapping[str, Any],
    factors: Mapping[str, float],
    keys: Sequence[str] | None,
) -> list[Scored]:
    """Return the points of ``ids`` that have all vectors, each with its exact score."""
    scored = []
    for record in store.retrieve(ids, keys=keys, with_vectors=True).values():
        if not units.keys() <= record.vectors.keys():
            continue
        cosines = {name: float(unit @ record.vectors[name]) for name, unit in units.items()}
        shares = {name: factors[name] * cosine for name, cosine in cosines.items()}
        scored.append(Scored(record.id, sum(shares.values()), cosines, shares, record.payload))
    return scored


def _best_images(scored: list[Scored]) -> list[Scored]:
    """Return the best image of each artwork, best first."""
    first: dict[str, Scored] = {}
    for each in sorted(scored, key=lambda each: (-each.score, each.id)):
        first.setdefault(each.payload.get("id", each.id), each)
    return list(first.values())
