"""A registered aspect is in ingest, search, filters, explanations, command line, API and page."""

import io
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import brightness
import httpx
import numpy as np
import PIL.Image
import pytest
from commands import Artextract, assert_one_sentence
from page_server import running
from playwright.sync_api import expect, sync_playwright

import artextract
from artextract.aspects import ASPECTS, register
from artextract.errors import QueryError
from search.web.app import make_app

LIGHTNESS = {"black.png": 20, "dark.png": 60, "light.png": 190, "white.png": 235}


def command(*words: object) -> str:
    """Run the command line with the aspect in a process of its own; return what it printed."""
    line = [sys.executable, brightness.__file__, *map(str, words)]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    register(brightness.Brightness())
    yield
    del ASPECTS["brightness"]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("own")
    (folder / "images").mkdir()
    noise = np.random.default_rng(5)
    for name, mean in LIGHTNESS.items():
        pixels = noise.normal(mean, 8, (120, 160, 3)).clip(0, 255).astype(np.uint8)
        PIL.Image.fromarray(pixels).save(folder / "images" / name)
    command("ingest", "folder", folder / "images", "--store", folder / "store",
            "--aspects", "brightness")  # fmt: skip
    return folder / "store"


def rows(*words: object) -> list[str]:
    return [row["id"] for row in json.loads(command("search", *words, "--format", "json"))]


def test_help_names_the_aspect_and_its_filter() -> None:
    assert "--bright [yes|no]" in (text := command("search", "--help"))
    assert "Only artworks that are bright" in text
    assert "scene, brightness; repeatable" in " ".join(text.split())
    assert "scene, brightness (" in " ".join(command("ingest", "folder", "--help").split())


def test_the_command_line_searches_by_it(store: Path) -> None:
    found = rows("black.png", "--store", store, "--by", "brightness")
    assert found == ["dark.png", "light.png", "white.png"]
    assert set(rows("--store", store, "--bright", "yes")) == {"light.png", "white.png"}
    lines = command("explain", "black.png", "white.png", "--store", store).splitlines()
    (line,) = (line for line in lines if line.startswith("Brightness"))
    assert line.endswith("bright: no and yes")


def test_python_searches_by_it(store: Path, tmp_path: Path) -> None:
    image = PIL.Image.new("RGB", (100, 80), "#c8c8c8")
    with artextract.open(store) as collection:
        assert collection.store.manifest.vectors == {"visual": 512, "brightness": 2}
        (record, *_) = collection.store.scroll(with_vectors=True)
        assert np.linalg.norm(record.vectors["brightness"]) == pytest.approx(1, abs=1e-5)
        assert record.payload["brightness"]["bright"] in ("yes", "no")
        assert f"bright={record.payload['brightness']['bright']}" in record.payload["seen"]
        results = collection.search(image, by="brightness", bright="yes")
        assert [result.artwork.id for result in results] == ["light.png", "white.png"]
        results.to_html(tmp_path / "similar.html")
        with pytest.raises(QueryError, match=r"`bright` is 'very'; expected one of yes, no"):
            collection.search(bright="very")
    assert "bright: yes and yes" in (tmp_path / "similar.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def address(store: Path) -> Iterator[str]:
    with artextract.open(store) as collection, running(make_app(collection)) as address:
        yield address


def test_the_api_has_it(address: str) -> None:
    def get(path: str, **parameters: str) -> httpx.Response:
        return httpx.get(f"{address}/api/v1/{path}", params=parameters).raise_for_status()

    info = get("collection").json()
    assert info["aspects"] == ["visual", "brightness"]
    assert "bright" in info["counted"]
    works = get("search", bright="yes").json()["works"]
    assert {work["id"] for work in works} == {"light.png", "white.png"}
    counted = get("facets", field="bright").json()["fields"]["bright"]
    assert {each["value"]: each["count"] for each in counted} == {"yes": 2, "no": 2}
    ids = [work["id"] for work in works]
    why = get("explain", one=ids[0], other=ids[1]).json()
    (reason,) = (each for each in why if each["aspect"] == "brightness")
    assert reason["sentence"] == "bright: yes and yes"
    drawing = get("drawings/brightness", of=ids[0]).content
    with PIL.Image.open(io.BytesIO(drawing)) as drawn:
        assert drawn.convert("RGB").getpixel((0, 0)) == (255, 255, 255)


def test_the_page_has_it(address: str) -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{address}/")
        facet = page.locator("details").filter(has_text="Is bright")
        facet.locator("summary").click()
        facet.get_by_role("checkbox", name="yes").check()
        expect(page.get_by_text("Is bright: yes")).to_be_visible()
        assert "bright=yes" in page.url
        page.get_by_role("link", name="white").click()
        expect(page.get_by_role("heading", name="Brightness")).to_be_visible()
        page.get_by_role("button", name="Show brightness").click()
        expect(page.get_by_alt_text("Drawing of the brightness")).to_be_visible()
        browser.close()


def test_a_collection_without_it_says_so(
    store: Path, tmp_path: Path, artextract: Artextract
) -> None:
    made = tmp_path / "plain"
    images = store.parent / "images"
    assert artextract("ingest", "folder", images, "--store", made, "--aspects", "palette").code == 0
    ran = artextract("search", "--store", made, "--by", "brightness", "--like", "black.png")
    assert_one_sentence(ran, "unknown aspect 'brightness'; this collection has: ")


def test_names_are_unique() -> None:
    with pytest.raises(ValueError, match="aspect 'brightness' shares a name with aspect"):
        register(brightness.Brightness())
