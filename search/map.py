"""The map of a collection: similar artworks lie side by side."""

import warnings
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.catalog.artwork import split_values
from artextract.catalog.predictions import suggestions
from artextract.errors import QueryError
from artextract.store import Record, Store
from search.names import one_image_each

MOST_NAMES = 12
"""Maximum number of values with a colour of their own; all others share one."""

_KEYS = ("id", "style", "genre", "nationality", "year_begin", "year_end", "predicted")
_FEWEST = 10
_TOP = 65_535

Vectors = npt.NDArray[np.float32]


def make_map(store: Store, *, aspect: str = "visual", seed: int = 0) -> dict[str, Any]:
    """Return the position of each artwork by one aspect, and what it can be coloured by.

    The values are those of :class:`search.web.schemas.MapOut`: ids and points of artworks,
    ``x`` and ``y`` as whole numbers from 0 to 65,535, and for each colouring its names and the
    index of each artwork's name (-1 for none).

    Raises:
        QueryError: fewer than ten artworks have such a vector.
    """
    rows, records = [], []
    for record in store.scroll(one_image_each(), keys=_KEYS, with_vectors=True):
        if aspect in record.vectors:
            rows.append(np.asarray(record.vectors[aspect], np.float32))
            records.append(Record(record.id, record.payload, {}))
    if len(rows) < _FEWEST:
        raise QueryError(
            f"{len(rows)} artworks have a vector for {aspect}; a map needs {_FEWEST} or more"
        )
    positions = lay_out(np.stack(rows), seed=seed)
    clusters = _find_clusters(positions)
    scaled = _scale(positions)
    return {
        "ids": [record.payload["id"] for record in records],
        "points": [record.id for record in records],
        "x": scaled[:, 0].tolist(),
        "y": scaled[:, 1].tolist(),
        "colours": _colour(records, clusters),
    }


def lay_out(vectors: Vectors, *, seed: int) -> Vectors:
    """Return a position (x, y) for each unit vector, by UMAP with the cosine distance.

    UMAP: McInnes, Healy, Melville 2018, arXiv:1802.03426, with 15 neighbours, least distance .1.
    The same vectors and seed give the same positions.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ImportWarning
        )  # that TensorFlow is missing, which is not needed
        import umap

    reducer = umap.UMAP(
        n_neighbors=min(15, len(vectors) - 1), min_dist=0.1, metric="cosine", random_state=seed,
        n_jobs=1, init="spectral" if len(vectors) > 50 else "random",
    )  # fmt: skip
    placed: Vectors = np.asarray(reducer.fit_transform(vectors), np.float32)
    return placed


def _find_clusters(positions: Vectors) -> npt.NDArray[np.int64]:
    """Return the number of each position's cluster, the largest 0; -1 for none.

    HDBSCAN: Campello, Moulavi, Sander 2013, doi:10.1007/978-3-642-37456-2_14, on the
    positions themselves, so that a cluster is one on the map, too.
    """
    from sklearn.cluster import HDBSCAN

    least = max(5, len(positions) // 100)
    labels = HDBSCAN(min_cluster_size=least, min_samples=5, copy=True).fit_predict(positions)
    order = [label for label, _ in Counter(labels[labels >= 0].tolist()).most_common()]
    number = {label: at for at, label in enumerate(order)} | {-1: -1}
    return np.asarray([number[label] for label in labels.tolist()], np.int64)


def _scale(positions: Vectors) -> npt.NDArray[np.int64]:
    """Return the positions as whole numbers that fill a square, their proportions kept."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    side = float((high - low).max()) or 1.0
    centred = (positions - (low + high) / 2) / side + 0.5
    whole: npt.NDArray[np.int64] = np.rint(centred * _TOP).astype(np.int64)
    return whole


def _colour(records: Sequence[Record], clusters: npt.NDArray[np.int64]) -> dict[str, Any]:
    """Return {name: {names, of}} of each colouring with more than one value."""
    payloads = [record.payload for record in records]
    ways: dict[str, list[str | None]] = {
        "style": [_first(payload.get("style")) for payload in payloads],
        "predicted style": [_suggested(payload, "style") for payload in payloads],
        "genre": [_first(payload.get("genre")) for payload in payloads],
        "predicted genre": [_suggested(payload, "genre") for payload in payloads],
        "nationality": [_first(payload.get("nationality")) for payload in payloads],
    }
    coloured = {way: _index(values) for way, values in ways.items() if len(set(values)) > 1}
    coloured |= {"century": _centuries(payloads)}
    names = _name_clusters(ways, clusters)
    return coloured | {"cluster": {"names": names, "of": clusters.tolist()}}


def _index(values: Sequence[str | None]) -> dict[str, Any]:
    """Return the commonest values, and for each value its index; "other" for the rest."""
    counts = Counter(value for value in values if value is not None).most_common()
    names = [name for name, _ in counts[:MOST_NAMES]]
    if len(counts) > MOST_NAMES:
        names.append("other")
    place = {name: at for at, name in enumerate(names[:MOST_NAMES])}
    of = [-1 if value is None else place.get(value, MOST_NAMES) for value in values]
    return {"names": names, "of": of}


def _centuries(payloads: Sequence[Any]) -> dict[str, Any]:
    """Return the century of each artwork's middle year, in chronological order."""
    of: list[int | None] = []
    for payload in payloads:
        known = [payload[key] for key in ("year_begin", "year_end") if key in payload]
        of.append((sum(known) // len(known) - 1) // 100 + 1 if known else None)
    present = sorted({century for century in of if century is not None})
    place = {century: at for at, century in enumerate(present)}
    names = [f"{_ordinal(each)} century" if each > 0 else f"{1 - each}. century BC"
             for each in present]  # fmt: skip
    return {"names": names, "of": [-1 if each is None else place[each] for each in of]}


def _ordinal(number: int) -> str:
    teens = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teens else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _name_clusters(ways: dict[str, list[str | None]], clusters: npt.NDArray[np.int64]) -> list[str]:
    """Return a name for each cluster: genres and styles that are most typical of it."""
    names = []
    for cluster in range(int(clusters.max()) + 1):
        inside = np.flatnonzero(clusters == cluster)
        words = []
        for way in ("genre", "predicted genre", "style", "predicted style"):
            values = ways[way]
            everywhere = Counter(values)
            here = Counter(values[at] for at in inside)
            ranked = [
                (count, value) for value, count in here.most_common() if value is not None
                and count / len(inside) > 1.25 * everywhere[value] / len(values)
                and count >= 0.2 * len(inside)
            ]  # fmt: skip
            if ranked and ranked[0][1] not in words:
                words.append(ranked[0][1])
        names.append(f"{cluster + 1}: {', '.join(words[:2])}" if words else str(cluster + 1))
    return names


def _first(value: str | None) -> str | None:
    return split_values(value)[0] if value else None


def _suggested(payload: Any, attribute: str) -> str | None:
    found = suggestions(payload).get(attribute)
    return found[0] if found else None
