"""The embedded store, the server's and a plain loop give the same answers.

The server's code runs here against the server for tests in strict mode: each key of a filter has an
index, and no request asks for more than 100 points or values. Where $QDRANT_URL (and
$QDRANT_API_KEY) names a real server, tests marked "server" ask that one the same:
``QDRANT_URL=http://localhost:6333 pytest -m server``.
"""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import qdrant_edge
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle_store import OracleStore
from qdrant_client import models
from qdrant_server import serve_qdrant
from stored_gallery import MANIFEST, make_gallery

from artextract.catalog.years import YearRange
from artextract.store import Hit, Store, create_store, edge_filter, filters, server
from artextract.store.connection import connect
from artextract.store.location import Location
from artextract.store.server import ServerStore
from search.engine import search
from search.facets import count_facets
from search.names import similar_names
from search.reading import QueryReader
from search.request import SearchRequest

GALLERY = make_gallery()
IDS = sorted(point.id for point in GALLERY)
STORES = ["embedded", "quantised", "server code"]


def make_stores(folder: Path, stack: ExitStack) -> dict[str, Store]:
    """Every store with the gallery in it; the oracle is called "oracle"."""
    stores: dict[str, Store] = {"oracle": OracleStore(MANIFEST)}
    for name, layout in (("embedded", {}), ("quantised", {"quantization": "int8"})):
        stores[name] = create_store(
            str(folder / name),
            MANIFEST.model,
            vectors=MANIFEST.vectors,
            classifier=MANIFEST.classifier,
            layout=layout,
        )
    url = stack.enter_context(serve_qdrant(strict=True, most=100)).url
    stores["server code"] = ServerStore.create(Location(f"{url}/gallery"), MANIFEST)
    for store in stores.values():
        store.upsert(GALLERY[:60])
        store.upsert(GALLERY[50:])
        stack.callback(store.close)
    return stores


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Store]]:
    with ExitStack() as stack:
        yield make_stores(tmp_path_factory.mktemp("congruence"), stack)


@pytest.fixture(scope="module")
def real_server() -> Iterator[Store]:
    """The gallery in a collection of its own on a real server, which is deleted afterwards."""
    if not os.environ.get("QDRANT_URL"):
        pytest.skip("no QDRANT_URL with the address of a real Qdrant server")
    location = Location.of(f"{os.environ['QDRANT_URL'].rstrip('/')}/test-{uuid.uuid4().hex}")
    with create_store(
        location, MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier
    ) as store:
        store.upsert(GALLERY[:60])
        store.upsert(GALLERY[50:])
        store.settle()
        yield store
    client = connect(location)
    client.delete_collection(location.name)
    client.close()


# Queries: each takes a store and returns an answer in which nothing is left to chance.

Answer = Any
Ask = Callable[[Store], Answer]


def by_likeness(**options: Any) -> Ask:
    """A search by vector; hits of equal scores may come in any order among themselves."""
    size = {"visual": 8, "style": 5}[options.get("aspect", "visual")]
    vector = np.random.default_rng(options.pop("seed", 1)).normal(size=size).tolist()

    def ask(store: Store) -> list[Hit]:
        return store.search(vector, keys=["id", "artist"], **{"limit": 12, **options})

    return ask


def scrolled(filter_: filters.Filter | None = None, **options: Any) -> Ask:
    def ask(store: Store) -> Answer:
        return [(r.id, dict(r.payload)) for r in store.scroll(filter_, **options)]

    return ask


def counted(filter_: filters.Filter | None) -> Ask:
    return lambda store: (store.count(filter_), store.count_works(filter_))


def answered(*, like: str | None = None, unlike: str | None = None, **fields: Any) -> Ask:
    """A question as the command line asks it."""

    def ask(store: Store) -> Answer:
        reader = QueryReader(store)
        request = SearchRequest.of(
            like=[reader.read(like)] if like else [],
            unlike=[reader.read(unlike)] if unlike else [],
            **fields,
        )
        found = search(store, request)
        hits = [Hit(r.point_id, r.score or 0.0, {"image": r.image}) for r in found.results]
        return found.matching, hits

    return ask


def has(*conditions: filters.Condition, but: list[filters.Condition] | None = None) -> Any:
    return filters.all_of(list(conditions), but or [])


