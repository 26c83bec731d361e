"""The results of an evaluation, as text and as a page with the best and the worst queries."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from artextract.store import Store, filters
from artextract.tables import format_table
from search.evaluation.result import Case, Section
from search.render.template import save_page

_SHOWN = 6


def print_sections(sections: Sequence[Section]) -> None:
    """Print each section as a table, with 95 % intervals."""
    for section in sections:
        columns = _columns(section)
        rows = [("", *columns, "n")]
        for row in section.rows:
            cells = [str(row.figures[name]) if name in row.figures else "" for name in columns]
            rows.append(
                (row.name, *cells, str(max((f.n for f in row.figures.values()), default=0)))
            )
        print(f"{section.title} ({section.note})\n{format_table(rows)}\n")


def to_rows(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Return the figures for JSON, one object each."""
    return [
        {
            "section": section.title, "note": section.note, "row": row.name, "figure": name,
            "value": each.value, "low": each.low, "high": each.high, "n": each.n,
        }
        for section in sections
        for row in section.rows
        for name, each in row.figures.items()
    ]  # fmt: skip


def save_evaluation(path: Path, store: Store, sections: Sequence[Section]) -> None:
    """Write a page with the tables, and thumbnails of the best and the worst queries of each.

    Raises:
        InputError: the file can't be written.
    """
    thumbnails = _thumbnails(store, sections)
    save_page(
        path,
        "evaluation.html",
        sections=[
            {
                "section": section,
                "columns": _columns(section),
                "best": [_shown(case, thumbnails) for case in _ends(section.cases)[0]],
                "worst": [_shown(case, thumbnails) for case in _ends(section.cases)[1]],
            }
            for section in sections
        ],
        location=store.location,
        model=store.manifest.model,
    )


def _columns(section: Section) -> list[str]:
    return list(dict.fromkeys(name for row in section.rows for name in row.figures))


def _ends(cases: Sequence[Case]) -> tuple[list[Case], list[Case]]:
    """Return the best and the worst queries, each artwork once."""
    ordered = sorted(cases, key=lambda case: (case.quality, case.query))
    best = {case.query: case for case in ordered}
    worst = {case.query: case for case in reversed(ordered)}
    return (
        sorted(best.values(), key=lambda case: (-case.quality, case.query))[:_SHOWN],
        sorted(worst.values(), key=lambda case: (case.quality, case.query))[:_SHOWN],
    )


def _thumbnails(store: Store, sections: Sequence[Section]) -> dict[str, dict[str, Any]]:
    shown = {
        name
        for section in sections
        for cases in _ends(section.cases)
        for case in cases
        for name in (case.query, *case.found)
    }
    if not shown:
        return {}
    keys = ("id", "title", "artist", "thumbnail")
    only = filters.all_of([filters.any_of("id", sorted(shown))])
    return {
        str(record.payload["id"]): dict(record.payload) for record in store.scroll(only, keys=keys)
    }


def _shown(case: Case, thumbnails: dict[str, dict[str, Any]]) -> dict[str, Any]:
    def image(name: str) -> dict[str, str]:
        known = thumbnails.get(name, {})
        caption = ", ".join(str(known[key]) for key in ("title", "artist") if known.get(key))
        return {"uri": str(known.get("thumbnail", "")), "words": caption or name}

    return {
        "row": case.row,
        "quality": case.quality,
        "query": image(case.query),
        "found": [image(name) for name in case.found],
    }
