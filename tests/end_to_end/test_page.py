"""The page in a real browser: a curator's tasks, with pointer and keyboard, on three widths."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from page_actions import (
    ARTWORKS,
    TIMEOUT,
    WIDTHS,
    painting,
    parameters,
    paste,
    settle,
    shown,
    wait_for,
)
from page_server import serving
from playwright.sync_api import Page, expect
from reverse_proxy import proxied


def test_scrolling_loads_all_artworks(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks, earliest first")
    page.mouse.wheel(0, 30_000)
    expect(page.locator(".grid .tile")).to_have_count(ARTWORKS)
    assert len(set(shown(page))) == ARTWORKS
    years = page.locator(".grid .tile .by").all_inner_texts()
    assert all(years)


def test_an_image_is_chosen_and_its_artwork_comes_first(
    open_page: Callable[..., Page], store: Path
) -> None:
    page = open_page()
    page.set_input_files("#upload", painting(store, 7))
    wait_for(page, "most similar first")
    assert shown(page)[0] == "atelier:007"
    assert parameters(page)["like"][0].startswith("picture:")
    expect(page.locator(".query-card.like img")).to_be_visible()
    assert page.locator(".tile .score").first.inner_text().startswith("1.00")


def test_an_image_is_pasted(open_page: Callable[..., Page], store: Path) -> None:
    page = open_page()
    paste(page, painting(store, 9).read_bytes(), "image/jpeg")
    wait_for(page, "most similar first")
    assert shown(page)[0] == "atelier:009"


def test_an_image_is_dropped(open_page: Callable[..., Page], store: Path) -> None:
    page = open_page()
    page.evaluate(
        """(bytes) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "x.jpg", {type: "image/jpeg"}));
            for (const type of ["dragover", "drop"])
                document.querySelector("main").dispatchEvent(
                    new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        list(painting(store, 11).read_bytes()),
    )
    wait_for(page, "most similar first")
    assert shown(page)[0] == "atelier:011"


@pytest.mark.parametrize("by", ["pointer", "keyboard"])
def test_a_detail_is_selected(open_page: Callable[..., Page], by: str) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "most similar first")
    whole = shown(page)
    if by == "pointer":
        box = page.locator(".query-image").bounding_box()
        assert box is not None
        x, y, wide, high = box["x"], box["y"], box["width"], box["height"]
        page.mouse.move(x + 0.1 * wide, y + 0.2 * high)
        page.mouse.down()
        page.mouse.move(x + 0.3 * wide, y + 0.5 * high)
        page.mouse.move(x + 0.6 * wide, y + 0.7 * high)
        page.mouse.up()
        expected = [0.1, 0.2, 0.5, 0.5]
    else:
        page.get_by_role("button", name="Select a detail").focus()
        page.keyboard.press("Enter")
        for key in ("ArrowRight", "ArrowDown", "Shift+ArrowLeft"):
            page.keyboard.press(key)
        expected = [0.27, 0.27, 0.48, 0.5]
    page.wait_for_url("**region=*")
    assert [float(value) for value in parameters(page)["region"][0].split(",")] == pytest.approx(
        expected, abs=0.02
    )
    settle(page)
    assert shown(page) != whole
    page.get_by_role("button", name="Use the whole image").click()
    expect(page.locator(".grid .tile").first).to_have_attribute("data-id", whole[0])
    assert "region" not in parameters(page)


def test_sliders_weight_the_aspects_and_scores_show_their_shares(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "most similar first")
    page.locator("#by-palette").focus()
    for _ in range(6):
        page.keyboard.press("ArrowRight")
    page.wait_for_url("**by=palette=1.5*")
    assert parameters(page)["by"] == ["visual", "palette=1.5"]
    settle(page)
    expect(page.locator("#by-palette")).to_be_focused()
    expect(page.locator(".tile .share.palette").first).to_be_attached()
    title = page.locator(".tile .score").first.get_attribute("title")
    assert title is not None
    assert "Colours" in title
    page.locator("#by-visual").fill("0")
    page.wait_for_url(lambda url: "visual" not in url)
    assert parameters(page)["by"] == ["palette=1.5"]


