"""A MkDocs hook: show the reStructuredText roles of docstrings, which Markdown does not know."""

import re
from typing import Any

_ROLE = re.compile(r":(?:attr|class|data|exc|func|meth|mod):<code>(~?)([\w.]+)</code>")


def on_page_content(html: str, **_: Any) -> str:
    """Return a page with :meth:`~artextract.Collection.ingest` as ``ingest``, and without "::"."""

    def name_of(role: re.Match[str]) -> str:
        name = role[2].rpartition(".")[2] if role[1] else role[2]
        return f"<code>{name}</code>"

    return _ROLE.sub(name_of, html).replace("<p>::</p>", "")
