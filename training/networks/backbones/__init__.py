"""The networks that turn a picture into features, and how one is made by name.

One network a file. Importing this package does not import torch; making a network does.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from artextract.errors import ModelError
from training.packages import check_packages

if TYPE_CHECKING:
    from training.networks.backbones.base import Backbone
    from training.networks.backbones.weights import WeightsOrigin

__all__ = ["ARCHITECTURES", "make_backbone"]

ARCHITECTURES = ("efficientnet-lite0", "resnet50")
"""The names that :func:`make_backbone` knows."""

_SEED = 0


def make_backbone(
    arch: str, weights: Path | Literal["random"] | None = None
) -> tuple["Backbone", "WeightsOrigin"]:
    """Return the network called ``arch``, in evaluation mode on the CPU, and its weights' origin.

    Args:
        arch: One of :data:`ARCHITECTURES`.
        weights: None for the published ImageNet weights (those of efficientnet-lite0 come with a
            pip package, those of resnet50 are downloaded once by torchvision), "random" for random
            ones that are the same in every run, or a file of the published form.

    Raises:
        ModelError: ``arch`` is unknown, or the file is missing or not one of this network's.
        FetchError: the published weights can't be downloaded.
        PackageError: torch, or a package that this network needs, is not installed.
    """
    network_class = _find_class(arch)
    import torch

    from training.networks.backbones.weights import RANDOM, load_weights

    if weights is None:
        file = network_class.find_published()
    elif isinstance(weights, Path):
        file = weights
    else:
        file = None
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they were
        torch.default_generator.manual_seed(_SEED)
        network = network_class()
    if file is None:
        return network.eval(), RANDOM
    origin = load_weights(network, file, must_be_published=weights is None)
    return network.eval(), origin


def _find_class(arch: str) -> type["Backbone"]:
    """Return the class of the network called ``arch``."""
    if arch == "efficientnet-lite0":
        check_packages("torch")
        from training.networks.backbones.efficientnet_lite import EfficientNetLite0

        return EfficientNetLite0
    if arch == "resnet50":
        check_packages("torch", "torchvision")
        from training.networks.backbones.resnet50 import ResNet50

        return ResNet50
    raise ModelError(f"there is no architecture {arch!r}; choose one of {', '.join(ARCHITECTURES)}")
