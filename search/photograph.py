"""Searching with a photograph: the whole image and each painting that was found in it.

A cosine does not tell whether an outline is the right one: a piece of wall is close to many
artworks. A match stands out from those that follow, so results are ordered by their *lead*: the
score, less the mean score of ranks 2 to 10 of the same outline (cf. the ratio test of Lowe 2004).
An artwork takes its largest lead. The results of several paintings alternate.
"""

from dataclasses import replace
from itertools import zip_longest

from artextract.store import Store
from search.answer import Answer, Result
from search.engine import search
from search.query import Query
from search.request import SearchRequest

_RANKS = 10
"""How many results of an outline its background is computed from."""

Leads = list[tuple[float, Result]]


def search_photograph(store: Store, request: SearchRequest) -> Answer:
    """Answer a request whose query has outlines; each result says where it was found.

    The scores are cosines, as without ``photograph``, and not in order. Results of the whole image
    go with the painting that leads; if the whole image itself leads, all are one list.

    Raises:
        QueryError: see :func:`search.engine.search`.
    """
    (whole,) = request.like
    assert isinstance(whole, Query)
    assert whole.outlines is not None
    answer = search(store, _with(request, whole))
    found = _lead(answer, None)
    paintings: dict[int, Leads] = {}
    for outline in whole.outlines:
        leads = _lead(search(store, _with(request, outline)), outline)
        paintings.setdefault(outline.painting, []).extend(leads)
    lists = sorted((_order(leads) for leads in paintings.values()), key=_key)
    if not lists or _key(_order(found)) <= _key(lists[0]):
        lists = [_order([*found, *(lead for leads in lists for lead in leads)])]
    else:
        lists[0] = _order([*lists[0], *found])
    results: dict[str, Result] = {}
    for row in zip_longest(*lists):
        for lead in filter(None, row):
            results.setdefault(lead[1].artwork.id, lead[1])
    least = -1.0 if request.min_score is None else request.min_score
    kept = [each for each in results.values() if each.score is None or each.score >= least]
    ranked = [replace(each, rank=rank) for rank, each in enumerate(kept[: request.limit], start=1)]
    return replace(answer, request=request, like=(whole,), results=ranked)


def _with(request: SearchRequest, query: Query) -> SearchRequest:
    """Return the request for one outline; it must not hide what the background is made of."""
    query = replace(query, point_ids=())
    limit = max(request.limit, _RANKS)
    return replace(request, like=[query], photograph=False, min_score=None, limit=limit)


def _lead(answer: Answer, outline: Query | None) -> Leads:
    """Return the results with their leads."""
    others = [each.score for each in answer.results[1:_RANKS] if each.score is not None]
    background = sum(others) / len(others) if others else 0.0
    corners = None if outline is None else outline.corners
    return [
        ((each.score or 0.0) - background, replace(each, corners=corners))
        for each in answer.results
    ]


def _order(leads: Leads) -> Leads:
    """Return the results by their leads, each artwork once."""
    first: dict[str, tuple[float, Result]] = {}
    for lead in sorted(leads, key=lambda lead: -lead[0]):
        first.setdefault(lead[1].artwork.id, lead)
    return list(first.values())


def _key(leads: Leads) -> float:
    return -leads[0][0] if leads else 0.0
