"""The API answers as the command line does."""

import contextlib
import csv
import io
import json
from pathlib import Path
from typing import Any

import httpx
import PIL.Image
import pytest

from artextract.aspects import ASPECTS
from artextract.cli.main import main
from artextract.store import Store
from benchmarks import atelier

API = "/api/v1"
WORKS = {work.id: work for work in atelier.make_works(40)}
SAME = ("id", "title", "artist", "score", "aspects", "shares", "predicted", "year_begin")

QUESTIONS: list[list[tuple[str, str]]] = [
    [("like", "atelier:003")],
    [("like", "atelier:003"), ("by", "palette=2"), ("by", "composition")],
    [("like", "atelier:003"), ("like", "atelier:010"), ("unlike", "atelier:007")],
    [("like", "atelier:005"), ("faces", "1:"), ("min_score", "0.1")],
    [("like", "atelier:005"), ("region", "0.1,0.1,0.6,0.7")],
    [("years", "1900:1920"), ("style", "Fauvism"), ("style", "Divisionism")],
    [("years", ":1800"), ("within", "true")],
    [("key", "low"), ("key", "mid"), ("light_from", "left")],
    [("words", "verrane")],
    [("words", "the window")],
    [("predicted_genre", "portrait"), ("min_confidence", "0.2")],
    [],
]


def to_words(question: list[tuple[str, str]]) -> list[str]:
    """Return the command line that asks the same."""
    words: list[str] = []
    first = next((value for name, value in question if name == "like"), None)
    for at, (name, value) in enumerate(question):
        option = f"--{name.replace('_', '-')}"
        if name == "like" and value == first and at == 0:
            words.insert(0, value)
        elif value == "true":
            words.append(option)
        else:
            words += [option, value]
    return words


@pytest.fixture(scope="module")
def told(store_path: Path) -> dict[int, Any]:
    """What the command line answers to each question, before a server owns the collection."""
    answers = {}
    for at, question in enumerate(QUESTIONS):
        out = io.StringIO()
        words = ["search", *to_words(question), "--store", str(store_path), "-k", "40"]
        with contextlib.redirect_stdout(out), pytest.raises(SystemExit) as left:
            main([*words, "--format", "json"])
        assert not left.value.code
        answers[at] = json.loads(out.getvalue())
    return answers


@pytest.mark.parametrize("at", range(len(QUESTIONS)), ids=lambda at: str(QUESTIONS[at]))
def test_a_search_is_answered_as_by_the_command_line(
    told: dict[int, Any], client: httpx.Client, at: int
) -> None:
    expected = told[at]
    assert expected
    answer = client.get(f"{API}/search", params=[*QUESTIONS[at], ("limit", "100")])
    assert answer.status_code == 200, answer.text
    page = answer.json()
    assert page["next"] is None
    assert page["matching"] >= len(expected)
    for one, other in zip(expected, page["works"], strict=True):
        assert {name: one.get(name) for name in SAME} == {name: other.get(name) for name in SAME}


@pytest.mark.parametrize("question", [[], [("like", "atelier:003")], [("faces", "1:")]])
def test_pages_put_together_are_the_whole(
    client: httpx.Client, question: list[tuple[str, str]]
) -> None:
    whole = client.get(f"{API}/search", params=[*question, ("limit", "100")]).json()
    start, found = 0, []
    while start is not None:
        page = client.get(
            f"{API}/search", params=[*question, ("limit", "7"), ("start", str(start))]
        ).json()
        assert page["matching"] == whole["matching"]
        assert len(page["works"]) == 7 or page["next"] is None
        found += page["works"]
        start = page["next"]
    assert [work["id"] for work in found] == [work["id"] for work in whole["works"]]
    assert len(found) >= 14


def test_a_picture_that_is_sent_finds_its_work(client: httpx.Client, store_path: Path) -> None:
    data = (store_path.parent / WORKS["atelier:004"].file).read_bytes()
    sent = client.post(f"{API}/pictures", content=data, headers={"Content-Type": "image/jpeg"})
    assert sent.status_code == 201, sent.text
    said = sent.json()
    with PIL.Image.open(io.BytesIO(data)) as image:
        assert (said["width"], said["height"]) == image.size
    assert "visual" in said["aspects"]
    assert client.get(f"{API}/pictures/{said['name'].removeprefix('picture:')}").json() == said
    found = client.get(f"{API}/search", params={"like": said["name"]}).json()["works"]
    assert found[0]["id"] == "atelier:004"
    assert found[0]["score"] == pytest.approx(1, abs=1e-4)
    shown = client.get(f"{API}/sent/{said['name'].removeprefix('picture:')}")
    assert shown.headers["content-type"] == "image/jpeg"
    part = client.get(
        f"{API}/search", params={"like": said["name"], "region": "0,0,0.5,0.5"}
    ).json()["works"]
    assert part
    assert part[0]["score"] < 0.999


