"""Colour, composition, lighting and palette, against plain loops and laws."""

import math

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from artextract.aspects.colour import to_lab
from artextract.aspects.composition import layout, masses
from artextract.aspects.features import ImageFeatures
from artextract.aspects.grid import blocks, bumps, place, weighted
from artextract.aspects.lighting import distribution, light_facts, lightness_histogram
from artextract.aspects.palette import NAMES, Palette, colour_histogram, palette_facts

Floats = npt.NDArray[np.float32]


@pytest.fixture(scope="module")
def pixels() -> npt.NDArray[np.uint8]:
    """An image of blurred colours, 64 x 64."""
    random = np.random.default_rng(3)
    small = PIL.Image.fromarray(random.integers(0, 256, (9, 9, 3), np.uint8))
    return np.asarray(small.resize((64, 64), PIL.Image.Resampling.BICUBIC))


def lab_of(*rows: str) -> Floats:
    """L*a*b* of an image (64, 64) of equal fields, named by colour."""
    grid = [[PIL.Image.new("RGB", (1, 1), name).getpixel((0, 0)) for name in row.split()]
            for row in rows]  # fmt: skip
    image = PIL.Image.fromarray(np.asarray(grid, np.uint8))
    return to_lab(np.asarray(image.resize((64, 64), PIL.Image.Resampling.NEAREST)))


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [  # Bruce Lindbloom's calculator (sRGB, D65)
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((128, 128, 128), (53.59, 0.0, 0.0)),
    ],
)
def test_lab(rgb: tuple[int, int, int], lab: tuple[float, float, float]) -> None:
    np.testing.assert_allclose(to_lab(np.asarray(rgb, np.uint8)), lab, atol=0.03)


def test_grid_tools_against_loops() -> None:
    field = np.arange(64 * 64, dtype=np.float32).reshape(64, 64)
    means = blocks(field, 4)
    for row in range(4):
        for column in range(4):
            inside = [field[y, x] for y in range(row * 16, row * 16 + 16)
                      for x in range(column * 16, column * 16 + 16)]  # fmt: skip
            assert means[row, column] == pytest.approx(sum(inside) / 256)
    near = bumps(3.0, [1, 3, 7], 2.0)
    assert near.tolist() == pytest.approx([math.exp(-0.5), 1.0, math.exp(-2.0)])
    assert int(place(0.9, 0.1, 4).argmax()) == 3
    both = weighted([0.75, 0.25], [np.asarray([2.0, 0.0]), np.asarray([0.0, 5.0])])
    assert both.tolist() == pytest.approx([0.75**0.5, 0.0, 0.0, 0.25**0.5])


def test_palette_counts_each_colour_in_the_cells_around_it(pixels: npt.NDArray[np.uint8]) -> None:
    lab = to_lab(pixels)[::8, ::8]
    counts = np.zeros((5, 7, 7))
    for colour in lab.reshape(-1, 3):
        places = (colour[0] / 25, (colour[1] + 60) / 20, (colour[2] + 60) / 20)
        clipped = [min(max(at, 0), top) for at, top in zip(places, (4, 6, 6), strict=True)]
        for i in range(5):
            for j in range(7):
                for k in range(7):
                    shares = [max(0.0, 1 - abs(at - cell))
                              for at, cell in zip(clipped, (i, j, k), strict=True)]  # fmt: skip
                    counts[i, j, k] += math.prod(shares)
    np.testing.assert_allclose(colour_histogram(lab), np.sqrt(counts / 64).ravel(), atol=1e-5)


def test_palette_ignores_the_layout(pixels: npt.NDArray[np.uint8]) -> None:
    flat = pixels.reshape(-1, 3)
    shuffled = np.random.default_rng(1).permutation(flat).reshape(pixels.shape)
    np.testing.assert_allclose(
        colour_histogram(to_lab(pixels)), colour_histogram(to_lab(shuffled)), atol=1e-5
    )
    vector = Palette().vector(ImageFeatures(PIL.Image.fromarray(pixels)))
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#c01818", "red"), ("#2f63b0", "blue"), ("#3c8a35", "green"), ("#e8cc20", "yellow"),
        ("#5a3a1e", "brown"), ("#e0781c", "orange"), ("#808080", "grey"), ("#0a0a0a", "black"),
        ("#fbfbfb", "white"), ("#f0a8b8", "pink"), ("#702a90", "purple"),
    ],
)  # fmt: skip
def test_colours_are_called_as_people_call_them(colour: str, name: str) -> None:
    facts = palette_facts(lab_of(colour))
    assert facts == {"main": [name], "shares": {name: 1.0}}
    assert name in NAMES


def test_main_colours_are_those_that_cover_a_tenth() -> None:
    facts = palette_facts(lab_of("#2f63b0 #2f63b0 #c01818 #2f63b0"))
    assert facts == {"main": ["blue", "red"], "shares": {"blue": 0.75, "red": 0.25}}


def composed(lab: Floats) -> Floats:
    vector = layout(lab)
    assert vector is not None
    return vector


def test_an_image_of_one_colour_has_no_composition() -> None:
    for colour in ((90, 90, 90), (255, 255, 255), (0, 0, 0), (200, 10, 10)):
        assert layout(to_lab(np.full((64, 64, 3), colour, np.uint8))) is None


def test_composition_ignores_exposure_and_follows_a_mirror(pixels: npt.NDArray[np.uint8]) -> None:
    plain = composed(to_lab(pixels))
    dimmed = composed(to_lab((pixels * 0.5).astype(np.uint8)))
    assert plain @ dimmed > 0.97
    mirrored = composed(to_lab(pixels[:, ::-1]))
    np.testing.assert_allclose(
        masses(mirrored.tolist()), masses(plain.tolist())[:, ::-1], atol=1e-5
    )
    assert plain @ mirrored < 0.9


def test_composition_depends_on_where_the_light_mass_lies() -> None:
    left, right = lab_of("white black black"), lab_of("black black white")
    again = lab_of("#ccbbaa #332211 #332211")
    assert composed(left) @ composed(again) > 0.9 > composed(left) @ composed(right)
    light = masses(composed(left).tolist())
    assert light[:, :2].mean() > light[:, 3:].mean()


@pytest.mark.parametrize(
    ("rows", "key", "direction"),
    [
        (["white #ddd"], "high", "left"),
        (["#111 #222"], "low", "right"),
        (["#999 #999", "#444 #444"], "mid", "above"),
        (["#777 #777"], "mid", "unclear"),
    ],
)
def test_key_and_side_of_light(rows: list[str], key: str, direction: str) -> None:
    facts = light_facts(lab_of(*rows))
    assert (facts["key"], facts["direction"]) == (key, direction)


def test_lightness_against_a_loop() -> None:
    lab = lab_of("white black", "#888 #333")
    counts = [0.0] * 12
    for value in lab[..., 0].ravel():
        for bin_ in range(12):
            counts[bin_] += math.exp(-0.5 * ((value - (bin_ + 0.5) / 12 * 100) / 6) ** 2)
    expected = [math.sqrt(count / sum(counts)) for count in counts]
    np.testing.assert_allclose(lightness_histogram(lab), expected, atol=1e-4)


def test_lighting_separates_dark_images_from_light_ones() -> None:
    dark, darker, light = lab_of("#222 #333"), lab_of("#1a1a1a #2c2c2c"), lab_of("#ddd #eee")
    assert distribution(dark) @ distribution(darker) > distribution(dark) @ distribution(light)
