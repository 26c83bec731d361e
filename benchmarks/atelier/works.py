"""Specifications of the works: every factor and every catalogue field, without any painting."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from random import Random

from benchmarks.atelier.design import assign
from benchmarks.atelier.painters import PAINTER_BY_HAND
from benchmarks.atelier.titles import make_date, make_title

WORK_COUNT = 240
"""Number of works in the gallery."""

MOST_WORKS = 960
"""Largest number of works; those beyond the gallery are held out for measurements."""

CREDIT_LINE = "Painted by code for the Art Extract atelier"

GENRES = {
    "sea": "seascape",
    "landscape": "landscape",
    "street": "cityscape",
    "room": "interior",
    "still_life": "still_life",
    "portrait": "portrait",
    "group": "genre_painting",
}
YAWS = {"left_profile": -86.0, "left": -40.0, "front": 0.0, "right": 40.0, "right_profile": 86.0}
"""Middle yaw of each head direction in degrees; negative is towards the viewer's left."""


@dataclass(frozen=True)
class Work:
    """One picture: its catalogue record and the factors that made it.

    Attributes:
        number: Running number from 1.
        id: Identifier such as ``"atelier:001"``.
        file: Path of the JPEG below the gallery folder, in ASCII.
        title: Title, unique in the gallery.
        artist: Painter's name.
        display_date: Date as a cataloguer would write it.
        year_begin: First year the date may mean.
        year_end: Last year the date may mean.
        classification: Always ``"Painting"``.
        medium: Materials.
        style: Style of the painter.
        genre: Genre that follows from the scene.
        nationality: Painter's nationality.
        credit_line: Credit line.
        hand: Way of painting: dots, impasto, glaze, woodcut, cutpaper or wash.
        scene: sea, landscape, street, room, still_life, portrait or group.
        composition: central, diagonal, left_weighted, right_weighted, high_horizon or low_horizon.
        palette: earth, nocturne, rose, verdant, amber or ice.
        light_from: left, right, above or behind.
        light_key: high, mid or low.
        head: Direction of the (main) head as the viewer sees it, or none.
        faces: Number of faces in the picture.
        yaw_degrees: Turn of a portrait's head, negative to the viewer's left; None elsewhere.
        motif: What the scene mainly shows.
        format: landscape, portrait or square.
        width: Width in pixels.
        height: Height in pixels.
        seed: Seed of all chance in the picture.
    """

    number: int
    id: str
    file: str
    title: str
    artist: str
    display_date: str
    year_begin: int
    year_end: int
    classification: str
    medium: str
    style: str
    genre: str
    nationality: str
    credit_line: str
    hand: str
    scene: str
    composition: str
    palette: str
    light_from: str
    light_key: str
    head: str
    faces: int
    yaw_degrees: float | None
    motif: str
    format: str
    width: int
    height: int
    seed: int


def slug(text: str) -> str:
    """Return `text` as lower-case ASCII words joined by hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return re.sub(r"[^a-z0-9]+", "-", plain.lower().replace("'", "")).strip("-")


def _size(random: Random, shape: str) -> tuple[int, int]:
    long = random.randrange(432, 481, 4)
    short = int(long * random.uniform(0.74, 0.84)) // 4 * 4
    if shape == "square":
        return 420, 420
    return (long, short) if shape == "landscape" else (short, long)


def make_works(count: int = WORK_COUNT) -> list[Work]:
    """Specify the first `count` works.

    Args:
        count: How many works, from 0 to `MOST_WORKS`.

    Returns:
        The works in order of number. A shorter list is a prefix of a longer one.

    Raises:
        ValueError: If `count` is outside 0..`MOST_WORKS`.
    """
    if not 0 <= count <= MOST_WORKS:
        raise ValueError(f"count must be from 0 to {MOST_WORKS}, not {count}")
    works: list[Work] = []
    used: set[str] = set()
    for index, levels in enumerate(assign(count)):
        number = index + 1
        random = Random(71_993 * number + 11)
        painter = PAINTER_BY_HAND[levels["hand"]]
        scene, head = levels["scene"], levels["head"]
        title = make_title(random, levels, used)
        display_date, begin, end = make_date(random, painter)
        width, height = _size(random, levels["format"])
        yaw = round(YAWS[head] + random.uniform(-4, 4), 1) if scene == "portrait" else None
        faces = 1 if scene == "portrait" else 0
        if scene == "group":
            faces = 2 if levels["motif"] == "two" else 3
        works.append(
            Work(
                number=number,
                id=f"atelier:{number:03d}",
                file=f"paintings/{number:03d}-{slug(title)}.jpg",
                title=title,
                artist=painter.name,
                display_date=display_date,
                year_begin=begin,
                year_end=end,
                classification="Painting",
                medium=painter.medium,
                style=painter.style,
                genre=GENRES[scene],
                nationality=painter.nationality,
                credit_line=CREDIT_LINE,
                hand=levels["hand"],
                scene=scene,
                composition=levels["composition"],
                palette=levels["palette"],
                light_from=levels["light_from"],
                light_key=levels["light_key"],
                head=head,
                faces=faces,
                yaw_degrees=yaw,
                motif=levels["motif"],
                format=levels["format"],
                width=width,
                height=height,
                seed=10_000 + number,
            )
        )
    return works
