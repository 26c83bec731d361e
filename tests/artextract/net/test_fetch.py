"""Fetching meets real servers here, all of them on this machine's loopback address."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import trustme
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from artextract.errors import FetchError, InputError
from artextract.net.fetch import Fetcher, fetch, is_url

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
    """Make names resolve to addresses, one list for each time; return the resolved names."""
    real = socket.getaddrinfo
    resolved: list[str] = []

    def getaddrinfo(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in names:
            if name not in {"127.0.0.1", "::1", "localhost"}:
                raise socket.gaierror(socket.EAI_NONAME, "no network in tests")
            return real(host, port, *rest, **options)
        answers = names[name]
        addresses = answers[min(resolved.count(name), len(answers) - 1)]
        resolved.append(name)
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return resolved


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
    resolved = resolve_as(monkeypatch, {"museum.example": [["127.0.0.1"]]})
    hosts: list[str] = []

    def handler(request: Request) -> Response:
        hosts.append(request.headers["Host"])
        return Response(BODY)

    httpserver.expect_request("/a.jpg").respond_with_handler(handler)
    url = f"http://museum.example:{httpserver.port}/a.jpg"
    assert fetch(url, allow_private=True) == BODY
    assert hosts == [f"museum.example:{httpserver.port}"]
    assert resolved == ["museum.example"]


def test_https_names_the_host_to_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"museum.example": [["127.0.0.1"]]})
    hellos: list[bytes] = []
    with raw_server(lambda _, first: hellos.append(first)) as port:
        with pytest.raises(FetchError):
            fetch(f"https://museum.example:{port}/a.jpg", allow_private=True)
    # The server name stands in the clear in a TLS ClientHello (RFC 6066, section 3).
    assert hellos[0][0] == 0x16
    assert b"museum.example" in hellos[0]


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
    with pytest.raises(FetchError, match="larger than the limit of 10,239 bytes"):
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
    with pytest.raises(FetchError, match="encoding 'gzip', which was not requested"):
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
    message = r"localhost.* (127\.0\.0\.1|::1), .*not on the public.*allow_private_addresses"
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
    resolved = resolve_as(monkeypatch, {"turn.example": [["93.184.216.34"], ["127.0.0.1"]]})
    with pytest.raises(FetchError):
        fetch(f"http://turn.example:{httpserver.port}/a.jpg", timeout_seconds=2)
    assert resolved == ["turn.example"]
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


# Several requests by one Fetcher


@contextmanager
def kept_server(
    answers: Callable[[int, bytes], bytes],
) -> Iterator[tuple[int, list[tuple[int, bytes]]]]:
    """Serve many requests on each of several connections, from ``answers(number, request)``.

    Yields the port, and a list of (number of the connection, request) that grows. An answer of
    b"" closes the connection.
    """
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[tuple[int, bytes]] = []
    threads: list[threading.Thread] = []

    def serve(connection: socket.socket, number: int) -> None:
        with connection:
            while True:
                try:
                    request = connection.recv(65536)
                    if not request:
                        return
                    seen.append((number, request))
                    reply = answers(len(seen) - 1, request)
                    connection.sendall(reply)
                except OSError:
                    return
                if not reply or b"Connection: close" in reply:
                    return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection, len(threads))))
            threads[-1].start()

    accepting = threading.Thread(target=accept)
    accepting.start()
    try:
        yield int(listener.getsockname()[1]), seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join()
        for thread in threads:
            thread.join()


def make_reply(body: bytes = b"ok", status: str = "200 OK", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_a_connection_serves_many_requests() -> None:
    def answer(number: int, _: bytes) -> bytes:
        if number == 1:
            return make_reply(b"not here", "404 Not Found")
        if number == 2:
            return make_reply(b"there", "302 Found", "Location: /b.jpg")
        return make_reply(b"%d" % number)

    with kept_server(answer) as (port, seen), Fetcher(allow_private=True) as fetcher:
        url = f"http://127.0.0.1:{port}/a.jpg"
        assert fetcher.get(url).content == b"0"
        with pytest.raises(FetchError, match="404"):
            fetcher.get(url)
        reply = fetcher.get(url)
        assert (reply.content, str(reply.url)) == (b"3", f"http://127.0.0.1:{port}/b.jpg")
    assert [connection for connection, _ in seen] == [0, 0, 0, 0]


@pytest.mark.parametrize("ending", [b"", make_reply(b"ok", "200 OK", "Connection: close")])
def test_another_connection_follows_one_that_ended(ending: bytes) -> None:
    with (
        kept_server(lambda number, _: make_reply() if number else ending) as (port, seen),
        Fetcher(allow_private=True) as fetcher,
    ):
        url = f"http://127.0.0.1:{port}/a.jpg"
        if ending:
            fetcher.get(url)
        else:
            with pytest.raises(FetchError) as failed:
                fetcher.get(url)
            assert failed.value.transient
        assert fetcher.get(url).content == b"ok"
    assert [connection for connection, _ in seen] == [0, 1]


def test_a_fetcher_works_on_after_one_that_was_too_slow() -> None:
    def answer(number: int, _: bytes) -> bytes:
        if number == 0:
            time.sleep(0.5)
        return make_reply()

    with (
        kept_server(answer) as (port, _),
        Fetcher(allow_private=True, timeout_seconds=0.2) as fetcher,
    ):
        with pytest.raises(FetchError, match=r"not received within 0\.2 s") as failed:
            fetcher.get(f"http://127.0.0.1:{port}/a.jpg")
        assert failed.value.transient
        assert fetcher.get(f"http://127.0.0.1:{port}/a.jpg").content == b"ok"


def test_two_hosts_at_one_address_share_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    # Over TLS the certificate of the first would stand for the second.
    resolved = resolve_as(monkeypatch, {"a.example": [["127.0.0.1"]], "b.example": [["127.0.0.1"]]})
    with (
        kept_server(lambda number, request: make_reply()) as (port, seen),
        Fetcher(allow_private=True) as fetcher,
    ):
        for host in ("a.example", "a.example", "b.example"):
            fetcher.get(f"http://{host}:{port}/")
    assert [connection for connection, _ in seen] == [0, 0, 1]
    assert resolved == ["a.example", "b.example"]


def test_each_new_connection_goes_through_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"turn.example": [["93.184.216.34"], ["127.0.0.1"]]})
    real = socket.create_connection

    def create_connection(address: tuple[str, int], *rest: Any, **options: Any) -> Any:
        assert address[0] == "93.184.216.34"
        return real(("127.0.0.1", address[1]), *rest, **options)

    monkeypatch.setattr(socket, "create_connection", create_connection)
    with (
        kept_server(lambda *_: make_reply(b"ok", "200 OK", "Connection: close")) as (port, seen),
        Fetcher() as fetcher,
    ):
        assert fetcher.get(f"http://turn.example:{port}/").content == b"ok"
        with pytest.raises(FetchError, match="not on the public internet") as refused:
            fetcher.get(f"http://turn.example:{port}/")
    assert not refused.value.transient
    assert len(seen) == 1


def test_the_next_address_is_tried_where_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"two.example": [["127.0.0.2", "127.0.0.1"]]})
    with kept_server(lambda *_: make_reply()) as (port, _):
        assert fetch(f"http://two.example:{port}/", allow_private=True) == b"ok"


def test_no_cookie_comes_back() -> None:
    with (
        kept_server(lambda *_: make_reply(b"", "200 OK", "Set-Cookie: a=b")) as (port, seen),
        Fetcher(allow_private=True) as fetcher,
    ):
        for _ in range(2):
            fetcher.get(f"http://127.0.0.1:{port}/")
    assert len(seen) == 2
    assert not any(b"cookie" in request.lower() for _, request in seen)


def test_headers_of_the_caller_replace_those_sent_by_themselves() -> None:
    with (
        kept_server(lambda *_: make_reply(b"x", "200 OK", "ETag: é")) as (port, seen),
        Fetcher(allow_private=True) as fetcher,
    ):
        reply = fetcher.get(f"http://127.0.0.1:{port}/", {"Accept": "text/csv"})
    assert reply.headers["etag"] == "é"
    assert seen[0][1].lower().count(b"\r\naccept:") == 1
    assert b"accept: text/csv" in seen[0][1].lower()


def test_not_modified_is_an_answer_to_a_condition_alone() -> None:
    reply = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"
    with kept_server(lambda *_: reply) as (port, _), Fetcher(allow_private=True) as fetcher:
        url = f"http://127.0.0.1:{port}/"
        answer = fetcher.get(url, {"If-None-Match": '"a"'})
        assert (answer.status_code, answer.content) == (304, b"")
        with pytest.raises(FetchError, match="304"):
            fetcher.get(url)


# What makes sense to try again


@pytest.mark.parametrize(
    ("status", "transient"),
    [(400, False), (403, False), (404, False), (410, False), (408, True), (429, True),
     (500, True), (502, True), (503, True), (304, False)],
)  # fmt: skip
def test_errors_tell_whether_to_try_again(
    status: int, transient: bool, httpserver: HTTPServer
) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(b"", status=status)
    with pytest.raises(FetchError) as refused:
        fetch(httpserver.url_for("/a.jpg"), allow_private=True)
    assert refused.value.status == status
    assert refused.value.transient is transient
    assert ("try again later" in str(refused.value)) is transient


@pytest.mark.parametrize(
    ("header", "least", "most"),
    [
        ("7", 7, 7),
        ("0", 0, 0),
        (format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True), 3000, 3600),
        (format_datetime(datetime.now(UTC) - timedelta(hours=1), usegmt=True), 0, 0),
        ("Wed, 21 Oct 2015 07:28:00 -0000", 0, 0),
    ],
    ids=["seconds", "zero", "date", "past date", "date without a zone"],
)
def test_retry_after_is_seconds_or_a_date(header: str, least: float, most: float) -> None:
    reply = make_reply(b"", "429 Too Many Requests", f"Retry-After: {header}")
    with pytest.raises(FetchError) as refused:
        fetch_raw(reply)
    assert refused.value.retry_after is not None
    assert least <= refused.value.retry_after <= most


@pytest.mark.parametrize("header", ["soon", "-5", "1.5", "", "²"])
def test_a_retry_after_that_says_nothing_is_none(header: str) -> None:
    with pytest.raises(FetchError) as refused:
        fetch_raw(make_reply(b"", "503 Busy", f"Retry-After: {header}"))
    assert refused.value.retry_after is None


def test_a_body_cut_off_says_so() -> None:
    with pytest.raises(FetchError, match="broke off after 7 of 100 bytes") as failed:
        fetch_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut off")
    assert failed.value.transient


def test_a_reset_says_so() -> None:
    def reset(connection: socket.socket, _: bytes) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.close()

    with raw_server(reset) as port, pytest.raises(FetchError, match="reset") as failed:
        fetch(f"http://127.0.0.1:{port}/a.jpg", allow_private=True)
    assert failed.value.transient


def test_a_redirect_loop_and_a_body_too_large_are_final(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/loop").respond_with_data(
        b"", status=302, headers={"Location": "/loop"}
    )
    httpserver.expect_request("/large").respond_with_data(BODY)
    for path in ("/loop", "/large"):
        with pytest.raises(FetchError) as failed:
            fetch(httpserver.url_for(path), allow_private=True, max_bytes=100)
        assert not failed.value.transient


def test_another_thread_can_interrupt() -> None:
    entered = threading.Event()

    def never(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nsome")
        entered.set()
        connection.recv(1)

    with raw_server(never) as port, Fetcher(allow_private=True) as fetcher:

        def interrupt() -> None:
            entered.wait()
            fetcher.interrupt()

        thread = threading.Thread(target=interrupt)
        thread.start()
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(FetchError, match="was interrupted") as failed:
                fetcher.get(f"http://127.0.0.1:{port}/a.jpg")
            assert not failed.value.transient
        assert time.monotonic() - began < 1.5
        thread.join()


@pytest.mark.parametrize("trusted", [False, True])
def test_certificates_are_checked(
    trusted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(ours)

    def answer(connection: socket.socket) -> None:
        with ours.wrap_socket(connection, server_side=True) as secured:
            for _ in range(2):
                secured.recv(65536)
                secured.sendall(make_reply())

    def answer_one() -> None:
        connection, _ = listener.accept()
        with suppress(OSError):
            answer(connection)

    if trusted:
        authority.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_one)
        thread.start()
        url = f"https://localhost:{listener.getsockname()[1]}/"
        with Fetcher(allow_private=True) as fetcher:
            if trusted:
                assert [fetcher.get(url).content for _ in range(2)] == [b"ok", b"ok"]
            else:
                with pytest.raises(
                    FetchError, match=r"certificate is not valid \(unable"
                ) as failed:
                    fetcher.get(url)
                assert not failed.value.transient
        thread.join()


def test_a_missing_file_of_authorities_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/ca.pem")
    with pytest.raises(InputError, match=r"SSL_CERT_FILE names '/nowhere/ca\.pem', .*No such file"):
        fetch("https://localhost:1/a.jpg", allow_private=True)


def test_silence_has_its_own_limit() -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
    with (
        kept_server(lambda *_: start) as (port, _),
        Fetcher(allow_private=True, silence_seconds=0.2) as fetcher,
        pytest.raises(FetchError, match=r"sent nothing for 0\.2 s") as failed,
    ):
        fetcher.get(f"http://127.0.0.1:{port}/a.jpg")
    assert failed.value.transient


def test_the_body_of_a_redirect_has_the_same_limit(httpserver: HTTPServer) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(
        bytes(10_000), status=302, headers={"Location": "/b.jpg"}
    )
    with pytest.raises(FetchError, match="larger than the limit of 5,000 bytes"):
        fetch(httpserver.url_for("/a.jpg"), allow_private=True, max_bytes=5000)


def test_a_password_goes_to_its_own_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_as(monkeypatch, {"a.example": [["127.0.0.1"]], "b.example": [["127.0.0.1"]]})

    def answer(number: int, request: bytes) -> bytes:
        port = request.partition(b"a.example:")[2].partition(b"\r")[0].decode()
        to = f"Location: http://b.example:{port}/"
        return make_reply() if number else make_reply(b"", "302 Found", to)

    with kept_server(answer) as (port, seen), Fetcher(allow_private=True) as fetcher:
        fetcher.get(f"http://user:word@a.example:{port}/")
    assert [b"authorization: basic" in request.lower() for _, request in seen] == [True, False]
