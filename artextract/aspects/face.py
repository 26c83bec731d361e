"""Face: which way the main face turns, how many faces there are, where, and how large."""

import math
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
    from artextract.detectors.faces import Face

_YAWS = (-90, -60, -30, 0, 30, 60, 90)
_TILTS = (-30, 0, 30)
_SIZES = (-4, -3, -2, -1)  # log2 of the share of the image's height
_COUNTS = (1, 2, 3, 4)
_CELLS = 4
_SHARES = (0.6, 0.04, 0.04, 0.14, 0.06, 0.12)

_TURNED, _PROFILE = 16.0, 70.0
"""Degrees of yaw within which a face is frontal, and beyond which it is a profile; chosen as the
scale of yaw was, see artextract/detectors/head_orientation.py."""


class FaceAspect(Aspect):
    """Direction, size, place and number of faces."""

    name = "face"
    label = "Faces"
    summary = "faces: their direction, number, place and size"
    source = "Bazarevsky et al. 2019, arXiv:1907.05047; Kartynnik et al. 2019, arXiv:1907.06724"
    size = len(_YAWS) + 2 * len(_TILTS) + _CELLS**2 + len(_SIZES) + len(_COUNTS)
    needs = frozenset({"faces"})
    fact_keys = ("faces",)
    filters = (
        FactFilter(
            name="faces",
            fact="faces",
            label="Faces",
            help="Only artworks with this number of faces: 2, 1:3, or 2: for two and more.",
            example="1:3",
            multiple=False,
            parse=parse_counts("faces"),
            read=lambda facts: [facts["faces"]["count"]],
        ),
        FactFilter(
            name="facing",
            fact="facing",
            label="Facing",
            help="Only artworks whose main face turns this way, as the viewer sees it; any of.",
            example="left",
            choices=("left", "front", "right", "left profile", "right profile"),
            read=lambda facts: [facts["faces"]["orientation"]] if facts["faces"]["count"] else [],
        ),
    )
    absent = "no face was found"
    drawing = "faces"

    def vector(self, image: "ImageFeatures") -> "Floats | None":
        return to_unit(face_histogram(image.faces) - background("face")) if image.faces else None

    def facts(self, image: "ImageFeatures") -> dict[str, Any]:
        return {"faces": face_facts(image.faces)}

    def describe(self, one: Compared, other: Compared) -> str:
        facts = [each.payload["faces"] for each in (one, other)]
        yaws = [each["heads"][0]["yaw"] for each in facts]
        ways = [each["orientation"] for each in facts]
        if ways[0] != ways[1]:
            first, second = (_way(*each) for each in zip(ways, yaws, strict=True))
            faces = f"one face is turned {first}, the other {second}"
        elif ways[0] == "front":
            faces = "both faces are turned to the viewer"
        else:
            side = ways[0].split()[0]
            profile = " in profile" if "profile" in ways[0] else ""
            faces = f"both faces turn {side}{profile}, about {abs(sum(yaws)) / 2:.0f} degrees"
        return f"{faces}; {counts([each['count'] for each in facts], 'face', 'faces')}"

    def draw(self, image: "PIL.Image.Image", payload: Mapping[str, Any]) -> "PIL.Image.Image":
        """Return the image with each face's box and an arrow in the direction that it turns."""
        pen = Pen(image, "#ffd23f")
        for face in payload.get("faces", {}).get("heads", []):
            left, top, width, height = face["box"]
            pen.box(left, top, width, height)
            x, y = left + width / 2, top + height / 2
            yaw, pitch = math.radians(face["yaw"]), math.radians(face["pitch"])
            tip = (x + width * math.sin(yaw), y + height * math.sin(pitch))
            pen.line((x, y), tip)
            pen.dot(tip, 2)
        return pen.image


def face_histogram(faces: "Sequence[Face]") -> Floats:
    """Return the vector (37,) of an image's faces, the largest first, of length 1.

    The background is still to be subtracted.
    """
    import numpy as np

    main = faces[0]
    areas = np.sqrt([face.size[0] * face.size[1] for face in faces])
    where = sum(area * place(*face.centre, _CELLS) for area, face in zip(areas, faces, strict=True))
    parts = (
        bumps(main.yaw, _YAWS, 22),
        bumps(main.pitch, _TILTS, 20),
        bumps(main.roll, _TILTS, 20),
        np.asarray(where),
        bumps(float(np.log2(max(main.size[1], 1e-3))), _SIZES, 0.7),
        bumps(min(len(faces), _COUNTS[-1]), _COUNTS, 0.6),
    )
    return weighted(_SHARES, parts)


def orientation_of(yaw: float) -> str:
    """Return "left profile", "left", "front", "right" or "right profile" of a yaw in degrees.

    Left and right are the viewer's.
    """
    if abs(yaw) < _TURNED:
        return "front"
    side = "left" if yaw < 0 else "right"
    return f"{side} profile" if abs(yaw) > _PROFILE else side


def face_facts(faces: "Sequence[Face]") -> dict[str, Any]:
    """Return ``count`` and, where there are faces, ``orientation`` of the main one and ``heads``.

    Each of ``heads`` has ``box`` (left, top, width and height as fractions of the image) and
    ``yaw``, ``pitch`` and ``roll`` in degrees.
    """
    if not faces:
        return {"count": 0}
    return {
        "count": len(faces),
        "orientation": orientation_of(faces[0].yaw),
        "heads": [
            {
                "box": [
                    round(face.centre[0] - face.size[0] / 2, 4),
                    round(face.centre[1] - face.size[1] / 2, 4),
                    round(face.size[0], 4),
                    round(face.size[1], 4),
                ],
                "yaw": round(face.yaw),
                "pitch": round(face.pitch),
                "roll": round(face.roll),
            }
            for face in faces
        ],
    }


def _way(orientation: str, yaw: float) -> str:
    if orientation == "front":
        return "to the viewer"
    return f"{orientation.split()[0]} by about {abs(yaw):.0f} degrees"
