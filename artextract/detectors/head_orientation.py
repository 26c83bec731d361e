"""Head orientation: yaw, pitch and roll from the points of a face."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

# Points of the face mesh (canonical_face_model_uv_visualization.png of MediaPipe).
_RIGHT_EDGE, _LEFT_EDGE, _FOREHEAD, _CHIN = 234, 454, 10, 152

_OF_POINTS, _OF_MESH, _OF_POINTS_ALONE = 54.0, 0.6, 90.0
"""Degrees of yaw per unit of the two networks' output, chosen on 41 faces of paintings labelled by
hand (part "dev" of benchmarks/labels/nga.csv). The mesh alone gives too small angles: it stays
closer to a frontal face than painted faces do."""


def head_orientation(points: Floats, mesh: Floats | None) -> tuple[float, float, float]:
    """Return (yaw, pitch, roll) in degrees; signs as of :class:`~artextract.detectors.faces.Face`.

    Args:
        points: Right eye, left eye, nose, mouth, right ear, left ear (6, 2) in pixels, y downwards.
        mesh: The face mesh (468, 3), upright, or None where there is none.
    """
    between_eyes = points[1] - points[0]
    roll = float(np.arctan2(between_eyes[1], between_eyes[0]))
    offset = _nose_offset(points, roll)
    yaw, pitch = _OF_POINTS_ALONE * offset, 0.0
    if mesh is not None:
        across = mesh[_LEFT_EDGE] - mesh[_RIGHT_EDGE]
        down = mesh[_CHIN] - mesh[_FOREHEAD]
        # The mesh's z grows away from the viewer.
        mesh_yaw = float(np.degrees(np.arctan2(across[2], across[0])))
        yaw = _OF_POINTS * offset + _OF_MESH * mesh_yaw
        pitch = float(np.degrees(np.arctan2(down[2], down[1])))
    return float(np.clip(yaw, -90, 90)), pitch, float(np.degrees(roll))


def _nose_offset(points: Floats, roll: float) -> float:
    """Return how far the nose is from the middle of the ears, in widths between the ears.

    0 is a frontal face, negative one that turns to the viewer's left; a profile is about 1.
    """
    along = np.asarray([np.cos(roll), np.sin(roll)], np.float32)
    positions = points @ along
    nose, right_ear, left_ear = positions[2], positions[4], positions[5]
    width = max(abs(float(left_ear - right_ear)), 1e-3)
    return float(nose - (left_ear + right_ear) / 2) / width
