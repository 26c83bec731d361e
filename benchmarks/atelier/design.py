"""The balanced design: which level of every factor each picture gets.

Levels are chosen one picture at a time. For each factor in turn the level is taken that has so far
been used least, alone and together with the levels already chosen for this picture (the sequential
balancing of Pocock and Simon, 1975). Every pair of factors therefore stays nearly independent, and
so does every prefix of the list.
"""

from __future__ import annotations

from collections import Counter

HANDS = ("dots", "impasto", "glaze", "woodcut", "cutpaper", "wash")
SCENES = ("sea", "portrait", "landscape", "still_life", "street", "group", "room")
PALETTES = ("earth", "nocturne", "rose", "verdant", "amber", "ice")
LIGHTS = ("left", "right", "above", "behind")
KEYS = ("high", "mid", "low")
FORMATS = ("landscape", "portrait", "square")
HEADS = ("left_profile", "left", "front", "right", "right_profile")
COMPOSITIONS: dict[str, tuple[str, ...]] = {
    "sea": ("high_horizon", "low_horizon", "left_weighted", "right_weighted", "diagonal"),
    "landscape": ("low_horizon", "high_horizon", "right_weighted", "left_weighted", "diagonal"),
    "street": ("central", "left_weighted", "right_weighted", "diagonal"),
    "room": ("central", "left_weighted", "right_weighted", "diagonal"),
    "still_life": ("central", "diagonal", "left_weighted", "right_weighted", "high_horizon"),
    "portrait": ("central", "left_weighted", "right_weighted"),
    "group": ("central", "diagonal", "left_weighted", "right_weighted"),
}
MOTIFS: dict[str, tuple[str, ...]] = {
    "sea": ("boats", "harbour", "cliffs", "lighthouse"),
    "landscape": ("cypresses", "river", "village", "haystacks", "mountains"),
    "street": ("lane", "tower", "market"),
    "room": ("table", "chair", "doorway"),
    "still_life": ("fruit", "flowers", "jug", "bottles"),
    "portrait": ("veil", "bun", "beret", "beard", "long_hair", "brim", "turban", "short_hair"),
    "group": ("two", "three"),
}


def _levels(factor: str, chosen: dict[str, str]) -> tuple[str, ...]:
    """Return the levels `factor` may take beside the levels already chosen."""
    scene = chosen.get("scene", "")
    if factor == "format":
        if scene == "portrait":
            return ("portrait", "square")
        if scene == "sea":
            return ("landscape", "square")
        return FORMATS
    if factor == "head":
        return HEADS if scene in ("portrait", "group") else ("none",)
    if factor == "composition":
        return COMPOSITIONS[scene]
    if factor == "motif":
        return MOTIFS[scene]
    fixed = {
        "hand": HANDS,
        "scene": SCENES,
        "palette": PALETTES,
        "light_from": LIGHTS,
        "light_key": KEYS,
    }
    return fixed[factor]


FACTORS = (
    "hand",
    "scene",
    "palette",
    "light_from",
    "light_key",
    "head",
    "composition",
    "motif",
    "format",
)


def assign(count: int) -> list[dict[str, str]]:
    """Choose the factors of the first `count` pictures.

    Args:
        count: How many pictures.

    Returns:
        One dictionary per picture, from each name in `FACTORS` to a level. The first n
        dictionaries do not depend on `count`.
    """
    seen: Counter[tuple[str, ...]] = Counter()
    rows: list[dict[str, str]] = []
    for index in range(count):
        chosen: dict[str, str] = {}
        for place, factor in enumerate(FACTORS):
            if factor == "hand":
                chosen[factor] = HANDS[index % len(HANDS)]
                continue
            levels = _levels(factor, chosen)
            best, best_cost = levels[0], 1e18
            for order, level in enumerate(levels):
                # Within a scene a level must be even too, so the scene pair counts double.
                cost = 1.5 * seen[factor, level] / 40
                for other, value in chosen.items():
                    weight = 2.0 if other in ("scene", "hand") else 1.0
                    cost += weight * seen[factor, level, other, value] / 6
                cost += 1e-3 * ((order * 7 + index * 5 + place * 3) % 13)
                if cost < best_cost:
                    best, best_cost = level, cost
            for other, value in chosen.items():
                seen[factor, best, other, value] += 1
            seen[factor, best] += 1
            chosen[factor] = best
        rows.append(chosen)
    return rows
