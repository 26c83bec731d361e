"""The two tasks: training a head on cached features, and a network on images."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import InputError
from artextract.images.preprocess import Preprocess
from training.config import AugmentationConfig, LossConfig
from training.data.augmentation import augment, draw_mixup, mixup
from training.data.augmented import AugmentedMaps
from training.data.classes import Classes
from training.data.features import CachedFeatures, Images, load_images, normalise
from training.evaluation.metrics import score
from training.evaluation.predict import Predictor, predict
from training.evaluation.predictions import Predictions
from training.loops.losses import MultiTaskLoss, artist_weights
from training.loops.processes import Processes
from training.networks.cnn_rnn import Outputs, PartialFeatures

_EVALUATION_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodedDataset:
    """A dataset as arrays; ``train`` and ``val`` are the rows of the splits.

    ``labels`` is (samples, attributes) as :meth:`~training.data.classes.Classes.encode` returns it.
    """

    ids: Sequence[str]
    artists: Sequence[str | None]
    labels: npt.NDArray[np.int64]
    classes: Classes
    train: npt.NDArray[np.int64]
    val: npt.NDArray[np.int64]

    def labels_of(self, rows: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """Return {attribute: (n,)} of the samples ``rows`` (n,)."""
        return {
            name: self.labels[rows, column] for column, name in enumerate(self.classes.attributes)
        }

    def predict(
        self, predictor: Predictor, rows: npt.NDArray[np.int64], *, flips: bool,
        processes: Processes,
    ) -> Predictions:  # fmt: skip
        """Return the predictions for the samples ``rows`` (n,)."""
        return predict(
            predictor,
            rows,
            [self.ids[row] for row in rows],
            self.labels_of(rows),
            batch=_EVALUATION_BATCH,
            flips=flips,
            processes=processes,
        )


def epoch_scores(predictions: Predictions, classes: Classes) -> dict[str, float]:
    """Return the macro-F1 of each attribute with a known label, and their mean as ``score``.

    Raises:
        InputError: no label of any attribute is known.
    """
    found = {
        name: score(predictions.logits[name], labels, list(classes.names[name])).macro_f1
        for name, labels in predictions.labels.items()
        if (labels >= 0).any()
    }
    if not found:
        raise InputError(
            f"none of the {len(predictions.ids)} validation samples has a known label of "
            f"{', '.join(predictions.labels)}, so epochs can't be compared; add labels to the "
            "validation split"
        )
    return {"score": sum(found.values()) / len(found), **found}


class _LabelledTask(ABC):
    """Labels, weights and loss of the training split; see :class:`training.loops.loop.Task`."""

    def __init__(self, data: EncodedDataset, config: LossConfig, device: torch.device) -> None:
        self.data = data
        self.device = device
        self._train = torch.from_numpy(data.train)
        self._labels = torch.from_numpy(data.labels)
        sizes = data.classes.sizes
        counts: dict[str, Sequence[int]] = {
            # At least 1: a class without samples has no prior.
            name: np.bincount(labels[labels >= 0], minlength=sizes[name]).clip(min=1).tolist()
            for name, labels in data.labels_of(data.train).items()
        }
        self._loss = MultiTaskLoss(counts, config).to(device)
        by_artist = artist_weights([data.artists[row] for row in data.train], config.artist_power)
        self._weights = torch.ones(self._labels.shape)
        for column, name in enumerate(data.classes.attributes):
            if name != "artist":
                self._weights[self._train, column] = by_artist

    @property
    def rows(self) -> int:
        """The number of training samples."""
        return len(self._train)

    def evaluate(self, module: torch.nn.Module, processes: Processes) -> dict[str, float]:
        """Return the scores of the validation split."""
        predictions = self.data.predict(
            self.predictor(module), self.data.val, flips=False, processes=processes
        )
        return epoch_scores(predictions, self.data.classes)

    @abstractmethod
    def predictor(self, module: torch.nn.Module) -> Predictor:
        """Return ``module`` as a function of the samples' rows."""

    def _loss_of(
        self, outputs: Outputs, samples: torch.Tensor, batch: torch.Tensor
    ) -> torch.Tensor:
        """Return the loss of ``samples``, this process's part of the training rows ``batch``."""
        whole = self._train[batch]
        divisors = self._weights[whole].where(self._labels[whole] >= 0, 0.0).sum(dim=0)
        given = (self._labels[samples], self._weights[samples], divisors)
        loss: torch.Tensor = self._loss(outputs.logits, *(each.to(self.device) for each in given))
        return loss


