"""The CNN-RNN: a convolutional backbone, and a recurrent head that reads its map by row and column.

Averaging the backbone's map loses how the places relate to each other. Here a bidirectional
recurrent network reads each row and each column of the map (as in ReNet, Visin et al. 2015,
arXiv:1505.00393), so that every place has the context left, right, above and below it. Attention
weighs the places for each attribute, and a linear layer classifies the result together with the
mean of the map.

Letters in shapes: B images, C channels of the last map and h, w its sides, M channels of the middle
map, S statistics, P channels after the projection, D channels after reading, A attributes, K
classes of one of them. The names of layers are those of the tensors in checkpoints.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch.nn import functional

from artextract.errors import InputError
from training.config import ModelConfig
from training.networks.backbones.base import Backbone

_VARIANCE_FLOOR = 1e-6
_SPLIT = 8


class Features(NamedTuple):
    """The head's input.

    ``middle`` is pooled to the sides of ``last``. ``middle`` and ``statistics`` have no channels
    where the network doesn't use them.
    """

    last: torch.Tensor  # (B, C, h, w)
    middle: torch.Tensor  # (B, M, h, w)
    statistics: torch.Tensor  # (B, S)


class PartialFeatures(NamedTuple):
    """The output of the first stages of the backbone."""

    stages: int
    map: torch.Tensor  # (B, c, H/s, W/s)
    statistics: torch.Tensor  # (B, S so far)


class Outputs(NamedTuple):
    """The network's output."""

    logits: dict[str, torch.Tensor]  # {attribute: (B, K)}
    embedding: torch.Tensor  # (B, D), each row of length 1


