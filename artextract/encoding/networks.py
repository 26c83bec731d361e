"""The networks of a run: the embedder, and the classifier where there is one.

Where both are one file it is run once. Where both give vectors of an aspect, the embedder's are
taken for "visual" and the classifier's for any other.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from artextract.catalog.names import fold
from artextract.errors import ModelError
from artextract.images.preprocess import Preprocess
from artextract.models.session import OnnxModel, Outputs

__all__ = ["Networks"]

Value = TypeVar("Value")


class Networks:
    """What looks at pictures."""

    def __init__(
        self,
        model: OnnxModel,
        classifier: OnnxModel | None = None,
        aspects: Sequence[str] | None = None,
    ) -> None:
        """Put them together.

        Args:
            model: The embedder; it gives the aspect "visual".
            classifier: What tells classes, if anything does; it may be ``model`` itself.
            aspects: Which vectors to give beside "visual"; None gives all.

        Raises:
            ModelError: an aspect is asked for that none of them gives, or "visual" is missing.
        """
        self._models = [model] if classifier is None or classifier is model else [model, classifier]
        self._tells = classifier is not None
        given = self._all_vectors()
        names = " and ".join(each.card.name for each in self._models)
        for name in ("visual", *(aspects or ())):
            if name not in given:
                raise ModelError(
                    f"aspect {name!r} is given by none of {names}, which give {', '.join(given)}; "
                    + ("--model must be an embedder" if name == "visual" else
                       "add a --classifier, or leave it out of --aspects")
                )  # fmt: skip
        self._aspects = set(given if aspects is None else ("visual", *aspects))

    def _all_vectors(self) -> dict[str, int]:
        return _merge([model.dimensions for model in self._models])

    @property
    def classes(self) -> Mapping[str, Sequence[str]]:
        """{attribute: names} of the classes that are told; empty where none are."""
        return self._models[-1].card.classes if self._tells else {}

    @property
    def preprocesses(self) -> list[Preprocess]:
        """How pictures are prepared, the embedder's first; one where both want the same."""
        wanted = [model.card.preprocess for model in self._models]
        return list(dict.fromkeys(wanted))

    @property
    def vectors(self) -> dict[str, int]:
        """{aspect: dimension} of what :meth:`look` gives."""
        return {name: size for name, size in self._all_vectors().items() if name in self._aspects}

    def look(self, batches: list[npt.NDArray[np.float32]]) -> Outputs:
        """Return what the networks say of pictures.

        Args:
            batches: The same pictures for each of ``preprocesses``, (n, 3, size, size).

        Raises:
            ModelError: see :meth:`~artextract.models.session.OnnxModel.look`.
        """
        prepared = dict(zip(self.preprocesses, batches, strict=True))
        seen = [model.run(prepared[model.card.preprocess]) for model in self._models]
        vectors = _merge([each.vectors for each in seen])
        return Outputs(
            {name: rows for name, rows in vectors.items() if name in self._aspects},
            seen[-1].probabilities if self._tells else {},
        )

    def predicted(self, seen: Outputs, row: int) -> dict[str, object]:
        """Return the payload's part ``predicted`` for one picture; empty where nothing is told.

        Of each attribute it has ``name``, the likeliest class, and ``probability``, 0 to 1;
        ``terms`` has "attribute=name", folded, for filters.
        """
        told: dict[str, object] = {}
        terms = []
        for attribute, rows in seen.probabilities.items():
            number = int(rows[row].argmax())
            name = self._models[-1].card.classes[attribute][number]
            told[attribute] = {"name": name, "probability": round(float(rows[row, number]), 4)}
            terms.append(f"{attribute}={fold(name)}")
        return {**told, "terms": terms} if told else {}


def _merge(given: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Return what the networks give, {aspect: value}, the last one's where several do."""
    found: dict[str, Value] = {}
    for each in given:
        found |= {aspect: value for aspect, value in each.items() if aspect != "visual"}
    return {"visual": given[0]["visual"], **found} if "visual" in given[0] else found
