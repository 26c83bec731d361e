"""Whom the server answers, how often, and with which headers."""

import io
from collections.abc import Callable

import httpx
import PIL.Image
import pytest

API = "/api/v1"
Make = Callable[..., httpx.Client]


def picture() -> bytes:
    buffer = io.BytesIO()
    PIL.Image.effect_noise((90, 70), 90).convert("RGB").save(buffer, "JPEG")
    return buffer.getvalue()


def assert_refused(answer: httpx.Response, status: int, words: str) -> None:
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


@pytest.mark.parametrize("path", ["/", f"{API}/collection", "/static/style.css"])
def test_a_name_that_is_not_its_own_is_refused(client: httpx.Client, path: str) -> None:
    for host in ("evil.example", "evil.example:8000", "", "127.0.0.1.evil.example"):
        assert_refused(client.get(path, headers={"Host": host}), 421, "not called")
    for host in ("localhost", "LOCALHOST:99", "[::1]:8000"):
        assert client.get(path, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", f"{API}/collection", "/static/js/main.js", "/nothing"])
def test_every_answer_has_safe_headers(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_pictures_need_the_key_where_there_is_one(make_client: Make) -> None:
    client = make_client(key="a long secret")
    assert client.get(f"{API}/collection").json()["takes_pictures"] == "key"

    def post(headers: dict[bytes, bytes]) -> httpx.Response:
        return client.post(f"{API}/pictures", content=picture(), headers=headers)

    assert_refused(post({}), 401, "needs a key")
    assert_refused(post({b"X-API-Key": b"a guess"}), 401, "not the right one")
    assert_refused(post({b"X-API-Key": "guéss".encode("latin-1")}), 401, "not the right one")
    assert post({b"X-API-Key": b"a long secret"}).status_code == 201
    assert client.get(f"{API}/search").status_code == 200
    url = client.post(f"{API}/pictures/from-url", json={"url": "http://127.0.0.1/"})
    assert_refused(url, 401, "needs a key")


def test_without_a_key_a_server_for_others_takes_no_pictures(make_client: Make) -> None:
    client = make_client(open_uploads=False)
    assert client.get(f"{API}/collection").json()["takes_pictures"] == "no"
    assert_refused(client.post(f"{API}/pictures", content=picture()), 403, "without a key")
    exported = client.post(f"{API}/export", json={"ids": ["atelier:001"], "format": "csv"})
    assert exported.status_code == 200


def test_another_page_may_not_send_pictures(client: httpx.Client) -> None:
    own = str(client.base_url)
    for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
        answer = client.post(f"{API}/pictures", content=picture(), headers={"Origin": origin})
        assert_refused(answer, 403, "may not send")
    answer = client.post(f"{API}/pictures", content=picture(), headers={"Origin": own})
    assert answer.status_code == 201
    assert "access-control-allow-origin" not in client.get(f"{API}/collection").headers


def test_a_client_is_answered_only_so_often(make_client: Make) -> None:
    client = make_client(reads_a_minute=5, uploads_a_minute=2)
    answers = [client.get(f"{API}/collection").status_code for _ in range(7)]
    assert answers == [200] * 5 + [429] * 2
    refused = client.get(f"{API}/search")
    assert_refused(refused, 429, "more than 5 requests a minute")
    assert int(refused.headers["retry-after"]) > 0
    sent = [client.post(f"{API}/pictures", content=picture()).status_code for _ in range(3)]
    assert sent == [201, 201, 429]
    assert client.get("/static/style.css").status_code == 200


def test_a_key_is_not_shown(make_client: Make) -> None:
    from search.web.settings import Settings

    assert "secret" not in repr(Settings(key="secret"))