class FeatureExtractor(torch.nn.Module):
    """The backbone, with a second map and statistics taken from its earlier stages."""

    def __init__(self, backbone: Backbone, config: ModelConfig) -> None:
        super().__init__()
        self.backbone = backbone
        self.stages = len(backbone.stages())
        if config.middle >= self.stages:
            raise InputError(
                f"option 'model.middle' is {config.middle}, but {backbone.arch} has "
                f"{self.stages} stages; give 0 (no second map) to {self.stages - 1}"
            )
        self.middle = config.middle
        self.statistics = bool(config.statistics)
        self.eval()
        with torch.inference_mode():
            sizes = self(torch.zeros(1, 3, 64, 64))
        self.channels = sizes.last.shape[1]
        self.middle_channels = sizes.middle.shape[1]
        self.statistics_size = sizes.statistics.shape[1]

    def forward(self, images: torch.Tensor) -> Features:
        """Return the features of ``images`` (B, 3, H, W), normalised for the backbone."""
        return self.finish(self.begin(images, 0))

    def begin(self, images: torch.Tensor, stages: int) -> PartialFeatures:
        """Return the output of the first ``stages`` stages, which end before the second map."""
        parts = [self._begin(part, stages) for part in self._split(images)]
        return PartialFeatures(stages, *(torch.cat(each) for each in zip(*parts, strict=True)))

    def finish(self, partial: PartialFeatures) -> Features:
        """Return the features after the remaining stages."""
        maps, statistics = self._split(partial.map), self._split(partial.statistics)
        parts = [
            self._finish(PartialFeatures(partial.stages, *part))
            for part in zip(maps, statistics, strict=True)
        ]
        return Features(*(torch.cat(each) for each in zip(*parts, strict=True)))

    def _split(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return a few images at a time on a CPU, whose caches can't hold the maps of more.

        This more than doubles the speed without gradients. An exported graph takes any number.
        """
        if torch.compiler.is_exporting():
            return (x,)
        few = x.device.type == "cpu" and not torch.is_grad_enabled()
        return torch.split(x, _SPLIT if few else len(x))

    def _begin(self, images: torch.Tensor, stages: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, found, _ = self._run(images, 0, stages)
        statistics = torch.cat(found, dim=1) if found else images.flatten(1)[:, :0]  # (B, S so far)
        return x, statistics

    def _finish(self, partial: PartialFeatures) -> Features:
        x, found, middle = self._run(partial.map, partial.stages, self.stages)
        found = [partial.statistics, *found]
        if self.statistics:
            found.append(_channel_statistics(x))
        last = x.float()  # (B, C, h, w)
        if middle is None:
            pooled = last[:, :0]
        else:
            pooled = functional.adaptive_avg_pool2d(middle.float(), (last.shape[2], last.shape[3]))
        return Features(last, pooled, torch.cat(found, dim=1))

    def _run(
        self, x: torch.Tensor, start: int, stop: int
    ) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor | None]:
        """Run stages ``start`` to ``stop``; return the map, statistics, and the second map."""
        middle = None
        found = []
        for number, stage in enumerate(self.backbone.stages()[start:stop], start=start + 1):
            before, x = x, stage(x)
            if number == self.middle:
                middle = x  # (B, M, H/s, W/s), s <= 32
            # Statistics are taken of the last map of each size, after the image itself.
            if self.statistics and before.shape[2] != x.shape[2] and number > 1:
                found.append(_channel_statistics(before))
        return x, found, middle


class Head(torch.nn.Module):
    """Everything after the backbone: recurrent reading, attention and classifiers."""

    def __init__(
        self, extractor: FeatureExtractor, classes: Mapping[str, int], config: ModelConfig
    ) -> None:
        """Make the layers with random weights, drawn from torch's generator.

        ``classes`` is {attribute: number of classes}; ``extractor`` computes the head's input.
        """
        super().__init__()
        self.attributes = tuple(classes)
        self._layers = {name: _layer(name) for name in classes}
        self.with_statistics = frozenset(config.statistics) & set(classes)
        channels, inner = extractor.channels, config.projection
        # Maps are standardised without a learnt scale: the projection has one.
        self.norm = torch.nn.BatchNorm2d(channels, affine=False)
        self.project = torch.nn.Conv2d(channels, inner, 1)
        self.middle_norm: torch.nn.Module | None = None
        if extractor.middle_channels:
            self.middle_norm = torch.nn.BatchNorm2d(extractor.middle_channels, affine=False)
            self.middle_project = torch.nn.Conv2d(extractor.middle_channels, inner, 1)
        self.place_norm = torch.nn.LayerNorm(inner)
        self.drop = torch.nn.Dropout(config.dropout)
        self.rows: torch.nn.Module | None = None
        width = inner
        if config.recurrent != "none":
            self.rows = _make_recurrent(config)
            self.columns = _make_recurrent(config)
            width = 4 * config.hidden
        self.read_norm = torch.nn.LayerNorm(width)
        self.attention_maps = len(classes) if config.attention == "attribute" else 1
        self.attend = torch.nn.Linear(width, self.attention_maps)
        self.classify = torch.nn.ModuleDict(
            {self._layers[name]: torch.nn.Linear(width, count) for name, count in classes.items()}
        )
        self.embedding_size = width
        self.beside: torch.nn.ModuleDict | None = None
        sizes = {
            name: channels * config.pooled
            + extractor.statistics_size * (name in self.with_statistics)
            for name in classes
        }
        self.pooled = config.pooled
        if config.pooled:
            self.pooled_norm = torch.nn.BatchNorm1d(channels, affine=False)
        self.statistics_norm: torch.nn.Module | None = None
        if self.with_statistics:
            self.statistics_norm = torch.nn.BatchNorm1d(extractor.statistics_size, affine=False)
        if any(sizes.values()):
            self.beside = torch.nn.ModuleDict(
                {
                    self._layers[name]: torch.nn.Linear(sizes[name], count, bias=False)
                    for name, count in classes.items()
                    if sizes[name]
                }
            )

    def forward(self, features: Features) -> Outputs:
        """Return logits and embeddings of images from their features."""
        last, middle, statistics = features
        x = self.project(self.norm(last))  # (B, P, h, w)
        if self.middle_norm is not None:
            x = x + self.middle_project(self.middle_norm(middle))
        x = x.permute(0, 2, 3, 1)  # (B, h, w, P)
        x = self.drop(functional.gelu(self.place_norm(x)))
        x = self.read_norm(self._read(x))  # (B, h, w, D)
        x = x.flatten(1, 2)  # (B, h w, D)
        weights = self.attend(x).softmax(dim=1)  # (B, h w, A or 1)
        attended = weights.transpose(1, 2) @ x  # (B, A or 1, D)
        beside = self._classify_pooled(last, statistics)
        logits = {}
        for number, name in enumerate(self.attributes):
            own = attended[:, number if self.attention_maps > 1 else 0]  # (B, D)
            logits[name] = self.classify[self._layers[name]](self.drop(own))  # (B, K)
            if name in beside:
                logits[name] = logits[name] + beside[name]
        embedding = functional.normalize(attended.mean(dim=1), dim=1)  # (B, D)
        return Outputs(logits, embedding)

    def _read(self, x: torch.Tensor) -> torch.Tensor:
        """Read a map (B, h, w, P) along rows and columns; returns (B, h, w, D)."""
        if self.rows is None:
            return x
        h, w = x.shape[1:3]
        rows, _ = self.rows(x.flatten(0, 1))  # (B h, w, D/2)
        rows = rows.unflatten(0, (-1, h))  # (B, h, w, D/2)
        columns, _ = self.columns(x.transpose(1, 2).flatten(0, 1))  # (B w, h, D/2)
        columns = columns.unflatten(0, (-1, w)).transpose(1, 2)  # (B, h, w, D/2)
        return torch.cat([rows, columns], dim=3)

    def _classify_pooled(
        self, last: torch.Tensor, statistics: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the logits from pooled map and statistics, {attribute: (B, K)}."""
        if self.beside is None:
            return {}
        parts = []
        if self.pooled:
            parts.append(self.drop(self.pooled_norm(last.mean(dim=(2, 3)))))  # (B, C)
        common = list(parts)
        if self.statistics_norm is not None:
            parts.append(self.drop(self.statistics_norm(statistics)))  # (B, S)
        return {
            name: self.beside[layer](
                torch.cat(parts if name in self.with_statistics else common, dim=1)
            )
            for name, layer in self._layers.items()
            if layer in self.beside
        }


class CnnRnn(torch.nn.Module):
    """Backbone and head: images in, logits and an embedding out.

    ``precision`` is the dtype of the backbone's autocast, None for float32. The head, small and
    recurrent, is always computed in float32.
    """

    def __init__(self, backbone: Backbone, classes: Mapping[str, int], config: ModelConfig) -> None:
        super().__init__()
        self.features = FeatureExtractor(backbone, config)
        self.head = Head(self.features, classes, config)
        self.precision: torch.dtype | None = None

    @property
    def backbone(self) -> Backbone:
        """The backbone."""
        return self.features.backbone

    def frozen_stages(self, count: int) -> list[torch.nn.Module]:
        """Return the backbone's first ``count`` stages.

        Raises:
            InputError: it has fewer.
        """
        stages = self.backbone.stages()
        if count > len(stages):
            raise InputError(
                f"option 'stage_two.frozen' is {count}, but {self.backbone.arch} has "
                f"{len(stages)} stages; give 0 (train all) to {len(stages)}"
            )
        return stages[:count]

    def forward(self, images: torch.Tensor | PartialFeatures) -> Outputs:
        """Return the outputs for ``images`` (B, 3, H, W), normalised, or their partial features."""
        if isinstance(images, PartialFeatures):
            with self.autocast(images.map.device):
                features = self.features.finish(images)
        else:
            with self.autocast(images.device):
                features = self.features(images)
        outputs: Outputs = self.head(features)
        return outputs

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return a context in which the backbone is computed in ``precision``."""
        enabled = self.precision is not None
        return torch.autocast(device.type, dtype=self.precision, enabled=enabled)


def _layer(attribute: str) -> str:
    """Return the name of an attribute's layer; a ModuleDict has "type" and others itself."""
    return f"{attribute}_" if hasattr(torch.nn.ModuleDict(), attribute) else attribute


def _make_recurrent(config: ModelConfig) -> torch.nn.Module:
    kind = torch.nn.GRU if config.recurrent == "gru" else torch.nn.LSTM
    return kind(
        config.projection,
        config.hidden,
        config.layers,
        batch_first=True,
        bidirectional=True,
        dropout=config.dropout if config.layers > 1 else 0.0,
    )


def _channel_statistics(x: torch.Tensor) -> torch.Tensor:
    """Return mean and standard deviation of each channel of a map (B, C, h, w), (B, 2 C)."""
    x = x.float()
    mean = x.mean(dim=(2, 3))
    variance = x.var(dim=(2, 3), unbiased=False)
    return torch.cat([mean, (variance + _VARIANCE_FLOOR).sqrt()], dim=1)
