"""A Qdrant server for tests: its REST interface over HTTP, answered by qdrant-client's local mode.

It checks an API key, notes all requests, and can be told to misbehave. Local mode searches exactly
and has no optimiser, cluster or snapshots: what needs these is tested with a real server alone.
"""

import json
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel
from qdrant_client import QdrantClient, models

__all__ = ["QdrantServer", "Received", "serve_qdrant"]

VERSION = "1.20.0"

Trouble = str | None
"""What goes wrong with a request: a status ("503", "429"), "stall", "reset" (nothing is done),
"lost" (done, but the answer is lost), "garbage"; None for nothing."""


@dataclass(frozen=True)
class Received:
    """A request: its number from 0, the method, the path after the collection, and the body."""

    number: int
    method: str
    path: str
    body: dict[str, Any]


@dataclass
class QdrantServer:
    """The server; what it holds outlives its being stopped."""

    api_key: str | None = None
    version: str = VERSION
    trouble: Callable[[Received], Trouble] = lambda received: None
    stall_seconds: float = 3.0
    received: list[Received] = field(default_factory=list)
    indexes: dict[str, Any] = field(default_factory=dict)
    port: int = 0

    def __post_init__(self) -> None:
        """Begin with no collections."""
        self.client = QdrantClient(":memory:")
        self._lock = threading.RLock()
        self._http: _Http | None = None

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._http = _Http(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        """Die: connections end, and new ones are refused."""
        if self._http is not None:
            self._http.shutdown()
            self._http.die()
            self._http.server_close()
            self._http = None

    def note(self, method: str, path: str, body: dict[str, Any]) -> Received:
        """Note a request."""
        with self._lock:
            self.received.append(Received(len(self.received), method, path, body))
            return self.received[-1]

    def answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Return the result of a request.

        Raises:
            KeyError: there is no such route.
            ValueError: local mode refuses it.
        """
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # local mode has no payload indexes
            if path == "/":
                return {"title": "qdrant - vector search engine", "version": self.version}
            _, _, name, *rest = path.split("/")
            return _ROUTES[method, "/".join(rest)](self, name, body)


def _create(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    received = models.CreateCollection.model_validate(body)
    return server.client.create_collection(name, received.vectors, metadata=received.metadata)


def _get(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    found = server.client.get_collection(name).model_dump(mode="json")
    schema = {key: {"data_type": kind, "points": 0} for key, kind in server.indexes.items()}
    return {**found, "payload_schema": schema}


def _index(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    schema = body["field_schema"]
    server.indexes[body["field_name"]] = schema if isinstance(schema, str) else schema["type"]
    return _DONE


def _upsert(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    points = [models.PointStruct.model_validate(point) for point in body["points"]]
    return server.client.upsert(name, points)


def _query(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    received = models.QueryRequest.model_validate(body)
    return server.client.query_points(
        name,
        query=received.query,
        using=received.using,
        query_filter=received.filter,
        limit=received.limit or 10,
        with_payload=True if received.with_payload is None else received.with_payload,
        score_threshold=received.score_threshold,
    )


def _scroll(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    received = models.ScrollRequest.model_validate(body)
    points, following = server.client.scroll(
        name,
        received.filter,
        limit=received.limit or 10,
        offset=received.offset,
        with_payload=True if received.with_payload is None else received.with_payload,
        with_vectors=received.with_vector or False,
    )
    return {"points": points, "next_page_offset": following}


def _retrieve(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    received = models.PointRequest.model_validate(body)
    return server.client.retrieve(
        name,
        received.ids,
        with_payload=True if received.with_payload is None else received.with_payload,
        with_vectors=received.with_vector or False,
    )


def _count(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    return server.client.count(name, models.CountRequest.model_validate(body).filter)


def _facet(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    if body["key"] not in server.indexes:
        raise ValueError(f"Bad request: Index required but not found for {body['key']!r}")
    received = models.FacetRequest.model_validate(body)
    return server.client.facet(
        name, received.key, received.filter, limit=received.limit or 10, exact=True
    )


_DONE = {"operation_id": 0, "status": "completed"}
_ROUTES: dict[tuple[str, str], Callable[[QdrantServer, str, dict[str, Any]], Any]] = {
    ("GET", "exists"): lambda s, name, body: {"exists": s.client.collection_exists(name)},
    ("PUT", ""): _create,
    ("GET", ""): _get,
    ("PATCH", ""): lambda s, name, body: s.client.update_collection(
        name, metadata=body["metadata"]
    ),
    ("PUT", "index"): _index,
    ("PUT", "points"): _upsert,
    ("PUT", "points/payload"): lambda s, name, body: s.client.overwrite_payload(
        name, body["payload"], body["points"]
    ),
    ("POST", "points/delete"): lambda s, name, body: s.client.delete(name, body["points"]),
    ("POST", "points"): _retrieve,
    ("POST", "points/query"): _query,
    ("POST", "points/scroll"): _scroll,
    ("POST", "points/count"): _count,
    ("POST", "facet"): _facet,
}


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], owner: QdrantServer) -> None:
        self.owner = owner
        self.open: set[socket.socket] = set()
        super().__init__(address, _Handler)

    def die(self) -> None:
        for connection in list(self.open):
            _cut(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about connections that end."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        super().finish()

    def _serve(self) -> None:
        owner = self.server.owner
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(data) if data else {}
        path = self.path.partition("?")[0]
        received = owner.note(self.command, path.split("/", 3)[-1] if path != "/" else path, body)
        trouble = owner.trouble(received)
        if owner.api_key is not None and self.headers.get("api-key") != owner.api_key:
            self._send(401, {"status": {"error": "Must provide an API key"}})
        elif trouble == "stall":
            time.sleep(owner.stall_seconds)
            _cut(self.connection)
        elif trouble == "reset":
            _cut(self.connection)
        elif trouble == "garbage":
            self._send(200, "<html>welcome</html>")
        elif trouble is not None and trouble != "lost":
            self._send(int(trouble), {"status": {"error": "in trouble"}})
        else:
            status, answer = self._answer(owner, path, body)
            if trouble == "lost":
                _cut(self.connection)
            else:
                self._send(status, answer)

    do_GET = do_PUT = do_POST = do_PATCH = _serve

    def _answer(self, owner: QdrantServer, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        try:
            result = _plain(owner.answer(self.command, path, body))
        except KeyError:
            return 404, {"status": {"error": f"no route {self.command} {path}"}}
        except ValueError as error:
            missing = "not found" in str(error) and "Index" not in str(error)
            return 404 if missing else 400, {"status": {"error": str(error)}}
        if path == "/":
            return 200, result
        return 200, {"result": result, "status": "ok", "time": 0.0}

    def _send(self, status: int, answer: Any) -> None:
        data = (answer if isinstance(answer, str) else json.dumps(answer)).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "1")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


def _plain(value: Any) -> Any:
    """Return ``value`` as JSON values."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _cut(connection: socket.socket) -> None:
    """End a connection as a crash does."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def serve_qdrant(**settings: Any) -> Iterator[QdrantServer]:
    """Run a server until the block ends."""
    server = QdrantServer(**settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()
