"""Texts of the library as the command line shows them."""

import re


def with_options(text: str) -> str:
    """Return ``text`` with fields in backticks (`min_score`, `k`) as options (--min-score, -k)."""

    def option(match: re.Match[str]) -> str:
        return ("-" if len(match[1]) == 1 else "--") + match[1].replace("_", "-")

    return re.sub(r"`([a-z][a-z_]*)`", option, text)
