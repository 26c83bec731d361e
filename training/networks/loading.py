"""The network of a finished training, as others load it: to export it, to predict with it."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch

from artextract.images.preprocess import Preprocess
from training.config import CONFIG, Config, PredictSettings, config_text, load_config
from training.data.classes import Classes
from training.loops.checkpoint import Checkpoints, fingerprint
from training.networks.backbones import make_backbone
from training.networks.backbones.base import Backbone
from training.networks.cnn_rnn import CnnRnn

__all__ = [
    "BEST",
    "belongings",
    "load_network",
    "make_configured_backbone",
    "make_network",
    "preprocess_of",
]

BEST = "best"
"""The checkpoint with the weights that a training has decided for."""


def load_network(run: Path) -> tuple[CnnRnn, Config, Classes]:
    """Return the network that a training decided for, in evaluation mode, and what it learnt.

    Raises:
        InputError: ``run`` is not the folder of a training.
        ModelError: its checkpoint is missing, damaged, or not of these settings and classes.
    """
    config, _ = load_config(run / CONFIG)
    classes = Classes.load(run / "classes.json")
    state = Checkpoints(run / "checkpoints", belongings(config, classes)).load(BEST)
    backbone = make_configured_backbone(config, pretrained=False)
    network = make_network(config, classes, backbone)
    network.load_state_dict(state["network"])
    return network.eval(), config, classes


def make_configured_backbone(config: Config, *, pretrained: bool = True) -> Backbone:
    """Return the backbone that the settings name; without its weights where not ``pretrained``.

    Raises:
        ModelError: it is unknown, or its weights are missing or another's.
        FetchError: its published weights can't be downloaded.
    """
    named = config.model.weights
    weights: Path | Literal["random"] | None
    if not pretrained or named == "random":
        weights = "random"
    else:
        weights = None if named == "published" else Path(named)
    backbone, _ = make_backbone(config.model.backbone, weights)
    return backbone


def make_network(config: Config, classes: Classes, backbone: Backbone) -> CnnRnn:
    """Return the network of these settings; the head's random weights follow from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        counts = {name: len(classes.names[name]) for name in classes.attributes}
        network = CnnRnn(backbone, counts, config.model)
    return network.to(memory_format=torch.channels_last)


def preprocess_of(config: Config, backbone: Backbone) -> Preprocess:
    """Return how pictures are prepared: as the backbone wants, in the size of the settings."""
    usual = backbone.preprocess
    size = config.size or usual.size
    resize = None if usual.resize is None else round(usual.resize * size / usual.size)
    return dataclasses.replace(usual, size=size, resize=resize)


def belongings(config: Config, classes: Classes) -> dict[str, str]:
    """Return the fingerprints of what a network depends on."""
    trained = dataclasses.replace(config, predict=PredictSettings())
    names: Mapping[str, list[str]] = {name: list(each) for name, each in classes.names.items()}
    return {
        "settings": fingerprint(config_text(trained)),
        "classes": fingerprint(names),
    }
