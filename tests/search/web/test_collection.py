"""What is kept in memory follows a collection that others write to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_server import QdrantServer, serve_qdrant
from stored_gallery import MANIFEST, make_gallery

from artextract.collection import Collection
from artextract.store import create_store, open_store
from artextract.store.location import Location
from search.request import SearchFilters, SearchRequest
from search.web import collection
from search.web.collection import ServedCollection
from search.web.uploads import Uploads


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with serve_qdrant(api_key="a key") as running:
        yield running


def test_lists_and_counts_follow_another_writer(
    server: QdrantServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = Location(f"{server.url}/art", api_key="a key", timeout_seconds=5)
    points = make_gallery(30)
    monets = [point for point in points if point.payload.get("artist") == "Claude Monet"]
    with create_store(
        location, MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier
    ) as store:
        store.upsert([point for point in points if point not in monets])
    with open_store(location) as reader:
        served = ServedCollection(
            Collection(reader, location=location), Uploads(tmp_path, most=1, most_pixels=1)
        )

        def listed() -> set[str]:
            page = served.search(SearchRequest(limit=100))
            return {result.artwork.id for result in page.answer.results}

        def artists() -> set[str]:
            return {each.value for each in served.counter.count("artist", SearchFilters(), top=100)}

        before = listed()
        assert "Claude Monet" not in artists()
        with open_store(location) as writer:
            writer.upsert(monets)
        assert listed() == before  # it looks for changes every 15 seconds
        monkeypatch.setattr(collection, "_FRESH_SECONDS", 0.0)
        assert listed() == before | {point.payload["id"] for point in monets}
        assert "Claude Monet" in artists()
