"""Check that every result of an engine passes its filter."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from artextract.errors import InputError
from search.bench.faiss_mirror import Mirror
from search.bench.plan import Plan

_PASSING = "passing.npz"


def save_passing(plan: Plan, mirror: Mirror, folder: Path) -> None:
    """Write which rows pass each filter of ``plan``, and the point ids of all rows."""
    masks = {}
    for name, variants in plan.restrictions.items():
        masks[name] = np.zeros((len(variants), len(mirror.ids)), bool)
        for mask, variant in zip(masks[name], variants, strict=True):
            rows = variant.rows(mirror)
            mask[slice(None) if rows is None else rows] = True
    np.savez(folder / _PASSING, **masks)  # type: ignore[arg-type]
    np.save(folder / "ids.npy", mirror.ids)


class ResultCheck:
    """Compares results with the file of :func:`save_passing`."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan = plan
        with np.load(folder / _PASSING) as masks:
            self._passing = {name: masks[name] for name in masks.files}
        ids = np.load(folder / "ids.npy").tolist()
        self._row_of: dict[int | str, int] = {point_id: row for row, point_id in enumerate(ids)}

    def check(self, engine: str, filter_: str, results: Sequence[Sequence[int | str]]) -> None:
        """Check the results (rows or point ids) of all queries under a filter of the plan.

        Raises:
            InputError: one of them does not pass the filter, or is not in the collection.
        """
        passing = self._passing[filter_]
        for query, found in enumerate(results):
            mask = passing[query % len(passing)]
            for each in found:
                row = each if isinstance(each, int) else self._row_of.get(each, -1)
                if not 0 <= row < len(mask) or not mask[row]:
                    raise InputError(
                        f"{engine} returned {f'row {each}' if row == each else f'point {each}'} "
                        f"for query {query} under the filter {filter_!r} "
                        f"({self._plan.restriction(filter_, query).label}), which it does not "
                        "pass; figures of wrong results mean nothing, so leave this engine out "
                        "and report the error"
                    )
