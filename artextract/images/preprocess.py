"""Turn an image into the input tensor of a network.

The parameters are part of a model file's card (:mod:`artextract.models.card`); training, export,
ingest and search all preprocess images here.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.errors import ModelError

_INTERPOLATIONS = {
    "bilinear": PIL.Image.Resampling.BILINEAR,
    "bicubic": PIL.Image.Resampling.BICUBIC,
    "lanczos": PIL.Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preprocess:
    """Resize, crop if ``resize`` is set, then (value - mean) / std for each channel.

    ``size`` is the side of the square input in pixels. If ``resize`` is None, the whole image is
    resized to that square; otherwise its shorter side is resized to ``resize`` and the centre is
    cropped. ``mean`` and ``std`` are for values of 0 to 255, in the order R, G, B.
    """

    size: int
    resize: int | None
    interpolation: str
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        if self.interpolation not in _INTERPOLATIONS:
            raise ModelError(
                f"preprocessing has interpolation {self.interpolation!r}; "
                f"known: {', '.join(_INTERPOLATIONS)}"
            )
        if not 1 <= self.size <= 4096 or (self.resize is not None and self.resize < self.size):
            raise ModelError(
                f"preprocessing has size {self.size} and resize {self.resize}; "
                "size must be 1 to 4096 and not larger than resize"
            )
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ModelError(f"preprocessing has mean {self.mean} and std {self.std}; three each")

    @property
    def decode_at_least(self) -> int:
        """Shortest side, in pixels, to which a large JPEG may be reduced while it is decoded.

        Twice the resized side, so that the remaining resize is still properly filtered.
        """
        return 2 * (self.resize or self.size)

    def __call__(self, image: PIL.Image.Image) -> npt.NDArray[np.float32]:
        """Return the tensor (3, size, size), float32, channels R, G, B, of an RGB image."""
        tensor = np.empty((3, self.size, self.size), np.float32)
        self.normalize(self.resize_pixels(image), tensor)
        return tensor

    def resize_pixels(self, image: PIL.Image.Image) -> npt.NDArray[np.uint8]:
        """Return an RGB image resized and cropped, (size, size, 3), uint8."""
        filter_ = _INTERPOLATIONS[self.interpolation]
        if self.resize is None:
            return np.asarray(image.resize((self.size, self.size), filter_))
        # The longer side rounded down, as torchvision.transforms.Resize does.
        width, height = (int(self.resize * side / min(image.size)) for side in image.size)
        left, top = round((width - self.size) / 2), round((height - self.size) / 2)
        resized = image.resize((width, height), filter_)
        return np.asarray(resized.crop((left, top, left + self.size, top + self.size)))

    def normalize(self, pixels: npt.NDArray[np.uint8], out: npt.NDArray[np.float32]) -> None:
        """Write the tensor of ``pixels`` (size, size, 3) into ``out`` (3, size, size)."""
        np.subtract(
            pixels.transpose(2, 0, 1), np.asarray(self.mean, np.float32)[:, None, None], out=out
        )
        out /= np.asarray(self.std, np.float32)[:, None, None]

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Preprocess":
        """Return the parameters in a model card.

        Raises:
            ModelError: a parameter is missing, unknown, or out of range.
        """
        try:
            return cls(**{**data, "mean": tuple(data["mean"]), "std": tuple(data["std"])})
        except (KeyError, TypeError) as error:
            raise ModelError(f"the model card's preprocessing can't be read: {error}") from error


EFFICIENTNET_LITE = Preprocess(
    size=224, resize=None, interpolation="bicubic", mean=(127.0,) * 3, std=(128.0,) * 3
)
"""EfficientNet-Lite: (x - 127) / 128 (google tpu/models/official/efficientnet/lite). The image is
not cropped, so that every part of a painting counts."""

TORCHVISION_RESNET_V2 = Preprocess(
    size=224,
    resize=232,
    interpolation="bilinear",
    mean=(0.485 * 255, 0.456 * 255, 0.406 * 255),
    std=(0.229 * 255, 0.224 * 255, 0.225 * 255),
)
"""torchvision's ResNet50_Weights.IMAGENET1K_V2.transforms()."""
