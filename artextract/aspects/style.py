"""Style: similar handling, by the style vector of a classifier."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from artextract.aspects.base import Aspect, Compared
from artextract.aspects.phrases import classification, degree

if TYPE_CHECKING:
    from artextract.aspects.features import ImageFeatures
    from artextract.aspects.grid import Floats


class Style(Aspect):
    """The vector "style" of a model that `artextract export classifier` wrote."""

    name = "style"
    label = "Style"
    summary = "style and handling"
    needs = frozenset({"classifier"})
    requires = "a `classifier` that gives style vectors"

    def dimensions(
        self, embeddings: Mapping[str, int], classes: Mapping[str, Sequence[str]]
    ) -> int | None:
        return embeddings.get(self.name)

    def vector(self, image: "ImageFeatures") -> "Floats | None":
        return image.embeddings[self.name]

    def describe(self, one: Compared, other: Compared) -> str:
        handling = f"their handling is {degree(one, other)}"
        classified = classification("style", one, other)
        return handling if classified is None else f"{handling}; {classified}"
