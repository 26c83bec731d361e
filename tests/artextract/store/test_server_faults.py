"""What real servers, clusters and hosted ones answer, by REST and by gRPC."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from qdrant_server import QdrantServer, Received, serve_qdrant
from store_points import make_points

from artextract.errors import StoreError, StoreFullError, UnavailableError
from artextract.store import Manifest, ModelIdentity, filters
from artextract.store.location import Location
from artextract.store.manifest import Layout
from artextract.store.server import ServerStore

MODEL = ModelIdentity("tiny", "ab" * 32, 3)
MANIFEST = Manifest(model=MODEL, vectors={"visual": 3})
KEY, TOKEN, READ_TOKEN, OTHER_TOKEN = "a key", "may write", "may read", "of another collection"


@dataclass
class Access:
    """A way in: the protocol, and the stores by it."""

    server: QdrantServer
    protocol: str

    def location(self, key: str) -> Location:
        port = self.server.grpc_port if self.protocol == "grpc" else None
        url = f"{self.server.url}/paintings"
        return Location(url, api_key=key, grpc_port=port, timeout_seconds=1)

    def create(
        self, key: str = KEY, manifest: Manifest = MANIFEST, patience_seconds: float = 20.0
    ) -> ServerStore:
        """Open the collection to write to it; waits between attempts take no time."""
        store = ServerStore.create(self.location(key), manifest, patience_seconds=patience_seconds)
        store._call.sleep = lambda seconds: None
        return store

    def load(self, key: str = KEY) -> ServerStore:
        return ServerStore.load(self.location(key), patience_seconds=0.3)


@pytest.fixture(params=["rest", "grpc"])
def access(request: pytest.FixtureRequest) -> Iterator[Access]:
    tokens = {
        TOKEN: ("paintings", "rw"),
        READ_TOKEN: ("paintings", "r"),
        OTHER_TOKEN: ("drawings", "rw"),
    }
    with serve_qdrant(api_key=KEY, tokens=tokens) as server:
        yield Access(server, request.param)


# A cluster, in which each replica hears of a change at its own time


@pytest.mark.parametrize("lag", [1, 3])
def test_changes_that_the_cluster_shows_late_are_waited_for(access: Access, lag: int) -> None:
    access.server.lag = lag
    with access.create() as store:
        store.upsert(make_points(2))
        assert store.facet("folded.artist") == [("monet", 2)]
    with access.load() as store:
        assert store.count() == 2


@pytest.mark.parametrize(
    ("made", "said"),
    [("PUT paintings", "it"), ("PUT index", "its indexes"), ("PATCH paintings", "its metadata")],
)
def test_a_change_that_is_never_shown_is_named(access: Access, made: str, said: str) -> None:
    def hide_from_here(received: Received) -> None:
        if f"{received.method} {received.path}" == made:
            access.server.lag = 10**6

    access.server.trouble = hide_from_here
    with pytest.raises(UnavailableError, match=f"does not show {said}; check that the cluster"):
        access.create(patience_seconds=0.2)


# Failures that pass, and those that do not

PASSING = [
    "500: Service internal error: Waiting for consensus operation commit failed. Timeout set at: "
    "10 seconds",
    "500: Service internal error: Tonic status error: code: 'The service is currently "
    'unavailable\', message: "tcp connect error"',
    "500: 4 out of 6 shards failed to apply operation. First error captured: Service internal "
    "error: Tonic status error: code: 'The service is currently unavailable'",
    "500: Service internal error: The replica set for shard 1 on peer 7 has no active replica",
    "500: Service internal error: No space left on device: WAL buffer size exceeds available disk "
    "space",
    "408: Timeout: Operation 'Update' timed out after 10s",
    "503: Shard temporarily unavailable: The shard 2 is being transferred",
]


@pytest.mark.parametrize("trouble", PASSING)
def test_writes_outlast_a_node_that_dies(access: Access, trouble: str) -> None:
    with access.create() as store:
        first = len(access.server.received)
        access.server.trouble = lambda received: trouble if received.number < first + 5 else None
        store.upsert(make_points(3))
        store.delete([make_points(1)[0].id])
        assert store.count() == 2


LASTING = [
    ("400: Wrong input: Vector dimension error: expected dim: 3, got 4", "expected dim: 3"),
    ("403: Forbidden: Write access to collection paintings is required", "Write access"),
    ("404: Not found: Collection `paintings` doesn't exist!", "doesn't exist"),
    ("500: Service internal error: task 12 panicked with message", "panicked"),
]


@pytest.mark.parametrize(("trouble", "said"), LASTING)
def test_what_will_not_pass_is_not_tried_again(access: Access, trouble: str, said: str) -> None:
    with access.create() as store:
        store.upsert(make_points(1))
        first = len(access.server.received)
        access.server.trouble = lambda received: trouble
        with pytest.raises(StoreError, match=said):
            store.upsert(make_points(1))
        assert len(access.server.received) == first + 1
        access.server.trouble = lambda received: None


def test_a_disk_that_stays_full_is_named(access: Access) -> None:
    full = "500: Service internal error: No space left on device: WAL buffer size exceeds available"
    with access.create(patience_seconds=0.3) as store:
        store.upsert(make_points(1))
        access.server.trouble = lambda received: full
        with pytest.raises(StoreFullError, match=r"has had no space for .*make room there"):
            store.upsert(make_points(1, 1))
        access.server.trouble = lambda received: None


# Replicas

TWO = Manifest(model=MODEL, vectors={"visual": 3}, layout=Layout(replicas=2))
INACTIVE = (
    "500: Service internal error: The replica set for shard 2 on peer 7 does not have enough "
    "active replicas"
)
UNREACHABLE = (
    "500: Service internal error: 1 of 2 read operations failed:\n  Service internal error: Tonic "
    "status error: code: 'The service is currently unavailable', message: \"Failed to connect to "
    'http://127.0.0.1:6335/, error: transport error"'
)


def test_what_one_replica_lacks_is_not_taken_as_stored(access: Access) -> None:
    with access.create(manifest=TWO) as store:
        points = make_points(4)
        ids = [point.id for point in points]
        store.upsert(points)
        assert dict(store.describe())["replicas"] == "equal"
        access.server.lacking = {ids[1], ids[3]}
        assert set(store.retrieve_everywhere(ids, keys=("id",))) == {ids[0], ids[2]}
        assert "2 points are not on all of them; run" in dict(store.describe())["replicas"]
        store.upsert([points[1], points[3]])
        assert set(store.retrieve_everywhere(ids)) == set(ids)
        assert dict(store.describe())["replicas"] == "equal"


@pytest.mark.parametrize("down", [INACTIVE, UNREACHABLE], ids=["inactive", "unreachable"])
def test_an_ingest_goes_on_while_a_replica_is_down(
    access: Access, down: str, caplog: pytest.LogCaptureFixture
) -> None:
    ids = [point.id for point in make_points(3)]
    with access.create(manifest=TWO, patience_seconds=0.3) as store:
        store.upsert(make_points(3))
        access.server.trouble = lambda a: down if a.body.get("consistency") == "all" else None
        assert set(store.retrieve_everywhere(ids)) == set(ids)
        assert "run the same command again when all nodes are up" in caplog.text
        assert "start the nodes that are down" in dict(store.describe())["replicas"]


# Tokens for one collection


def test_a_token_for_the_collection_is_enough_to_write(access: Access) -> None:
    access.create().close()
    reader = access.load(READ_TOKEN)
    revisions = {reader.manifest.revision}
    with access.create(TOKEN) as writer:
        writer.upsert(make_points(3))
        assert reader.refresh()
        assert reader.manifest == writer.manifest
        revisions.add(reader.manifest.revision)
        writer.overwrite_payloads({make_points(1)[0].id: {"id": "renamed"}})
    assert reader.refresh()
    assert not reader.refresh()
    assert len(revisions | {reader.manifest.revision}) == 3
    sent = {(each.method, each.path) for each in access.server.received}
    assert not any(path == "exists" for _, path in sent)
    reader.close()


def test_the_revision_of_such_a_writer_is_no_artwork(access: Access) -> None:
    access.create().close()
    with access.create(TOKEN) as writer:
        writer.upsert(make_points(3))
    ids = {point.id for point in make_points(3)}
    no_artist = filters.all_of([], but=[filters.equals("folded.artist", "manet")])
    for key in (KEY, TOKEN, READ_TOKEN):
        with access.load(key) as store:
            assert store.count() == store.count(no_artist) == store.count_works() == 3
            assert {record.id for record in store.scroll(page_size=1)} == ids
            assert {record.id for record in store.scroll(no_artist)} == ids
            assert {hit.id for hit in store.search([1, 1, 1], limit=9)} == ids
            assert store.facet("id") == [("work 0", 1), ("work 1", 1), ("work 2", 1)]
    with access.create() as writer:  # who may change metadata tidies up
        writer.upsert(make_points(1, 3))
    with access.load() as store:
        assert store.count() == 4
        assert store.manifest.revision == writer.manifest.revision
    assert access.server.client.count("paintings").count == 4


@pytest.mark.parametrize(
    ("key", "said"),
    [
        (READ_TOKEN, "Write access to collection paintings is required"),
        (OTHER_TOKEN, "Access to collection paintings is required"),
        ("unknown", "refuses the API key"),
    ],
)
def test_what_a_key_may_not_do_is_said(access: Access, key: str, said: str) -> None:
    access.create().close()
    with pytest.raises(StoreError, match=f"{said}.*QDRANT_API_KEY"):
        access.create(key).upsert(make_points(1))
    assert access.server.client.count("paintings").count == 0


def test_making_a_collection_takes_more_than_a_token_for_it(access: Access) -> None:
    with pytest.raises(StoreError, match="Global access is required"):
        access.create(TOKEN)


# Optimisation


def test_a_collection_that_waits_since_a_restart_is_woken(access: Access) -> None:
    with access.create() as store:
        access.server.status = "grey"
        assert "waits for a change" in dict(store.describe())["status"]
        lines: list[str] = []
        store.settle(lines.append)
        assert access.server.status == "green"
        assert [line for line in lines if "grey" in line]
    patched = [a.body for a in access.server.received if a.method == "PATCH"]
    woken = [body for body in patched if "optimizers_config" in body]
    assert [body["optimizers_config"] for body in woken] == [{}]


def test_failed_optimisation_is_not_waited_for(access: Access) -> None:
    with access.create() as store:
        access.server.status = "red"
        access.server.error = "Service internal error: mmap of segment 3 failed"
        assert "mmap of segment 3 failed" in dict(store.describe())["status"]
        with pytest.raises(StoreError, match=r"can't optimise .*mmap of segment 3 failed.*restart"):
            store.settle()
        access.server.status, access.server.error = "green", ""


def test_optimisation_shows_how_far_it_is(access: Access) -> None:
    def finish_soon(received: Received) -> None:
        if len(access.server.received) > begun + 3:
            access.server.status = "green"

    with access.create() as store:
        access.server.status = "yellow"
        begun = len(access.server.received)
        access.server.trouble = finish_soon
        lines: list[str] = []
        store.settle(lines.append)
    assert len(lines) == 1
    assert "yellow, 0 vectors in graphs" in lines[0]
