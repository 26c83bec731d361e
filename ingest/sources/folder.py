"""A folder of images, with all its subfolders."""

import os
from collections.abc import Iterator
from pathlib import Path

from artextract.catalog.artwork import Artwork
from artextract.errors import InputError
from artextract.images.opening import IMAGE_SUFFIXES
from ingest.sources.item import Failure, Item


class FolderSource:
    """Yields each image file below ``folder``; its path in the folder is the artwork's id.

    Hidden files and folders (".name") and files with other endings are ignored.
    """

    def __init__(self, folder: Path) -> None:
        """Count the image files in ``folder``.

        Raises:
            InputError: it is missing, not a folder, unreadable, or holds no image file.
        """
        if not folder.exists():
            raise InputError(f"there is no folder {folder}; check the path")
        if not folder.is_dir():
            raise InputError(
                f"{folder} is not a folder; for a table of artworks use `artextract ingest catalog`"
            )
        self.folder = folder.resolve()
        self._count = sum(1 for _ in self._paths())
        if not self._count:
            raise InputError(
                f"{folder} holds no image file; expected files that end in "
                f"{', '.join(sorted(IMAGE_SUFFIXES))}"
            )

    def count(self) -> int:
        """Return the number of image files."""
        return self._count

    def __iter__(self) -> Iterator[Item | Failure]:
        for path in self._paths():
            name = path.relative_to(self.folder).as_posix()
            shown = name.encode("utf-8", "replace").decode("utf-8")
            if shown != name:
                yield Failure(shown, shown, f"{shown} has a name that is not UTF-8 text; rename it")
                continue
            yield Item(Artwork(id=name, image=name, source="folder"), self.folder)

    def _paths(self) -> Iterator[Path]:
        def refuse(error: OSError) -> None:
            raise InputError(f"{error.filename} can't be read: {error.strerror}") from error

        for folder, folders, files in os.walk(self.folder, onerror=refuse):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES:
                    yield Path(folder, name)
