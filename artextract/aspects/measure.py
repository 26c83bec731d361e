"""Measuring one picture: its vectors, and what there is to say of it in words and numbers."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from artextract.aspects import composition, face, lighting, palette, pose
from artextract.aspects.grid import Floats
from artextract.aspects.view import View

__all__ = ["DIMENSIONS", "SEEN", "Measured", "measure", "needs_detectors", "terms_of"]

DIMENSIONS = {
    "composition": composition.DIMENSION,
    "lighting": lighting.DIMENSION,
    "palette": palette.DIMENSION,
    "face": face.DIMENSION,
    "pose": pose.DIMENSION,
}
"""{aspect: numbers of its vector} of what is measured of the picture alone."""

SEEN = ("faces", "bodies", "light", "palette", "predicted")
"""Payload keys with what was seen of a picture."""

_SEES_HEADS = {"face", "scene"}
_SEES_BODIES = {"pose", "scene"}


@dataclass(frozen=True, slots=True)
class Measured:
    """``vectors`` {aspect: unit vector}, without what the picture has not; ``facts`` for payloads.

    ``facts`` has ``faces``, ``bodies``, ``light`` and ``palette`` as far as they were looked for;
    see :func:`~artextract.aspects.face.faces_facts` and its like.
    """

    vectors: dict[str, Floats] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)


def needs_detectors(aspects: Collection[str]) -> bool:
    """Return whether heads or bodies are looked for when ``aspects`` are measured."""
    return bool((_SEES_HEADS | _SEES_BODIES) & set(aspects))


def measure(view: View, aspects: Collection[str]) -> Measured:
    """Return what is measured of a picture for ``aspects``; others are passed over.

    Of "scene" only the facts are measured: its vector also needs a classifier's word
    (:func:`artextract.aspects.scene.scene`).
    """
    vectors: dict[str, Floats | None] = {}
    facts: dict[str, Any] = {}
    if _SEES_HEADS & set(aspects):
        facts["faces"] = face.faces_facts(view.heads)
    if _SEES_BODIES & set(aspects):
        facts["bodies"] = pose.bodies_facts(view.bodies)
    if "composition" in aspects:
        vectors["composition"] = composition.composition(view.lab)
    if "lighting" in aspects:
        vectors["lighting"] = lighting.lighting(view.lab)
        facts["light"] = lighting.lighting_facts(view.lab)
    if "palette" in aspects:
        vectors["palette"] = palette.palette(view.lab[::2, ::2])
        facts["palette"] = palette.palette_facts(view.lab)
    if "face" in aspects:
        vectors["face"] = face.face(view.heads)
    if "pose" in aspects:
        vectors["pose"] = pose.pose(view.bodies, view.image.width / view.image.height)
    return Measured({name: each for name, each in vectors.items() if each is not None}, facts)


def terms_of(facts: Mapping[str, Any]) -> list[str]:
    """Return what can be filtered by: "faces=2", "facing=left", "light=left", "key=low", ..."""
    terms = []
    if "faces" in facts:
        terms.append(f"faces={facts['faces']['count']}")
        if "orientation" in facts["faces"]:
            terms.append(f"facing={facts['faces']['orientation']}")
    if "bodies" in facts:
        terms.append(f"bodies={facts['bodies']['count']}")
    if "light" in facts:
        terms += [f"light={facts['light']['direction']}", f"key={facts['light']['key']}"]
    if "palette" in facts:
        terms += [f"colour={name}" for name in facts["palette"]["main"]]
    return terms
