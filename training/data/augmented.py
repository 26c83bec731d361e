"""Cached feature maps of augmented training images.

The first stages of a backbone have the largest maps and cost the most, and where they are frozen
they compute the same in every epoch. So the maps after the frozen stages are cached for several
augmentations of each image, in float16, and training continues from there.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

from artextract.images.preprocess import Preprocess
from training.config import AugmentationConfig
from training.data.array_cache import Arrays
from training.data.augmentation import augment
from training.data.features import Images, load_images, normalise
from training.networks.cnn_rnn import CnnRnn, PartialFeatures

_BATCH = 32


class AugmentedMaps:
    """Maps of ``count`` augmentations of each training image, after ``stages`` backbone stages."""

    def __init__(self, arrays: Arrays, rows: int, stages: int) -> None:
        self._maps, self._statistics = arrays["maps"], arrays["statistics"]
        self._rows = rows
        self._stages = stages
        self.count = len(self._maps) // rows

    def get(
        self, rows: torch.Tensor, augmentations: torch.Tensor, device: torch.device
    ) -> PartialFeatures:
        """Return augmentation ``augmentations[i]`` of training image ``rows[i]``, both (n,)."""
        at = (augmentations * self._rows + rows).numpy()
        maps = torch.from_numpy(self._maps[at]).to(device).float()
        return PartialFeatures(
            self._stages,
            maps.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(self._statistics[at]).to(device),
        )


@torch.inference_mode()
def map_batches(
    network: CnnRnn,
    images: Images,
    rows: npt.NDArray[np.int64],
    preprocess: Preprocess,
    config: AugmentationConfig,
    *,
    stages: int,
    count: int,
    seed: int,
    device: torch.device,
) -> Iterator[Arrays]:
    """Iterate over the maps of ``count`` augmentations of the images of ``rows`` (n,).

    The first ``stages`` backbone stages of ``network``, on ``device``, must be frozen.
    """
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            batch = augment(load_images(images, part, device), config, generator)
            with network.autocast(device):
                features = network.features.begin(normalise(batch, preprocess), stages)
            yield {
                "maps": features.map.float().cpu().numpy().astype(np.float16),
                "statistics": features.statistics.float().cpu().numpy(),
            }
