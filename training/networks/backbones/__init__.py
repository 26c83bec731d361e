"""Backbones by name, one to a file. Importing this package does not import torch."""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from artextract.errors import ModelError
from artextract.packages import check_packages

if TYPE_CHECKING:
    from training.networks.backbones.base import Backbone
    from training.networks.backbones.weights import WeightsOrigin

ARCHITECTURES = ("efficientnet-lite0", "efficientnet-lite2", "resnet50")

_SEED = 0


def make_backbone(
    arch: str, weights: Path | Literal["random"] | None = None
) -> tuple["Backbone", "WeightsOrigin"]:
    """Return the backbone ``arch``, in evaluation mode on the CPU, and its weights' origin.

    Args:
        arch: One of :data:`ARCHITECTURES`.
        weights: None for the published ImageNet weights (those of efficientnet-lite0 and -lite2
            come with pip packages, those of resnet50 are downloaded once by torchvision), "random"
            for random ones that are the same in every run, or a file of the published form.

    Raises:
        ModelError: ``arch`` is unknown, or the file is missing or another network's.
        FetchError: the published weights can't be downloaded.
        PackageError: torch, or a package that this network needs, is not installed.
    """
    network_class = _find_class(arch)
    import torch

    from training.networks.backbones.weights import RANDOM, load_weights

    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.default_generator.manual_seed(_SEED)
        network = network_class()
    if weights == "random":
        return network.eval(), RANDOM
    file = weights or network_class.find_published()
    origin = load_weights(network, file, must_be_published=weights is None)
    return network.eval(), origin


def _find_class(arch: str) -> type["Backbone"]:
    if arch.startswith("efficientnet-lite") and arch in ARCHITECTURES:
        check_packages(arch, {"torch": "torch"}, extra="train")
        from training.networks.backbones.efficientnet_lite import (
            EfficientNetLite0,
            EfficientNetLite2,
        )

        return EfficientNetLite0 if arch == EfficientNetLite0.arch else EfficientNetLite2
    if arch == "resnet50":
        check_packages(arch, {"torch": "torch", "torchvision": "torchvision"}, extra="train")
        from training.networks.backbones.resnet50 import ResNet50

        return ResNet50
    raise ModelError(f"there is no architecture {arch!r}; choose one of {', '.join(ARCHITECTURES)}")
