"""The contact sheet: the query and the results as one image, to send or print."""

import textwrap
from pathlib import Path

import PIL.Image
from PIL import ImageDraw, ImageFont

from artextract.errors import InputError
from artextract.files import explain_os_errors
from search.answer import Answer, Result
from search.images import ImageReader
from search.query import caption_of

_CELL = 260
_TEXT = 74
_GAP = 18
_COLUMNS = 6
_MOST_ARTWORKS = 600  # 100 rows, 35,000 pixels high; a JPEG ends at 65,535
_PAPER, _INK, _FAINT, _MARK = "#faf9f6", "#1d1d1b", "#6f6b64", "#b3261e"


def check_sheet(path: Path, limit: int) -> None:
    """Check that a sheet of so many artworks can be written to ``path``.

    Raises:
        InputError: the file's ending is not that of an image, or one image can't show so many.
    """
    if path.suffix.lower() not in {".png", ".jpg", ".jpeg"}:
        raise InputError(f"contact sheet {path} must end in .png or .jpg")
    if limit > _MOST_ARTWORKS:
        raise InputError(
            f"a contact sheet shows at most {_MOST_ARTWORKS} artworks, and `limit` is {limit}; "
            "lower it, or write a page instead"
        )


def save_sheet(path: Path, answer: Answer, images: ImageReader) -> None:
    """Write the first query and the results, best first, as a PNG or a JPEG by the file's ending.

    Raises:
        InputError: the file can't be written.
    """
    cells: list[tuple[PIL.Image.Image, str, str, bool]] = []
    for query in answer.like[:1]:
        caption = caption_of(query.artwork) if query.artwork is not None else query.label
        cells.append((images.of_query(query, _CELL), "Query", caption, True))
    for result in answer.results:
        caption = caption_of(result.artwork)
        cells.append((images.of_result(result, _CELL), _heading(result), caption, False))
    columns = min(_COLUMNS, max(1, len(cells)))
    rows = max(1, -(-len(cells) // columns))
    sheet = PIL.Image.new(
        "RGB",
        (columns * (_CELL + _GAP) + _GAP, rows * (_CELL + _TEXT + _GAP) + _GAP),
        _PAPER,
    )
    draw = ImageDraw.Draw(sheet)
    for number, (image, heading, caption, is_query) in enumerate(cells):
        left = _GAP + (number % columns) * (_CELL + _GAP)
        top = _GAP + (number // columns) * (_CELL + _TEXT + _GAP)
        at = (left, top + _CELL - image.height)
        sheet.paste(image, at)
        if is_query:
            box = (at[0] - 4, at[1] - 4, at[0] + image.width + 3, at[1] + image.height + 3)
            draw.rectangle(box, outline=_MARK, width=3)
        draw.text((left, top + _CELL + 8), heading, _MARK if is_query else _INK, _font(15))
        lines = textwrap.wrap(caption, 38, max_lines=2, placeholder="...")
        draw.multiline_text(
            (left, top + _CELL + 29), "\n".join(lines), _FAINT, _font(13), spacing=3
        )
    with explain_os_errors(f"contact sheet {path} can't be written", "choose another file"):
        sheet.save(path)


def _heading(result: Result) -> str:
    score = [] if result.score is None else [f"{result.score:.3f}"]
    matches = [f"{result.matches} matches"] if result.matches else []
    return "   ".join([f"{result.rank}", *score, *matches])


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return Roboto: Pillow's own font lacks dashes and most accents beyond French and German."""
    from font_roboto import Roboto

    return ImageFont.truetype(Roboto, size)
