"""The list of all artworks, compared with sorting them each time."""

from collections.abc import Iterator

import pytest
from stored_gallery import MANIFEST, make_gallery

from artextract.store import Store, create_store
from search.engine import search
from search.filtering import make_filter
from search.request import SearchFilters, SearchRequest
from search.web import listing
from search.web.listing import Listing


@pytest.fixture(scope="module", params=["years of all kinds", "first years known"])
def store(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Store]:
    points = make_gallery()
    if request.param == "first years known":
        points = [
            point for point in points
            if "year_begin" in point.payload or "year_end" not in point.payload
        ]  # fmt: skip
    folder = tmp_path_factory.mktemp("listing") / "store"
    with create_store(
        str(folder), MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier
    ) as opened:
        opened.upsert(points)
        yield opened


@pytest.mark.parametrize("chunk", [1, 500])
@pytest.mark.parametrize("few", [0, 5, 2_000])
@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize(
    "filters",
    [
        SearchFilters(),
        SearchFilters(style=["Realism"]),
        SearchFilters(artist=["Anonymous"]),
        SearchFilters(years="1600:"),
        SearchFilters(years=":1620"),
        SearchFilters(years="1500:1850", style=["Realism"]),
        SearchFilters(years="1700:1800", within=True),
    ],
)
def test_pages_are_the_sorted_whole_cut_up(
    store: Store,
    filters: SearchFilters,
    limit: int,
    few: int,
    chunk: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listing, "_FEW", few)
    monkeypatch.setattr(listing, "_CHUNK", chunk)
    whole = search(store, SearchRequest(filters=filters, limit=1000))
    assert len(whole.results) > 5
    made = Listing(store)
    years = filters.year_range()
    start: int | None = 0
    found: list[str] = []
    while start is not None:
        page = made.page(store, make_filter(filters, store), start, limit, years)
        assert len(page.point_ids) == limit or page.next is None
        found += page.point_ids
        start = page.next
    works = [record.payload["id"] for record in
             (store.retrieve(found)[point_id] for point_id in found)]  # fmt: skip
    assert works == [result.artwork.id for result in whole.results]


def test_past_the_end_there_is_nothing(store: Store) -> None:
    page = Listing(store).page(store, None, 10_000, 10)
    assert (page.point_ids, page.next) == ([], None)
