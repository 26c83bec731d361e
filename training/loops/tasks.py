"""The task of a training: classifying a dataset from cached features, maps or images."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import InputError
from artextract.images.preprocess import Preprocess
from training.config import Config
from training.data.augmentation import augment, draw_mixup, mixup
from training.data.augmented import AugmentedMaps
from training.data.classes import Classes
from training.data.features import CachedFeatures, Images, load_images, normalise
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions
from training.loops.checkpoint import Checkpoints
from training.loops.losses import MultiTaskLoss, artist_weights
from training.loops.processes import Processes
from training.loops.recorder import Recorder
from training.networks.cnn_rnn import Features, Outputs, PartialFeatures

_EVALUATION_BATCH = 64

Inputs = torch.Tensor | Features | PartialFeatures


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


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingContext:
    """The input and output of a training.

    ``source`` identifies the images and the initial backbone in the cache, as plain JSON.
    """

    config: Config
    data: EncodedDataset
    images: Images
    preprocess: Preprocess
    processes: Processes
    checkpoints: Checkpoints
    recorder: Recorder
    cache: Path
    source: Sequence[object]


class Task:
    """The classification of all attributes, by a network or its head."""

    def __init__(
        self,
        context: TrainingContext,
        inputs: Callable[[torch.Tensor, bool], Inputs],
        training_inputs: Callable[[torch.Tensor, torch.Generator], Inputs],
        mix: float = 0.0,
    ) -> None:
        """Prepare labels, weights and loss.

        Args:
            context: Of the training.
            inputs: Returns the network's input for samples (n,), or for their mirror images.
            training_inputs: Returns a random augmentation of rows (n,) of the training split.
            mix: Parameter of mixup's Beta distribution; 0 turns mixup off.
        """
        data, config = context.data, context.config.loss
        self.context = context
        self.rows = len(data.train)
        self._inputs, self._training_inputs, self._mix = inputs, training_inputs, mix
        self._train = torch.from_numpy(data.train)
        self._labels = torch.from_numpy(data.labels)
        sizes = data.classes.sizes
        counts: dict[str, Sequence[int]] = {
            # At least 1: a class without samples has no prior.
            name: np.bincount(labels[labels >= 0], minlength=sizes[name]).clip(min=1).tolist()
            for name, labels in data.labels_of(data.train).items()
        }
        self._loss = MultiTaskLoss(counts, config).to(context.processes.device)
        by_artist = artist_weights([data.artists[row] for row in data.train], config.artist_power)
        self._weights = torch.ones(self._labels.shape)
        for column, name in enumerate(data.classes.attributes):
            if name != "artist":
                self._weights[self._train, column] = by_artist

    def loss(
        self,
        module: torch.nn.Module,
        rows: torch.Tensor,
        batch: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Return this process's part of a batch's loss; the parts' sum is the whole.

        Args:
            module: The network or its head.
            rows: This process's rows of the training split, (n,).
            batch: Those of all processes.
            generator: Source of random numbers.
        """
        samples = self._train[rows]
        inputs = self._training_inputs(rows, generator)
        if not self._mix:
            return self._loss_of(module(inputs), samples, batch)
        partner, share = draw_mixup(len(samples), self._mix, generator)
        outputs = module(_mixup(inputs, partner, share))
        own = self._loss_of(outputs, samples, batch)
        return share * own + (1 - share) * self._loss_of(outputs, samples[partner], batch)

    def _loss_of(
        self, outputs: Outputs, samples: torch.Tensor, batch: torch.Tensor
    ) -> torch.Tensor:
        whole = self._train[batch]
        divisors = self._weights[whole].where(self._labels[whole] >= 0, 0.0).sum(dim=0)
        given = (self._labels[samples], self._weights[samples], divisors)
        device = self.context.processes.device
        loss: torch.Tensor = self._loss(outputs.logits, *(each.to(device) for each in given))
        return loss

    def evaluate(self, module: torch.nn.Module) -> dict[str, float]:
        """Return the scores of the validation split, with their mean as ``score``."""
        data = self.context.data
        return epoch_scores(self.predict(module, data.val, flips=False), data.classes)

    @torch.inference_mode()
    def predict(
        self, module: torch.nn.Module, rows: npt.NDArray[np.int64], *, flips: bool
    ) -> Predictions:
        """Return the predictions for the samples ``rows`` (n,), in every process.

        Args:
            module: The network or its head, in evaluation mode.
            rows: Divided among the processes.
            flips: Average the logits, and the embeddings before they are normalised again, with
                those of the mirror images.

        Raises:
            InputError: there is no sample.
        """
        data, processes = self.context.data, self.context.processes
        names = data.classes.attributes
        found: dict[str, list[npt.NDArray[np.float32]]] = {}
        own = torch.from_numpy(rows[processes.rank :: processes.count])
        for part in torch.split(own, _EVALUATION_BATCH):
            logits, embedding = module(self._inputs(part, False))
            if flips:
                other = module(self._inputs(part, True))
                logits = {name: (logits[name] + other.logits[name]) / 2 for name in logits}
                embedding = torch.nn.functional.normalize(embedding + other.embedding, dim=1)
            for name, values in {**logits, "": embedding}.items():  # "" names no attribute
                found.setdefault(name, []).append(values.float().cpu().numpy())
        mine = {name: np.concatenate(parts) for name, parts in found.items()}
        of_all = [part for part in processes.gather(mine) if part]
        if not of_all:
            raise InputError("there is no sample to predict; add samples to the validation split")
        return Predictions(
            ids=[data.ids[row] for row in rows],
            logits={name: _interleave([part[name] for part in of_all]) for name in names},
            labels=data.labels_of(rows),
            embedding=_interleave([part[""] for part in of_all]),
        )


