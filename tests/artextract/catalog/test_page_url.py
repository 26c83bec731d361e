"""The page's public address, and which artworks get a thumbnail's address below it."""

import json
import shutil
import subprocess

import pytest

from artextract.catalog.artwork import Artwork
from artextract.catalog.page_url import read_page_url, thumbnail_url
from artextract.errors import InputError

PAGE = "https://art.museum.example"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PAGE, PAGE),
        (f"{PAGE}/", PAGE),
        ("HTTP://Art.Museum.example:8000/", "http://art.museum.example:8000"),
        ("http://localhost:8000", "http://localhost:8000"),
        (f"{PAGE}/old masters//", f"{PAGE}/old%20masters"),
        (f"{PAGE}/old%20masters", f"{PAGE}/old%20masters"),
        (f'{PAGE}/"><script>', f"{PAGE}/%22%3E%3Cscript%3E"),
        ("https://münchen.example/kunst", "https://xn--mnchen-3ya.example/kunst"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("http://192.0.2.7", "http://192.0.2.7"),
    ],
)
def test_an_address_as_people_write_it(text: str, expected: str) -> None:
    assert read_page_url(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "art.museum.example", "localhost:8000", "/art", "ftp://art.museum.example", "https://",
     "https:///art", f"{PAGE}?x=1", f"{PAGE}/#map", "https://me:secret@art.museum.example",
     "https://art museum.example", "http://art.museum.example:http", "http://[::1",
     "http://art..example", 'https://a"b.example', "javascript:alert(1)"],
)  # fmt: skip
def test_what_is_no_address_of_a_page(text: str) -> None:
    with pytest.raises(InputError, match=r"`page_url` .* is not the address of a page; write one"):
        read_page_url(text)


SHOWN = [
    "https://museum.example/1.jpg", "http://museum.example/a/b.jpeg", "HTTPS://museum.example/1.png",
    "https://museum.example/1.webp?width=500", "https://museum.example/1.gif#top",
    "https://museum.example/full/!640,640/0/default.jpg", "https://museum.example/.svg",
    "https://museum.example/Größe 1.jpg",
]  # fmt: skip
NOT_SHOWN = [
    "scans/1.jpg", "/scans/1.jpg", "C:/scans/1.jpg", "5a1b", "https://museum.example/1.JPG",
    "https://museum.example/1.tif", "https://museum.example/image?file=1.jpg",
    "https://museum.example/1.jpg/", "https://museum.jpg", "https://museum.example#1.jpg",
    "ftp://museum.example/1.jpg", "data:image/jpeg;base64,AAAA.jpg",
]  # fmt: skip


@pytest.mark.parametrize("field", ["image", "image_url"])
@pytest.mark.parametrize(
    ("url", "shown"), [*((url, True) for url in SHOWN), *((url, False) for url in NOT_SHOWN)]
)
def test_an_image_that_the_console_shows_needs_no_thumbnail(
    field: str, url: str, shown: bool
) -> None:
    fields = {"id": "a", "image": "a.jpg", field: url}
    artwork = Artwork(**fields)  # type: ignore[arg-type]
    expected = None if shown else f"{PAGE}/thumbnails/{artwork.point_id}.jpg"
    assert thumbnail_url(artwork, PAGE) == expected


def test_a_page_about_the_artwork_is_no_image() -> None:
    artwork = Artwork(id="a", image="a.jpg", page_url="https://wiki.example/wiki/File:Lilies.jpg")
    assert thumbnail_url(artwork, PAGE)


def test_each_view_has_its_own_thumbnail() -> None:
    views = [Artwork(id="a", image=f"{view}.jpg", view=view) for view in ("primary", "alternate")]
    assert len({thumbnail_url(each, PAGE) for each in views}) == 2


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_rule_is_that_of_the_console() -> None:
    rule = """
      const shown = text => { try { var url = new URL(text) } catch (_) { return false }
        return /^https?:$/.test(url.protocol)
          && /\\.(jpg|jpeg|png|webp|gif|svg)$/.test(url.pathname) };
      console.log(JSON.stringify(JSON.parse(process.argv[1]).map(shown)))"""

    ran = subprocess.run(
        ["node", "-e", rule, json.dumps([*SHOWN, *NOT_SHOWN])],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(ran.stdout) == [True] * len(SHOWN) + [False] * len(NOT_SHOWN)
