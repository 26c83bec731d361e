"""The page in a real browser: its collection, its server, and a browser."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from page_actions import ARTWORKS, TIMEOUT, WIDTHS
from page_server import make_collection, serving
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a collection with all aspects and a map, and a copy named ``second`` beside it."""
    made = make_collection(tmp_path_factory.mktemp("page"), ARTWORKS)
    shutil.copytree(made, made.with_name("second"))
    # In its own process: numba, once loaded, changes the last digits of torch's results.
    command = [sys.executable, "-m", "artextract", "collection", "map", "--store", str(made)]
    subprocess.run(command, check=True, capture_output=True)
    return made


@pytest.fixture(scope="module")
def address(store: Path) -> Iterator[str]:
    with serving(store, "--reads-per-minute", "100000", "--uploads-per-minute", "1000") as (at, _):
        yield at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def errors() -> Iterator[list[str]]:
    """Collect the errors of all pages; a test fails on any that it does not clear."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def open_page(browser: Browser, address: str, errors: list[str]) -> Iterator[Callable[..., Page]]:
    """Open a page of the server in a new browser context, as ``open_page("/map")``."""
    contexts = []

    def open_at(path: str = "/", size: str = "desktop", at: str = "", **options: Any) -> Page:
        width, height = WIDTHS[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(TIMEOUT)
        origin = at or address

        def check_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                errors.append(message.text)

        def check_request(request: Request) -> None:
            if not request.url.startswith((f"{origin}/", "blob:")):
                errors.append(f"requested {request.url}")

        page.on("console", check_console)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("request", check_request)
        page.goto(origin + path)
        page.wait_for_load_state("networkidle")
        return page

    yield open_at
    for context in contexts:
        context.close()
