"""Random changes of an image, as between two photographs of one painting.

From these views the whitening of a network's features learns what does not matter
(:mod:`export.whitening`). They are drawn anew for each image, unlike the fixed changes by which
``artextract eval self`` judges.
"""

import io

import numpy as np
import PIL.Image
import PIL.ImageEnhance
import PIL.ImageFilter
import PIL.ImageOps

_BICUBIC = PIL.Image.Resampling.BICUBIC


def change_at_random(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    """Return an RGB image changed in several of these ways, of another size.

    Cropped, mirrored, turned, seen from one side, framed, in other light and colours, grey,
    blurred, or reduced and compressed.
    """
    for chance, change in _CHANGES:
        if random.random() < chance:
            image = change(image, random)
    return image


def _crop(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    """Keep 20 to 100 % of the area, in nearly the same shape."""
    side, stretch = random.uniform(0.2, 1) ** 0.5, np.exp(random.uniform(-0.2, 0.2))
    width = int(np.clip(round(image.width * side * stretch), 1, image.width))
    height = int(np.clip(round(image.height * side / stretch), 1, image.height))
    left = int(random.integers(0, image.width - width + 1))
    top = int(random.integers(0, image.height - height + 1))
    return image.crop((left, top, left + width, top + height))


def _mirror(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    return PIL.ImageOps.mirror(image)


def _turn(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    angle = random.uniform(-12, 12)
    return image.rotate(angle, _BICUBIC, expand=True, fillcolor=_draw_colour(random))


def _distort(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    """Move each corner by up to 12 % of a side; what lies beyond the image is a wall."""
    width, height = image.size
    corners = np.array([(0, 0), (0, height), (width, height), (width, 0)])
    moved = corners + random.uniform(-0.12, 0.12, (4, 2)) * image.size
    return image.transform(
        image.size, PIL.Image.Transform.QUAD, moved.ravel().tolist(), _BICUBIC,
        fillcolor=_draw_colour(random),
    )  # fmt: skip


def _frame(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    """Add one or two borders, a frame and a wall."""
    for _ in range(random.integers(1, 3)):
        border = max(1, round(max(image.size) * random.uniform(0.02, 0.12)))
        image = PIL.ImageOps.expand(image, border, _draw_colour(random))
    return image


def _relight(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    for enhance, low, high in (
        (PIL.ImageEnhance.Brightness, -0.7, 0.4),
        (PIL.ImageEnhance.Contrast, -0.4, 0.3),
        (PIL.ImageEnhance.Color, -0.7, 0.4),
    ):
        image = enhance(image).enhance(float(np.exp(random.uniform(low, high))))
    tint = np.exp(random.uniform(-0.15, 0.15, 3))
    tinted = np.asarray(image, np.float32) * tint.astype(np.float32)
    return PIL.Image.fromarray(tinted.clip(0, 255).astype(np.uint8))


def _make_grey(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    return PIL.ImageOps.grayscale(image).convert("RGB")


def _blur(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    radius = max(image.size) * random.uniform(0.002, 0.013)
    return image.filter(PIL.ImageFilter.GaussianBlur(radius))


def _compress(image: PIL.Image.Image, random: np.random.Generator) -> PIL.Image.Image:
    """Reduce the image to 35 to 100 % of its sides, and save it as a JPEG."""
    factor = random.uniform(0.35, 1)
    small = image.resize(
        (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    )
    file = io.BytesIO()
    small.save(file, "JPEG", quality=int(random.integers(15, 80)))
    with PIL.Image.open(file) as again:
        return again.convert("RGB")


_CHANGES = (
    (0.65, _crop),
    (0.2, _mirror),
    (0.2, _turn),
    (0.3, _distort),
    (0.3, _frame),
    (0.6, _relight),
    (0.12, _make_grey),
    (0.3, _blur),
    (0.3, _compress),
)
"""(probability, change), in the order in which they are applied."""


def _draw_colour(random: np.random.Generator) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in random.integers(20, 240, 3))
    return red, green, blue
