"""Compute every vector and payload field stored for an image."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.aspects import ASPECTS, detecting, terms_of
from artextract.aspects.base import MODELS
from artextract.aspects.features import DetectorDevice, Detectors, ImageFeatures
from artextract.catalog.predictions import mark_trusted
from artextract.catalog.years import YearRange
from artextract.encoding.networks import Networks
from artextract.errors import ModelError, QueryError
from artextract.images.preprocess import Preprocess

_MINIMUM_SIDE = 384
"""Shortest side of an image to be measured, in pixels: a face of an eighth of its height is then at
least 48 pixels high."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image's unit vectors, {aspect: numbers}, and its part of a payload.

    The payload has the facts (see the aspects), their terms as ``seen``, and ``predicted`` (see
    :func:`~artextract.catalog.predictions.mark_trusted`), for an artwork of any year.
    """

    vectors: dict[str, list[float]]
    payload: dict[str, Any]


class ImageEncoder:
    """Encodes images for some aspects, with detectors and models; for many threads at once."""

    def __init__(
        self,
        networks: Networks | None,
        aspects: Iterable[str] | None = None,
        *,
        detector_device: DetectorDevice = "cpu",
        threads: int = 1,
    ) -> None:
        """Choose the aspects.

        Args:
            networks: The models; None where no aspect needs them.
            aspects: The aspects to compute; None for all that these models allow.
            detector_device: Where the detectors of faces and people run, whatever the device of
                ``networks``.
            threads: CPU threads of one run of a detector.

        Raises:
            QueryError: there is no such aspect.
            ModelError: an aspect needs what ``networks`` don't give.
        """
        self._networks = networks
        self._detectors = Detectors(detector_device, threads)
        embeddings = networks.vectors if networks else {}
        classes = networks.classes if networks else {}
        possible = {
            name: aspect.dimensions(embeddings, classes) for name, aspect in ASPECTS.items()
        }
        chosen = set(possible) if aspects is None else set(aspects)
        for name in chosen - set(possible):
            raise QueryError(f"unknown aspect {name!r}; known: {', '.join(ASPECTS)}, all")
        self.vectors: dict[str, int] = {}
        """{aspect: dimensions} of an image's vectors; an image may lack some."""
        for name, dimensions in possible.items():
            if name in chosen and dimensions is not None:
                self.vectors[name] = dimensions
            elif name in chosen and aspects is not None:
                none = f", and {networks} gives none" if networks else ""
                advice = f", or leave {name} out of `aspects`" if name != "visual" else ""
                raise ModelError(
                    f"aspect {name!r} needs {ASPECTS[name].requires}{none}; give one{advice}"
                )
        self._aspects = [ASPECTS[name] for name in self.vectors]
        self._detecting = detecting(self.vectors)

    @property
    def detector_device(self) -> DetectorDevice | None:
        """Where the detectors of faces and people run; None where no aspect needs them."""
        needs = {need for each in (*self._aspects, *self._detecting) for need in each.needs}
        return self._detectors.device if needs & {"faces", "people"} else None

    @property
    def preprocesses(self) -> list[Preprocess]:
        """The preparations of images for the models."""
        return [] if self._networks is None else self._networks.preprocesses

    @property
    def decode_at_least(self) -> int:
        """Shortest side, in pixels, to which a large JPEG may be reduced while it is decoded."""
        measured = [_MINIMUM_SIDE] if any(each.is_measured for each in self._aspects) else []
        return max([*measured, *(each.decode_at_least for each in self.preprocesses)])

    def measure(self, image: PIL.Image.Image) -> ImageFeatures:
        """Return an RGB image's facts and the vectors that need no model."""
        features = ImageFeatures(image, self._detectors)
        for aspect in self._detecting:
            features.facts |= aspect.facts(features)
        for aspect in self._aspects:
            if not aspect.needs & MODELS:
                features.add_vector(aspect)
                continue
            for need in aspect.needs - MODELS:
                getattr(features, need)  # it is computed while there is an image
        features.release()
        return features

    def encode_batch(
        self, batches: list[npt.NDArray[np.float32]], images: Sequence[ImageFeatures]
    ) -> list[EncodedImage]:
        """Return the encoded images of a batch.

        Args:
            batches: The images for each of ``preprocesses``, (n, 3, size, size).
            images: What :meth:`measure` returned for each.

        Raises:
            ModelError: see :meth:`~artextract.models.session.OnnxModel.run`.
        """
        if self._networks is None:
            return [self._encoded(image, {}) for image in images]
        outputs = self._networks.run(batches)
        genres = outputs.probabilities.get("genre")
        encoded = []
        for at, image in enumerate(images):
            image.embeddings = {name: rows[at] for name, rows in outputs.vectors.items()}
            if genres is not None:
                image.genres = genres[at]
            for aspect in self._aspects:
                if aspect.needs & MODELS:
                    image.add_vector(aspect)
            encoded.append(self._encoded(image, self._networks.predicted(outputs, at)))
        return encoded

    def encode(self, image: PIL.Image.Image) -> EncodedImage:
        """Return one RGB image's vectors and payload."""
        return self.encode_several([image])[0]

    def encode_several(self, images: Sequence[PIL.Image.Image]) -> list[EncodedImage]:
        """Return the vectors and payloads of RGB images, which the networks take at once."""
        batches = [
            np.stack([preprocess(image) for image in images]) for preprocess in self.preprocesses
        ]
        return self.encode_batch(batches, [self.measure(image) for image in images])

    def complete(self, payload: Mapping[str, Any]) -> dict[str, Any]:
        """Return an artwork's payload with its predictions judged by its years."""
        card = self._networks.classifier_card if self._networks else None
        if card is None or "predicted" not in payload:
            return dict(payload)
        years = YearRange(payload.get("year_begin"), payload.get("year_end"))
        return {**payload, "predicted": mark_trusted(payload["predicted"], card, years)}

    def _encoded(self, image: ImageFeatures, predicted: Mapping[str, Any]) -> EncodedImage:
        payload: dict[str, Any] = {**image.facts}
        if payload:
            payload["seen"] = terms_of(image.facts)
        if predicted:
            payload["predicted"] = predicted
        vectors = {
            name: image.vectors[name].tolist() for name in self.vectors if name in image.vectors
        }
        return EncodedImage(vectors, self.complete(payload))
