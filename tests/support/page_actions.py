"""What tests of the page do with it in a browser."""

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

ARTWORKS = 60
WIDTHS = {"desktop": (1440, 900), "tablet": (768, 1024), "phone": (390, 844)}
TIMEOUT = 20_000  # milliseconds, for a slow machine


def parameters(page: Page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def shown(page: Page) -> list[str]:
    """Return the ids of the artworks in the grid."""
    ids = page.locator(".grid .tile").evaluate_all("tiles => tiles.map(tile => tile.dataset.id)")
    return [str(each) for each in ids]


def wait_for(page: Page, text: str) -> None:
    expect(page.locator(".status")).to_contain_text(text, timeout=TIMEOUT)


def settle(page: Page) -> None:
    """Wait until the results of the address are shown."""
    expect(page.locator(".results:not([aria-busy])")).to_have_count(1, timeout=TIMEOUT)


def painting(store: Path, number: int) -> Path:
    return next((store.parent / "paintings").glob(f"{number:03}-*.jpg"))


def paste(page: Page, data: bytes, kind: str) -> None:
    page.evaluate(
        """([bytes, type]) => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "pasted", {type}));
            dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
        }""",
        [list(data), kind],
    )
