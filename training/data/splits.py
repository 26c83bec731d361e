"""Splits into training and validation samples.

A split is {sample id: "train", "val", "test" or LEFT_OUT}. Splits that are made here depend on the
samples' ids, labels and artists and on the seed, not on the order of the samples.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from artextract.catalog.names import closest, fold
from artextract.errors import CatalogError, InputError
from training.data.samples import Sample

SPLITS = ("train", "val", "test")
"""The values of a split column."""

LEFT_OUT = "left out"
"""The side of a sample that a split can't place."""

_DRAFTS = 200


def split_given(samples: Sequence[Sample]) -> dict[str, str]:
    """Return the dataset's own split; case and surrounding spaces are ignored.

    Raises:
        CatalogError: a sample has no or an unknown split, or train or val is empty.
    """
    given = {sample.id: (sample.split or "").strip().casefold() for sample in samples}
    for sample in samples:
        if given[sample.id] not in SPLITS:
            raise _unknown(sample, sum(word not in SPLITS for word in given.values()))
    for side in ("train", "val"):
        if side not in given.values():
            found = Counter(given.values())
            raise CatalogError(
                f"the split has no sample in {side} (it has "
                f"{', '.join(f'{count:,} in {word}' for word, count in found.items()) or 'none'}); "
                f"put samples into {side}, or make a stratified split"
            )
    return given


def split_stratified(
    samples: Sequence[Sample], attributes: Sequence[str], share: float, seed: int
) -> dict[str, str]:
    """Return a split in which each class of each attribute has ``share`` of its samples in val.

    Iterative stratification (Sechidis et al. 2011, "On the stratification of multi-label data")
    comes as near to that as possible. Samples without any label are spread as well.

    Raises:
        InputError: ``share`` is out of range, or there are too few samples.
    """
    from iterstrat.ml_stratifiers import MultilabelStratifiedShuffleSplit

    _check_share(share)
    ordered = sorted(samples, key=lambda sample: sample.id)
    if not 1 <= round(share * len(ordered)) < len(ordered):
        raise InputError(
            f"{len(ordered)} samples can't be split with a share of {share:g} in val; give more "
            "samples, or another share"
        )
    table = _table(ordered, attributes) > 0  # (samples, classes of all attributes)
    # Two empty columns: the library treats none or one as another kind of problem.
    table = np.pad(table, ((0, 0), (0, 2)))
    splitter = MultilabelStratifiedShuffleSplit(n_splits=1, test_size=share, random_state=seed)
    _, val = next(splitter.split(np.zeros(len(ordered)), table))
    in_val = set(val.tolist())
    return {one.id: "val" if row in in_val else "train" for row, one in enumerate(ordered)}


def split_artist_disjoint(
    samples: Sequence[Sample],
    share: float,
    seed: int,
    attributes: Sequence[str] = ("style", "genre"),
) -> dict[str, str]:
    """Return a split in which no artist is on both sides.

    Names that differ in case, accents and underscores only are one artist. A sample of an unknown
    artist is :data:`LEFT_OUT`. Of 200 random drafts, each with about ``share`` of the samples in
    val, the one is chosen in which the classes of ``attributes`` come nearest to that share: some
    styles are mostly one artist's, and a single draft easily leaves no training sample of them.

    Raises:
        InputError: ``share`` is out of range, or fewer than two artists are known.
    """
    _check_share(share)
    by_artist: dict[str, list[Sample]] = defaultdict(list)
    for sample in sorted(samples, key=lambda one: one.id):
        artist = fold(sample.artist or "")
        if artist:
            by_artist[artist].append(sample)
    artists = sorted(by_artist)
    if len(artists) < 2:
        raise InputError(
            f"{len(artists)} artists are known of {len(samples):,} samples, and a split by artist "
            "needs at least two; fill in the artists, or make a stratified split"
        )
    known = [sample for artist in artists for sample in by_artist[artist]]
    of_samples = _table(known, attributes)
    starts = np.cumsum([0] + [len(by_artist[artist]) for artist in artists])
    table = np.stack([of_samples[a:b].sum(axis=0) for a, b in pairwise(starts)])
    in_val = _best_draft(table, np.diff(starts), share, seed)
    sides = {sample.id: LEFT_OUT for sample in samples}
    for artist, chosen in zip(artists, in_val, strict=True):
        sides |= {sample.id: "val" if chosen else "train" for sample in by_artist[artist]}
    return sides


def _best_draft(
    table: npt.NDArray[np.int64], sizes: npt.NDArray[np.int64], share: float, seed: int
) -> npt.NDArray[np.bool_]:
    """Return which groups go into val, (groups,).

    ``table`` (groups, classes) has the samples of each class, ``sizes`` (groups,) those of all.
    """
    random = np.random.default_rng(seed)
    room = share * sizes.sum()
    totals = table.sum(axis=0)
    best, least = np.zeros(len(sizes), bool), np.inf
    for _ in range(_DRAFTS):
        draft, taken = np.zeros(len(sizes), bool), 0
        for group in random.permutation(len(sizes)):
            # A group that overshoots by as much as val falls short without it is not added.
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


def _table(samples: Sequence[Sample], attributes: Sequence[str]) -> npt.NDArray[np.int64]:
    """Return (samples, classes of all attributes) with a 1 where the sample has the class."""
    classes = sorted({(name, one.labels[name]) for one in samples for name in attributes
                      if name in one.labels})  # fmt: skip
    column: Mapping[tuple[str, str], int] = {each: at for at, each in enumerate(classes)}
    table = np.zeros((len(samples), len(classes)), np.int64)
    for row, sample in enumerate(samples):
        for name in attributes:
            if name in sample.labels:
                table[row, column[name, sample.labels[name]]] = 1
    return table


def _check_share(share: float) -> None:
    if not 0 < share < 1:
        raise InputError(
            f"a share of {share:g} validation samples is not possible; give a number between 0 and "
            "1, such as 0.2"
        )


def _unknown(sample: Sample, count: int) -> CatalogError:
    """Return the error for the first of ``count`` samples without a known split."""
    others = "" if count == 1 else f" (and {count - 1:,} more samples have none either)"
    if not (sample.split or "").strip():
        return CatalogError(
            f"sample {sample.id!r} has no split{others}; fill in {', '.join(SPLITS[:-1])} or "
            f"{SPLITS[-1]}, or make a stratified split"
        )
    near = closest(sample.split or "", SPLITS, limit=1)
    meant = f" (did you mean {near[0]!r}?)" if near else ""
    return CatalogError(
        f"sample {sample.id!r} has the unknown split {sample.split!r}{meant}{others}; the known "
        f"ones are {', '.join(SPLITS)}"
    )
