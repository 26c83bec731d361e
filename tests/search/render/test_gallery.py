"""The gallery page: whole in itself, safe with any catalog's words, and readable in a browser."""

import base64
import io
import re
import shutil
import subprocess
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from commands import Artextract, assert_one_sentence
from pictures import make_picture

from artextract.catalog.artwork import Artwork
from artextract.errors import InputError
from artextract.images.opening import make_thumbnail
from artextract.store import ModelIdentity, Point, Store, create_store
from search.engine import search
from search.images import ImageReader
from search.query import Query
from search.reading import QueryReader
from search.render.gallery import save_gallery
from search.request import SearchFilters, SearchRequest

HOSTILE = '<script>alert("1")</script> & \'x\' "><img src=x onerror=alert(2)>'
WORKS = [
    Artwork(id="query", image="0.png", title="The Query", artist="Claude Monet"),
    Artwork(
        id="hostile", image="1.png", title=HOSTILE, artist=HOSTILE, display_date=HOSTILE,
        page_url="javascript:alert(1)",
    ),
    Artwork(
        id="linked", image="2.png", title="Linked", artist="Édouard Manet", display_date="1863",
        page_url='https://museum.example/?a="1"&b=<2>',
    ),
    Artwork(id="data", image="3.png", title="Data", page_url="data:text/html,<script>1</script>"),
    Artwork(id="spaced", image="4.png", title="Spaced", page_url=" \tJavaScript:alert(1)"),
    Artwork(id="moved", image="moved.png", title="Moved", page_url="/relative"),
    Artwork(id="untitled <b>", image="6.png"),
    Artwork(id="long", image="7.png", title="Unbroken" * 40, artist="W" * 300),
    Artwork(id="http", image="8.png", title="Plain", page_url="HTTP://museum.example/8"),
]  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    folder = tmp_path_factory.mktemp("gallery")
    points = []
    for number, work in enumerate(WORKS):
        size = (640, 480) if number % 2 else (480, 640)
        picture = make_picture(number, size)
        if work.id != "moved":
            picture.save(folder / work.image)
        payload = {
            **work.to_payload(),
            "image_folder": str(folder),
            "width": size[0],
            "height": size[1],
            "thumbnail": make_thumbnail(picture),
        }
        vector = [1.0, number / 3, *[0.0] * 6]
        points.append(Point(work.point_id, {"visual": vector}, payload))
    with create_store(str(folder / "store"), ModelIdentity("small <i>", "ab" * 32, 8)) as opened:
        opened.upsert(points)
        yield opened


