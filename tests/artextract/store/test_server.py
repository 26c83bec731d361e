"""A collection on a server, over real HTTP, with all that can go wrong there."""

import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from qdrant_server import QdrantServer, Received, serve_qdrant
from store_points import make_points

from artextract.errors import ArtExtractError, StoreError, StoreMismatchError, UnavailableError
from artextract.store import (
    Layout,
    Manifest,
    ModelIdentity,
    Point,
    create_store,
    filters,
    find_store,
    open_store,
    schema,
)
from artextract.store.location import Location
from artextract.store.server import ServerStore

MODEL = ModelIdentity("tiny", "ab" * 32, 3)
KEY = "a key"


@pytest.fixture
def server() -> Iterator[QdrantServer]:
    with serve_qdrant(api_key=KEY) as running:
        yield running


@pytest.fixture
def location(server: QdrantServer) -> Location:
    return Location(f"{server.url}/paintings", api_key=KEY, timeout_seconds=1)


def test_indexes_come_before_points_and_the_manifest_last(
    server: QdrantServer, location: Location
) -> None:
    with create_store(location, MODEL) as store:
        store.upsert(make_points(3))
    steps = [(received.method, received.path) for received in server.received]
    created = steps.index(("PUT", "paintings"))
    named = steps.index(("PATCH", "paintings"))
    written = steps.index(("PUT", "points"))
    indexed = [at for at, step in enumerate(steps) if step == ("PUT", "index")]
    assert created < min(indexed) <= max(indexed) < named < written
    assert set(server.indexes) == {key.name for key in schema.indexed("server")}


def test_what_was_asked_for_is_sent(server: QdrantServer, location: Location) -> None:
    layout: dict[str, Any] = {
        "shards": 6,
        "replicas": 3,
        "quantization": "int8",
        "hnsw_m": 32,
        "on_disk": False,
    }
    vectors = {"visual": 3, "scene": 127, "palette": 128, "style": 512}
    with create_store(location, MODEL, vectors=vectors, layout=layout) as store:
        assert store.manifest.layout == Layout(**layout)
    body = next(a.body for a in server.received if (a.method, a.path) == ("PUT", "paintings"))
    assert body["shard_number"] == 6
    assert body["replication_factor"] == 3
    assert body["write_consistency_factor"] == 2
    assert body["hnsw_config"]["m"] == 32
    assert body["optimizers_config"]["default_segment_number"] == 1
    assert body["vectors"]["visual"] == {"size": 3, "distance": "Cosine", "on_disk": False}
    quantized = {
        name: each["quantization_config"]["scalar"]["type"]
        for name, each in body["vectors"].items()
        if "quantization_config" in each
    }
    assert quantized == {"palette": "int8", "style": "int8"}
    with pytest.raises(StoreMismatchError, match="`shards` is 6, not 2"):
        create_store(location, MODEL, layout={"shards": 2})


def test_a_filtered_search_keeps_more_candidates(server: QdrantServer, location: Location) -> None:
    only = filters.all_of([filters.equals("id", "work-1")])
    with create_store(location, MODEL) as store:
        store.upsert(make_points(3))
        for limit, filter_ in ((3, None), (3, only), (900, None), (900, only)):
            store.search([1, 0, 0], limit=limit, filter_=filter_)
    sent = [each.body["params"] for each in server.received if each.path == "points/query"]
    kept = [each["hnsw_ef"] for each in sent]
    assert kept[0] < kept[1] < 900 < kept[2] == kept[3], "as many as are needed, at least"
    assert not any((each.get("acorn") or {}).get("enable") for each in sent)
    assert {each["quantization"]["rescore"] for each in sent} == {True}


def test_a_search_in_a_large_collection_keeps_more_candidates(
    server: QdrantServer, location: Location
) -> None:
    only = filters.all_of([filters.equals("id", "work-1")])
    kept = []
    with create_store(location, MODEL) as store:
        for count in (1000, 100_000, 1_000_000):
            server.points_count = count
            store.upsert(make_points(3))  # after a write, the size is read again
            for filter_ in (None, only, None):
                store.search([1, 0, 0], limit=3, filter_=filter_)
            queries = [each for each in server.received if each.path == "points/query"][-3:]
            kept.append([each.body["params"]["hnsw_ef"] for each in queries])
    assert kept == [[128, 768, 128], [128, 768, 128], [808, 1012, 808]]


