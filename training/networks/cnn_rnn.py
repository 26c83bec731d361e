"""The CNN-RNN: a convolutional network sees places, a recurrent one reads them as rows and columns.

A convolutional network tells what is in a part of the picture; averaging its map, as usual, throws
away how the parts lie to each other. Here a bidirectional recurrent network reads each row and each
column of the map (as in ReNet, Visin et al. 2015, arXiv:1505.00393), so that every place knows what
is left, right, above and below it. Attention then chooses, for each attribute, the places that
matter, and a linear layer tells the classes from what is found there, together with the mean of the
map.

Letters in shapes: B pictures, C channels of the last map and h, w its sides, M channels of the
middle map, S statistics, P numbers a place after the projection, D numbers a place after reading,
A attributes, K classes of one of them.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch.nn import functional

from artextract.errors import InputError
from training.config import ModelSettings
from training.networks.backbones.base import Backbone
from training.networks.chain import chain_of

__all__ = ["CnnRnn", "FeatureMaker", "Features", "Head", "Outputs", "Partway"]

_VARIANCE_FLOOR = 1e-6
_AT_ONCE = 8


class Features(NamedTuple):
    """What the backbone makes of pictures, and all that the head sees of them.

    ``middle`` is averaged to the sides of ``last``. Where a network does not use ``middle`` or
    ``statistics``, they have no channels.
    """

    last: torch.Tensor  # (B, C, h, w)
    middle: torch.Tensor  # (B, M, h, w)
    statistics: torch.Tensor  # (B, S)


class Partway(NamedTuple):
    """What the first steps of the backbone make of pictures, for the others to go on with."""

    done: int  # steps
    map: torch.Tensor  # (B, c, H/s, W/s)
    statistics: torch.Tensor  # (B, S so far)


class Outputs(NamedTuple):
    """What the network says of pictures."""

    logits: dict[str, torch.Tensor]  # {attribute: (B, K)}
    embedding: torch.Tensor  # (B, D), each row of length 1


class FeatureMaker(torch.nn.Module):
    """The backbone, with a second map and statistics taken on the way."""

    def __init__(self, backbone: Backbone, settings: ModelSettings) -> None:
        """Wrap ``backbone``; its weights stay its own."""
        super().__init__()
        self.backbone = backbone
        self.steps = len(chain_of(backbone))
        if settings.middle >= self.steps:
            raise InputError(
                f"setting 'model.middle' is {settings.middle}, but {backbone.arch} has "
                f"{self.steps} steps; give 0 (no second map) to {self.steps - 1}"
            )
        self.middle = settings.middle
        self.statistics = bool(settings.statistics)
        self.eval()
        with torch.inference_mode():
            sizes = self(torch.zeros(1, 3, 64, 64))
        self.channels = sizes.last.shape[1]
        self.middle_channels = sizes.middle.shape[1]
        self.statistics_size = sizes.statistics.shape[1]

    def forward(self, images: torch.Tensor) -> Features:
        """Return what the head sees of ``images`` (B, 3, H, W), prepared for the backbone."""
        return self.finish(self.begin(images, 0))

    def begin(self, images: torch.Tensor, steps: int) -> Partway:
        """Return what the first ``steps`` steps, before the second map, make of ``images``."""
        parts = [self._begin(part, steps) for part in self._split(images)]
        return Partway(steps, *(torch.cat(each) for each in zip(*parts, strict=True)))

    def finish(self, partway: Partway) -> Features:
        """Return the features of pictures of which the first steps are done."""
        maps, statistics = self._split(partway.map), self._split(partway.statistics)
        parts = [
            self._finish(Partway(partway.done, *part))
            for part in zip(maps, statistics, strict=True)
        ]
        return Features(*(torch.cat(each) for each in zip(*parts, strict=True)))

    def _split(self, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return a few pictures at a time on a CPU: maps of more are too large for its caches.

        That is more than twice as quick where nothing is kept for a gradient. An exported graph
        takes any number at once.
        """
        if torch.compiler.is_exporting():
            return (x,)
        few = x.device.type == "cpu" and not torch.is_grad_enabled()
        return torch.split(x, _AT_ONCE if few else len(x))

    def _begin(self, images: torch.Tensor, steps: int) -> tuple[torch.Tensor, torch.Tensor]:
        x, found, _ = self._run(images, 0, steps)
        statistics = torch.cat(found, dim=1) if found else images.flatten(1)[:, :0]  # (B, S so far)
        return x, statistics

    def _finish(self, partway: Partway) -> Features:
        x, found, middle = self._run(partway.map, partway.done, self.steps)
        found = [partway.statistics, *found]
        if self.statistics:
            found.append(_channel_statistics(x))
        last = x.float()  # (B, C, h, w)
        if middle is None:
            narrow = last[:, :0]
        else:
            narrow = functional.adaptive_avg_pool2d(middle.float(), (last.shape[2], last.shape[3]))
        # narrow: (B, M, h, w)
        return Features(last, narrow, torch.cat(found, dim=1))

    def _run(
        self, x: torch.Tensor, start: int, stop: int
    ) -> tuple[torch.Tensor, list[torch.Tensor], torch.Tensor | None]:
        """Run steps ``start`` to ``stop``; return map, statistics, and the second map if there."""
        middle = None
        found = []
        for number, step in enumerate(chain_of(self.backbone)[start:stop], start=start + 1):
            before, x = x, step(x)
            if number == self.middle:
                middle = x  # (B, M, H/s, W/s), s <= 32
            # Statistics are taken of the last map of each size, after the picture itself.
            if self.statistics and before.shape[2] != x.shape[2] and number > 1:
                found.append(_channel_statistics(before))
        return x, found, middle


