"""Pictures that were fetched once and need not be fetched again.

A cache is a folder::

    images/ab/abcd…   the pictures, each named by the SHA-256 of its bytes
    names/12/1234…    small files, each named by the SHA-256 of a key, that hold a picture's name

So two keys with the same picture keep it once, what comes out is checked against its own name, and
a page can show a picture of which it knows the hash alone. All of it can be deleted at any time.
"""

import hashlib
import os
import re
from pathlib import Path

from artextract.errors import CacheError
from artextract.files import atomic_write

__all__ = ["ImageCache", "default_cache_folder"]

_SHA256 = re.compile(r"[0-9a-f]{64}")


def default_cache_folder() -> Path:
    """Return $ARTEXTRACT_CACHE, else where the system keeps this user's caches."""
    named = os.environ.get("ARTEXTRACT_CACHE")
    if named:
        return Path(named)
    import platformdirs

    return platformdirs.user_cache_path("artextract", appauthor=False)


class ImageCache:
    """Pictures by key in a folder; for any number of threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        """Use ``folder``, which is made when the first picture is kept."""
        self.folder = folder

    def find(self, key: str) -> bytes | None:
        """Return the picture kept under ``key``; None where there is none, or it is damaged.

        What is damaged is removed.

        Raises:
            CacheError: the folder can't be read, or a damaged picture not be removed.
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
        """Keep ``data`` under ``key`` instead of what was there; return its SHA-256.

        Raises:
            CacheError: it can't be written.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            # The picture first: a name never leads to one that is still to come.
            for path, content in (
                (self._image(sha256), data),
                (self._name(key), sha256.encode("ascii")),
            ):
                try:
                    atomic_write(path, content, durable=False)
                except FileNotFoundError:
                    path.parent.mkdir(parents=True, exist_ok=True)
                    atomic_write(path, content, durable=False)
        except OSError as error:
            raise self._unusable("written", error) from error
        return sha256

    def forget(self, key: str) -> None:
        """Remove what is kept under ``key``, if anything is.

        The picture goes too, even where another key shares it: bytes that are of no use here are of
        none there, and a good picture is fetched again.

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
        """Return the file of the picture with this SHA-256; None where it is not kept."""
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
            "make room or mend its rights, or name another folder with $ARTEXTRACT_CACHE"
        )
