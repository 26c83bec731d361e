"""Fetching meets real servers here, all of them on this machine's loopback address."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from artextract.errors import FetchError
from artextract.fetch import fetch, is_url

BODY = bytes(range(256)) * 40


@contextmanager
def raw_server(answer: Callable[[socket.socket, bytes], object]) -> Iterator[int]:
    """Listen on a free port; ``answer`` gets each connection and the first bytes it sent."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(2)
                try:
                    answer(connection, connection.recv(65536))
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield int(listener.getsockname()[1])
    finally:
        stop.set()
        thread.join()
        listener.close()


def fetch_raw(reply: bytes, **options: Any) -> bytes:
    """Fetch from a server that sends ``reply`` and hangs up."""
    with raw_server(lambda connection, _: connection.sendall(reply)) as port:
        return fetch(f"http://127.0.0.1:{port}/a.jpg", allow_private=True, **options)


def fetch_dripping(start: bytes, drop: bytes, seconds: float) -> float:
    """Fetch with a limit of 0.5 s what comes drop by drop; return how long that took."""

    def drip(connection: socket.socket, _: bytes) -> None:
        connection.sendall(start)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            connection.sendall(drop)
            time.sleep(0.05)

    with raw_server(drip) as port:
        began = time.monotonic()
        with pytest.raises(FetchError):
            fetch(f"http://127.0.0.1:{port}/a.jpg", allow_private=True, timeout_seconds=0.5)
        return time.monotonic() - began