QUERIES: dict[str, Ask] = {
    "the nearest": by_likeness(),
    "the nearest by style": by_likeness(aspect="style"),
    "one": by_likeness(limit=1),
    "all": by_likeness(limit=500),
    "one a work": by_likeness(one_per="id", limit=30),
    "one an artist": by_likeness(one_per="artist"),
    "above a score": by_likeness(min_score=0.3, limit=100),
    "above a score that none has": by_likeness(min_score=0.9999),
    "the nearest with a filter": by_likeness(
        filter_=has(filters.named("artist", ["Claude Monet"]))
    ),
    "ties": lambda store: store.search(GALLERY[0].vectors["visual"], limit=3, keys=["id"]),
    "an artist": scrolled(has(filters.named("artist", ["Claude Monet"]))),
    "an artist without accents": scrolled(has(filters.named("artist", ["edouard manet"]))),
    "one of several artists": scrolled(has(filters.named("artist", ["gilbert stuart"]))),
    "two artists": counted(has(filters.named("artist", ["Claude Monet", "Anonymous"]))),
    "no artist": counted(has(filters.named("artist", []))),
    "an unknown artist": counted(has(filters.named("artist", ["Nobody"]))),
    "all but an artist": scrolled(has(but=[filters.named("artist", ["Claude Monet"])])),
    "a style": counted(has(filters.named("style", ["baroque"]))),
    "a genre": counted(has(filters.named("genre", ["portrait"]))),
    "a school": counted(has(filters.named("school", ["Dutch"]))),
    "one of two nationalities": scrolled(has(filters.named("nationality", ["dutch"]))),
    "a classification": counted(has(filters.named("classification", ["drawing"]))),
    "a qualifier": counted(has(filters.named("qualifier", ["after"]))),
    "open access": counted(has(filters.has_term("open_access", ["true"]))),
    "an artist's number": counted(has(filters.has_term("artist_ids", ["103"]))),
    "an accession number": scrolled(has(filters.named("accession", ["1937.1.4"]))),
    "years that overlap": scrolled(has(*filters.years(YearRange(1600, 1700)))),
    "years within": scrolled(has(*filters.years(YearRange(1600, 1700), within=True))),
    "years from": counted(has(*filters.years(YearRange(1900, None)))),
    "years until": counted(has(*filters.years(YearRange(None, 1600)))),
    "years from, within": counted(has(*filters.years(YearRange(1900, None), within=True))),
    "dated": counted(has(filters.has_years())),
    "undated": scrolled(has(but=[filters.has_years()])),
    "a word of the title": scrolled(has(*filters.words("title", "bridge"))),
    "words of the title": counted(has(*filters.words("title", "RIVER Bridge"))),
    "a word with sharp s": counted(has(*filters.words("title", "strasse"))),
    "words of the medium": counted(has(*filters.words("medium", "oil panel"))),
    "a column": counted(has(filters.column_equals("split", "val"))),
    "a number": counted(has(filters.column_equals("room", "7"))),
    "a number with a point": counted(has(filters.column_equals("room", "7.5"))),
    "a truth value in a column with a blank": counted(
        has(filters.column_equals("On view", "True"))
    ),
    "a width": scrolled(has(filters.equals("width", "104"))),
    "a prediction": counted(has(filters.predicted("style", ["rococo"]))),
    "a trusted prediction": counted(has(filters.predicted("style", ["rococo"], trusted=True))),
    "a sure prediction": counted(
        has(filters.predicted("style", ["Rococo"]), filters.predicted_surely("style", 0.6))
    ),
    "some points": scrolled(has(filters.is_one_of(IDS[5:9]))),
    "all but some points": counted(has(but=[filters.is_one_of(IDS[5:9])])),
    "an empty field": counted(has(filters.is_empty("style"))),
    "a field that no point has": counted(has(filters.is_empty("theme"))),
    "all of it, in pages of 7": scrolled(page_size=7),
    "a page from the middle": scrolled(page_size=5, after=IDS[40]),
    "a filter, page by page": scrolled(
        has(filters.named("style", ["realism"])), page_size=2, after=IDS[20], keys=["id", "title"]
    ),
    "no payload": scrolled(keys=()),
    "vectors": lambda store: {
        name: [round(value, 5) for value in vector]
        for record in store.scroll(with_vectors=True)
        for name, vector in [(f"{record.id} {n}", v) for n, v in sorted(record.vectors.items())]
    },
    "by id": lambda store: {
        key: dict(record.payload)
        for key, record in store.retrieve([*IDS[3:6], str(uuid.UUID(int=9))]).items()
    },
    "artists": lambda store: store.facet("folded.artist", limit=100),
    "more artworks than a request may ask for": answered(like="test:8", limit=1500),
    "terms of a filter": lambda store: store.facet(
        "folded.terms", limit=1000, filter_=has(filters.named("style", ["baroque"]))
    ),
    "predicted terms": lambda store: store.facet("predicted.terms", limit=9),
    "what info tells": lambda store: count_facets(store, 4),
    "names like one": lambda store: similar_names(store, "artist", "Rembrant"),
    "like a work": answered(like="test:8", limit=20),
    "like a work by style": answered(like="test:8", by={"style": 1.0}),
    "like a work by two aspects": answered(like="test:8", by={"visual": 2.0, "style": 1.0}),
    "by two aspects, filtered": answered(
        like="test:2", by={"visual": 1.0, "style": 1.0}, years="1600:1800"
    ),
    "like a work, by others": answered(like="test:8", other_artists=True),
    "like one, unlike another": answered(like="1937.1.9", unlike="Q11", limit=15),
    "like a work, filtered": answered(like="test:2", years="1600:1800", style=["Realism"]),
    "near an artist": answered(artist=["Claude Monet"], qualifier=["near"]),
    "a list": answered(genre=["landscape"], limit=50),
    "a list, dated": answered(dated=True, within=True, years="1500:1700", limit=50),
    "by predicted style": answered(predicted_style=["rococo"], min_confidence=0.4),
    "by trusted style": answered(predicted_style=["rococo"]),
    "where": answered(where=["split=val"], text="bridge"),
}


