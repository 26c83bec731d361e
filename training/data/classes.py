"""The classes that a network tells apart, and those that it must leave out.

A class is learnt only where the training works hold enough of it: with two works it cannot be
judged, and a loss that balances classes lifts it above all others. What is left out is kept by name
and count, so that a report can say so instead of hiding it.
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
from training.data.samples import LabelledWork

__all__ = ["Classes", "gather_classes"]

_FORMAT = 1
_NAMED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """The classes of each attribute; the position of a name is the number of its class.

    ``names`` maps each attribute to its classes, sorted. ``left_out`` maps it to the classes that
    had too few works to learn from and how many these were (0: no training work has it, only
    others do); ``least`` to the number that would have been enough. ``train_counts`` has the
    training works of each class of ``names``, in their order.
    """

    names: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, Mapping[str, int]]
    train_counts: Mapping[str, tuple[int, ...]]
    least: Mapping[str, int]

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes, in the order of the columns of :meth:`encode`."""
        return tuple(self.names)

    def encode(self, works: Sequence[LabelledWork]) -> npt.NDArray[np.int64]:
        """Return the classes' numbers (works, attributes); -1 is unknown or left out."""
        encoded = np.full((len(works), len(self.names)), -1, np.int64)
        for column, (attribute, names) in enumerate(self.names.items()):
            number = {name: at for at, name in enumerate(names)}
            for row, work in enumerate(works):
                encoded[row, column] = number.get(work.labels.get(attribute, ""), -1)
        return encoded

    def unseen(self, attribute: str) -> tuple[str, ...]:
        """Return the classes of ``attribute`` that no training work has, sorted."""
        return tuple(name for name, count in self.left_out[attribute].items() if not count)

    def describe(self) -> list[str]:
        """Return a line for each attribute: how many classes, and which are left out and why.

        Of many that are left out, those with the most works are named; a report names all.
        """
        lines = []
        for attribute, names in self.names.items():
            parts = [f"{attribute}: {len(names)} classes"]
            thin = {name: n for name, n in self.left_out[attribute].items() if n}
            if thin:
                largest = sorted(thin, key=lambda name: (-thin[name], name))
                parts.append(
                    f"left out for fewer than {self.least[attribute]} training works: "
                    + _name_some([f"{name} ({thin[name]})" for name in largest])
                )
            unseen = self.unseen(attribute)
            if unseen:
                parts.append(f"left out, as no training work has them: {_name_some(unseen)}")
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
            InputError: the file is missing, or is none that was written there.
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


def _name_some(names: Sequence[str]) -> str:
    """Return the first of ``names``, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _read(path: Path) -> dict[str, Any]:
    """Return the attributes of a file of classes.

    Raises:
        ValueError: it is no JSON, of another format, or its counts do not go with its names.
    """
    data = json.loads(path.read_text(encoding="utf-8"))
    if data["format"] != _FORMAT:
        raise ValueError(f"format {data['format']!r} instead of {_FORMAT}")
    attributes: dict[str, Any] = data["attributes"]
    for attribute, each in attributes.items():
        if len(each["names"]) != len(each["train_counts"]):
            raise ValueError(f"{attribute} has other counts than names")
    return attributes


def gather_classes(
    works: Sequence[LabelledWork],
    train: Collection[str],
    attributes: Sequence[str],
    min_works: Mapping[str, int],
) -> Classes:
    """Return the classes that can be learnt from the works whose ids are in ``train``.

    Args:
        works: All works, those to be judged by too.
        train: The ids of the training works.
        attributes: What is to be learnt, in this order.
        min_works: {attribute: fewest training works of a class}; 1 where it is not named.

    Raises:
        CatalogError: no training work has a label of an attribute, or all its classes are too thin.
    """
    names, left_out, train_counts = {}, {}, {}
    least = {attribute: min_works.get(attribute, 1) for attribute in attributes}
    learnt_from = [work for work in works if work.id in train]
    for attribute in attributes:
        # With a zero for each class that only other works have.
        counts = dict.fromkeys(_labels(works, attribute), 0) | Counter(
            _labels(learnt_from, attribute)
        )
        _check(attribute, counts, least[attribute], learnt_from, works)
        kept = sorted(name for name, count in counts.items() if count >= least[attribute])
        names[attribute] = tuple(kept)
        train_counts[attribute] = tuple(counts[name] for name in kept)
        left_out[attribute] = {
            name: counts[name] for name in sorted(counts) if counts[name] < least[attribute]
        }
    return Classes(names=names, left_out=left_out, train_counts=train_counts, least=least)


def _labels(works: Sequence[LabelledWork], attribute: str) -> list[str]:
    return [work.labels[attribute] for work in works if attribute in work.labels]


def _check(
    attribute: str,
    counts: Mapping[str, int],
    least: int,
    learnt_from: Sequence[LabelledWork],
    works: Sequence[LabelledWork],
) -> None:
    """Check that ``attribute`` has a class to learn.

    Raises:
        CatalogError: it has none.
    """
    if not any(counts.values()):
        known = sorted({name for work in works for name in work.labels} - {attribute})
        raise CatalogError(
            f"none of the {len(learnt_from):,} training works has a label for {attribute!r} "
            f"(labels there are for: {', '.join(known) or 'nothing else'}); fill in its column, or "
            f"leave the attribute out with --set attributes={','.join(known) or 'style'}"
        )
    if max(counts.values()) < least:
        name = max(sorted(counts), key=lambda each: counts[each])
        raise CatalogError(
            f"no class of {attribute!r} has the {least} training works that are asked for "
            f"(most: {name}, {counts[name]}); lower it with --set "
            f"min_works.{attribute}={counts[name]}, or leave the attribute out"
        )
