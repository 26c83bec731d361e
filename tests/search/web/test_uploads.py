"""Pictures that were sent to do harm, or that are none."""

import io
import os
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import PIL.Image
import pytest
from forward_proxy import forwarding
from pytest_httpserver import HTTPServer

from artextract.errors import ImageError, MissingError
from search.web.uploads import Uploads

API = "/api/v1"
MIB = 1 << 20


def encode(image: PIL.Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def noise(side: int = 80) -> PIL.Image.Image:
    return PIL.Image.effect_noise((side, side), 90).convert("RGB")


def bomb() -> bytes:
    """Return a PNG of a few kB that says it has 60,000 by 60,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = {
    "nothing": b"",
    "text": b"this is no picture",
    "page": b"<!doctype html><script>alert(1)</script>",
    "svg": SVG,
    "gif": encode(noise(), "GIF"),
    "pdf": b"%PDF-1.7 and the rest",
    "bomb": bomb(),
    "cut off": encode(noise(400), "JPEG", quality=95)[:2000],
    "zip": b"PK\x03\x04" + bytes(100),
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) run",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["image/jpeg", "text/html"])
def test_what_is_no_picture_is_refused_in_a_sentence(
    client: httpx.Client, name: str, kind: str
) -> None:
    headers = {"Content-Type": kind}
    answer = client.post(f"{API}/pictures", content=HOSTILE[name], headers=headers)
    assert answer.status_code == 400, answer.text
    assert list(answer.json()) == ["error"]
    assert "\n" not in answer.json()["error"]
    assert client.get(f"{API}/collection").status_code == 200


def test_a_polyglot_is_never_given_out_as_it_came(client: httpx.Client, tmp_path: Path) -> None:
    page = b"<script>alert(1)</script>"
    image = noise()
    data = encode(image, "JPEG", comment=page) + page
    sent = client.post(f"{API}/pictures", content=data)
    assert sent.status_code == 201
    sha256 = sent.json()["name"].removeprefix("picture:")
    shown = client.get(f"{API}/sent/{sha256}")
    assert shown.headers["content-type"] == "image/jpeg"
    assert page not in shown.content
    assert b"script" not in shown.content
    kept = tmp_path / "uploads" / sha256
    assert kept.read_bytes() == data


def _png_with(chunk: bytes) -> bytes:
    """Return a PNG of 90 x 60 pixels with a chunk before those of its pixels."""
    plain = encode(noise().resize((90, 60)), "PNG")
    at = plain.index(b"IDAT") - 4
    return plain[:at] + chunk + plain[at:]


def _turned() -> bytes:
    exif = PIL.Image.Exif()
    exif[0x112] = 6
    return encode(noise().resize((60, 90)), "JPEG", exif=exif)


def _pages() -> bytes:
    pages = [noise().resize((90, 60))]
    return encode(noise().resize((9, 6)), "TIFF", save_all=True, append_images=pages)


@pytest.mark.parametrize(
    "data",
    [
        _png_with(b"\0\0\0\x04tEXta\0bc\0\0\0\0"),
        _png_with(b"\0\0\0\x03pHYsabc\0\0\0\0"),
        _turned(),
        _pages(),
    ],
    ids=["wrong checksum", "short chunk", "turned", "pages"],
)
def test_an_upload_has_the_size_of_the_image_that_is_searched(
    client: httpx.Client, data: bytes
) -> None:
    answer = client.post(f"{API}/pictures", content=data)
    assert answer.status_code == 201, answer.text
    assert (answer.json()["width"], answer.json()["height"]) == (90, 60)


@pytest.mark.parametrize("announced", [True, False])
def test_a_hundred_megabytes_are_not_read(client: httpx.Client, announced: bool) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(100):
            sent += 1
            yield bytes(MIB)

    content = bytes(100 * MIB) if announced else pieces()
    try:
        answer = client.post(f"{API}/pictures", content=content)
    except (httpx.WriteError, httpx.ReadError, httpx.RemoteProtocolError):
        pass  # the server has answered and closed while the rest was being sent
    else:
        assert answer.status_code == 413
        assert "more than 20 MiB" in answer.json()["error"]
    assert client.get(f"{API}/collection").status_code == 200


def test_many_pixels_are_refused_before_they_are_decoded(
    make_client: Callable[..., httpx.Client],
) -> None:
    client = make_client(most_upload_pixels=5_000)
    answer = client.post(f"{API}/pictures", content=encode(noise(80), "JPEG"))
    assert answer.status_code == 400
    assert "6,400 pixels; the maximum is 5,000" in answer.json()["error"]


@pytest.mark.parametrize(
    "name",
    ["picture:../../../etc/passwd", "picture:/etc/passwd", "picture:", "picture:" + "A" * 64,
     "picture:" + "0" * 63 + "\n", "picture:" + "0" * 64, "picture:%2e%2e"],
)  # fmt: skip
def test_names_lead_to_no_other_file(client: httpx.Client, name: str) -> None:
    for path, parameters in (
        ("search", {"like": name}), ("explain", {"one": name, "other": "atelier:001"}),
        ("drawings/face", {"of": name}),
    ):  # fmt: skip
        answer = client.get(f"{API}/{path}", params=parameters)
        assert answer.status_code == 404, answer.text
        assert "not kept here" in answer.json()["error"]


@pytest.mark.parametrize(
    "like", ["/etc/passwd", "../../etc/passwd", "file:///etc/passwd", "http://127.0.0.1/x.jpg"]
)
def test_a_search_reads_no_file_and_no_address(client: httpx.Client, like: str) -> None:
    answer = client.get(f"{API}/search", params={"like": like})
    assert answer.status_code == 404
    assert "no artwork" in answer.json()["error"]


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:{port}/x.jpg", "http://localhost:{port}/x.jpg", "http://[::1]/x.jpg",
     "http://169.254.169.254/latest/meta-data", "http://10.0.0.1/x.jpg", "http://0.0.0.0:{port}/x",
     "http://2130706433:{port}/x.jpg", "file:///etc/passwd", "ftp://example.org/x", "/etc/passwd"],
)  # fmt: skip
def test_private_addresses_are_not_fetched(
    client: httpx.Client, httpserver: HTTPServer, url: str
) -> None:
    httpserver.expect_request("/x.jpg").respond_with_data(encode(noise(), "JPEG"))
    address = url.format(port=httpserver.port)
    answer = client.post(f"{API}/pictures/from-url", json={"url": address})
    assert answer.status_code in (400, 422), answer.text
    assert list(answer.json()) == ["error"]
    assert httpserver.log == []


def test_an_image_is_fetched_through_the_proxy_of_the_server(
    client: httpx.Client, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/x.jpg").respond_with_data(encode(noise(), "JPEG"))
    with forwarding({"museum.example": httpserver.port}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        url = {"url": "http://museum.example/x.jpg"}
        assert client.post(f"{API}/pictures/from-url", json=url).status_code == 201
        inside = {"url": "http://intranet/x.jpg"}
        assert client.post(f"{API}/pictures/from-url", json=inside).status_code == 422
        assert proxy.lines == ["GET http://museum.example/x.jpg HTTP/1.1"]
    answer = client.post(f"{API}/pictures/from-url", json=url)
    assert answer.status_code == 503
    assert "can't fetch images" in answer.json()["error"]
    assert str(proxy.port) not in answer.text  # where the proxy is, is not for clients to know


def test_the_longest_unused_are_forgotten(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "kept", most=3, most_pixels=100_000)
    names = [uploads.keep(encode(noise(64 + at), "PNG")) for at in range(3)]
    for at, name in enumerate(names):
        os.utime(tmp_path / "kept" / name, (time.time() - 100 + at, time.time() - 100 + at))
    uploads.read(names[0])  # used again, so that the second is the longest unused
    uploads.keep(encode(noise(90), "PNG"))
    with pytest.raises(MissingError, match="upload it again"):
        uploads.read(names[1])
    for name in (names[0], names[2]):
        assert uploads.read(name)
    with pytest.raises(ImageError):
        uploads.keep(b"no picture")


def test_a_full_disk_is_said_without_its_path(
    make_client: Callable[..., httpx.Client], mount: Callable[..., Path]
) -> None:
    full = mount("size=64k")
    client = make_client(uploads_folder=full / "uploads")
    answer = client.post(f"{API}/pictures", content=encode(noise(600), "PNG"))
    assert answer.status_code == 507
    assert answer.json() == {"error": "the server can't keep the image now"}
