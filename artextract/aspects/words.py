"""Why two pictures match by an aspect, in a sentence."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from artextract.aspects.composition import masses_of

__all__ = ["Look", "say"]

Look = tuple[Sequence[float], Mapping[str, Any]]
"""A picture's vector of the aspect, and its payload."""

_DEGREES = ((0.6, "very"), (0.35, "clearly"), (0.15, "a little"))

_THIRDS = (("upper left", "top", "upper right"), ("left", "middle", "right"),
           ("lower left", "bottom", "lower right"))  # fmt: skip


def say(aspect: str, one: Look, other: Look) -> str:
    """Return a sentence about two pictures that both have a vector of ``aspect``."""
    return _SENTENCES[aspect](one, other)


def _degree(one: Look, other: Look) -> str:
    cosine = float(np.dot(one[0], other[0]))
    return next((word for least, word in _DEGREES if cosine >= least), "no more than by chance")


def _visual(one: Look, other: Look) -> str:
    return f"as whole pictures they are {_degree(one, other)} alike"


def _style(one: Look, other: Look) -> str:
    seen = [_predicted(each, "style") for each in (one, other)]
    handled = f"they are handled {_degree(one, other)} alike"
    return handled if None in seen else f"{handled}; {_both_or(seen)} by style"


def _scene(one: Look, other: Look) -> str:
    seen = [_predicted(each, "genre") for each in (one, other)]
    people = [each[1]["bodies"]["count"] for each in (one, other)]
    kinds = "" if None in seen else f"{_both_or(seen)} by genre, "
    if people[0] == people[1]:
        return f"{kinds}both with {_count(people[0], 'person', 'people')}"
    return f"{kinds}with {people[0]} and {_count(people[1], 'person', 'people')}"


def _predicted(look: Look, attribute: str) -> str | None:
    told = look[1].get("predicted", {}).get(attribute)
    return None if told is None else str(told["name"]).replace("_", " ")


def _both_or(names: Sequence[str | None]) -> str:
    return f"both are seen as {names[0]}" if names[0] == names[1] else (
        f"one is seen as {names[0]}, the other as {names[1]}"
    )  # fmt: skip


def _composition(one: Look, other: Look) -> str:
    parts = []
    for word, sign in (("lightest", 1), ("darkest", -1)):
        places = [_place(sign * masses_of(each[0])) for each in (one, other)]
        if places[0] == places[1]:
            parts.append(f"both are {word} at the {places[0]}")
        else:
            parts.append(f"one is {word} at the {places[0]}, the other at the {places[1]}")
    return "; ".join(parts)


def _place(grid: Any) -> str:
    """Return in which ninth of the picture a grid has its highest mean."""
    bounds = np.linspace(0, len(grid), 4).round().astype(int)
    means = [
        [grid[top:bottom, left:right].mean() for left, right in pairwise(bounds)]
        for top, bottom in pairwise(bounds)
    ]
    row, column = np.unravel_index(int(np.argmax(means)), (3, 3))
    return _THIRDS[row][column]


def _lighting(one: Look, other: Look) -> str:
    lights = [each[1]["light"] for each in (one, other)]
    keys = [{"low": "dark", "mid": "middling", "high": "light"}[each["key"]] for each in lights]
    tone = f"both are {keys[0]}" if keys[0] == keys[1] else f"one is {keys[0]}, the other {keys[1]}"
    sides = [each["direction"] for each in lights]
    if sides[0] == sides[1] and sides[0] != "unclear":
        where = {"above": "in the upper half"}.get(sides[0], f"on the {sides[0]}")
        return f"{tone}, and their light lies {where}"
    strong = [each["contrast"] for each in lights]
    return f"{tone}, with a contrast of {strong[0]:.0f} and {strong[1]:.0f} (spread of L*)"


def _palette(one: Look, other: Look) -> str:
    mains = [each[1]["palette"]["main"] for each in (one, other)]
    common = [name for name in mains[0] if name in mains[1]]
    if common:
        return f"{_and(common)} {_is(common)} among the main colours of both"
    return f"one is mainly {_and(mains[0])}, the other {_and(mains[1])}"


def _face(one: Look, other: Look) -> str:
    faces = [each[1]["faces"] for each in (one, other)]
    yaws = [each["heads"][0]["yaw"] for each in faces]
    ways = [each["orientation"] for each in faces]
    if ways[0] != ways[1]:
        heads = f"one head is turned {_way(ways[0], yaws[0])}, the other {_way(ways[1], yaws[1])}"
    elif ways[0] == "front":
        heads = "both heads face the viewer"
    else:
        side = ways[0].split()[0]
        profile = " in profile" if "profile" in ways[0] else ""
        heads = f"both heads turn {side}{profile}, about {abs(sum(yaws)) / 2:.0f} degrees"
    counts = [each["count"] for each in faces]
    if counts[0] == counts[1]:
        return f"{heads}; {_count(counts[0], 'head', 'heads')} in each"
    return f"{heads}; {_count(counts[0], 'head', 'heads')} and {counts[1]}"


def _way(orientation: str, yaw: float) -> str:
    if orientation == "front":
        return "to the viewer"
    return f"{orientation.split()[0]} by about {abs(yaw):.0f} degrees"


def _pose(one: Look, other: Look) -> str:
    bodies = [each[1]["bodies"]["bodies"] for each in (one, other)]
    holds = [_hold(each[0]) for each in bodies]
    held = f"both bodies are {holds[0]}" if holds[0] == holds[1] else (
        f"one body is {holds[0]}, the other {holds[1]}"
    )  # fmt: skip
    counts = [len(each) for each in bodies]
    if counts[0] == counts[1]:
        return f"{held}; {_count(counts[0], 'body', 'bodies')} in each"
    return f"{held}; {_count(counts[0], 'body', 'bodies')} and {counts[1]}"


def _hold(points: Sequence[Sequence[float] | None]) -> str:
    """Return how the trunk is held and how much is shown, by shoulders, hips and legs."""
    shoulders = [place for place in points[5:7] if place]
    hips = [place for place in points[11:13] if place]
    if not hips or not shoulders:
        return "shown down to the shoulders" if shoulders else "shown in part"
    across, down = np.mean(hips, axis=0) - np.mean(shoulders, axis=0)
    if abs(across) > abs(down):
        return "lying or bent over"
    return "upright, legs and all" if any(points[13:17]) else "upright, down to the hips"


def _count(number: int, one: str, many: str) -> str:
    return f"{number or 'no'} {one if number == 1 else many}"


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_SENTENCES = {
    "visual": _visual,
    "style": _style,
    "composition": _composition,
    "lighting": _lighting,
    "palette": _palette,
    "face": _face,
    "pose": _pose,
    "scene": _scene,
}
