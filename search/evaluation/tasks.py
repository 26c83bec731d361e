"""Does each aspect see what it is for? All aspects against all tasks, and laws that must hold."""

import csv
import math
from collections.abc import Callable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from artextract.errors import ImageError
from artextract.store import Store
from search.evaluation.metrics import figure, of_labels
from search.evaluation.result import Row, Section
from search.evaluation.space import load_space
from search.images import read_original

if TYPE_CHECKING:
    from artextract.encoding.encoder import Eyes, Sight

__all__ = ["OWN", "evaluate_atelier", "evaluate_laws", "evaluate_looks", "read_looks"]

Matrix = npt.NDArray[np.float32]

K = 10

_ATELIER = {"dev": (0, 240), "test": (240, 600)}

OWN = {
    "composition": "composition", "light from": "lighting", "key of light": "lighting",
    "palette": "palette", "head": "face", "scene": "scene", "hand": "style", "pose": "pose",
}  # fmt: skip
"""{task: the aspect that is for it}."""


def evaluate_atelier(eyes: "Eyes", folder: Path, *, part: str) -> Section:
    """Return P@10 of each aspect for each factor of the atelier's pictures.

    They are painted into ``folder`` / ``part`` where they are not there yet. ``part`` is "dev", the
    gallery of the demo, or "test", 360 pictures beyond it that no setting was chosen by.
    """
    from artextract.images.opening import open_image, read_image_file
    from benchmarks import atelier

    works = atelier.make_works(_ATELIER[part][1])[_ATELIER[part][0] :]
    folder = folder / part
    atelier.save_gallery(folder, works)
    sights = [eyes.see(open_image(read_image_file(folder / w.file), w.file)) for w in works]
    factors: Mapping[str, Callable[[Any], str]] = {
        "composition": lambda work: work.composition,
        "light from": lambda work: work.light_from,
        "key of light": lambda work: work.light_key,
        "palette": lambda work: work.palette,
        "head": lambda work: work.head if work.scene == "portrait" else "",
        "scene": lambda work: work.scene,
        "hand": lambda work: work.hand,
    }
    labels = {task: [of(work) for work in works] for task, of in factors.items()}
    vectors = {name: _matrix(sights, name, size) for name, size in eyes.vectors.items()}
    note = f"the atelier, part {part}: {len(works)} pictures painted by code; P@{K}"
    return Section("Aspects on the atelier", note, _table(vectors, labels))


