"""The classes that a network is trained on, and those that are left out.

A class is trained only where the training samples hold enough of it: a class of two samples can't
be evaluated, and a loss that balances classes lifts it above all others. Classes that are left out
are kept with their counts for the report.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from artextract.errors import CatalogError, InputError
from artextract.files import atomic_write
from training.data.samples import Sample

_FORMAT = 1
_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeClasses:
    """The classes of one attribute, as in ``classes.json``.

    Attributes:
        names: The trained classes, sorted; the position of a name is the class's index.
        train_counts: Training samples of each class of ``names``.
        least: The fewest training samples of a class.
        left_out: {class with too few training samples: how many}; 0 is a class that no training
            sample has.
    """

    names: tuple[str, ...]
    train_counts: tuple[int, ...]
    least: int
    left_out: Mapping[str, int]

    @property
    def unseen(self) -> tuple[str, ...]:
        """The classes that no training sample has, sorted."""
        return tuple(name for name, count in self.left_out.items() if not count)

    def describe(self) -> str:
        """Return how many classes there are, and which are left out and why."""
        parts = [f"{len(self.names)} classes"]
        small = {name: count for name, count in self.left_out.items() if count}
        if small:
            largest = sorted(small, key=lambda name: (-small[name], name))
            parts.append(
                f"left out for fewer than {self.least} training samples: "
                + _first_names([f"{name} ({small[name]})" for name in largest])
            )
        if self.unseen:
            parts.append(f"left out, as no training sample has them: {_first_names(self.unseen)}")
        return "; ".join(parts)


@dataclass(frozen=True, slots=True)
class Classes:
    """The classes of each attribute, in the order of the columns of :meth:`encode`."""

    by_attribute: Mapping[str, AttributeClasses]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The names of the attributes."""
        return tuple(self.by_attribute)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """The names of each attribute's classes."""
        return {name: each.names for name, each in self.by_attribute.items()}

    @property
    def sizes(self) -> dict[str, int]:
        """The number of classes of each attribute."""
        return {name: len(each.names) for name, each in self.by_attribute.items()}

    def encode(self, samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
        """Return class indices (samples, attributes); -1 is unknown or left out."""
        encoded = np.full((len(samples), len(self.by_attribute)), -1, np.int64)
        for column, (attribute, names) in enumerate(self.names.items()):
            index = {name: at for at, name in enumerate(names)}
            for row, sample in enumerate(samples):
                encoded[row, column] = index.get(sample.labels.get(attribute, ""), -1)
        return encoded

    def describe(self) -> list[str]:
        """Return a line for each attribute."""
        return [f"{name}: {each.describe()}" for name, each in self.by_attribute.items()]

    def save(self, path: Path) -> None:
        """Write the classes as JSON.

        Raises:
            OSError: the file can't be written; what was there is untouched.
        """
        attributes = {name: asdict(each) for name, each in self.by_attribute.items()}
        data = {"format": _FORMAT, "attributes": attributes}
        atomic_write(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Classes":
        """Return the classes that :meth:`save` wrote.

        Raises:
            InputError: the file is missing or damaged.
        """
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != _FORMAT:
                raise ValueError(f"format {data['format']!r} instead of {_FORMAT}")
            found = {
                name: AttributeClasses(
                    names=tuple(each["names"]),
                    train_counts=tuple(each["train_counts"]),
                    least=int(each["least"]),
                    left_out=dict(each["left_out"]),
                )
                for name, each in data["attributes"].items()
            }
            for name, each in found.items():
                if len(each.names) != len(each.train_counts):
                    raise ValueError(f"{name} has other counts than names")
        except FileNotFoundError:
            raise InputError(
                f"there is no file {path} with the classes; give the folder of a training"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} can't be read as the classes of a training ({error!r}); "
                "put back the file that the training wrote, or train again"
            ) from error
        return cls(found)


def _first_names(names: Sequence[str]) -> str:
    """Return the first of ``names``, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def collect_classes(
    samples: Sequence[Sample],
    train: Collection[str],
    attributes: Sequence[str],
    min_samples: Mapping[str, int],
) -> Classes:
    """Return the classes with enough samples among those whose ids are in ``train``.

    Args:
        samples: All samples, those of other splits too.
        train: The ids of the training samples.
        attributes: The attributes to train, in this order.
        min_samples: {attribute: fewest training samples of a class}; 1 where it is not named.

    Raises:
        CatalogError: an attribute has no label in the training samples, or no class with enough.
    """
    found = {}
    training = [sample for sample in samples if sample.id in train]
    for attribute in attributes:
        least = min_samples.get(attribute, 1)
        # With a zero for each class that only other samples have.
        counts = dict.fromkeys(_labels(samples, attribute), 0) | Counter(
            _labels(training, attribute)
        )
        _check(attribute, counts, least, training, samples)
        trained = {name: counts[name] for name in sorted(counts) if counts[name] >= least}
        found[attribute] = AttributeClasses(
            names=tuple(trained),
            train_counts=tuple(trained.values()),
            least=least,
            left_out={name: counts[name] for name in sorted(counts) if name not in trained},
        )
    return Classes(found)


def _labels(samples: Sequence[Sample], attribute: str) -> list[str]:
    return [sample.labels[attribute] for sample in samples if attribute in sample.labels]


def _check(
    attribute: str,
    counts: Mapping[str, int],
    least: int,
    training: Sequence[Sample],
    samples: Sequence[Sample],
) -> None:
    if not any(counts.values()):
        known = sorted({name for sample in samples for name in sample.labels} - {attribute})
        raise CatalogError(
            f"none of the {len(training):,} training samples has a label for {attribute!r} "
            f"(there are labels for: {', '.join(known) or 'nothing else'}); fill in its column, or "
            f"leave the attribute out with attributes={','.join(known) or 'style'}"
        )
    if max(counts.values()) < least:
        name = max(sorted(counts), key=lambda each: counts[each])
        raise CatalogError(
            f"no class of {attribute!r} has the required {least} training samples "
            f"(most: {name}, {counts[name]}); lower the number with "
            f"min_works.{attribute}={counts[name]}, or leave the attribute out"
        )
