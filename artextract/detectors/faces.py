"""Heads: where they are and which way they turn.

BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047; the full-range model of MediaPipe) finds them,
and where it does not, a body whose face is seen surely tells of one: many a profile is found so.
The face mesh (Kartynnik et al. 2019, arXiv:1907.06724) helps to tell which way they turn. All were
trained on photographs; docs/benchmarks/retrieval.md says how well they do on paintings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.detectors.head_orientation import turn_of
from artextract.detectors.people import Body
from artextract.models.registry import find_detector
from artextract.models.session import Device, Network

__all__ = ["Head", "HeadFinder"]

Floats = npt.NDArray[np.float32]

_SIDE = 192  # of both networks' inputs, in pixels
_CELLS = 48  # BlazeFace has one anchor in each cell of a grid of 48 x 48
_LEAST_SCORE = 0.4
_SAME_HEAD = 0.3  # intersection over union
_MOST_HEADS = 16
_MESH_MARGIN = 1.5  # the mesh expects the box of a face, enlarged so (MediaPipe)

_LEAST_FACE = 20.0  # pixels; the mesh says nothing of smaller ones
_MOST_MESHES = 4
_SURE_POINT = 0.6
"""How sure a body's nose, eye or ear must be to tell of a head. Chosen on WikiArt: 19 of the 48
portraits (n 250) without a face have one, and 1 of 350 landscapes, town views and still lifes."""

_CENTRES = (np.arange(_CELLS, dtype=np.float32) + 0.5) / _CELLS
_ANCHORS = np.stack([np.tile(_CENTRES, _CELLS), np.repeat(_CENTRES, _CELLS)], axis=1)


@dataclass(frozen=True, slots=True)
class Head:
    """A head in a picture; ``left`` and ``right`` are the viewer's.

    ``centre`` and ``size`` are those of the face's box as fractions of the picture's width and
    height; ``points`` (6, 2) are right eye, left eye, nose, mouth, right ear and left ear of the
    person, in the same measure. ``yaw``, ``pitch`` and ``roll`` are in degrees: yaw is negative
    where the face turns to the viewer's left, pitch negative where it looks up, roll positive
    where the head leans to the viewer's right. ``score`` is the network's, 0 to 1.
    """

    centre: tuple[float, float]
    size: tuple[float, float]
    points: Floats
    yaw: float
    pitch: float
    roll: float
    score: float


@dataclass(frozen=True, slots=True)
class _Box:
    """A face in pixels of the picture."""

    score: float
    centre: Floats  # (2,)
    size: Floats  # (2,)
    points: Floats  # (6, 2)


class HeadFinder:
    """Finds heads; can be called from several threads at once."""

    def __init__(self, device: Device = "cpu", threads: int = 1) -> None:
        """Load the two networks.

        Raises:
            ModelError: a file is missing or damaged, or ``device`` can't be used.
        """
        self._detector = Network(find_detector("faces"), device, threads)
        self._mesh = Network(find_detector("face-mesh"), device, threads)

    def find(self, image: PIL.Image.Image, bodies: Sequence[Body]) -> list[Head]:
        """Return the heads in an RGB picture, the largest first; none where there are none.

        ``bodies`` are those found in it.
        """
        scale = np.asarray(image.size, np.float32)
        heads: list[Head] = []
        boxes = sorted(self._boxes(image), key=lambda box: -float(box.size.max()))
        for number, box in enumerate(boxes):
            looked_at = number < _MOST_MESHES and box.size.max() >= _LEAST_FACE
            mesh = self._mesh_points(image, box) if looked_at else None
            yaw, pitch, roll = turn_of(box.points, mesh)
            centre, size = box.centre / scale, box.size / scale
            heads.append(
                Head(
                    (float(centre[0]), float(centre[1])),
                    (float(size[0]), float(size[1])),
                    box.points / scale,
                    yaw,
                    pitch,
                    roll,
                    box.score,
                )
            )
        for body in bodies:
            head = _head_of(body, scale)
            if head is not None and not any(_covers(other, head.centre) for other in heads):
                heads.append(head)
        return sorted(heads, key=lambda head: -head.size[0] * head.size[1])

    def _boxes(self, image: PIL.Image.Image) -> list[_Box]:
        pixels, scale, corner = _letterbox(image)
        boxes, logits = self._detector.run(pixels / np.float32(127.5) - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -50, 50)))
        sure = np.flatnonzero(scores >= _LEAST_SCORE)
        found = []
        for at in sure[np.argsort(-scores[sure], kind="stable")]:
            numbers = boxes[0, at].reshape(8, 2) / _SIDE
            places = (numbers[[0, 2, 3, 4, 5, 6, 7]] + _ANCHORS[at]) * _SIDE
            places = (places - corner) / scale
            size = numbers[1] * _SIDE / scale
            found.append(_Box(float(scores[at]), places[0], size, places[1:]))
        return _merge(found)[:_MOST_HEADS]

    def _mesh_points(self, image: PIL.Image.Image, box: _Box) -> Floats | None:
        """Return the mesh (468, 3) of a face, upright, in pixels of its cut-out.

        None where the network sees no face there.
        """
        right_eye, left_eye = box.points[0], box.points[1]
        lean = np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
        step = _MESH_MARGIN * float(box.size.max()) / _SIDE
        along, across = step * np.cos(lean), step * np.sin(lean)
        half = _SIDE / 2
        x, y = box.centre
        affine = (
            along, -across, x - half * (along - across),
            across, along, y - half * (across + along),
        )  # fmt: skip
        cut = image.transform(
            (_SIDE, _SIDE), PIL.Image.Transform.AFFINE, affine, PIL.Image.Resampling.BILINEAR
        )
        mesh, presence = self._mesh.run(np.asarray(cut, np.float32)[None] / 255)
        if presence.item() < 0:  # a logit
            return None
        points: Floats = mesh.reshape(468, 3)
        return points


def _head_of(body: Body, scale: Floats) -> Head | None:
    """Return the head that a body's nose, eyes and ears tell of, if one of them is sure.

    ``scale`` are the picture's width and height in pixels.
    """
    seen = body.seen[:5] > 0
    if seen.sum() < 2 or body.seen[:5].max() < _SURE_POINT:
        return None
    nose, left_eye, right_eye, left_ear, right_ear = body.points[:5] * scale
    found = body.points[:5][seen] * scale
    side = 1.8 * float(np.ptp(found, axis=0).max())
    if body.seen[5] > 0 and body.seen[6] > 0:
        shoulders = (body.points[5] - body.points[6]) * scale
        side = max(side, 0.4 * float(np.hypot(*shoulders)))
    # An ear that is not seen lies behind the eye of its side.
    left_ear = left_ear if seen[3] else left_eye
    right_ear = right_ear if seen[4] else right_eye
    mouth = nose + (nose - (left_eye + right_eye) / 2)
    points = np.stack([right_eye, left_eye, nose, mouth, right_ear, left_ear])
    yaw, pitch, roll = turn_of(points, None)
    centre = found.mean(axis=0) / scale
    width, height = side / scale
    return Head(
        (float(centre[0]), float(centre[1])), (float(width), float(height)),
        np.asarray(points / scale, np.float32), yaw, pitch, roll, float(body.seen[:5].max()),
    )  # fmt: skip


def _covers(head: Head, place: tuple[float, float]) -> bool:
    return all(
        abs(a - b) < size / 2 for a, b, size in zip(head.centre, place, head.size, strict=True)
    )


def _letterbox(image: PIL.Image.Image) -> tuple[Floats, float, Floats]:
    """Return the picture inside a black square (1, 192, 192, 3), its scale and its corner."""
    scale = _SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (_SIDE - width) // 2, (_SIDE - height) // 2
    square = np.zeros((1, _SIDE, _SIDE, 3), np.float32)
    small = image.resize((width, height), PIL.Image.Resampling.BILINEAR, reducing_gap=2.0)
    square[0, top : top + height, left : left + width] = np.asarray(small)
    return square, scale, np.asarray([left, top], np.float32)


def _merge(boxes: list[_Box]) -> list[_Box]:
    """Return one box for each face: the mean of those that overlap, weighted by their scores.

    ``boxes`` are sorted, the surest first (the blending of BlazeFace, section 3.4).
    """
    merged = []
    while boxes:
        same = [box for box in boxes if _overlap(boxes[0], box) >= _SAME_HEAD]
        boxes = [box for box in boxes[1:] if all(box is not other for other in same)]
        weights = np.asarray([box.score for box in same], np.float32)
        weights /= weights.sum()
        merged.append(
            _Box(
                same[0].score,
                np.asarray(sum(w * box.centre for w, box in zip(weights, same, strict=True))),
                np.asarray(sum(w * box.size for w, box in zip(weights, same, strict=True))),
                np.asarray(sum(w * box.points for w, box in zip(weights, same, strict=True))),
            )
        )
    return merged


def _overlap(a: _Box, b: _Box) -> float:
    """Return the intersection over union of two boxes, 0 to 1."""
    if a is b:
        return 1.0
    low = np.maximum(a.centre - a.size / 2, b.centre - b.size / 2)
    high = np.minimum(a.centre + a.size / 2, b.centre + b.size / 2)
    common = float(np.prod(np.clip(high - low, 0, None)))
    return common / float(np.prod(a.size) + np.prod(b.size) - common)
