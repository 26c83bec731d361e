"""The page in a real browser: what a curator does all day, by keyboard and on a phone, too."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_server import make_collection, serving
from playwright.sync_api import Browser, Page, expect, sync_playwright

WORKS = 60
WIDTHS = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
LOADED = 20_000  # milliseconds that a slow machine may take


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A collection with all aspects and a map; beside it lies a copy, ``second``."""
    made = make_collection(tmp_path_factory.mktemp("page"), WORKS)
    shutil.copytree(made, made.with_name("second"))
    # In a process of its own: what numba loads stays in a process and changes torch's last digits.
    command = [sys.executable, "-m", "artextract", "map", "--store", str(made)]
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
        pytest.skip("no chromium to look with; install one")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """Open a page of the server, as ``open_page("/map")``; no error may come up in its console."""
    contexts = []
    wrong: list[str] = []

    def open_at(path: str = "/", size: str = "desktop", at: str = "", **options: Any) -> Page:
        width, height = WIDTHS[size]
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(LOADED)
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith(((at or address) + "/", "blob:"))
            else wrong.append(f"asked {asked.url}"),
        )  # fmt: skip
        page.goto((at or address) + path)
        page.wait_for_load_state("networkidle")
        return page

    open_at.wrong = wrong  # type: ignore[attr-defined]
    yield open_at
    for context in contexts:
        context.close()
    assert wrong == []


