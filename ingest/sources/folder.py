"""A folder of images, with all its subfolders."""

import os
from collections.abc import Iterator
from pathlib import Path

from artextract.catalog.artwork import Artwork
from artextract.catalog.cleaning import make_valid
from artextract.catalog.notes import Note
from artextract.errors import InputError
from artextract.images.opening import IMAGE_SUFFIXES
from ingest.sources.item import Failure, Item


class FolderSource:
    """Yields each image file below ``folder``; its path in the folder is the artwork's id.

    Hidden files and folders (".name") are ignored. Notes name hidden folders and images, files with
    other endings, and links to folders, which are not followed.
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
        self.name = str(self.folder)
        self._count = sum(1 for found in self._find() if isinstance(found, Path))
        if not self._count:
            raise InputError(
                f"{folder} holds no image file; expected files that end in "
                f"{', '.join(sorted(IMAGE_SUFFIXES))}"
            )

    def count(self) -> int:
        """Return the number of image files."""
        return self._count

    def __iter__(self) -> Iterator[Item | Failure | Note]:
        for found in self._find():
            if isinstance(found, Note):
                yield found
                continue
            name = found.relative_to(self.folder).as_posix()
            shown = make_valid(name)
            if shown != name:
                yield Failure(shown, shown, f"{shown} has a name that is not UTF-8 text; rename it")
                continue
            yield Item(Artwork(id=name, image=name, source="folder"), self.folder)

    def _find(self) -> Iterator[Path | Note]:
        """Iterate over the paths of the image files, and notes on what is left aside."""

        def refuse(error: OSError) -> None:
            raise InputError(f"{error.filename} can't be read: {error.strerror}") from error

        def note(kind: str, path: Path) -> Note:
            return Note(kind, make_valid(path.relative_to(self.folder).as_posix()))

        for folder, folders, files in os.walk(self.folder, onerror=refuse):
            for path in (Path(folder, name) for name in sorted(folders)):
                if path.name.startswith("."):
                    yield note("hidden folders, left aside", path)
                elif path.is_symlink():
                    yield note("links to folders, not followed", path)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for path in (Path(folder, name) for name in sorted(files)):
                if path.name.startswith("."):
                    # "._x.jpg" is what macOS keeps beside x.jpg, and no image.
                    if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith("._"):
                        yield note("hidden images, left aside", path)
                elif path.suffix.lower() in IMAGE_SUFFIXES:
                    yield path
                else:
                    yield note("files whose ending is not that of an image, left aside", path)
