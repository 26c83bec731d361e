"""Check the free space of a disk before the engine meets a full one.

The engine maps its files into memory. They are sparse: a page takes no space until it is written
to, and writing to it on a full disk kills the process (SIGBUS) instead of raising an error. So
nothing is opened or written unless all holes in the files could be filled, with a margin for the
steps of 32 MiB in which the files grow.
"""

import os
import shutil
import time
from pathlib import Path

from artextract.errors import StoreFullError

_MARGIN = 64 << 20
_EMPTY_HOLES, _HOLES_A_VECTOR = 64 << 20, 44 << 20
"""Holes of a new collection, and of each aspect's vectors; measured with 2 and with 8."""
_CHECK_EVERY_SECONDS = 1.0


class SpaceGuard:
    """Compares the free space with what the files in the folder ``shard`` may need."""

    def __init__(self, shard: Path, vectors: int = 1) -> None:
        """Make a guard; ``shard`` need not exist yet and has this number of named ``vectors``."""
        self._shard = shard
        self._new = _EMPTY_HOLES + vectors * _HOLES_A_VECTOR
        self._holes = 0
        self._checked_at = float("-inf")

    def check(self, more: int = 0) -> None:
        """Check that the mapped files can be written in full, and ``more`` bytes besides.

        Raises:
            StoreFullError: there is too little free space.
        """
        now = time.monotonic()
        if now - self._checked_at > _CHECK_EVERY_SECONDS:
            self._holes = _holes(self._shard) if self._shard.exists() else self._new
            self._checked_at = now
        free = shutil.disk_usage(self._shard.parent).free
        needed = self._holes + _MARGIN + more
        if free < needed:
            raise StoreFullError(
                f"the disk of {self._shard.parent} has {free >> 20} MiB free, and {needed >> 20} "
                "MiB are needed to continue safely; free some space or use another store, then run "
                "the same command again: what is stored is kept"
            )


def _holes(shard: Path) -> int:
    """Return the bytes of the files in ``shard`` that take no space on the disk yet."""
    total = 0
    for folder, _, names in os.walk(shard):
        for name in names:
            try:
                status = os.stat(os.path.join(folder, name))
            except FileNotFoundError:  # deleted by the engine meanwhile
                continue
            total += max(0, status.st_size - status.st_blocks * 512)
    return total
