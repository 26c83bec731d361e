"""From which confidence on a classifier's predictions are trusted, for artists it doesn't know.

The evidence is the predictions of an artist-disjoint training. The threshold is the lowest
confidence from which at least 85 % of them are right, by a one-sided 95 % lower bound. Confidences
are tested from the highest down until the first that fails, as in Learn then Test (Angelopoulos et
al. 2021, arXiv:2110.01052, fixed-sequence testing), so that the bound holds for the one that is
chosen. Confidences above which there are few predictions or artists are left out, whatever their
labels.

Artworks by one artist are alike, so that a hundred of them say less than a hundred of different
artists. The bound is that of Clopper and Pearson for the effective number of artworks (Korn and
Graubard 1998, Survey Methodology 24(2), 193-201): their number divided by the design effect, the
variance of the share between artists over that of independent artworks.

Temperature and threshold are also chosen without each fifth of the artists and tried on that fifth.
If fewer than 85 % of what they trust there are right, no threshold is taken.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError
from training.evaluation.calibration import fit_temperature
from training.evaluation.metrics import Floats, Ints, softmax
from training.evaluation.predictions import Run

TARGET = 0.85
"""Least share of right predictions among the trusted ones."""

FOLDS = 5

_PERCENT = f"{TARGET:.0%}".replace("%", " %")
_ERROR = 0.05  # of the lower bound, one-sided
_FEWEST = 100  # predictions above the first tested threshold
_FEWEST_ARTISTS = 60
_STEP = 0.01

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Predictions of artworks by artists that the network was not trained on.

    Attributes:
        logits: (n, C).
        labels: (n,); -1 for a class that the network does not know, which it can't predict.
        artists: (n,), the number of each artwork's artist.
    """

    logits: Floats
    labels: Ints
    artists: Ints

    def part(self, rows: Booleans) -> "Evidence":
        """Return the evidence of some artworks."""
        return Evidence(
            logits=self.logits[rows], labels=self.labels[rows], artists=self.artists[rows]
        )

    def temperature(self) -> float:
        """Return the temperature fitted on the artworks of known classes."""
        known = self.labels >= 0
        return fit_temperature(self.logits[known].astype(np.float64), self.labels[known])


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many of ``works`` predictions are trusted, and the share of the trusted that is right.

    ``lower_bound`` is the one-sided 95 % bound of ``right``.
    """

    works: int
    artists: int
    trusted: int
    right: float | None
    lower_bound: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """From which confidence on the predictions of an attribute are trusted, and how that was found.

    Attributes:
        temperature: That of the confidences.
        threshold: The lowest confidence of a trusted prediction; None where none is trusted.
        reason: Why none is trusted.
        all: On the artworks that the threshold was chosen on.
        folds: On artists left out of the choice; None where no threshold was found.
    """

    temperature: float
    threshold: float | None = None
    reason: str | None = None
    all: Share | None = None
    folds: Share | None = None

    def to_card(self) -> dict[str, Any]:
        """Return the known values for a model card."""
        found: dict[str, Any] = {"target": TARGET}
        if self.reason is not None:
            found["reason"] = self.reason
        for name in ("all", "folds"):
            share: Share | None = getattr(self, name)
            if share is not None:
                found[name] = {
                    key: round(value, 4)
                    for key, value in asdict(share).items()
                    if value is not None
                }
        return found


def collect_evidence(run: Run, attribute: str) -> Evidence:
    """Return the validation predictions of an artist-disjoint run, without unknown labels.

    Raises:
        InputError: an artist has artworks on both sides of the split, or the files can't be used.
    """
    trained = {sample.artist for sample in run.samples.values() if sample.split == "train"}
    predictions = run.load_predictions("val")
    samples = [run.samples[id_] for id_ in predictions.ids]
    for sample in samples:
        if sample.artist is not None and sample.artist in trained:
            raise InputError(
                f"{run.folder} was trained on artworks of {sample.artist}, who is among its "
                "validation samples; give a training with an artist-disjoint split"
            )
    rows = np.array(
        [attribute in sample.labels and sample.artist is not None for sample in samples], bool
    )
    names = sorted({str(sample.artist) for sample in samples})
    number = {name: at for at, name in enumerate(names)}
    return Evidence(
        logits=predictions.logits[attribute],
        labels=predictions.labels[attribute],
        artists=np.array([number[str(sample.artist)] for sample in samples], np.int64),
    ).part(rows)


def choose_trust(evidence: Evidence, *, folds: int = FOLDS, seed: int = 0) -> Trust:
    """Return from which confidence on predictions are trusted, and how well that holds.

    Raises:
        InputError: no artwork has a known class.
    """
    temperature = evidence.temperature()
    confidence, right = _confidences(evidence, temperature)
    threshold = _lowest_threshold(confidence, right, evidence.artists)
    if threshold is None:
        return Trust(temperature=temperature, reason=_explain(confidence, evidence.artists))
    on_folds = _share(_trust_by_folds(evidence, folds, seed), right, evidence.artists)
    if on_folds.right is None or on_folds.right < TARGET:
        return Trust(
            temperature=temperature,
            reason=f"for artists left out of the choice fewer than {_PERCENT} are right",
            folds=on_folds,
        )
    return Trust(
        temperature=temperature,
        threshold=threshold,
        all=_share(confidence >= threshold, right, evidence.artists),
        folds=on_folds,
    )


def lower_bound(right: Booleans, artists: Ints) -> float:
    """Return the one-sided 95 % lower bound of the share of right predictions.

    Args:
        right: (n,), n at least 1.
        artists: (n,), the number of each artwork's artist.
    """
    from scipy.stats import beta

    n, share = len(right), float(right.mean())
    _, cluster = np.unique(artists, return_inverse=True)
    residuals = np.bincount(cluster, weights=right - share)
    clusters = len(residuals)
    effective = float(clusters)  # as if an artist's artworks were one, where they don't differ
    if 0 < share < 1 and clusters > 1:
        variance = clusters / (clusters - 1) * float(residuals @ residuals) / n**2
        effective = min(n, share * (1 - share) / variance) if variance else n
    successes = share * effective
    if successes == 0:
        return 0.0
    return float(beta.ppf(_ERROR, successes, effective - successes + 1))


def _confidences(
    evidence: Evidence, temperature: float
) -> tuple[npt.NDArray[np.float64], Booleans]:
    """Return the confidence of each prediction (n,), and whether it is right."""
    probabilities = softmax(evidence.logits, temperature)
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == evidence.labels


def _lowest_threshold(
    confidence: npt.NDArray[np.float64], right: Booleans, artists: Ints
) -> float | None:
    """Return the lowest confidence from which the lower bound reaches the target, if any does."""
    found = None
    for percent in range(99, 0, -1):
        threshold = percent * _STEP
        rows = confidence >= threshold
        if not _is_enough(rows, artists):
            continue  # this depends on no label, and so leaves the order of tests fixed
        if lower_bound(right[rows], artists[rows]) < TARGET:
            break
        found = threshold
    return None if found is None else round(found, 2)


def _is_enough(rows: Booleans, artists: Ints) -> bool:
    return int(rows.sum()) >= _FEWEST and len(np.unique(artists[rows])) >= _FEWEST_ARTISTS


def _trust_by_folds(evidence: Evidence, folds: int, seed: int) -> Booleans:
    """Return which predictions are trusted by a threshold chosen on the other folds (n,)."""
    trusted = np.zeros(len(evidence.labels), bool)
    fold = _artist_folds(evidence.artists, folds, seed)
    for held_out in range(folds):
        rows = fold == held_out
        others = evidence.part(~rows)
        temperature = others.temperature()
        threshold = _lowest_threshold(*_confidences(others, temperature), others.artists)
        if threshold is not None:
            trusted[rows] = _confidences(evidence.part(rows), temperature)[0] >= threshold
    return trusted


def _explain(confidence: npt.NDArray[np.float64], artists: Ints) -> str:
    if not _is_enough(np.ones(len(confidence), bool), artists):
        return (
            f"{len(artists)} artworks of {len(np.unique(artists))} artists are too few to choose "
            f"by; {_FEWEST} of {_FEWEST_ARTISTS} are needed"
        )
    return f"there is no confidence from which surely {_PERCENT} are right"


def _artist_folds(artists: Ints, folds: int, seed: int) -> Ints:
    """Return the fold of each artwork (n,); all of an artist are in one."""
    known, cluster = np.unique(artists, return_inverse=True)
    of_artist = np.random.default_rng(seed).permutation(len(known)) % folds
    return np.asarray(of_artist[cluster], np.int64)


def _share(trusted: Booleans, right: Booleans, artists: Ints) -> Share:
    count = int(trusted.sum())
    return Share(
        works=len(trusted),
        artists=len(np.unique(artists)),
        trusted=count,
        right=float(right[trusted].mean()) if count else None,
        lower_bound=lower_bound(right[trusted], artists[trusted]) if count else None,
    )
