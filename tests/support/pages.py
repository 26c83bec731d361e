"""Read HTML pages in tests: their tags and text, and how a browser shows them."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._style = False
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._style = False

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """The text without styles, its white space collapsed."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each ``tag``."""
        return [attributes for name, attributes in self.tags if name == tag]


def assert_loads_nothing(page: Page) -> None:
    """Assert that a page is self-contained, runs no script, and that its policy forbids both."""
    assert page.source.startswith("<!doctype html>")
    assert page.source.rstrip().endswith("</html>")
    loading = {"script", "iframe", "object", "embed", "link", "base", "form", "video", "audio"}
    assert not loading & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in {"src", "srcset", "href", "style"}:
                assert "//" not in str(value).partition("base64,")[0], (tag, name)
    assert all(str(image["src"]).startswith("data:image/") for image in page.all("img"))
    assert all(image["alt"] for image in page.all("img"))
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    style = page.source.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import|//", style)
    policies = [
        str(meta["content"])
        for meta in page.all("meta")
        if str(meta.get("http-equiv")).lower() == "content-security-policy"
    ]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    ids = [str(attributes["id"]) for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {str(link["href"])[1:] for link in page.all("a")} <= set(ids)


def screenshot(page: Path, width: int, height: int, folder: Path) -> npt.NDArray[np.uint8]:
    """Return the pixels (height, width, 3) of a browser window that shows ``page``."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("Chromium is not installed")
    file = folder / f"{width}.png"
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", "--force-device-scale-factor=1", f"--window-size={width},{height}",
        f"--user-data-dir={folder / f'profile-{width}'}", f"--screenshot={file}", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert file.is_file(), done.stderr
    with PIL.Image.open(file) as image:
        return np.asarray(image.convert("RGB"))
