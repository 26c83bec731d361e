"""The command that serves: its address, its ends, and what it refuses."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from commands import Artextract, assert_one_sentence
from page_server import serving

from artextract.store import open_store


def get(address: str) -> Any:
    return httpx.get(address, timeout=30).raise_for_status().json()


@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_until_it_is_told_to_end(store_path: Path, way: signal.Signals) -> None:
    with serving(store_path) as (address, server):
        assert get(f"{address}/api/v1/collection")["works"] == 40
        server.send_signal(way)
        assert server.wait(30) == 0
        assert server.stderr is not None
        assert server.stderr.read() == "Stopped.\n"
    with open_store(str(store_path)) as opened:  # it was closed in order
        assert opened.count_works() == 40


def test_it_serves_from_a_read_only_medium(
    store_path: Path, read_only: Callable[[Path], Path]
) -> None:
    with serving(read_only(store_path)) as (address, _):
        (artwork,) = get(f"{address}/api/v1/search?limit=1")["works"]
        assert httpx.get(f"{address}{artwork['image']}?side=480").status_code == 200
        assert get(f"{address}/api/v1/facets?field=artist")["fields"]["artist"]


def test_one_process_owns_the_collection(store_path: Path, artextract: Artextract) -> None:
    with serving(store_path):
        ran = artextract("collection", "info", "--store", store_path)
        assert_one_sentence(ran, "is held by process", "serve --store")


def test_a_taken_port(store_path: Path, artextract: Artextract) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = artextract("serve", "--store", store_path, "--port", port)
        assert_one_sentence(ran, f"127.0.0.1:{port}", "--port")


def test_an_address_that_is_none_of_this_machine(store_path: Path, artextract: Artextract) -> None:
    ran = artextract("serve", "--store", store_path, "--host", "192.0.2.1", "--port", 0)
    assert_one_sentence(ran, "192.0.2.1", "can't listen")


def test_no_collection(tmp_path: Path, artextract: Artextract) -> None:
    ran = artextract("serve", "--store", tmp_path / "none", "--port", 0)
    assert_one_sentence(ran, "no store at", "artextract ingest")


def test_all_networks_need_a_name(store_path: Path, artextract: Artextract) -> None:
    ran = artextract("serve", "--store", store_path, "--host", "0.0.0.0")
    assert ran.code == 2
    assert "--page-url" in ran.err
    assert "--host-name" in ran.err


def test_for_others_pictures_need_a_key(store_path: Path) -> None:
    for more, takes in (
        (("--host-name", "art.example"), "no"),
        (("--page-url", "https://art.example:8443", "--key", "secret"), "key"),
    ):
        with serving(store_path, "--host", "0.0.0.0", *more) as (address, _):
            own = address.replace("0.0.0.0", "127.0.0.1")
            assert get(f"{own}/api/v1/collection")["takes_pictures"] == takes
            for host, status in (("art.example", 200), ("art.elsewhere", 421)):
                answer = httpx.get(f"{own}/api/v1/collection", headers={"Host": host})
                assert answer.status_code == status


@pytest.mark.parametrize(
    ("command", "lacks"), [(("serve",), "web"), (("collection", "map"), "map")]
)
def test_what_is_not_installed_is_named(
    store_path: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch,
    command: tuple[str, ...], lacks: str,
) -> None:  # fmt: skip
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    ran = artextract(*command, "--store", store_path)
    assert_one_sentence(ran, "not installed", f"'artextract[{lacks}]'")
