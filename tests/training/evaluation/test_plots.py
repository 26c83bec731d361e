"""Plots: whole PNG files of a bearable size, whatever the classes are called."""

import io
import subprocess
import sys

import matplotlib
import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from training.evaluation.calibration import calibrate
from training.evaluation.plots import class_order, confusion_png, reliability_png


def opened(content: bytes) -> npt.NDArray[np.uint8]:
    """Return the pixels of a PNG file, (height, width, 3)."""
    with PIL.Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB"))


@pytest.mark.parametrize("classes", [1, 2, 3, 28, 60])
def test_confusion_matrix_of_many_classes_is_drawn(classes: int) -> None:
    random = np.random.default_rng(0)
    table = random.integers(0, 9, (classes, classes)) + 400 * np.eye(classes, dtype=np.int64)
    table[classes // 2] = 0  # a class without samples
    before = dict(matplotlib.rcParams)
    pixels = opened(confusion_png(table, [f"Class_{number}" for number in range(classes)]))
    assert dict(matplotlib.rcParams) == before
    assert pixels.shape[0] < 400 + 55 * classes
    assert pixels[0].min() == pixels[-1].min() == 255  # nothing is cut off at an edge
    assert pixels[:, 0].min() == pixels[:, -1].min() == 255
    if classes >= 28:
        assert (np.abs(pixels.astype(int) - pixels[..., :1]).max(axis=2) > 40).any()  # colour


def test_class_names_with_missing_glyphs_or_formulas_are_drawn() -> None:
    names = ["浮世絵", "$x_1$ 100%", "<b>&", "Ôé " * 12]
    opened(confusion_png(np.eye(4, dtype=np.int64), names))


def test_confused_classes_are_adjacent() -> None:
    table = 10 * np.eye(6, dtype=np.int64)
    for one, other in ((0, 3), (1, 5), (2, 4)):
        table[one, other] = table[other, one] = 8
    order = class_order(table)
    assert sorted(order) == list(range(6))
    at = {label: place for place, label in enumerate(order)}
    assert {abs(at[one] - at[other]) for one, other in ((0, 3), (1, 5), (2, 4))} == {1}


def test_reliability_diagram_is_drawn() -> None:
    random = np.random.default_rng(0)
    found = calibrate(4 * random.normal(size=(60, 5)), random.integers(0, 5, 60))
    pixels = opened(reliability_png(found))
    assert pixels.shape[1] > 1.5 * pixels.shape[0]
    assert pixels[:, -1].min() == 255


def test_plots_need_no_display_or_global_state() -> None:
    code = (
        "import sys, numpy as np; from training.evaluation.plots import confusion_png; "
        "assert 'matplotlib' not in sys.modules; "
        "confusion_png(np.eye(3, dtype=np.int64), ['a', 'b', 'c']); "
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
