"""Write docs/reference/search-fields.md from the declarations of a request's fields.

python docs/make_search_fields.py
"""

from collections.abc import Iterable
from pathlib import Path

from search.request import Parameter, filter_parameters, request_parameters
from search.web.parameters import make_models

IN_HTTP = make_models()[0].model_fields
TARGET = Path(__file__).with_name("reference") / "search-fields.md"
HEADER = """<!-- Made by docs/make_search_fields.py from search/request.py; change it there. -->
# Fields of a search

With this page you can look up every field of a search. A field has the same name in Python
(`collection.search(artist="Claude Monet")`) and in the HTTP API (`?artist=Claude+Monet`); on the
command line it is an option (`--artist "Claude Monet"`). A field that takes several values may be
a list in Python, and is repeated in an address and on the command line.
"""


def describe_type(field: Parameter) -> str:
    """Return "text", "one of ...", "number, 0 to 1" and the like."""
    if field.choices:
        text = "one of " + ", ".join(f"`{choice}`" for choice in field.choices)
    else:
        text = {str: "text", bool: "yes or no", int: "integer", float: "number"}[field.type]
    if field.minimum is not None and field.maximum is not None:
        text += f", {field.minimum:,} to {field.maximum:,}"
    return text + "; several" if field.multiple else text


def describe_help(field: Parameter) -> str:
    """Return what a field is, and whether the HTTP API lacks it."""
    return field.help if field.name in IN_HTTP else f"{field.help} Python and command line only."


def make_table(fields: Iterable[Parameter]) -> str:
    """Return a table in Markdown."""
    rows = [
        f"| `{field.name}` | {describe_help(field)} | {describe_type(field)} | `{field.example}` |"
        for field in fields
    ]
    return "\n".join(["| field | what | type | example |", "| --- | --- | --- | --- |", *rows])


def make_page() -> str:
    """Return the page in Markdown."""
    return (
        f"{HEADER}\n## Filters\n\n{make_table(filter_parameters())}\n"
        f"\n## What is compared, and how many results\n\n{make_table(request_parameters())}\n"
    )


if __name__ == "__main__":
    TARGET.write_text(make_page(), encoding="utf-8")
