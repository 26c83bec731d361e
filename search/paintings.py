"""Finding paintings in a photograph: quadrilaterals of straight edges.

Line segments are found in lightness and in colour (LSD: Grompone von Gioi, Jakubowicz, Morel and
Randall, "LSD: a line segment detector", doi:10.5201/ipol.2012.gjmr-lsd), and joined into lines. Two
rather upright and two rather level lines bound a quadrilateral. It counts as far as edges run all
along its sides and end at its corners. A painting in its frame gives several: its own edge, those
of a mat, and the inner and outer ones of the frame.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from search.region import Quadrilateral

Floats = npt.NDArray[np.float64]

MOST = 10
"""Most outlines in a photograph."""

_MOST_OF_PAINTING = 5

# Lengths are in pixels of the photograph with this longest side. All numbers were chosen on the
# development part of benchmarks/museum_photographs.py.
_SIDE = 640
_SHORTEST_SEGMENT = 12
_TOLERANCE = 2.0  # distance of a segment's ends from its line
_LINES = 22  # of each direction
_SHORTEST_SIDE = 58
_SMALLEST_SHARE = 0.025  # of the photograph's area
_BEYOND = 13  # how far a quadrilateral may reach beyond the photograph
_END = 12  # what counts as the end of a side
_GAP = 3  # between a corner and what lies beyond it
_LEAST_SIDE, _LEAST_SIDES = 0.25, 0.5  # parts of one side, and of all four, that have an edge
_LEAST_CLEARNESS = 1.0
_SAME = 0.9  # overlap of two outlines, divided by the area of both together
_SAME_PAINTING = 0.4  # overlap, divided by the smaller area


@dataclass(frozen=True, slots=True)
class Outline:
    """A quadrilateral around a painting in a photograph.

    Attributes:
        corners: Where it is.
        clearness: How clear its edges are, up to 2.
        painting: The number of the painting, from 0; several outlines may be of one painting.
    """

    corners: Quadrilateral
    clearness: float
    painting: int


def find_outlines(image: PIL.Image.Image) -> list[Outline]:
    """Return outlines of the paintings in a photograph (RGB), the clearest first, at most ``MOST``.

    There are none, as a rule, in an image that shows one artwork and nothing around it.
    """
    scale = _SIDE / max(image.size)
    size = [round(side * scale) for side in image.size]
    if min(size) < _SHORTEST_SIDE:
        return []
    found, clearness = _find_quadrilaterals(np.asarray(image.resize(size)))
    kept: list[Floats] = []
    firsts: list[Floats] = []  # the clearest outline of each painting
    outlines: list[Outline] = []
    for at in np.argsort(-clearness, kind="stable"):
        corners = found[at]
        if any(_overlap(corners, other, of_both=True) > _SAME for other in kept):
            continue
        of = [_overlap(corners, first) > _SAME_PAINTING for first in firsts]
        if not any(of):
            firsts.append(corners)
            of.append(True)
        painting = of.index(True)
        if sum(outline.painting == painting for outline in outlines) == _MOST_OF_PAINTING:
            continue
        kept.append(corners)
        outlines.append(Outline(Quadrilateral.of(corners / size), float(clearness[at]), painting))
        if len(outlines) == MOST:
            break
    return outlines


def _overlap(one: Floats, other: Floats, *, of_both: bool = False) -> float:
    import cv2

    shapes = one.astype(np.float32), other.astype(np.float32)
    shared = float(cv2.intersectConvexConvex(*shapes)[0])
    areas = [cv2.contourArea(shape) for shape in shapes]
    return shared / (sum(areas) - shared if of_both else min(areas))


def _find_quadrilaterals(pixels: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Return the corners (n, 4, 2) and the clearness (n,) of quadrilaterals with clear edges."""
    height, width = pixels.shape[:2]
    segments = _find_segments(pixels)
    is_level = np.abs(segments[:, 2] - segments[:, 0]) >= np.abs(segments[:, 3] - segments[:, 1])
    level = _Lines(segments[is_level], width)
    upright = _Lines(segments[~is_level][:, [1, 0, 3, 2]], height)
    # y = a x + b meets x = c y + d where y = (a d + b) / (1 - a c).
    y = (upright.intercept[:, None] * level.slope + level.intercept) / (
        1 - upright.slope[:, None] * level.slope
    )
    x = upright.slope[:, None] * y + upright.intercept[:, None]
    (left, right), (top, bottom) = (
        np.stack(np.triu_indices(len(lines.slope), 1)) for lines in (upright, level)
    )
    left, right = (np.repeat(each, len(top)) for each in (left, right))
    top, bottom = (np.tile(each, len(left) // max(1, len(top))) for each in (top, bottom))
    at = ((left, top), (right, top), (right, bottom), (left, bottom))
    corners = np.stack([np.stack([x[each], y[each]], axis=-1) for each in at], axis=1)
    kept = _is_plausible(corners, width, height)
    corners, left, right, top, bottom = (each[kept] for each in (corners, left, right, top, bottom))
    sides = [
        level.covered(top, corners[:, 0, 0], corners[:, 1, 0]),
        level.covered(bottom, corners[:, 3, 0], corners[:, 2, 0]),
        upright.covered(left, corners[:, 0, 1], corners[:, 3, 1]),
        upright.covered(right, corners[:, 1, 1], corners[:, 2, 1]),
    ]
    whole, ends, beyond = np.stack(sides).transpose(1, 2, 0)
    clearness = whole.mean(axis=1) + ends.mean(axis=1) - 2 * beyond.mean(axis=1)
    kept = (
        (whole.min(axis=1) > _LEAST_SIDE)
        & (whole.mean(axis=1) > _LEAST_SIDES)
        & (clearness >= _LEAST_CLEARNESS)
    )
    return corners[kept], clearness[kept]


def _is_plausible(corners: Floats, width: int, height: int) -> npt.NDArray[np.bool_]:
    """Return which quadrilaterals are in the photograph, large enough, and not twisted."""
    beyond = np.asarray([_BEYOND, _BEYOND])
    inside = (corners > -beyond) & (corners < np.asarray([width, height]) + beyond)
    upper_left, upper_right, lower_right, lower_left = corners.transpose(1, 2, 0)
    diagonals = lower_right - upper_left, lower_left - upper_right
    area = np.abs(diagonals[0][0] * diagonals[1][1] - diagonals[0][1] * diagonals[1][0]) / 2
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=1), axis=2)
    return np.asarray(
        inside.all(axis=(1, 2))
        & (area > _SMALLEST_SHARE * width * height)
        & (sides.min(axis=1) > _SHORTEST_SIDE)
        & (upper_right[0] > upper_left[0])
        & (lower_right[0] > lower_left[0])
        & (lower_left[1] > upper_left[1])
        & (lower_right[1] > upper_right[1])
    )


