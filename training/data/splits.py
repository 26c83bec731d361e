"""Which works are learnt from and which judge what was learnt.

All splits are {work id: "train", "val", "test" or LEFT_OUT}. Those that are made here depend on
the works' ids, labels and artists and on the seed, never on the order in which works were read.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from artextract.catalog.names import closest, fold
from artextract.errors import CatalogError, InputError
from training.data.samples import LabelledWork

__all__ = ["LEFT_OUT", "SPLITS", "split_artists", "split_given", "split_stratified"]

SPLITS = ("train", "val", "test")
"""The words of a split column."""

LEFT_OUT = "left out"
"""The side of a work that a split can't place."""

_DRAFTS = 200


def split_given(works: Sequence[LabelledWork]) -> dict[str, str]:
    """Return the data set's own split; case and surrounding spaces do not count.

    Raises:
        CatalogError: a work has no split or an unknown word, or nothing is in train or in val.
    """
    given = {work.id: (work.split or "").strip().casefold() for work in works}
    for work in works:
        if given[work.id] not in SPLITS:
            raise _unknown(work, sum(word not in SPLITS for word in given.values()))
    for side in ("train", "val"):
        if side not in given.values():
            found = Counter(given.values())
            raise CatalogError(
                f"the split has no work in {side} (it has "
                f"{', '.join(f'{count:,} in {word}' for word, count in found.items()) or 'none'}); "
                f"say {side} of some works, or let a split be made with --split stratified"
            )
    return given


def split_stratified(
    works: Sequence[LabelledWork], attributes: Sequence[str], share: float, seed: int
) -> dict[str, str]:
    """Return a split in which each class of each attribute has ``share`` of its works in val.

    As near as it can be: iterative stratification (Sechidis et al. 2011, "On the stratification of
    multi-label data") deals out the works of the rarest class first. Works without any label are
    spread as well.

    Args:
        works: The works.
        attributes: Those whose classes are to be spread.
        share: The part of the works that goes into val, above 0 and below 1.
        seed: Of the random choices among equally good sides.

    Raises:
        InputError: ``share`` is out of range, or there are too few works.
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    _check_share(share)
    ordered = sorted(works, key=lambda work: work.id)
    if not 1 <= round(share * len(ordered)) < len(ordered):
        raise InputError(
            f"{len(ordered)} works can't be split with {share:g} of them in val; give more works, "
            "or another --share"
        )
    table = _table(ordered, attributes) > 0  # (works, classes of all attributes)
    # Two empty columns: the library takes none or one for another kind of problem.
    table = np.pad(table, ((0, 0), (0, 2)))
    splitter = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    _, val = next(splitter.split(np.zeros(len(ordered)), table))
    in_val = set(val.tolist())
    return {work.id: "val" if row in in_val else "train" for row, work in enumerate(ordered)}


def split_artists(
    works: Sequence[LabelledWork],
    share: float,
    seed: int,
    attributes: Sequence[str] = ("style", "genre"),
) -> dict[str, str]:
    """Return a split in which no artist is on both sides.

    Artists are the same whose names differ in case, accents and underscores only. A work whose
    artist is not known could be anybody's, so it is :data:`LEFT_OUT`. Of 200 random drafts, each
    with about ``share`` of the works in val, the one is taken in which the classes of
    ``attributes`` have most nearly that share in val: some styles are one artist's for the most
    part, and a single draft easily leaves nothing to learn them from.

    Raises:
        InputError: ``share`` is out of range, or fewer than two artists are known.
    """
    _check_share(share)
    by_artist: dict[str, list[LabelledWork]] = defaultdict(list)
    for work in sorted(works, key=lambda work: work.id):
        artist = fold(work.artist or "")
        if artist:
            by_artist[artist].append(work)
    artists = sorted(by_artist)
    if len(artists) < 2:
        raise InputError(
            f"{len(artists)} artists are known of {len(works):,} works, and two at least are "
            "needed to keep artists apart; fill in the artists, or choose --split stratified"
        )
    known = [work for artist in artists for work in by_artist[artist]]
    of_works = _table(known, attributes)
    starts = np.cumsum([0] + [len(by_artist[artist]) for artist in artists])
    table = np.stack([of_works[a:b].sum(axis=0) for a, b in pairwise(starts)])
    in_val = _best_draft(table, np.diff(starts), share, seed)
    sides = {work.id: LEFT_OUT for work in works}
    for artist, chosen in zip(artists, in_val, strict=True):
        sides |= {work.id: "val" if chosen else "train" for work in by_artist[artist]}
    return sides


def _best_draft(
    table: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], share: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Return which groups go into val.

    Args:
        table: (groups, classes), how many works of the class a group has.
        sizes: (groups,), how many works a group has.
        share: The part of the works that is to be in val.
        seed: Of the drafts.
    """
    random = np.random.default_rng(seed)
    room = share * sizes.sum()
    totals = table.sum(axis=0)
    best, least = np.zeros(len(sizes), bool), np.inf
    for _ in range(_DRAFTS):
        draft, taken = np.zeros(len(sizes), bool), 0
        for group in random.permutation(len(sizes)):
            # One that overshoots the room by as much as it falls short of it is no gain.
            if abs(taken + sizes[group] - room) < abs(taken - room):
                draft[group] = True
                taken += sizes[group]
        if not draft.any() or draft.all():
            draft[:] = False
            draft[random.choice(np.flatnonzero(sizes == sizes.min()))] = True
        of_size = abs(sizes[draft].sum() / sizes.sum() - share)
        of_classes = np.abs(table[draft].sum(axis=0) / totals - share).mean() if len(totals) else 0
        if of_size + of_classes < least:
            best, least = draft, of_size + of_classes
    return best


def _table(works: Sequence[LabelledWork], attributes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return (works, classes of all attributes) with a 1 where the work has the class."""
    classes = sorted(
        {(name, work.labels[name]) for work in works for name in attributes if name in work.labels}
    )
    column: Mapping[tuple[str, str], int] = {each: at for at, each in enumerate(classes)}
    table = np.zeros((len(works), len(classes)), np.int64)
    for row, work in enumerate(works):
        for name in attributes:
            if name in work.labels:
                table[row, column[name, work.labels[name]]] = 1
    return table


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise InputError(
            f"{share:g} can't be the share of validation works; give a number between 0 and 1, "
            "such as 0.2"
        )


def _unknown(work: LabelledWork, count: int) -> CatalogError:
    """Return the error for a work whose split is none; ``count`` works are like it."""
    others = "" if count == 1 else f" (and {count - 1:,} more works have none either)"
    if not (work.split or "").strip():
        return CatalogError(
            f"work {work.id!r} has no split{others}; fill in {', '.join(SPLITS[:-1])} or "
            f"{SPLITS[-1]}, or let a split be made with --split stratified"
        )
    near = closest(work.split or "", SPLITS, limit=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return CatalogError(
        f"work {work.id!r} has split {work.split!r}, which is none{meant}{others}; the known ones "
        f"are {', '.join(SPLITS)}"
    )
