"""The packaged classifier with a card that trusts predictions."""

from dataclasses import replace
from pathlib import Path

import onnx

from artextract.models.card import CARD_KEY, ModelCard
from artextract.models.registry import find_model

__all__ = ["write_trusting_model"]


def write_trusting_model(path: Path, **trusted_from: float) -> Path:
    """Write ``wikiart-lite0`` with predictions that are trusted from these confidences on."""
    graph = onnx.load(find_model("wikiart-lite0").path)
    (entry,) = (each for each in graph.metadata_props if each.key == CARD_KEY)
    card = ModelCard.from_json(entry.value, path.name)
    entry.value = replace(card, name=path.stem, trusted_from=trusted_from).to_json()
    path.write_bytes(graph.SerializeToString())
    return path
