"""Reading from a real server on this machine that behaves as badly as real ones do."""

import contextlib
import http.client
import io
import itertools
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import iiif_server
import PIL.Image
import pytest
from iiif_server import KINDS, Faults, IiifServer
from pictures import make_picture

from artextract import __version__
from artextract.errors import FetchError, ImageError, UnavailableError
from artextract.images.cache import ImageCache
from artextract.images.opening import open_image
from ingest.sources.iiif import ImageServer, image_request


def make_jpeg(seed: int, size: tuple[int, int] = (96, 72)) -> bytes:
    buffer = io.BytesIO()
    make_picture(seed, size).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


IMAGES = {f"image-{number}": make_jpeg(number) for number in range(6)}
QUICK: dict[str, Any] = {"allow_private": True, "backoff_seconds": 0.001}


def url_of(server: IiifServer, name: str, side: int = 640) -> str:
    return image_request(f"{server.url}/{name}", side)


@contextmanager
def serving(
    images: Mapping[str, bytes] = IMAGES, *, latency: float = 0, robots: str | int = 404,
    **faults: Any,
) -> Iterator[IiifServer]:  # fmt: skip
    with IiifServer(images, latency=latency, robots=robots, faults=Faults(**faults)) as server:
        yield server


def read_one(server: IiifServer, name: str = "image-0", **options: Any) -> bytes:
    with ImageServer(**{**QUICK, **options}) as reader:
        return reader.read(url_of(server, name), name)


def test_image_request_fits_a_square() -> None:
    expected = "https://api.nga.gov/iiif/abc/full/!640,640/0/default.jpg"
    assert image_request("https://api.nga.gov/iiif/abc", 640) == expected
    assert image_request("https://api.nga.gov/iiif/abc/", 640) == expected


# What is read


def test_the_picture_comes_in_the_size_that_was_asked_for() -> None:
    with serving() as server, ImageServer(**QUICK) as reader:
        assert reader.read(url_of(server, "image-1"), "1") == IMAGES["image-1"]
        smaller = open_image(reader.read(url_of(server, "image-1", 48), "2"), "smaller")
        assert smaller.size == (48, 36)


def test_paintings_come_as_they_are(shared: Path, tmp_path: Path) -> None:
    folder = shared / "data" / "nga" / "images"
    if not folder.is_dir():
        pytest.skip(f"no folder {folder} with paintings")
    names = sorted(path.stem for path in folder.glob("*.jpg"))[:60]
    rates = {"429": 0.1, "500": 0.1, "cut": 0.1}
    with (
        IiifServer(folder, faults=Faults(rates, retry_after="0", seed=5)) as server,
        ImageServer(cache=ImageCache(tmp_path), attempts=9, **QUICK) as reader,
        ThreadPoolExecutor(8) as pool,
    ):
        read = pool.map(lambda name: reader.read(url_of(server, name), name), names)
        for name, data in zip(names, read, strict=True):
            assert data == (folder / f"{name}.jpg").read_bytes()
    assert all(server.answers[kind] for kind in (*rates, "ok"))


def test_the_server_learns_who_reads() -> None:
    with serving() as server:
        read_one(server, contact="https://museum.example/about")
        read_one(server)
    agents = [received.headers["user-agent"] for received in server.received]
    assert agents[:2] == [f"artextract/{__version__} (+https://museum.example/about)"] * 2
    assert agents[2:] == [f"artextract/{__version__}"] * 2


# Connections


def test_few_connections_serve_many_threads() -> None:
    images = {f"{number}": IMAGES["image-0"] for number in range(60)}
    with (
        serving(images, latency=0.01) as server,
        ImageServer(connections=3, **QUICK) as reader,
        ThreadPoolExecutor(12) as pool,
    ):
        list(pool.map(lambda name: reader.read(url_of(server, name), name), images))
    assert server.most_concurrent == 3
    assert server.connections == 3
    assert all(server.requests[name] == 1 for name in images)


# The cache


