"""The page under a visitor's hands: drags, quick changes, Back, long lists, two tabs, a phone."""

import base64
import hashlib
import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
from page_actions import ARTWORKS, TIMEOUT, WIDTHS, parameters, settle, shown, wait_for
from page_server import running
from playwright.sync_api import Locator, Page, expect
from stored_gallery import MANIFEST, make_gallery

from artextract.collection import open as open_collection
from artextract.store import create_store
from search.web.app import make_app
from search.web.settings import Settings

MANY = 700


@pytest.fixture(scope="module")
def long_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a collection of 700 artworks, whose images are all the same."""
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (16, 16), "teal").save(buffer, "JPEG")
    thumbnail = "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
    points = [
        replace(point, payload={**point.payload, "thumbnail": thumbnail})
        for point in make_gallery(MANY)
    ]
    folder = tmp_path_factory.mktemp("long") / "store"
    with create_store(
        str(folder), MANIFEST.model, vectors=MANIFEST.vectors, classifier=MANIFEST.classifier
    ) as store:
        store.upsert(points)
    settings = Settings(reads_a_minute=1_000_000)
    with (
        open_collection(folder) as collection,
        running(make_app(collection, settings), settings) as at,
    ):
        yield at


def centre(element: Locator) -> tuple[float, float]:
    box = element.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def drag_with_pauses(page: Page, slider: Locator, start: float, stops: list[float]) -> list[str]:
    """Drag a handle from and to fractions of its track; return the slider's value at each stop.

    At each stop the pointer rests until the results of that value are shown.
    """
    box = slider.bounding_box()
    assert box is not None
    inset = 9  # half of a handle
    track = box["width"] - 2 * inset
    page.mouse.move(box["x"] + inset + start * track, box["y"] + box["height"] / 2)
    page.mouse.down()
    values = []
    for stop in stops:
        before = page.url
        page.mouse.move(box["x"] + inset + stop * track, box["y"] + box["height"] / 2, steps=5)
        page.wait_for_function("before => location.href !== before", arg=before)
        settle(page)
        page.wait_for_load_state("networkidle")
        values.append(slider.input_value())
    page.mouse.up()
    return values


@pytest.mark.parametrize(
    ("path", "slider", "start", "stops", "values"),
    [
        ("/?like=atelier:007", "#by-palette", 0, [0.25, 0.5, 1, 0.75], ["0.5", "1", "2", "1.5"]),
        ("/?like=atelier:007&by=pose", "#by-pose", 0.5, [0.75, 1], ["1.5", "2"]),
        ("/", "#first-year", 0, [0.25, 0.5, 0.125], ["6", "12", "3"]),
        ("/", "#last-year", 1, [0.75, 0.5], ["18", "12"]),
    ],
)
def test_a_slider_follows_the_pointer_through_pauses(
    open_page: Callable[..., Page], path: str, slider: str, start: float, stops: list[float],
    values: list[str],
) -> None:  # fmt: skip
    page = open_page(path)
    settle(page)
    handle = page.locator(slider)
    before = page.url, handle.input_value(), page.evaluate("history.length")
    assert drag_with_pauses(page, handle, start, stops) == values
    assert page.evaluate("history.length") == before[2] + 1
    page.go_back()
    page.wait_for_url(before[0])
    expect(handle).to_have_value(before[1])


def change_at_once(page: Page, *changes: tuple[str, str]) -> None:
    """Change controls in one go: set the value of inputs, and click what has the value "click"."""
    page.evaluate(
        """changes => {
            for (const [selector, value] of changes) {
                const control = document.querySelector(selector);
                control.focus();
                if (value === "click") control.click();
                else {
                    control.value = value;
                    control.dispatchEvent(new Event("input", {bubbles: true}));
                }
            }
        }""",
        list(changes),
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [("#by-palette", "1"), ("#by-style", "2")],
            {"by": ["visual", "style=2", "palette"]},
        ),
        (
            [("#first-year", "3"), ("#by-visual", "0.5"), ("#words", "verrane")],
            {"years": ["1540:"], "by": ["visual=0.5"], "words": ["verrane"]},
        ),
        (
            [("#words", "a"), ("#facet-genre-portrait", "click"),
             ("#facet-genre-landscape", "click")],
            {"words": ["a"], "genre": ["portrait", "landscape"]},
        ),
        (
            [("#facet-artist-Odile-Verrane", "click"), ("#facet-artist-Hedwig-Strohm", "click"),
             ("#last-year", "20")],
            {"artist": ["Odile Verrane", "Hedwig Strohm"], "years": [":1879"]},
        ),
    ],
)  # fmt: skip
def test_quick_changes_are_all_kept(
    open_page: Callable[..., Page], changes: list[tuple[str, str]], expected: dict[str, list[str]]
) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "most similar first")
    before = page.evaluate("history.length")
    change_at_once(page, *changes)
    parts = {"like": ["atelier:007"], **expected}
    page.wait_for_function(
        """parts => Object.entries(parts).every(([name, values]) =>
            new URLSearchParams(location.search).getAll(name).join() === values.join())""",
        arg=parts,
    )
    assert parameters(page) == parts
    assert page.evaluate("history.length") == before + len(changes)  # one for each control
    settle(page)


def test_a_typed_word_is_one_step_back(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    words = page.locator("#words")
    words.focus()
    for typed in ("m", "mo", "mon", "mone", "monet"):
        page.keyboard.type(typed[-1])
        page.wait_for_url(f"**/?words={typed}")
    settle(page)
    page.go_back()
    wait_for(page, f"{ARTWORKS} artworks")
    assert parameters(page) == {}
    expect(words).to_have_value("")


def test_what_was_typed_is_searched_before_another_page_opens(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    change_at_once(page, ("#words", "verrane"), (".tile a", "click"))
    page.wait_for_url("**/work?id=*")
    expect(page.locator("h1")).to_be_visible()
    page.go_back()
    page.wait_for_url("**/?words=verrane")
    wait_for(page, "artworks, earliest first")


def test_back_and_forward_through_ten_steps(open_page: Callable[..., Page]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")

    def state() -> dict[str, Any]:
        page.wait_for_load_state("networkidle")
        settle(page)
        return {
            "url": page.url,
            "shown": shown(page),
            "words": page.locator("#words").input_value(),
            "years": page.locator(".year-range output").inner_text(),
            "portrait": page.locator("#facet-genre-portrait").is_checked(),
            "landscape": page.locator("#facet-genre-landscape").is_checked(),
            "palette": page.locator("#by-palette").input_value(),
            "others": page.locator("#other-artists").is_checked(),
            "chips": page.locator(".chips").inner_text(),
            "cards": page.locator(".query-cards:visible").all_inner_texts(),
        }

    steps: list[Callable[[], None]] = [
        lambda: page.locator("#words").fill("a"),
        lambda: page.locator("#facet-genre-portrait").check(),
        lambda: page.locator("#facet-genre-landscape").check(),
        lambda: page.locator("#first-year").fill("2"),
        lambda: page.locator(".tile button").first.dispatch_event("click"),
        lambda: page.locator("#by-palette").fill("1.5"),
        lambda: page.locator("#other-artists").check(),
        lambda: page.locator(".tile button").nth(1).dispatch_event("click"),
        lambda: page.locator("#chip-0").click(),
        lambda: page.locator("#by-palette").fill("0"),
    ]
    states = [state()]
    for step in steps:
        before = page.url
        step()
        page.wait_for_function("before => location.href !== before", arg=before)
        states.append(state())
    assert len({each["url"] for each in states}) == 11
    for expected in reversed(states[:-1]):
        page.go_back()
        page.wait_for_url(expected["url"])
        assert state() == expected
    for expected in states[1:]:
        page.go_forward()
        page.wait_for_url(expected["url"])
        assert state() == expected


@pytest.mark.parametrize("path", ["/", "/?like=test:7&by=style"])
def test_each_jump_to_the_end_loads_more(
    open_page: Callable[..., Page], long_address: str, path: str
) -> None:
    page = open_page(path, at=long_address)
    settle(page)
    tiles = page.locator(".grid .tile")
    matching = MANY - ("like" in path)
    jumps = 0
    while (count := tiles.count()) < matching:
        jumps += 1
        page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
        page.wait_for_function(
            "count => document.querySelectorAll('.grid .tile').length > count", arg=count
        )
    assert jumps > 4
    assert len(set(shown(page))) == matching
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    expect(page.locator(".position")).to_contain_text(f"\N{EN DASH}{matching} of {matching}")
    assert "undefined" not in page.locator(".results").inner_text()


def test_twenty_jumps_in_a_row_do_not_stall(
    open_page: Callable[..., Page], long_address: str
) -> None:
    page = open_page(at=long_address)
    settle(page)
    page.evaluate(
        """() => new Promise((resolve) => {
            let jumps = 0;
            const jump = () => {
                scrollTo(0, document.documentElement.scrollHeight);
                jumps += 1;
                if (jumps < 20) requestAnimationFrame(jump); else resolve();
            };
            jump();
        })"""
    )
    settle(page)
    # The end is in the window and everything near it is loaded, or more is on its way.
    page.wait_for_function(
        """many => document.querySelectorAll(".grid .tile").length === many
            || document.querySelector(".more").getBoundingClientRect().top > innerHeight + 800""",
        arg=MANY,
    )


def test_the_position_in_a_long_list_is_shown(
    open_page: Callable[..., Page], long_address: str
) -> None:
    page = open_page(at=long_address)
    settle(page)
    position = page.locator(".position")
    expect(position).to_be_hidden()
    page.evaluate("scrollTo(0, 1200)")
    expect(position).to_be_visible()
    seen = page.locator(".grid .tile").evaluate_all(
        """tiles => tiles.map((tile) => tile.getBoundingClientRect())
            .map(({top, bottom}, at) => bottom > 50 && top < innerHeight ? at + 1 : 0)
            .filter(Boolean)"""
    )
    expect(position).to_contain_text(f"{seen[0]}\N{EN DASH}{seen[-1]} of {MANY}")
    page.get_by_role("button", name="Back to top").click()
    expect(position).to_be_hidden()
    assert page.evaluate("scrollY") == 0


def test_two_tabs_show_the_same_list(open_page: Callable[..., Page]) -> None:
    one = open_page()
    wait_for(one, f"{ARTWORKS} artworks")
    two = one.context.new_page()
    two.goto(one.url)
    other_list = one.context.new_page()
    other_list.goto(one.url + "list")
    wait_for(two, f"{ARTWORKS} artworks")
    ids = shown(one)[:2]
    for number, each in enumerate(ids, 1):
        one.locator(f'.tile[data-id="{each}"] .list-button').dispatch_event("click")
        expect(two.locator("#list-count")).to_have_text(str(number))
        expect(two.locator(f'.tile[data-id="{each}"] .list-button')).to_have_text("In list")
    expect(other_list.locator(".grid .tile")).to_have_count(2)
    for each in ids:
        other_list.locator(f'[id="select-{each}"]').check()
    other_list.get_by_role("button", name="Compare selected").click()
    expect(other_list.locator(".explanation li").first).to_be_visible(timeout=TIMEOUT)
    one.goto(one.url + "list")
    one.get_by_role("button", name="Clear list").click()
    expect(other_list.locator(".explanation")).to_have_count(0)
    expect(other_list.locator(".grid .tile")).to_have_count(0)
    expect(two.locator(f'.tile[data-id="{ids[0]}"] .list-button')).to_have_text("Add to list")
    two.locator(f'.tile[data-id="{shown(two)[5]}"] .list-button').dispatch_event("click")
    one.get_by_role("button", name="Undo").click()
    expect(two.locator("#list-count")).to_have_text("3")


def test_an_expired_upload_is_explained_and_uploaded_again(
    open_page: Callable[..., Page], errors: list[str], tmp_path: Path
) -> None:
    noise = np.random.default_rng().integers(0, 255, (80, 90, 3), dtype=np.uint8)
    image = tmp_path / "noise.png"
    PIL.Image.fromarray(noise).save(image)
    name = "picture:" + hashlib.sha256(image.read_bytes()).hexdigest()
    page = open_page(f"/?like={name}&genre=portrait&by=palette")
    card = page.locator(".query-card")
    expect(card).to_contain_text("not kept here, or not any more")
    assert errors
    assert all("status of 404" in text for text in errors)
    errors.clear()
    with page.expect_file_chooser() as choosing:
        card.get_by_role("button", name="Upload it again").click()
    choosing.value.set_files(image)
    wait_for(page, "most similar first")
    assert parameters(page) == {"like": [name], "genre": ["portrait"], "by": ["palette"]}
    expect(card).to_contain_text("Your image")
    expect(card).to_contain_text("works until 200 newer images are uploaded")


def test_a_finger_scrolls_over_the_query_image_and_moves_the_detail(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/?like=atelier:007", "phone", has_touch=True, is_mobile=True)
    wait_for(page, "most similar first")
    devtools = page.context.new_cdp_session(page)

    def swipe(element: Locator, right: float, down: float) -> None:
        x, y = centre(element)
        steps = [{"x": x + right * step / 10, "y": y + down * step / 10} for step in range(11)]
        for step, at in enumerate(steps):
            kind = "touchMove" if step else "touchStart"
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [at]})
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    swipe(page.locator(".query-image"), 0, -150)
    page.wait_for_function("scrollY > 80")
    assert "region" not in parameters(page)
    page.get_by_role("button", name="Select a detail").click()
    box = page.locator(".detail-box")
    expect(box).to_be_visible()
    # A swipe goes on for a while after the finger has left.
    page.wait_for_function(
        "scrollTo(0, 0), new Promise(found => setTimeout(() => found(scrollY === 0), 200))"
    )
    swipe(box, 0, 40)
    page.wait_for_url("**region=*")
    assert page.evaluate("scrollY") == 0
    left, top, wide, high = map(float, parameters(page)["region"][0].split(","))
    assert (left, wide, high) == pytest.approx((0.25, 0.5, 0.5), abs=0.03)
    assert top > 0.28
    swipe(box.locator(".corner"), -30, -30)
    page.wait_for_url(lambda url: f",{high}" not in url)
    resized = [float(value) for value in parameters(page)["region"][0].split(",")]
    assert resized[:2] == pytest.approx([left, top], abs=0.01)
    assert resized[2] < wide
    assert resized[3] < high


@pytest.mark.parametrize("size", ["desktop", "phone"])
@pytest.mark.parametrize(
    "path",
    ["/", "/?like=atelier:007", "/?like=atelier:007&like=atelier:008&unlike=atelier:009",
     "/?like=atelier:007&genre=portrait&years=1800:1900&region=0.1,0.1,0.5,0.5"],
)  # fmt: skip
def test_the_first_results_are_above_the_fold(
    open_page: Callable[..., Page], path: str, size: str
) -> None:
    page = open_page(path, size)
    settle(page)
    first = page.locator(".grid .tile .image").first.bounding_box()
    assert first is not None
    assert first["y"] + first["height"] <= WIDTHS[size][1]


def test_filters_of_a_phone_are_in_a_sheet(open_page: Callable[..., Page]) -> None:
    page = open_page("/?like=atelier:007", "phone")
    wait_for(page, f"{ARTWORKS - 1} artworks")
    expect(page.locator("#by-palette")).to_be_hidden()
    page.get_by_text("Compare by").click()
    expect(page.locator("#by-palette")).to_be_visible()
    page.get_by_role("button", name="Filters", exact=True).click()
    sheet = page.get_by_role("dialog", name="Filters")
    row = sheet.locator("li", has=page.locator("#facet-genre-portrait"))
    count = int(row.locator(".count").inner_text())
    row.click()
    sheet.get_by_role("button", name=f"Show {count} artworks").click()
    expect(sheet).to_be_hidden()
    wait_for(page, f"{count} artworks")
    button = page.get_by_role("button", name="Filters (1)")
    expect(button).to_be_focused()
    button.click()
    sheet.get_by_role("button", name="Clear all filters").click()
    expect(sheet.locator("#show-results")).to_have_text(f"Show {ARTWORKS - 1} artworks")
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()


def test_filters_return_beside_the_results_on_a_wider_screen(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/", "phone")
    page.get_by_role("button", name="Filters", exact=True).click()
    expect(page.locator("#facet-genre-portrait")).to_be_visible()
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("aside #facet-genre-portrait")).to_be_visible()


def test_two_keys_lead_to_the_first_result(open_page: Callable[..., Page]) -> None:
    page = open_page("/?like=atelier:007")
    wait_for(page, "most similar first")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to results")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".results")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator(".tile a").first).to_be_focused()
    assert "#" not in page.url
    page.get_by_role("link", name="Map", exact=True).click()
    expect(page.locator("canvas")).to_be_visible()
    expect(page.locator("#skip-to-results")).to_have_attribute("hidden", "")


@pytest.mark.parametrize("field", ["artist", "genre", "medium", "colour"])
def test_a_value_is_excluded(open_page: Callable[..., Page], field: str) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    facet = page.locator("details", has=page.locator(f"#prefix-{field}"))
    facet.evaluate("details => { details.open = true; }")
    row = facet.locator("li", has=page.locator("input[type=checkbox]")).first
    count, name = int(row.locator(".count").inner_text()), row.locator(".value").inner_text()
    row.hover()
    row.get_by_role("button", name="Not ").click()
    wait_for(page, f"{ARTWORKS - count} artworks")
    assert [*parameters(page)] == [f"not_{field}"]
    row = facet.locator("li", has_text=name).first
    expect(row.get_by_role("button", name="Not ")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".chip")).to_contain_text(f": not {name.lower()}", ignore_case=True)
    row.locator("input").check()
    wait_for(page, f"{count} artworks")
    assert [*parameters(page)] == [field]
    expect(row.get_by_role("button", name="Not ")).to_have_attribute("aria-pressed", "false")
    row.get_by_role("button", name="Not ").click()
    wait_for(page, f"{ARTWORKS - count} artworks")
    row.get_by_role("button", name="Not ").click()
    wait_for(page, f"{ARTWORKS} artworks")
    assert parameters(page) == {}


def test_years_are_typed(open_page: Callable[..., Page], errors: list[str]) -> None:
    page = open_page()
    wait_for(page, f"{ARTWORKS} artworks")
    years, output = page.locator("#years"), page.locator(".year-range output")
    for text, span in {
        "19th century": "1801 \N{EN DASH} 1900", "1850-1899": "1850 \N{EN DASH} 1899",
        "before 1500": "1480 \N{EN DASH} 1499",
    }.items():  # fmt: skip
        years.fill(text)
        years.press("Enter")
        expect(output).to_have_text(span, timeout=TIMEOUT)
        assert parameters(page) == {"years": [text]}
    expect(page.locator("#first-year")).to_have_value("0")
    expect(page.locator("#last-year")).to_have_value("1")
    years.fill("the 17th centry")
    years.press("Enter")
    wait_for(page, "Years 'the 17th centry' can't be read")
    expect(years).to_have_value("the 17th centry")
    assert errors
    assert all("status of 400" in text for text in errors)
    errors.clear()
    page.locator("#last-year").fill("20")
    page.wait_for_url("**years=:1879")
    expect(years).to_have_value("until 1879")
    page.get_by_role("button", name="All years").click()
    wait_for(page, f"{ARTWORKS} artworks")
    expect(years).to_have_value("")