class Page(HTMLParser):
    """The tags of a page with their attributes, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.links: dict[str, dict[str, str | None]] = {}
        self._link: dict[str, str | None] | None = None
        self._style = False
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._style = tag == "style"
        if tag == "a":
            self._link = dict(attrs)

    def handle_endtag(self, tag: str) -> None:
        self._style = False
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if not self._style:
            self.texts.append(data)
            if self._link is not None:
                self.links[data] = self._link

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def picture(self, alt: str) -> PIL.Image.Image:
        """Return the one picture with this alternative text."""
        (source,) = [image["src"] for image in self.all("img") if image["alt"] == alt]
        assert source is not None
        image = PIL.Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
        image.load()
        return image


def save(
    store: Store,
    path: Path,
    *ids: str,
    unlike: tuple[str, ...] = (),
    filters: SearchFilters | None = None,
    other_artists: bool = False,
) -> Page:
    reader = QueryReader(store)
    request = SearchRequest(
        like=[reader.read(name) for name in ids],
        unlike=[reader.read(name) for name in unlike],
        filters=filters or SearchFilters(),
        limit=50,
        other_artists=other_artists,
    )
    save_gallery(path, store, search(store, request), ImageReader(store))
    return Page(path)


@pytest.fixture(scope="module")
def page(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Page:
    return save(store, tmp_path_factory.mktemp("page") / "page.html", "query")


def test_the_page_loads_nothing(page: Page) -> None:
    images = page.all("img")
    assert len(images) == len(WORKS)
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in images)
    loading = {"script", "iframe", "object", "embed", "link", "base", "form", "video", "audio"}
    assert not loading & {tag for tag, _ in page.tags}
    for tag, attributes in page.tags:
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            if name in {"src", "srcset", "href", "background", "poster", "data", "style"}:
                is_link = tag == "a" and name == "href"
                assert is_link or "//" not in str(value).partition("base64,")[0], (tag, name)
    style = page.source.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"url\(|@import|//", style)


def test_a_policy_forbids_scripts_and_the_network(page: Page) -> None:
    (policy,) = [
        str(meta["content"])
        for meta in page.all("meta")
        if str(meta.get("http-equiv")).lower() == "content-security-policy"
    ]
    rules = {rule.split()[0]: rule.split()[1:] for rule in policy.split(";")}
    assert rules == {
        "default-src": ["'none'"],
        "img-src": ["data:"],
        "style-src": ["'unsafe-inline'"],
    }


def test_language_encoding_and_alternative_texts(page: Page) -> None:
    assert page.source.startswith("<!doctype html>")
    assert page.all("html") == [{"lang": "en"}]
    assert {"charset": "utf-8"} in page.all("meta")
    alternatives = [image["alt"] for image in page.all("img")]
    assert alternatives[0] == "The query: The Query"
    assert "Linked, by Édouard Manet" in alternatives
    assert "untitled <b>" in alternatives
    assert all(alternatives)


def test_words_of_a_catalog_are_shown_as_they_stand(page: Page) -> None:
    assert page.text.count(HOSTILE) == 3  # title, artist, date
    assert page.picture(f"{HOSTILE}, by {HOSTILE}").size == (440, 330)
    assert "<script" not in page.source
    assert "<b>" not in page.source
    assert "small <i> (sha256 abababababab)" in page.text
    assert not page.all("i") or all("style" in attributes for attributes in page.all("i"))


def test_only_links_to_the_web_are_links(page: Page) -> None:
    assert {text: link["href"] for text, link in page.links.items()} == {
        "Linked": 'https://museum.example/?a="1"&b=<2>',
        "Plain": "HTTP://museum.example/8",
    }
    assert all("noreferrer" in str(link["rel"]).split() for link in page.links.values())
    assert "javascript:" not in page.source.lower()


def test_results_are_in_order_with_their_scores(page: Page) -> None:
    scores = [1 / (1 + (number / 3) ** 2) ** 0.5 for number in range(1, len(WORKS))]
    shown = [float(word) for word in re.findall(r"(?<= )0\.\d{3}(?= |$)", page.text)]
    assert shown == [pytest.approx(score, abs=0.0006) for score in scores]
    at = [page.text.index(work.title or work.id) for work in WORKS[1:]]
    assert at == sorted(at)
    assert "8 of 8 artworks, most similar first." in page.text


def test_a_picture_that_was_moved_is_shown_as_its_thumbnail(page: Page) -> None:
    assert max(page.picture("Data").size) == 440
    moved = page.picture("Moved")
    original = make_picture(5, (640, 480))
    assert max(moved.size) < 440
    assert moved.width / moved.height == pytest.approx(4 / 3, abs=0.05)
    correct = np.asarray(original.resize(moved.size), dtype=float)
    assert np.abs(np.asarray(moved.convert("RGB"), dtype=float) - correct).mean() < 12


def test_several_queries_criteria_and_unlikes(store: Store, tmp_path: Path) -> None:
    page = save(
        store,
        tmp_path / "a.html",
        "query",
        "linked",
        unlike=("moved", "hostile"),
        filters=SearchFilters(where=["height=480"]),
        other_artists=True,
    )
    assert "The Query and Linked" in page.text
    for said in ("height=480", "other artists only", "unlike Moved", f"unlike {HOSTILE}"):
        assert said in page.text
    assert "2 of 2 artworks that match the filters, most similar first." in page.text  # 3 and 7
    assert len(page.all("img")) == 4


def test_without_a_query(store: Store, tmp_path: Path) -> None:
    page = save(store, tmp_path / "a.html")
    assert "All artworks" in page.text
    assert "9 of 9 artworks." in page.text
    assert "most similar" not in page.text
    assert len(page.all("img")) == len(WORKS)
    listed = save(store, tmp_path / "b.html", filters=SearchFilters(artist=["claude monet"]))
    assert "claude monet" in listed.text
    assert "1 of 1 artworks that match the filters." in listed.text


@pytest.mark.parametrize("ids", [(), ("query",)])
def test_no_results(store: Store, ids: tuple[str, ...], tmp_path: Path) -> None:
    page = save(store, tmp_path / "a.html", *ids, filters=SearchFilters(text="no such <word>"))
    assert "No artwork in the collection matches." in page.text
    assert "0 of 0 artworks" not in page.text
    assert "text no such <word>" in page.text
    assert len(page.all("img")) == len(ids)


def test_a_query_that_is_a_file(store: Store, tmp_path: Path) -> None:
    make_picture(40, (300, 200)).save(tmp_path / "<my>.png")
    query = Query(
        label="<my>.png",
        vectors={"visual": [1.0] + [0.0] * 7},
        image=(tmp_path / "<my>.png").read_bytes(),
    )
    request = SearchRequest(like=[query], limit=1)
    save_gallery(tmp_path / "a.html", store, search(store, request), ImageReader(store))
    page = Page(tmp_path / "a.html")
    assert page.picture("The query: <my>.png").size == (560, 373)
    assert "<my>.png" in page.text


def test_a_page_that_can_not_be_written(store: Store, tmp_path: Path) -> None:
    request = SearchRequest()
    answer = search(store, request)
    with pytest.raises(InputError, match=r"can't be written \(No such file or directory"):
        save_gallery(tmp_path / "no" / "a.html", store, answer, ImageReader(store))
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"can't be written \(Not a directory"):
        save_gallery(tmp_path / "file" / "a.html", store, answer, ImageReader(store))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_an_older_page_is_replaced(store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("x" * 5_000_000)
    save(store, tmp_path / "a.html", filters=SearchFilters(text="linked"))
    source = (tmp_path / "a.html").read_text(encoding="utf-8")
    assert source.startswith("<!doctype html>")
    assert source.rstrip().endswith("</html>")
    assert [path.name for path in tmp_path.iterdir()] == ["a.html"]


def test_a_folder_in_place_of_a_page(tmp_path: Path, artextract: Artextract) -> None:
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)):
        pass
    words = ("search", "--store", tmp_path / "store", "--gallery")
    assert artextract(*words, tmp_path).code == 2
    assert_one_sentence(
        artextract(*words, tmp_path / "no" / "a.html"), "there is no folder", "a.html"
    )


def screenshot(page: Path, width: int, folder: Path) -> npt.NDArray[np.uint8]:
    """Return what a browser window of ``width`` pixels shows of ``page``."""
    known = Path("/usr/bin/chromium")
    browser = str(known) if known.exists() else shutil.which("chromium")
    if browser is None:
        pytest.skip("there is no chromium to open the page with")
    picture = folder / f"{width}.png"
    command = [
        browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--hide-scrollbars", "--force-device-scale-factor=1", f"--window-size={width},4800",
        f"--user-data-dir={folder / f'profile-{width}'}", f"--screenshot={picture}", page.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)
    assert picture.is_file(), done.stderr
    with PIL.Image.open(picture) as image:
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("width", [1440, 390])
def test_in_a_browser(store: Store, width: int, tmp_path: Path) -> None:
    """The long unbroken words of one work must not make the page wider than the window."""
    save(store, tmp_path / "page.html", "query")
    shown = screenshot(tmp_path / "page.html", width, tmp_path)
    assert shown.shape == (4800, width, 3)
    assert len(np.unique(shown.reshape(-1, 3), axis=0)) > 1000
    from_paper = np.abs(shown.astype(int) - (0xFA, 0xF9, 0xF6)).max(axis=2)
    assert from_paper[:, width // 8 : -width // 8].max() > 150
    assert from_paper[:, -8:].max() < 40  # the margin holds shadows and a faint line at most
    assert from_paper[:, :8].max() < 40
