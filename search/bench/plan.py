"""Queries, filters of given selectivity, and the exact results."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.catalog.years import YearRange
from artextract.store import filters
from artextract.store.filters import Filter
from search.bench.faiss_mirror import Floats, Mirror, Rows, top_rows

SHARES = (0.01, 0.1, 0.5)
_VARIANTS = 4
_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class Restriction:
    """A filter by artists (folded names) or years, or none; ``share`` of the artworks pass."""

    kind: str
    artists: tuple[str, ...] = ()
    begin: int | None = None
    end: int | None = None
    share: float = 1.0

    @property
    def label(self) -> str:
        """The filter in a few words."""
        if self.artists:
            more = f" or one of {len(self.artists) - 1} others" if len(self.artists) > 1 else ""
            return f"by {self.artists[0]!r}{more}"
        return "no filter" if self.begin is None else f"years {self.begin} to {self.end}"

    def to_filter(self) -> Filter | None:
        """Return the filter for a collection."""
        conditions = []
        if self.artists:
            conditions.append(filters.any_of("folded.artist", list(self.artists)))
        if self.begin is not None or self.end is not None:
            conditions += filters.years(YearRange(self.begin, self.end))
        return filters.all_of(conditions)

    def rows(self, mirror: Mirror) -> Rows | None:
        """Return the rows that pass; None for all."""
        if self.kind == "none":
            return None
        return mirror.rows_of(artists=self.artists, begin=self.begin, end=self.end)


@dataclass(frozen=True, slots=True)
class Plan:
    """Queries and their exact results.

    ``queries`` is (q, d), float32, of length 1; ``left_out`` (q,) the row that is the query itself,
    -1 if it is not in the collection; ``restrictions`` {name: variants}, of which query i takes
    variant i modulo their number; ``truth`` {name: (q, limit)} rows, filled up with -1.
    """

    queries: Floats
    left_out: Rows
    limit: int
    restrictions: dict[str, tuple[Restriction, ...]]
    truth: dict[str, Rows]

    def restriction(self, name: str, query: int) -> Restriction:
        """Return the filter called ``name`` of a query."""
        variants = self.restrictions[name]
        return variants[query % len(variants)]

    def save(self, folder: Path) -> None:
        """Write ``plan.npz`` and ``plan.json``."""
        np.savez(
            folder / "plan.npz",
            queries=self.queries,
            left_out=self.left_out,
            **{f"truth {name}": rows for name, rows in self.truth.items()},  # type: ignore[arg-type]
        )
        named = {name: [asdict(r) for r in each] for name, each in self.restrictions.items()}
        text = json.dumps({"limit": self.limit, "restrictions": named}, indent=1)
        (folder / "plan.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """Return the plan that :meth:`save` wrote."""
        data: dict[str, Any] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
        arrays = np.load(folder / "plan.npz")
        return cls(
            queries=arrays["queries"],
            left_out=arrays["left_out"],
            limit=data["limit"],
            restrictions={
                name: tuple(Restriction(**{**r, "artists": tuple(r["artists"])}) for r in each)
                for name, each in data["restrictions"].items()
            },
            truth={
                name.removeprefix("truth "): arrays[name]
                for name in arrays.files
                if name.startswith("truth ")
            },
        )


def make_plan(
    mirror: Mirror, queries: Floats | None, *, count: int, limit: int, seed: int = 0
) -> Plan:
    """Return a plan for the collection that ``mirror`` is a copy of.

    ``queries`` are vectors that it does not hold; None draws artworks, each of which is left out of
    its own results. About 1, 10 and 50 % of the artworks pass the filters by artist and by years,
    if the collection has artists and years.
    """
    rng = np.random.default_rng([seed, 4])
    if queries is None:
        left_out = np.sort(rng.permutation(len(mirror.ids))[:count])
        queries = np.array(mirror.vectors[left_out])
    else:
        left_out = np.full(len(queries), -1)
    restrictions: dict[str, tuple[Restriction, ...]] = {"none": (Restriction("none"),)}
    for share in SHARES:
        for kind, draw in (("artist", _draw_artists), ("years", _draw_years)):
            found = [draw(mirror, share, rng) for _ in range(_VARIANTS)]
            if fitting := tuple(each for each in found if each is not None):
                restrictions[f"{kind} {share:.0%}"] = fitting
    plan = Plan(queries, left_out, limit, restrictions, {})
    truth = {name: _true_rows(mirror, plan, name) for name in restrictions}
    return Plan(queries, left_out, limit, restrictions, truth)


def _draw_artists(mirror: Mirror, share: float, rng: np.random.Generator) -> Restriction | None:
    """Return artists in random order, as many as come close to ``share``."""
    goal, total = share * len(mirror.ids), 0
    names = [str(name) for name in rng.permutation(sorted(mirror.artists))]
    chosen: list[str] = []
    for name in names:
        count = len(mirror.artists[name])
        if total + count <= 1.25 * goal:
            chosen.append(name)
            total += count
        if total >= 0.9 * goal:
            break
    if total < 0.5 * goal:
        return None
    rows = mirror.rows_of(artists=chosen)
    return Restriction("artist", tuple(sorted(chosen)), share=len(rows) / len(mirror.ids))


def _draw_years(mirror: Mirror, share: float, rng: np.random.Generator) -> Restriction | None:
    """Return years from a random year on that about ``share`` of the artworks overlap."""
    middles = np.sort(np.nanmean(mirror.years[~np.isnan(mirror.years).all(axis=1)], axis=1))
    needed = round(share * len(mirror.ids))
    if needed < 1 or len(middles) < needed:
        return None
    first = int(rng.integers(0, len(middles) - needed + 1))
    begin, end = int(middles[first]), int(middles[first + needed - 1])
    rows = mirror.rows_of(begin=begin, end=end)
    return Restriction("years", (), begin, end, share=len(rows) / len(mirror.ids))


def _true_rows(mirror: Mirror, plan: Plan, name: str) -> Rows:
    """Return the exact results (q, limit), filled up with -1."""
    truth = np.full((len(plan.queries), plan.limit), -1, np.int64)
    variants = plan.restrictions[name]
    for number, variant in enumerate(variants):
        mine = np.arange(number, len(plan.queries), len(variants))
        rows = variant.rows(mirror)
        for first in range(0, len(mine), _AT_ONCE):
            part = mine[first : first + _AT_ONCE]
            truth[part] = _nearest(mirror.vectors, rows, plan, part)
    return truth


def _nearest(
    vectors: Floats, rows: Rows | None, plan: Plan, numbers: npt.NDArray[np.int64]
) -> Rows:
    """Return the nearest rows of some queries by exact search, ties in the order of rows."""
    found = np.full((len(numbers), plan.limit), -1, np.int64)
    candidates = np.arange(len(vectors)) if rows is None else rows
    chosen = vectors if rows is None else vectors[rows]
    scores = plan.queries[numbers] @ chosen.T
    for at, number in enumerate(numbers):
        order = top_rows(scores[at], plan.limit + 1)
        kept = [row for row in candidates[order] if row != plan.left_out[number]][: plan.limit]
        found[at, : len(kept)] = kept
    return found
