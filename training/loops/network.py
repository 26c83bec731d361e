"""Making the network of a configuration, and loading that of a finished training."""

import dataclasses
from pathlib import Path
from typing import Literal

import torch

from artextract.images.preprocess import Preprocess
from training.config import CONFIG, Config, PredictionConfig, config_text, load_config
from training.data.classes import Classes
from training.loops.checkpoint import Checkpoints, fingerprint
from training.networks.backbones import make_backbone
from training.networks.backbones.base import Backbone
from training.networks.cnn_rnn import CnnRnn

BEST = "best"
"""The checkpoint with the final weights of a training."""


def load_network(run: Path) -> tuple[CnnRnn, Config, Classes]:
    """Return the network of a training in evaluation mode, its configuration and its classes.

    Raises:
        InputError: ``run`` is not the folder of a training.
        ModelError: its checkpoint is missing, damaged, or of another configuration or classes.
    """
    config, _ = load_config(run / CONFIG)
    classes = Classes.load(run / "classes.json")
    state = Checkpoints(run / "checkpoints", network_fingerprints(config, classes)).load(BEST)
    backbone = make_configured_backbone(config, pretrained=False)
    network = make_network(config, classes, backbone)
    network.load_state_dict(state["network"])
    return network.eval(), config, classes


def make_configured_backbone(config: Config, *, pretrained: bool = True) -> Backbone:
    """Return the configured backbone, with random weights where not ``pretrained``.

    Raises:
        ModelError: it is unknown, or its weights are missing or another network's.
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
    """Return the configured network; the head's random weights depend on the seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(config.seed)
        network = CnnRnn(backbone, classes.sizes, config.model)
    return network.to(memory_format=torch.channels_last)


def preprocess_of(config: Config, backbone: Backbone) -> Preprocess:
    """Return the backbone's preprocessing, in the configured size."""
    default = backbone.preprocess
    size = config.size or default.size
    resize = None if default.resize is None else round(default.resize * size / default.size)
    return dataclasses.replace(default, size=size, resize=resize)


def network_fingerprints(config: Config, classes: Classes) -> dict[str, str]:
    """Return the fingerprints of what a network's checkpoints depend on."""
    trained = config.model_copy(update={"predict": PredictionConfig()})
    return {
        "settings": fingerprint(config_text(trained)),
        "classes": fingerprint({name: list(each) for name, each in classes.names.items()}),
    }
