"""WikiArt as ArtGAN's lists divide it.

Tan et al. 2019, "Improved ArtGAN for Conditional Synthesis of Natural Image and Artwork".

Three pairs of lists, for style, genre and artist, name pictures as ``Style/artist_title-year.jpg``
with the number of a class. They are joined into one table of works, and where they contradict one
another, it is settled in favour of honest judging:

- 566 works are in the training list of one attribute and in the validation list of another. They
  are validation works, and keep none but the labels of validation lists. So every attribute is
  judged on exactly its official validation list, and no network has seen any of it.
- A training work that has artist and title in common with a validation work, under another style,
  is most likely the same picture, and left out.
- A work with two different labels in one list has none.
- The class that the lists call Art_Nouveau has the name of its folder and of WikiArt's own style,
  Art_Nouveau_Modern, so that it is the same class as in a catalog.
"""

import csv
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from artextract.errors import CatalogError, InputError
from training.data.filenames import match_names, repair
from training.data.samples import Gathered, LabelledWork

__all__ = ["read_wikiart"]

_ATTRIBUTES = ("style", "genre", "artist")
_SIDES = ("train", "val")
_RENAMED = {"Art_Nouveau": "Art_Nouveau_Modern"}
_FOLDERS = (".", "images", "wikiart")


@dataclass(slots=True)
class _Listed:
    """What the lists say of one picture: its labels by side and attribute."""

    labels: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def split(self) -> str:
        return "val" if "val" in self.labels else "train"


def read_wikiart(folder: Path) -> Gathered:
    """Return the works of ArtGAN's lists in ``folder`` whose images are there.

    The images lie in folders named by style, in ``folder`` itself or below ``images`` or
    ``wikiart`` in it, whichever has most of them. Those that are missing are counted.

    Raises:
        CatalogError: there are no lists, or one can't be understood.
        InputError: there is no such folder, or not one of the images is there.
    """
    if not folder.is_dir():
        raise InputError(
            f"there is no folder {folder}; give the one with ArtGAN's lists (style_train.csv ...)"
        )
    counts: Counter[str] = Counter()
    listed = _read_lists(folder, counts)
    root, files = _find_images(folder, listed)
    works = []
    of_val = {_title(path) for path, one in listed.items() if one.split == "val"}
    met: Counter[str] = Counter()
    first: dict[str, str] = {}
    for path, one in sorted(listed.items()):
        if len(one.labels) > 1:
            met["in train of one list and val of another (taken for val)"] += 1
        if one.split == "train" and _title(path) in of_val:
            what = "left out of train for sharing artist and title with a val work"
            met[what] += 1
            first.setdefault(what, path)
        elif path not in files:
            first.setdefault("without an image", path)
            met["without an image"] += 1
        else:
            met["whose file is named differently"] += files[path] != path
            works.append(_make_work(path, one, root / files[path]))
    counts["works in the lists"] = len(listed)
    counts["with an image"] = len(works)
    order = [
        "works in the lists", "with an image", "without an image",
        "whose file is named differently",
        "in train of one list and val of another (taken for val)",
        "left out of train for sharing artist and title with a val work",
    ]  # fmt: skip
    counts.update(met)
    named = {what: counts.pop(what, 0) for what in order}
    return Gathered(works=works, counts=named | dict(counts), first=first)


def _make_work(path: str, one: _Listed, image: Path) -> LabelledWork:
    slug = repair(path.partition("/")[2]).partition("_")[0]
    artist = " ".join(slug.replace("-", " ").split())
    return LabelledWork(
        id=path, image=image, labels=one.labels[one.split], artist=artist or None, split=one.split
    )


def _title(path: str) -> str:
    """Return artist and title: the name of the file, without the style's folder."""
    return path.partition("/")[2]


