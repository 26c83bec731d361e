"""From which confidence on a classifier's predictions are trusted, for artists it doesn't know.

The evidence is the predictions of artist-disjoint trainings. The threshold is the lowest
confidence from which at least 85 % of them are right, by a one-sided 95 % lower bound. Confidences
are tested from the highest down until the first that fails, as in Learn then Test (Angelopoulos et
al. 2021, arXiv:2110.01052, fixed-sequence testing), so that the bound holds for the one that is
chosen. Confidences above which there are few predictions or artists are left out, whatever their
labels.

Artworks by one artist are alike, so that a hundred of them say less than a hundred of different
artists. The bound is that of Clopper and Pearson for the effective number of artworks (Korn and
Graubard 1998, Survey Methodology 24(2), 193-201): their number divided by the design effect, the
variance of the share between artists over that of independent artworks; fewer artists lower it
further, by the ratio of Student's t.

The threshold is also chosen without each fifth of the artists and tried on that fifth. If fewer
than 85 % of what is trusted there are right, no threshold is taken.

Known years exclude styles, and the confidence in the others grows
(:mod:`artextract.catalog.predictions`). Artworks of known years therefore have a threshold of their
own.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.catalog.predictions import is_painted_in
from artextract.catalog.years import UNKNOWN_YEARS
from artextract.errors import InputError
from training.data.samples import Sample
from training.evaluation.calibration import fit_temperature
from training.evaluation.metrics import Floats, Ints, softmax
from training.evaluation.predictions import Run

TARGET = 0.85
"""Least share of right predictions among the trusted ones."""

FOLDS = 5

_PERCENT = f"{TARGET * 100:.0f} %"
_ERROR = 0.05  # of the lower bound, one-sided
_FEWEST = 100  # predictions above the first tested threshold
_FEWEST_ARTISTS = 20

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Predictions of artworks by artists that the network was not trained on.

    Attributes:
        logits: (n, C).
        labels: (n,); -1 for a class that the network does not know, which it can't predict.
        artists: (n,), the number of each artwork's artist.
        possible: (n, C), whether the artwork's years allow the class.
        dated: (n,), whether they are known.
    """

    logits: Floats
    labels: Ints
    artists: Ints
    possible: Booleans
    dated: Booleans

    def part(self, rows: Booleans) -> "Evidence":
        """Return the evidence of some artworks."""
        return Evidence(**{name: getattr(self, name)[rows] for name in self.__slots__})

    def without_years(self) -> "Evidence":
        """Return the evidence as if no years were known."""
        return replace(self, possible=np.ones_like(self.possible), dated=np.zeros_like(self.dated))

    def temperature(self) -> float:
        """Return the temperature fitted on the artworks of known classes."""
        known = self.labels >= 0
        return fit_temperature(self.logits[known].astype(np.float64), self.labels[known])

    def confidence(self, temperature: float) -> npt.NDArray[np.float64]:
        """Return the confidence of each prediction (n,); 0 where its class is not possible."""
        probabilities = softmax(self.logits, temperature)
        rows, predicted = np.arange(len(self.labels)), self.logits.argmax(axis=1)
        rivals = (probabilities * self.possible).sum(axis=1)
        is_possible = self.possible[rows, predicted]
        return np.where(
            is_possible, probabilities[rows, predicted] / np.where(is_possible, rivals, 1), 0.0
        )


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
class Threshold:
    """The lowest confidence of a trusted prediction, and how it was found.

    Attributes:
        lowest: None where none is trusted.
        reason: Why none is trusted.
        all: On the artworks that it was chosen on.
        folds: On artists left out of the choice; None where no threshold was found.
    """

    lowest: float | None = None
    reason: str | None = None
    all: Share | None = None
    folds: Share | None = None

    def to_card(self) -> dict[str, Any]:
        """Return the known values for a model card."""
        found: dict[str, Any] = {} if self.reason is None else {"reason": self.reason}
        for name in ("all", "folds"):
            share: Share | None = getattr(self, name)
            if share is not None:
                found[name] = {
                    key: round(value, 4)
                    for key, value in asdict(share).items()
                    if value is not None
                }
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Which predictions of an attribute are trusted.

    Attributes:
        temperature: That of the confidences.
        any: For artworks of any years.
        dated: For artworks of known years; None where years make no difference.
    """

    temperature: float
    any: Threshold
    dated: Threshold | None = None

    def to_card(self) -> dict[str, Any]:
        """Return the known values for a model card."""
        found = {"target": TARGET, "any years": self.any.to_card()}
        return found if self.dated is None else {**found, "known years": self.dated.to_card()}


def collect_evidence(runs: Sequence[Run], attribute: str) -> Evidence:
    """Return the validation predictions of artist-disjoint runs, without unknown labels.

    Args:
        runs: Trainings of the same classes; each knows other artists.
        attribute: What they predict.

    Raises:
        InputError: an artist has artworks on both sides of a split, or a file can't be used.
    """
    logits, labels, samples = [], [], []
    for run in runs:
        predictions = run.load_predictions("val")
        validation = [run.samples[id_] for id_ in predictions.ids]
        _check_apart(run, validation)
        rows = np.array(
            [attribute in one.labels and one.artist is not None for one in validation], bool
        )
        logits.append(predictions.logits[attribute][rows])
        labels.append(predictions.labels[attribute][rows])
        samples += [one for one, is_used in zip(validation, rows, strict=True) if is_used]
    names = runs[0].classes.names[attribute]
    possible = [
        [attribute != "style" or is_painted_in(name, one.years) for name in names]
        for one in samples
    ]
    _, artists = np.unique([str(one.artist) for one in samples], return_inverse=True)
    return Evidence(
        logits=np.concatenate(logits),
        labels=np.concatenate(labels),
        artists=np.asarray(artists, np.int64),
        possible=np.array(possible, bool).reshape(len(samples), len(names)),
        dated=np.array([one.years != UNKNOWN_YEARS for one in samples], bool),
    )


def _check_apart(run: Run, validation: Sequence[Sample]) -> None:
    trained = {sample.artist for sample in run.samples.values() if sample.split == "train"}
    for sample in validation:
        if sample.artist is not None and sample.artist in trained:
            raise InputError(
                f"{run.folder} was trained on artworks of {sample.artist}, who is among its "
                "validation samples; give a training with an artist-disjoint split"
            )


def choose_trust(evidence: Evidence) -> Trust:
    """Return from which confidence on predictions are trusted.

    Raises:
        InputError: no artwork has a known class.
    """
    temperature = evidence.temperature()
    of_any = choose_threshold(evidence.without_years(), temperature)
    if evidence.possible.all():
        return Trust(temperature=temperature, any=of_any)
    dated = choose_threshold(evidence.part(evidence.dated), temperature)
    return Trust(temperature=temperature, any=of_any, dated=dated)


def choose_threshold(
    evidence: Evidence, temperature: float, *, folds: int = FOLDS, seed: int = 0
) -> Threshold:
    """Return the lowest confidence of a trusted prediction, and how well it holds."""
    confidence, artists = evidence.confidence(temperature), evidence.artists
    right = evidence.logits.argmax(axis=1) == evidence.labels
    lowest = _find_lowest(confidence, right, artists)
    if lowest is None:
        return Threshold(reason=_explain(confidence, artists))
    trusted = np.zeros(len(right), bool)
    fold = _artist_folds(artists, folds, seed)
    for held_out in range(folds):
        rows = fold == held_out
        found = _find_lowest(confidence[~rows], right[~rows], artists[~rows])
        trusted[rows] = found is not None and confidence[rows] >= found
    on_folds = _share(trusted, right, artists)
    if on_folds.right is None or on_folds.right < TARGET:
        reason = f"fewer than {_PERCENT} are right for artists left out of the choice"
        return Threshold(reason=reason, folds=on_folds)
    return Threshold(
        lowest=lowest, all=_share(confidence >= lowest, right, artists), folds=on_folds
    )


def lower_bound(right: Booleans, artists: Ints) -> float:
    """Return the one-sided 95 % lower bound of the share of right predictions.

    Args:
        right: (n,), n at least 1.
        artists: (n,), the number of each artwork's artist.
    """
    from scipy.special import betaincinv, stdtrit

    n, share = len(right), float(right.mean())
    residuals = np.bincount(artists, weights=right - share)
    clusters = _count(artists)
    effective = float(clusters)  # an artist's artworks count as one where none differs from another
    if 0 < share < 1 and clusters > 1:
        variance = clusters / (clusters - 1) * float(residuals @ residuals) / n**2
        effective = share * (1 - share) / variance if variance else n
        effective = min(
            n, effective * (stdtrit(n - 1, _ERROR) / stdtrit(clusters - 1, _ERROR)) ** 2
        )
    successes = share * effective
    return float(betaincinv(successes, effective - successes + 1, _ERROR)) if successes else 0.0


def _find_lowest(
    confidence: npt.NDArray[np.float64], right: Booleans, artists: Ints
) -> float | None:
    """Return the lowest confidence from which the lower bound reaches the target, if any does."""
    found = None
    for percent in range(99, 0, -1):
        rows = confidence >= percent / 100
        if not _is_enough(rows, artists):
            continue  # whatever the labels, so the order of the tests stays fixed
        if lower_bound(right[rows], artists[rows]) < TARGET:
            break
        found = percent / 100
    return found


def _is_enough(rows: Booleans, artists: Ints) -> bool:
    return int(rows.sum()) >= _FEWEST and _count(artists[rows]) >= _FEWEST_ARTISTS


def _count(artists: Ints) -> int:
    """Return how many different artists there are."""
    return int(np.count_nonzero(np.bincount(artists)))


def _explain(confidence: npt.NDArray[np.float64], artists: Ints) -> str:
    """Return why there is no threshold."""
    if not _is_enough(np.ones(len(confidence), bool), artists):
        return (
            f"{len(artists)} artworks of {_count(artists)} artists are too few to choose "
            f"by; {_FEWEST} of {_FEWEST_ARTISTS} are needed"
        )
    return f"there is no confidence from which surely {_PERCENT} are right"


def _artist_folds(artists: Ints, folds: int, seed: int) -> Ints:
    """Return the fold of each artwork (n,); all of an artist are in one."""
    of_artist = np.random.default_rng(seed).permutation(artists.max() + 1) % folds
    return np.asarray(of_artist[artists], np.int64)


def _share(trusted: Booleans, right: Booleans, artists: Ints) -> Share:
    count = int(trusted.sum())
    return Share(
        works=len(trusted),
        artists=_count(artists),
        trusted=count,
        right=float(right[trusted].mean()) if count else None,
        lower_bound=lower_bound(right[trusted], artists[trusted]) if count else None,
    )
