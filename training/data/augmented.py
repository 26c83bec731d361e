"""Cached feature maps of augmented training images.

The first stages of a backbone have the largest maps and cost the most, and where they are frozen
they compute the same in every epoch. So the maps after the frozen stages are cached for several
augmentations of each image, in float16, and training continues from there.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import CacheError
from artextract.images.preprocess import Preprocess
from training.config import AugmentationConfig
from training.data.array_cache import Arrays, load_arrays, save_arrays
from training.data.augmentation import augment
from training.data.features import Images, load_images, normalise
from training.networks.cnn_rnn import CnnRnn, PartialFeatures

KIND = "views"
"""The folder of the cache; see :mod:`training.data.array_cache`."""

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


def load_augmented_maps(
    cache: Path, key: Sequence[object], rows: int, stages: int
) -> AugmentedMaps | None:
    """Return the cached maps of ``rows`` images after ``stages`` backbone stages, or None."""
    found = load_arrays(cache, KIND, key)
    return None if found is None else AugmentedMaps(found, rows, stages)


def compute_augmented_maps(
    network: CnnRnn,
    images: Images,
    rows: npt.NDArray[np.int64],
    preprocess: Preprocess,
    config: AugmentationConfig,
    cache: Path,
    key: Sequence[object],
    *,
    stages: int,
    count: int,
    seed: int,
    device: torch.device,
    on_images: Callable[[int], None] = lambda count: None,
) -> AugmentedMaps:
    """Compute and cache the maps of ``count`` augmentations of the images of ``rows``.

    Args:
        network: On ``device``; its first ``stages`` backbone stages must be frozen.
        images: All images.
        rows: The training images, (n,).
        preprocess: Of the backbone.
        config: How much may change.
        cache: The cache folder.
        key: Everything that the maps depend on, as plain JSON.
        stages: Backbone stages to compute.
        count: Augmentations of each image.
        seed: Random seed.
        device: Where to compute.
        on_images: Called with how many more images are done.

    Raises:
        CacheError: the disk is full, or the folder can't be written.
    """

    @torch.inference_mode()
    def batches() -> Iterator[Arrays]:
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
                on_images(len(part))

    try:
        arrays = save_arrays(cache, KIND, key, count * len(rows), batches())
    except OSError as error:
        raise CacheError(
            f"maps of {count} augmentations of {len(rows):,} images can't be cached in {cache} "
            f"({error.strerror or error}); make room or change its permissions, name another "
            "folder with $ARTEXTRACT_CACHE, or cache none with stage_two.views=0"
        ) from error
    return AugmentedMaps(arrays, len(rows), stages)
