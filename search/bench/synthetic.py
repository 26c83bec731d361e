"""Made-up collections of any size, for comparisons on any machine."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from artextract.artwork import Artwork
from artextract.errors import InputError
from artextract.store import ModelIdentity, Point, Store, create_store

__all__ = ["make_queries", "make_store"]

_CHUNK = 1000
_ARTISTS = 400
_SPREAD = 0.7
"""Of a vector about the centre of its cluster: the sum of its parts' variances, the centre's being
1. Two vectors of a cluster have a cosine of about 0.67."""

Floats = npt.NDArray[np.float32]


def make_store(
    location: str,
    points: int,
    dimension: int,
    *,
    seed: int = 0,
    on_points: Callable[[int], None] = lambda points: None,
) -> Store:
    """Open the made-up collection at ``location``, making or finishing it where it is not whole.

    Vectors lie in clusters, one for about 100 of them. An artist's works lie in few clusters; how
    many he has follows Zipf's law, so that filters of all selectivities can be asked for. Years go
    from 1400 to 1950.

    Raises:
        StoreMismatchError: the collection there is another one.
    """
    model = ModelIdentity(
        f"synthetic-{dimension}", f"{seed:04x}{dimension:08x}{points:052x}", dimension
    )
    store = create_store(location, model)
    there = store.count()
    if there > points or (there % _CHUNK and there != points):
        store.close()
        raise InputError(f"store {location} holds {there} points, not {points}; name another --out")
    on_points(there)
    for first in range(there, points, _CHUNK):
        store.upsert(list(_chunk(first, min(_CHUNK, points - first), points, dimension, seed)))
        on_points(min(_CHUNK, points - first))
    store.settle()
    return store


def make_queries(count: int, points: int, dimension: int, *, seed: int = 0) -> Floats:
    """Return ``count`` vectors (count, d) like those of the collection, none of which is in it."""
    rng = np.random.default_rng([seed, 1])
    centres = _centres(points, dimension, seed)
    return _about(centres[rng.integers(0, len(centres), count)], rng)


def _chunk(first: int, count: int, points: int, dimension: int, seed: int) -> Iterator[Point]:
    rng = np.random.default_rng([seed, 2, first])
    centres = _centres(points, dimension, seed)
    artists = np.minimum(rng.zipf(1.3, count), _ARTISTS)
    own = rng.integers(0, 5, count)  # an artist has five clusters at most
    clusters = (artists * 7919 + own * 104729) % len(centres)
    vectors = _about(centres[clusters], rng)
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


def _centres(points: int, dimension: int, seed: int) -> Floats:
    rng = np.random.default_rng([seed, 3])
    return _unit(rng.normal(size=(max(1, points // 100), dimension)))


def _about(centres: Floats, rng: np.random.Generator) -> Floats:
    scale = (_SPREAD / centres.shape[1]) ** 0.5
    return _unit(centres + rng.normal(scale=scale, size=centres.shape))


def _unit(rows: npt.NDArray[np.float64] | Floats) -> Floats:
    found: Floats = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return found
