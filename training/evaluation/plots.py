"""Plots of a classifier's errors: the confusion matrix and the reliability diagram.

They don't use matplotlib's global state, so no display is needed.
"""

import io
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from artextract.catalog.styles import display_name
from training.evaluation.calibration import Bin, Calibration
from training.evaluation.metrics import Ints

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_INK, _FAINT, _LINE, _MARK, _PAPER = "#1d1d1b", "#6b675f", "#e4e0d8", "#9a3b26", "#ffffff"
_DPI = 160
_MOST_ANNOTATED = 40  # classes; with more the cells are too small for a number
_STYLE: Any = {
    "font.family": "serif",
    "font.serif": ["DejaVu Serif"],
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _LINE,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "text.parse_math": False,
}


def class_order(table: Ints) -> list[int]:
    """Return an order of classes in which those that are often confused are neighbours.

    It is the optimal leaf order of an average linkage of both shares of mistakes.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(table) < 3:
        return list(range(len(table)))
    shares = _row_shares(table)
    distance = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distance, 0)
    tree = linkage(squareform(distance, checks=False), "average", optimal_ordering=True)
    return [int(leaf) for leaf in leaves_list(tree)]


def confusion_png(table: Ints, names: list[str]) -> bytes:
    """Draw a confusion matrix: colours are shares of the row, numbers are samples.

    Args:
        table: (C, C), counts by [label, prediction].
        names: The C classes' names.

    Returns:
        A PNG file; classes lie in the order of :func:`class_order`.
    """
    order = class_order(table)
    table = table[np.ix_(order, order)]
    shares = _row_shares(table)
    size = len(names)
    labels = [display_name(names[at]) for at in order]
    samples = table.sum(axis=1)
    cell = 0.31 if size > 12 else 0.42
    side = cell * size
    margin = 0.075 * max(len(label) + 7 for label in labels) + 0.5
    figure, (axes,) = _figure(side + margin + 0.3, side + margin + 0.3, 1)
    total = side + margin + 0.3
    axes.set_position((margin / total, 0.15 / total, side / total, side / total))
    axes.imshow(shares, cmap=_colours(), vmin=0, vmax=1, aspect="equal")
    axes.set_xticks(range(size), labels, rotation=90, fontsize=8)
    axes.set_yticks(
        range(size),
        [f"{label}  {count}" for label, count in zip(labels, samples, strict=True)],
        fontsize=8,
    )
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.set_xlabel("predicted as", fontsize=9, color=_FAINT, labelpad=8)
    axes.set_ylabel("label, and its samples", fontsize=9, color=_FAINT, labelpad=8)
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(size + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(size + 1) - 0.5, minor=True)
    axes.grid(which="minor", color=_LINE, linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    if size <= _MOST_ANNOTATED:
        for row, column in zip(*np.nonzero(table), strict=True):
            dark = shares[row, column] > 0.5
            axes.text(
                float(column), float(row), str(table[row, column]),
                ha="center", va="center", fontsize=7, color=_PAPER if dark else _INK,
            )  # fmt: skip
    return _png(figure)


def reliability_png(calibration: Calibration) -> bytes:
    """Draw accuracy against confidence, before and after temperature scaling, as a PNG file."""
    figure, panels = _figure(8.4, 4.6, 2)
    both = (
        ("As trained", calibration.bins_before, calibration.error_before),
        ("Temperature scaled, cross-fitted", calibration.bins_after, calibration.error_after),
    )
    for number, (axes, (title, bins, error)) in enumerate(zip(panels, both, strict=True)):
        axes.set_position((0.075 + 0.485 * number, 0.115, 0.43, 0.785))
        _reliability(axes, bins)
        axes.set_title(f"{title}: error {error:.3f}", fontsize=10, loc="left")
    panels[0].set_ylabel("accuracy", fontsize=9, color=_FAINT)
    return _png(figure)


def _reliability(axes: "Axes", bins: tuple[Bin, ...]) -> None:
    """Draw one reliability diagram: the bins, the diagonal, and a histogram."""
    most = max(one.count for one in bins)
    for one in bins:
        width = one.high - one.low
        # A histogram at the foot, a fifth as high as the diagram.
        axes.bar(one.low, 0.2 * one.count / most, width, align="edge", color=_LINE, linewidth=0)
        if one.accuracy is None or one.confidence is None:
            continue
        axes.plot(
            [one.confidence] * 2, [one.confidence, one.accuracy],
            color=_MARK, linewidth=1.2, alpha=0.5, clip_on=False,
        )  # fmt: skip
        axes.scatter(
            one.confidence, one.accuracy, s=12 + 110 * one.count / most,
            color=_MARK, edgecolor=_PAPER, linewidth=0.8, zorder=3, clip_on=False,
        )  # fmt: skip
    axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("probability of the prediction", fontsize=9, color=_FAINT)
    axes.tick_params(labelsize=8, length=2, color=_LINE)
    axes.spines[["top", "right"]].set_visible(False)


def _row_shares(table: Ints) -> npt.NDArray[np.float64]:
    """Return each row divided by its sum; rows without samples stay 0."""
    samples = table.sum(axis=1, keepdims=True)
    shares = np.zeros(table.shape)
    np.divide(table, samples, out=shares, where=samples > 0)
    return shares


def _colours() -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    steps = [_PAPER, "#f0d9cf", "#d98e73", _MARK, "#4f1a0e"]
    return LinearSegmentedColormap.from_list("terracotta", steps)


def _figure(width: float, height: float, panels: int) -> "tuple[Figure, list[Axes]]":
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), dpi=_DPI, facecolor=_PAPER)
        FigureCanvasAgg(figure)
        return figure, [figure.add_subplot(1, panels, number + 1) for number in range(panels)]


def _png(figure: "Figure") -> bytes:
    from matplotlib import rc_context

    buffer = io.BytesIO()
    with rc_context(_STYLE), warnings.catch_warnings():
        # Letters that the font lacks are drawn as boxes; the page has the name in full.
        warnings.filterwarnings("ignore", message="Glyph .* missing", category=UserWarning)
        figure.savefig(
            buffer, format="png", bbox_inches="tight", pad_inches=0.12, metadata={"Software": None}
        )
    return buffer.getvalue()
