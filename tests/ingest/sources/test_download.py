"""Downloads meet a real server on this machine, with the validators that real ones send."""

import json
import re
import socket
import threading
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from artextract.errors import CacheError, FetchError
from artextract.net.retries import Patience
from ingest.sources.download import download

TABLE = b"objectid,title\n" + b"".join(b"%d,Work\n" % number for number in range(50_000))
QUICK = Patience(attempts=3, backoff_seconds=0.001, longest_wait_seconds=1)


class Tables:
    """A server of one table, with or without validators, that can be told to fail."""

    def __init__(self, server: HTTPServer, etag: bool = False, modified: bool = False) -> None:
        self.body = TABLE
        self.version = 1
        self.etag = etag
        self.modified = modified
        self.failures: list[Response] = []
        self.always: Response | None = None
        self.requests: list[Request] = []
        server.expect_request("/objects.csv").respond_with_handler(self.answer)
        self.url = server.url_for("/objects.csv")

    def answer(self, request: Request) -> Response:
        self.requests.append(request)
        if self.failures:
            return self.failures.pop(0)
        if self.always:
            return self.always
        headers = {"Content-Type": "text/csv"}
        if self.etag:
            headers["ETag"] = f'"{self.version}"'
            if request.headers.get("If-None-Match") == headers["ETag"]:
                return Response(status=304, headers=headers)
        if self.modified:
            headers["Last-Modified"] = f"Wed, 0{self.version} Jan 2025 00:00:00 GMT"
            if request.headers.get("If-Modified-Since") == headers["Last-Modified"]:
                return Response(status=304, headers=headers)
        return Response(self.body, headers=headers)

    def fetch(self, path: Path, **options: object) -> bool:
        return download(self.url, path, allow_private=True, patience=QUICK, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("etag", "modified"), [(True, False), (False, True), (True, True), (False, False)]
)
def test_only_what_has_changed_is_replaced(
    etag: bool, modified: bool, httpserver: HTTPServer, tmp_path: Path
) -> None:
    tables = Tables(httpserver, etag, modified)
    path = tmp_path / "new" / "objects.csv"
    assert tables.fetch(path) is True
    assert path.read_bytes() == TABLE
    sizes: list[int] = []
    assert tables.fetch(path, on_bytes=lambda done, _: sizes.append(done)) is False
    assert bool(sizes) is not (etag or modified)
    assert path.read_bytes() == TABLE
    tables.version, tables.body = 2, TABLE + b"x,y\n"
    assert tables.fetch(path) is True
    assert path.read_bytes() == tables.body
    assert sorted(entry.name for entry in path.parent.iterdir()) == [
        "objects.csv", "objects.csv.source.json",
    ]  # fmt: skip


def test_progress_counts_up_to_the_whole(httpserver: HTTPServer, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    Tables(httpserver).fetch(tmp_path / "t", on_bytes=lambda *now: seen.append(now))
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})
    assert seen[-1] == (len(TABLE), len(TABLE))


