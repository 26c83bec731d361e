"""Uploaded images, kept for a while so that an address can name them.

Each is a file named by the SHA-256 of its bytes; the least recently used are removed first. Clients
never get the bytes back as they came: images are decoded and encoded again.
"""

import os
import re
import threading
from pathlib import Path

from artextract.errors import CacheError, MissingError
from artextract.files import atomic_write, explain_os_errors
from artextract.images.opening import content_hash, open_image

_NAME = re.compile(r"[0-9a-f]{64}")


class Uploads:
    """The folder of uploaded images; for several threads at once."""

    def __init__(self, folder: Path, *, most: int, most_pixels: int) -> None:
        """Keep up to ``most`` images of up to ``most_pixels`` in ``folder``."""
        self._folder = folder
        self._most = most
        self._most_pixels = most_pixels
        self._lock = threading.Lock()

    def keep(self, data: bytes) -> str:
        """Keep an image; return its SHA-256.

        Raises:
            ImageError: it can't be opened safely, or has too many pixels.
            CacheError: it can't be written.
        """
        open_image(data, "the image", at_least=64, max_pixels=self._most_pixels)
        sha256 = content_hash(data)
        problem = f"{self._folder} can't be written"
        advice = "make room, or name another folder with $ARTEXTRACT_CACHE"
        with self._lock, explain_os_errors(problem, advice, CacheError):
            self._folder.mkdir(parents=True, exist_ok=True)
            atomic_write(self._folder / sha256, data, durable=False)
            self._forget_oldest()
        return sha256

    def read(self, sha256: str) -> bytes:
        """Return the bytes of an image.

        Raises:
            MissingError: it is not kept, or not any more.
        """
        try:
            if not _NAME.fullmatch(sha256):
                raise FileNotFoundError
            path = self._folder / sha256
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            raise MissingError(
                f"the image {sha256[:12]!r} is not kept here, or not any more; upload it again"
            ) from None
        return data

    def _forget_oldest(self) -> None:
        kept = [path for path in self._folder.iterdir() if _NAME.fullmatch(path.name)]
        for path in sorted(kept, key=lambda each: -each.stat().st_mtime)[self._most :]:
            path.unlink(missing_ok=True)
