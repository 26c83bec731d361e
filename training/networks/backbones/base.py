"""The interface of a backbone."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import torch

from artextract.images.preprocess import Preprocess


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A published file of weights.

    ``origin`` is one line for the model card, ``licence`` an SPDX id, and ``sha256`` the leading
    hex digits of the file's SHA-256, as many as its publisher states.
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
    """Published tensors that are not loaded: the classifier's."""

    @abstractmethod
    def forward_features(self, image: torch.Tensor) -> torch.Tensor:
        """Return the feature map (n, c, h/32, w/32), float32, none negative.

        Args:
            image: (n, 3, h, w), float32, prepared by ``preprocess``; h and w are multiples
                of 32.
        """

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Return the embedding (n, c), float32: the spatial mean of the feature map."""
        features = self.forward_features(image)  # (n, c, h/32, w/32)
        return features.mean(dim=(2, 3))  # (n, c)

    def stages(self) -> list[torch.nn.Module]:
        """Return the sequential stages: running them in order is :meth:`forward_features`.

        They are the children, with plain sequences taken apart. Their numbers say where a second
        map is taken, how many are frozen, and how the learning rate decays towards the first.
        """
        stages: list[torch.nn.Module] = []
        for part in self.children():
            stages.extend(part.children() if isinstance(part, torch.nn.Sequential) else [part])
        return stages

    @staticmethod
    @abstractmethod
    def published_name(name: str) -> str:
        """Return the name in the published file of this network's tensor ``name``."""

    @classmethod
    @abstractmethod
    def find_published(cls) -> Path:
        """Return the published file of weights, downloaded if necessary.

        Raises:
            PackageError: the package that carries it is not installed.
            FetchError: it can't be downloaded.
        """
