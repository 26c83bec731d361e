"""The contact sheet: its size, its frame and its file."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest
from pictures import make_picture

from artextract.catalog.artwork import Artwork
from artextract.errors import InputError
from artextract.images.opening import make_thumbnail
from artextract.store import ModelIdentity, Point, Store, create_store
from search.answer import Answer
from search.engine import search
from search.images import ImageReader
from search.query import Query
from search.reading import QueryReader
from search.render.contact_sheet import check_sheet, save_sheet
from search.request import SearchRequest

FRAME = (0xB3, 0x26, 0x1E)
PAPER = (0xFA, 0xF9, 0xF6)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Thirteen works whose files exist, some tall and some wide."""
    folder = tmp_path_factory.mktemp("sheet")
    points = []
    for number in range(13):
        size = (400, 300) if number % 2 else (200, 400)
        picture = make_picture(number, size)
        picture.save(folder / f"{number}.jpg")
        work = Artwork(
            id=f"w{number}", image=f"{number}.jpg", title=f"Title {number} 葛飾 " * 6, artist="A\nB"
        )
        payload = {
            **work.to_payload(),
            "image_folder": str(folder),
            "width": size[0],
            "height": size[1],
            "thumbnail": make_thumbnail(picture),
        }
        points.append(Point(work.point_id, {"visual": [1.0, number / 5, *[0.0] * 6]}, payload))
    with create_store(str(folder / "store"), ModelIdentity("small", "0" * 64, 8)) as opened:
        opened.upsert(points)
        yield opened


def answer_of(store: Store, query: Query | None, limit: int) -> Answer:
    like = [query] if query is not None else []
    if limit == 0:
        return Answer(SearchRequest(), tuple(like), (), [], 0)
    return search(store, SearchRequest(like=like, limit=limit))


@pytest.mark.parametrize(
    ("with_query", "results", "size"),
    [
        (False, 0, (296, 370)),
        (True, 0, (296, 370)),
        (False, 1, (296, 370)),
        (True, 1, (574, 370)),
        (True, 5, (1686, 370)),
        (False, 12, (1686, 722)),
        (True, 12, (1686, 1074)),
    ],
)
def test_size(
    store: Store, with_query: bool, results: int, size: tuple[int, int], tmp_path: Path
) -> None:
    query = QueryReader(store).read("w0") if with_query else None
    save_sheet(tmp_path / "a.png", answer_of(store, query, results), ImageReader(store))
    with PIL.Image.open(tmp_path / "a.png") as sheet:
        assert sheet.format == "PNG"
        assert sheet.mode == "RGB"
        assert sheet.size == size


def pixels(path: Path) -> npt.NDArray[np.uint8]:
    with PIL.Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


def columns_of_frame(cell: npt.NDArray[np.uint8], height: int) -> list[int]:
    """Return the columns in which the frame's colour runs over ``height`` pixels or more."""
    framed = (cell == FRAME).all(axis=2).sum(axis=0)
    return [int(column) for column in np.flatnonzero(framed >= height)]


@pytest.mark.parametrize("name", ["w0", "w1"])
def test_only_the_query_has_a_frame(store: Store, name: str, tmp_path: Path) -> None:
    query = QueryReader(store).read(name)
    save_sheet(tmp_path / "a.png", answer_of(store, query, 5), ImageReader(store))
    sheet = pixels(tmp_path / "a.png")
    width, height = (130, 260) if name == "w0" else (260, 195)
    first, others = sheet[:, : 18 + 269], sheet[:, 18 + 269 :]
    columns = columns_of_frame(first, height)
    assert len(columns) == 6  # two uprights, three pixels each
    assert max(columns) - min(columns) + 1 == width + 8
    assert not (others == FRAME).all(axis=2).any()


def test_the_pictures_are_in_the_order_of_the_answer(store: Store, tmp_path: Path) -> None:
    query = QueryReader(store).read("w0")
    answer = answer_of(store, query, 12)
    save_sheet(tmp_path / "a.png", answer, ImageReader(store))
    sheet = pixels(tmp_path / "a.png").astype(float)
    for number, result in enumerate(answer.results, start=1):
        with PIL.Image.open(result.image) as picture:
            scale = 260 / max(picture.size)
            width, height = (round(side * scale) for side in picture.size)
            correct = np.asarray(picture.resize((width, height)), dtype=float)
        left, bottom = 18 + number % 6 * 278, 18 + number // 6 * 352 + 260
        shown = sheet[bottom - height : bottom, left : left + width]
        assert np.abs(shown - correct).mean() < 8


def test_without_a_query_there_is_no_frame(store: Store, tmp_path: Path) -> None:
    save_sheet(tmp_path / "a.png", answer_of(store, None, 3), ImageReader(store))
    sheet = pixels(tmp_path / "a.png")
    assert not (sheet == FRAME).all(axis=2).any()
    assert (sheet != PAPER).any(axis=2).mean() > 0.3


@pytest.mark.parametrize(
    ("name", "format_"),
    [("a.png", "PNG"), ("a.PNG", "PNG"), ("a.jpg", "JPEG"), ("a.jpeg", "JPEG"), ("b.JPG", "JPEG")],
)
def test_the_ending_chooses_the_format(
    store: Store, name: str, format_: str, tmp_path: Path
) -> None:
    save_sheet(tmp_path / name, answer_of(store, None, 2), ImageReader(store))
    with PIL.Image.open(tmp_path / name) as sheet:
        sheet.load()
        assert sheet.format == format_


@pytest.mark.parametrize("name", ["a.gif", "a", "a.pdf", ".png", "a.png.txt"])
def test_other_endings_are_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"must end in \.png or \.jpg"):
        check_sheet(Path(name), 5)


def test_more_works_than_a_picture_can_show_are_refused() -> None:
    check_sheet(Path("a.png"), 600)
    with pytest.raises(InputError, match="at most 600 artworks, and `limit` is 601"):
        check_sheet(Path("a.png"), 601)


def test_a_file_that_can_not_be_written(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"can't be written \(No such file or directory"):
        save_sheet(tmp_path / "no" / "a.png", answer_of(store, None, 0), ImageReader(store))
    (tmp_path / "b.png").mkdir()
    with pytest.raises(InputError, match=r"can't be written \(Is a directory"):
        save_sheet(tmp_path / "b.png", answer_of(store, None, 0), ImageReader(store))
