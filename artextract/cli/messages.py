"""Texts of the library as the command line shows them."""

import re


def with_options(text: str) -> str:
    """Return a text with the fields in backticks (`min_score`) written as options (--min-score)."""
    return re.sub(r"`([a-z][a-z_]*)`", lambda match: f"--{match[1].replace('_', '-')}", text)