class FeatureTask(_LabelledTask):
    """Classifying from cached features of the frozen backbone."""

    def __init__(
        self,
        data: EncodedDataset,
        features: CachedFeatures,
        config: LossConfig,
        device: torch.device,
        *,
        flip: bool = True,
    ) -> None:
        """Take the features of all samples; ``flip`` mirrors half of the training samples."""
        super().__init__(data, config, device)
        self._features = features
        self._flip = flip

    def loss(
        self,
        module: torch.nn.Module,
        rows: torch.Tensor,
        batch: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Return this process's part of a batch's loss."""
        samples = self._train[rows]
        mirrored = (torch.rand(len(rows), generator=generator) < 0.5) & self._flip
        outputs = module(self._features.get(samples, mirrored, self.device))
        return self._loss_of(outputs, samples, batch)

    def predictor(self, module: torch.nn.Module) -> Predictor:
        """Return ``module``, a head, as a function of the samples' rows."""

        def outputs_of(rows: torch.Tensor, mirrored: bool) -> Outputs:
            flags = torch.full((len(rows),), mirrored)
            outputs: Outputs = module(self._features.get(rows, flags, self.device))
            return outputs

        return outputs_of


class ImageTask(_LabelledTask):
    """Classifying from images: augmented in training, or their cached maps, and plain otherwise."""

    def __init__(
        self,
        data: EncodedDataset,
        images: Images,
        preprocess: Preprocess,
        config: LossConfig,
        augmentation: AugmentationConfig,
        device: torch.device,
        maps: AugmentedMaps | None = None,
    ) -> None:
        """Take all images; ``preprocess`` is the backbone's, ``maps`` are of the training rows."""
        super().__init__(data, config, device)
        self._images = images
        self._preprocess = preprocess
        self._augmentation = augmentation
        self._maps = maps

    def loss(
        self,
        module: torch.nn.Module,
        rows: torch.Tensor,
        batch: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Return this process's part of a batch's loss."""
        samples = self._train[rows]
        inputs = self._augmented(rows, generator)
        if not self._augmentation.mix:
            return self._loss_of(module(inputs), samples, batch)
        partner, share = draw_mixup(len(samples), self._augmentation.mix, generator)
        outputs = module(_mixup(inputs, partner, share))
        own = self._loss_of(outputs, samples, batch)
        return share * own + (1 - share) * self._loss_of(outputs, samples[partner], batch)

    def predictor(self, module: torch.nn.Module) -> Predictor:
        """Return ``module``, a whole network, as a function of the samples' rows."""

        def outputs_of(rows: torch.Tensor, mirrored: bool) -> Outputs:
            images = load_images(self._images, rows.numpy(), self.device)
            images = images.flip(3) if mirrored else images
            outputs: Outputs = module(normalise(images, self._preprocess))
            return outputs

        return outputs_of

    def _augmented(
        self, rows: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor | PartialFeatures:
        """Return a random augmentation of the training rows (n,), as the network's input."""
        if self._maps is not None:
            chosen = torch.randint(self._maps.count, (len(rows),), generator=generator)
            return self._maps.get(rows, chosen, self.device)
        images = load_images(self._images, self._train[rows].numpy(), self.device)
        return normalise(augment(images, self._augmentation, generator), self._preprocess)


def _mixup(
    inputs: torch.Tensor | PartialFeatures, partner: torch.Tensor, share: float
) -> torch.Tensor | PartialFeatures:
    """Mix each sample with its partner; feature maps as in Verma et al. 2019, arXiv:1806.05236."""
    if isinstance(inputs, torch.Tensor):
        return mixup(inputs, partner, share)
    maps, statistics = (mixup(each, partner, share) for each in (inputs.map, inputs.statistics))
    return PartialFeatures(inputs.stages, maps, statistics)
