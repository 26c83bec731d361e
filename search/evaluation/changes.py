"""Changes of an image as photographs, phones and web pages cause them."""

import io
from collections.abc import Callable, Mapping

import numpy as np
import PIL.Image
import PIL.ImageFilter
import PIL.ImageOps

from search.region import find_homography

Change = Callable[[PIL.Image.Image, np.random.Generator], PIL.Image.Image]


def _crop(share: float) -> Change:
    """Return a change that keeps a random rectangle of ``share`` of the area."""

    def change(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
        scale = share**0.5
        width, height = (max(1, round(side * scale)) for side in image.size)
        left = int(random.integers(0, image.width - width + 1))
        top = int(random.integers(0, image.height - height + 1))
        return image.crop((left, top, left + width, top + height))

    return change


def _turn(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    angle = float(random.choice([-1, 1])) * 8
    return image.rotate(angle, PIL.Image.Resampling.BICUBIC, expand=True, fillcolor=(128, 128, 128))


def _recompress(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    small = image.resize((max(1, image.width // 2), max(1, image.height // 2)))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=20)
    with PIL.Image.open(buffer) as again:
        return again.convert("RGB")


def _frame(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    wood = PIL.ImageOps.expand(image, round(max(image.size) * 0.08), (122, 92, 48))
    return PIL.ImageOps.expand(wood, round(max(image.size) * 0.06), (214, 210, 202))


def _askew(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    """Photographed from one side: the left edge is a fifth shorter."""
    width, height = image.size
    short = 0.1 * height
    corners = np.asarray([(0, short), (0.92 * width, 0), (0.92 * width, height),
                          (0, height - short)])  # fmt: skip
    source = np.asarray([(0, 0), (width, 0), (width, height), (0, height)], float)
    return image.transform(
        image.size, PIL.Image.Transform.PERSPECTIVE, find_homography(corners, source).tolist(),
        PIL.Image.Resampling.BICUBIC, fillcolor=(200, 196, 188),
    )  # fmt: skip


CHANGES: Mapping[str, Change] = {
    "itself": lambda image, random: image,
    "70 % of its area": _crop(0.7),
    "50 % of its area": _crop(0.5),
    "30 % of its area": _crop(0.3),
    "turned by 8 degrees": _turn,
    "mirrored": lambda image, random: PIL.ImageOps.mirror(image),
    "grey": lambda image, random: PIL.ImageOps.grayscale(image).convert("RGB"),
    "blurred": lambda image, random: image.filter(
        PIL.ImageFilter.GaussianBlur(max(image.size) / 100)
    ),
    "half as light": lambda image, random: image.point(lambda value: value * 0.5),
    "half as large, JPEG 20": _recompress,
    "framed": _frame,
    "from one side": _askew,
}
"""{name: change}; "itself" leaves the image as it is."""
