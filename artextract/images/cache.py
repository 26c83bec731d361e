"""A cache of fetched images.

A cache is a folder, which can be deleted at any time::

    images/ab/abcd…   images, each named by the SHA-256 of its bytes
    names/12/1234…    small files, each named by the SHA-256 of a key, that hold an image's name

Two keys with the same image keep it once, an image is checked against its name, and the web page
can show an image by its hash alone.
"""

import hashlib
import os
import re
from pathlib import Path

from artextract.errors import CacheError
from artextract.files import atomic_write

_SHA256 = re.compile(r"[0-9a-f]{64}")


def default_cache_folder() -> Path:
    """Return $ARTEXTRACT_CACHE, else the user's cache folder of this system."""
    if folder := os.environ.get("ARTEXTRACT_CACHE"):
        return Path(folder)
    import platformdirs

    return platformdirs.user_cache_path("artextract", appauthor=False)


class ImageCache:
    """Images by key in a folder; for any number of threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, which is made when the first image is added."""
        self.folder = folder

    def find(self, key: str) -> bytes | None:
        """Return the image of ``key``; None if there is none or it is damaged.

        A damaged image is removed.

        Raises:
            CacheError: the folder can't be read, or a damaged image can't be removed.
        """
        name = self._name(key)
        try:
            sha256 = name.read_bytes().decode("ascii", "replace")
            if not _SHA256.fullmatch(sha256):
                name.unlink(missing_ok=True)
                return None
            image = self._image(sha256)
            data = image.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                image.unlink(missing_ok=True)
                return None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable("read", error) from error
        return data

    def keep(self, key: str, data: bytes) -> str:
        """Store ``data`` under ``key``, replacing an earlier image; return its SHA-256.

        Raises:
            CacheError: it can't be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            # The image first: a name never leads to a missing image.
            for path, content in (
                (self._image(sha256), data),
                (self._name(key), sha256.encode("ascii")),
            ):
                path.parent.mkdir(parents=True, exist_ok=True)
                atomic_write(path, content, durable=False)
        except OSError as error:
            raise self._unusable("written", error) from error
        return sha256

    def forget(self, key: str) -> None:
        """Remove ``key`` and its image, if there are any.

        The image is removed even if another key shares it: it is not useful there either, or it is
        fetched again.

        Raises:
            CacheError: it can't be removed.
        """
        name = self._name(key)
        try:
            sha256 = name.read_bytes().decode("ascii", "replace")
            name.unlink(missing_ok=True)
            if _SHA256.fullmatch(sha256):
                self._image(sha256).unlink(missing_ok=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unusable("changed", error) from error

    def path_of(self, sha256: str) -> Path | None:
        """Return the file of the image with this SHA-256; None if it is not in the cache."""
        if not _SHA256.fullmatch(sha256):
            return None
        path = self._image(sha256)
        return path if path.is_file() else None

    def _image(self, sha256: str) -> Path:
        return self.folder / "images" / sha256[:2] / sha256

    def _name(self, key: str) -> Path:
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / "names" / digest[:2] / digest

    def _unusable(self, verb: str, error: OSError) -> CacheError:
        return CacheError(
            f"the image cache {self.folder} can't be {verb} ({error.strerror or error}); "
            "free some space or correct its permissions, or name another folder with "
            "$ARTEXTRACT_CACHE"
        )