def test_what_is_kept_is_not_asked_for_again(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    with serving() as server:
        for _ in range(3):
            assert read_one(server, cache=cache) == IMAGES["image-0"]
        with ImageServer(cache=cache, **QUICK) as reader:
            reader.read(url_of(server, "image-0"), "another version")
    assert server.requests["image-0"] == 2


@pytest.mark.parametrize("kind", ["429", "500", "cut", "html", "loop"])
def test_only_good_pictures_are_kept(kind: str, tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    with serving(always=[kind] * 9, retry_after="0") as server:
        with pytest.raises(FetchError):
            read_one(server, cache=cache, attempts=2)
    assert cache.find("image-0") is None
    assert list(tmp_path.iterdir()) == []


def test_half_a_picture_can_be_forgotten(tmp_path: Path) -> None:
    cache = ImageCache(tmp_path)
    with serving(always=["half"]) as server, ImageServer(cache=cache, **QUICK) as reader:
        url = url_of(server, "image-0")
        with pytest.raises(ImageError, match="truncated"):
            open_image(reader.read(url, "key"), url)
        assert reader.read(url, "key") != IMAGES["image-0"]
        reader.forget("key")
        assert reader.read(url, "key") == IMAGES["image-0"]
    assert server.requests["image-0"] == 2


def test_without_a_cache_there_is_nothing_to_forget() -> None:
    with ImageServer() as reader:
        reader.forget("key")


# Trying again


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("429", "answered 429"), ("500", "answered 500"), ("cut", "broke off after"),
     ("stall", r"not received within 0\.2 s")],
)  # fmt: skip
def test_what_passes_is_tried_again(kind: str, reason: str) -> None:
    options = {"timeout_seconds": 0.2, "attempts": 3}
    with serving(
        first={"image-0": [kind] * 2}, always=[kind] * 9, retry_after="0", stall_seconds=0.6
    ) as server:
        assert read_one(server, "image-0", **options) == IMAGES["image-0"]
        url = re.escape(url_of(server, "image-1"))
        with pytest.raises(FetchError, match=f"^gave up after 3 attempts: {url} .*{reason}"):
            read_one(server, "image-1", **options)
        time.sleep(0.5 if kind == "stall" else 0)
    assert server.requests["image-0"] == server.requests["image-1"] == 3


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("html", "answered text/html, not an image"), ("loop", "redirects more than 5 times")],
)  # fmt: skip
def test_what_does_not_pass_is_not_tried_again(kind: str, reason: str) -> None:
    with serving(always=[kind]) as server:
        with pytest.raises(FetchError, match=f"^{re.escape(server.url)}.* {reason}"):
            read_one(server)
    assert server.requests["image-0"] == 1


def test_a_picture_that_is_not_there_is_asked_for_once() -> None:
    with serving() as server:
        with pytest.raises(FetchError, match="answered 404") as failed:
            read_one(server, "nothing")
    assert server.requests["nothing"] == 1
    assert not failed.value.transient


def test_a_server_that_is_not_there_is_an_error() -> None:
    with serving() as server:
        pass
    with pytest.raises(FetchError, match=r"^gave up after 2 attempts: .*refused"):
        read_one(server, attempts=2, obey_robots=False)


def test_waits_grow() -> None:
    # Between requests n and n + 1 lie at least backoff · 2ⁿ seconds.
    with serving(first={"image-0": ["500"] * 3}) as server:
        read_one(server, backoff_seconds=0.05)
    times = [received.when for received in server.received if "image-0" in received.path]
    waits = [later - earlier for earlier, later in itertools.pairwise(times)]
    for number, wait in enumerate(waits):
        assert wait >= 0.05 * 2**number * 0.9


# Pauses that a host asks for


def test_all_connections_keep_the_pause_that_one_was_asked_for() -> None:
    with (
        serving(first={"image-0": ["429"]}, retry_after="1") as server,
        ImageServer(**QUICK) as reader,
        ThreadPoolExecutor(6) as pool,
    ):
        waiting = pool.submit(reader.read, url_of(server, "image-0"), "0")
        while not server.answers["429"]:
            time.sleep(0.005)
        time.sleep(0.05)  # let the answer arrive
        names = [f"image-{number}" for number in range(1, 6)]
        list(pool.map(lambda name: reader.read(url_of(server, name), name), names))
        waiting.result()
    refused = next(received.when for received in server.received if received.kind == "429")
    later = [received.when for received in server.received if received.when > refused]
    assert len(later) == 6
    assert min(later) >= refused + 0.95


