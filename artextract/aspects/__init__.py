"""Aspects: the ways to compare images. Each is complete in one module, and registered here.

A further aspect is a subclass of :class:`Aspect` and a call of :func:`register`; ingest, search,
filters, explanations, the command line and the web page then have it. Importing this package
imports neither numpy nor PIL.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from artextract.aspects.base import Aspect, FactFilter
from artextract.aspects.composition import Composition
from artextract.aspects.face import FaceAspect
from artextract.aspects.lighting import Lighting
from artextract.aspects.palette import Palette
from artextract.aspects.pose import Pose
from artextract.aspects.scene import Scene
from artextract.aspects.style import Style
from artextract.aspects.visual import Visual

ASPECTS: dict[str, Aspect] = {}
"""All aspects by name, in the order in which they are shown."""

MEASUREMENT_VERSION = 1
"""Changes whenever an image would get other measured vectors or facts; manifests hold it."""


def register(aspect: Aspect) -> None:
    """Add an aspect.

    Raises:
        ValueError: another aspect has its name, or one of its facts or filters.
    """
    for other in ASPECTS.values():
        if (
            other.name == aspect.name
            or {*other.fact_keys} & {*aspect.fact_keys}
            or {each.name for each in other.filters} & {each.name for each in aspect.filters}
            or {each.fact for each in other.filters} & {each.fact for each in aspect.filters}
        ):
            raise ValueError(
                f"aspect {aspect.name!r} shares a name with aspect {other.name!r}; names of "
                "aspects, payload keys, facts and filters must be unique"
            )
    ASPECTS[aspect.name] = aspect


def detecting(names: Iterable[str]) -> list[Aspect]:
    """Return the aspects whose facts are detected when those called ``names`` are computed.

    Those that detect faces and people come first: the order of facts and filters everywhere.
    """
    chosen = [ASPECTS[name] for name in names if name in ASPECTS]
    needed = {aspect.name for aspect in chosen if aspect.fact_keys}
    needed.update(name for aspect in chosen for name in aspect.uses_facts_of)
    found = [aspect for name, aspect in ASPECTS.items() if name in needed]
    return sorted(found, key=lambda aspect: not aspect.needs & {"faces", "people"})


def fact_keys() -> tuple[str, ...]:
    """Return the payload keys of all facts."""
    return tuple(key for aspect in detecting(ASPECTS) for key in aspect.fact_keys)


def fact_filters() -> tuple[FactFilter, ...]:
    """Return the filters over all facts."""
    return tuple(each for aspect in detecting(ASPECTS) for each in aspect.filters)


def aspects_with_fact(fact: str) -> tuple[str, ...]:
    """Return the names of the aspects with any of which a fact such as "facing" is detected."""
    return tuple(
        name
        for name in ASPECTS
        if any(each.fact == fact for aspect in detecting([name]) for each in aspect.filters)
    )


def values_of(facts: Mapping[str, Any]) -> list[tuple[FactFilter, list[str]]]:
    """Return the values of an image that each filter compares; ``facts`` may be its payload."""
    return [
        (each, [str(value) for value in each.read(facts)])
        for aspect in detecting(ASPECTS)
        if facts.keys() >= {*aspect.fact_keys}
        for each in aspect.filters
    ]


def terms_of(facts: Mapping[str, Any]) -> list[str]:
    """Return the terms of an image's facts, which collections store: "faces=2", "key=low", ..."""
    return [f"{each.fact}={value}" for each, values in values_of(facts) for value in values]


def measurement_version(names: Iterable[str]) -> int | None:
    """Return the version of the measured vectors and facts; None where models give them all."""
    measured = any(ASPECTS[name].is_measured for name in names if name in ASPECTS)
    return MEASUREMENT_VERSION if measured else None


for _aspect in (
    Visual(), Style(), Composition(), Lighting(), Palette(), FaceAspect(), Pose(), Scene(),
):  # fmt: skip
    register(_aspect)
