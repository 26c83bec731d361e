"""WikiArt as ArtGAN's lists divide it.

Tan et al. 2019, "Improved ArtGAN for Conditional Synthesis of Natural Image and Artwork".

Three pairs of lists, for style, genre and artist, have rows ``Style/artist_title-year.jpg`` with
the number of a class. They are joined into one dataset; contradictions are resolved so that no
validation sample leaks into training:

- 566 images are in the training list of one attribute and in the validation list of another. They
  are validation samples with the labels of validation lists only. So every attribute is evaluated
  on exactly its official validation list.
- A training sample with the artist and title of a validation sample, under another style, is most
  likely the same image, and left out.
- An image with two different labels in one list has none.
- The class that the lists call Art_Nouveau gets the name of its folder and of WikiArt's own style,
  Art_Nouveau_Modern, so that it is the same class as in a catalog.
"""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from artextract.errors import CatalogError, InputError
from training.data.filenames import match_names, repair
from training.data.samples import Dataset, Sample

_ATTRIBUTES = ("style", "genre", "artist")
_SIDES = ("train", "val")
_RENAMED = {"Art_Nouveau": "Art_Nouveau_Modern"}
_FOLDERS = (".", "images", "wikiart")

_IN_BOTH = "in train of one list and val of another (used as val)"
_LEAKING = "left out of train for sharing artist and title with a val sample"
_MISSING = "without an image"
_RENAMED_FILE = "whose file is named differently"


@dataclass(slots=True)
class _Listed:
    """The labels of one image in the lists, by side and attribute."""

    labels: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def split(self) -> str:
        return "val" if "val" in self.labels else "train"


def read_wikiart(folder: Path) -> Dataset:
    """Return the samples of ArtGAN's lists in ``folder`` whose images exist.

    The images lie in folders named by style, in ``folder`` itself or below ``images`` or
    ``wikiart`` in it, whichever has most of them.

    Raises:
        CatalogError: there are no lists, or one is malformed.
        InputError: there is no such folder, or no image exists.
    """
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}; give the one with ArtGAN's lists (style_train.csv ...)"
        )
    of_lists: Counter[str] = Counter()
    listed = _read_lists(folder, of_lists)
    root, files = _find_images(folder, listed)
    samples = []
    val_titles = {_title(path) for path, one in listed.items() if one.split == "val"}
    counts = {"images in the lists": len(listed), "with an image": 0}
    counts |= dict.fromkeys((_MISSING, _RENAMED_FILE, _IN_BOTH, _LEAKING), 0)
    first: dict[str, str] = {}
    for path, one in sorted(listed.items()):
        counts[_IN_BOTH] += len(one.labels) > 1
        if one.split == "train" and _title(path) in val_titles:
            problem = _LEAKING
        elif path not in files:
            problem = _MISSING
        else:
            counts[_RENAMED_FILE] += files[path] != path
            samples.append(_make_sample(path, one, root / files[path]))
            continue
        counts[problem] += 1
        first.setdefault(problem, path)
    counts["with an image"] = len(samples)
    return Dataset(samples=samples, counts={**counts, **of_lists}, first=first)


def _make_sample(path: str, one: _Listed, image: Path) -> Sample:
    slug = repair(_title(path)).partition("_")[0]
    artist = " ".join(slug.replace("-", " ").split())
    return Sample(
        id=path, image=image, labels=one.labels[one.split], artist=artist or None, split=one.split
    )


def _title(path: str) -> str:
    """Return artist and title: the name of the file, without the style's folder."""
    return path.partition("/")[2]


def _read_lists(folder: Path, counts: Counter[str]) -> dict[str, _Listed]:
    """Return {path: its labels}, and count what the lists repeat or contradict."""
    listed: dict[str, _Listed] = defaultdict(_Listed)
    found = False
    for attribute in _ATTRIBUTES:
        lists = [folder / f"{attribute}_{side}.csv" for side in _SIDES]
        present = [path.is_file() for path in lists]
        if not any(present):
            continue
        if not all(present):
            missing, other = lists if not present[0] else lists[::-1]
            raise CatalogError(
                f"{folder} has {other.name} and no {missing.name}; add the list, or remove the "
                f"other one of {attribute} too"
            )
        found = True
        names = _read_classes(folder / f"{attribute}_class.txt")
        for side, path in zip(_SIDES, lists, strict=True):
            _read_list(path, attribute, side, names, listed, counts)
    if not found:
        raise CatalogError(
            f"{folder} has none of ArtGAN's lists "
            f"({', '.join(f'{name}_train.csv' for name in _ATTRIBUTES)} with their "
            "_val.csv and _class.txt); give the folder that holds them"
        )
    return listed