def same(one: Answer, other: Answer) -> bool:
    """Whether two answers are one: scores to 1e-5, hits of equal scores in any order."""
    if isinstance(one, list | tuple) and one and isinstance(one[0], Hit):
        return isinstance(other, list | tuple) and same_hits(list(one), list(other))
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, float):
        return bool(abs(one - other) < 2e-5)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def same_hits(one: list[Hit], other: list[Hit]) -> bool:
    if len(one) != len(other):
        return False
    if any(abs(a.score - b.score) > 1e-5 for a, b in zip(one, other, strict=True)):
        return False
    payloads = {hit.id: hit.payload for hit in one}
    known = {hit.id: hit.score for hit in one}
    cut = one[-1].score if one else 0.0
    for hit in other:
        if hit.id in known:
            if abs(known[hit.id] - hit.score) > 1e-5 or payloads[hit.id] != hit.payload:
                return False
        elif abs(hit.score - cut) > 1e-5:  # a tie at the cut may fall either way
            return False
    return True


def disagreements(stores: dict[str, Store], name: str) -> list[str]:
    """The stores whose answer to the query of this name is not the oracle's."""
    expected = QUERIES[name](stores["oracle"])
    return [store for store, opened in stores.items() if not same(expected, QUERIES[name](opened))]


def test_there_are_many_kinds_of_queries() -> None:
    assert len(QUERIES) >= 40


@pytest.mark.parametrize("name", QUERIES)
def test_all_stores_answer_alike(name: str, stores: dict[str, Store]) -> None:
    assert disagreements(stores, name) == []


@pytest.mark.server
def test_a_real_server_answers_alike(stores: dict[str, Store], real_server: Store) -> None:
    both = {"oracle": stores["oracle"], "server": real_server}
    assert [name for name in QUERIES if disagreements(both, name)] == []


def test_most_queries_find_something(stores: dict[str, Store]) -> None:
    answers = {name: ask(stores["oracle"]) for name, ask in QUERIES.items()}
    empty = {name for name, answer in answers.items() if answer in ([], (0, 0), (0, []))}
    assert empty == {"no artist", "an unknown artist", "above a score that none has"}


