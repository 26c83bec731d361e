"""Synthetic collections of any size, for benchmarks on any machine."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.catalog.artwork import Artwork
from artextract.errors import StoreMismatchError
from artextract.store import ModelIdentity, Point, Store, create_store, find_store
from artextract.store.location import Location

_CHUNK = 1000
_ARTISTS = 400
_CLUSTER = 150  # artworks, on average
_LATENT = 32
_SPREAD = 0.7
_NOISE = 0.7
"""Vectors are points of 32 dimensions in clusters, projected to all dimensions, with noise added.
They are as hard to search as paintings: their local intrinsic dimension (Levina and Bickel 2004, of
the 20 nearest, median) is 35; that of 2,959 WikiArt paintings by wikiart-lite0 is 34. Clusters
around orthogonal centres, a common choice, have 101, and no graph index does well on them."""

Floats = npt.NDArray[np.float32]


def make_store(
    location: Location | str,
    points: int,
    dimension: int,
    *,
    seed: int = 0,
    layout: Mapping[str, Any] | None = None,
    on_points: Callable[[int], None] = lambda points: None,
) -> Store:
    """Open the synthetic collection at ``location``, and create or complete it.

    Vectors lie in clusters, those of an artist in few of them. The number of artworks of an artist
    follows Zipf's law, so that there are filters of all selectivities. Years go from 1400 to 1950.

    Raises:
        StoreMismatchError: the collection there is another one, or has another layout.
    """
    location = Location.of(location)
    model = ModelIdentity(
        f"synthetic-{dimension}", f"{seed:04x}{dimension:08x}{points:052x}", dimension
    )
    if (found := find_store(location)) is not None:
        with found:
            made_with = found.manifest.model
        if made_with != model:
            raise StoreMismatchError(
                f"store {location} does not hold these {points:,} synthetic vectors: it was made "
                f"with {made_with}; name a new collection as `store`, or another folder as `out`"
            )
    store = create_store(location, model, layout=layout)
    if (there := store.count()) < points:
        there -= there % _CHUNK  # of a chunk that was cut off, some may be stored
    on_points(there)
    for first in range(there, points, _CHUNK):
        store.upsert(list(_chunk(first, min(_CHUNK, points - first), points, dimension, seed)))
        on_points(min(_CHUNK, points - first))
    store.settle()
    return store


def make_queries(count: int, points: int, dimension: int, *, seed: int = 0) -> Floats:
    """Return ``count`` vectors (count, d) distributed like the collection's, none of them in it."""
    rng = np.random.default_rng([seed, 1])
    space = _Space(points, dimension, seed)
    return space.draw(rng.integers(0, space.clusters, count), rng)


def _chunk(first: int, count: int, points: int, dimension: int, seed: int) -> Iterator[Point]:
    rng = np.random.default_rng([seed, 2, first])
    space = _Space(points, dimension, seed)
    artists = np.minimum(rng.zipf(1.3, count), _ARTISTS)
    own = rng.integers(0, 5, count)  # an artist has at most five clusters
    vectors = space.draw((artists * 7919 + own * 104729) % space.clusters, rng)
    years = 1400 + (artists * 37 % 500) + rng.integers(0, 50, count)
    for at in range(count):
        number, year = first + at, int(years[at])
        artwork = Artwork(
            id=f"synthetic:{number}",
            image=f"{number}",
            title=f"Work {number}",
            artist=f"Artist {artists[at]}",
            year_begin=year,
            year_end=year + 2,
        )
        yield Point(artwork.point_id, {"visual": vectors[at].tolist()}, artwork.to_payload())


class _Space:
    """The distribution of the vectors of a collection."""

    def __init__(self, points: int, dimension: int, seed: int) -> None:
        rng = np.random.default_rng([seed, 3])
        latent = min(_LATENT, dimension)
        self.clusters = max(1, points // _CLUSTER)
        self._centres = rng.normal(size=(self.clusters, latent))
        self._map = rng.normal(size=(latent, dimension)) / latent**0.5

    def draw(self, clusters: npt.NDArray[np.int64], rng: np.random.Generator) -> Floats:
        """Return a vector (n, d) of length 1 in each of ``clusters`` (n,)."""
        centres = self._centres[clusters]
        rows = _unit((centres + _SPREAD * rng.normal(size=centres.shape)) @ self._map)
        return _unit(rows + _NOISE * rng.normal(size=rows.shape) / rows.shape[1] ** 0.5).astype(
            np.float32
        )


def _unit(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return found