def test_a_pause_that_is_too_long_is_an_error_for_all() -> None:
    with (
        serving(first={"image-0": ["429"]}, retry_after="3600") as server,
        ImageServer(**QUICK, longest_wait_seconds=5) as reader,
    ):
        for name in ("image-0", "image-1"):
            with pytest.raises(
                FetchError, match=r"asks to wait 3,\d+ s, longer than the limit of 5 s"
            ):
                reader.read(url_of(server, name), name)
    assert server.requests["image-0"] == 1
    assert server.requests["image-1"] == 0


def test_closing_ends_all_waits_at_once() -> None:
    with serving(
        first={"image-0": ["429"], "image-1": ["stall"]}, retry_after="60", stall_seconds=0.8,
    ) as server:  # fmt: skip
        reader = ImageServer(**QUICK, connections=2)
        with ThreadPoolExecutor(5) as pool:
            reads = [pool.submit(reader.read, url_of(server, "image-1"), "1")]
            while not server.answers["stall"]:
                time.sleep(0.005)
            reads += [
                pool.submit(reader.read, url_of(server, f"image-{number}"), "")
                for number in (0, 2, 3, 4)
            ]
            while not server.answers["429"]:
                time.sleep(0.005)
            time.sleep(0.05)
            began = time.monotonic()
            reader.close()
            for read in reads:
                with pytest.raises(FetchError, match=r"interrupted|stopped"):
                    read.result()
            assert time.monotonic() - began < 0.4
        with pytest.raises(FetchError, match="stopped"):
            reader.read(url_of(server, "image-5"), "")
        reader.close()


# robots.txt


def test_robots_are_read_once() -> None:
    with (
        serving(robots="User-agent: *\nAllow: /\n") as server,
        ImageServer(**QUICK) as reader,
        ThreadPoolExecutor(6) as pool,
    ):
        list(pool.map(lambda name: reader.read(url_of(server, name), name), IMAGES))
    assert server.requests["/robots.txt"] == 1
    assert server.received[0].path == "/robots.txt"


@pytest.mark.parametrize(
    ("rules", "allowed"),
    [
        ("User-agent: *\nDisallow: /", False),
        ("User-agent: *\nDisallow: /iiif/*/full/", False),
        ("User-agent: *\nDisallow: /*.png$", True),
        ("User-agent: ArtExtract\nDisallow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: artextract\nAllow: /", True),
        ("User-agent: other\nDisallow: /", True),
        # The longest rule wins, whatever its place (RFC 9309, section 2.2.2).
        ("User-agent: *\nDisallow: /iiif/\nAllow: /iiif/image-0/", True),
        ("\ufeffUser-agent: *\r\nDisallow: /", False),
        ("<html>nothing to see</html>", True),
        ("", True),
    ],
)
def test_robots_are_obeyed(rules: str, allowed: bool) -> None:
    with serving(robots=rules) as server:
        if allowed:
            read_one(server)
        else:
            with pytest.raises(FetchError, match=r"closed to programs by http://.*/robots\.txt"):
                read_one(server)
        assert read_one(server, obey_robots=False)
    assert server.requests["image-0"] == 1 + allowed


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_no_robots_allow_everything(status: int) -> None:
    with serving(robots=status) as server:
        assert read_one(server) == IMAGES["image-0"]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_robots_out_of_reach_forbid_everything(status: int) -> None:
    with serving(robots=status) as server, ImageServer(**QUICK, attempts=3) as reader:
        for name in ("image-0", "image-1"):
            message = rf"robots\.txt, which must be read first, .* 3 attempts: .* {status}"
            with pytest.raises(UnavailableError, match=message):
                reader.read(url_of(server, name), name)
    assert server.requests == {"/robots.txt": 3}


