"""Thumbnails at addresses of their own, for pages of other servers such as Qdrant's console."""

import base64
import io
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import PIL.Image
import pytest
from commands import Artextract, assert_one_sentence
from page_server import serving
from reverse_proxy import proxied

from artextract.store import Record, Store

Make = Callable[..., httpx.Client]


@pytest.fixture
def record(store: Store) -> Record:
    return next(iter(store.scroll()))


def at(record: Record) -> str:
    return f"/thumbnails/{record.id}.jpg"


def test_every_point_has_a_thumbnail(client: httpx.Client, store: Store) -> None:
    for record in store.scroll():
        answer = client.get(at(record))
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert answer.content == base64.b64decode(record.payload["thumbnail"].partition(",")[2])
        with PIL.Image.open(io.BytesIO(answer.content)) as image:
            assert max(image.size) <= 192


def test_head_says_the_same_without_the_image(client: httpx.Client, record: Record) -> None:
    plain = {"Accept-Encoding": "identity"}
    whole, head = client.get(at(record), headers=plain), client.head(at(record), headers=plain)
    assert head.status_code == 200
    assert head.content == b""
    assert dict(head.headers) | {"date": ""} == dict(whole.headers) | {"date": ""}
    assert head.headers["content-length"] == str(len(whole.content))


def test_pages_of_other_servers_may_show_it(client: httpx.Client, record: Record) -> None:
    answer = client.get(at(record), headers={"Origin": "http://localhost:6333"})
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"


@pytest.mark.parametrize("path", ["/", "/api/v1/collection", "/api/v1/images/{}", "/static/app.js"])
def test_nothing_else_is_for_other_servers(client: httpx.Client, record: Record, path: str) -> None:
    answer = client.get(path.format(record.id), headers={"Origin": "http://localhost:6333"})
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_keeps_it_for_an_hour_and_then_asks_again(
    client: httpx.Client, store: Store
) -> None:
    one, other = list(store.scroll())[:2]
    first = client.get(at(one))
    assert first.headers["cache-control"] == "public, max-age=3600"
    etag = first.headers["etag"]
    assert client.get(at(other)).headers["etag"] != etag
    for known in (etag, f'"x", {etag}'):
        again = client.get(at(one), headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cross-origin-resource-policy"] == "cross-origin"
    assert client.get(at(other), headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/thumbnails/00000000-0000-0000-0000-000000000000.jpg", "/thumbnails/lilies.jpg",
        "/thumbnails/.jpg", "/thumbnails/../etc/passwd.jpg",
        "/thumbnails/%2e%2e%2fetc%2fpasswd.jpg", "/thumbnails/%3Cscript%3E.jpg",
        "/thumbnails/a\u0301.jpg",
    ],
)  # fmt: skip
def test_there_is_none(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("there is no")
    assert client.head(path).status_code == 404


def test_only_whole_names_are_taken(client: httpx.Client, record: Record) -> None:
    for path in (f"/thumbnails/{record.id}", f"{at(record)}x", f"/thumbnails/{record.id}.png"):
        assert client.get(path).status_code == 404


def test_it_is_only_read(client: httpx.Client, record: Record) -> None:
    for method in ("POST", "PUT", "DELETE"):
        assert client.request(method, at(record)).status_code == 405


def test_it_counts_as_a_request(make_client: Make, record: Record) -> None:
    client = make_client(reads_a_minute=2)
    assert [client.get(at(record)).status_code for _ in range(3)] == [200, 200, 429]


@pytest.mark.parametrize(
    ("prefix", "strips"), [("/art", True), ("/art", False), ("/thumbnails", 1)]
)
def test_below_the_path_of_a_proxy(
    make_client: Make, record: Record, prefix: str, strips: bool
) -> None:
    upstream = str(make_client(root_path=prefix).base_url)
    with proxied(upstream, prefix, strips=strips) as (address, _):
        answer = httpx.get(address + at(record))
        assert answer.headers["content-type"] == "image/jpeg"
        assert httpx.get(f"{address}/thumbnails/x.jpg").status_code == 404


def test_the_command_answers_at_the_address_that_it_is_given(
    store_path: Path, store: Store, collection: object
) -> None:
    path = at(next(iter(store.scroll())))
    collection.close()  # type: ignore[attr-defined]  # a folder has one owner at a time
    given = ("--page-url", "https://art.museum.example/old%20masters")
    with serving(store_path, *given) as (address, _):
        assert urlsplit(address).path == "/old%20masters"
        for host, status in [("art.museum.example", 200), ("another.example", 421)]:
            answer = httpx.get(address + path, headers={"Host": host})
            assert answer.status_code == status


def test_an_address_that_is_none(store_path: Path, artextract: Artextract) -> None:
    ran = artextract("serve", "--store", store_path, "--page-url", "art.museum.example")
    assert_one_sentence(ran, "--page-url 'art.museum.example' is not the address of a page")
    ran = artextract("serve", "--store", store_path, "--page-url", "https://a.example/art",
                     "--root-path", "/paintings")  # fmt: skip
    assert ran.code == 2
    assert "--root-path /paintings is not the path of --page-url" in ran.err
