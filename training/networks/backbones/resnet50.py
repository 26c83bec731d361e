"""ResNet-50: the larger of the two networks.

Sources: He et al., "Deep Residual Learning for Image Recognition" (2015, arXiv:1512.03385), in
torchvision's form, which strides in a block's 3x3 convolution. The weights are torchvision's
ResNet50_Weights.IMAGENET1K_V2; no package carries them, so they are downloaded once (98 MB).
"""

import sys
from collections import OrderedDict
from http.client import HTTPException
from pathlib import Path

import torch
from torchvision.models import ResNet50_Weights, resnet50

from artextract.errors import FetchError
from artextract.images.preprocess import TORCHVISION_RESNET_V2
from training.networks.backbones.base import Backbone, Published


class ResNet50(Backbone):
    """ResNet-50 without its classifier: 23.5 million weights, 2,048 features."""

    arch = "resnet50"
    dimension = 2048
    preprocess = TORCHVISION_RESNET_V2
    published = Published(
        origin="ImageNet: torchvision ResNet50_Weights.IMAGENET1K_V2",
        licence="BSD-3-Clause",
        sha256="11ad3fa6",  # as in the file's name, which is all that torchvision checks
    )
    dropped = frozenset({"fc.weight", "fc.bias"})

    def __init__(self) -> None:
        super().__init__()
        # conv1, bn1, relu, maxpool, layer1 to layer4; avgpool and fc are left out
        layers = list(resnet50(weights=None).named_children())[:-2]
        self.layers = torch.nn.Sequential(OrderedDict(layers))

    def forward_features(self, image: torch.Tensor) -> torch.Tensor:
        """Return the feature map (n, 2048, h/32, w/32), none negative; see :class:`Backbone`."""
        features: torch.Tensor = self.layers(image)  # (n, 2048, h/32, w/32)
        return features

    @staticmethod
    def published_name(name: str) -> str:
        """Return the published name: "layers.conv1.weight" is "conv1.weight"."""
        return name.removeprefix("layers.")

    @classmethod
    def find_published(cls) -> Path:
        """Return torchvision's file in torch's hub folder, downloaded if missing.

        Raises:
            FetchError: it can't be downloaded, or is damaged.
        """
        weights = ResNet50_Weights.IMAGENET1K_V2
        url: str = weights.url
        file = Path(torch.hub.get_dir()) / "checkpoints" / url.rsplit("/", 1)[-1]
        if not file.is_file():
            try:
                # This only downloads the file; load_weights reads it.
                weights.get_state_dict(
                    progress=sys.stderr.isatty(), check_hash=True, weights_only=True
                )
            except (OSError, HTTPException, RuntimeError) as error:
                # RuntimeError: torch.hub found a wrong hash. OSError: no network, a refusal by
                # the server, no space left.
                raise FetchError(
                    f"the weights of {cls.arch} can't be downloaded from {url} ({error}); "
                    "connect to a network and try again, or give a copy as weights"
                ) from error
        return file