def test_grpc_does_what_rest_does(server: QdrantServer, location: Location) -> None:
    with create_store(replace(location, grpc_port=server.grpc_port), MODEL) as store:
        store.upsert(make_points(7))
        store.delete([make_points(1)[0].id])
        store.overwrite_payloads({make_points(1, 1)[0].id: {"id": "renamed", "year_begin": 1800}})
        with open_store(location) as by_rest:
            assert by_rest.manifest == store.manifest
            renamed = filters.all_of([filters.equals("id", "renamed")])
            both = (store, by_rest)
            for one, other in (
                [list(each.scroll(page_size=2, with_vectors=True)) for each in both],
                [[hit.id for hit in each.search([1, 4, 0.5], limit=3)] for each in both],
                [[hit.payload for hit in each.search([1, 4, 0.5], limit=3, filter_=renamed)]
                 for each in both],
                [each.facet("folded.artist") for each in both],
                [each.count(renamed) for each in both],
                [each.retrieve([make_points(1, 3)[0].id], keys=("id",)) for each in both],
            ):  # fmt: skip
                assert one == other
                assert one
    methods = {(each.method, each.path) for each in server.received}
    assert methods >= {("PUT", "points"), ("PUT", "index"), ("PATCH", "paintings")}


def test_writes_wait_until_they_are_applied(location: Location) -> None:
    with create_store(location, MODEL) as store:
        for number in range(5):
            store.upsert(make_points(1, number))
            assert store.count() == number + 1


def test_batches_are_bounded(server: QdrantServer, location: Location) -> None:
    with create_store(location, MODEL) as store:
        store.upsert(make_points(150))
        sizes = [
            len(a.body["points"])
            for a in server.received
            if (a.method, a.path) == ("PUT", "points")
        ]
        assert sizes == [64, 64, 22]
        assert store.count() == 150


@pytest.mark.parametrize(
    "cut_at", ["PUT paintings", "GET paintings", "PUT index", "PATCH paintings"]
)
def test_a_creation_that_was_cut_off_is_finished_by_the_next(
    cut_at: str, server: QdrantServer, location: Location
) -> None:
    seen = 0

    def cut(received: Received) -> str | None:
        nonlocal seen
        seen += f"{received.method} {received.path}" == cut_at
        return "reset" if seen and not (cut_at == "PUT index" and seen < 4) else None

    server.trouble = cut
    manifest = Manifest(model=MODEL, vectors={"visual": MODEL.dimension})
    with pytest.raises(UnavailableError):
        ServerStore.create(location, manifest, patience_seconds=0.1)
    server.trouble = lambda received: None
    assert find_store(location) is None
    with create_store(location, MODEL) as store:
        store.upsert(make_points(2))
        assert store.facet("folded.artist") == [("monet", 2)]


def test_a_collection_whose_making_was_not_heard_of_is_taken(
    server: QdrantServer, location: Location
) -> None:
    lost = iter(["lost"])
    server.trouble = lambda a: (
        next(lost, None) if a.path == "paintings" and a.method == "PUT" else None
    )
    with create_store(location, MODEL) as store:
        assert store.count() == 0


def test_somebody_elses_collection_is_left_alone(server: QdrantServer, location: Location) -> None:
    from qdrant_client import models

    server.client.create_collection(
        "paintings", models.VectorParams(size=3, distance=models.Distance.DOT)
    )
    with pytest.raises(StoreMismatchError, match=r"not made by artextract .*`store`"):
        create_store(location, MODEL)
    with pytest.raises(StoreError, match="was not made by artextract"):
        open_store(location)


def test_another_model_is_refused(location: Location) -> None:
    create_store(location, MODEL).close()
    with pytest.raises(StoreMismatchError, match="two models never mix"):
        create_store(location, ModelIdentity("other", "cd" * 32, 3))


TROUBLES = ["500", "502", "503", "429", "reset", "lost", "stall"]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_what_passes_loses_nothing_and_writes_nothing_twice(
    trouble: str, server: QdrantServer, location: Location, caplog: pytest.LogCaptureFixture
) -> None:
    with create_store(location, MODEL) as store:
        times = 1 if trouble in ("stall", "429") else 2  # these take a second each
        first = len(server.received)
        server.trouble = lambda a: trouble if a.number < first + times else None
        begun = time.monotonic()
        store.upsert(make_points(5))
        if trouble == "429":
            assert time.monotonic() - begun >= 1  # the second that it asks for
        first = len(server.received)
        assert store.count() == 5
        first = len(server.received)
        assert len(list(store.scroll(page_size=2))) == 5
        first = len(server.received)
        assert [h.id for h in store.search([1, 4, 0.5], limit=1)] == [make_points(1, 4)[0].id]
        first = len(server.received)
        store.delete([make_points(1)[0].id, str(uuid.UUID(int=7))])
    assert "does not answer" in caplog.text
    with open_store(location) as store:
        assert store.count() == 4


