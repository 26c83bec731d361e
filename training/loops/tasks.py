"""The two things that are learnt: a head from kept features, and a network from pictures."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import InputError
from artextract.images.preprocess import Preprocess
from training.config import AugmentSettings, LossSettings
from training.data.augmentation import augment, blend, draw_mix
from training.data.augmented import Views
from training.data.classes import Classes
from training.data.features import CachedFeatures, Pixels, load_images, prepare
from training.evaluation.metrics import score
from training.evaluation.predict import See, predict
from training.evaluation.predictions import Predictions
from training.loops.losses import MultiTaskLoss, artist_weights
from training.loops.processes import Processes
from training.networks.cnn_rnn import Outputs, Partway

__all__ = ["FeatureTask", "Labelled", "PictureTask", "judge"]

_JUDGING_BATCH = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """Works by number: who they are, what they are, and which of them are for what.

    ``labels`` is (works, attributes) as of :meth:`~training.data.classes.Classes.encode`; ``train``
    and ``val`` are numbers of works.
    """

    ids: Sequence[str]
    artists: Sequence[str | None]
    labels: npt.NDArray[np.int64]
    classes: Classes
    train: npt.NDArray[np.int64]
    val: npt.NDArray[np.int64]

    def labels_of(self, rows: npt.NDArray[np.int64]) -> dict[str, npt.NDArray[np.int64]]:
        """Return {attribute: (n,)} of the works ``rows`` (n,)."""
        return {
            name: self.labels[rows, column] for column, name in enumerate(self.classes.attributes)
        }

    def predict(
        self, see: See, rows: npt.NDArray[np.int64], *, flips: bool, processes: Processes
    ) -> Predictions:
        """Return what ``see`` says of the works ``rows``."""
        return predict(
            see,
            rows,
            [self.ids[row] for row in rows],
            self.labels_of(rows),
            batch=_JUDGING_BATCH,
            flips=flips,
            processes=processes,
        )


def judge(predictions: Predictions, classes: Classes) -> dict[str, float]:
    """Return the macro-F1 of each attribute that has a known label, and their mean as ``score``.

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
            f"none of the {len(predictions.ids)} validation works has a known label of "
            f"{', '.join(predictions.labels)}, so no epoch can be called the best; give labels to "
            "works of the validation split"
        )
    return {"score": sum(found.values()) / len(found), **found}


class _LabelledTask(ABC):
    """What both tasks share: rows of the training split, labels, and the loss."""

    def __init__(self, works: Labelled, settings: LossSettings, device: torch.device) -> None:
        self.works = works
        self.device = device
        self._numbers = torch.from_numpy(works.train)
        self._labels = torch.from_numpy(works.labels)
        counts = {
            name: _count(labels, len(works.classes.names[name]))
            for name, labels in works.labels_of(works.train).items()
        }
        self._loss = MultiTaskLoss(counts, settings).to(device)
        even = artist_weights([works.artists[row] for row in works.train], settings.artist_power)
        self._weights = torch.ones(self._labels.shape)
        for column, name in enumerate(works.classes.attributes):
            if name != "artist":
                self._weights[self._numbers, column] = even

    @property
    def rows(self) -> int:
        """How many training works there are."""
        return len(self._numbers)

    def judge(self, module: torch.nn.Module, processes: Processes) -> dict[str, float]:
        """See :class:`training.loops.loop.Task`."""
        see = self.seer(module)
        said = self.works.predict(see, self.works.val, flips=False, processes=processes)
        return judge(said, self.works.classes)

    @abstractmethod
    def seer(self, module: torch.nn.Module) -> See:
        """Return ``module`` as something that sees works by their numbers."""

    def _loss_of(self, outputs: Outputs, works: torch.Tensor, batch: torch.Tensor) -> torch.Tensor:
        """Return the loss of ``works``, a part of the works whose rows are ``batch``."""
        whole = self._numbers[batch]
        divisors = self._weights[whole].where(self._labels[whole] >= 0, 0.0).sum(dim=0)
        given = (self._labels[works], self._weights[works], divisors)
        loss: torch.Tensor = self._loss(outputs.logits, *(each.to(self.device) for each in given))
        return loss


