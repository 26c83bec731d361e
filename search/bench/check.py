"""Check that every answer of an engine passes the filter that it was asked with."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from artextract.errors import InputError
from search.bench.faiss_mirror import Mirror
from search.bench.plan import Plan

__all__ = ["AnswerCheck", "save_passing"]

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


class AnswerCheck:
    """Compares answers with what :func:`save_passing` wrote."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        """Read the rows that pass each filter of ``plan``."""
        self._plan = plan
        with np.load(folder / _PASSING) as masks:
            self._passing = {name: masks[name] for name in masks.files}
        ids = np.load(folder / "ids.npy").tolist()
        self._row_of: dict[int | str, int] = {point_id: row for row, point_id in enumerate(ids)}

    def check(self, engine: str, filter_: str, answers: Sequence[Sequence[int | str]]) -> None:
        """Check the answers to all queries, in their order, under the filter called ``filter_``.

        Args:
            engine: Name of the engine, for the error.
            filter_: Name of the filter in the plan.
            answers: For each query the rows or point ids that the engine returned.

        Raises:
            InputError: one of them does not pass the filter, or is not in the collection.
        """
        passing = self._passing[filter_]
        for query, answer in enumerate(answers):
            mask = passing[query % len(passing)]
            for each in answer:
                row = each if isinstance(each, int) else self._row_of.get(each, -1)
                if not 0 <= row < len(mask) or not mask[row]:
                    raise InputError(
                        f"{engine} returned {f'row {each}' if row == each else f'point {each}'} "
                        f"for query {query} under the filter {filter_!r} "
                        f"({self._plan.restriction(filter_, query).label}), which it does not "
                        "pass; figures of wrong answers mean nothing, so leave this engine out "
                        "and report the error"
                    )
