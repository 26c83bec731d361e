"""The engines under test, each with the settings that trade speed for recall."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from artextract.store import open_store
from artextract.store.base import NearestRequest
from artextract.store.location import Location
from search.bench.faiss_mirror import Device, Floats, Kind, Mirror, MirrorState
from search.bench.plan import Restriction


@dataclass(frozen=True, slots=True)
class Setting:
    """Parameters of a search.

    ``effort`` is hnsw_ef, efSearch or nprobe, 0 if there is none, None for that of every search;
    ``oversampling`` that of quantised vectors; ``filtering`` is "chosen" for the engine's own
    choice, "inside" to let FAISS filter within its index however few rows pass, "acorn" to let
    Qdrant search with ACORN.
    """

    effort: int | None
    oversampling: float | None = None
    filtering: str = "chosen"

    @property
    def label(self) -> str:
        """The setting in a few words."""
        if self.effort is None:
            return "default"
        parts = [f"ef {self.effort}" if self.effort else "all compared"]
        if self.oversampling is not None:
            parts.append(
                f"rescored {self.oversampling:g}x" if self.oversampling else "not rescored"
            )
        return ", ".join(parts)

    @property
    def variant(self) -> str:
        """The way of filtering in a few words; empty for the engine's own."""
        return {"chosen": "", "inside": "filtered inside", "acorn": "with ACORN"}[self.filtering]


Search = Callable[[Floats, int], list[int | str]]
"""From a query vector and a limit to rows or point ids, best first."""

Prepare = Callable[[Setting, Restriction], Search]
"""From a setting and a filter to a search."""


@contextmanager
def open_qdrant(location: Location, aspect: str) -> Iterator[Prepare]:
    """Open a collection, embedded or on a server."""
    with open_store(location) as store:

        def prepare(setting: Setting, restriction: Restriction) -> Search:
            filter_ = restriction.to_filter()

            def search(query: Floats, limit: int) -> list[int | str]:
                request = NearestRequest(
                    unit=query.tolist(),
                    aspect=aspect,
                    limit=limit,
                    filter_=filter_,
                    keys=(),
                    effort=setting.effort,
                    oversampling=setting.oversampling,
                    acorn=setting.filtering == "acorn",
                )
                return [hit.id for hit in store.nearest(request)]

            return search

        yield prepare


@contextmanager
def open_faiss(
    folder: Path, state: MirrorState, kind: Kind, device: Device, threads: int
) -> Iterator[Prepare]:
    """Open an index of the mirror. The rows of a filter are found once, for all searches."""
    mirror = Mirror(folder, state, threads=threads)
    index = mirror.index(kind, device)

    def prepare(setting: Setting, restriction: Restriction) -> Search:
        rows = restriction.rows(mirror)
        inside = setting.filtering == "inside"

        def search(query: Floats, limit: int) -> list[int | str]:
            found, _ = index.search(
                query, limit, effort=setting.effort or 0, rows=rows, always_index=inside
            )
            return [int(row) for row in found]

        return search

    yield prepare
