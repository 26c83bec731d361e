"""What the unchanged backbone makes of all pictures, computed once and kept on disk.

The head is trained on these for many epochs in the time of one epoch of the whole network. Each
picture is kept as it is and mirrored, so that a training on features knows at least that much
variety. Maps are kept in float16: their values are 0 to a few, and a head can't tell the
difference.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import CacheError
from artextract.images.preprocess import Preprocess
from training.data.array_cache import Arrays, keep_arrays, load_arrays
from training.data.augmentation import to_floats
from training.networks.cnn_rnn import FeatureMaker, Features

__all__ = [
    "VIEWS",
    "CachedFeatures",
    "Pixels",
    "load_features",
    "load_images",
    "make_features",
    "prepare",
]

VIEWS = 2
"""As it is, and mirrored."""

_BATCH = 32
_KIND = "features"
_TYPES = {"last": np.float16, "middle": np.float16, "statistics": np.float32}


class Pixels(Protocol):
    """Pictures by number, all of one size."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, rows: npt.NDArray[np.int64], /) -> npt.NDArray[np.uint8]:
        """Return the pictures of these numbers, (n, side, side, 3)."""


class CachedFeatures:
    """The features of all pictures, read from disk as they are asked for."""

    def __init__(self, arrays: Arrays) -> None:
        """Read from what :func:`make_features` keeps."""
        self._parts = [arrays[name] for name in _TYPES]

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self._parts[0]) // VIEWS

    def get(self, rows: torch.Tensor, mirrored: torch.Tensor, device: torch.device) -> Features:
        """Return the features of ``rows`` (n,), of the mirror image where ``mirrored`` (n,)."""
        at = rows.numpy() + len(self) * mirrored.numpy().astype(np.int64)
        return Features(*(torch.from_numpy(part[at]).to(device).float() for part in self._parts))

    def pooled(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Return the mean of the last map (n, C) of the pictures as they are."""
        whole = [
            np.asarray(self._parts[0][rows[start : start + _BATCH]], np.float32).mean(axis=(2, 3))
            for start in range(0, len(rows), _BATCH)
        ]
        return np.concatenate(whole)


def load_images(
    pictures: Pixels, rows: npt.NDArray[np.int64], device: torch.device
) -> torch.Tensor:
    """Return the pictures ``rows`` (n,) as (n, 3, side, side), float32, 0 to 255, on ``device``."""
    return to_floats(torch.from_numpy(pictures[rows]).to(device))


def prepare(pixels: torch.Tensor, preprocess: Preprocess) -> torch.Tensor:
    """Return images (n, 3, h, w) of 0 to 255 as the backbone wants them, channels last."""
    mean = torch.tensor(preprocess.mean, device=pixels.device)[None, :, None, None]
    std = torch.tensor(preprocess.std, device=pixels.device)[None, :, None, None]
    return ((pixels - mean) / std).contiguous(memory_format=torch.channels_last)


def load_features(cache: Path, key: Sequence[object]) -> CachedFeatures | None:
    """Return what was kept in ``cache`` under ``key`` (plain JSON), None where there is nothing."""
    found = load_arrays(cache, _KIND, key)
    return None if found is None else CachedFeatures(found)


def make_features(
    maker: FeatureMaker,
    pictures: Pixels,
    preprocess: Preprocess,
    cache: Path,
    key: Sequence[object],
    *,
    device: torch.device,
    precision: torch.dtype | None = None,
    on_pictures: Callable[[int], None] = lambda count: None,
) -> CachedFeatures:
    """Compute the features of all ``pictures``, keep them in ``cache`` under ``key``, return them.

    Args:
        maker: On ``device``; it is put into evaluation mode.
        pictures: All pictures.
        preprocess: What the backbone wants.
        cache: A folder for what can be made again.
        key: All that the features depend on, as plain JSON.
        device: Where to compute.
        precision: The type of autocast.
        on_pictures: Called with how many more pictures are done, each view counted.

    Raises:
        CacheError: the disk is full, or the folder can't be written.
    """
    batches = _compute(maker, pictures, preprocess, device, precision, on_pictures)
    try:
        return CachedFeatures(keep_arrays(cache, _KIND, key, VIEWS * len(pictures), batches))
    except OSError as error:
        raise CacheError(
            f"features of {len(pictures):,} pictures can't be kept in {cache} "
            f"({error.strerror or error}); make room or mend its rights, name another folder with "
            "$ARTEXTRACT_CACHE, or leave the stage out with --set stage_one.epochs=0"
        ) from error


@torch.inference_mode()
def _compute(
    maker: FeatureMaker,
    pictures: Pixels,
    preprocess: Preprocess,
    device: torch.device,
    precision: torch.dtype | None,
    on_pictures: Callable[[int], None],
) -> Iterator[Arrays]:
    """Iterate over the features of all pictures, then those of their mirror images."""
    maker.eval()
    count = len(pictures)
    for view in range(VIEWS):
        for start in range(0, count, _BATCH):
            rows = np.arange(start, min(start + _BATCH, count))
            images = load_images(pictures, rows, device)
            images = prepare(images.flip(3) if view else images, preprocess)
            with torch.autocast(device.type, dtype=precision, enabled=precision is not None):
                features: Features = maker(images)
            yield {
                name: part.float().cpu().numpy().astype(_TYPES[name])
                for name, part in features._asdict().items()
            }
            on_pictures(len(rows))
