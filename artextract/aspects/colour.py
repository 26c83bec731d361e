"""Colours as people see them: sRGB to CIE L*a*b*."""

import numpy as np
import numpy.typing as npt

# sRGB to XYZ, IEC 61966-2-1, divided by the white point D65 (0.95047, 1, 1.08883).
_TO_XYZ = np.asarray(
    [[0.4124564, 0.3575761, 0.1804375],
     [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]], np.float32,
) / np.asarray([[0.95047], [1.0], [1.08883]], np.float32)  # fmt: skip

_LINEAR = np.arange(256, dtype=np.float32) / 255
_LINEAR = np.where(_LINEAR <= 0.04045, _LINEAR / 12.92, ((_LINEAR + 0.055) / 1.055) ** 2.4)
_LINEAR = _LINEAR.astype(np.float32)


def to_lab(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return L* (0 to 100), a* and b* (about -100 to 100) of sRGB pixels (..., 3), white D65.

    Formulas: IEC 61966-2-1 and CIE 15:2004, section 8.2.1.
    """
    xyz = _LINEAR[pixels] @ _TO_XYZ.T
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    lab = np.empty_like(f)
    lab[..., 0] = 116 * f[..., 1] - 16
    lab[..., 1] = 500 * (f[..., 0] - f[..., 1])
    lab[..., 2] = 200 * (f[..., 1] - f[..., 2])
    return lab