def read_looks() -> list[dict[str, str]]:
    """Return the rows of ``nga.csv``: what a person saw in paintings of the NGA."""
    text = (resources.files("search.evaluation") / "nga.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def evaluate_looks(store: Store, part: str) -> list[Section]:
    """Return how well aspects tell what a person saw, on works of ``nga.csv`` in the collection.

    Empty where the collection holds none of them. ``part`` is "dev" or "test".
    """
    looks = {row["id"]: row for row in read_looks() if row["part"] == part}
    space = load_space(store, list(store.manifest.vectors), ("faces",))
    rows = [at for at, each in enumerate(space.payloads) if each["id"] in looks]
    if not rows:
        return []
    seen = [looks[str(space.payloads[at]["id"])] for at in rows]
    directions = {"left profile", "left", "front", "right", "right profile"}
    labels = {
        "head": [row["head"].split()[0] if row["head"] in directions else "" for row in seen],
        "scene": [row["scene"] if row["scene"] != "unclear" else "" for row in seen],
        "pose": [row["pose"] if row["pose"] not in ("none", "unclear") else "" for row in seen],
    }
    vectors = {name: each[rows] for name, each in space.vectors.items()}
    note = f"{len(rows)} paintings of the NGA, part {part}, labelled by eye; P@{K}"
    sections = [Section("Aspects on paintings", note, _table(vectors, labels))]
    if "face" in vectors:
        sections.append(_heads([space.payloads[at] for at in rows], seen, part))
    return sections


def _table(vectors: Mapping[str, Matrix], labels: Mapping[str, Sequence[str]]) -> list[Row]:
    """Return a row for each aspect, a column for each task.

    A task is asked of the works that have its label, and a vector of the aspect that is for it.
    """
    chosen = {}
    for task, column in labels.items():
        own = vectors.get(OWN[task])
        there = np.asarray([bool(label) for label in column])
        chosen[task] = np.flatnonzero(there if own is None else there & np.any(own, axis=1))
    found: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
    for name, matrix in vectors.items():
        found[name] = {}
        for task, at in chosen.items():
            if len(at) < 2:
                continue
            asked = [labels[task][int(each)] for each in at]
            precision = of_labels(matrix[at], asked, k=K)[f"P@{K}"]
            found[name][task] = precision[~np.isnan(precision)]
    rows = [
        Row(name, {task: figure(each) for task, each in by_task.items()})
        for name, by_task in found.items()
    ]
    # Work by work, which is surer than two intervals side by side.
    gains = {
        task: figure(found[OWN[task]][task] - plain)
        for task, plain in found.get("visual", {}).items()
        if OWN[task] in found
    }
    return [*rows, Row("its own aspect, less visual", gains)] if gains else rows


def _heads(
    payloads: Sequence[Mapping[str, Any]], seen: Sequence[Mapping[str, str]], part: str
) -> Section:
    """Return how often heads are found, and told where they turn."""
    found, false, three, five = [], [], [], []
    for payload, row in zip(payloads, seen, strict=True):
        faces, head = payload["faces"], row["head"]
        if head == "none":
            false.append(faces["count"] > 0)
        elif head and head != "small":
            found.append(faces["count"] > 0)
            if faces["count"] and head not in ("several", "back", "unclear"):
                told = faces["orientation"]
                five.append(told == head)
                three.append(told.split()[0] == head.split()[0])
    rows = [
        Row("a head is found where there is one of 1/8 of the height", {"share": figure(found)}),
        Row("a head is found where there is none", {"share": figure(false)}),
        Row("its direction is right, of three", {"share": figure(three)}),
        Row("its direction is right, of five", {"share": figure(five)}),
    ]
    return Section("Heads", f"paintings of the NGA, part {part}, labelled by eye", rows)


def evaluate_laws(store: Store, eyes: "Eyes", *, sample: int, seed: int) -> Section:
    """Return how often laws hold that no picture may break, on works of the collection.

    A mirrored picture has the opposite yaw, the mirrored bodies and the light on the other side;
    half the light leaves composition as it is; other colours leave composition and pose.
    """
    space = load_space(store, ["visual"], ("image", "image_url", "image_folder", "image_sha256"))
    held: dict[str, list[float]] = {}
    chosen = np.random.default_rng(seed).permutation(len(space.payloads))[:sample]
    read = 0
    for at in chosen:
        try:
            image = read_original(space.payloads[at])
        except ImageError:
            continue
        read += 1
        plain = eyes.see(image)
        for law, holds in _laws(eyes, image, plain).items():
            held.setdefault(law, []).append(holds)
    note = f"{read} works of the collection, seed {seed}; share of those that have what it asks"
    return Section("Laws", note, [Row(law, {"holds": figure(each)}) for law, each in held.items()])


def _laws(eyes: "Eyes", image: PIL.Image.Image, plain: "Sight") -> dict[str, bool]:
    mirrored = eyes.see(PIL.ImageOps.mirror(image))
    dimmed = eyes.see(image.point(lambda value: value * 0.5))
    luma, blue, red = image.convert("YCbCr").split()
    recoloured = eyes.see(PIL.Image.merge("YCbCr", (luma, red, blue)).convert("RGB"))
    found: dict[str, bool] = {}
    faces = [sight.payload.get("faces", {"count": 0}) for sight in (plain, mirrored)]
    if all(each["count"] for each in faces):
        main, others = faces[0]["heads"][0], faces[1]["heads"]
        same = _same_head(main, others)
        found["mirrored: the main head stays the main head"] = same is others[0]
        if same is not None and abs(main["yaw"]) >= _TURNED:
            found["mirrored: the main head turns the other way"] = main["yaw"] * same["yaw"] < 0
    bodies = [sight.payload.get("bodies", {"count": 0}) for sight in (plain, mirrored)]
    if bodies[0]["count"] and bodies[1]["count"]:
        found["mirrored: the main body is mirrored"] = _is_mirrored(
            bodies[0]["bodies"][0], bodies[1]["bodies"][0]
        )
    lights = [sight.payload["light"]["direction"] for sight in (plain, mirrored)]
    if lights[0] in _OTHER_SIDE:
        found["mirrored: the light lies on the other side"] = lights[1] == _OTHER_SIDE[lights[0]]
    found["dimmed: composition stays (cosine at least .95)"] = _stays(plain, dimmed, "composition")
    found["blue for red: composition stays (at least .9)"] = _stays(
        plain, recoloured, "composition", 0.9
    )
    if "pose" in plain.vectors and "pose" in recoloured.vectors:
        found["blue for red: pose stays (at least .9)"] = _stays(plain, recoloured, "pose", 0.9)
    return found


_TURNED = 10.0  # degrees; of a head that faces the viewer the sign says nothing
_OTHER_SIDE = {"left": "right", "right": "left"}
_SWAPPED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
_NEAR = 0.05  # of the picture's width and height


def _same_head(head: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return which of the heads of the mirrored picture lies where ``head`` does, if one does."""
    left, top, width, height = head["box"]
    x, y = 1 - left - width / 2, top + height / 2
    for other in others:
        left, top, width, height = other["box"]
        if left <= x <= left + width and top <= y <= top + height:
            return other
    return None


def _is_mirrored(body: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether the points that both have lie mirrored, by their median."""
    away = [
        math.hypot(1 - first[0] - other[at][0], first[1] - other[at][1])
        for first, at in zip(body, _SWAPPED, strict=True)
        if first and other[at]
    ]
    return bool(away) and float(np.median(away)) <= _NEAR


def _stays(one: "Sight", other: "Sight", aspect: str, least: float = 0.95) -> bool:
    return float(np.dot(one.vectors[aspect], other.vectors[aspect])) >= least


def _matrix(sights: Sequence["Sight"], name: str, size: int) -> Matrix:
    zero = [0.0] * size
    return np.asarray([sight.vectors.get(name, zero) for sight in sights], np.float32)
