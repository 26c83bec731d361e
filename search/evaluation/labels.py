"""Share of the nearest neighbours with the same label."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from artextract.catalog.names import fold
from artextract.errors import QueryError
from artextract.store import Store
from search.evaluation.metrics import Figure, figure, of_labels
from search.evaluation.result import Case, Row, Section
from search.evaluation.space import load_space

FIELDS = ("artist", "style", "genre")


def evaluate_labels(
    store: Store,
    by: Mapping[str, float],
    *,
    fields: Sequence[str] = FIELDS,
    k: int = 10,
    classes: int = 12,
) -> list[Section]:
    """Return P@k and mAP@R of each field, overall, among other artists' works, and by class.

    Every artwork is a query; other images of its object are ignored. Artworks without the label and
    labels of one artwork are left out. The largest ``classes`` labels have a row each.

    Raises:
        QueryError: no field has a label of two artworks.
    """
    space = load_space(store, list(by), (*fields, "artist", "title"))
    mix = space.mix(by)
    sections = []
    for field in fields:
        labels = [fold(str(each.get(field, ""))) for each in space.payloads]
        counts = Counter(label for label, has in zip(labels, mix.has_all, strict=True) if has)
        rows = [
            at for at, label in enumerate(labels) if mix.has_all[at] and label and counts[label] > 1
        ]
        if rows:
            payloads = [space.payloads[at] for at in rows]
            own = [labels[at] for at in rows]
            table, cases = _measure(mix.rows[rows], payloads, own, field == "artist", k, classes)
            note = f"{len(rows)} artworks by {' + '.join(by)}, {len(set(own))} labels"
            sections.append(Section(f"Same {field}", note, table, cases))
    if not sections:
        raise QueryError(
            f"no two artworks of {store.location} share a label of {', '.join(fields)}; ingest a "
            "catalog with such columns"
        )
    return sections


def _measure(
    vectors: npt.NDArray[np.float32], payloads: Sequence[Mapping[str, object]],
    labels: Sequence[str], are_artists: bool, k: int, classes: int,
) -> tuple[list[Row], list[Case]]:  # fmt: skip
    """Return the rows of a table, and the queries unless there are more than 5,000."""
    ids = [str(each["id"]) for each in payloads]
    found = of_labels(vectors, labels, k=k, apart=[ids])
    table = [Row("all", _figures(found))]
    if not are_artists:
        artists = [fold(str(each.get("artist", ""))) for each in payloads]
        elsewhere = of_labels(vectors, labels, k=k, apart=[ids, artists])
        table.append(Row("among other artists' works", _figures(elsewhere)))
    column = np.asarray(labels)
    values, counts = np.unique(column, return_counts=True)
    for value in values[np.argsort(-counts, kind="stable")][:classes]:
        own = {name: each[column == value] for name, each in found.items()}
        table.append(Row(str(value), _figures(own)))
    cases = []
    if len(ids) <= 5000:
        quality = found[f"P@{k}"]
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -np.inf)
        for at in np.flatnonzero(~np.isnan(quality)):
            best = np.argsort(-scores[at], kind="stable")[:5]
            cases.append(Case("all", ids[at], [ids[each] for each in best], float(quality[at])))
    return table, cases


def _figures(found: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, Figure]:
    return {name: figure(each[~np.isnan(each)]) for name, each in found.items()}
