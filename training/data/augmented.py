"""Versions of the training pictures, each seen once by the steps of the network that do not learn.

The first steps of a backbone see the largest maps and cost the most, and where they are frozen they
say the same of a picture each time. So some changed versions of each picture are kept on disk as
the last frozen step leaves them, in float16, and training goes on from there.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from artextract.errors import CacheError
from artextract.images.preprocess import Preprocess
from training.config import AugmentSettings
from training.data.array_cache import Arrays, keep_arrays, load_arrays
from training.data.augmentation import augment
from training.data.features import Pixels, load_images, prepare
from training.networks.cnn_rnn import CnnRnn, Partway

__all__ = ["KIND", "Views", "load_views", "make_views"]

KIND = "views"
"""Under which versions are kept; see :mod:`training.data.array_cache`."""

_BATCH = 32


class Views:
    """``count`` versions of each training picture, ``steps`` steps into the backbone."""

    def __init__(self, arrays: Arrays, rows: int, steps: int) -> None:
        """Read from what :func:`make_views` keeps of ``rows`` pictures."""
        self._maps, self._statistics = arrays["maps"], arrays["statistics"]
        self._rows = rows
        self._steps = steps
        self.count = len(self._maps) // rows

    def get(self, rows: torch.Tensor, views: torch.Tensor, device: torch.device) -> Partway:
        """Return version ``views[i]`` of picture ``rows[i]``, both (n,)."""
        at = (views * self._rows + rows).numpy()
        maps = torch.from_numpy(self._maps[at]).to(device).float()
        return Partway(
            self._steps,
            maps.contiguous(memory_format=torch.channels_last),
            torch.from_numpy(self._statistics[at]).to(device),
        )


def load_views(cache: Path, key: Sequence[object], rows: int, steps: int) -> Views | None:
    """Return what is kept in ``cache`` of ``rows`` pictures after ``steps`` steps, or None."""
    found = load_arrays(cache, KIND, key)
    return None if found is None else Views(found, rows, steps)


def make_views(
    network: CnnRnn,
    pictures: Pixels,
    rows: npt.NDArray[np.int64],
    preprocess: Preprocess,
    settings: AugmentSettings,
    cache: Path,
    key: Sequence[object],
    *,
    steps: int,
    count: int,
    seed: int,
    device: torch.device,
    on_pictures: Callable[[int], None] = lambda count: None,
) -> Views:
    """Make ``count`` versions of the pictures ``rows``, keep them and return them.

    Args:
        network: On ``device``; its first ``steps`` steps must not learn.
        pictures: All pictures.
        rows: Which of them, (n,).
        preprocess: What the backbone wants.
        settings: How versions may differ.
        cache: A folder for what can be made again.
        key: All that the versions depend on, as plain JSON.
        steps: How many steps of the backbone have seen them.
        count: How many of each picture.
        seed: Of the changes.
        device: Where to compute.
        on_pictures: Called with how many more are done.

    Raises:
        CacheError: the disk is full, or the folder can't be written.
    """

    @torch.inference_mode()
    def compute() -> Iterator[Arrays]:
        generator = torch.Generator().manual_seed(seed)
        for _ in range(count):
            for start in range(0, len(rows), _BATCH):
                part = rows[start : start + _BATCH]
                images = load_images(pictures, part, device)
                images = prepare(augment(images, settings, generator), preprocess)
                with network.autocast(device):
                    partway = network.features.begin(images, steps)
                yield {
                    "maps": partway.map.float().cpu().numpy().astype(np.float16),
                    "statistics": partway.statistics.float().cpu().numpy(),
                }
                on_pictures(len(part))

    try:
        kept = keep_arrays(cache, KIND, key, count * len(rows), compute())
    except OSError as error:
        raise CacheError(
            f"{count} versions of {len(rows):,} pictures can't be kept in {cache} "
            f"({error.strerror or error}); make room or mend its rights, name another folder with "
            "$ARTEXTRACT_CACHE, or keep none with --set stage_two.views=0"
        ) from error
    return Views(kept, len(rows), steps)