def test_requests_keep_the_distance_that_robots_ask_for() -> None:
    with (
        serving(robots="User-agent: *\nCrawl-delay: 0.1\n") as server,
        ImageServer(**QUICK) as reader,
        ThreadPoolExecutor(6) as pool,
    ):
        list(pool.map(lambda name: reader.read(url_of(server, name), name), IMAGES))
    times = sorted(received.when for received in server.received if received.path != "/robots.txt")
    assert len(times) == 6
    # The server sees requests a little later than they were let go, one more than the other.
    assert times[-1] - times[0] >= 0.1 * 5 - 0.05


def test_a_distance_that_is_too_long_is_an_error() -> None:
    with serving(robots="User-agent: *\nCrawl-delay: 600\n") as server:
        with pytest.raises(UnavailableError, match="asks to wait 600 s"):
            read_one(server)
    assert server.requests["image-0"] == 0


# Addresses


@pytest.mark.parametrize("url", ["ftp://a.example/b.jpg", "a.jpg", "", "http://[::1/a.jpg"])
def test_what_is_no_web_address_is_refused(url: str) -> None:
    with ImageServer(**QUICK) as reader, pytest.raises(FetchError):
        reader.read(url, "key")


def test_private_addresses_are_refused() -> None:
    with serving() as server, pytest.raises(FetchError, match="allow_private_addresses"):
        read_one(server, allow_private=False)
    assert server.received == []


# The server of these tests


def test_faults_come_as_often_as_asked_and_the_same_each_time() -> None:
    names = [f"{number}" for number in range(2000)]
    rates = dict.fromkeys(KINDS, 0.05)
    faults = Faults(rates=rates, seed=1)
    kinds = [faults.choose(name, 0) for name in names]
    assert kinds == [Faults(rates=rates, seed=1).choose(name, 0) for name in names]
    assert kinds != [Faults(rates=rates, seed=2).choose(name, 0) for name in names]
    for kind in KINDS:
        assert 60 <= kinds.count(kind) <= 140


def test_the_server_runs_as_a_program(tmp_path: Path) -> None:
    (tmp_path / "image-0.jpg").write_bytes(IMAGES["image-0"])
    command = [sys.executable, iiif_server.__file__, tmp_path, "--faults", "500=0.4", "--seed", "3"]
    with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            with ImageServer(**QUICK, attempts=20) as reader:
                data = reader.read(image_request(f"{url}/image-0", 640), "key")
        finally:
            server.kill()
    assert data == IMAGES["image-0"]


def test_the_server_describes_its_images() -> None:
    from artextract.net.fetch import fetch

    with serving() as server:
        described = fetch(f"{server.url}/image-0/info.json", allow_private=True)
    with PIL.Image.open(io.BytesIO(IMAGES["image-0"])) as image:
        assert f'"width": {image.width}, "height": {image.height}'.encode() in described


def test_the_server_answers_many_at_once() -> None:
    def read(number: int) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        with contextlib.closing(connection):
            connection.connect()
            started.wait()
            connection.request("GET", f"/iiif/image-{number % 6}/full/!640,640/0/default.jpg")
            return connection.getresponse().read()

    started = threading.Barrier(40)
    with serving(latency=0.3) as server, ThreadPoolExecutor(40) as pool:
        bodies = list(pool.map(read, range(40)))
    assert bodies == [IMAGES[f"image-{number % 6}"] for number in range(40)]
    assert server.most_concurrent > 20


def test_a_host_that_fails_every_picture_is_given_up() -> None:
    names = [f"i{number}" for number in range(40)]
    images = dict.fromkeys(names, IMAGES["image-0"])
    good = {name: ["ok"] for name in names[:3]}
    with (
        serving(images, first=good, always=["500"] * 9) as server,
        ImageServer(**QUICK, attempts=2) as reader,
    ):
        for name in names[:3]:
            assert reader.read(url_of(server, name), name) == IMAGES["image-0"]
        for name in names[3:26]:
            with pytest.raises(FetchError):
                reader.read(url_of(server, name), name)
        with pytest.raises(UnavailableError, match="the last 24 images all failed") as raised:
            reader.read(url_of(server, "i26"), "i26")
    assert "run the same command again" in str(raised.value)
