"""Reading pages in tests: their tags and text, that they load nothing, and what a browser shows."""

import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

__all__ = ["Page", "assert_loads_nothing", "screenshot"]


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        """Read the page at ``path``."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._style = False
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep a tag."""
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        """See the end of the styles, which are no text."""
        self._style = False

    def handle_data(self, data: str) -> None:
        """Keep text."""
        if not self._style:
            self.texts.append(data)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Return the attributes of each ``tag``."""
        return [attributes for name, attributes in self.tags if name == tag]


def assert_loads_nothing(page: Page) -> None:
    """Check that a page is whole in itself, runs nothing, and says so in its policy."""
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
    """Return what a browser window of ``width`` x ``height`` pixels shows of ``page``."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("there is no chromium to open the page with")
    picture = folder / f"{width}.png"
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", "--force-device-scale-factor=1", f"--window-size={width},{height}",
        f"--user-data-dir={folder / f'profile-{width}'}", f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert picture.is_file(), done.stderr
    with PIL.Image.open(picture) as image:
        return np.asarray(image.convert("RGB"))