class Head(torch.nn.Module):
    """The recurrent part, attention and classifiers: all that is not the backbone."""

    def __init__(
        self, maker: FeatureMaker, classes: Mapping[str, int], settings: ModelSettings
    ) -> None:
        """Make the layers with random weights.

        Args:
            maker: What makes the features that this head will see.
            classes: {attribute: number of classes}.
            settings: Of the network.
        """
        super().__init__()
        self.attributes = tuple(classes)
        self._layers = {name: _layer(name) for name in classes}
        self.with_statistics = frozenset(settings.statistics) & set(classes)
        channels, inner = maker.channels, settings.projection
        # Maps are standardised without a scale of their own: the projection has one.
        self.norm = torch.nn.BatchNorm2d(channels, affine=False)
        self.project = torch.nn.Conv2d(channels, inner, 1)
        self.middle_norm: torch.nn.Module | None = None
        if maker.middle_channels:
            self.middle_norm = torch.nn.BatchNorm2d(maker.middle_channels, affine=False)
            self.middle_project = torch.nn.Conv2d(maker.middle_channels, inner, 1)
        self.place_norm = torch.nn.LayerNorm(inner)
        self.drop = torch.nn.Dropout(settings.dropout)
        self.rows: torch.nn.Module | None = None
        width = inner
        if settings.recurrent != "none":
            self.rows = _make_reader(settings)
            self.columns = _make_reader(settings)
            width = 4 * settings.hidden
        self.read_norm = torch.nn.LayerNorm(width)
        self.looks = len(classes) if settings.attention == "attribute" else 1
        self.attend = torch.nn.Linear(width, self.looks)
        self.classify = torch.nn.ModuleDict(
            {self._layers[name]: torch.nn.Linear(width, count) for name, count in classes.items()}
        )
        self.embedding_size = width
        self.beside: torch.nn.ModuleDict | None = None
        sizes = {
            name: channels * settings.pooled
            + maker.statistics_size * (name in self.with_statistics)
            for name in classes
        }
        self.pooled = settings.pooled
        if settings.pooled:
            self.pooled_norm = torch.nn.BatchNorm1d(channels, affine=False)
        self.statistics_norm: torch.nn.Module | None = None
        if self.with_statistics:
            self.statistics_norm = torch.nn.BatchNorm1d(maker.statistics_size, affine=False)
        if any(sizes.values()):
            self.beside = torch.nn.ModuleDict(
                {
                    self._layers[name]: torch.nn.Linear(sizes[name], count, bias=False)
                    for name, count in classes.items()
                    if sizes[name]
                }
            )

    def forward(self, features: Features) -> Outputs:
        """Return logits and embedding of pictures from their features."""
        last, middle, statistics = features
        x = self.project(self.norm(last))  # (B, P, h, w)
        if self.middle_norm is not None:
            x = x + self.middle_project(self.middle_norm(middle))
        x = x.permute(0, 2, 3, 1)  # (B, h, w, P)
        x = self.drop(functional.gelu(self.place_norm(x)))
        x = self.read_norm(self._read(x))  # (B, h, w, D)
        x = x.flatten(1, 2)  # (B, h w, D)
        shares = self.attend(x).softmax(dim=1)  # (B, h w, A or 1)
        seen = shares.transpose(1, 2) @ x  # (B, A or 1, D)
        beside = self._look_beside(last, statistics)
        logits = {}
        for number, name in enumerate(self.attributes):
            own = seen[:, number if self.looks > 1 else 0]  # (B, D)
            logits[name] = self.classify[self._layers[name]](self.drop(own))  # (B, K)
            if name in beside:
                logits[name] = logits[name] + beside[name]
        embedding = functional.normalize(seen.mean(dim=1), dim=1)  # (B, D)
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

    def _look_beside(self, last: torch.Tensor, statistics: torch.Tensor) -> dict[str, torch.Tensor]:
        """Return what pooled map and statistics add to the logits, {attribute: (B, K)}."""
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
    """Backbone and head in one: pictures in, logits and an embedding out.

    ``precision`` is the type in which the backbone is computed under autocast; None leaves it as it
    is. The head, small and recurrent, is always computed in float32.
    """

    def __init__(
        self, backbone: Backbone, classes: Mapping[str, int], settings: ModelSettings
    ) -> None:
        """Make the network; the head's weights are random (drawn from torch's generator)."""
        super().__init__()
        self.features = FeatureMaker(backbone, settings)
        self.head = Head(self.features, classes, settings)
        self.precision: torch.dtype | None = None

    @property
    def backbone(self) -> Backbone:
        """The backbone."""
        return self.features.backbone

    def frozen_steps(self, count: int) -> list[torch.nn.Module]:
        """Return the backbone's first ``count`` steps.

        Raises:
            InputError: it has fewer.
        """
        steps = chain_of(self.backbone)
        if count > len(steps):
            raise InputError(
                f"setting 'stage_two.frozen' is {count}, but {self.backbone.arch} has "
                f"{len(steps)} steps; give 0 (all learn) to {len(steps)}"
            )
        return steps[:count]

    def forward(self, images: torch.Tensor | Partway) -> Outputs:
        """Return what the network says of ``images`` (B, 3, H, W), prepared for the backbone.

        They may have been seen by its first steps already.
        """
        maps = images.map if isinstance(images, Partway) else images
        with self.autocast(maps.device):
            features: Features = (
                self.features.finish(images)
                if isinstance(images, Partway)
                else self.features(images)
            )
        outputs: Outputs = self.head(features)
        return outputs

    def autocast(self, device: torch.device) -> torch.autocast:
        """Return a context in which the backbone's steps are computed in ``precision``."""
        wanted = self.precision is not None
        return torch.autocast(device.type, dtype=self.precision, enabled=wanted)


def _layer(attribute: str) -> str:
    """Return the name of an attribute's layer: "type" and others are taken in a ModuleDict."""
    return f"{attribute}_" if hasattr(torch.nn.ModuleDict(), attribute) else attribute


def _make_reader(settings: ModelSettings) -> torch.nn.Module:
    kind = torch.nn.GRU if settings.recurrent == "gru" else torch.nn.LSTM
    return kind(
        settings.projection,
        settings.hidden,
        settings.layers,
        batch_first=True,
        bidirectional=True,
        dropout=settings.dropout if settings.layers > 1 else 0.0,
    )


def _channel_statistics(x: torch.Tensor) -> torch.Tensor:
    """Return mean and deviation of each channel of a map (B, C, h, w) over its places, (B, 2 C)."""
    x = x.float()
    mean = x.mean(dim=(2, 3))
    variance = x.var(dim=(2, 3), unbiased=False)
    return torch.cat([mean, (variance + _VARIANCE_FLOOR).sqrt()], dim=1)
