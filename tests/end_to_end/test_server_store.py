"""Ingesting into a server and searching there, by the command line and over real HTTP."""

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from commands import Artextract, assert_one_sentence
from pictures import make_catalog, make_folder
from qdrant_server import QdrantServer, Received, serve_qdrant

from artextract.store import open_store
from artextract.store.location import Location

KEY = "a key"
TROUBLES = ["503", "reset", "lost", "500"]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[QdrantServer]:
    monkeypatch.setenv("QDRANT_API_KEY", KEY)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with serve_qdrant(api_key=KEY) as running:
        yield running


def ingest(artextract: Artextract, source: Path, server: QdrantServer, *more: object) -> str:
    ran = artextract("ingest", "folder", source, "--store", f"{server.url}/art", *more)
    assert ran.code == 0, ran
    return ran.out


def test_the_same_commands_take_a_server(
    server: QdrantServer, artextract: Artextract, tmp_path: Path
) -> None:
    rows = [
        {"file": f"{n}.jpg", "id": f"w{n}", "title": f"Work {n}", "artist": ["A", "B"][n % 2],
         "year": 1800 + n}
        for n in range(10)
    ]  # fmt: skip
    catalog = make_catalog(tmp_path / "gallery", rows)
    folder, url = tmp_path / "store", f"{server.url}/art"
    for store in (folder, url):
        ran = artextract("ingest", "catalog", catalog, "--store", store)
        assert ran.code == 0, ran
        assert "embedded 10" in ran.out
        ran = artextract("ingest", "catalog", catalog, "--store", store)
        assert "embedded 0, updated 0, unchanged 10" in ran.out
    questions: list[list[object]] = [
        ["search", "w3", "--format", "json"],
        ["search", "w3", "--format", "json", "--artist", "a", "--by", "style"],
        ["search", tmp_path / "gallery" / "5.jpg", "--format", "json", "--years", "1803:1808"],
        ["search", "--format", "json", "--text", "work"],
    ]
    for question in questions:
        embedded, served = (
            json.loads(artextract(*question, "--store", store).out) for store in (folder, url)
        )
        assert [hit["id"] for hit in served] == [hit["id"] for hit in embedded]
        for one, other in zip(embedded, served, strict=True):
            assert one["score"] == other["score"] or abs(one["score"] - other["score"]) < 1e-4
    told = artextract("collection", "info", "--store", url)
    assert "Qdrant 1.20.0" in told.out
    assert "10" in told.out
    page = tmp_path / "a.html"
    assert artextract("search", "w3", "--store", url, "--gallery", page).code == 0
    assert page.read_text().count("data:image") >= 9
    table = tmp_path / "all.csv"
    assert artextract("collection", "save", "--store", url, "--out", table).code == 0
    assert len(table.read_text().splitlines()) == 11
    dry = artextract("ingest", "catalog", catalog, "--store", url, "--dry-run")
    assert "would embed 0, update 0, leave 10 unchanged" in dry.out
    examined = artextract("doctor", "--store", url)
    assert "10 points" in examined.out


def test_failures_are_kept_with_the_users_state(
    server: QdrantServer, artextract: Artextract, tmp_path: Path
) -> None:
    pictures = make_folder(tmp_path / "gallery", 5)
    whole = pictures[2].read_bytes()
    pictures[2].write_bytes(whole[:40])
    ran = artextract("ingest", "folder", tmp_path / "gallery", "--store", f"{server.url}/art")
    assert ran.code == 0
    (journal,) = (tmp_path / "state").rglob("failures.jsonl")
    assert str(journal) in ran.err
    assert "art" in journal.parent.name
    pictures[2].write_bytes(whole)
    assert "embedded 1" in ingest(artextract, tmp_path / "gallery", server, "--retry-failed")
    assert not journal.exists()


