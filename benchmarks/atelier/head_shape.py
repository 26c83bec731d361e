"""The solid form of a head as signed distances, in units of about half a head's height.

Axes of the head: x to its own side that appears right when it faces the viewer, y down, z out of
the face. The eyes lie near y = 0. Signed distance functions and smooth unions follow Hart, "Sphere
tracing" (1996), and the polynomial smooth minimum of Quilez.
"""

from __future__ import annotations

import numpy as np

from benchmarks.atelier.fields import Field

Triple = tuple[float, float, float]

FLESH, HAIR, CLOTH, PEARL = 0, 1, 2, 3
FAR = np.float32(9)


def _ellipsoid(x: Field, y: Field, z: Field, centre: Triple, radii: Triple) -> Field:
    u, v, w = (x - centre[0]) / radii[0], (y - centre[1]) / radii[1], (z - centre[2]) / radii[2]
    near = np.sqrt(u * u + v * v + w * w)
    u, v, w = u / radii[0], v / radii[1], w / radii[2]
    slope = np.sqrt(u * u + v * v + w * w)
    out: Field = near * (near - 1) / np.maximum(slope, 1e-4)
    return out


def _capsule(x: Field, y: Field, z: Field, a: Triple, b: Triple, ra: float, rb: float) -> Field:
    """Return the distance to a tapering rod from `a` (radius `ra`) to `b` (radius `rb`)."""
    dx, dy, dz = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    px, py, pz = x - a[0], y - a[1], z - a[2]
    t = np.clip((px * dx + py * dy + pz * dz) / (dx * dx + dy * dy + dz * dz), 0, 1)
    qx, qy, qz = px - t * dx, py - t * dy, pz - t * dz
    out: Field = np.sqrt(qx * qx + qy * qy + qz * qz) - (ra + (rb - ra) * t)
    return out


def _join(a: Field, b: Field, k: float) -> Field:
    """Return the smooth union of two distances, blended over `k`."""
    h = np.maximum(k - np.abs(a - b), 0) / k
    out: Field = np.minimum(a, b) - h * h * (k * 0.25)
    return out


def _carve(a: Field, b: Field, k: float) -> Field:
    """Return `a` with `b` smoothly taken out."""
    h = np.maximum(k - np.abs(a + b), 0) / k
    out: Field = np.maximum(a, -b) + h * h * (k * 0.25)
    return out


def flesh(x: Field, y: Field, z: Field, *, male: bool) -> Field:
    """Return the distance to skull, face, nose, lips and ears."""
    ax = np.abs(x)
    jaw = 0.60 if male else 0.55
    chin = 0.20 if male else 0.16
    d = _ellipsoid(ax, y, z, (0, -0.27, -0.12), (0.72, 0.72, 0.86))
    d = _join(d, _ellipsoid(ax, y, z, (0, 0.26, 0.22), (jaw, 0.78, 0.55)), 0.22)
    d = _join(d, _ellipsoid(ax, y, z, (0, 0.90, 0.52), (chin * 1.25, chin, chin * 1.1)), 0.26)
    d = _join(d, _capsule(ax, y, z, (0.50, 0.46, -0.02), (0.16, 0.86, 0.46), 0.12, 0.12), 0.24)
    d = _join(d, _ellipsoid(ax, y, z, (0.36, 0.26, 0.50), (0.17, 0.15, 0.17)), 0.24)
    d = _join(d, _capsule(ax, y, z, (0.08, -0.15, 0.68), (0.42, -0.15, 0.52), 0.09, 0.07), 0.16)
    d = _carve(d, _ellipsoid(ax, y, z, (0.27, 0.03, 0.86), (0.19, 0.12, 0.19)), 0.14)
    d = _join(d, _ellipsoid(ax, y, z, (0.27, 0.04, 0.58), (0.145, 0.115, 0.145)), 0.03)
    d = _join(d, _capsule(ax, y, z, (0, -0.12, 0.71), (0, 0.34, 0.915), 0.055, 0.098), 0.13)
    d = _join(d, _ellipsoid(ax, y, z, (0.095, 0.38, 0.82), (0.075, 0.065, 0.10)), 0.07)
    d = _join(d, _ellipsoid(ax, y, z, (0, 0.585, 0.735), (0.20, 0.045, 0.10)), 0.07)
    d = _join(d, _ellipsoid(ax, y, z, (0, 0.685, 0.725), (0.155, 0.055, 0.095)), 0.06)
    ear = _ellipsoid(ax, y, z, (0.70, 0.12, -0.10), (0.08, 0.21, 0.14))
    ear = _carve(ear, _ellipsoid(ax, y, z, (0.82, 0.10, -0.06), (0.08, 0.13, 0.08)), 0.05)
    return _join(d, ear, 0.06)


def neck(x: Field, y: Field, z: Field, *, male: bool) -> Field:
    """Return the distance to the neck, in the axes of the body."""
    r = 0.40 if male else 0.335
    d = _capsule(x, y, z, (0, 0.35, -0.22), (0, 1.7, -0.30), r, r * 1.12)
    return _join(d, _ellipsoid(x, y, z, (0, 2.0, -0.30), (1.15, 0.40, 0.60)), 0.42)