class FeatureTask(_LabelledTask):
    """Telling classes from the features that an unchanged backbone made of the works."""

    def __init__(
        self,
        works: Labelled,
        features: CachedFeatures,
        settings: LossSettings,
        device: torch.device,
        *,
        flip: bool = True,
    ) -> None:
        """Make the task; ``flip`` takes half of the works mirrored."""
        super().__init__(works, settings, device)
        self._features = features
        self._flip = flip

    def loss(
        self,
        module: torch.nn.Module,
        rows: torch.Tensor,
        batch: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """See :class:`training.loops.loop.Task`."""
        works = self._numbers[rows]
        mirrored = (torch.rand(len(rows), generator=generator) < 0.5) & self._flip
        outputs = module(self._features.get(works, mirrored, self.device))
        return self._loss_of(outputs, works, batch)

    def seer(self, module: torch.nn.Module) -> See:
        """Return ``module``, a head, as something that sees works by their numbers."""

        def see(rows: torch.Tensor, mirrored: bool) -> Outputs:
            flags = torch.full((len(rows),), mirrored)
            outputs: Outputs = module(self._features.get(rows, flags, self.device))
            return outputs

        return see


class PictureTask(_LabelledTask):
    """Telling classes from pictures that look a little different each time.

    Training sees the pictures changed anew, or versions of them that were kept partway through the
    network; judging sees the pictures themselves.
    """

    def __init__(
        self,
        works: Labelled,
        pictures: Pixels,
        preprocess: Preprocess,
        settings: LossSettings,
        variety: AugmentSettings,
        device: torch.device,
        views: Views | None = None,
    ) -> None:
        """Make the task; ``preprocess`` is the backbone's, ``views`` are of the training works."""
        super().__init__(works, settings, device)
        self._pictures = pictures
        self._preprocess = preprocess
        self._variety = variety
        self._views = views

    def loss(
        self,
        module: torch.nn.Module,
        rows: torch.Tensor,
        batch: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """See :class:`training.loops.loop.Task`."""
        works = self._numbers[rows]
        seen = self._look(rows, generator)
        if not self._variety.mix:
            return self._loss_of(module(seen), works, batch)
        partner, share = draw_mix(len(works), self._variety.mix, generator)
        outputs = module(_blend(seen, partner, share))
        own = self._loss_of(outputs, works, batch)
        return share * own + (1 - share) * self._loss_of(outputs, works[partner], batch)

    def seer(self, module: torch.nn.Module) -> See:
        """Return ``module``, a whole network, as something that sees works by their numbers."""

        def see(rows: torch.Tensor, mirrored: bool) -> Outputs:
            images = load_images(self._pictures, rows.numpy(), self.device)
            images = images.flip(3) if mirrored else images
            outputs: Outputs = module(prepare(images, self._preprocess))
            return outputs

        return see

    def _look(self, rows: torch.Tensor, generator: torch.Generator) -> torch.Tensor | Partway:
        """Return what the network is to see of training works, ``rows`` of them (n,)."""
        if self._views is not None:
            chosen = torch.randint(self._views.count, (len(rows),), generator=generator)
            return self._views.get(rows, chosen, self.device)
        images = load_images(self._pictures, self._numbers[rows].numpy(), self.device)
        return prepare(augment(images, self._variety, generator), self._preprocess)


def _blend(
    seen: torch.Tensor | Partway, partner: torch.Tensor, share: float
) -> torch.Tensor | Partway:
    """Mix each with its partner; kept maps as in Verma et al. 2019, arXiv:1806.05236."""
    if isinstance(seen, torch.Tensor):
        return blend(seen, partner, share)
    maps, statistics = (blend(each, partner, share) for each in (seen.map, seen.statistics))
    return Partway(seen.done, maps, statistics)


def _count(labels: npt.NDArray[np.int64], classes: int) -> list[int]:
    """Return the works of each class, at least 1: what is not there has no share to take."""
    found: list[int] = np.bincount(labels[labels >= 0], minlength=classes).clip(min=1).tolist()
    return found
