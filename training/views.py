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
from artextract.preprocess import Preprocess
from training.augment import augment, to_floats
from training.config import AugmentSettings
from training.features import Pixels, prepare
from training.kept_arrays import Arrays, keep_arrays, load_arrays, remove_arrays
from training.model import CnnRnn, Partway

__all__ = ["Views", "load_views", "make_views", "remove_views"]

_BATCH = 32
_KIND = "views"


class Views:
    """``count`` versions of each training picture, ``steps`` steps into the backbone."""

    def __init__(self, arrays: Arrays, rows: int) -> None:
        """Read from what :func:`make_views` keeps of ``rows`` pictures."""
        self._maps, self._statistics = arrays["maps"], arrays["statistics"]
        self._rows = rows
        self._steps = int(arrays["steps"][0])
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


def load_views(cache: Path, key: Sequence[object], rows: int) -> Views | None:
    """Return what is kept in ``cache`` under ``key`` of ``rows`` pictures, or None."""
    found = load_arrays(cache, _KIND, key)
    return None if found is None else Views(found, rows)


def remove_views(cache: Path, key: Sequence[object]) -> None:
    """Remove what is kept in ``cache`` under ``key``."""
    remove_arrays(cache, _KIND, key)


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
                images = to_floats(torch.from_numpy(pictures[part]).to(device))
                images = prepare(augment(images, settings, generator), preprocess)
                images = images.contiguous(memory_format=torch.channels_last)
                with network.autocast(device):
                    partway = network.features.begin(images, steps)
                yield {
                    "maps": partway.map.float().cpu().numpy().astype(np.float16),
                    "statistics": partway.statistics.float().cpu().numpy(),
                    "steps": np.full(len(part), steps),
                }
                on_pictures(len(part))

    try:
        kept = keep_arrays(cache, _KIND, key, count * len(rows), compute())
    except OSError as error:
        raise CacheError(
            f"{count} versions of {len(rows):,} pictures can't be kept in {cache} "
            f"({error.strerror or error}); make room or mend its rights, name another folder with "
            "$ARTEXTRACT_CACHE, or keep none with --set stage_two.views=0"
        ) from error
    return Views(kept, len(rows))
