"""The model card inside a model file: origin of the weights, preprocessing, outputs and checks.

It is JSON in the ONNX file's text property (``metadata_props`` in onnx.proto3) ``artextract.card``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from artextract.errors import ModelError
from artextract.images.preprocess import Preprocess

CARD_KEY = "artextract.card"
CARD_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCard:
    """The description of a model file.

    ``input`` is the name of the float32 input (n, 3, size, size), ``embedding`` that of the float32
    output (n, dimension). ``weights`` is the origin of the weights in one line, ``licence`` their
    SPDX id, ``parity`` the figures of the comparison with the original network.

    A classifier has ``classes``, {attribute: names}, and for each attribute a float32 output
    "probability.ATTRIBUTE" (n, number of names) in the order of the names; ``training`` holds its
    training data and accuracy. ``trusted_from`` has the lowest probability of a prediction that is
    shown to people, {attribute: 0 to 1}, and ``trusted_from_dated`` that for artworks of known
    years, where it differs; those of other attributes are not shown. ``vectors`` maps aspects to
    the outputs with their vectors; if it is empty, the embedding is "visual".

    ``precision`` is "fp32" or "int8"; ``quantization`` describes how the int8 model was made and
    its loss of accuracy.
    """

    name: str
    kind: str
    architecture: str
    input: str
    embedding: str
    dimension: int
    preprocess: Preprocess
    weights: str
    weights_sha256: str | None
    licence: str
    opset: int
    created_by: str
    parity: Mapping[str, float] = field(default_factory=dict)
    vectors: Mapping[str, str] = field(default_factory=dict)
    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    trusted_from: Mapping[str, float] = field(default_factory=dict)
    trusted_from_dated: Mapping[str, float] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "fp32"
    quantization: Mapping[str, Any] = field(default_factory=dict)

    @property
    def aspects(self) -> Mapping[str, str]:
        """{aspect: the output with its vectors}."""
        return self.vectors or {"visual": self.embedding}

    @property
    def weight_bits(self) -> int:
        """Bits that a quantised file's weights use; 32 in float32."""
        return int(self.quantization.get("weight_bits", 7)) if self.precision == "int8" else 32

    def probability_of(self, attribute: str) -> str:
        """Return the name of the output with the probabilities of an attribute's classes."""
        return f"probability.{attribute}"

    def to_json(self) -> str:
        """Return the card as JSON text."""
        return json.dumps({"version": CARD_VERSION, **asdict(self)}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, source: str) -> "ModelCard":
        """Return the card in ``text``; ``source`` names the file in an error.

        Raises:
            ModelError: the text is not a card, or a card of an unknown version.
        """
        try:
            data: dict[str, Any] = json.loads(text)
            version = data.pop("version")
            if version != CARD_VERSION:
                raise ModelError(
                    f"the model card of {source} has version {version}; this release reads "
                    f"version {CARD_VERSION}: update artextract or export the model again"
                )
            data["preprocess"] = Preprocess.from_dict(data["preprocess"])
            return cls(**data)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(
                f"the model card of {source} can't be read ({error}); export the model again"
            ) from error
