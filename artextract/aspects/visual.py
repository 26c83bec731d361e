"""Visual: overall similarity, by the embedding of the model that a collection was made with."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artextract.aspects.base import Aspect, Compared
from artextract.aspects.phrases import degree

if TYPE_CHECKING:
    from artextract.aspects.features import ImageFeatures
    from artextract.aspects.grid import Floats


class Visual(Aspect):
    """The embedder's own vector; every artwork has one."""

    name = "visual"
    label = "Overall"
    summary = "the images as a whole"
    needs = frozenset({"embedder"})
    requires = "a `model` that is an embedder"

    def dimensions(
        self, embeddings: Mapping[str, int], classes: Mapping[str, Sequence[str]]
    ) -> int | None:
        return embeddings.get(self.name)

    def vector(self, image: "ImageFeatures") -> "Floats | None":
        return image.embeddings[self.name]

    def describe(self, one: Compared, other: Compared) -> str:
        return f"as a whole, the images are {degree(one, other)}"
