"""Requests that come slowly or never to an end, on real sockets."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx
import pytest
from page_server import running
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from search.web.requests import WholeRequests
from search.web.settings import Settings

HEAD = b"GET /count HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /count HTTP/1.1\r\nHost: x\r\n"
Serve = Callable[..., str]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that serves an application with some limits and returns its address.

    It answers with the size of the body; ``/wait`` waits until the test ends.
    """
    released = threading.Event()

    async def count(request: Request) -> JSONResponse:
        return JSONResponse(len(await request.body()))

    async def wait(request: Request) -> JSONResponse:
        while not released.is_set():
            await asyncio.sleep(0.01)
        return JSONResponse("done")

    with contextlib.ExitStack() as opened:
        opened.callback(released.set)

        def start(**limits: float) -> str:
            settings = Settings(**{"head_seconds": 0.3, "body_seconds": 0.3, **limits})  # type: ignore[arg-type]
            app = Starlette(
                routes=[Route("/count", count, methods=["GET", "POST"]), Route("/wait", wait)]
            )
            app.add_middleware(WholeRequests, settings=settings)
            return opened.enter_context(running(app, settings))  # type: ignore[arg-type]

        yield start
        released.set()


def connect(address: str, sent: bytes = b"") -> socket.socket:
    host, _, port = address.removeprefix("http://").partition(":")
    connection = socket.create_connection((host, int(port)), timeout=10)
    connection.sendall(sent)
    return connection


def read_to_end(connection: socket.socket) -> bytes:
    """Return all that the server sends until it closes the connection."""
    found = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 16):
            found += part
    return found


def drip(connection: socket.socket, data: bytes, pause: float) -> None:
    with contextlib.suppress(OSError):
        for byte in data:
            connection.sendall(bytes([byte]))
            time.sleep(pause)


@pytest.mark.parametrize(
    "sent",
    [b"", b"G", b"GET / HTTP/1.1", HEAD, HEAD + b"X-Long: " + b"a" * 5000],
    ids=["nothing", "a letter", "a line", "a header", "a long header"],
)
def test_half_a_head_is_not_waited_for(serve: Serve, sent: bytes) -> None:
    with connect(serve(), sent) as connection:
        assert read_to_end(connection) == b""


def test_a_head_that_drips_is_not_waited_for(serve: Serve) -> None:
    with connect(serve()) as connection:
        drip(connection, HEAD + b"X-A: b\r\n" * 20, 0.02)
        assert read_to_end(connection) == b""


@pytest.mark.parametrize(
    "sent",
    [
        POST + b"Content-Length: 100\r\n\r\n",
        POST + b"Content-Length: 100\r\n\r\nhalf",
        POST + b"Transfer-Encoding: chunked\r\n\r\n5\r\nabc",
        POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"GET /count HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc",
        POST + b"Content-Length: 100\r\nExpect: 100-continue\r\n\r\n",
    ],
    ids=["none", "half", "half a chunk", "a chunk", "of a GET", "expected"],
)
def test_half_a_body_is_not_waited_for(serve: Serve, sent: bytes) -> None:
    with connect(serve(), sent) as connection:
        answer = read_to_end(connection)
    assert b"HTTP/1.1 408 " in answer
    assert b"took too long" in answer


def test_a_body_that_drips_is_not_waited_for(serve: Serve) -> None:
    with connect(serve(), POST + b"Content-Length: 1000\r\n\r\n") as connection:
        drip(connection, b"a" * 40, 0.02)
        assert b"HTTP/1.1 408 " in read_to_end(connection)


def test_a_large_body_may_take_longer(serve: Serve) -> None:
    address = serve(least_bytes_a_second=1000)

    def pieces() -> Iterator[bytes]:
        for _ in range(8):
            yield bytes(200)
            time.sleep(0.1)

    assert httpx.post(f"{address}/count", content=pieces()).json() == 1600


def test_what_is_left_of_a_body_is_not_waited_for(serve: Serve) -> None:
    address = serve(most_upload_bytes=1000)
    with connect(address, POST + b"Content-Length: 5000\r\n\r\n") as connection:
        drip(connection, b"a" * 40, 0.02)
        assert read_to_end(connection).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    "sent", [b"", HEAD, POST + b"Content-Length: 100\r\n\r\nhalf"], ids=["nothing", "head", "body"]
)
def test_half_requests_keep_nobody_waiting(serve: Serve, sent: bytes) -> None:
    address = serve(head_seconds=30, body_seconds=30, requests_at_once=3, connections_waiting=9)
    with contextlib.ExitStack() as opened:
        for _ in range(40):
            opened.enter_context(connect(address, sent))
        for _ in range(3):
            assert httpx.get(f"{address}/count").json() == 0


def test_the_connection_that_waits_longest_makes_room(serve: Serve) -> None:
    address = serve(head_seconds=30, connections_waiting=3)
    with contextlib.ExitStack() as opened:
        half = [opened.enter_context(connect(address, HEAD)) for _ in range(5)]
        for connection in half[:2]:
            assert read_to_end(connection) == b""
        for connection in half[2:]:
            connection.sendall(b"Connection: close\r\n\r\n")
            assert read_to_end(connection).startswith(b"HTTP/1.1 200 ")


def test_too_many_requests_at_once_are_refused(serve: Serve) -> None:
    address = serve(requests_at_once=2)
    with contextlib.ExitStack() as opened:
        for _ in range(2):
            opened.enter_context(connect(address, HEAD.replace(b"count", b"wait") + b"\r\n"))
        for _ in range(100):
            answer = httpx.get(f"{address}/count")
            if answer.status_code == 503:
                break
        assert answer.json() == {"error": "the server is busy; ask again"}
        assert answer.headers["retry-after"] == "1"


def test_a_connection_serves_several_requests(serve: Serve) -> None:
    with httpx.Client(base_url=serve()) as client:
        for size in (0, 10, 100_000):
            assert client.post("/count", content=bytes(size)).json() == size
            time.sleep(0.1)
    with connect(serve(), (HEAD + b"\r\n") * 5) as connection:  # pipelined
        assert read_to_end(connection).count(b"HTTP/1.1 200 ") == 5


def test_a_server_that_ends_waits_for_no_half_request(capsys: pytest.CaptureFixture[str]) -> None:
    async def count(request: Request) -> JSONResponse:
        return JSONResponse(len(await request.body()))

    settings = Settings(head_seconds=60, body_seconds=60)
    app = Starlette(routes=[Route("/count", count, methods=["GET", "POST"])])
    app.add_middleware(WholeRequests, settings=settings)
    with contextlib.ExitStack() as opened:
        with running(app, settings) as address:  # type: ignore[arg-type]
            for sent in (b"", HEAD, POST + b"Content-Length: 100\r\n\r\nhalf"):
                opened.enter_context(connect(address, sent))
            assert httpx.get(f"{address}/count").json() == 0
        assert capsys.readouterr().err == ""  # no task had to be cancelled


def test_a_client_that_leaves_harms_nobody(serve: Serve) -> None:
    address = serve()
    for sent in (b"", HEAD, HEAD + b"\r\n", POST + b"Content-Length: 100\r\n\r\nhalf"):
        connect(address, sent).close()
    assert httpx.get(f"{address}/count").json() == 0
