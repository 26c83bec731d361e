"""What a quantised model loses against the original, and what it gains."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.inference import OnnxModel, Seen

__all__ = ["Loss", "measure_loss"]

_BATCH = 8
_NEAREST = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The figures of the aspect that suffers most, on ``pictures`` pictures.

    ``mean_cosine`` and ``lowest_cosine`` are between the two models' vectors of a picture;
    ``overlap`` is the share of a picture's ten nearest among the others that both models agree on;
    ``same_class`` that of pictures with the same likeliest class, {attribute: share};
    ``speed_ratio`` pictures a second over the original's, on one thread; ``size_ratio`` bytes over
    the original's.
    """

    pictures: int
    mean_cosine: float
    lowest_cosine: float
    overlap: float
    same_class: dict[str, float]
    speed_ratio: float
    size_ratio: float

    def to_card(self) -> dict[str, object]:
        """Return the figures for a model card; speed is left out, for it is the machine's."""
        return {
            "pictures": self.pictures,
            "mean_cosine": round(self.mean_cosine, 4),
            "lowest_cosine": round(self.lowest_cosine, 4),
            "top_10_overlap": round(self.overlap, 4),
            "same_class": {name: round(share, 4) for name, share in self.same_class.items()},
        }


def measure_loss(original: Path, quantized: Path, pictures: npt.NDArray[np.float32]) -> Loss:
    """Compare two model files on prepared ``pictures`` (n, 3, size, size).

    Both see each batch one after the other, so that whatever slows the machine slows both.
    """
    models = [OnnxModel(path, "cpu", threads=1) for path in (original, quantized)]
    seen: list[list[Seen]] = [[], []]
    seconds: list[list[float]] = [[], []]
    for start in range(0, len(pictures), _BATCH):
        batch = pictures[start : start + _BATCH]
        for number, model in enumerate(models):
            begun = time.perf_counter()
            seen[number].append(model.look(batch))
            seconds[number].append((time.perf_counter() - begun) / len(batch))
    cosines, overlaps = [], []
    for aspect in models[0].card.aspects:
        one, other = (np.concatenate([each.vectors[aspect] for each in part]) for part in seen)
        cosines.append((one * other).sum(axis=1))
        overlaps.append(_overlap(one, other))
    worst = min(cosines, key=lambda values: float(values.mean()))
    return Loss(
        pictures=len(pictures),
        mean_cosine=float(worst.mean()),
        lowest_cosine=float(min(values.min() for values in cosines)),
        overlap=min(overlaps),
        same_class={
            name: float(np.mean(_classes(seen[0], name) == _classes(seen[1], name)))
            for name in models[0].card.classes
        },
        speed_ratio=float(np.median(seconds[0]) / np.median(seconds[1])),
        size_ratio=quantized.stat().st_size / original.stat().st_size,
    )


def _classes(parts: list[Seen], attribute: str) -> npt.NDArray[np.int64]:
    """Return the number of the likeliest class of each picture."""
    return np.concatenate([part.probabilities[attribute].argmax(axis=1) for part in parts])


def _overlap(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> float:
    """Return the mean share of the ten nearest that are the same by both, (n, d) each."""
    nearest = min(_NEAREST, len(one) - 1)
    lists = []
    for rows in (one, other):
        scores = rows @ rows.T
        np.fill_diagonal(scores, -np.inf)
        lists.append(np.argsort(-scores, axis=1, kind="stable")[:, :nearest])
    shared = [len(set(a) & set(b)) / nearest for a, b in zip(*lists, strict=True)]
    return float(np.mean(shared))
