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
            sections.append(_section(space.payloads, mix.rows[rows], labels, rows, field, by,
                                     k, classes))  # fmt: skip
    if not sections:
        raise QueryError(
            f"no two artworks of {store.location} share a label of {', '.join(fields)}; ingest a "
            "catalog with such columns"
        )
    return sections


def _section(
    payloads: Sequence[Mapping[str, object]],
    vectors: npt.NDArray[np.float32],
    labels: Sequence[str],
    rows: Sequence[int],
    field: str,
    by: Mapping[str, float],
    k: int,
    classes: int,
) -> Section:
    own = [labels[at] for at in rows]
    ids = [str(payloads[at]["id"]) for at in rows]
    artists = [fold(str(payloads[at].get("artist", ""))) for at in rows]
    found = of_labels(vectors, own, k=k, apart=[ids])
    table = [Row("all", _figures(found))]
    if field != "artist":
        elsewhere = of_labels(vectors, own, k=k, apart=[ids, artists])
        table.append(Row("among other artists' works", _figures(elsewhere)))
    column = np.asarray(own)
    values, counts = np.unique(column, return_counts=True)
    for value in values[np.argsort(-counts, kind="stable")][:classes]:
        chosen = column == value
        table.append(
            Row(str(value), _figures({name: each[chosen] for name, each in found.items()}))
        )
    quality = found[f"P@{k}"]
    cases = []
    if len(rows) <= 5000:
        scores = vectors @ vectors.T
        np.fill_diagonal(scores, -np.inf)
        for at in np.flatnonzero(~np.isnan(quality)):
            best = np.argsort(-scores[at], kind="stable")[:5]
            cases.append(Case("all", ids[at], [ids[each] for each in best], float(quality[at])))
    note = f"{len(rows)} artworks by {' + '.join(by)}, {len(values)} labels"
    return Section(f"Same {field}", note, table, cases)


def _figures(found: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, Figure]:
    return {name: figure(each[~np.isnan(each)]) for name, each in found.items()}
