"""ICC profiles made from their definition, and what they do to colours."""

import struct
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

__all__ = [
    "ADOBE_RGB", "DISPLAY_P3", "PROPHOTO", "SRGB", "cmyk_profile", "convert_to_srgb",
    "grey_profile", "rgb_profile",
]  # fmt: skip

Matrix = Sequence[Sequence[float]]

# Primaries as XYZ relative to D50, one a row (ICC.1:2022 has D50 as the profile's white).
SRGB: Matrix = (
    (0.43607, 0.22249, 0.01392),
    (0.38515, 0.71687, 0.09708),
    (0.14307, 0.06061, 0.71410),
)
PROPHOTO: Matrix = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.0), (0.03135, 0.00009, 0.82521))
ADOBE_RGB: Matrix = (
    (0.60974, 0.31111, 0.01947),
    (0.20528, 0.62567, 0.06087),
    (0.14919, 0.06322, 0.74457),
)
DISPLAY_P3: Matrix = (
    (0.51512, 0.24120, -0.00105),
    (0.29198, 0.69225, 0.04189),
    (0.15710, 0.06657, 0.78407),
)
_D50 = (0.9642, 1.0, 0.8249)


def _fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def _profile(class_: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    text = b"made for a test"
    described = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(text) + 1) + text + bytes(79),
        b"cprt": b"text" + bytes(4) + b"none\0",
        b"wtpt": b"XYZ " + bytes(4) + _fixed(*_D50),
        **tags,
    }
    table, body = struct.pack(">I", len(described)), b""
    start = 128 + 4 + 12 * len(described)
    for name, content in described.items():
        content += bytes(-len(content) % 4)
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content
    size = 128 + len(table) + len(body)
    header = struct.pack(
        ">I4sI4s4s4s12s4s4sIIIQI12s48s", size, b"test", 0x02400000, class_, space, connection,
        bytes(12), b"acsp", b"APPL", 0, 0, 0, 0, 0, _fixed(*_D50), bytes(48),
    )  # fmt: skip
    assert len(header) == 128
    return header + table + body


def rgb_profile(primaries: Matrix, curve: float | Sequence[int], class_: bytes = b"mntr") -> bytes:
    """Return a profile of three primaries and a gamma, or a curve of values up to 65535."""
    values = [round(curve * 256)] if isinstance(curve, float) else list(curve)
    tone = b"curv" + bytes(4) + struct.pack(f">I{len(values)}H", len(values), *values)
    tags = {f"{name}TRC".encode(): tone for name in "rgb"}
    for name, primary in zip("rgb", primaries, strict=True):
        tags[f"{name}XYZ".encode()] = b"XYZ " + bytes(4) + _fixed(*primary)
    return _profile(class_, b"RGB ", b"XYZ ", tags)


def grey_profile(gamma: float) -> bytes:
    """Return a profile of grey with a gamma."""
    tone = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    return _profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": tone})


def cmyk_profile(lab: Callable[[int, int, int, int], tuple[float, float, float]]) -> bytes:
    """Return a profile that knows the colour (L*, a*, b*) of each combination of full inks."""
    corners = b"".join(
        bytes((round(lightness * 2.55), round(a) + 128, round(b) + 128))
        for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)
        for lightness, a, b in [lab(c, m, y, k)]
    )  # fmt: skip
    straight = bytes(range(256))
    table = (
        b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + _fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
        + straight * 4 + corners + straight * 3
    )  # fmt: skip
    return _profile(b"prtr", b"CMYK", b"Lab ", {b"A2B0": table})


def convert_to_srgb(
    pixels: npt.NDArray[np.uint8], primaries: Matrix, gamma: float
) -> npt.NDArray[np.float64]:
    """Return what IEC 61966-2-1 gives for RGB of other primaries and a gamma, 0 to 255."""
    linear = (pixels / 255) ** gamma @ np.asarray(primaries) @ np.linalg.inv(np.asarray(SRGB))
    linear = np.clip(linear, 0, 1)
    curved = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(255 * curved)
