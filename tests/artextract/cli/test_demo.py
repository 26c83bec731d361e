"""The demo with a network (a local image server), and what it falls back to without one."""

import csv
import io
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pytest
from commands import Artextract, assert_one_sentence
from iiif_server import IiifServer
from pictures import make_picture

from artextract.store import open_store

NOBODY = "http://127.0.0.1:1/iiif"
FACTS = Path(str(resources.files("artextract"))) / "demo" / "nga"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def images() -> dict[str, bytes]:
    """An image for each of the packaged paintings, by its uuid."""
    with (FACTS / "published_images.csv").open(encoding="utf-8") as file:
        uuids = [row["uuid"] for row in csv.DictReader(file)]
    images = {}
    for seed, uuid in enumerate(uuids):
        jpeg = io.BytesIO()
        make_picture(seed).save(jpeg, "JPEG")
        images[uuid] = jpeg.getvalue()
    return images


def payloads(store: Path) -> dict[str, Mapping[str, object]]:
    with open_store(str(store)) as opened:
        return {str(record.payload["id"]): record.payload for record in opened.scroll()}


def test_paintings_of_the_nga(
    images: dict[str, bytes], tmp_path: Path, artextract: Artextract
) -> None:
    out = tmp_path / "demo"
    with IiifServer(images) as server:
        ran = artextract("demo", "--out", out, "--iiif", server.url)
        assert ran.code == 0, ran.err
        assert f"Gallery: {len(images)} paintings of the National Gallery of Art" in ran.out
        assert all(server.requests[uuid] == 1 for uuid in images)
        direct = artextract("ingest", "nga", "--tables", FACTS, "--iiif", server.url,
                            "--store", tmp_path / "direct", "--size", 640)  # fmt: skip
        assert direct.code == 0, direct.err
    assert (out / "similar.html").is_file()
    assert (out / "similar.png").is_file()
    found = payloads(out / "nga-store")
    assert found == payloads(tmp_path / "direct")
    assert found["nga:61379"]["artist"] == "Claude Monet"
    assert str(found["nga:61379"]["image_url"]).startswith("https://api.nga.gov/iiif/")

    # Images are kept, so that the second run needs no network.
    again = artextract("demo", "--out", out, "--iiif", server.url)
    assert again.code == 0, again.err
    assert f"unchanged {len(images)}, failed 0" in again.out


def test_an_image_that_is_gone_is_skipped(
    images: dict[str, bytes], tmp_path: Path, artextract: Artextract
) -> None:
    with (FACTS / "objects.csv").open(encoding="utf-8") as file:
        first = min((row["objectid"] for row in csv.DictReader(file)), key=int)
    with (FACTS / "published_images.csv").open(encoding="utf-8") as file:
        gone = {row["uuid"] for row in csv.DictReader(file) if row["depictstmsobjectid"] == first}
    left = {uuid: data for uuid, data in images.items() if uuid not in gone}
    with IiifServer(left) as server:
        ran = artextract("demo", "--out", tmp_path / "demo", "--iiif", server.url)
    assert ran.code == 0, ran.err
    assert f"embedded {len(left)}, updated 0, unchanged 0, failed {len(gone)}" in ran.out


def test_without_a_network_the_nga_is_an_error(tmp_path: Path, artextract: Artextract) -> None:
    ran = artextract("demo", "--source", "nga", "--out", tmp_path, "--iiif", NOBODY)
    assert_one_sentence(ran, NOBODY.removesuffix("/iiif"))


def test_the_atelier_has_no_tables(tmp_path: Path, artextract: Artextract) -> None:
    ran = artextract("demo", "--source", "atelier", "--out", tmp_path, "--iiif", NOBODY)
    assert ran.code == 2
    assert "--source nga" in ran.err
