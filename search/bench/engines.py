"""The engines under test, each with the settings that trade speed for recall."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artextract.store import Store, open_store
from artextract.store.base import NearestRequest
from artextract.store.location import Location
from search.bench.faiss_mirror import Device, Floats, Index, Kind, Mirror, MirrorState, Rows
from search.bench.plan import Restriction

__all__ = ["Ask", "Engine", "FaissEngine", "QdrantEngine", "Setting"]


@dataclass(frozen=True, slots=True)
class Setting:
    """One way to ask an engine.

    ``effort`` is hnsw_ef, efSearch or nprobe, 0 where there is none; ``oversampling`` that of
    quantised vectors; ``filtering`` is "chosen" where the engine filters as it does by itself;
    "inside" where FAISS filters within its index, however few pass; "plain" where Qdrant does
    without ACORN.
    """

    effort: int
    oversampling: float | None = None
    filtering: str = "chosen"

    @property
    def label(self) -> str:
        """The setting in a few words."""
        parts = [f"ef {self.effort}" if self.effort else "all compared"]
        if self.oversampling is not None:
            parts.append(
                f"rescored {self.oversampling:g}x" if self.oversampling else "not rescored"
            )
        return ", ".join(parts)

    @property
    def variant(self) -> str:
        """How it filters, in a few words; empty for the engine's own way."""
        return {"chosen": "", "inside": "filtered inside", "plain": "without ACORN"}[self.filtering]


Ask = Callable[[Floats, int], list[int | str]]
"""A question made ready: from a query vector and a limit to rows or point ids, best first."""


class Engine(Protocol):
    """What can be asked."""

    def ready(self, setting: Setting, restriction: Restriction) -> Ask:
        """Return what answers queries under a setting and a filter."""
        ...

    def close(self) -> None:
        """Give free what is held."""
        ...


class QdrantEngine:
    """A collection, embedded or on a server. Translating the filter is part of each query."""

    def __init__(self, location: Location, aspect: str) -> None:
        """Open the collection."""
        self._store: Store = open_store(location)
        self._aspect = aspect

    def ready(self, setting: Setting, restriction: Restriction) -> Ask:
        """Return what answers queries under a setting and a filter."""
        filter_ = restriction.to_filter()

        def ask(query: Floats, limit: int) -> list[int | str]:
            request = NearestRequest(
                unit=query.tolist(),
                aspect=self._aspect,
                limit=limit,
                filter_=filter_,
                keys=(),
                effort=setting.effort,
                oversampling=setting.oversampling,
                acorn=setting.filtering != "plain",
            )
            return [hit.id for hit in self._store.nearest(request)]

        return ask

    def close(self) -> None:
        """Close the collection."""
        self._store.close()


class FaissEngine:
    """An index of the mirror. The rows of a filter are looked up once, their set made each time."""

    def __init__(
        self, folder: Path, state: MirrorState, kind: Kind, device: Device, threads: int
    ) -> None:
        """Open the mirror and read the index."""
        self._mirror = Mirror(folder, state, threads=threads)
        self._index: Index = self._mirror.index(kind, device)

    def ready(self, setting: Setting, restriction: Restriction) -> Ask:
        """Return what answers queries under a setting and a filter."""
        rows: Rows | None = restriction.rows(self._mirror)
        inside = setting.filtering == "inside"

        def ask(query: Floats, limit: int) -> list[int | str]:
            found, _ = self._index.search(
                query, limit, effort=setting.effort, rows=rows, always_index=inside
            )
            return [int(row) for row in found]

        return ask

    def close(self) -> None:
        """Nothing is held that needs it."""