def test_a_work_with_its_images_and_what_was_seen(client: httpx.Client, store: Store) -> None:
    found = client.get(f"{API}/works", params={"id": "atelier:003"}).json()
    work = WORKS["atelier:003"]
    assert found["work"]["title"] == work.title
    assert "image" not in found["work"]
    assert set(found["aspects"]) <= set(ASPECTS)
    assert found["seen"]["light"]["key"] in {"low", "mid", "high"}
    assert found["detected"]["key"] == [found["seen"]["light"]["key"]]
    (image,) = found["images"]
    assert str(store.location) not in json.dumps(found)
    for side in (192, 480, 1600):
        answer = client.get(image["image"], params={"side": side})
        assert answer.headers["content-type"] == "image/jpeg"
        with PIL.Image.open(io.BytesIO(answer.content)) as picture:
            assert max(picture.size) <= side
    assert client.get(image["image"], params={"side": 5000}).status_code == 422


def test_why_two_works_match(client: httpx.Client) -> None:
    reasons = client.get(f"{API}/explain", params={"one": "atelier:003", "other": "atelier:010"})
    assert [reason["aspect"] for reason in reasons.json()][:3] == list(ASPECTS)[:3]
    for reason in reasons.json():
        assert reason["sentence"]
        for address in reason["drawings"]:
            assert client.get(address).headers["content-type"] == "image/jpeg"
    assert any(reason["drawings"] for reason in reasons.json())


def test_facets_agree_with_the_searches_that_they_promise(client: httpx.Client) -> None:
    given = {"faces": "1:"}
    fields = client.get(f"{API}/collection").json()["counted"]
    assert {"artist", "genre", "colour", "key"} <= set(fields)
    assert "predicted_artist" not in fields
    for field in fields:
        params = [("field", field), ("top", "5"), *given.items()]
        for choice in client.get(f"{API}/facets", params=params).json()["fields"][field]:
            found = client.get(f"{API}/search", params={**given, field: choice["value"]})
            assert found.json()["matching"] == choice["count"], (field, choice)