KEYWORDS = {
    "folded.artist": ["claude monet", "edouard manet", "anonymous", "nobody", "gilbert stuart"],
    "folded.style": ["impressionism", "realism", "baroque", "x"],
    "folded.title": ["bridge", "water", "strasse", "the"],
    "folded.terms": [
        "school=dutch",
        "view=primary",
        "open_access=false",
        "qualifier=by",
        "extra=room",
        'extra.split="val"',
        "extra.room=7.0",
    ],
    "predicted.terms": ["style=rococo", "trusted.style=rococo", "style=impressionism"],
    "folded.counted": ["nationality=dutch", "classification=painting", "school=none"],
    "nationality": ["French", "Dutch", "Italian; Dutch"],
    "artists[].name": ["Gilbert Stuart", "Claude Monet"],
    "title": ["Water Lilies", "water lilies"],
}
NUMBERS = {
    "year_begin": (1480, 2200),
    "year_end": (1480, 2200),
    "width": (90, 200),
    "height": (80, 100),
    "predicted.style.probability": (0, 1),
}
PATHS = [*KEYWORDS, *NUMBERS, "genre", "theme", "predicted.style.name", "predicted.genre.name"]


@st.composite
def ranges(draw: st.DrawFn) -> filters.Condition:
    key = draw(st.sampled_from(sorted(NUMBERS)))
    low, high = NUMBERS[key]
    number = st.integers(low, high) | st.floats(low, high).map(lambda value: round(value, 2))
    bounds = draw(
        st.dictionaries(st.sampled_from(["gte", "gt", "lte", "lt"]), number, min_size=1, max_size=2)
    )
    return {"key": key, "range": bounds}


@st.composite
def matches(draw: st.DrawFn) -> filters.Condition:
    key = draw(st.sampled_from(sorted(KEYWORDS)))
    value = st.sampled_from(KEYWORDS[key])
    if draw(st.booleans()):
        return {"key": key, "match": {"value": draw(value)}}
    return {"key": key, "match": {"any": draw(st.lists(value, max_size=3))}}


LEAVES = st.one_of(
    matches(),
    ranges(),
    st.sampled_from(PATHS).map(filters.is_empty),
    st.sets(st.integers(0, len(IDS) - 1), max_size=40).map(
        lambda numbers: filters.is_one_of([IDS[number] for number in numbers])
    ),
)


def clauses(conditions: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    part = st.lists(conditions, min_size=1, max_size=3)
    return st.fixed_dictionaries({}, optional={"must": part, "should": part, "must_not": part})


FILTERS = clauses(st.recursive(LEAVES, lambda inner: clauses(inner).filter(bool), max_leaves=6))


@settings(deadline=None, max_examples=500, derandomize=True,
          suppress_health_check=[HealthCheck.too_slow])  # fmt: skip
@given(FILTERS)
def test_generated_filters_mean_the_same(stores: dict[str, Store], filter_: Any) -> None:
    expected = [record.id for record in stores["oracle"].scroll(filter_)]
    for name, store in stores.items():
        assert [record.id for record in store.scroll(filter_, keys=())] == expected, name
        assert store.count(filter_) == len(expected), name


@pytest.mark.server
@settings(deadline=None, max_examples=200, derandomize=True)
@given(FILTERS)
def test_generated_filters_mean_the_same_on_a_real_server(
    stores: dict[str, Store], real_server: Store, filter_: Any
) -> None:
    expected = [record.id for record in stores["oracle"].scroll(filter_)]
    assert [record.id for record in real_server.scroll(filter_, keys=())] == expected
    assert real_server.count(filter_) == len(expected)


def any_as_the_first(match: Any) -> Any:
    return qdrant_edge.MatchValue((match.get("any") or [match.get("value", "")])[0])


def without_must_not(filter_: Any) -> models.Filter | None:
    kept = {key: value for key, value in (filter_ or {}).items() if key != "must_not"}
    return models.Filter.model_validate(kept) if kept else None


def closed_as_open(filter_: Any) -> models.Filter | None:
    text = models.Filter.model_validate(filter_ or {}).model_dump_json(exclude_none=True)
    return models.Filter.model_validate_json(text.replace('"gte"', '"gt"'))


@pytest.mark.parametrize(
    ("module", "name", "wrong", "store"),
    [
        (edge_filter, "_match", any_as_the_first, "embedded"),
        (server, "_to_filter", without_must_not, "server code"),
        (server, "_to_filter", closed_as_open, "server code"),
    ],
)
def test_a_wrong_translation_is_found(
    module: Any,
    name: str,
    wrong: Any,
    store: str,
    stores: dict[str, Store],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, name, wrong)
    found = {store for query in QUERIES for store in disagreements(stores, query)}
    assert store in found
