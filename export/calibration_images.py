"""Images on which an exported or quantised network is compared with the original."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

from artextract.catalog.artwork import FACET_FIELDS, Artwork
from artextract.catalog.reading import read_catalog
from artextract.images.opening import IMAGE_SUFFIXES, open_image, read_image_file

_HEIGHT, _WIDTH = 300, 400


def find_images(folder: Path) -> list[Path]:
    """Return the image files in ``folder`` and below, by their suffix, sorted."""
    found = folder.rglob("*")
    return sorted(
        path for path in found if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
    )


def open_images(files: Sequence[Path]) -> list[PIL.Image.Image]:
    """Return the images in ``files`` as RGB, in their order.

    Raises:
        ImageError: one of them can't be opened safely.
    """
    return [open_image(read_image_file(file), str(file)) for file in files]


def read_labels(catalog: Path, folder: Path) -> dict[Path, dict[str, str]]:
    """Return the known style, genre and artist of a catalog's images in ``folder``.

    Raises:
        CatalogError: the catalog can't be read.
    """
    found: dict[Path, dict[str, str]] = {}
    for _, row in read_catalog(catalog):
        if isinstance(row, Artwork):
            known = {name: getattr(row, name) for name in FACET_FIELDS}
            found[folder / row.image] = {name: value for name, value in known.items() if value}
    return found


def generate_images(count: int) -> list[PIL.Image.Image]:
    """Return ``count`` generated RGB images of 400 x 300 pixels, the same ones in every run.

    Unlike noise they have shading, large shapes with edges, fine parallel strokes, and grain.
    """
    return [_generate(np.random.default_rng(seed)) for seed in range(count)]


def _generate(rng: np.random.Generator) -> PIL.Image.Image:
    y, x = np.mgrid[0:_HEIGHT, 0:_WIDTH] / _HEIGHT  # each (height, width), y in 0..1
    towards = rng.uniform(-1, 1, 2)
    light = 0.6 + 0.4 * (towards[0] * y + towards[1] * x)  # (height, width)
    canvas: npt.NDArray[np.float64] = light[..., None] * rng.uniform(40, 220, 3)
    for _ in range(rng.integers(3, 8)):
        centre, radii = rng.uniform(0.1, 1.2, 2), rng.uniform(0.05, 0.35, 2)
        inside = ((y - centre[0]) / radii[0]) ** 2 + ((x - centre[1]) / radii[1]) ** 2 < 1
        shade = 0.5 + 0.5 * (x - centre[1] + radii[1]) / (2 * radii[1])
        canvas[inside] = shade[inside][:, None] * rng.uniform(0, 255, 3)
    angle, pitch = rng.uniform(0, np.pi), rng.uniform(80, 250)
    strokes = np.sin(pitch * (x * np.cos(angle) + y * np.sin(angle)))
    canvas += 12 * strokes[..., None] + rng.normal(0, 4, canvas.shape)
    return PIL.Image.fromarray(np.clip(canvas, 0, 255).astype(np.uint8))