def _read_lists(folder: Path, counts: Counter[str]) -> dict[str, _Listed]:
    """Return {path: what the lists say of it}.

    Raises:
        CatalogError: there are no lists, one of a pair is missing, or a line is malformed.
    """
    listed: dict[str, _Listed] = defaultdict(_Listed)
    found = False
    for attribute in _ATTRIBUTES:
        lists = [folder / f"{attribute}_{side}.csv" for side in _SIDES]
        there = [path.is_file() for path in lists]
        if not any(there):
            continue
        if not all(there):
            missing, other = lists if not there[0] else lists[::-1]
            raise CatalogError(
                f"{folder} has {other.name} and no {missing.name}; add the list, or take the other "
                f"one of {attribute} away too"
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
    """Add what one list says to ``listed``."""
    contradicted = set()
    seen: dict[str, str] = {}
    for line, picture, number in _rows(path):
        if number not in names:
            raise CatalogError(
                f"{path} line {line} has class {number!r}, and {attribute}_class.txt knows "
                f"{', '.join(list(names)[:2])} ... {list(names)[-1]} ({len(names)} classes); "
                "mend the line, or take the class file that belongs to the list"
            )
        name = names[number]
        if name in _RENAMED:
            name = _RENAMED[name]
            counts[f"labels {names[number]} read as {name}"] += 1
        if picture in seen:
            counts["lines given twice"] += seen[picture] == name
            if seen[picture] != name:
                contradicted.add(picture)
        seen[picture] = name
        listed[picture].labels.setdefault(side, {})[attribute] = name
    for picture in contradicted:
        counts["labels left out for contradicting one another"] += 1
        del listed[picture].labels[side][attribute]


def _rows(path: Path) -> Iterator[tuple[int, str, str]]:
    """Iterate over (line, picture, class number) of a list; a header line is passed over.

    Raises:
        CatalogError: the file can't be read, or a line is malformed.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, strict=True)
            for row in rows:
                line = rows.line_num
                if not row or (
                    line == 1 and [each.casefold() for each in row] == ["path", "label"]
                ):
                    continue
                parts = row[0].split("/")
                if len(row) != 2 or len(parts) != 2 or not all(parts) or parts[0] in {".", ".."}:
                    raise CatalogError(
                        f"{path} line {line} is {','.join(row)!r}, and a line of the lists is "
                        "Style/artist_title.jpg,NUMBER; mend or remove it"
                    )
                yield line, row[0], row[1].strip()
    except UnicodeDecodeError as error:
        raise CatalogError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except csv.Error as error:
        raise CatalogError(
            f"{path} line {rows.line_num} is no valid CSV ({error}); mend the line"
        ) from error
    except OSError as error:
        raise CatalogError(f"{path} can't be read: {error.strerror or error}") from error


def _read_classes(path: Path) -> dict[str, str]:
    """Return {number: name} of a class file, whose lines are ``12 Impressionism``.

    Raises:
        CatalogError: the file is missing, can't be read, or a line is malformed.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise CatalogError(
            f"there is no {path}, which names the classes of the lists beside it; add it"
        ) from None
    except UnicodeDecodeError as error:
        raise CatalogError(
            f"{path} is not UTF-8 text (byte {error.start}); save it as UTF-8"
        ) from error
    except OSError as error:
        raise CatalogError(f"{path} can't be read: {error.strerror or error}") from error
    names: dict[str, str] = {}
    for at, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        number, _, name = line.strip().partition(" ")
        if not number.isdecimal() or not name or number in names:
            raise CatalogError(
                f"{path} line {at} is {line!r}, and a line of a class file is NUMBER NAME with a "
                "number of its own; mend it"
            )
        names[number] = name.strip()
    if not names:
        raise CatalogError(f"{path} is empty; it needs a line NUMBER NAME for each class")
    return names


def _find_images(folder: Path, listed: dict[str, _Listed]) -> tuple[Path, dict[str, str]]:
    """Return the folder of the images and {picture in the lists: path in that folder}.

    Raises:
        InputError: not one image is there.
    """
    styles = {path.partition("/")[0] for path in listed}
    found: tuple[Path, dict[str, str]] = (folder, {})
    for name in _FOLDERS:
        root = folder / name
        files = dict(_files(root, styles))
        matched = {
            picture: files[file] for picture, file in match_names(listed, files).items()
        }  # fmt: skip
        if len(matched) > len(found[1]):
            found = (root, matched)
    if not found[1]:
        raise InputError(
            f"none of the {len(listed):,} images of the lists is in {folder}, nor below "
            f"{' or '.join(_FOLDERS[1:])} in it (one of them: {min(listed, default='')}); put the "
            "styles' folders there"
        )
    return found


def _files(root: Path, styles: set[str]) -> Iterator[tuple[str, str]]:
    """Iterate over the files in the styles' folders below ``root``.

    Yields:
        The path as the lists would write its folder, and as it is.
    """
    if not root.is_dir():
        return
    for style in sorted(entry.name for entry in os.scandir(root) if entry.is_dir()):
        known = _RENAMED.get(style, style)
        if known in styles:
            for entry in os.scandir(root / style):
                yield f"{known}/{entry.name}", f"{style}/{entry.name}"
