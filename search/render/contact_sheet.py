"""The contact sheet: the query and what was found, as one picture to send or print."""

import textwrap
from pathlib import Path

import PIL.Image
from PIL import ImageDraw, ImageFont

from artextract.catalog.artwork import Artwork
from artextract.errors import InputError
from artextract.store import Store
from search.engine import Answer, Result
from search.images import Pictures
from search.query import Query

__all__ = ["check_sheet", "save_sheet"]

_CELL = 260
_TEXT = 74
_GAP = 18
_COLUMNS = 6
_MOST_WORKS = 600  # 100 rows, 35,000 pixels high; a JPEG ends at 65,535
_PAPER, _INK, _FAINT, _MARK = "#faf9f6", "#1d1d1b", "#6f6b64", "#b3261e"


def check_sheet(path: Path, works: int) -> None:
    """Check that a sheet of so many works can be written to ``path``.

    Raises:
        InputError: the file's ending is no picture's, or there are too many works for one picture.
    """
    if path.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise InputError(f"--sheet {path} must end in .png or .jpg")
    if works > _MOST_WORKS:
        raise InputError(
            f"--sheet shows at most {_MOST_WORKS} works, and -k asks for {works}; ask for fewer, "
            "or use --gallery"
        )


def save_sheet(
    path: Path,
    store: Store,
    query: Query | None,
    answer: Answer,
    pictures: Pictures | None = None,
) -> None:
    """Write the query and the results, best first, as a PNG (or JPEG, by the file's ending).

    ``pictures`` reads them; give one to learn which could not be read.

    Raises:
        InputError: the file can't be written.
    """
    pictures = Pictures(store) if pictures is None else pictures
    cells: list[tuple[PIL.Image.Image, str, str, bool]] = []
    if query is not None:
        cells.append((pictures.of_query(query, _CELL), "Query", _words_of_query(query), True))
    for result in answer.results:
        cells.append(
            (pictures.of_result(result, _CELL), _heading(result), _words(result.artwork), False)
        )
    columns = min(_COLUMNS, max(1, len(cells)))
    rows = max(1, -(-len(cells) // columns))
    sheet = PIL.Image.new(
        "RGB",
        (columns * (_CELL + _GAP) + _GAP, rows * (_CELL + _TEXT + _GAP) + _GAP),
        _PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    for number, (picture, heading, words, is_query) in enumerate(cells):
        left = _GAP + (number % columns) * (_CELL + _GAP)
        top = _GAP + (number // columns) * (_CELL + _TEXT + _GAP)
        at = (left, top + _CELL - picture.height)
        sheet.paste(picture, at)
        if is_query:
            box = (at[0] - 4, at[1] - 4, at[0] + picture.width + 3, at[1] + picture.height + 3)
            draw.rectangle(box, outline=_MARK, width=3)
        draw.text((left, top + _CELL + 8), heading, _MARK if is_query else _INK, _font(15))
        draw.multiline_text((left, top + _CELL + 29), _wrapped(words), _FAINT, _font(13), spacing=3)
    try:
        sheet.save(path)
    except OSError as error:
        raise InputError(f"--sheet {path} can't be written: {error.strerror or error}") from error


def _heading(result: Result) -> str:
    score = [] if result.score is None else [f"{result.score:.3f}"]
    matches = [f"{result.matches} places"] if result.matches else []
    return "   ".join([f"{result.rank}", *score, *matches])


def _words_of_query(query: Query) -> str:
    return _words(query.artwork) if query.artwork is not None else query.label


def _words(artwork: Artwork) -> str:
    parts = (artwork.title or artwork.id, artwork.maker, artwork.display_date)
    return ", ".join(part for part in parts if part)


def _wrapped(words: str) -> str:
    return "\n".join(textwrap.wrap(words, 38, max_lines=2, placeholder="..."))


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return Roboto: Pillow's own font lacks dashes and most accents beyond French and German."""
    from font_roboto import Roboto

    return ImageFont.truetype(Roboto, size)
