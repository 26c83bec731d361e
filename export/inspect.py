"""Describing a model file, without torch and onnx."""

from collections.abc import Iterator
from typing import Any

from artextract.models.registry import find_model
from artextract.models.session import OnnxModel

_NAMED = 40
"""Classes of an attribute that are listed; the others are counted."""


def describe(name: str) -> Iterator[str]:
    """Iterate over lines that describe the model ``name``, a packaged one or a file.

    Raises:
        ModelError: there is none, or it can't be loaded or has no card.
    """
    import onnxruntime

    file = find_model(name)
    model = OnnxModel(file.path, device="cpu", threads=1)
    card = model.card
    yield f"file         {file.path}"
    yield f"size         {file.path.stat().st_size:,} bytes"
    yield f"sha256       {file.sha256}"
    yield f"name         {card.name}"
    yield f"kind         {card.kind}"
    yield f"architecture {card.architecture}"
    yield f"weights      {card.weights}"
    if card.weights_sha256:
        yield f"             sha256 {card.weights_sha256}"
    yield f"licence      {card.licence}"
    for value in model.inputs:
        yield f"input        {value}"
    for value in model.outputs:
        yield f"output       {value}"
    for aspect, output in card.aspects.items():
        yield f"aspect       {aspect}: output {output}"
    prepared = card.preprocess
    crop = "resized to a square" if prepared.resize is None else (
        f"shorter side to {prepared.resize}, centre crop"
    )  # fmt: skip
    yield (
        f"images       {prepared.size} x {prepared.size}, {crop}, {prepared.interpolation}, "
        f"mean {prepared.mean}, std {prepared.std}"
    )
    yield f"opset        {card.opset}"
    yield f"made by      {card.created_by}"
    for figure, number in card.parity.items():
        yield f"parity       {figure.replace('_', ' ')}: {number}"
    for attribute, names in card.classes.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"classes      {attribute}, {len(names)}: {', '.join(names[:_NAMED])}{more}"
    for attribute, least in card.trusted_from.items():
        yield f"trusted      {attribute}: from confidence {least:.2f}"
    for attribute, least in card.trusted_from_dated.items():
        yield f"trusted      {attribute} of artworks of known years: from confidence {least:.2f}"
    for key, value in _flatten(card.training):
        yield f"training     {key}: {value}"
    yield f"providers    {', '.join(onnxruntime.get_available_providers())} (on this machine)"


def _flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Iterate over the leaves of nested dicts with their keys, such as "works train"."""
    for key, value in values.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, dict):
            yield from _flatten(value, f"{name} ")
        else:
            yield name, value