def test_a_server_that_dies_and_comes_back(
    server: QdrantServer, location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    with create_store(location, MODEL) as store:
        store.upsert(make_points(3))
        server.stop()
        waits = 0

        def revive(seconds: float) -> None:
            nonlocal waits
            waits += 1
            if waits == 3:
                server.start()

        assert isinstance(store, ServerStore)
        store._call.sleep = revive
        store.upsert(make_points(3, 3))
        assert waits == 3
        assert store.count() == 6


def test_giving_up_says_what_to_do(server: QdrantServer, location: Location) -> None:
    with create_store(location, MODEL) as made:
        made.upsert(make_points(3))
    store = ServerStore.load(location, patience_seconds=0.3)
    server.stop()
    with pytest.raises(UnavailableError, match=r"has not answered for \d+ s .*what is stored is"):
        store.count()
    with pytest.raises(UnavailableError):
        open_store(location)


def refusals() -> Iterator[tuple[str, Callable[[QdrantServer], object], str]]:
    yield "key", lambda s: setattr(s, "api_key", "another"), "refuses the API key.*QDRANT_API_KEY"
    yield "old", lambda s: setattr(s, "version", "1.9.2"), r"version 1\.9\.2, and 1\.16 or a later"
    yield "new", lambda s: setattr(s, "version", "2.0.0"), r"version 2\.0\.0"
    yield "dev", lambda s: setattr(s, "version", "nightly"), "not a version of Qdrant"
    yield "html", lambda s: setattr(s, "trouble", lambda a: "garbage"), "is not a Qdrant server"
    yield "404", lambda s: setattr(s, "trouble", lambda a: "404"), "refused: status 404"


@pytest.mark.parametrize(("change", "said"), [each[1:] for each in refusals()],
                         ids=[each[0] for each in refusals()])  # fmt: skip
def test_what_will_not_pass_is_said_at_once(
    change: Callable[[QdrantServer], object],
    said: str,
    server: QdrantServer,
    location: Location,
) -> None:
    create_store(location, MODEL).close()
    change(server)
    received = len(server.received)
    calls: list[Callable[[], object]] = [
        lambda: open_store(location),
        lambda: create_store(location, MODEL),
    ]
    for call in calls:
        with pytest.raises(ArtExtractError, match=said):
            call()
    assert len(server.received) - received <= 4


def test_a_collection_that_is_missing(location: Location) -> None:
    with pytest.raises(StoreError, match=r"no collection 'paintings'; .*artextract ingest"):
        open_store(location)
    assert find_store(location) is None


def test_a_damaged_manifest(server: QdrantServer, location: Location) -> None:
    create_store(location, MODEL).close()
    server.client.update_collection("paintings", metadata={"artextract": {"model": "?"}})
    with pytest.raises(StoreError, match="are damaged"):
        open_store(location)


def test_values_that_cannot_be_stored(location: Location) -> None:
    point = make_points(1)[0]
    with create_store(location, MODEL) as store:
        for value in (float("nan"), {1, 2}, b"bytes"):
            with pytest.raises(StoreError, match="can't be stored"):
                store.upsert([Point(point.id, point.vectors, {"id": "x", "extra": value})])
        with pytest.raises(StoreError, match="has 2 dimensions"):
            store.upsert([Point(point.id, {"visual": [1.0, 2.0]}, {})])
        assert store.count() == 0


def test_each_writer_leaves_a_new_revision(location: Location) -> None:
    with create_store(location, MODEL) as store:
        before = store.manifest.revision
        store.upsert(make_points(1))
        during = store.manifest.revision
    with open_store(location) as reader:
        after = reader.manifest.revision
    assert len({before, during, after}) == 3
    with open_store(location) as reader:
        assert reader.manifest.revision == after


def test_what_info_tells(location: Location) -> None:
    with create_store(location, MODEL, layout={"replicas": 2}) as store:
        said = dict(store.describe())
        assert "Qdrant 1.20.0" in said["server"]
        assert "'paintings'" in said["server"]
        assert said["status"].startswith("green")
        assert "2 replicas" in said["layout"]
        assert store.disk_bytes() is None
        store.settle()
        assert store.optimize() is False


def test_a_reader_learns_of_what_others_write(location: Location) -> None:
    create_store(location, MODEL).close()
    with open_store(location) as reader:
        assert not reader.refresh()
        with open_store(location) as writer:
            writer.upsert(make_points(2))
            assert reader.refresh()
            assert reader.manifest == writer.manifest
        assert reader.refresh()  # the writer has ended
        assert not reader.refresh()


def test_what_is_wanted_and_unwanted_at_once_is_not_found(
    server: QdrantServer, location: Location
) -> None:
    """Qdrant 1.18.3 passes over a condition in `must_not` that is also in `must`."""
    first = filters.equals("id", "work 0")
    with create_store(location, MODEL) as store:
        store.upsert(make_points(3))
        assert store.count(filters.all_of([first])) == 1
        for clause in ("must", "should"):
            assert store.count({clause: [first], "must_not": [first]}) == 0
            sent = server.received[-1].body["filter"]
            assert all(each not in sent[clause] for each in sent["must_not"])