def test_an_aspect_that_the_query_lacks_is_disabled(open_page: Callable[..., Page]) -> None:
    page = open_page("/?faces=0&genre=landscape")
    settle(page)
    page = open_page(f"/?like={shown(page)[0]}")
    wait_for(page, "most similar first")
    expect(page.locator("#by-face")).to_be_disabled()
    expect(page.locator(".aspect").filter(has_text="Faces")).to_contain_text("no face was found")


def test_more_and_less_like_this(open_page: Callable[..., Page]) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "most similar first")
    first, second = shown(page)[:2]
    tile = page.locator(f'.tile[data-id="{second}"]')
    tile.hover()
    tile.get_by_role("button", name="Less like this").click()
    page.wait_for_url("**unlike=*")
    settle(page)
    assert second not in shown(page)
    tile = page.locator(f'.tile[data-id="{first}"]')
    tile.hover()
    tile.get_by_role("button", name="More like this").click()
    page.wait_for_url(f"**like={first}*")
    settle(page)
    assert parameters(page)["like"] == ["atelier:007", first]
    assert first not in shown(page)
    expect(page.locator(".query-card")).to_have_count(3)


def test_facets_count_and_filter(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    row = page.locator("#facet-genre-portrait").locator("xpath=..")
    count = int(row.locator(".count").inner_text())
    row.click()
    wait_for(page, f"{count} artworks")
    assert parameters(page)["genre"] == ["portrait"]
    expect(page.locator("#facet-genre-portrait")).to_be_checked()
    expect(page.locator("#facet-genre-portrait")).to_be_focused()
    expect(
        page.locator("#facet-genre-landscape")
    ).to_be_visible()  # so that a second value can be added
    page.get_by_role("button", name="Remove filter Genre").click()
    wait_for(page, f"{ARTWORKS} artworks")


def test_an_artist_is_found_while_typing(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    page.locator("#prefix-artist").fill("ver")
    expect(page.locator("details", has=page.locator("#prefix-artist")).locator("li")).to_have_count(
        1, timeout=TIMEOUT
    )
    page.get_by_role("checkbox", name="Odile Verrane").check()
    page.wait_for_url("**artist=Odile*Verrane")
    settle(page)
    for by in page.locator(".tile .by").all_inner_texts():
        assert "Odile Verrane" in by


def test_years_are_narrowed_with_the_handles(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    page.locator("#first-year").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_url("**years=*")
    page.locator("#last-year").focus()
    page.keyboard.press("ArrowLeft")
    page.wait_for_url(lambda url: url.endswith(tuple("0123456789")))
    first, last = parameters(page)["years"][0].split(":")
    expect(page.locator(".year-range output")).to_have_text(f"{first} \N{EN DASH} {last}")
    expect(page.locator(".bin.outside")).to_have_count(3)
    page.get_by_role("button", name="All years").click()
    wait_for(page, f"{ARTWORKS} artworks")


def test_titles_and_artists_are_searched(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.locator("#words").fill("verrane")
    page.wait_for_url("**words=verrane")
    settle(page)
    assert page.locator(".tile").count() > 0
    for by in page.locator(".tile .by").all_inner_texts():
        assert "Verrane" in by


def test_no_results(open_page: Callable[..., Page]) -> None:
    page = open_page("/?words=zzzzzz")
    wait_for(page, "No artwork matches")
    assert shown(page) == []
    page = open_page("/?years=1:2")
    wait_for(page, "No artwork matches")


def test_errors_of_the_server_are_shown(open_page: Callable[..., Page], errors: list[str]) -> None:
    page = open_page("/?artist=Nobody+At+All")
    wait_for(page, "No artist 'Nobody At All'")
    page.goto(page.url.split("?")[0] + "work?id=nobody")
    expect(page.locator("main")).to_contain_text("no artwork 'nobody'")
    assert errors  # the browser logs each of these two responses
    assert all("status of 40" in text for text in errors)
    errors.clear()


@pytest.mark.parametrize(
    ("kind", "message"), [("text", "is not a JPEG"), ("cut off", "is damaged or truncated")]
)
def test_a_file_that_is_no_image_is_refused(
    open_page: Callable[..., Page], errors: list[str], store: Path, tmp_path: Path, kind: str,
    message: str,
) -> None:  # fmt: skip
    wrong = tmp_path / "wrong.jpg"
    data = painting(store, 7).read_bytes()
    wrong.write_bytes(b"this is not an image" if kind == "text" else data[: len(data) // 3])
    page = open_page()
    page.set_input_files("#upload", wrong)
    expect(page.locator("#notification")).to_contain_text(message, timeout=TIMEOUT)
    assert "like" not in parameters(page)
    assert len(errors) == 1
    assert "status of 400" in errors[0]
    errors.clear()


def test_an_address_holds_the_whole_search(open_page: Callable[..., Page], store: Path) -> None:
    page = open_page()
    page.set_input_files("#upload", painting(store, 7))
    wait_for(page, "most similar first")
    page.locator("#by-palette").fill("1")
    page.wait_for_url("**by=palette*")
    page.get_by_text("Genre", exact=True).scroll_into_view_if_needed()
    page.locator("#facet-genre-portrait").check()
    page.wait_for_url("**genre=portrait*")
    settle(page)
    works = shown(page)
    other = open_page(page.url.removeprefix(f"http://{urlsplit(page.url).netloc}"))
    settle(other)
    assert shown(other) == works
    assert works
    expect(other.locator("#by-palette")).to_have_value("1")
    expect(other.locator("#facet-genre-portrait")).to_be_checked()


def test_back_restores_results_and_position(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    page.mouse.wheel(0, 30_000)
    expect(page.locator(".grid .tile")).to_have_count(ARTWORKS)
    page.evaluate("scrollTo(0, 0)")
    expect(page.locator(".position")).to_be_hidden()
    page.evaluate("scrollTo(0, 1500)")
    expect(page.locator(".position")).to_be_visible()
    left = page.evaluate("scrollY")
    page.locator(".tile a").nth(30).dispatch_event("click")
    expect(page.locator(".main-image img")).to_be_visible()
    page.wait_for_function("scrollY === 0")
    page.go_back()
    expect(page.locator(".grid .tile")).to_have_count(ARTWORKS)
    page.wait_for_function("left => Math.abs(scrollY - left) <= 5", arg=left)
    page.go_forward()
    expect(page.locator("main h1")).to_be_visible()


def test_an_artwork_and_why_others_are_similar(open_page: Callable[..., Page]) -> None:
    page = open_page("/work?id=atelier:002")
    expect(page.locator("h1")).to_have_text("Young Woman in a Saffron Veil")
    record = page.locator(".record dl").first
    expect(record).to_contain_text("oil on coarse canvas")
    page.get_by_role("button", name="Show faces").click()
    drawing = page.locator(".drawing img")
    expect(drawing).to_be_visible()
    assert drawing.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    page.locator(".strip").last.scroll_into_view_if_needed()
    expect(page.locator(".strip").last.locator(".similar-card").first).to_be_visible()
    rows = page.locator(".similar [data-aspect]")
    assert rows.count() >= 6
    visual = page.locator('[data-aspect="visual"]')
    visual.get_by_role("button", name="Why").first.click()
    panel = page.locator(".explanation")
    expect(panel.locator("li")).to_have_count(rows.count(), timeout=TIMEOUT)
    panel.get_by_role("button", name="Show drawings").first.click()
    for drawn in panel.locator(".pair:visible img").all():
        assert drawn.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    expect(panel.locator(".pair:visible img")).to_have_count(2)
    panel.get_by_role("button", name="Close").click()
    expect(panel).to_have_count(0)


def test_the_map_is_zoomed_and_a_region_exported(
    open_page: Callable[..., Page], tmp_path: Path
) -> None:
    page = open_page("/map")
    canvas = page.locator("canvas")
    expect(canvas).to_have_attribute("data-visible", str(ARTWORKS))
    box = canvas.bounding_box()
    assert box is not None
    x, y, wide, high = box["x"], box["y"], box["width"], box["height"]
    canvas.focus()
    for _ in range(12):
        page.keyboard.press("+")
    expect(canvas).not_to_have_attribute("data-visible", str(ARTWORKS))
    page.get_by_role("button", name="Show whole map").click()
    expect(canvas).to_have_attribute("data-visible", str(ARTWORKS))
    page.get_by_role("button", name="Select a region").click()
    page.mouse.move(x + 3, y + 3)
    page.mouse.down()
    for right, down in ((1, 0), (1, 1), (0, 1)):
        page.mouse.move(x + 3 + right * (wide - 6), y + 3 + down * (high - 6), steps=4)
    page.mouse.up()
    expect(page.locator(".selection")).to_contain_text(f"{ARTWORKS} artworks selected")
    with page.expect_download() as loading:
        page.get_by_role("button", name="Export CSV").click()
    loading.value.save_as(tmp_path / "region.csv")
    with (tmp_path / "region.csv").open(newline="", encoding="utf-8") as file:
        assert len({row["id"] for row in csv.DictReader(file)}) == ARTWORKS
    page.locator("#colour-by").select_option("genre")
    group = page.locator(".legend button", has_text="portrait").first
    count = int(group.inner_text().split("(")[1].rstrip(")"))
    group.click()
    expect(page.locator(".selection")).to_contain_text(f"{count} artworks selected")
    page.get_by_role("button", name="Add to list").click()
    expect(page.locator("#list-count")).to_have_text(str(count), timeout=TIMEOUT)


def test_the_list_is_compared_and_exported(open_page: Callable[..., Page], tmp_path: Path) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    saved = shown(page)[:3]
    for each in saved:
        tile = page.locator(f'.tile[data-id="{each}"]')
        tile.hover()
        tile.get_by_role("button", name="Add to list").click()
    expect(page.locator("#list-count")).to_have_text("3")
    page.get_by_role("link", name="List").click()
    expect(page.locator(".grid .tile")).to_have_count(3)
    assert shown(page) == saved
    page.reload()
    expect(page.locator(".grid .tile")).to_have_count(3)
    for format_, ending in (("csv", "csv"), ("jsonl", "jsonl")):
        with page.expect_download() as loading:
            page.locator(f"#export-{format_}").click()
        loading.value.save_as(tmp_path / f"list.{ending}")
        assert loading.value.suggested_filename == f"works.{ending}"
    lines = (tmp_path / "list.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == saved
    for each in saved[:2]:
        page.locator(f'[id="select-{each}"]').check()
    page.get_by_role("button", name="Compare selected").click()
    expect(page.locator(".explanation .pair img").first).to_be_visible()
    expect(page.locator(".explanation li").first).to_be_visible()
    page.locator(".tile").first.get_by_role("button", name="Remove").click()
    expect(page.locator(".grid .tile")).to_have_count(2)
    page.get_by_role("button", name="Clear list").click()
    expect(page.locator("#list-count")).to_have_text("0")
    page.get_by_role("button", name="Undo").click()
    expect(page.locator("#list-count")).to_have_text("2")


def test_the_server_is_stopped_and_started(
    open_page: Callable[..., Page], errors: list[str], store: Path
) -> None:
    second = store.with_name("second")
    with serving(second) as (at, _):
        page = open_page("/?like=atelier:007", at=at)
        wait_for(page, "most similar first")
        portraits = page.locator("#facet-genre-portrait").locator("xpath=..").locator(".count")
        count = int(portraits.inner_text())
    page.locator("#facet-genre-portrait").check()
    expect(page.locator("#offline")).to_be_visible(timeout=TIMEOUT)
    with serving(second, port=int(at.rpartition(":")[2])):
        expect(page.locator("#offline")).to_be_hidden(timeout=TIMEOUT)
        settle(page)
        wait_for(
            page, f"{count} artworks, most similar first"
        )  # the query itself is not among them
        assert len(shown(page)) == count
        expect(page.locator("#facet-genre-portrait")).to_be_checked()
        page.close()  # before its server stops, which it would call again
    assert all("ERR_CONNECTION_REFUSED" in text for text in errors), errors
    errors.clear()


@pytest.mark.parametrize("strips", [True, False])
def test_the_page_works_below_the_path_of_a_proxy(
    open_page: Callable[..., Page], errors: list[str], store: Path, strips: bool
) -> None:
    with (
        serving(store.with_name("second"), "--root-path", "/museum/art") as (at, _),
        proxied(at.removesuffix("/museum/art"), "/museum/art", strips=strips) as (
            shown_at,
            outside,
        ),
    ):
        page = open_page("/", at=shown_at)  # which notes requests outside the path as errors
        settle(page)
        page.set_input_files("#upload", painting(store, 7))
        page.wait_for_url(f"{shown_at}/?like=picture:*")
        settle(page)
        assert shown(page)[0] == "atelier:007"
        permalink = page.url
        page.locator(".tile .list-button").first.dispatch_event("click")
        page.locator(".tile a").first.click()
        page.wait_for_url(f"{shown_at}/work?id=*")
        expect(page.locator("h1")).to_be_visible()
        page.get_by_role("link", name="Map", exact=True).click()
        page.wait_for_url(f"{shown_at}/map")
        page.get_by_role("link", name="List").click()
        page.wait_for_url(f"{shown_at}/list")
        expect(page.locator(".tile")).to_have_count(1)
        page.go_back()
        page.wait_for_url(f"{shown_at}/map")
        page.get_by_role("link", name="Art Extract").click()
        page.wait_for_url(f"{shown_at}/")
        page.goto(permalink)
        settle(page)
        assert shown(page)[0] == "atelier:007"
        assert page.locator(".tile img").first.evaluate("image => image.naturalWidth") > 0
        page.goto(shown_at)  # without the last slash
        settle(page)
        assert len(shown(page)) > 10
        page.close()
    assert outside == []
    assert errors == [f"requested {shown_at}"]
    errors.clear()


def test_uploads_need_the_key(
    open_page: Callable[..., Page], errors: list[str], store: Path
) -> None:
    with serving(store.with_name("second"), "--key", "open sesame") as (at, _):
        page = open_page(at=at)
        page.set_input_files("#upload", painting(store, 7))
        dialog = page.get_by_role("dialog")
        for key, text in (("a guess", "requires a key"), ("open sesame", "was wrong")):
            expect(dialog).to_contain_text(text)
            dialog.get_by_label("Key").fill(key)
            dialog.get_by_role("button", name="Upload").click()
        wait_for(page, "most similar first")
        assert shown(page)[0] == "atelier:007"
        page.set_input_files("#upload", painting(store, 9))  # the key is remembered
        expect(page.locator(".tile").first).to_have_attribute("data-id", "atelier:009")
        page.close()  # before its server stops, which it would call again
    assert len(errors) == 2
    assert all("status of 401" in text for text in errors)
    errors.clear()


def test_everything_is_reached_by_keyboard(open_page: Callable[..., Page]) -> None:
    page = open_page("/?words=verrane")
    settle(page)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(80):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(({activeElement: at}) =>"
            " at.getAttribute('aria-label') || at.textContent || at.id)(document)"
        )
        reached.add(name.split()[0] if name.strip() else "")
    assert {"Search", "Map", "List", "Choose", "Similar", "Add", "Remove"} <= reached
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
def test_pages_are_accessible_and_fit_the_screen(
    open_page: Callable[..., Page], path: str, size: str
) -> None:
    page = open_page(path, size, reduced_motion="reduce")
    expect(page.locator("main h1")).to_have_count(1)
    if path.startswith("/?") or path == "/":
        settle(page)
    if path == "/list":
        page.goto(page.url.removesuffix("list"))
        page.locator(".tile .list-button").first.dispatch_event("click")
        page.goto(page.url + "list")
        expect(page.locator(".tile")).to_have_count(1)
    if size != "desktop" and path.startswith("/?"):
        page.locator(".filters-button").click()
        expect(page.locator("#filters")).to_be_visible()
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert serious == [], json.dumps(serious, indent=1)[:3000]
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= WIDTHS[size][0], "the page is wider than the screen"
