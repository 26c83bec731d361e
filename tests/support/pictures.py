"""Small pictures and galleries for tests that need no others' data."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image


def make_picture(seed: int, size: tuple[int, int] = (96, 72)) -> PIL.Image.Image:
    """Return a picture with some structure (a ramp, discs, a grain) that differs by ``seed``."""
    random = np.random.default_rng(seed)
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    picture = np.empty((height, width, 3))
    for channel in range(3):
        low, high = random.uniform(20, 120), random.uniform(130, 240)
        turn = random.uniform(0, 2 * np.pi)
        ramp = x / width * np.cos(turn) + y / height * np.sin(turn)
        picture[..., channel] = low + (high - low) * (ramp - ramp.min()) / np.ptp(ramp)
    for _ in range(random.integers(2, 6)):
        center_x, center_y = random.uniform(0, width), random.uniform(0, height)
        radius = random.uniform(5, 25)
        inside = (x - center_x) ** 2 + (y - center_y) ** 2 < radius**2
        picture[inside] = random.uniform(0, 255, 3)
    picture += random.normal(0, 4, picture.shape)
    return PIL.Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def make_folder(folder: Path, count: int, first_seed: int = 0) -> list[Path]:
    """Write ``count`` JPEGs, 000.jpg and on, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number in range(count):
        path = folder / f"{number:03}.jpg"
        make_picture(first_seed + number).save(path, quality=90)
        paths.append(path)
    return paths


def make_catalog(folder: Path, rows: list[dict[str, Any]]) -> Path:
    """Write a picture for each row (``file``) and ``catalog.csv``; return the catalog's path."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    for seed, row in enumerate(rows):
        path = folder / row["file"]
        path.parent.mkdir(parents=True, exist_ok=True)
        make_picture(seed).save(path, quality=90)
    catalog = folder / "catalog.csv"
    with catalog.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return catalog
