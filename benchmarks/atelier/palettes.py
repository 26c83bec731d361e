"""Named palettes: one colour for each part a picture may need."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

Colour = npt.NDArray[np.float32]
"""An sRGB colour, float32 of shape (3,), each channel in 0..1."""


def colour(code: str) -> Colour:
    """Return the colour of six hexadecimal digits as float32 (3,) in 0..1."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Return `first` and `second` mixed, `share` (0..1) being the part of `second`."""
    return (first * (1 - share) + second * share).astype(np.float32)


@dataclass(frozen=True)
class Palette:
    """A palette. Every field is a `Colour`."""

    sky_hi: Colour
    sky_lo: Colour
    glow: Colour
    far: Colour
    mid: Colour
    near: Colour
    dark: Colour
    pale: Colour
    water_hi: Colour
    water_lo: Colour
    accent: Colour
    accent2: Colour
    skin_light: Colour
    skin: Colour
    skin_dark: Colour
    hair: Colour
    cloth: Colour
    cloth2: Colour
    wall: Colour
    wood: Colour


# The order of the codes is the order of the fields of Palette.
_CODES = {
    "earth": "8a9ca0 d2c8b2 efe5cc 8f9486 84773f 5b4a2a 2a1c13 efe3c8 a9b0a0 4c5b58 "
    "b5482a d9a441 efcfa8 bd825a 5a3524 3d2415 742f20 4a5a4e a58c66 6e472b",
    "nocturne": "13224c 4a6da0 f4e8b8 33507f 27436a 17263f 0a1020 b9c9e0 6d94bf 142a52 "
    "e6a63a 8e72b8 cfc3ca 83799a 2b2a4c 17162a 30488c 5a3a72 3b5280 3c3657",
    "rose": "b49fc6 f8d0c2 fff0da b898b4 ad7f92 7f4b62 3f2036 fbe8df ecbcbc 8e6b90 "
    "c92f54 ea9268 fcdcc6 df9a86 7e4558 5b2a2e b83a62 846ea4 dcaaa6 8d504e",
    "verdant": "86bcb8 e0ebc0 fdf7c6 80aa90 55914c 2f5e35 12281e f1f3d8 93c8ae 1d5b58 "
    "dd5f38 e6ca48 f2d6aa bd925e 4f4628 32291a 2a6e4c 92a23c 9ab082 66602f",
    "amber": "dc923e fbdc8c fff4c2 cc9352 b36d26 7c3f17 33150a fdecc4 f3bd64 8b4b20 "
    "c4361a 2c6c78 fcd9a2 d4904c 6e3312 431a0a aa351a 265c68 d59e50 80451a",
    "ice": "8dbbdd e9f3f6 fff9e8 a2c0d6 7199b8 406890 142a44 f6fbfb b6d9e6 31659a "
    "d9604f e9cb88 f6e2d8 c29d9a 4c5876 35465e 2a5e98 8ba8bc b5cbd8 6b7c8c",
}
PALETTES: dict[str, Palette] = {
    name: Palette(
        **{
            field.name: colour(code)
            for field, code in zip(fields(Palette), codes.split(), strict=True)
        }
    )
    for name, codes in _CODES.items()
}
"""The palettes by name."""
