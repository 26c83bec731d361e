"""Room on the disk: why a full one is met before the engine meets it.

The engine maps its files into memory. They are sparse: a page that was never written takes no room
until it is touched, and touching it on a full disk kills the process (SIGBUS) instead of raising an
error. So nothing is opened or written unless all holes in the files could be filled, with a margin
for the next pieces by which the files grow (32 MiB each).
"""

import os
import shutil
import time
from pathlib import Path

from artextract.errors import StoreFullError

__all__ = ["SpaceGuard"]

_MARGIN = 64 << 20
_EMPTY_HOLES, _HOLES_A_VECTOR = 64 << 20, 44 << 20
"""Holes of a new collection, and those for each aspect's vectors; measured with 2 and with 8."""
_LOOK_EVERY_SECONDS = 1.0


class SpaceGuard:
    """Watches the free space for the shard in ``shard``."""

    def __init__(self, shard: Path, vectors: int = 1) -> None:
        """Watch over ``shard``, which need not exist yet; it has so many named ``vectors``."""
        self._shard = shard
        self._new = _EMPTY_HOLES + vectors * _HOLES_A_VECTOR
        self._holes = 0
        self._looked_at = float("-inf")

    def check(self, more: int = 0) -> None:
        """Check that what is mapped can be written in full, and ``more`` bytes besides.

        Raises:
            StoreFullError: there is too little free space.
        """
        now = time.monotonic()
        if now - self._looked_at > _LOOK_EVERY_SECONDS:
            self._holes = _holes(self._shard) if self._shard.exists() else self._new
            self._looked_at = now
        free = shutil.disk_usage(self._shard.parent).free
        needed = self._holes + _MARGIN + more
        if free < needed:
            raise StoreFullError(
                f"the disk of {self._shard.parent} has {free >> 20} MiB free, and {needed >> 20} "
                "MiB are needed to go on safely; make room or use another store, then run the same "
                "command again: what is stored is kept"
            )


def _holes(shard: Path) -> int:
    """Return the bytes of ``shard``'s files that take no room on the disk yet."""
    total = 0
    for folder, _, names in os.walk(shard):
        for name in names:
            try:
                status = os.stat(os.path.join(folder, name))
            except FileNotFoundError:  # the engine tidies up meanwhile
                continue
            total += max(0, status.st_size - status.st_blocks * 512)
    return total
