"""The list of all works, compared with sorting them each time."""

from collections.abc import Iterator

import pytest
from stored_gallery import MANIFEST, make_gallery

from artextract.store import Store, create_store
from search.asked import Asked
from search.criteria import Criteria, make_filter
from search.searcher import Question, search
from search.web import listing
from search.web.listing import Listing


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("listing") / "store"
    with create_store(
        str(folder), MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier
    ) as opened:
        opened.upsert(make_gallery())
        yield opened


@pytest.mark.parametrize("chunk", [1, 13, 500])
@pytest.mark.parametrize("few", [0, 5, 2_000])
@pytest.mark.parametrize("limit", [1, 7, 100])
@pytest.mark.parametrize(
    "asked", [Asked(), Asked(style=["Realism"]), Asked(years="1600:"), Asked(artist=["Anonymous"])]
)
def test_pages_are_the_sorted_whole_cut_up(
    store: Store, asked: Asked, limit: int, few: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_FEW", few)
    monkeypatch.setattr(listing, "_CHUNK", chunk)
    criteria: Criteria = asked.criteria()
    whole = search(store, Question(criteria=criteria, limit=1000))
    assert len(whole.results) > 5
    made = Listing(store)
    start: int | None = 0
    found: list[str] = []
    while start is not None:
        page = made.page(store, make_filter(criteria, store), start, limit)
        assert len(page.point_ids) == limit or page.next is None
        found += page.point_ids
        start = page.next
    works = [record.payload["id"] for record in
             (store.retrieve(found)[point_id] for point_id in found)]  # fmt: skip
    assert works == [result.artwork.id for result in whole.results]


def test_past_the_end_there_is_nothing(store: Store) -> None:
    page = Listing(store).page(store, None, 10_000, 10)
    assert (page.point_ids, page.next) == ([], None)
