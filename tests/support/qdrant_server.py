"""A Qdrant server for tests, over HTTP and gRPC, answered by qdrant-client's local mode.

It checks keys and tokens, notes all requests, and can be told to misbehave: to fail, to lag like a
cluster, to lack points on one replica, to refuse filters without an index. Its refusals have the
text of Qdrant 1.18.3. Local mode searches exactly and has no optimiser, cluster or snapshots: what
needs these is tested with a real server alone.
"""

import json
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pydantic import BaseModel
from qdrant_client import QdrantClient, models
from qdrant_grpc import serve_grpc

__all__ = ["QdrantServer", "Received", "Refused", "check_strict", "serve_qdrant"]

VERSION = "1.20.0"

Trouble = str | None
"""What goes wrong with a request: a status, with the server's text or without ("503", "500: Service
internal error: ..."), "stall", "reset" (nothing is done), "lost" (done, but the answer is lost),
"garbage"; None for nothing."""


@dataclass(frozen=True)
class Received:
    """A request: its number from 0, the method, the path after the collection, and the body.

    Requests by gRPC are noted as those by HTTP that do the same.
    """

    number: int
    method: str
    path: str
    body: dict[str, Any]


class Refused(Exception):
    """The server refuses a request, with an HTTP status and a text."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class QdrantServer:
    """The server; what it holds outlives its being stopped.

    ``api_key`` may do everything; ``tokens`` are {token: (the collection it is for, "r" or "rw")}.
    ``certificate`` is (its file, the file of its key), for TLS. ``lag`` is how many reads of a
    collection's state, after each change of it, still find it as it was: in a cluster any replica
    answers. ``lacking`` are the ids of points that one of two replicas lacks. ``status`` is the
    collections' status and, if that is "red", ``error`` the reason; ``points_count`` is
    the number of points that they claim. ``strict`` refuses filters
    without an index and limits beyond ``most``.
    """

    api_key: str | None = None
    tokens: dict[str, tuple[str, str]] = field(default_factory=dict)
    certificate: tuple[Path, Path] | None = None
    version: str = VERSION
    trouble: Callable[[Received], Trouble] = lambda received: None
    stall_seconds: float = 3.0
    lag: int = 0
    lacking: set[str] = field(default_factory=set)
    status: str = "green"
    error: str = ""
    points_count: int | None = None
    strict: bool = False
    most: int = 1000
    received: list[Received] = field(default_factory=list)
    indexes: dict[str, Any] = field(default_factory=dict)
    port: int = 0
    grpc_port: int = 0

    def __post_init__(self) -> None:
        """Begin with no collections."""
        self.client = QdrantClient(":memory:")
        self._lock = threading.RLock()
        self._http: _Http | None = None
        self._stop_grpc: Callable[[], None] = lambda: None
        self._seen_before: dict[str, list[models.CollectionInfo | None]] = {}

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http{'s' if self.certificate else ''}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Listen, on the same ports as before."""
        self._http = _Http(("127.0.0.1", self.port), self)
        self.port = self._http.server_address[1]
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.grpc_port, self._stop_grpc = serve_grpc(self, self.grpc_port)

    def stop(self) -> None:
        """Die: connections end, and new ones are refused."""
        if self._http is not None:
            self._http.shutdown()
            self._http.die()
            self._http.server_close()
            self._http = None
            self._stop_grpc()

    def receive(self, method: str, path: str, body: dict[str, Any]) -> tuple[Received, Trouble]:
        """Note a request; return it and what goes wrong with it."""
        short = path.split("/", 3)[-1] if path != "/" else path
        with self._lock:
            self.received.append(Received(len(self.received), method, short, body))
            return self.received[-1], self.trouble(self.received[-1])

    def answer(self, method: str, path: str, body: dict[str, Any], key: str | None) -> Any:
        """Return the result of a request that came with ``key``.

        Raises:
            Refused: the key may not do it, there is no such route, or local mode refuses it.
        """
        if path in ("/", "/readyz"):
            return models.VersionInfo(title="qdrant - vector search engine", version=self.version)
        _, _, name, *rest = path.split("/")
        self._check_access(method, name, "/".join(rest), key)
        if (method, "/".join(rest)) not in _ROUTES:
            raise Refused(404, f"no route {method} {path}")
        with self._lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # local mode has no payload indexes
            if self.strict:
                check_strict(self.indexes, body, self.most)
            changes = (method, "/".join(rest)) in _CHANGES
            before = self.state(name) if changes else None
            try:
                result = _ROUTES[method, "/".join(rest)](self, name, dict(body))
            except ValueError as error:
                raise Refused(404 if "not found" in str(error) else 400, str(error)) from error
            if changes:
                self._seen_before[name] = [before] * self.lag
            return result

    def state(self, name: str) -> models.CollectionInfo | None:
        """Return the state of a collection as it is; None if it does not exist."""
        if not self.client.collection_exists(name):
            return None
        found = self.client.get_collection(name).model_dump(mode="json")
        schema = {key: {"data_type": kind, "points": 0} for key, kind in self.indexes.items()}
        found |= {"payload_schema": schema, "status": self.status}
        if self.strict:
            found["config"]["strict_mode_config"] = {"enabled": True, "max_query_limit": self.most}
        if self.points_count is not None:
            found["points_count"] = self.points_count
        if self.error:
            found["optimizer_status"] = {"error": self.error}
        return models.CollectionInfo.model_validate(found)

    def visible_state(self, name: str) -> models.CollectionInfo:
        """Return the state of a collection as some replica knows it."""
        waiting = self._seen_before.get(name)
        found = waiting.pop() if waiting else self.state(name)
        if found is None:
            raise Refused(404, f"Not found: Collection `{name}` doesn't exist!")
        return found

    def _check_access(self, method: str, name: str, action: str, key: str | None) -> None:
        if self.api_key is None or key == self.api_key:
            return
        if key is None or key not in self.tokens:
            text = (
                "Invalid API key or JWT"
                if key
                else "Must provide an API key or an \
Authorization bearer token"
            )
            raise Refused(401, text)
        collection, mode = self.tokens[key]
        if collection != name:
            raise Refused(403, f"Forbidden: Access to collection {name} is required")
        if action == "exists" or (action == "" and method != "GET"):  # the first as hosted Qdrant
            raise Refused(403, "Forbidden: Global access is required")
        changes = action in ("points/delete", "points/batch")
        writes = method != "GET" and (method != "POST" or changes)
        if writes and mode == "r":
            raise Refused(403, f"Forbidden: Write access to collection {name} is required")
        if action == "index":
            raise Refused(403, "Forbidden: Manage access for this operation is required")


