"""Results as a table, JSON, JSON lines or CSV."""

import csv
import io
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from artextract.tables import format_table
from search.answer import Answer, Result

if TYPE_CHECKING:
    from search.images import ImageReader

_THUMBNAIL_CELLS = 10
_THUMBNAIL_SIDE = 160
_PREDICTED_COLUMNS = {"": "name", ".probability": "probability", ".trusted": "trusted"}
_FIELDS = (
    "id", "title", "artist", "attribution", "qualifier", "display_date", "year_begin", "year_end",
    "style", "genre", "medium", "page_url",
)  # fmt: skip


def to_rows(answer: Answer) -> list[dict[str, Any]]:
    """Return the results as plain JSON values, the same keys in each.

    ``score`` and the aspects' scores are cosines (-1 to 1), or null where there was no query;
    ``shares`` are what each aspect adds to the score; ``matches`` is present where they were
    verified, and ``same_image``, the ids of further artworks with the same image file, where one
    of the results has any. ``region`` is present where the query was a photograph: the corners of
    the painting in it, as the field of that name takes them, or null for the whole image.
    """
    shared = any(result.same_image for result in answer.results)
    rows = [_row(result, shared=shared) for result in answer.results]
    if answer.request.photograph:
        for row, result in zip(rows, answer.results, strict=True):
            row["region"] = None if result.corners is None else str(result.corners)
    return rows


def _row(result: Result, *, shared: bool) -> dict[str, Any]:
    verified = {} if result.matches is None else {"matches": result.matches}
    return {
        "rank": result.rank,
        "score": None if result.score is None else round(result.score, 6),
        **verified,
        **{name: getattr(result.artwork, name) for name in _FIELDS},
        "image": result.image,
        **({"same_image": list(result.same_image)} if shared else {}),
        "aspects": {name: round(score, 6) for name, score in result.aspects.items()},
        "shares": {name: round(share, 6) for name, share in result.shares.items()},
        "predicted": {
            attribute: {
                "name": name,
                "probability": probability,
                "trusted": result.payload["predicted"][attribute].get("trusted", False),
            }
            for attribute, (name, probability) in result.predicted.items()
        },
    }


def to_json(answer: Answer) -> str:
    """Return the results as a JSON list of objects."""
    return json.dumps(to_rows(answer), ensure_ascii=False, indent=2) + "\n"


def to_jsonl(answer: Answer) -> str:
    """Return the results as JSON, one object a line."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in to_rows(answer))


def to_csv(answer: Answer) -> str:
    """Return the results as CSV with a header, the columns those of :func:`to_flat_rows`."""
    rows, columns = to_flat_rows(answer)
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _csv_value(value) for name, value in row.items()} for row in rows)
    return buffer.getvalue()


def _csv_value(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def to_flat_rows(answer: Answer) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the results as rows of plain values, and the names of their columns.

    An aspect's score is a column ``aspects.NAME``; a prediction is ``predicted.NAME``,
    ``predicted.NAME.probability`` and ``predicted.NAME.trusted``.
    """
    aspects = sorted({name for result in answer.results for name in result.aspects})
    predicted = sorted({name for result in answer.results for name in result.predicted})
    verified = any(result.matches is not None for result in answer.results)
    columns = [
        *("rank", "score", *_FIELDS, "image"),
        *(["matches"] if verified else []),
        *(["same_image"] if any(result.same_image for result in answer.results) else []),
        *(["region"] if answer.request.photograph else []),
        *(f"aspects.{name}" for name in aspects),
        *(f"predicted.{name}{end}" for name in predicted for end in _PREDICTED_COLUMNS),
    ]
    rows = []
    for row in to_rows(answer):
        scores, classes = row.pop("aspects"), row.pop("predicted")
        del row["shares"]  # the row has each cosine
        if "same_image" in row:
            row["same_image"] = "; ".join(row["same_image"])
        row |= {f"aspects.{name}": scores.get(name) for name in aspects}
        for name in predicted:
            for end, key in _PREDICTED_COLUMNS.items():
                row[f"predicted.{name}{end}"] = classes.get(name, {}).get(key)
        rows.append(row)
    return rows, columns


def write_table(answer: Answer, images: "ImageReader") -> None:
    """Write the results to stdout as a table.

    On a terminal it fits the window and shows small images where colours can be shown; elsewhere
    it is plain aligned text.
    """
    if not sys.stdout.isatty():
        _write_plain_table(answer)
        return
    import logging

    from rich.console import Console
    from rich.table import Table

    console = Console()
    table = Table(box=None, padding=(0, 2, 1, 0))
    with_score = any(result.score is not None for result in answer.results)
    verified = any(result.matches is not None for result in answer.results)
    with_images = console.color_system is not None and _size_is_known()
    table.add_column("#", justify="right", style="dim")
    if with_images:
        table.add_column("")
    if with_score:
        table.add_column("score", justify="right")
    if verified:
        table.add_column("matches", justify="right")
    for name in ("title", "artist", "date"):
        table.add_column(name, overflow="fold")
    table.add_column("id", style="dim", overflow="fold")
    for result in answer.results:
        artwork = result.artwork
        cells: list[Any] = [str(result.rank)]
        if with_images:
            from textual_image.renderable import Image

            # It logs a traceback where a terminal does not tell its size in pixels, and goes on.
            logging.getLogger("textual_image").setLevel(logging.CRITICAL)
            image = images.of_result(result, _THUMBNAIL_SIDE)
            cells.append(Image(image, width=_THUMBNAIL_CELLS, height="auto"))
        if with_score:
            cells.append("" if result.score is None else f"{result.score:.3f}")
        if verified:
            cells.append(_matches(result))
        cells += [_plain(artwork.title), _plain(artwork.maker), _plain(artwork.display_date)]
        table.add_row(*cells, _plain(artwork.id + same_image_text(result)))
    console.print(table)


def _size_is_known() -> bool:
    """Return whether the terminal reports its size, to which images are scaled."""
    try:
        columns, lines = os.get_terminal_size(sys.stdout.fileno())
    except OSError:
        return False
    return columns > 0 and lines > 0


def _write_plain_table(answer: Answer) -> None:
    verified = any(result.matches is not None for result in answer.results)
    rows = [["#", "score", *(["matches"] if verified else []), "title", "artist", "date", "id"]]
    for result in answer.results:
        artwork = result.artwork
        score = "" if result.score is None else f"{result.score:.3f}"
        matches = [_matches(result)] if verified else []
        shown_id = artwork.id + same_image_text(result)
        texts = (artwork.title, artwork.maker, artwork.display_date, shown_id)
        rows.append([str(result.rank), score, *matches, *map(_shown, texts)])
    print(format_table(rows))


def same_image_text(result: Result) -> str:
    """Return " and 12 more of the same image", or nothing if a result has its image alone."""
    return f" and {len(result.same_image)} more of the same image" if result.same_image else ""


def _matches(result: Result) -> str:
    return str(result.matches) if result.matches else ""


def _plain(text: str | None) -> Any:
    """Return text of a catalog that rich shows as it stands, brackets included."""
    from rich.text import Text

    return Text(_shown(text))


def _shown(text: str | None) -> str:
    """Return text of a catalog on one line, without control characters for the terminal."""
    printable = (letter if letter.isprintable() else " " for letter in text or "")
    return " ".join("".join(printable).split())
