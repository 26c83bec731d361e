"""Scene: what kind of scene it is, by the genre that a classifier predicts and by who is in it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from artextract.aspects.background import background
from artextract.aspects.base import Aspect, Compared
from artextract.aspects.grid import Floats, bumps, to_unit, weighted
from artextract.aspects.phrases import classification, count

if TYPE_CHECKING:
    from artextract.aspects.features import ImageFeatures

_FACES, _FIGURES = (0, 1, 2, 4), (0, 1, 2, 4, 6)
_SIZES = (-5, -4, -3, -2, -1)  # log2 of the share of the image's height
_SHARES = (0.6, 0.4)


class Scene(Aspect):
    """Probabilities of genres, and number and size of faces and figures."""

    name = "scene"
    label = "Scene"
    summary = "the kind of scene: genre and people"
    needs = frozenset({"classifier"})
    uses_facts_of = ("face", "pose")
    requires = "a `classifier` that predicts genres"

    def dimensions(
        self, embeddings: Mapping[str, int], classes: Mapping[str, Sequence[str]]
    ) -> int | None:
        genres = classes.get("genre", ())
        return len(genres) + len(_FACES) + len(_FIGURES) + 2 * len(_SIZES) if genres else None

    def vector(self, image: "ImageFeatures") -> Floats:
        return scene_vector(image.genres, image.facts)

    def describe(self, one: Compared, other: Compared) -> str:
        genres = classification("genre", one, other)
        kinds = "" if genres is None else f"{genres}, "
        people = [each.payload["bodies"]["count"] for each in (one, other)]
        if people[0] == people[1]:
            return f"{kinds}both with {count(people[0], 'person', 'people')}"
        return f"{kinds}with {people[0]} and {count(people[1], 'person', 'people')}"


def scene_vector(genres: Floats, facts: Mapping[str, Any]) -> Floats:
    """Return the vector (number of genres + 19,) of an image, of length 1.

    Args:
        genres: Probabilities of the genres, which add up to 1.
        facts: ``faces`` and ``bodies``, as the aspects face and pose detect them.
    """
    import numpy as np

    roots = np.sqrt(genres)
    parts = (roots - roots.mean(), people_histogram(facts) - background("people"))
    return to_unit(weighted(_SHARES, parts))


def people_histogram(facts: Mapping[str, Any]) -> Floats:
    """Return the number of faces and figures and the size of the largest (19,)."""
    import numpy as np

    faces = facts["faces"].get("heads", [])
    figures = facts["bodies"].get("bodies", [])
    face = max((each["box"][3] for each in faces), default=0.0)
    heights = [
        max(point[1] for point in each if point) - min(point[1] for point in each if point)
        for each in figures
    ]
    return np.concatenate(
        [
            bumps(min(len(faces), _FACES[-1]), _FACES, 0.6),
            bumps(min(len(figures), _FIGURES[-1]), _FIGURES, 0.8),
            bumps(float(np.log2(max(face, 2.0 ** _SIZES[0]))), _SIZES, 0.7),
            bumps(float(np.log2(max([*heights, 2.0 ** _SIZES[0]]))), _SIZES, 0.7),
        ]
    )
