"""Detection of faces and of the direction that they turn.

BlazeFace (Bazarevsky et al. 2019, arXiv:1907.05047; the full-range model of MediaPipe) detects
faces. Where it misses one, as many profiles, the face is derived from the points of a detected
person. The face mesh (Kartynnik et al. 2019, arXiv:1907.06724) refines the direction. All were
trained on photographs; docs/benchmarks/retrieval.md says how well they do on paintings.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.detectors.head_orientation import head_orientation
from artextract.detectors.people import Person
from artextract.models.registry import find_detector
from artextract.models.session import Device, Network

Floats = npt.NDArray[np.float32]

_SIDE = 192  # of both networks' inputs, in pixels
_CELLS = 48  # BlazeFace has one anchor in each cell of a grid of 48 x 48
_MINIMUM_SCORE = 0.4
_SAME_FACE = 0.3  # intersection over union
_MAXIMUM_FACES = 16
_MESH_MARGIN = 1.5  # the mesh expects the box of a face enlarged by this factor (MediaPipe)

_MINIMUM_MESH_SIDE = 20.0  # pixels of a face; the mesh fails on smaller ones
_MAXIMUM_MESHES = 4
_SURE_POINT = 0.6
"""Confidence that a person's nose, eye or ear must have to stand for a face. Chosen on WikiArt: 19
of the 48 portraits (n 250) where BlazeFace finds none have one, and 1 of 350 landscapes, town views
and still lifes."""

_CENTRES = (np.arange(_CELLS, dtype=np.float32) + 0.5) / _CELLS
_ANCHORS = np.stack([np.tile(_CENTRES, _CELLS), np.repeat(_CENTRES, _CELLS)], axis=1)


@dataclass(frozen=True, slots=True)
class Face:
    """A face in an image; left and right are the viewer's unless stated otherwise.

    Attributes:
        centre: Centre of its box, as fractions of the image's width and height.
        size: Width and height of the box, likewise.
        points: Right eye, left eye, nose, mouth, right ear and left ear of the person (6, 2),
            likewise.
        yaw: Degrees; negative where the face turns to the left.
        pitch: Degrees; negative where it looks up.
        roll: Degrees; positive where the head leans to the right.
        score: Confidence of the network, 0 to 1.
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
    """A face in pixels of the image."""

    score: float
    centre: Floats  # (2,)
    size: Floats  # (2,)
    points: Floats  # (6, 2)


class FaceDetector:
    """Detects faces; can be called from several threads at once."""

    def __init__(self, device: Device = "cpu", threads: int = 1) -> None:
        """Load the two networks.

        Raises:
            ModelError: a file is missing or damaged, or ``device`` can't be used.
        """
        self._detector = Network(find_detector("faces"), device, threads)
        self._mesh = Network(find_detector("face-mesh"), device, threads)

    def detect(self, image: PIL.Image.Image, people: Sequence[Person]) -> list[Face]:
        """Return the faces in an RGB image, the largest first.

        ``people`` are those detected in it.
        """
        scale = np.asarray(image.size, np.float32)
        faces: list[Face] = []
        boxes = sorted(self._boxes(image), key=lambda box: -float(box.size.max()))
        for number, box in enumerate(boxes):
            has_mesh = number < _MAXIMUM_MESHES and box.size.max() >= _MINIMUM_MESH_SIDE
            mesh = self._mesh_points(image, box) if has_mesh else None
            faces.append(_face(box, scale, mesh))
        for person in people:
            derived = _face_of(person, scale)
            if derived is not None and not any(_covers(face, derived.centre) for face in faces):
                faces.append(derived)
        return sorted(faces, key=lambda face: -face.size[0] * face.size[1])

    def _boxes(self, image: PIL.Image.Image) -> list[_Box]:
        pixels, scale, corner = _letterbox(image)
        boxes, logits = self._detector.run(pixels / np.float32(127.5) - 1)
        scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -50, 50)))
        sure = np.flatnonzero(scores >= _MINIMUM_SCORE)
        found = []
        for at in sure[np.argsort(-scores[sure], kind="stable")]:
            numbers = boxes[0, at].reshape(8, 2) / _SIDE
            points = (numbers[[0, 2, 3, 4, 5, 6, 7]] + _ANCHORS[at]) * _SIDE
            points = (points - corner) / scale
            size = numbers[1] * _SIDE / scale
            found.append(_Box(float(scores[at]), points[0], size, points[1:]))
        return _merge(found)[:_MAXIMUM_FACES]

    def _mesh_points(self, image: PIL.Image.Image, box: _Box) -> Floats | None:
        """Return the mesh (468, 3) of a face, upright, in pixels of its crop.

        None where the network detects no face there.
        """
        right_eye, left_eye = box.points[0], box.points[1]
        roll = np.arctan2(left_eye[1] - right_eye[1], left_eye[0] - right_eye[0])
        step = _MESH_MARGIN * float(box.size.max()) / _SIDE
        along, across = step * np.cos(roll), step * np.sin(roll)
        half = _SIDE / 2
        x, y = box.centre
        affine = (
            along, -across, x - half * (along - across),
            across, along, y - half * (across + along),
        )  # fmt: skip
        crop = image.transform(
            (_SIDE, _SIDE), PIL.Image.Transform.AFFINE, affine, PIL.Image.Resampling.BILINEAR
        )
        mesh, presence = self._mesh.run(np.asarray(crop, np.float32)[None] / 255)
        if presence.item() < 0:  # a logit
            return None
        points: Floats = mesh.reshape(468, 3)
        return points