def test_an_ingest_through_a_flaky_server_is_whole(
    server: QdrantServer, artextract: Artextract, tmp_path: Path
) -> None:
    make_folder(tmp_path / "gallery", 60)

    def trouble(received: Received) -> str | None:
        return TROUBLES[received.number // 3 % len(TROUBLES)] if received.number % 3 == 2 else None

    server.trouble = trouble
    assert "embedded 60" in ingest(artextract, tmp_path / "gallery", server)
    server.trouble = lambda received: None
    with open_store(Location(f"{server.url}/art", api_key=KEY)) as store:
        assert store.count() == store.count_works() == 60
    assert "unchanged 60" in ingest(artextract, tmp_path / "gallery", server)


def test_a_server_that_dies_in_the_middle_costs_time_and_no_data(
    server: QdrantServer, artextract: Artextract, tmp_path: Path
) -> None:
    make_folder(tmp_path / "gallery", 60)
    died = threading.Event()

    def die_after_some(received: Received) -> str | None:
        if received.path == "points" and received.method == "PUT" and not died.is_set():
            if sum(a.path == "points" and a.method == "PUT" for a in server.received) == 3:
                died.set()
                threading.Thread(target=restart).start()
                return "reset"
        return None

    def restart() -> None:
        server.stop()
        time.sleep(2)
        server.start()

    server.trouble = die_after_some
    out = ingest(artextract, tmp_path / "gallery", server)
    assert died.is_set()
    assert "embedded 60" in out
    assert "60 artworks in the collection" in out


def test_ctrl_c_keeps_what_is_there(
    server: QdrantServer,
    artextract: Artextract,
    start_artextract: Callable[..., "subprocess.Popen[str]"],
    tmp_path: Path,
) -> None:
    make_folder(tmp_path / "gallery", 200)
    url = f"{server.url}/art"
    running = start_artextract("ingest", "folder", tmp_path / "gallery", "--store", url)
    deadline = time.monotonic() + 60
    while not any(a.path == "points" and a.method == "PUT" for a in list(server.received)):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert "Traceback" not in err
    kept = server.client.count("art").count
    assert 0 < kept <= 200
    out = ingest(artextract, tmp_path / "gallery", server)
    assert f"embedded {200 - kept}, updated 0, unchanged {kept}" in out


def test_ctrl_c_again_ends_a_run_whose_server_is_gone(
    server: QdrantServer,
    artextract: Artextract,
    start_artextract: Callable[..., "subprocess.Popen[str]"],
    tmp_path: Path,
) -> None:
    """A call is tried again for minutes; each Ctrl-C ends the wait for one that is going on."""
    make_folder(tmp_path / "gallery", 60)
    gone = threading.Event()

    def lose_the_third(received: Received) -> str | None:
        if received.path == "points" and received.method == "PUT":
            if sum(a.path == "points" and a.method == "PUT" for a in server.received) >= 3:
                gone.set()
        return "reset" if gone.is_set() else None

    server.trouble = lose_the_third
    running = start_artextract(
        "ingest", "folder", tmp_path / "gallery", "--store", f"{server.url}/art"
    )
    assert gone.wait(60)
    time.sleep(1)
    for _ in range(4):
        running.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(5)
            break
    _, err = running.communicate(timeout=60)  # far less than it tries again for
    assert running.returncode == 130, err
    assert "Traceback" not in err
    assert "are kept" in err
    server.trouble = lambda received: None
    kept = server.client.count("art").count
    assert 0 < kept < 60
    assert f"embedded {60 - kept}, updated 0, unchanged {kept}" in ingest(
        artextract, tmp_path / "gallery", server
    )


def test_an_ingest_writes_again_what_a_replica_lacks(
    server: QdrantServer, artextract: Artextract, tmp_path: Path
) -> None:
    make_folder(tmp_path / "gallery", 5)
    url = f"{server.url}/art"
    assert "embedded 5" in ingest(artextract, tmp_path / "gallery", server, "--replicas", "2")
    points, _ = server.client.scroll("art")
    server.lacking = {str(point.id) for point in points[:2]}
    assert "2 points are not on all of them" in artextract("collection", "info", "--store", url).out
    dry = artextract("ingest", "folder", tmp_path / "gallery", "--store", url, "--dry-run")
    assert "would embed 2" in dry.out
    assert "embedded 2, updated 0, unchanged 3" in ingest(artextract, tmp_path / "gallery", server)
    told = artextract("collection", "info", "--store", url).out
    assert ["replicas", "equal"] in [line.split() for line in told.splitlines()]


def test_a_token_for_one_collection_is_enough_for_an_ingest(
    server: QdrantServer,
    artextract: Artextract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pictures = make_folder(tmp_path / "gallery", 3)
    ingest(artextract, tmp_path / "gallery", server, "--limit", "1")
    server.tokens = {"token": ("art", "rw")}
    monkeypatch.setenv("QDRANT_API_KEY", "token")
    assert "embedded 2" in ingest(artextract, tmp_path / "gallery", server)
    pictures[0].unlink()
    pruned = ingest(artextract, tmp_path / "gallery", server, "--prune")
    assert "unchanged 2" in pruned
    found = artextract("search", "--store", f"{server.url}/art", "--format", "json")
    assert len(json.loads(found.out)) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["search", "--store", "http://127.0.0.1:9/x"], "has not answered"),
        (["collection", "info", "--store", "ftp://host/x"], "is not the address of a server"),
        (["collection", "info", "--store", "http://a:b@127.0.0.1:9/x"], "QDRANT_API_KEY"),
        (["collection", "info", "--api-key", "wrong"], "refuses the API key"),
        (["collection", "info"], "has no collection 'nothing'"),
        (["ingest", "folder", ".", "--shards", "0"], ""),
    ],
)
def test_bad_input(
    words: list[str], said: str, server: QdrantServer, artextract: Artextract
) -> None:
    if "--store" not in words:
        words = [*words, "--store", f"{server.url}/nothing"]
    ran = artextract(*words)
    if not said:
        assert ran.code == 2
    else:
        assert_one_sentence(ran, said)
    assert KEY not in ran.err
