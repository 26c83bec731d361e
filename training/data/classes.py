"""The classes that a network is trained on, and those that are left out.

A class is trained only where the training samples hold enough of it: a class of two samples can't
be evaluated, and a loss that balances classes lifts it above all others. Classes that are left out
are kept with their counts for the report.
"""

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.errors import CatalogError, InputError
from artextract.files import atomic_write
from training.data.samples import Sample

_FORMAT = 1
_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The classes of each attribute; the position of a name is the class's index.

    Attributes:
        names: {attribute: its classes, sorted}.
        left_out: {attribute: {class with too few training samples: how many}}; 0 is a class that
            no training sample has.
        train_counts: {attribute: training samples of each class of ``names``}.
        least: {attribute: the fewest training samples of a class}.
    """

    names: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, Mapping[str, int]]
    train_counts: Mapping[str, tuple[int, ...]]
    least: Mapping[str, int]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes, in the order of the columns of :meth:`encode`."""
        return tuple(self.names)

    @property
    def sizes(self) -> dict[str, int]:
        """The number of classes of each attribute."""
        return {name: len(classes) for name, classes in self.names.items()}

    def encode(self, samples: Sequence[Sample]) -> npt.NDArray[np.int64]:
        """Return class indices (samples, attributes); -1 is unknown or left out."""
        encoded = np.full((len(samples), len(self.names)), -1, np.int64)
        for column, (attribute, names) in enumerate(self.names.items()):
            index = {name: at for at, name in enumerate(names)}
            for row, sample in enumerate(samples):
                encoded[row, column] = index.get(sample.labels.get(attribute, ""), -1)
        return encoded

    def unseen(self, attribute: str) -> tuple[str, ...]:
        """Return the classes of ``attribute`` that no training sample has, sorted."""
        return tuple(name for name, count in self.left_out[attribute].items() if not count)

    def describe(self) -> list[str]:
        """Return a line for each attribute: how many classes, and which are left out and why."""
        lines = []
        for attribute, names in self.names.items():
            parts = [f"{attribute}: {len(names)} classes"]
            small = {name: n for name, n in self.left_out[attribute].items() if n}
            if small:
                largest = sorted(small, key=lambda name: (-small[name], name))
                parts.append(
                    f"left out for fewer than {self.least[attribute]} training samples: "
                    + _first_names([f"{name} ({small[name]})" for name in largest])
                )
            unseen = self.unseen(attribute)
            if unseen:
                parts.append(f"left out, as no training sample has them: {_first_names(unseen)}")
            lines.append("; ".join(parts))
        return lines

    def save(self, path: Path) -> None:
        """Write the classes as JSON.

        Raises:
            OSError: the file can't be written; what was there is untouched.
        """
        attributes = {
            attribute: {
                "names": list(names),
                "train_counts": list(self.train_counts[attribute]),
                "least": self.least[attribute],
                "left_out": dict(self.left_out[attribute]),
            }
            for attribute, names in self.names.items()
        }
        data = {"format": _FORMAT, "attributes": attributes}
        atomic_write(path, json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> "Classes":
        """Return the classes that :meth:`save` wrote.

        Raises:
            InputError: the file is missing or damaged.
        """
        try:
            attributes = _read(path)
            return cls(
                names={name: tuple(each["names"]) for name, each in attributes.items()},
                left_out={name: dict(each["left_out"]) for name, each in attributes.items()},
                train_counts={
                    name: tuple(each["train_counts"]) for name, each in attributes.items()
                },
                least={name: int(each["least"]) for name, each in attributes.items()},
            )
        except FileNotFoundError:
            raise InputError(
                f"there is no file {path} with the classes; give the folder of a training"
            ) from None
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path} can't be read as the classes of a training ({error!r}); "
                "put back the file that the training wrote, or train again"
            ) from error


def _first_names(names: Sequence[str]) -> str:
    """Return the first of ``names``, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _read(path: Path) -> dict[str, Any]:
    """Return the attributes in a file of classes.

    Raises:
        ValueError: it is no JSON, of another format, or names and counts differ in number.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["format"] != _FORMAT:
        raise ValueError(f"format {data['format']!r} instead of {_FORMAT}")
    attributes: dict[str, Any] = data["attributes"]
    for attribute, each in attributes.items():
        if len(each["names"]) != len(each["train_counts"]):
            raise ValueError(f"{attribute} has other counts than names")
    return attributes


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
    names, left_out, train_counts = {}, {}, {}
    least = {attribute: min_samples.get(attribute, 1) for attribute in attributes}
    training = [sample for sample in samples if sample.id in train]
    for attribute in attributes:
        # With a zero for each class that only other samples have.
        counts = dict.fromkeys(_labels(samples, attribute), 0) | Counter(
            _labels(training, attribute)
        )
        _check(attribute, counts, least[attribute], training, samples)
        trained = sorted(name for name, count in counts.items() if count >= least[attribute])
        names[attribute] = tuple(trained)
        train_counts[attribute] = tuple(counts[name] for name in trained)
        left_out[attribute] = {
            name: counts[name] for name in sorted(counts) if counts[name] < least[attribute]
        }
    return Classes(names=names, left_out=left_out, train_counts=train_counts, least=least)


def _labels(samples: Sequence[Sample], attribute: str) -> list[str]:
    return [sample.labels[attribute] for sample in samples if attribute in sample.labels]


def _check(
    attribute: str,
    counts: Mapping[str, int],
    least: int,
    training: Sequence[Sample],
    samples: Sequence[Sample],
) -> None:
    """Check that ``attribute`` has a class to train."""
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
