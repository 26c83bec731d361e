"""The exported form of a trained network: images in, vectors and class probabilities out."""

import copy

import torch
from torch.nn import functional

from export.whitening import Whitening
from training.networks.cnn_rnn import CnnRnn

STYLE_WEIGHTS = {"style": 2.0, "artist": 1.0}
"""Weights of the attributes' classes in the similarity of style; the embedding has 0.5. Chosen on
samples that were held out of the training samples."""

_EMBEDDING_WEIGHT = 0.5


class ClassifierGraph(torch.nn.Module):
    """A trained network with the vectors of its features and logits.

    ``visual`` is the spatial mean of the backbone's map, whitened. The cosine of two ``style``
    vectors is a weighted mean of similarities: for style and artist the Bhattacharyya coefficient
    of the two images' class probabilities, sum of sqrt(p q) (Bhattacharyya 1943), and the cosine of
    the network's embeddings.
    """

    mean: torch.Tensor
    projection: torch.Tensor

    def __init__(
        self, network: CnnRnn, temperatures: dict[str, float], whitening: Whitening | None
    ) -> None:
        """Copy a trained ``network``.

        ``temperatures`` is {attribute: temperature of its probabilities}; without ``whitening`` the
        mean map is left as it is.
        """
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        self.temperatures = temperatures
        head = self.network.head
        for name, part in list(head.named_children()):
            if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
                setattr(head, name, _Standardise(part))
        weights = {name: STYLE_WEIGHTS[name] for name in STYLE_WEIGHTS if name in temperatures}
        whole = sum(weights.values()) + _EMBEDDING_WEIGHT
        self.shares = {name: weight / whole for name, weight in weights.items()}
        self.embedding_share = _EMBEDDING_WEIGHT / whole
        self.whitened = whitening is not None
        if whitening is not None:
            self.register_buffer("mean", torch.from_numpy(whitening.mean))
            self.register_buffer("projection", torch.from_numpy(whitening.projection))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return visual (B, V), style (B, S), and probabilities (B, K) of each attribute by name.

        Args:
            images: (B, 3, H, W), normalised.
        """
        features = self.network.features(images)
        logits, embedding = self.network.head(features)
        probabilities = [
            functional.softmax(logits[name] / self.temperatures[name], dim=1)
            for name in sorted(logits)
        ]
        parts = [
            (share * functional.softmax(logits[name], dim=1)).sqrt()
            for name, share in self.shares.items()
        ]
        style = torch.cat([*parts, self.embedding_share**0.5 * embedding], dim=1)
        return self._whiten(features.last.mean(dim=(2, 3))), style, *probabilities

    def _whiten(self, pooled: torch.Tensor) -> torch.Tensor:
        if not self.whitened:
            return pooled
        unit = functional.normalize(pooled, dim=1)
        return (unit - self.mean) @ self.projection


class _Standardise(torch.nn.Module):
    """A batch norm in evaluation mode without learnt scale and shift, as plain arithmetic.

    Exporters fold a batch norm into the convolution before it; the head's precede one.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, norm: torch.nn.modules.batchnorm._BatchNorm) -> None:
        super().__init__()
        assert not norm.affine
        assert norm.running_mean is not None
        assert norm.running_var is not None
        sides = (1, -1, 1, 1) if isinstance(norm, torch.nn.BatchNorm2d) else (1, -1)
        scale = (norm.running_var + norm.eps).rsqrt()
        self.register_buffer("scale", scale.reshape(sides))
        self.register_buffer("shift", (-norm.running_mean * scale).reshape(sides))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x``, (B, C) or (B, C, h, w), with mean 0 and variance 1 in each channel."""
        return x * self.scale + self.shift
