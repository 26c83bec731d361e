"""Finding paintings in photographs, and straightening them."""

import numpy as np
import PIL.Image
import pytest
from museum_wall import photograph, texture

from artextract.errors import QueryError
from search.paintings import MOST, find_outlines
from search.region import Quadrilateral, Region, parse_part


def distances(outlines: list[Quadrilateral], corners: np.ndarray) -> list[float]:
    """Return for each outline how far its farthest corner is from where it should be."""
    return [float(np.abs(np.asarray(outline.corners) - corners).max()) for outline in outlines]


@pytest.mark.parametrize("lean", [0.0, 0.05, -0.12])
@pytest.mark.parametrize(
    ("colour", "frame", "width"),
    [("rosybrown", "goldenrod", 16), ("white", "black", 6), ("darkred", "saddlebrown", 40),
     ("black", "black", 0)],
)  # fmt: skip
def test_a_painting_is_found_on_a_wall(colour: str, frame: str, width: int, lean: float) -> None:
    image, (corners,) = photograph([texture(1)], colour=colour, frame=frame, width=width, lean=lean)
    found = find_outlines(image)
    assert {outline.painting for outline in found} == {0}
    assert min(distances([outline.corners for outline in found], corners)) < 0.006


@pytest.mark.parametrize("size", [(320, 240), (900, 640), (3000, 2133)])
def test_the_size_of_the_photograph_does_not_matter(size: tuple[int, int]) -> None:
    image, (corners,) = photograph([texture(2, (400, 300))])
    found = find_outlines(image.resize(size))
    assert min(distances([outline.corners for outline in found], corners)) < 0.01


def test_two_paintings_are_told_apart() -> None:
    image, places = photograph([texture(3), texture(4, (180, 250))], lean=0.08)
    found = find_outlines(image)
    numbers = []
    for corners in places:
        off = distances([outline.corners for outline in found], corners)
        assert min(off) < 0.006
        numbers.append(found[int(np.argmin(off))].painting)
    assert sorted(numbers) == [0, 1]
    assert len(found) <= MOST


@pytest.mark.parametrize(
    "image",
    [texture(5), texture(6, (90, 400)), PIL.Image.new("RGB", (300, 200), "navy"),
     PIL.Image.new("RGB", (1, 1)), PIL.Image.new("RGB", (2000, 3)),
     PIL.Image.effect_noise((256, 256), 90).convert("RGB")],
    ids=["clouds", "tall", "plain", "a pixel", "a line", "noise"],
)  # fmt: skip
def test_nothing_is_found_in_an_image_without_edges(image: PIL.Image.Image) -> None:
    assert find_outlines(image) == []


@pytest.mark.parametrize("lean", [0.0, 0.05, -0.1])
def test_a_painting_is_straightened(lean: float) -> None:
    painting = texture(7, (300, 200))
    image, (corners,) = photograph([painting], lean=lean)
    cut = Quadrilateral.of(corners).cut(image)
    again = np.asarray(cut.resize(painting.size), float)
    assert np.abs(again - np.asarray(painting, float)).mean() < 4


@pytest.mark.parametrize("turn", [0, 25, 45])
@pytest.mark.parametrize("ratio", [0.6, 1.0, 1.8])
def test_a_straightened_painting_has_its_own_proportions(turn: float, ratio: float) -> None:
    """Seen by a camera whose focal length is the longer side, at an angle of ``turn`` degrees."""
    size, angle = (1000, 700), np.radians(turn)
    x, y = np.asarray([-1, 1, 1, -1]) * ratio / 2, np.asarray([-1, -1, 1, 1]) / 2
    depth = 3 + x * np.sin(angle)
    seen = np.stack([x * np.cos(angle) / depth, y / depth], axis=1) * 1000 + np.asarray(size) / 2
    cut = Quadrilateral.of(seen / size).cut(PIL.Image.new("RGB", size))
    assert cut.width / cut.height == pytest.approx(ratio, rel=0.02)


def test_a_part_is_a_rectangle_or_a_quadrilateral() -> None:
    assert parse_part("0,0,1,.5") == Region(0, 0, 1, 0.5)
    text = "0.1,0.2,0.8,0.1,0.9,0.9,0.05,1.02"
    part = parse_part(text)
    assert part == Quadrilateral(((0.1, 0.2), (0.8, 0.1), (0.9, 0.9), (0.05, 1.02)))
    assert str(part) == text
    assert parse_part("10%,20%,80%,10%,90%,90%,5%,102%") == part


@pytest.mark.parametrize(
    "text",
    ["0,0,1,0,1,1,0,nan", "0,0,1,0,1,1,0,9", "0,0,1,1,1,0,0,1", "1,1,0,1,0,0,1,0",
     "0,0,0,1,1,1,1,0", "0,0,1,0,0.1,0.1,0,1", "0,0,0,0,0,0,0,0", "0,0,1,0,1,1,0,x", "0,0,1,0,1,1"],
)  # fmt: skip
def test_quadrilaterals_that_are_none(text: str) -> None:
    with pytest.raises(QueryError, match="`region`"):
        parse_part(text)


def test_a_quadrilateral_of_a_few_pixels_is_refused() -> None:
    with pytest.raises(QueryError, match="the region has 10 x 5 pixels"):
        parse_part("0,0,.1,0,.1,.1,0,.1").cut(PIL.Image.new("RGB", (100, 50)))
