"""Features of the frozen backbone for all images, computed once and cached on disk.

The head trains on them for many epochs in the time of one epoch of the whole network. Each image is
cached as it is and mirrored, which is the only augmentation of stage one. Maps are float16: their
values are 0 to a few, and the head trains equally well.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from artextract.images.preprocess import Preprocess
from training.data.array_cache import Arrays
from training.data.augmentation import to_floats
from training.networks.cnn_rnn import FeatureExtractor, Features

FLIPS = 2
"""Entries of each image: as it is, and mirrored."""

_BATCH = 32
_TYPES = {"last": np.float16, "middle": np.float16, "statistics": np.float32}


class Images(Protocol):
    """Decoded images by row, all of one size."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]:
        """Return the images of ``rows`` (n,), as (n, side, side, 3)."""


class CachedFeatures:
    """The features of all images, read from disk on access."""

    def __init__(self, arrays: Arrays) -> None:
        self._parts = [arrays[name] for name in _TYPES]

    def __len__(self) -> int:
        return len(self._parts[0]) // FLIPS

    def get(self, rows: torch.Tensor, mirrored: torch.Tensor, device: torch.device) -> Features:
        """Return the features of ``rows`` (n,), of the mirror image where ``mirrored`` (n,)."""
        at = rows.numpy() + len(self) * mirrored.numpy().astype(np.int64)
        return Features(*(torch.from_numpy(part[at]).to(device).float() for part in self._parts))

    def pooled(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the spatial mean of the last map, (n, C), of the images of ``rows`` (n,)."""
        whole = [
            np.asarray(self._parts[0][rows[start : start + _BATCH]], np.float32).mean(axis=(2, 3))
            for start in range(0, len(rows), _BATCH)
        ]
        return np.concatenate(whole)


def load_images(images: Images, rows: npt.NDArray[np.int64], device: torch.device) -> torch.Tensor:
    """Return the images of ``rows`` (n,) as (n, 3, side, side), float32, 0 to 255."""
    return to_floats(torch.from_numpy(images[rows]).to(device))


def normalise(pixels: torch.Tensor, preprocess: Preprocess) -> torch.Tensor:
    """Return images (n, 3, h, w) of 0 to 255 as the backbone's input, channels last."""
    mean = torch.tensor(preprocess.mean, device=pixels.device)[None, :, None, None]
    std = torch.tensor(preprocess.std, device=pixels.device)[None, :, None, None]
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def feature_batches(
    extractor: FeatureExtractor, images: Images, preprocess: Preprocess, device: torch.device
) -> Iterator[Arrays]:
    """Iterate over the features of all ``images``, and then of their mirror images."""
    extractor.eval()
    for mirrored in (False, True):
        for start in range(0, len(images), _BATCH):
            rows = np.arange(start, min(start + _BATCH, len(images)))
            batch = load_images(images, rows, device)
            features: Features = extractor(
                normalise(batch.flip(3) if mirrored else batch, preprocess)
            )
            yield {
                name: part.float().cpu().numpy().astype(_TYPES[name])
                for name, part in features._asdict().items()
            }