def asked(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def shown(page: Page) -> list[str]:
    """Return the ids of the works on the wall."""
    ids = page.locator(".wall .tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
    return [str(each) for each in ids]


def wait_for(page: Page, text: str) -> None:
    expect(page.locator(".status")).to_contain_text(text, timeout=LOADED)


def settle(page: Page) -> None:
    """Wait until the wall shows what the address asks for."""
    page.wait_for_timeout(150)  # the address comes a moment before the question
    expect(page.locator(".results[aria-busy]")).to_have_count(0, timeout=LOADED)


def painting(store: Path, number: int) -> Path:
    return next((store.parent / "paintings").glob(f"{number:03}-*.jpg"))


def paste(page: Page, data: bytes, kind: str) -> None:
    page.evaluate(
        """([bytes, type]) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "pasted", {type}));
            dispatchEvent(new ClipboardEvent("paste", {clipboardData: carried, bubbles: true}));
        }""",
        [list(data), kind],
    )


def test_the_wall_shows_all_works_as_one_scrolls(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{WORKS} works, the earliest first")
    for _ in range(20):
        page.mouse.wheel(0, 3000)
        page.wait_for_timeout(100)
    expect(page.locator(".wall .tile")).to_have_count(WORKS)
    assert len(set(shown(page))) == WORKS
    years = page.locator(".wall .tile .by").all_inner_texts()
    assert all(years)


def test_a_picture_is_chosen_and_its_work_comes_first(
    open_page: Callable[..., Page], store: Path
) -> None:
    page = open_page()
    page.set_input_files("#choose", painting(store, 7))
    wait_for(page, "the most alike first")
    assert shown(page)[0] == "atelier:007"
    assert asked(page)["like"][0].startswith("picture:")
    expect(page.locator(".card.like img")).to_be_visible()
    assert page.locator(".tile .score").first.inner_text().startswith("1.00")


def test_a_picture_is_pasted(open_page: Callable[..., Page], store: Path) -> None:
    page = open_page()
    paste(page, painting(store, 9).read_bytes(), "image/jpeg")
    wait_for(page, "the most alike first")
    assert shown(page)[0] == "atelier:009"


def test_a_picture_is_dropped(open_page: Callable[..., Page], store: Path) -> None:
    page = open_page()
    page.evaluate(
        """(bytes) => {
            const carried = new DataTransfer();
            carried.items.add(new File([new Uint8Array(bytes)], "x.jpg", {type: "image/jpeg"}));
            for (const type of ["dragover", "drop"])
                document.querySelector("main").dispatchEvent(
                    new DragEvent(type, {dataTransfer: carried, bubbles: true, cancelable: true}));
        }""",
        list(painting(store, 11).read_bytes()),
    )
    wait_for(page, "the most alike first")
    assert shown(page)[0] == "atelier:011"


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_box_searches_by_a_part(open_page: Callable[..., Page], by: str) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "the most alike first")
    whole = shown(page)
    if by == "pointer":
        box = page.locator(".asked-picture").bounding_box()
        assert box is not None
        x, y, wide, high = box["x"], box["y"], box["width"], box["height"]
        page.mouse.move(x + 0.1 * wide, y + 0.2 * high)
        page.mouse.down()
        page.mouse.move(x + 0.3 * wide, y + 0.5 * high)
        page.mouse.move(x + 0.6 * wide, y + 0.7 * high)
        page.mouse.up()
        expected = [0.1, 0.2, 0.5, 0.5]
    else:
        page.get_by_role("button", name="Search by a part").focus()
        page.keyboard.press("Enter")
        for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft"):
            page.keyboard.press(key)
        expected = [0.27, 0.27, 0.48, 0.5]
    page.wait_for_url("**region=*")
    assert [float(value) for value in asked(page)["region"][0].split(",")] == pytest.approx(
        expected, abs=0.02
    )
    settle(page)
    assert shown(page) != whole
    page.get_by_role("button", name="The whole picture").click()
    expect(page.locator(".wall .tile").first).to_have_attribute("data-id", whole[0])
    assert "region" not in asked(page)


def test_sliders_weigh_the_aspects_and_scores_show_their_shares(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "the most alike first")
    page.locator("#by-palette").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**by=palette=1.5*")
    assert asked(page)["by"] == ["visual", "palette=1.5"]
    settle(page)
    expect(page.locator("#by-palette")).to_be_focused()
    expect(page.locator(".tile .share.palette").first).to_be_attached()
    title = page.locator(".tile .score").first.get_attribute("title")
    assert title is not None
    assert "Colours" in title
    page.locator("#by-visual").fill("0")
    page.wait_for_url(lambda url: "visual" not in url)
    assert asked(page)["by"] == ["palette=1.5"]


def test_a_way_to_be_alike_that_a_picture_lacks_is_off(open_page: Callable[..., Page]) -> None:
    page = open_page("/?faces=0&genre=landscape")
    settle(page)
    page = open_page(f"/?like={shown(page)[0]}")
    wait_for(page, "the most alike first")
    expect(page.locator("#by-face")).to_be_disabled()
    expect(page.locator(".way").filter(has_text="Heads")).to_contain_text("no head was found")


def test_more_and_less_like(open_page: Callable[..., Page]) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "the most alike first")
    first, second = shown(page)[:2]
    tile = page.locator(f'.tile[data-id="{second}"]')
    tile.hover()
    tile.get_by_role("button", name="Less like").click()
    page.wait_for_url("**unlike=*")
    settle(page)
    assert second not in shown(page)
    tile = page.locator(f'.tile[data-id="{first}"]')
    tile.hover()
    tile.get_by_role("button", name="More like").click()
    page.wait_for_url(f"**like={first}*")
    settle(page)
    assert asked(page)["like"] == ["atelier:007", first]
    assert first not in shown(page)
    expect(page.locator(".card")).to_have_count(3)


def test_facets_count_and_filter(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{WORKS} works")
    row = page.locator("#f-genre-portrait").locator("xpath=..")
    count = int(row.locator(".count").inner_text())
    row.click()
    wait_for(page, f"{count} works")
    assert asked(page)["genre"] == ["portrait"]
    expect(page.locator("#f-genre-portrait")).to_be_checked()
    expect(page.locator("#f-genre-portrait")).to_be_focused()
    expect(page.locator("#f-genre-landscape")).to_be_visible()  # choices stay, to be added
    page.get_by_role("button", name="Take away the filter Genre").click()
    wait_for(page, f"{WORKS} works")


def test_an_artist_is_found_as_one_types(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{WORKS} works")
    page.locator("#starts-artist").fill("ver")
    expect(page.locator("details", has=page.locator("#starts-artist")).locator("li")).to_have_count(
        1, timeout=LOADED
    )
    page.get_by_label("Odile Verrane").check()
    page.wait_for_url("**artist=Odile*Verrane")
    settle(page)
    for by in page.locator(".tile .by").all_inner_texts():
        assert "Odile Verrane" in by


def test_years_are_narrowed_with_the_handles(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{WORKS} works")
    page.locator("#from").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**years=*")
    page.locator("#to").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: url.endswith(tuple("0123456789")))
    first, last = asked(page)["years"][0].split(":")
    expect(page.locator(".years output")).to_have_text(f"{first} \N{EN DASH} {last}")
    expect(page.locator(".bin.out")).to_have_count(3)
    page.get_by_role("button", name="All", exact=True).click()
    wait_for(page, f"{WORKS} works")


def test_words_of_title_or_artist(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.locator("#words").fill("verrane")
    page.wait_for_url("**words=verrane")
    settle(page)
    assert page.locator(".tile").count() > 0
    for by in page.locator(".tile .by").all_inner_texts():
        assert "Verrane" in by


def test_nothing_fits_and_a_wrong_question(open_page: Callable[..., Page]) -> None:
    page = open_page("/?words=zzzzzz")
    wait_for(page, "No work fits")
    assert shown(page) == []
    page = open_page("/?years=1:2")
    wait_for(page, "No work fits")


def test_what_the_server_refuses_is_said(open_page: Callable[..., Page]) -> None:
    page = open_page("/?artist=Nobody+At+All")
    wait_for(page, "No artist 'Nobody At All'")
    page.goto(page.url.split("?")[0] + "work?id=nobody")
    expect(page.locator("main")).to_contain_text("no artwork 'nobody'")
    refused = open_page.wrong  # type: ignore[attr-defined]
    assert refused  # the browser tells of each status; these were asked for
    assert all("status of 40" in text for text in refused)
    refused.clear()


@pytest.mark.parametrize("kind", ["text", "cut off"])
def test_a_wrong_file_is_refused_in_a_sentence(
    open_page: Callable[..., Page], store: Path, tmp_path: Path, kind: str
) -> None:
    wrong = tmp_path / "wrong.jpg"
    data = painting(store, 7).read_bytes()
    wrong.write_bytes(b"this is no picture" if kind == "text" else data[: len(data) // 3])
    page = open_page()
    page.set_input_files("#choose", wrong)
    toast = page.locator("#toast")
    expect(toast).to_contain_text("picture", timeout=LOADED)
    expect(toast).not_to_contain_text("Looking")
    assert "like" not in asked(page)
    refused = open_page.wrong  # type: ignore[attr-defined]
    assert len(refused) == 1
    assert "status of 400" in refused[0]
    refused.clear()


def test_a_search_can_be_sent_to_a_colleague(open_page: Callable[..., Page], store: Path) -> None:
    page = open_page()
    page.set_input_files("#choose", painting(store, 7))
    wait_for(page, "the most alike first")
    page.locator("#by-palette").fill("1")
    page.wait_for_url("**by=palette*")
    page.get_by_text("Genre", exact=True).scroll_into_view_if_needed()
    page.locator("#f-genre-portrait").check()
    page.wait_for_url("**genre=portrait*")
    settle(page)
    works = shown(page)
    other = open_page(page.url.removeprefix(f"http://{urlsplit(page.url).netloc}"))
    settle(other)
    assert shown(other) == works
    assert works
    expect(other.locator("#by-palette")).to_have_value("1")
    expect(other.locator("#f-genre-portrait")).to_be_checked()


def test_back_finds_the_wall_as_it_was_left(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{WORKS} works")
    for _ in range(12):
        page.mouse.wheel(0, 2000)
        page.wait_for_timeout(80)
    expect(page.locator(".wall .tile")).to_have_count(WORKS)
    page.evaluate("scrollTo(0, 1500)")
    page.wait_for_timeout(200)
    left = page.evaluate("scrollY")
    page.locator(".tile a").nth(30).dispatch_event("click")
    expect(page.locator(".work .large img")).to_be_visible()
    page.wait_for_timeout(100)
    assert page.evaluate("scrollY") == 0
    page.go_back()
    expect(page.locator(".wall .tile")).to_have_count(WORKS)
    page.wait_for_timeout(300)
    assert page.evaluate("scrollY") == pytest.approx(left, abs=5)
    page.go_forward()
    expect(page.locator(".work h1")).to_be_visible()


def test_a_work_and_why_its_neighbours_match(open_page: Callable[..., Page]) -> None:
    page = open_page("/work?id=atelier:002")
    expect(page.locator("h1")).to_have_text("Young Woman in a Saffron Veil")
    entry = page.locator(".entry dl").first
    expect(entry).to_contain_text("oil on coarse canvas")
    page.get_by_role("button", name="Draw: heads").click()
    drawing = page.locator(".drawing img")
    expect(drawing).to_be_visible()
    assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    page.locator(".shelf").last.scroll_into_view_if_needed()
    expect(page.locator(".shelf").last.locator(".small").first).to_be_visible()
    rows = page.locator(".alike [data-aspect]")
    assert rows.count() >= 6
    visual = page.locator('[data-aspect="visual"]')
    visual.get_by_role("button", name="Why").first.click()
    panel = page.locator(".why-panel")
    expect(panel.locator("li")).to_have_count(rows.count(), timeout=LOADED)
    panel.get_by_role("button", name="Draw").first.click()
    for drawn in panel.locator(".pair:visible img").all():
        assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    expect(panel.locator(".pair:visible img")).to_have_count(2)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)


def test_the_map_is_zoomed_drawn_on_and_taken_along(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/map")
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("data-painted", str(WORKS))
    box = canvas.bounding_box()
    assert box is not None
    x, y, wide, high = box["x"], box["y"], box["width"], box["height"]
    canvas.focus()
    for _ in range(12):
        page.keyboard.press("+")
    expect(canvas).not_to_have_attribute("data-painted", str(WORKS))
    page.get_by_role("button", name="Whole map").click()
    expect(canvas).to_have_attribute("data-painted", str(WORKS))
    page.get_by_role("button", name="Draw a region").click()
    page.mouse.move(x + 3, y + 3)
    page.mouse.down()
    for right, down in ((1, 0), (1, 1), (0, 1)):
        page.mouse.move(x + 3 + right * (wide - 6), y + 3 + down * (high - 6), steps=4)
    page.mouse.up()
    expect(page.locator(".chosen")).to_contain_text(f"{WORKS} works chosen")
    with page.expect_download() as loading:
        page.get_by_role("button", name="Download CSV").click()
    loading.value.save_as(tmp_path / "region.csv")
    with (tmp_path / "region.csv").open(newline="", encoding="utf-8") as file:
        assert len({row["id"] for row in csv.DictReader(file)}) == WORKS
    page.locator("#colour-by").select_option("genre")
    group = page.locator(".legend button", has_text="portrait").first
    count = int(group.inner_text().split("(")[1].rstrip(")"))
    group.click()
    expect(page.locator(".chosen")).to_contain_text(f"{count} works chosen")
    page.get_by_role("button", name="Keep", exact=True).click()
    expect(page.locator("#kept")).to_have_text(str(count), timeout=LOADED)


def test_works_are_kept_compared_and_exported(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page()
    wait_for(page, f"{WORKS} works")
    kept = shown(page)[:3]
    for each in kept:
        tile = page.locator(f'.tile[data-id="{each}"]')
        tile.hover()
        tile.get_by_role("button", name="Keep").click()
    expect(page.locator("#kept")).to_have_text("3")
    page.get_by_role("link", name="List").click()
    expect(page.locator(".wall .tile")).to_have_count(3)
    assert shown(page) == kept
    page.reload()
    expect(page.locator(".wall .tile")).to_have_count(3)
    for format_, ending in (("csv", "csv"), ("jsonl", "jsonl")):
        with page.expect_download() as loading:
            page.locator(f"#save-{format_}").click()
        loading.value.save_as(tmp_path / f"list.{ending}")
        assert loading.value.suggested_filename == f"works.{ending}"
    lines = (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == kept
    for each in kept[:2]:
        page.locator(f'[id="choose-{each}"]').check()
    page.get_by_role("button", name="Compare the two").click()
    expect(page.locator(".why-panel .pair img").first).to_be_visible()
    expect(page.locator(".why-panel li").first).to_be_visible()
    page.locator(".tile").first.get_by_role("button", name="Remove").click()
    expect(page.locator(".wall .tile")).to_have_count(2)
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#kept")).to_have_text("0")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#kept")).to_have_text("2")


def test_the_server_is_stopped_and_started(open_page: Callable[..., Page], store: Path) -> None:
    second = store.with_name("second")
    with serving(second) as (at, _):
        page = open_page("/?like=atelier:007", at=at)
        wait_for(page, "the most alike first")
        portraits = page.locator("#f-genre-portrait").locator("xpath=..").locator(".count")
        count = int(portraits.inner_text())
    page.locator("#f-genre-portrait").check()
    expect(page.locator("#offline")).to_be_visible(timeout=LOADED)
    with serving(second, port=int(at.rpartition(":")[2])):
        expect(page.locator("#offline")).to_be_hidden(timeout=LOADED)
        settle(page)
        wait_for(page, f"{count} works, the most alike first")  # the query is none of them
        assert len(shown(page)) == count
        expect(page.locator("#f-genre-portrait")).to_be_checked()
        page.close()  # before its server, so that it asks nothing of a server that is gone
    refused = open_page.wrong  # type: ignore[attr-defined]
    assert all("ERR_CONNECTION_REFUSED" in text for text in refused), refused
    refused.clear()


def test_a_key_is_asked_for(open_page: Callable[..., Page], store: Path) -> None:
    with serving(store.with_name("second"), "--key", "open sesame") as (at, _):
        page = open_page(at=at)
        page.set_input_files("#choose", painting(store, 7))
        dialog = page.get_by_role("dialog")
        for key, said in (
            ("a guess", "takes pictures from those"),
            ("open sesame", "not the right"),
        ):
            expect(dialog).to_contain_text(said)
            dialog.get_by_label("Key").fill(key)
            dialog.get_by_role("button", name="Send").click()
        wait_for(page, "the most alike first")
        assert shown(page)[0] == "atelier:007"
        page.set_input_files("#choose", painting(store, 9))  # it is known from now on
        expect(page.locator(".tile").first).to_have_attribute("data-id", "atelier:009")
        page.close()  # before its server, so that it asks nothing of a server that is gone
    refused = open_page.wrong  # type: ignore[attr-defined]
    assert [text for text in refused if "status of 401" not in text] == []
    assert len(refused) == 2
    refused.clear()


def test_all_can_be_done_with_the_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("/?words=verrane")
    settle(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        said = page.evaluate(
            "(({activeElement: at}) =>"
            " at.getAttribute('aria-label') || at.textContent || at.id)(document)"
        )
        reached.add(said.split()[0] if said.strip() else "")
    assert {"Search", "Map", "List", "Words", "Choose", "More", "Keep", "Take"} <= reached
    tile = page.locator(".tile a").first
    tile.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/work?id=*")
    expect(page.locator("h1")).to_be_visible()


@pytest.mark.parametrize("size", WIDTHS)
@pytest.mark.parametrize(
    "path",
    ["/", "/?like=atelier:007&by=visual&by=palette&genre=portrait", "/work?id=atelier:002",
     "/map", "/list"],
)  # fmt: skip
def test_nothing_stands_in_the_way_of_anyone(
    open_page: Callable[..., Page], path: str, size: str
) -> None:
    page = open_page(path, size, reduced_motion="reduce")
    settle(page)
    if path == "/list":
        page.goto(page.url.removesuffix("list"))
        page.locator(".tile .keep").first.dispatch_event("click")
        page.goto(page.url + "list")
        expect(page.locator(".tile")).to_have_count(1)
    if size != "desktop" and path.startswith("/?"):
        page.get_by_role("button", name="Filters").click()
        expect(page.locator("#filters")).to_be_visible()
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)[:3000]
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= WIDTHS[size][0], "the page is wider than the screen"
