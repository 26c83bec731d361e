"""A small collection with all aspects, and a client that asks the API of it."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from page_server import make_collection, running

from artextract.collection import Collection, open
from artextract.store import Store
from search.web.app import make_app
from search.web.settings import Settings

WORKS = 40
ROOMY = 1_000_000


@pytest.fixture(scope="module")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a collection of 40 works lies."""
    return make_collection(tmp_path_factory.mktemp("web"), WORKS)


@pytest.fixture
def collection(store_path: Path) -> Iterator[Collection]:
    """That collection, opened."""
    with open(store_path) as opened:
        yield opened


@pytest.fixture
def store(collection: Collection) -> Store:
    """The store of that collection."""
    return collection.store


@pytest.fixture
def make_client(collection: Collection, tmp_path: Path) -> Iterator[Callable[..., httpx.Client]]:
    """Return a client of a real server with settings, as ``make_client(key=...)``."""
    with contextlib.ExitStack() as opened:

        def make(**settings: object) -> httpx.Client:
            given: dict[str, object] = {
                "uploads_folder": tmp_path / "uploads", "reads_a_minute": ROOMY,
                "uploads_a_minute": ROOMY, **settings,
            }  # fmt: skip
            options = Settings(**given)  # type: ignore[arg-type]
            address = opened.enter_context(running(make_app(collection, options), options))
            return opened.enter_context(httpx.Client(base_url=address, timeout=60))

        yield make


@pytest.fixture
def client(make_client: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of a server as it is without settings, but for the rate limits."""
    return make_client()