def test_exports_hold_what_is_asked_for_in_its_order(client: httpx.Client) -> None:
    ids = ["atelier:007", "atelier:001", "unknown", "atelier:007"]
    answer = client.post(f"{API}/export", json={"ids": ids, "format": "csv"})
    assert answer.headers["content-disposition"] == 'attachment; filename="works.csv"'
    assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel needs the mark to read accents"
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["id"] for row in rows] == ["atelier:007", "atelier:001"]
    lines = client.post(f"{API}/export", json={"ids": ids, "format": "jsonl"}).text.splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["atelier:007", "atelier:001"]
    none = client.post(f"{API}/export", json={"ids": ["unknown"], "format": "csv"})
    assert (none.status_code, list(none.json())) == (404, ["error"])


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/works?id=nobody", 404, "no artwork 'nobody'"),
        ("/works?id=picture:abc", 404, "no artwork of the collection"),
        ("/search?like=nobody", 404, "no artwork 'nobody'"),
        ("/search?artist=Nobody", 400, "no artist 'Nobody'"),
        ("/search?by=taste&like=atelier:001", 400, "unknown aspect 'taste'"),
        ("/search?years=x", 400, "x"),
        ("/search?unlike=atelier:001", 400, "needs a query image"),
        ("/search?like=atelier:001&region=2,2,2,2", 400, "`region`"),
        ("/search?by=palette", 400, "`by` needs a query image"),
        ("/search?artst=Monet", 422, "there is no field `artst`; closest: artist"),
        ("/search?verify=true", 422, "`verify` is a field of Python and the command line only"),
        ("/search?limit=abc", 422, "`limit` is 'abc'; expected a whole number from 1 to 200"),
        ("/search?limit=100000", 422, "`limit` is '100000'; expected a whole number from 1 to 200"),
        ("/search?min_score=x", 422, "`min_score` is 'x'; expected a number from -1 to 1"),
        ("/search?within=maybe", 422, "`within` is 'maybe'; expected true or false"),
        ("/search?artist=" + "x" * 500, 422, "`artist` has 500 characters; expected at most 400"),
        ("/works", 422, "`id` is missing"),
        ("/search?like=atelier:001&start=9990&limit=20", 400, "10,000"),
        ("/facets?field=password", 422, "`field` is 'password'; expected one of artist, "),
        ("/images/00000000-0000-0000-0000-000000000000", 404, "no image"),
        ("/images/..%2f..%2fetc%2fpasswd", 404, "nothing"),
        ("/images/passwd", 422, "`point_id` is 'passwd'; expected the `point_id` of a result"),
        ("/sent/abc", 422, "`sha256` is 'abc'; expected 64 hexadecimal digits"),
        ("/sent/" + "0" * 64, 404, "not kept"),
        ("/drawings/taste?of=atelier:001", 422, "`aspect` is 'taste'; expected one of "),
        ("/explain?one=atelier:001&other=nobody", 404, "nobody"),
        ("/map", 404, "artextract collection map"),
        ("/nothing", 404, "nothing"),
    ],
)
def test_what_can_not_be_answered_is_said_in_a_sentence(
    client: httpx.Client, path: str, status: int, words: str
) -> None:
    answer = client.get(f"{API}{path}")
    assert answer.status_code == status, answer.text
    assert list(answer.json()) == ["error"]
    assert words in answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("/export", "{", "the body is not JSON"),
        ("/export", "[]", "expected a JSON object"),
        ("/export", '{"ids": 5, "format": "csv"}', "`ids` is 5; expected a list"),
        ("/export", '{"ids": [5], "format": "csv"}', "`ids` is 5; expected text"),
        ("/export", '{"ids": [], "format": "csv"}', "`ids` has 0 values; expected at least 1"),
        ("/export", '{"ids": ["a"], "format": "pdf"}', "`format` is 'pdf'; expected one of csv, "),
        ("/export", '{"ids": ["a"], "formt": "csv"}', "`format` is missing"),
        ("/pictures/from-url", '{"url": "a", "ur": 1}', "no field `ur`; closest: url"),
        ("/pictures/from-url", '{"url": "http://127.0.0.1/"}', "upload the image instead"),
        ("/pictures", "", "the image is empty"),
    ],
)
def test_bodies_that_are_not_understood(
    client: httpx.Client, path: str, content: str, words: str
) -> None:
    answer = client.post(
        f"{API}{path}", content=content, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert words in answer.json()["error"]
    assert "allow_private" not in answer.json()["error"]


def test_every_route_is_described(client: httpx.Client) -> None:
    described = client.get(f"{API}/openapi.json").json()
    assert len(described["paths"]) >= 14
    for path, methods in described["paths"].items():
        assert path.startswith(API)
        for method in methods.values():
            assert method["summary"]
            assert {"400", "404", "422", "429", "503"} <= set(method["responses"])


@pytest.mark.parametrize("page", ["/", "/map", "/list", "/work?id=x"])
def test_pages_load_nothing_from_elsewhere(client: httpx.Client, page: str) -> None:
    answer = client.get(page)
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "http://" not in answer.text
    assert "https://" not in answer.text
    assert client.get("/other").status_code == 404


def test_the_page_is_light() -> None:
    from importlib import resources

    static = Path(str(resources.files("search.web") / "static"))
    files = [path for path in static.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert sum(path.stat().st_size for path in files) < 150_000


def test_what_is_of_the_machine_is_not_told(
    client: httpx.Client, store: Store, store_path: Path, tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    paintings = store_path.parent / "paintings"
    paintings.rename(tmp_path / "moved")
    try:
        part = client.get(f"{API}/search", params={"like": "atelier:006", "region": "0,0,.5,.5"})
        assert part.status_code == 400
        assert "can't be read any more" in part.json()["error"]
        assert str(store_path.parent) not in part.text
        assert str(store_path.parent) in caplog.text
        image = client.get(f"{API}/works", params={"id": "atelier:006"}).json()["images"][0]
        shown = client.get(image["image"], params={"side": 960})  # its thumbnail stands in
        assert shown.headers["content-type"] == "image/jpeg"
    finally:
        (tmp_path / "moved").rename(paintings)
    store.close()
    closed = client.get(f"{API}/search", params={"like": "atelier:008"})
    assert closed.status_code == 503
    assert closed.json() == {"error": "the collection is not available; the server's log says why"}
