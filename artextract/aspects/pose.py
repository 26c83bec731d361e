"""Pose: how the main figure holds its limbs, how much of it is shown, and how figures group."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artextract.aspects.background import background
from artextract.aspects.base import Aspect, Compared, FactFilter, parse_counts
from artextract.aspects.grid import Floats, bumps, place, to_unit, weighted
from artextract.aspects.pen import Pen
from artextract.aspects.phrases import counts

if TYPE_CHECKING:
    import PIL.Image

    from artextract.aspects.features import ImageFeatures
    from artextract.detectors.people import Person

LIMBS = (
    (5, 6), (5, 7), (7, 9), (6, 8), (8, 10), (5, 11), (6, 12), (11, 12), (11, 13), (13, 15),
    (12, 14), (14, 16),
)  # fmt: skip
"""Pairs of the points of :data:`artextract.detectors.people.POINTS` that form a skeleton."""

_POINTS = 17
_COUNTS = (1, 2, 3, 4, 5, 6)
_SHAPES = (-1.5, -0.75, 0, 0.75, 1.5)  # log2 of height by width
_SIZES = (-3, -2, -1, 0)  # log2 of the share of the image's height
_CELLS = 4
_SHARES = (0.4, 0.25, 0.1, 0.1, 0.05, 0.1)


class Pose(Aspect):
    """Directions of limbs, visible points, and shape, size, number and place of figures."""

    name = "pose"
    label = "Pose"
    summary = "the pose of the main figure, and the group"
    source = (
        "MoveNet multipose, Google 2021, https://tfhub.dev/google/movenet/multipose/lightning/1"
    )
    size = 2 * len(LIMBS) + _POINTS + len(_SHAPES) + len(_SIZES) + len(_COUNTS) + _CELLS**2
    needs = frozenset({"people"})
    fact_keys = ("bodies",)
    filters = (
        FactFilter(
            name="bodies",
            fact="bodies",
            label="Figures",
            help="Only artworks with this number of figures, written like faces.",
            example="2:",
            multiple=False,
            parse=parse_counts("bodies"),
            read=lambda facts: [facts["bodies"]["count"]],
        ),
    )
    absent = "no figure was found"
    drawing = "figures"

    def vector(self, image: "ImageFeatures") -> "Floats | None":
        if not image.people:
            return None
        return to_unit(pose_histogram(image.people, image.aspect_ratio) - background("pose"))

    def facts(self, image: "ImageFeatures") -> dict[str, Any]:
        return {"bodies": people_facts(image.people)}

    def describe(self, one: Compared, other: Compared) -> str:
        people = [each.payload["bodies"]["bodies"] for each in (one, other)]
        first, second = (_posture(each[0]) for each in people)
        posture = (
            f"both figures are {first}" if first == second
            else f"one figure is {first}, the other {second}"
        )  # fmt: skip
        return f"{posture}; {counts([len(each) for each in people], 'figure', 'figures')}"

    def draw(self, image: "PIL.Image.Image", payload: Mapping[str, Any]) -> "PIL.Image.Image":
        """Return the image with the skeleton of each figure."""
        pen = Pen(image, "#4ce0b3")
        for points in payload.get("bodies", {}).get("bodies", []):
            for start, end in LIMBS:
                if points[start] and points[end]:
                    pen.line(points[start], points[end])
            for point in filter(None, points):
                pen.dot(point, 1.5)
        return pen.image


def pose_histogram(people: "Sequence[Person]", aspect_ratio: float) -> Floats:
    """Return the vector (72,) of an image's figures, the largest first, of length 1 or less.

    ``aspect_ratio`` is the image's width by its height. The background is still to be subtracted.
    """
    import numpy as np

    main = people[0]
    left, top, right, bottom = main.box
    width, height = max(right - left, 1e-3), max(bottom - top, 1e-3)
    areas = [np.sqrt(max(person.area, 1e-6)) for person in people]
    centres = [((p.box[0] + p.box[2]) / 2, (p.box[1] + p.box[3]) / 2) for p in people]
    where = sum(area * place(*at, _CELLS) for area, at in zip(areas, centres, strict=True))
    parts = (
        _limb_directions(main, aspect_ratio),
        (main.confidence > 0).astype(np.float32),
        bumps(float(np.log2(height / (width * aspect_ratio))), _SHAPES, 0.6),
        bumps(float(np.log2(height)), _SIZES, 0.7),
        bumps(len(people), _COUNTS, 0.8),
        np.asarray(where),
    )
    return weighted(_SHARES, parts)


def _limb_directions(person: "Person", aspect_ratio: float) -> Floats:
    """Return the direction of each limb, (12, 2) flat: length 1, or 0 if not visible."""
    import numpy as np

    points = person.points * np.asarray([aspect_ratio, 1], np.float32)
    found = np.zeros((len(LIMBS), 2), np.float32)
    for number, (start, end) in enumerate(LIMBS):
        if person.confidence[start] > 0 and person.confidence[end] > 0:
            found[number] = to_unit(points[end] - points[start])
    return found.ravel()


def people_facts(people: "Sequence[Person]") -> dict[str, Any]:
    """Return ``count`` and, where there are figures, their points as ``bodies``.

    Each figure is 17 times [x, y] as fractions of the image, None where a point is not visible; the
    order is that of :data:`artextract.detectors.people.POINTS`.
    """
    if not people:
        return {"count": 0}
    return {
        "count": len(people),
        "bodies": [
            [
                [round(float(x), 3), round(float(y), 3)] if confidence > 0 else None
                for (x, y), confidence in zip(person.points, person.confidence, strict=True)
            ]
            for person in people
        ],
    }


def _posture(points: Sequence[Sequence[float] | None]) -> str:
    """Return the posture of the trunk and how much is shown, by shoulders, hips and legs."""
    import numpy as np

    shoulders = [point for point in points[5:7] if point]
    hips = [point for point in points[11:13] if point]
    if not hips or not shoulders:
        return "shown down to the shoulders" if shoulders else "shown in part"
    across, down = np.mean(hips, axis=0) - np.mean(shoulders, axis=0)
    if abs(across) > abs(down):
        return "lying or bent over"
    return "upright, legs and all" if any(points[13:17]) else "upright, down to the hips"