def test_a_size_that_is_not_known_is_none(tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\n\r\na,b\n")

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        assert download(url, tmp_path / "t", lambda *now: seen.append(now), allow_private=True)
        thread.join()
    assert seen == [(4, None)]


def test_a_file_that_was_changed_or_lost_is_fetched_again(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    tables = Tables(httpserver, etag=True)
    path = tmp_path / "objects.csv"
    description = tmp_path / "objects.csv.source.json"
    tables.fetch(path)
    for damage in (
        lambda: path.unlink(),
        lambda: path.write_bytes(TABLE[:100]),
        lambda: description.unlink(),
        lambda: description.write_text("[]"),
        lambda: description.write_text("{"),
    ):
        damage()
        assert tables.fetch(path) is True
        assert path.read_bytes() == TABLE
        assert "If-None-Match" not in tables.requests[-1].headers
    tables.fetch(path)
    assert tables.requests[-1].headers["If-None-Match"] == '"1"'


def test_the_same_file_from_elsewhere_is_fetched_anew(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    tables = Tables(httpserver, etag=True)
    tables.fetch(tmp_path / "t")
    tables.url += "?branch=2"
    tables.fetch(tmp_path / "t")
    assert "If-None-Match" not in tables.requests[-1].headers
    assert json.loads((tmp_path / "t.source.json").read_text())["url"] == tables.url


def test_a_failure_that_passes_is_tried_again(httpserver: HTTPServer, tmp_path: Path) -> None:
    tables = Tables(httpserver)
    tables.failures = [Response(status=503), Response(status=429, headers={"Retry-After": "1"})]
    waits: list[float] = []
    assert tables.fetch(tmp_path / "t", sleep=waits.append) is True
    assert len(tables.requests) == 3
    assert waits[0] < 0.1
    assert waits[1] == 1


def test_the_last_reason_is_told(httpserver: HTTPServer, tmp_path: Path) -> None:
    tables = Tables(httpserver)
    tables.failures = [Response(status=500)] * 2 + [Response(status=503)]
    message = f"^gave up after 3 attempts: {re.escape(tables.url)} answered 503"
    with pytest.raises(FetchError, match=message):
        tables.fetch(tmp_path / "t")
    assert list(tmp_path.iterdir()) == []


def test_a_wait_that_is_too_long_is_an_error(httpserver: HTTPServer, tmp_path: Path) -> None:
    tables = Tables(httpserver)
    tables.failures = [Response(status=429, headers={"Retry-After": "3600"})]
    with pytest.raises(FetchError, match="asks to wait 3,600 s, longer than the limit of 1 s"):
        tables.fetch(tmp_path / "t")
    assert len(tables.requests) == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Response(status=404), "answered 404"),
        (Response(b"<html>", content_type="text/html; charset=utf-8"), "answered a web page"),
        (Response(b"<html>", content_type="application/xhtml+xml"), "answered a web page"),
    ],
)
def test_a_final_answer_is_an_error_even_beside_an_older_file(
    answer: Response, message: str, httpserver: HTTPServer, tmp_path: Path
) -> None:
    tables = Tables(httpserver)
    tables.fetch(tmp_path / "t")
    tables.failures = [answer]
    with pytest.raises(FetchError, match=f"^{re.escape(tables.url)} {message}"):
        tables.fetch(tmp_path / "t", stale_ok=True)
    assert (tmp_path / "t").read_bytes() == TABLE
    assert len(tables.requests) == 2


def test_a_table_cut_short_does_not_appear(tmp_path: Path) -> None:
    reply = (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/csv\r\nContent-Length: 1000\r\n\r\n" + b"a" * 600
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for _ in range(QUICK.attempts):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/objects.csv"
        path = tmp_path / "objects.csv"
        path.write_bytes(b"older")
        with pytest.raises(FetchError, match=r"3 attempts: .* broke off after 600 of 1,000 bytes"):
            download(url, path, allow_private=True, patience=QUICK)
        thread.join()
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_an_earlier_file_is_used_only_when_asked_to(httpserver: HTTPServer, tmp_path: Path) -> None:
    tables = Tables(httpserver)
    path = tmp_path / "t"
    reasons: list[FetchError] = []
    tables.always = Response(status=503)
    with pytest.raises(FetchError):  # there is none yet
        tables.fetch(path, stale_ok=True, on_stale=reasons.append)
    tables.always = None
    tables.fetch(path, stale_ok=True, on_stale=reasons.append)
    assert reasons == []
    tables.always = Response(status=503)
    with pytest.raises(FetchError):
        tables.fetch(path)
    assert tables.fetch(path, stale_ok=True, on_stale=reasons.append) is False
    assert [error.status for error in reasons] == [503]
    path.write_bytes(b"part")
    with pytest.raises(FetchError):  # what is there is not what was downloaded
        tables.fetch(path, stale_ok=True)


def test_a_host_that_is_not_known_counts_as_out_of_reach(
    httpserver: HTTPServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = Tables(httpserver)
    tables.fetch(tmp_path / "t")

    def getaddrinfo(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    assert tables.fetch(tmp_path / "t", stale_ok=True) is False
    with pytest.raises(FetchError, match="is not known"):
        tables.fetch(tmp_path / "t")


def test_a_place_that_can_not_be_written_is_an_error(
    httpserver: HTTPServer, tmp_path: Path
) -> None:
    tables = Tables(httpserver)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(CacheError, match=r"file/t can't be written \(.+\)"):
        tables.fetch(tmp_path / "file" / "t")
    assert len(tables.requests) == 1