def _read_list(
    path: Path,
    attribute: str,
    side: str,
    names: dict[str, str],
    listed: dict[str, _Listed],
    counts: Counter[str],
) -> None:
    contradicted = set()
    seen: dict[str, str] = {}
    for line, image, number in _rows(path):
        if number not in names:
            raise CatalogError(
                f"{path} line {line} has class {number!r}, and {attribute}_class.txt has "
                f"{', '.join(list(names)[:2])} ... {list(names)[-1]} ({len(names)} classes); "
                "correct the line, or use the class file that belongs to the list"
            )
        name = names[number]
        if name in _RENAMED:
            name = _RENAMED[name]
            counts[f"labels {names[number]} read as {name}"] += 1
        if image in seen:
            counts["repeated lines"] += seen[image] == name
            if seen[image] != name:
                contradicted.add(image)
        seen[image] = name
        listed[image].labels.setdefault(side, {})[attribute] = name
    for image in contradicted:
        counts["contradicting labels left out"] += 1
        del listed[image].labels[side][attribute]


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Iterate over (line, image, class number) of a list, without its header line."""
    with _readable(path), path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, strict=True)
        try:
            for row in rows:
                line = rows.line_num
                if not row or (
                    line == 1 and [each.casefold() for each in row] == ["path", "label"]
                ):
                    continue
                parts = row[0].split("/")
                if len(row) != 2 or len(parts) != 2 or not all(parts) or parts[0] in {".", ".."}:
                    raise CatalogError(
                        f"{path} line {line} is {','.join(row)!r}; expected "
                        "Style/artist_title.jpg,NUMBER: correct or remove it"
                    )
                yield line, row[0], row[1].strip()
        except csv.Error as error:
            raise CatalogError(
                f"{path} line {rows.line_num} is no valid CSV ({error}); correct the line"
            ) from error


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise CatalogError(
            f"there is no {path}, which belongs to the lists beside it; add it"
        ) from None
    except UnicodeDecodeError as error:
        raise CatalogError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise CatalogError(f"{path} can't be read: {error.strerror or error}") from error


def _read_classes(path: Path) -> dict[str, str]:
    """Return {number: name} of a class file, whose lines are ``12 Impressionism``."""
    with _readable(path):
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    names: dict[str, str] = {}
    for at, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        number, _, name = line.strip().partition(" ")
        if not number.isdecimal() or not name or number in names:
            raise CatalogError(
                f"{path} line {at} is {line!r}; expected NUMBER NAME with a number of its own: "
                "correct it"
            )
        names[number] = name.strip()
    if not names:
        raise CatalogError(f"{path} is empty; it needs a line NUMBER NAME for each class")
    return names


def _find_images(folder: Path, listed: dict[str, _Listed]) -> tuple[Path, dict[str, str]]:
    """Return the folder of the images and {image in the lists: path in that folder}."""
    styles = {path.partition("/")[0] for path in listed}
    found: tuple[Path, dict[str, str]] = (folder, {})
    for name in _FOLDERS:
        root = folder / name
        files = dict(_files(root, styles))
        matched = {image: files[file] for image, file in match_names(listed, files).items()}
        if len(matched) > len(found[1]):
            found = (root, matched)
    if not found[1]:
        raise InputError(
            f"none of the {len(listed):,} images of the lists is in {folder}, nor below "
            f"{' or '.join(_FOLDERS[1:])} in it (one of them: {min(listed, default='')}); put the "
            "folders of the styles there"
        )
    return found


def _files(root: Path, styles: set[str]) -> Iterator[tuple[str, str]]:
    """Iterate over the files in the styles' folders below ``root``.

    Yields:
        The path with its folder as in the lists, and the real path.
    """
    if not root.is_dir():
        return
    for style in sorted(entry.name for entry in os.scandir(root) if entry.is_dir()):
        known = _RENAMED.get(style, style)
        if known in styles:
            for entry in os.scandir(root / style):
                yield f"{known}/{entry.name}", f"{style}/{entry.name}"
