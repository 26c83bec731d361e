"""The page and its API below the path of a reverse proxy."""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from commands import Artextract, assert_one_sentence
from page_server import serving
from pictures import make_picture
from reverse_proxy import proxied

from artextract.errors import InputError
from search.web.settings import API, read_root_path

Make = Callable[..., httpx.Client]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/", ""), ("///", ""), ("/art", "/art"), ("art", "/art"), ("/art/", "/art"),
        ("art/old/masters/", "/art/old/masters"), ("/Art", "/Art"), ("/münchen", "/m%C3%BCnchen"),
        ("/m%c3%bcnchen", "/m%C3%BCnchen"), ("/old%20masters", "/old%20masters"),
        ("/a b", "/a%20b"), ("/~curator/x.y", "/~curator/x.y"),
        ('/"><script>', "/%22%3E%3Cscript%3E"),
        ("/api", "/api"), ("/static", "/static"), ("/map", "/map"),
    ],
)  # fmt: skip
def test_the_path_as_people_write_it(text: str, path: str) -> None:
    assert read_root_path(text) == path


@pytest.mark.parametrize(
    "text",
    ["", "https://museum.example/art", "//museum.example/art", "/art?x=1", "/art#x", "/a//b",
     "/art/../b", "/./art", "/%2e%2e/art", API, f"{API}/x"],
)  # fmt: skip
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(InputError, match=r"`root_path` .* path such as /art"):
        read_root_path(text)


def follow(base: str, text: str) -> list[str]:
    """Return the addresses in HTML, as a browser at ``base`` resolves them."""
    found = re.findall(r'(?:href|src)="([^"#]+)"', text)
    return [urljoin(base, each) for each in found]


@pytest.mark.parametrize(
    ("prefix", "strips"),
    [
        ("/art", True), ("/art", False), ("/Museum/art/v2", False), ("/m%C3%BCnchen", True),
        ("/old%20masters", False), ("/api", True), ("/static", False), ("/map", True),
    ],
)  # fmt: skip
def test_all_addresses_stay_below_the_prefix(make_client: Make, prefix: str, strips: bool) -> None:
    upstream = str(make_client(root_path=prefix).base_url)
    with (
        proxied(upstream, prefix, strips=strips) as (address, outside),
        httpx.Client(timeout=60) as client,
    ):
        origin = address.removesuffix(prefix)
        for path in ("", "/", "/map", "/list", "/work?id=atelier:002"):
            page = client.get(address + path)
            assert page.status_code == 200, path
            links = follow(address + path, page.text)
            assert len(links) > 5
            for link in links:
                assert urlsplit(link).path.startswith(f"{prefix}/")
                assert client.get(link).status_code == 200, link
        api = address + API
        described = client.get(f"{api}/openapi.json").json()
        assert described["servers"] == [{"url": prefix}]
        assert f"{API}/search" in described["paths"]
        first, *_ = client.get(f"{api}/search", params={"limit": 3}).json()["works"]
        artwork = client.get(f"{api}/works", params={"id": first["id"]}).json()
        reasons = client.get(f"{api}/explain", params={"one": first["id"], "other": "atelier:002"})
        drawings = [at for reason in reasons.json() for at in reason["drawings"]]
        assert drawings
        for image in (first["image"], artwork["images"][0]["image"], drawings[0]):
            assert image.startswith(f"{prefix}{API}/")
            assert client.get(origin + image).headers["content-type"] == "image/jpeg"
        sent = client.post(f"{api}/pictures", content=jpeg(), headers={"Origin": origin})
        assert sent.status_code == 201, sent.text
        for nothing in ("/nothing", f"{API}/nothing", "/static/nothing.js", "x", "map"):
            assert client.get(address + nothing).status_code == 404
    assert set(outside) <= {f"{prefix}x", f"{prefix}map"}


@pytest.mark.parametrize("path", ["/art", "", "/art/art", "/Art"])
def test_a_prefix_opens_nothing_that_is_guarded(make_client: Make, path: str) -> None:
    client = make_client(root_path="/art", key="secret", open_uploads=False)
    assert client.post(f"{path}{API}/pictures", content=jpeg()).status_code in (401, 404, 405)
    limited = make_client(root_path="/art", reads_a_minute=2)
    limited.get(f"/art{API}/collection")
    limited.get(f"{API}/collection")
    assert limited.get(f"/art{API}/collection").status_code == 429


def test_a_page_of_elsewhere_sends_nothing_through_a_proxy(make_client: Make) -> None:
    upstream = str(make_client(root_path="/art").base_url)
    with proxied(upstream, "/art", strips=True) as (address, _):
        headers = {"Origin": "https://elsewhere.example"}
        refused = httpx.post(f"{address}{API}/pictures", content=jpeg(), headers=headers)
        assert refused.status_code == 403


def test_the_command_takes_a_path(store_path: Path, artextract: Artextract) -> None:
    with serving(store_path, "--root-path", "art/") as (address, _):
        assert address.endswith("/art")
        with proxied(address.removesuffix("/art"), "/art", strips=True) as (shown, outside):
            assert httpx.get(f"{shown}{API}/collection", timeout=60).json()["works"] == 40
            assert outside == []
    ran = artextract("serve", "--store", store_path, "--root-path", "http://museum.example/art")
    assert_one_sentence(ran, "--root-path 'http://museum.example/art' is not a path")


def jpeg() -> bytes:
    import io

    buffer = io.BytesIO()
    make_picture(3, (64, 48)).save(buffer, "JPEG")
    return buffer.getvalue()
