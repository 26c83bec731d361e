"""The interface of an aspect, and of the filters over the facts that it detects."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from artextract.errors import QueryError

if TYPE_CHECKING:
    import PIL.Image

    from artextract.aspects.features import ImageFeatures
    from artextract.aspects.grid import Floats

Need = Literal["lab", "faces", "people", "embedder", "classifier"]
"""What an aspect reads of :class:`~artextract.aspects.features.ImageFeatures`: pixels (``lab``),
detected faces or people, the embedder's vector (``embeddings``), or the classifier's vectors and
probabilities (``embeddings``, ``genres``)."""

MODELS = frozenset[Need]({"embedder", "classifier"})

_MAXIMUM_COUNT = 16
"""Largest number of faces or figures that is counted in an image."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactFilter:
    """A filter over a fact detected in images, such as ``facing`` or ``faces``.

    The payload key ``seen`` of a stored image lists its facts as terms "FACT=VALUE"; a filter keeps
    the images that have any of the terms it asks for.

    Attributes:
        name: Field name in Python and in the API; the command line writes "-" for "_".
        fact: The first part of the terms.
        label: How pages call it.
        help: One sentence for help texts and API descriptions.
        example: A valid value, as text.
        read: Returns the values of an image from its facts, as the aspect's ``facts`` returns them.
        choices: All valid values; empty where ``parse`` decides.
        multiple: Several values may be given, meaning any of them.
        parse: Turns the given texts into term values; raises QueryError.
    """

    name: str
    fact: str
    label: str
    help: str
    example: str
    read: Callable[[Mapping[str, Any]], Iterable[object]]
    choices: tuple[str, ...] = ()
    multiple: bool = True
    parse: Callable[[Sequence[str]], list[str]] = list

    def terms(self, values: Sequence[str]) -> list[str]:
        """Return the terms of which an image must have one, as for ``["left"]``: "facing=left".

        Raises:
            QueryError: a value is not understood.
        """
        for value in values:
            if self.choices and value not in self.choices:
                raise QueryError(
                    f"`{self.name}` is {value!r}; expected one of {', '.join(self.choices)}",
                )
        return [f"{self.fact}={value}" for value in self.parse(values)]


def parse_counts(name: str) -> Callable[[Sequence[str]], list[str]]:
    """Return a parser of "2", "1:3", "2:" or ":1" into the counts they include, as texts."""

    def parse(values: Sequence[str]) -> list[str]:
        counts: list[str] = []
        for text in values:
            first, separator, last = text.partition(":")
            try:
                low = int(first) if first or not separator else 0
                high = (int(last) if last else _MAXIMUM_COUNT) if separator else low
            except ValueError:
                low, high = 1, 0
            if not 0 <= low <= high:
                raise QueryError(f"`{name}` is {text!r}; write 2, 1:3, or 2: for two and more")
            counts += [str(count) for count in range(low, min(high, _MAXIMUM_COUNT) + 1)]
        return counts

    return parse


class Compared(NamedTuple):
    """One of two images that an aspect describes."""

    vector: Sequence[float]
    """Its unit vector of the aspect."""
    payload: Mapping[str, Any]
    """Its payload, with the facts and predictions."""


class Aspect(ABC):
    """A way to compare images: a named vector, the facts behind it, and words for a match.

    An aspect is an object without state, used by many threads at once. The module that defines one
    is imported by every command, so it imports numpy and PIL inside functions.

    Attributes:
        name: Name of the vector in collections and requests.
        label: How pages call it.
        summary: What it compares, in a few words.
        source: Where the method comes from: papers, with DOI or arXiv number.
        size: Dimensions of the vector, unless ``dimensions`` computes them.
        needs: What ``vector`` reads; ``facts`` may read only what is not from a model.
        uses_facts_of: Aspects whose facts are detected and stored for this one, too.
        requires: The model that is needed, for the error where there is none.
        fact_keys: Payload keys of the facts.
        filters: Filters over the facts.
        absent: Why an image may have no vector, such as "no face was found".
        drawing: What ``draw`` shows, such as "faces"; empty where nothing can be drawn.
    """

    name: str
    label: str
    summary: str
    source: str = ""
    size: int = 0
    needs: frozenset[Need]
    uses_facts_of: tuple[str, ...] = ()
    requires: str = ""
    fact_keys: tuple[str, ...] = ()
    filters: tuple[FactFilter, ...] = ()
    absent: str = "nothing was measured"
    drawing: str = ""

    @property
    def is_measured(self) -> bool:
        """Whether more than a model's output goes into the vector."""
        return bool(self.needs - MODELS or self.uses_facts_of)

    def dimensions(
        self, embeddings: Mapping[str, int], classes: Mapping[str, Sequence[str]]
    ) -> int | None:
        """Return the number of dimensions; None where the models don't give what is needed.

        Args:
            embeddings: The vectors that the models compute, {aspect: dimensions}.
            classes: The classes that the models predict, {attribute: names}.
        """
        return self.size

    @abstractmethod
    def vector(self, image: "ImageFeatures") -> "Floats | None":
        """Return the unit vector of an image, float32; None where it has none (see ``absent``)."""

    def facts(self, image: "ImageFeatures") -> dict[str, Any]:
        """Return what is detected in an image, {payload key: value that JSON can hold}."""
        return {}

    @abstractmethod
    def describe(self, one: Compared, other: Compared) -> str:
        """Return a sentence that says in what two images match or differ."""

    def draw(self, image: "PIL.Image.Image", payload: Mapping[str, Any]) -> "PIL.Image.Image":
        """Return a drawing of the facts in ``payload``, on a copy of an RGB image or beside it."""
        raise NotImplementedError(f"aspect {self.name} can't be drawn")