def check_strict(indexes: Mapping[str, str], body: dict[str, Any], most: int) -> None:
    """Check a request against the rules of strict mode.

    Raises:
        Refused: a limit is beyond ``most``, or a filter needs an index that is missing.
    """
    if (limit := body.get("limit") or 0) > most:
        raise Refused(
            400,
            f'Bad request: Limit exceeded {limit} > {most} for "limit". Help: Reduce the "limit" '
            f"parameter to or below {most}.",
        )
    for key, kinds in _needed_indexes(body.get("filter") or {}):
        if indexes.get(key) not in kinds:
            raise Refused(
                400,
                f'Bad request: Index required but not found for "{key}" of one of the following '
                f"types: [{', '.join(sorted(kinds))}]. Help: Create an index for this key or use a "
                "different filter.",
            )


def _needed_indexes(filter_: dict[str, Any], inside: str = "") -> Iterator[tuple[str, set[str]]]:
    """Iterate over (key, kinds of index of which one is needed) for each condition of a filter."""
    for part in _PARTS:
        conditions: Any = filter_.get(part) or []
        if part == "min_should" and conditions:
            conditions = conditions["conditions"]
        for each in conditions if isinstance(conditions, list) else [conditions]:
            if "nested" in each:
                within = f"{inside}{each['nested']['key'].removesuffix('[]')}[]."
                yield from _needed_indexes(each["nested"]["filter"], within)
            elif set(_PARTS) & set(each):
                yield from _needed_indexes(each, inside)
            elif "is_empty" in each or "is_null" in each:
                yield inside + (each.get("is_empty") or each["is_null"])["key"], _ALL_KINDS
            elif "key" in each:
                yield inside + each["key"], _kinds_for(each)


_PARTS = ("must", "should", "must_not", "min_should")
_ALL_KINDS = {"keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"}