def _find_segments(pixels: npt.NDArray[np.uint8]) -> Floats:
    """Return line segments, (n, 4): x and y of both ends.

    Colour is looked at in half the size: JPEG stores it so.
    """
    import cv2

    lightness = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[..., 0]
    half = cv2.resize(pixels, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    colours = cv2.cvtColor(half, cv2.COLOR_RGB2LAB)[..., 1:]
    found = [np.zeros((0, 4))]
    for channel, scale in ((lightness, 1), (colours[..., 0], 2), (colours[..., 1], 2)):
        detector = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD)
        segments = detector.detect(_stretch(cv2.GaussianBlur(channel, (0, 0), 0.8)))[0]
        if segments is not None:
            found.append(scale * segments.reshape(-1, 4).astype(np.float64))
    segments = np.concatenate(found)
    lengths = np.hypot(segments[:, 2] - segments[:, 0], segments[:, 3] - segments[:, 1])
    return np.asarray(segments[lengths >= _SHORTEST_SEGMENT])


def _stretch(channel: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return a channel with all but 2 % of its values spread over 0 to 255."""
    low, high = np.percentile(channel[::4, ::4], [1, 99])
    spread = (channel.astype(np.float32) - low) * (255 / max(high - low, 20))
    return np.asarray(np.clip(spread, 0, 255), np.uint8)


class _Lines:
    """Lines v = slope u + intercept, in order, and which parts of each have an edge."""

    def __init__(self, segments: Floats, length: int) -> None:
        """Join segments, (n, 4): u and v of both ends; u is from 0 to ``length``."""
        turned = segments[:, 0] > segments[:, 2]
        segments = np.where(turned[:, None], segments[:, [2, 3, 0, 1]], segments)
        segments = segments[np.argsort(segments[:, 0] - segments[:, 2], kind="stable")]
        free = np.ones(len(segments), bool)
        lines: list[tuple[float, float]] = []
        edges: list[npt.NDArray[np.float32]] = []
        for at in range(len(segments)):
            if not free[at] or len(lines) == 3 * _LINES:
                continue
            line, near = _fit_line(segments, at)
            free &= ~near
            edge = np.zeros(length, np.float32)
            for begin, _, end, _ in np.rint(segments[near]).astype(int):
                edge[max(0, begin - 1) : end + 2] = 1
            lines.append(line)
            edges.append(edge)
        found, edge = np.reshape(lines, (-1, 2)), np.reshape(edges, (-1, length))
        longest = np.argsort(-edge.sum(axis=1), kind="stable")[:_LINES]
        order = longest[np.argsort(found[longest] @ (length / 2, 1), kind="stable")]
        self.slope, self.intercept = found[order].T
        self._sums = np.pad(np.cumsum(edge[order], axis=1), ((0, 0), (1, 0)))

    def covered(self, line: npt.NDArray[np.intp], begin: Floats, end: Floats) -> Floats:
        """Return how much of parts of lines has an edge, (3, n), 0 to 1.

        The rows: between ``begin`` and ``end``; at both ends of it; beyond both ends.
        """
        short = np.minimum(_END, (end - begin) / 4)
        before, after = begin - _GAP, end + _GAP
        return np.stack([
            self._share(line, begin, end),
            (self._share(line, begin, begin + short) + self._share(line, end - short, end)) / 2,
            (self._share(line, before - short, before) + self._share(line, after, after + short))
            / 2,
        ])  # fmt: skip

    def _share(self, line: npt.NDArray[np.intp], begin: Floats, end: Floats) -> Floats:
        most = self._sums.shape[1] - 1
        first, last = (np.clip(np.rint(each).astype(int), 0, most) for each in (begin, end))
        edge = self._sums[line, last] - self._sums[line, first]
        return np.asarray(edge / np.maximum(end - begin, 1))


def _fit_line(segments: Floats, at: int) -> tuple[tuple[float, float], npt.NDArray[np.bool_]]:
    """Return slope and intercept of the line through a segment, and which segments lie on it.

    It is fitted twice to all segments on it, by least squares weighted by their lengths.
    """
    begin, v_begin, end, v_end = segments[at]
    slope = (v_end - v_begin) / max(end - begin, 1e-6)
    intercept = v_begin - slope * begin
    for _ in range(2):
        near = _is_near(segments, slope, intercept)
        if not near.any():
            break
        u, v = segments[near][:, [0, 2]].ravel(), segments[near][:, [1, 3]].ravel()
        weights = np.sqrt(np.repeat(np.diff(u.reshape(-1, 2))[:, 0], 2))
        system = np.stack([u, np.ones_like(u)], axis=1) * weights[:, None]
        slope, intercept = np.linalg.lstsq(system, v * weights, rcond=None)[0]
    near = _is_near(segments, slope, intercept)
    near[at] = True
    return (float(slope), float(intercept)), near


def _is_near(segments: Floats, slope: float, intercept: float) -> npt.NDArray[np.bool_]:
    offsets = segments[:, [1, 3]] - slope * segments[:, [0, 2]] - intercept
    return np.asarray((np.abs(offsets) < _TOLERANCE).all(axis=1))
