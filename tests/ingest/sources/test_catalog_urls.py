"""Images of catalogs at URLs, on servers that behave as real ones do."""

import csv
import io
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from commands import Artextract
from pictures import make_picture

from artextract.errors import FetchError
from artextract.images.cache import ImageCache
from ingest.journal import Journal
from ingest.sources.catalog import CatalogSource
from ingest.sources.iiif import ImageServer
from ingest.sources.item import Item

QUICK: dict[str, Any] = {"allow_private": True, "backoff_seconds": 0.01}
Answer = tuple[int, Mapping[str, str], bytes]


def make_jpeg(seed: int) -> bytes:
    buffer = io.BytesIO()
    make_picture(seed, (80, 60)).save(buffer, "JPEG")
    return buffer.getvalue()


IMAGE = make_jpeg(0)
OK: Answer = (200, {"Content-Type": "image/jpeg"}, IMAGE)
MISSING: Answer = (404, {}, b"nothing here")


class Site(ThreadingHTTPServer):
    """A server; ``answer(path, number)`` is called for request ``number`` (0, 1, …) of a path."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Callable[[str, int], Answer], robots: Answer = MISSING) -> None:
        self.answer, self.robots = answer, robots
        self.requests = Counter[str]()
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Handler)

    def url(self, name: object) -> str:
        """Return the address of an image."""
        return f"http://127.0.0.1:{self.server_port}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Site
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        with self.server.lock:
            number = self.server.requests[self.path]
            self.server.requests[self.path] += 1
            robots = self.path == "/robots.txt"
            answer = self.server.robots if robots else self.server.answer(self.path, number)
        status, headers, body = answer
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def serving(answer: Callable[[str, int], Answer], robots: Answer = MISSING) -> Iterator[Site]:
    with Site(answer, robots) as site:
        thread = threading.Thread(target=site.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield site
        finally:
            site.shutdown()
            thread.join()


def catalog_of(folder: Path, urls: list[str]) -> Path:
    path = folder / "works.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("id", "image_url"), *((f"w{n}", url) for n, url in enumerate(urls))])
    return path


def read_all(folder: Path, urls: list[str], **options: Any) -> dict[str, bytes | str]:
    """Read the images of a catalog over eight connections; return {id: bytes, or the error}."""

    def read(item: object) -> tuple[str, bytes | str]:
        assert isinstance(item, Item)
        try:
            return item.artwork.id, item.read()
        except FetchError as error:
            return item.artwork.id, str(error)

    with (
        ImageServer(**{**QUICK, **options}) as server,
        ThreadPoolExecutor(8) as pool,
    ):
        return dict(pool.map(read, CatalogSource(catalog_of(folder, urls), folder, server=server)))


class Turnstile:
    """Lets one image through in ``seconds``, and refuses all other requests."""

    def __init__(self, seconds: float, status: int, headers: Mapping[str, str]) -> None:
        self.seconds, self.refusal = seconds, (status, headers, b"slow down")
        self.refused, self.free_at = 0, 0.0

    def __call__(self, path: str, number: int) -> Answer:
        if time.monotonic() < self.free_at:
            self.refused += 1
            return self.refusal
        self.free_at = time.monotonic() + self.seconds
        return OK


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("headers", [{}, {"Retry-After": "0"}], ids=["bare", "retry-after"])
def test_a_busy_server_loses_no_image(
    status: int, headers: Mapping[str, str], tmp_path: Path
) -> None:
    turnstile = Turnstile(0.03, status, headers)
    with serving(turnstile) as site:
        found = read_all(tmp_path, [site.url(n) for n in range(40)], attempts=3)
    assert set(found.values()) == {IMAGE}
    # Requests get as far apart as the server wants them; else it refuses seven of eight.
    assert turnstile.refused < 80


def test_a_server_that_refuses_everything_is_asked_a_limited_number_of_times(
    tmp_path: Path,
) -> None:
    with serving(lambda *_: (429, {}, b"")) as site:
        found = read_all(tmp_path, [site.url(n) for n in range(60)], attempts=2)
        reasons = [str(each) for each in found.values()]
        assert sum("answered 429" in each for each in reasons) == 60
        assert sum("seems out of order" in each for each in reasons) >= 30
        assert sum(site.requests.values()) < 2 * (24 + 8) + 2


@pytest.mark.parametrize("as_date", [False, True])
def test_a_pause_is_kept(as_date: bool, tmp_path: Path) -> None:
    moments: list[float] = []

    def answer(path: str, number: int) -> Answer:
        moments.append(time.monotonic())
        if len(moments) > 1:
            return OK
        # A date has whole seconds.
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
        return 503, {"Retry-After": later if as_date else "1"}, b""

    with serving(answer) as site:
        assert read_all(tmp_path, [site.url("a")]) == {"w0": IMAGE}
    assert moments[1] - moments[0] > 0.9


def test_a_pause_that_is_too_long_fails_at_once_and_without_further_requests(
    tmp_path: Path,
) -> None:
    with serving(lambda *_: (429, {"Retry-After": "86400"}, b"")) as site:
        found = read_all(tmp_path, [site.url(n) for n in range(20)], connections=1)
        assert all("asks to wait 86,4" in str(each) or "asks to wait 86,3" in str(each)
                   for each in found.values())  # fmt: skip
        assert site.requests == {"/robots.txt": 1, "/0": 1}


def test_one_host_out_of_order_does_not_stop_the_images_of_others(tmp_path: Path) -> None:
    with serving(lambda *_: (500, {}, b"")) as broken, serving(lambda *_: OK) as good:
        urls = [broken.url(n) for n in range(50)] + [good.url(n) for n in range(5)]
        found = read_all(tmp_path, urls, attempts=2)
        assert sum(each == IMAGE for each in found.values()) == 5
        assert sum("seems out of order" in str(each) for each in found.values()) > 15
        assert sum(broken.requests.values()) < 2 * (24 + 8) + 2


@pytest.mark.parametrize(
    ("status", "requests"), [(404, 1), (403, 1), (410, 1), (500, 3), (502, 3), (408, 3)]
)
def test_what_may_pass_is_tried_again(status: int, requests: int, tmp_path: Path) -> None:
    with serving(lambda *_: (status, {}, b"")) as site:
        found = read_all(tmp_path, [site.url("a")], attempts=3)
        assert f"answered {status}" in str(found["w0"])
        assert site.requests["/a"] == requests


def test_a_redirect_loop_and_a_broken_body(tmp_path: Path) -> None:
    def answer(path: str, number: int) -> Answer:
        if path == "/loop":
            return 302, {"Location": "/loop"}, b""
        return (200, {"Content-Length": "99999"}, IMAGE) if number == 0 else OK

    with serving(answer) as site:
        found = read_all(tmp_path, [site.url("loop"), site.url("cut")], timeout_seconds=0.5)
        assert "redirects more than 5 times" in str(found["w0"])
        assert found["w1"] == IMAGE
        assert site.requests["/cut"] == 2


# One request an image


def test_an_image_of_several_artworks_is_fetched_once(tmp_path: Path) -> None:
    def answer(path: str, number: int) -> Answer:
        time.sleep(0.05)
        return OK

    with serving(answer) as site:
        urls = [site.url("placeholder.jpg")] * 12 + [site.url("own.jpg")]
        for _ in range(2):
            found = read_all(tmp_path, urls, cache=ImageCache(tmp_path / "cache"))
            assert set(found.values()) == {IMAGE}
        assert site.requests == {"/robots.txt": 1, "/placeholder.jpg": 1, "/own.jpg": 1}


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_missing_image_of_several_artworks_is_asked_for_once(status: int, tmp_path: Path) -> None:
    with serving(lambda *_: (status, {}, b"")) as site:
        found = read_all(tmp_path, [site.url("placeholder.jpg")] * 12)
        assert all(f"answered {status}" in str(each) for each in found.values())
        assert site.requests["/placeholder.jpg"] == 1


@pytest.mark.parametrize(
    ("kind", "body", "reason"),
    [
        ("image/jpeg", IMAGE, None), ("image/jpg; charset=binary", IMAGE, None),
        (None, IMAGE, None),
        ("application/octet-stream", IMAGE, None), ("binary/octet-stream", IMAGE, None),
        ("text/plain", IMAGE, None), ("text/html", IMAGE, None),
        ("text/html; charset=utf-8", b"<!DOCTYPE html>\n<p>Log in", "text/html, not an image"),
        ("application/json", b'{"error": "quota"}', "answered application/json, not an image"),
        (None, b"Forbidden", "answered text, not an image"),
        ("application/octet-stream", b"slow down", "octet-stream, not an image"),
        ("image/jpeg", b"", "answered an empty image"),
    ],
)  # fmt: skip
def test_an_image_is_known_by_its_bytes_if_its_type_is_wrong(
    kind: str | None, body: bytes, reason: str | None, tmp_path: Path
) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    with serving(lambda *_: (200, headers, body)) as site:
        (found,) = read_all(tmp_path, [site.url("a")], attempts=1).values()
    assert found == body if reason is None else reason in str(found)


# By command line


def test_a_catalog_is_fetched_once_by_its_rules(
    tmp_path: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    images = {f"/{n}.jpg": make_jpeg(n) for n in range(5)}
    robots = (200, {"Content-Type": "text/plain"}, b"User-agent: *\nDisallow: /private/")

    def answer(path: str, number: int) -> Answer:
        if path == "/3.jpg" and number == 0:
            return 429, {"Retry-After": "1"}, b""
        return (200, {}, images[path]) if path in images else MISSING

    with serving(answer, robots) as site:
        names = [*(f"{n}.jpg" for n in range(5)), "private/x.jpg", "gone.jpg", "0.jpg"]
        path = catalog_of(tmp_path, [site.url(name) for name in names])
        words = ("ingest", "catalog", path, "--store", tmp_path / "store", "--aspects", "visual",
                 "--allow-private-addresses")  # fmt: skip
        ran = artextract(*words)
        assert ran.code == 0, ran.err
        assert "embedded 6, updated 0, unchanged 0, failed 2;" in ran.out
        reasons = {each.key: each.reason for each in Journal(tmp_path / "store/failures.jsonl")}
        assert reasons.keys() == {"w5", "w6"}
        assert "closed to programs by http" in reasons["w5"]
        once = {f"/{n}.jpg": 1 for n in (0, 1, 2, 4)}
        assert site.requests == {**once, "/3.jpg": 2, "/robots.txt": 1, "/gone.jpg": 1}
        site.requests.clear()
        ran = artextract(*words)
        assert "embedded 0, updated 0, unchanged 6, failed 2;" in ran.out
        assert site.requests == {"/robots.txt": 1, "/gone.jpg": 1}
        # An image has changed, which only asking again can show; the server is one's own.
        images["/1.jpg"] = make_jpeg(11)
        images["/private/x.jpg"] = make_jpeg(12)
        ran = artextract(*words, "--no-cache", "--ignore-robots")
        assert "embedded 2, updated 0, unchanged 5, failed 1;" in ran.out


def test_a_catalog_is_a_file(artextract: Artextract) -> None:
    ran = artextract("ingest", "catalog", "https://museum.example/works.csv")
    assert ran.code == 2
    assert "download the catalog" in ran.err
