"""What every backbone offers."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from artextract.images.preprocess import Preprocess

__all__ = ["Backbone", "Published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published file of weights.

    ``origin`` is one line for the model card, ``licence`` an SPDX id, and ``sha256`` the leading
    hex digits of the file's SHA-256, as many as its publisher gives.
    """

    origin: str
    licence: str
    sha256: str


class Backbone(torch.nn.Module, ABC):
    """A convolutional network without its classifier.

    Letters in shapes: n images, c = ``dimension`` channels, h and w the input's sides.
    """

    arch: ClassVar[str]
    dimension: ClassVar[int]
    preprocess: ClassVar[Preprocess]
    published: ClassVar[Published]
    dropped: ClassVar[frozenset[str]]
    """Published tensors that are left out on purpose: the classifier's."""

    @abstractmethod
    def forward_features(self, image: torch.Tensor) -> torch.Tensor:
        """Return the feature map (n, c, h/32, w/32), float32, none negative.

        Args:
            image: (n, 3, h, w), float32, prepared as ``preprocess`` says; h and w are multiples
                of 32, 224 in training and use.
        """

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the embedding (n, c), float32: the mean of the feature map over its places."""
        features = self.forward_features(image)  # (n, c, h/32, w/32)
        return features.mean(dim=(2, 3))  # (n, c)

    @staticmethod
    @abstractmethod
    def published_name(name: str) -> str:
        """Return the name that the tensor ``name`` of this network has in the published file."""

    @classmethod
    @abstractmethod
    def find_published(cls) -> Path:
        """Return the published file of weights, fetched first where need be.

        Raises:
            PackageError: the package that carries it is not installed.
            FetchError: it can't be downloaded.
        """
