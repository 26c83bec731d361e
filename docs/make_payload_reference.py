"""Fill the tables in docs/reference/payload.md from the schema of payloads and the styles.

A table stands between ``<!-- NAME: made by docs/make_payload_reference.py -->`` and
``<!-- end -->``.

python docs/make_payload_reference.py
"""

import re
from pathlib import Path

from artextract.catalog.styles import STYLES
from artextract.store import schema
from artextract.store.schema import Key

PAGE = Path(__file__).with_name("reference") / "payload.md"
MARKED = re.compile(
    r"(<!-- (\w+): made by docs/make_payload_reference\.py -->\n).*?(<!-- end -->)", re.S
)


def make_tables() -> dict[str, str]:
    """Return the tables by name."""
    keys = {
        "catalog": schema.CATALOG_KEYS,
        "artists": schema.ARTIST_KEYS,
        "search": schema.SEARCH_KEYS,
        "image": schema.IMAGE_KEYS,
        "facts": schema.FACT_KEYS,
        "predictions": schema.PREDICTION_KEYS,
    }
    return {name: make_table(each) for name, each in keys.items()} | {"styles": make_style_table()}


def make_table(keys: tuple[Key, ...]) -> str:
    """Return a table of keys in Markdown."""
    rows = [
        f"| `{key.name}` | {key.type} | {describe_index(key)} | `{key.example}` | {key.what} |"
        for key in keys
    ]
    return "\n".join(["| key | type | index | example | what |", "|---|---|---|---|---|", *rows])


def make_style_table() -> str:
    """Return a table of the styles and their years in Markdown."""
    rows = [
        f"| {style.name} | {', '.join(f'`{label}`' for label in style.labels)} | {style.begin} | "
        f"{style.end or ''} |"
        for style in STYLES
    ]
    return "\n".join(["| style | label in WikiArt | from | to |", "|---|---|---|---|", *rows])


def describe_index(key: Key) -> str:
    """Return the kind of a key's index, and where it is made."""
    return f"{key.index}, on a server" if key.index and key.where == "server" else key.index or ""


def fill(text: str) -> str:
    """Return the page with its tables made anew."""
    return MARKED.sub(lambda found: f"{found[1]}\n{make_tables()[found[2]]}\n\n{found[3]}", text)


if __name__ == "__main__":
    PAGE.write_text(fill(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