def resolve_as(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]) -> list[str]:
    """Make names resolve to addresses, one list for each time; return the names asked for."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in names:
            if name not in {"127.0.0.1", "::1", "localhost"}:
                raise socket.gaierror(socket.EAI_NONAME, "no network in tests")
            return real(host, port, *rest, **options)
        answers = names[name]
        addresses = answers[min(asked.count(name), len(answers) - 1)]
        asked.append(name)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://a.example/b.jpg", True),
        ("https://a.example", True),
        ("HTTPS://A.EXAMPLE/B.JPG", True),
        ("ftp://a.example/b.jpg", False),
        ("file:///b.jpg", False),
        ("b.jpg", False),
        ("http/b.jpg", False),
        ("nga:96999", False),
        ("", False),
    ],
)
def test_is_url(text: str, expected: bool) -> None:
    assert is_url(text) is expected


# Answers


def test_the_body_comes_back_as_it_is(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.jpg", query_string="size=640").respond_with_data(BODY)
    assert fetch(httpserver.url_for("/a.jpg?size=640"), allow_private=True) == BODY


def test_the_server_learns_its_host_and_who_asks(httpserver: HTTPServer) -> None:
    seen: list[Request] = []

    def handler(request: Request) -> Response:
        seen.append(request)
        return Response(BODY)

    httpserver.expect_request("/a.jpg").respond_with_handler(handler)
    fetch(f"http://localhost:{httpserver.port}/a.jpg", allow_private=True)
    (request,) = seen
    assert request.method == "GET"
    assert request.headers["Host"] == f"localhost:{httpserver.port}"
    assert request.headers["User-Agent"].startswith("artextract/")
    assert "Cookie" not in request.headers
    assert "Authorization" not in request.headers


def test_the_host_is_named_and_its_address_is_taken(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = resolve_as(monkeypatch, {"museum.example": [["127.0.0.1"]]})
    hosts: list[str] = []

    def handler(request: Request) -> Response:
        hosts.append(request.headers["Host"])
        return Response(BODY)

    httpserver.expect_request("/a.jpg").respond_with_handler(handler)
    url = f"http://museum.example:{httpserver.port}/a.jpg"
    assert fetch(url, allow_private=True) == BODY
    assert hosts == [f"museum.example:{httpserver.port}"]
    assert asked == ["museum.example"]


def test_https_names_the_host_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"museum.example": [["127.0.0.1"]]})
    hellos: list[bytes] = []
    with raw_server(lambda _, first: hellos.append(first)) as port:
        with pytest.raises(FetchError):
            fetch(f"https://museum.example:{port}/a.jpg", allow_private=True)
    # The server name stands in the clear in a TLS ClientHello (RFC 6066, section 3).
    assert hellos[0][0] == 0x16
    assert b"museum.example" in hellos[0]


def test_no_proxy_of_the_environment_is_used(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    httpserver.expect_request("/a.jpg").respond_with_data(BODY)
    assert fetch(httpserver.url_for("/a.jpg"), allow_private=True) == BODY


@pytest.mark.parametrize("status", [204, 400, 403, 404, 429, 500, 503])
def test_another_status_is_an_error_with_its_number(status: int, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(b"", status=status)
    url = httpserver.url_for("/a.jpg")
    with pytest.raises(FetchError, match=str(status)) as refused:
        fetch(url, allow_private=True)
    assert str(refused.value).startswith(url)


def test_a_body_of_the_most_bytes_and_of_one_more(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(BODY)
    url = httpserver.url_for("/a.jpg")
    assert fetch(url, allow_private=True, max_bytes=len(BODY)) == BODY
    with pytest.raises(FetchError, match="larger than 10,239 bytes"):
        fetch(url, allow_private=True, max_bytes=len(BODY) - 1)


def test_an_endless_body_is_given_up() -> None:
    def pour(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _round in range(2000):
            connection.sendall(bytes(65536))

    with raw_server(pour) as port, pytest.raises(FetchError, match="larger than"):
        fetch(f"http://127.0.0.1:{port}/", allow_private=True, max_bytes=1_000_000)


def test_a_packed_body_is_refused_before_it_can_unpack_to_too_much() -> None:
    packed = gzip.compress(bytes(20_000_000))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with pytest.raises(FetchError, match="encoding 'gzip', which was not asked for"):
        fetch_raw(head.encode() + packed, max_bytes=1_000_000)


@pytest.mark.parametrize(
    "reply",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nA: " + b"b" * 200_000 + b"\r\n\r\n",
    ],
    ids=["nothing", "nonsense", "cut off", "bad chunks", "bad gzip", "long header"],
)
def test_a_broken_answer_is_an_error(reply: bytes) -> None:
    with pytest.raises(FetchError, match=r"^http://127\.0\.0\.1"):
        fetch_raw(reply)


# Redirects


def test_redirects_are_followed(httpserver: HTTPServer) -> None:
    def redirect(path: str, to: str, status: int) -> None:
        headers = {"Location": to}
        httpserver.expect_request(path).respond_with_data(b"no", status=status, headers=headers)

    redirect("/1", httpserver.url_for("/deep/2"), 301)
    redirect("/deep/2", "3", 302)
    redirect("/deep/3", "/4", 307)
    redirect("/4", f"//localhost:{httpserver.port}/5", 308)
    redirect("/5", "/a.jpg?x=1", 303)
    httpserver.expect_request("/a.jpg", query_string="x=1").respond_with_data(BODY)
    assert fetch(httpserver.url_for("/1"), allow_private=True) == BODY


def test_a_redirect_loop_ends(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(
        b"", status=302, headers={"Location": "/a.jpg"}
    )
    with pytest.raises(FetchError, match="redirects more than 5 times"):
        fetch(httpserver.url_for("/a.jpg"), allow_private=True)
    assert len(httpserver.log) == 6


@pytest.mark.parametrize(
    "location",
    ["file:///etc/hostname", "ftp://127.0.0.1/a.jpg", "data:,abc", "http://", "http://[::1",
     "http://127.0.0.1:port/", "http://a\x7fb/", "http://" + "a" * 70_000, "http://nowhere.invalid"],
    ids=["file", "ftp", "data", "no host", "bracket", "port", "control", "long", "unknown host"],
)  # fmt: skip
def test_a_redirect_elsewhere_is_an_error(location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {})
    reply = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(FetchError):
        fetch_raw(reply.encode())


@pytest.mark.parametrize("status", [300, 302, 304])
def test_a_redirect_to_nowhere_is_an_error(status: int) -> None:
    with pytest.raises(FetchError, match=str(status)):
        fetch_raw(f"HTTP/1.1 {status} Moved\r\nContent-Length: 0\r\n\r\n".encode())


# Addresses of the user's own network


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1.2.3", "localhost", "[::1]", "[::]", "0.0.0.0", "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]", "2130706433", "0x7f000001", "0x7f.1", "127.1", "0177.0.0.1",
        "169.254.169.254", "[fe80::1]", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1",
        "[fc00::1]", "[::ffff:192.168.1.1]", "224.0.0.1", "[ff02::1]", "255.255.255.255",
        "user:word@127.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_refused_in_every_spelling(host: str, httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(BODY)
    with pytest.raises(FetchError):
        fetch(f"http://{host}:{httpserver.port}/a.jpg", timeout_seconds=2)
    assert httpserver.log == []


def test_the_refusal_names_the_address_and_the_way_out() -> None:
    message = r"localhost.* (127\.0\.0\.1|::1), .*not on the public.*--allow-private-addresses"
    with pytest.raises(FetchError, match=message):
        fetch("http://localhost/a.jpg")


def test_a_public_name_with_a_private_address_is_refused(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = {"inside.example": [["127.0.0.1"]], "both.example": [["93.184.216.34", "127.0.0.1"]]}
    resolve_as(monkeypatch, names)
    for name in names:
        with pytest.raises(FetchError, match="not on the public internet"):
            fetch(f"http://{name}:{httpserver.port}/a.jpg")
    assert httpserver.log == []


def test_a_name_that_changes_its_address_gains_nothing(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # First a public address, which is checked, then the loopback one.
    asked = resolve_as(monkeypatch, {"turn.example": [["93.184.216.34"], ["127.0.0.1"]]})
    with pytest.raises(FetchError):
        fetch(f"http://turn.example:{httpserver.port}/a.jpg", timeout_seconds=2)
    assert asked == ["turn.example"]
    assert httpserver.log == []


def test_a_redirect_to_a_private_address_is_refused(
    httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The name looks public when it is checked; connections to that address are led to the server.
    resolve_as(monkeypatch, {"museum.example": [["93.184.216.34"]]})
    real = socket.create_connection

    def create_connection(address: tuple[str, int], *rest: Any, **options: Any) -> Any:
        assert address[0] == "93.184.216.34"
        return real(("127.0.0.1", address[1]), *rest, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    port = httpserver.port
    httpserver.expect_request("/good").respond_with_data(BODY)
    httpserver.expect_request("/bad").respond_with_data(
        b"", status=302, headers={"Location": f"http://127.0.0.1:{port}/secret"}
    )
    assert fetch(f"http://museum.example:{port}/good") == BODY
    with pytest.raises(FetchError, match="not on the public internet"):
        fetch(f"http://museum.example:{port}/bad")
    assert [request.path for request, _ in httpserver.log] == ["/good", "/bad"]


# No answer


def test_a_server_that_says_nothing_is_given_up() -> None:
    with raw_server(lambda connection, _: connection.recv(1)) as port:
        began = time.monotonic()
        with pytest.raises(FetchError, match=r"not received within 0\.3 s"):
            fetch(f"http://127.0.0.1:{port}/a.jpg", allow_private=True, timeout_seconds=0.3)
        assert time.monotonic() - began < 1.5


OK = b"HTTP/1.1 200 OK\r\n"


def test_a_body_that_drips_is_given_up() -> None:
    assert fetch_dripping(OK + b"Content-Length: 100000\r\n\r\n", b"x", 3) < 1.5


def test_a_body_that_drips_in_large_drops_is_given_up() -> None:
    assert fetch_dripping(OK + b"\r\n", bytes(70_000), 3) < 1.5


def test_headers_that_drip_are_given_up() -> None:
    assert fetch_dripping(OK, b"A: b\r\n", 3) < 1.5


def test_redirects_share_one_time_limit() -> None:
    def slow_redirect(connection: socket.socket, _: bytes) -> None:
        time.sleep(0.35)
        connection.sendall(
            b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Length: 0\r\n"
            b"Connection: close\r\n\r\n"
        )

    with raw_server(slow_redirect) as port:
        began = time.monotonic()
        with pytest.raises(FetchError):
            fetch(f"http://127.0.0.1:{port}/a.jpg", allow_private=True, timeout_seconds=0.5)
        assert time.monotonic() - began < 1.2


def test_a_refused_connection_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(FetchError, match=f"http://127.0.0.1:{port}/a.jpg can't be fetched"):
        fetch(f"http://127.0.0.1:{port}/a.jpg", allow_private=True, timeout_seconds=2)


def test_a_name_that_does_not_resolve_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {})
    with pytest.raises(FetchError, match=r"the host of http://nowhere\.invalid/a\.jpg is not kn"):
        fetch("http://nowhere.invalid/a.jpg")


@pytest.mark.parametrize("allow_private", [False, True])
@pytest.mark.parametrize(
    "url",
    [
        "ftp://127.0.0.1/a.jpg", "file:///etc/hostname", "file://localhost/etc/hostname",
        "data:image/png;base64,AAAA", "a.jpg", "", "http://", "http:///a.jpg", "http://[::1/a.jpg",
        "http://127.0.0.1:port/", "http://a..b/", "http://" + "a" * 70 + ".invalid/",
        "http://a\x00b/",
    ],
)  # fmt: skip
def test_what_is_no_web_address_is_refused(
    url: str, allow_private: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_as(monkeypatch, {})
    with pytest.raises(FetchError):
        fetch(url, allow_private=allow_private)
