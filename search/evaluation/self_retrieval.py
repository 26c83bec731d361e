"""Find artworks by changed images of themselves."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from artextract.errors import ImageError, QueryError
from artextract.store import Store
from search.evaluation.changes import CHANGES
from search.evaluation.metrics import of_ranks
from search.evaluation.result import Case, Row, Section
from search.evaluation.space import load_space
from search.images import read_original

if TYPE_CHECKING:
    from artextract.encoding.encoder import ImageEncoder

_KEYS = ("title", "artist", "image", "image_url", "image_folder", "image_sha256")


def evaluate_itself(
    store: Store, encoder: "ImageEncoder", by: Mapping[str, float], *, sample: int, seed: int
) -> Section:
    """Return Top-1, Recall@5 and MRR for each change of ``CHANGES``.

    Args:
        store: The collection; a query is ranked among all artworks, itself included.
        encoder: Computes the vectors of ``by``.
        by: {aspect: weight}.
        sample: Number of queries, drawn at random.
        seed: Random seed of the draw and of the changes.

    Raises:
        QueryError: no image of the collection can be read.
    """
    space = load_space(store, list(by), _KEYS)
    mix = space.mix(by)
    random = np.random.default_rng(seed)
    chosen = random.permutation(np.flatnonzero(mix.has_all))[:sample]
    ranks: dict[str, list[int | None]] = {name: [] for name in CHANGES}
    cases, unread = [], 0
    for at in chosen:
        try:
            image = read_original(space.payloads[at])
        except ImageError:
            unread += 1
            continue
        for name, change in CHANGES.items():
            query = mix.row(encoder.encode(change(image, random)).vectors)
            if query is None:
                ranks[name].append(None)  # no face or person is detected any more
                continue
            scores = mix.rows @ query
            rank = 1 + int((scores > scores[at]).sum())
            ranks[name].append(rank)
            first = int(scores.argmax())
            own, found = (str(space.payloads[each]["id"]) for each in (at, first))
            cases.append(Case(name, own, [found], 1 / rank))
    if unread == len(chosen):
        raise QueryError(
            f"none of {len(chosen)} images of {store.location} can be read from where they were "
            "ingested; ingest them from where they are now"
        )
    rows = [Row(name, of_ranks(found)) for name, found in ranks.items()]
    note = (
        f"{len(chosen) - unread} artworks by {' + '.join(by)}, among {len(mix.rows)}, seed {seed}"
    )
    if unread:
        note += f"; {unread} images could not be read"
    return Section("A changed image of the same artwork", note, rows, cases)
