"""The models of a run: the embedder, and the classifier where there is one.

Where both are one file it is run once. Where both give vectors of an aspect, the embedder's are
taken for "visual" and the classifier's for any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from artextract.catalog.predictions import make_prediction
from artextract.images.preprocess import Preprocess
from artextract.models.card import ModelCard
from artextract.models.session import OnnxModel, Outputs

Value = TypeVar("Value")


class Networks:
    """An embedder and a classifier that run on the same images."""

    def __init__(self, model: OnnxModel, classifier: OnnxModel | None = None) -> None:
        """Put them together.

        Args:
            model: The embedder.
            classifier: The model that predicts classes, if there is one; it may be ``model``.
        """
        self._models = [model] if classifier is None or classifier is model else [model, classifier]
        self._predicts = classifier is not None

    def __str__(self) -> str:
        """Return the models' names."""
        return " and ".join(each.card.name for each in self._models)

    @property
    def classes(self) -> Mapping[str, Sequence[str]]:
        """{attribute: names} of the classes that are predicted."""
        return self.classifier_card.classes if self.classifier_card else {}

    @property
    def classifier_card(self) -> ModelCard | None:
        """The card of the classifier, if there is one."""
        return self._models[-1].card if self._predicts else None

    @property
    def preprocesses(self) -> list[Preprocess]:
        """The preparations of images, the embedder's first; one where both have the same."""
        return list(dict.fromkeys(model.card.preprocess for model in self._models))

    @property
    def vectors(self) -> dict[str, int]:
        """{aspect: dimensions} of the vectors that :meth:`run` returns."""
        return _merge([model.dimensions for model in self._models])

    def run(self, batches: list[npt.NDArray[np.float32]]) -> Outputs:
        """Return the vectors and probabilities of a batch of images.

        Args:
            batches: The images for each of ``preprocesses``, (n, 3, size, size).

        Raises:
            ModelError: see :meth:`~artextract.models.session.OnnxModel.run`.
        """
        prepared = dict(zip(self.preprocesses, batches, strict=True))
        outputs = [model.run(prepared[model.card.preprocess]) for model in self._models]
        probabilities = outputs[-1].probabilities if self._predicts else {}
        return Outputs(_merge([each.vectors for each in outputs]), probabilities)

    def predicted(self, outputs: Outputs, row: int) -> dict[str, Any]:
        """Return one image's prediction of each attribute; nothing without a classifier."""
        return {
            attribute: make_prediction(attribute, self.classes[attribute], rows[row].tolist())
            for attribute, rows in outputs.probabilities.items()
        }


def _merge(given: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Return the models' values, {aspect: value}, the last model's where several have one."""
    found: dict[str, Value] = {}
    for each in given:
        found |= {aspect: value for aspect, value in each.items() if aspect != "visual"}
    return {"visual": given[0]["visual"], **found} if "visual" in given[0] else found