def _kinds_for(condition: dict[str, Any]) -> set[str]:
    """Return the kinds of index of which Qdrant needs one for a condition on a key."""
    if match := condition.get("match"):
        if set(match) & {"text", "phrase", "text_any"}:
            return {"text"}
        (values,) = match.values()
        value = values[0] if isinstance(values, list) and values else values
        kind = "bool" if isinstance(value, bool) else "integer"
        return {kind if isinstance(value, int) else "keyword"}
    return {"float", "integer"} if condition.get("range") else _ALL_KINDS


def _create(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    received = models.CreateCollection.model_validate(body)
    return server.client.create_collection(name, received.vectors, metadata=received.metadata)


def _update(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    if "optimizers_config" in body and server.status == "grey":
        server.status = "green"
    return server.client.update_collection(name, metadata=body.get("metadata"))


def _index(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    schema = body["field_schema"]
    server.indexes[body["field_name"]] = schema if isinstance(schema, str) else schema["type"]
    return _DONE


def _upsert(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    points = [models.PointStruct.model_validate(point) for point in body["points"]]
    server.lacking -= {str(point.id) for point in points}
    return server.client.upsert(name, points)


def _overwrite(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    for each in body["operations"]:
        ((kind, change),) = each.items()
        assert kind == "overwrite_payload", kind
        server.client.overwrite_payload(name, change["payload"], change["points"])
    return [_DONE] * len(body["operations"])


def _query(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    received = models.QueryRequest.model_validate(body)
    return server.client.query_points(
        name,
        query=received.query,
        using=received.using,
        query_filter=received.filter,
        limit=received.limit or 10,
        offset=received.offset,
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
    lacking = server.lacking if body.pop("consistency", "") == "all" else set()
    received = models.PointRequest.model_validate(body)
    return server.client.retrieve(
        name,
        [each for each in received.ids if str(each) not in lacking],
        with_payload=True if received.with_payload is None else received.with_payload,
        with_vectors=received.with_vector or False,
    )


def _count(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    lacking = len(server.lacking) if body.pop("consistency", "") == "all" else 0
    found = server.client.count(name, models.CountRequest.model_validate(body).filter)
    return models.CountResult(count=found.count - lacking)  # the least of the replicas'


def _facet(server: QdrantServer, name: str, body: dict[str, Any]) -> Any:
    if body["key"] not in server.indexes:
        raise Refused(400, f"Bad request: Index required but not found for {body['key']!r}")
    received = models.FacetRequest.model_validate(body)
    return server.client.facet(
        name, received.key, received.filter, limit=received.limit or 10, exact=True
    )


_DONE = models.UpdateResult(operation_id=0, status=models.UpdateStatus.COMPLETED)
_CHANGES = {("PUT", ""), ("PATCH", ""), ("PUT", "index")}
"""What changes the state of a collection, by consensus."""

_ROUTES: dict[tuple[str, str], Callable[[QdrantServer, str, dict[str, Any]], Any]] = {
    ("GET", "exists"): lambda s, name, body: {"exists": s.client.collection_exists(name)},
    ("PUT", ""): _create,
    ("GET", ""): lambda s, name, body: s.visible_state(name),
    ("PATCH", ""): _update,
    ("PUT", "index"): _index,
    ("PUT", "points"): _upsert,
    ("POST", "points/batch"): _overwrite,
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
        if owner.certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*owner.certificate)
            # The handshake is the handler's, for a client that never begins it must block no other.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

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
        path, query = urlsplit(self.path).path, dict(parse_qsl(urlsplit(self.path).query))
        body = json.loads(data) if data else {}
        if "consistency" in query:
            body["consistency"] = query["consistency"]
        _, trouble = owner.receive(self.command, path, body)
        if trouble == "stall":
            time.sleep(owner.stall_seconds)
            _cut(self.connection)
        elif trouble == "reset":
            _cut(self.connection)
        elif trouble == "garbage":
            self._send(200, "<html>welcome</html>")
        elif trouble is not None and trouble != "lost":
            status, _, text = trouble.partition(": ")
            self._send(int(status), {"status": {"error": text or "in trouble"}})
        else:
            code, answer = self._answer(owner, path, body)
            if trouble == "lost":
                _cut(self.connection)
            else:
                self._send(code, answer)

    do_GET = do_PUT = do_POST = do_PATCH = _serve

    def _answer(self, owner: QdrantServer, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        try:
            result = _plain(owner.answer(self.command, path, body, self.headers.get("api-key")))
        except Refused as error:
            return error.status, {"status": {"error": str(error)}}
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