def hair(x: Field, y: Field, z: Field, style: str, *, male: bool) -> Field:
    """Return the distance to the hair (and beard) of `style`, one of the portrait motifs."""
    ax = np.abs(x)
    if style in ("turban", "veil") and not male:
        return np.full_like(x, FAR)
    r = 0.77 if male else 0.80
    d = _ellipsoid(ax, y, z, (0, -0.31, -0.17), (r, r + 0.02, 0.93))
    part = _ellipsoid(ax, y, z, (0, 0.36, 0.86), (0.61, 0.90, 0.82))
    if style in ("bun", "long_hair"):
        d = _join(d, _ellipsoid(ax, y, z, (0.36, -0.42, 0.12), (0.42, 0.50, 0.58)), 0.10)
        d = _join(d, _ellipsoid(ax, y, z, (0.54, -0.04, -0.06), (0.24, 0.40, 0.42)), 0.12)
    d = _carve(d, part, 0.06)
    if style == "bun":
        d = _join(d, _ellipsoid(ax, y, z, (0, 0.02, -1.06), (0.36, 0.36, 0.32)), 0.08)
    elif style == "long_hair":
        d = _join(d, _capsule(ax, y, z, (0.62, -0.1, -0.20), (0.74, 1.5, -0.05), 0.24, 0.26), 0.2)
        d = _join(d, _capsule(ax, y, z, (0.1, 0.0, -0.55), (0.3, 1.6, -0.60), 0.52, 0.42), 0.2)
    elif style in ("brim", "beret") and not male:
        d = _join(d, _ellipsoid(ax, y, z, (0.48, 0.22, -0.34), (0.30, 0.52, 0.48)), 0.15)
    if style == "beard":
        beard = _ellipsoid(ax, y, z, (0, 0.82, 0.36), (0.50, 0.46, 0.42))
        beard = _join(
            beard, _capsule(ax, y, z, (0.62, 0.15, 0.02), (0.44, 0.7, 0.2), 0.09, 0.2), 0.15
        )
        beard = _carve(beard, _ellipsoid(ax, y, z, (0, 0.36, 0.92), (0.40, 0.31, 0.50)), 0.08)
        lip = _capsule(ax, y, z, (0.02, 0.49, 0.84), (0.25, 0.62, 0.66), 0.07, 0.05)
        d = np.minimum(d, _join(beard, lip, 0.06))
    return d


def cloth(x: Field, y: Field, z: Field, style: str) -> Field:
    """Return the distance to what covers the head in `style`; `FAR` where nothing does."""
    ax = np.abs(x)
    if style == "brim":
        c, s = np.cos(0.20), np.sin(0.20)
        yy, zz = (y + 0.46) * c + z * s, z * c - (y + 0.46) * s
        brim = _ellipsoid(ax, yy, zz, (0, 0.0, -0.02), (1.42, 0.095, 1.42))
        crown = _ellipsoid(ax, yy, zz, (0, -0.22, -0.06), (0.77, 0.60, 0.86))
        crown = _carve(crown, -(yy - 0.05), 0.05)
        return _join(brim, crown, 0.12)
    if style == "beret":
        c, s = np.cos(0.22), np.sin(0.22)
        xx, yy = x * c + y * s, y * c - x * s
        top = _ellipsoid(xx, yy, z, (0.02, -0.84, -0.16), (1.00, 0.38, 1.02))
        band = _ellipsoid(ax, y, z, (0, -0.60, -0.16), (0.82, 0.34, 0.93))
        return _join(top, band, 0.22)
    if style == "turban":
        wind = y + 0.55 + 0.30 * z
        ridge = 0.022 * np.sin(15 * wind + 2.2 * np.sin(2 * np.arctan2(x, z + 0.2)))
        d = _ellipsoid(ax, y, z, (0, -0.60, -0.16), (0.90, 0.60, 1.0))
        d = _carve(d, _ellipsoid(ax, y, z, (0, 0.30, 0.72), (0.66, 0.74, 0.62)), 0.05)
        d = _join(d, _ellipsoid(ax, y, z, (0.1, -0.12, -0.50), (0.70, 0.55, 0.56)), 0.15)
        tail = _capsule(x, y, z, (0.2, 0.1, -0.85), (0.42, 1.5, -0.72), 0.20, 0.13)
        return np.asarray(_join(d, tail, 0.15) + ridge, np.float32)
    if style == "veil":
        fold = 0.025 * np.sin(9 * np.arctan2(x, z + 0.35)) * np.clip(y + 0.6, 0, 1.6)
        d = _ellipsoid(ax, y, z, (0, -0.26, -0.16), (0.88, 0.92, 1.0))
        fall = _capsule(ax, y, z, (0, -0.05, -0.22), (0, 1.75, -0.30), 0.84, 1.18)
        d = _join(d, fall, 0.25)
        gap = _ellipsoid(ax, y, z, (0, 0.30, 0.90), (0.60, 0.90, 0.98))
        gap = _join(gap, _capsule(ax, y, z, (0, 0.6, 0.9), (0, 2.0, 1.1), 0.48, 0.36), 0.3)
        # Seen from the side the edge falls behind the cheek and leaves the profile free.
        gap = _join(gap, np.maximum(0.38 - z, 0.75 * x * x - 0.66 - y), 0.2)
        return np.asarray(_carve(d, gap, 0.08) + fold, np.float32)
    return np.full_like(x, FAR)


def pearl(x: Field, y: Field, z: Field) -> Field:
    """Return the distance to a pair of earrings."""
    return _ellipsoid(np.abs(x), y, z, (0.70, 0.50, -0.02), (0.085, 0.105, 0.085))
