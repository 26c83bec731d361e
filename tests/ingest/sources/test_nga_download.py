"""Fetching the tables from a real server on this machine, once for each version of them."""

import hashlib
from collections import Counter
from pathlib import Path

import pytest
from commands import Artextract, assert_one_sentence
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from artextract.errors import CacheError, FetchError
from artextract.net.retries import Patience
from ingest.sources.nga_download import PUBLISHED_TABLES, find_tables
from ingest.sources.nga_tables import TABLES, Selection, Tables, select

FILES = {
    "objects": "objectid,title,classification,attribution\n1,\u00c9t\u00e9,Painting,A\n",
    "published_images": (
        "uuid,iiifurl,depictstmsobjectid,openaccess\nu1,https://iiif.example/u1,1,1\n"
    ),
    "objects_constituents": "objectid,constituentid\n1,5\n",
    "constituents": "constituentid,forwarddisplayname\n5,A\n",
    "objects_terms": "objectid,termtype,term\n1,School,Dutch\n",
    "objects_historical_data": "objectid,datatype,forwardtext\n1,previous_attribution,B\n",
}


class Museum:
    """A server of the tables with an ETag each, that counts requests and answers."""

    def __init__(self, server: HTTPServer) -> None:
        self.files = dict(FILES)
        self.answers: dict[str, Response] = {}
        self.received: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.url = server.url_for("/open data/data")
        for name in FILES:
            server.expect_request(f"/open data/data/{name}.csv").respond_with_handler(self.answer)

    def answer(self, request: Request) -> Response:
        name = Path(request.path).stem
        self.received[name] += 1
        if name in self.answers:
            return self.answers[name]
        data = self.files[name].encode()
        etag = f'"{hashlib.sha256(data).hexdigest()[:8]}"'
        if request.headers.get("If-None-Match") == etag:
            return Response(status=304, headers={"ETag": etag})
        self.sent[name] += 1
        return Response(data, headers={"ETag": etag, "Content-Type": "text/plain"})


@pytest.fixture
def museum(httpserver: HTTPServer) -> Museum:
    return Museum(httpserver)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts follow each other at once."""
    quick = Patience(attempts=3, backoff_seconds=0.001, longest_wait_seconds=1)
    monkeypatch.setattr("ingest.sources.download.Patience", lambda: quick)


def test_a_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    assert find_tables(str(tmp_path / "tables"), tmp_path / "cache") == tmp_path / "tables"
    assert not (tmp_path / "cache").exists()


def test_all_tables_are_fetched_into_the_cache(museum: Museum, tmp_path: Path) -> None:
    folder = find_tables(museum.url, tmp_path)
    assert folder.is_relative_to(tmp_path)
    assert set(FILES) == set(TABLES)
    for name, text in FILES.items():
        assert (folder / f"{name}.csv").read_text(encoding="utf-8") == text
    (row,) = select(Tables(folder), Selection())
    assert (row["title"], row["schools"], row["former_attributions"]) == (
        "\u00c9t\u00e9", ["Dutch"], ["B"],
    )  # fmt: skip


def test_only_what_has_changed_is_sent_again(museum: Museum, tmp_path: Path) -> None:
    folder = find_tables(museum.url, tmp_path)
    assert find_tables(museum.url + "/", tmp_path) == folder
    assert set(museum.received.values()) == {2}
    assert set(museum.sent.values()) == {1}
    museum.files["objects"] = FILES["objects"] + "2,New,Painting,A\n"
    find_tables(museum.url, tmp_path)
    assert museum.sent == {**dict.fromkeys(FILES, 1), "objects": 2}
    assert (folder / "objects.csv").read_text(encoding="utf-8") == museum.files["objects"]


def test_tables_of_two_addresses_are_kept_apart(museum: Museum, tmp_path: Path) -> None:
    first = find_tables(museum.url, tmp_path)
    with pytest.raises(FetchError):
        find_tables(museum.url + "/elsewhere", tmp_path)
    assert (first / "objects.csv").is_file()


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.may_be_missing])
def test_a_table_that_may_be_missing(name: str, museum: Museum, tmp_path: Path) -> None:
    museum.answers[name] = Response("no", status=404)
    folder = find_tables(museum.url, tmp_path)
    assert not (folder / f"{name}.csv").exists()
    assert select(Tables(folder), Selection()).count == 1


@pytest.mark.parametrize("name", [name for name, table in TABLES.items() if table.may_be_missing])
def test_a_table_that_is_no_longer_published_is_no_longer_used(
    name: str, museum: Museum, tmp_path: Path
) -> None:
    folder = find_tables(museum.url, tmp_path)
    museum.answers[name] = Response("no", status=404)
    find_tables(museum.url, tmp_path)
    assert not (folder / f"{name}.csv").exists()
    del museum.answers[name]
    find_tables(museum.url, tmp_path)
    assert (folder / f"{name}.csv").read_text() == FILES[name]


@pytest.mark.parametrize(
    "name", [name for name, table in TABLES.items() if not table.may_be_missing]
)
def test_a_table_that_must_be_there(name: str, museum: Museum, tmp_path: Path) -> None:
    museum.answers[name] = Response("no", status=404)
    with pytest.raises(FetchError) as raised:
        find_tables(museum.url, tmp_path)
    assert f"{name}.csv" in str(raised.value)
    assert raised.value.status == 404


@pytest.mark.parametrize("name", ["objects", "objects_terms"])
def test_a_web_page_in_place_of_a_table(name: str, museum: Museum, tmp_path: Path) -> None:
    museum.answers[name] = Response("<html>Sign in</html>", content_type="text/html")
    with pytest.raises(FetchError, match=rf"{name}\.csv answered a web page"):
        find_tables(museum.url, tmp_path)


def test_what_is_kept_stands_in_for_a_server_that_is_down(
    museum: Museum, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = find_tables(museum.url, tmp_path)
    museum.answers["objects_terms"] = Response("later", status=503)
    assert find_tables(museum.url, tmp_path) == folder
    (warning,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warning.startswith("Using the table fetched last time, since ")
    assert "objects_terms.csv" in warning
    assert select(Tables(folder), Selection()).count == 1


def test_a_server_that_is_down_at_the_first_time(museum: Museum, tmp_path: Path) -> None:
    museum.answers["constituents"] = Response("later", status=503)
    with pytest.raises(FetchError, match=r"constituents\.csv"):
        find_tables(museum.url, tmp_path)


def test_a_cache_that_can_not_be_written(museum: Museum, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CacheError, match="can't be written"):
        find_tables(museum.url, tmp_path / "file")


def test_the_published_tables_are_asked_for_on_the_public_internet_only(
    museum: Museum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PUBLISHED_TABLES.startswith("https://raw.githubusercontent.com/NationalGalleryOfArt/")
    monkeypatch.setattr("ingest.sources.nga_download.PUBLISHED_TABLES", museum.url)
    with pytest.raises(FetchError, match="not on the public internet"):
        find_tables(None, tmp_path)
    assert not museum.received


def test_on_the_command_line(museum: Museum, tmp_path: Path, artextract: Artextract) -> None:
    museum.answers["objects"] = Response("no", status=404)
    words = ("ingest", "nga", "--tables", museum.url, "--store", tmp_path / "store",
             "--cache", tmp_path / "cache")  # fmt: skip
    assert_one_sentence(artextract(*words), "objects.csv", "404")
    museum.answers.clear()
    museum.files["objects"] = "objectid,title\n"
    assert_one_sentence(artextract(*words), "table objects has no column 'classification'")
    assert not (tmp_path / "store").exists()