def _face(box: _Box, scale: Floats, mesh: Floats | None = None) -> Face:
    """Return the face in ``box``; ``scale`` is the image's width and height in pixels."""
    yaw, pitch, roll = head_orientation(box.points, mesh)
    (x, y), (width, height) = box.centre / scale, box.size / scale
    return Face(
        (float(x), float(y)), (float(width), float(height)),
        np.asarray(box.points / scale, np.float32), yaw, pitch, roll, box.score,
    )  # fmt: skip


def _face_of(person: Person, scale: Floats) -> Face | None:
    """Return the face derived from the points of a person's head, if one of them is sure.

    ``scale`` is the image's width and height in pixels.
    """
    visible = person.confidence[:5] > 0
    if visible.sum() < 2 or person.confidence[:5].max() < _SURE_POINT:
        return None
    nose, left_eye, right_eye, left_ear, right_ear = person.points[:5] * scale
    found = person.points[:5][visible] * scale
    side = 1.8 * float(np.ptp(found, axis=0).max())
    if person.confidence[5] > 0 and person.confidence[6] > 0:
        shoulders = (person.points[5] - person.points[6]) * scale
        side = max(side, 0.4 * float(np.hypot(*shoulders)))
    # An ear that is not visible lies behind the eye of its side.
    left_ear = left_ear if visible[3] else left_eye
    right_ear = right_ear if visible[4] else right_eye
    mouth = nose + (nose - (left_eye + right_eye) / 2)
    points = np.stack([right_eye, left_eye, nose, mouth, right_ear, left_ear])
    size = np.full(2, side, np.float32)
    return _face(_Box(float(person.confidence[:5].max()), found.mean(axis=0), size, points), scale)


def _covers(face: Face, point: tuple[float, float]) -> bool:
    return all(
        abs(a - b) < size / 2 for a, b, size in zip(face.centre, point, face.size, strict=True)
    )


def _letterbox(image: PIL.Image.Image) -> tuple[Floats, float, Floats]:
    """Return the image inside a black square (1, 192, 192, 3), its scale and its corner."""
    scale = _SIDE / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (_SIDE - width) // 2, (_SIDE - height) // 2
    square = np.zeros((1, _SIDE, _SIDE, 3), np.float32)
    small = image.resize((width, height), PIL.Image.Resampling.BILINEAR, reducing_gap=2.0)
    square[0, top : top + height, left : left + width] = np.asarray(small)
    return square, scale, np.asarray([left, top], np.float32)


def _merge(boxes: list[_Box]) -> list[_Box]:
    """Return one box for each face: the mean of those that overlap, weighted by their scores.

    ``boxes`` are sorted by descending score (the blending of BlazeFace, section 3.4).
    """
    merged = []
    while boxes:
        same = [box for box in boxes if _overlap(boxes[0], box) >= _SAME_FACE]
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