def feature_task(context: TrainingContext, features: CachedFeatures) -> Task:
    """Return the task of a head: from cached ``features`` of all samples, half of them mirrored."""
    train, device = torch.from_numpy(context.data.train), context.processes.device

    def inputs(rows: torch.Tensor, mirrored: bool) -> Inputs:
        return features.get(rows, torch.full((len(rows),), mirrored), device)

    def training_inputs(rows: torch.Tensor, generator: torch.Generator) -> Inputs:
        flip = context.config.augment.flip
        mirrored = (torch.rand(len(rows), generator=generator) < 0.5) & flip
        return features.get(train[rows], mirrored, device)

    return Task(context, inputs, training_inputs)


def image_task(context: TrainingContext, maps: AugmentedMaps | None = None) -> Task:
    """Return the task of a whole network: from images, in training augmented.

    ``maps`` are the cached maps of augmented training images, used in place of new ones.
    """
    device, augmentation = context.processes.device, context.config.augment

    def inputs(rows: torch.Tensor, mirrored: bool) -> Inputs:
        images = load_images(context.images, rows.numpy(), device)
        return normalise(images.flip(3) if mirrored else images, context.preprocess)

    def training_inputs(rows: torch.Tensor, generator: torch.Generator) -> Inputs:
        if maps is not None:
            chosen = torch.randint(maps.count, (len(rows),), generator=generator)
            return maps.get(rows, chosen, device)
        images = load_images(context.images, context.data.train[rows.numpy()], device)
        return normalise(augment(images, augmentation, generator), context.preprocess)

    return Task(context, inputs, training_inputs, augmentation.mix)


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


def _mixup(inputs: Inputs, partner: torch.Tensor, share: float) -> Inputs:
    """Mix each sample with its partner; feature maps as in Verma et al. 2019, arXiv:1806.05236."""
    if isinstance(inputs, torch.Tensor):
        return mixup(inputs, partner, share)
    assert isinstance(inputs, PartialFeatures)
    maps, statistics = (mixup(each, partner, share) for each in (inputs.map, inputs.statistics))
    return PartialFeatures(inputs.stages, maps, statistics)


def _interleave(parts: list[npt.NDArray[np.float32]]) -> npt.NDArray[np.float32]:
    """Return one array of the rows that were distributed one by one."""
    whole = np.empty((sum(map(len, parts)), *parts[0].shape[1:]), np.float32)
    for number, part in enumerate(parts):
        whole[number :: len(parts)] = part
    return whole
