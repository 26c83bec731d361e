"""Find artworks by other photographs of them, and by details."""

import csv
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.errors import InputError
from artextract.images.opening import content_hash, open_image, read_image_file
from artextract.store import Store
from search.evaluation.metrics import of_ranks
from search.evaluation.result import Case, Row, Section
from search.evaluation.space import load_space
from search.images import fit, read_original
from search.rerank import CANDIDATES, SIDE, Features, count_matches, find_features

if TYPE_CHECKING:
    from artextract.encoding.encoder import ImageEncoder

Matrix = npt.NDArray[np.float32]


class Pair(NamedTuple):
    """The paths of two images of one artwork, and the kind of pair."""

    query: str
    match: str
    work: str
    kind: str


def read_pairs(path: Path) -> list[Pair]:
    """Return the rows of a CSV with the columns query, match, work and kind.

    Raises:
        InputError: it can't be read, or lacks a column.
    """
    rows = read_csv(path, Pair._fields)
    return [Pair(*(row[name] for name in Pair._fields)) for row in rows]


def read_same_works(path: Path) -> list[tuple[str, str]]:
    """Return (artwork, path of an image in the collection) of a CSV.

    The artwork is in the column ``work``, the path in ``file`` or the first that ends in ``_file``.

    Raises:
        InputError: it can't be read, or lacks a column.
    """
    rows = read_csv(path, ("work",))
    if not rows:
        return []
    column = next((name for name in rows[0] if name == "file" or name.endswith("_file")), None)
    if column is None:
        raise InputError(f"{path} has no column file; it has {', '.join(rows[0])}")
    return [(row["work"], row[column]) for row in rows]


def read_csv(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Return the rows of a CSV file.

    Raises:
        InputError: it can't be read, or lacks one of the ``columns``.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
    except FileNotFoundError:
        raise InputError(f"there is no file {path}; check the path") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} can't be read as a CSV file ({error})") from error
    missing = [name for name in columns if name not in (reader.fieldnames or ())]
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]}; it has {', '.join(reader.fieldnames or ())}"
        )
    return rows


def evaluate_pairs(
    store: Store,
    encoder: "ImageEncoder",
    by: Mapping[str, float],
    pairs: Sequence[Pair],
    folder: Path,
    same_works: Sequence[tuple[str, str]] = (),
    *,
    verify: bool = False,
) -> Section:
    """Return Top-1, Recall@5 and MRR of each kind of pair.

    Each query is ranked among the artworks of ``store`` and all other images of the pairs. Relevant
    are the images of the same artwork, except copies of the same file. Both images of a pair are
    queries. An image that lacks an aspect (no face is detected) scores 0 with all others.

    Args:
        store: The collection.
        encoder: Computes the vectors of ``by``.
        by: {aspect: weight}.
        pairs: The pairs; their paths start from ``folder``.
        folder: Folder of the images.
        same_works: (artwork, path) of images in the collection that show one of the artworks.
        verify: Whether to re-rank the first results by geometric verification.

    Raises:
        InputError: an image can't be read.
    """
    space = load_space(store, list(by), ("image", "image_folder", "image_url", "image_sha256"))
    mix = space.mix(by)
    artworks = {name: pair.work for pair in pairs for name in (pair.query, pair.match)}
    digests, rows = {}, []
    for name in artworks:
        data = read_image_file(folder / name)
        digests[name] = content_hash(data)
        row = mix.row(encoder.encode(open_image(data, name)).vectors)
        rows.append(np.zeros(mix.rows.shape[1], np.float32) if row is None else row)
    own: Matrix = np.asarray(rows, np.float32)
    names = list(artworks)
    number = {name: at for at, name in enumerate(names)}
    gallery = np.concatenate([own, mix.rows])
    known = {path: work for work, path in same_works}
    shown = [*artworks.values(), *(known.get(str(each["image"]), "") for each in space.payloads)]
    files = [*digests.values(), *(str(each["image_sha256"]) for each in space.payloads)]
    labels = np.asarray(shown)
    ids = [*names, *(str(each["id"]) for each in space.payloads)]
    ranks: dict[str, list[int | None]] = {}
    cases = []

    def read(at: int) -> PIL.Image.Image:
        if at < len(names):
            return open_image(read_image_file(folder / names[at]), names[at])
        return read_original(space.payloads[at - len(names)])

    count = _matches(read) if verify else None
    for pair in pairs:
        for name in (pair.query, pair.match):
            at = number[name]
            scores = gallery @ gallery[at]
            itself = np.asarray([digest == digests[name] for digest in files])
            right = (labels == artworks[name]) & ~itself
            scores[itself] = -np.inf
            if not right.any():  # the other image is the same file
                continue
            if count is not None:
                first = np.argsort(-scores, kind="stable")[:CANDIDATES]
                best = scores[first[0]]
                for each in first[scores[first] > -np.inf]:
                    if inliers := count(at, int(each)):
                        scores[each] = best + inliers
            rank = 1 + int((scores > scores[right].max()).sum())
            ranks.setdefault(pair.kind, []).append(rank)
            found = [ids[each] for each in np.argsort(-scores, kind="stable")[:5]]
            cases.append(Case(pair.kind, name, found, 1 / rank))
    everything = [rank for found in ranks.values() for rank in found]
    rows_ = [Row(kind, of_ranks(found)) for kind, found in ranks.items()]
    verified = f", the first {CANDIDATES} verified" if verify else ""
    note = f"by {' + '.join(by)}, among {len(gallery) - 1} images{verified}"
    return Section("Other images of the same artwork", note,
                   [*rows_, Row("all", of_ranks(everything))], cases)  # fmt: skip


def _matches(read: Callable[[int], PIL.Image.Image]) -> Callable[[int, int], int]:
    """Return a function that counts the geometric inliers of two images."""

    @lru_cache(maxsize=1500)  # half a megabyte each
    def features(at: int) -> Features:
        return find_features(fit(read(at), SIDE))

    return lambda one, other: count_matches(features(one), features(other))
