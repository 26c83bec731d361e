"""How well each aspect serves its task: on labelled artworks, and by laws that must hold."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageOps

from artextract.errors import ImageError, InputError
from artextract.store import Store
from search.evaluation.metrics import figure, of_labels
from search.evaluation.pairs import read_csv
from search.evaluation.result import Row, Section
from search.evaluation.space import load_space
from search.images import read_original

if TYPE_CHECKING:
    from artextract.encoding.encoder import EncodedImage, ImageEncoder

Matrix = npt.NDArray[np.float32]

K = 10

TASKS = {
    "composition": "composition", "light_from": "lighting", "light_key": "lighting",
    "palette": "palette", "head": "face", "turn": "face", "scene": "scene", "pose": "pose",
    "hand": "style",
}  # fmt: skip
"""{task: the aspect that serves it}. Each is a column of the labels, but for ``turn``, which is
``head`` reduced to left, front and right."""

DIRECTIONS = {"left profile", "left", "front", "right", "right profile"}

_UNLABELLED = {"", "none", "unclear"}


def read_labels(path: Path, part: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file of labels.

    Args:
        path: A file with the columns ``id`` and some of ``TASKS``. An empty label, "none" and
            "unclear" leave an artwork out of a task. ``head`` is one of ``DIRECTIONS``, "none"
            where there is no head, or "small".
        part: If the file has a column ``part``, only the rows of this part are returned.

    Raises:
        InputError: the file can't be read, or lacks a column.
    """
    rows = read_csv(path, ("id",))
    if rows and not rows[0].keys() & TASKS.keys():
        raise InputError(
            f"{path} has no column of labels; it needs one of {', '.join(TASKS)}, and has "
            f"{', '.join(rows[0])}"
        )
    return [row for row in rows if row.get("part", part) == part]


def evaluate_aspects(store: Store, labels: Sequence[Mapping[str, str]], name: str) -> list[Section]:
    """Return P@10 of each aspect for each task, and how many heads are found and their direction.

    Args:
        store: The collection.
        labels: What :func:`read_labels` returned.
        name: What the labels are, for the section's note.

    Raises:
        InputError: the collection has none of the labelled artworks.
    """
    by_id = {row["id"]: row for row in labels}
    space = load_space(store, list(store.manifest.vectors), ("faces",))
    at = [at for at, each in enumerate(space.payloads) if each["id"] in by_id]
    if not at:
        raise InputError(
            f"{store.location} has none of the {len(by_id)} artworks of {name}; their ids must be "
            "those of the collection"
        )
    rows = [by_id[str(space.payloads[each]["id"])] for each in at]
    tasks = {task: [_label(row, task) for row in rows] for task in TASKS}
    vectors = {aspect: each[at] for aspect, each in space.vectors.items()}
    note = f"{len(rows)} artworks of {name}; P@{K}"
    tasks = {task: column for task, column in tasks.items() if any(column)}
    sections = [Section("Aspects on labelled artworks", note, _table(vectors, tasks))]
    if "face" in vectors and "head" in rows[0]:
        sections.append(_heads([space.payloads[each] for each in at], rows, name))
    return sections


def _label(row: Mapping[str, str], task: str) -> str:
    """Return an artwork's label for a task; empty where it has none."""
    if task in ("head", "turn"):
        head = _head(row)
        return (head.split()[0] if task == "turn" else head) if head in DIRECTIONS else ""
    label = row.get(task, "")
    return "" if label in _UNLABELLED else label


def _head(row: Mapping[str, str]) -> str:
    return row.get("head", "").replace("_", " ")


def _table(vectors: Mapping[str, Matrix], labels: Mapping[str, Sequence[str]]) -> list[Row]:
    """Return a row for each aspect, a column for each task.

    A task is measured on the artworks that have a label for it and a vector of its own aspect.
    """
    chosen = {}
    for task, column in labels.items():
        own = vectors.get(TASKS[task])
        there = np.asarray([bool(label) for label in column])
        chosen[task] = np.flatnonzero(there if own is None else there & np.any(own, axis=1))
    found: dict[str, dict[str, npt.NDArray[np.float64]]] = {}
    for name, matrix in vectors.items():
        found[name] = {}
        for task, at in chosen.items():
            if len(at) < 2:
                continue
            chosen_labels = [labels[task][int(each)] for each in at]
            precision = of_labels(matrix[at], chosen_labels, k=K)[f"P@{K}"]
            found[name][task] = precision[~np.isnan(precision)]
    rows = [
        Row(name, {task: figure(each) for task, each in by_task.items()})
        for name, by_task in found.items()
    ]
    # Paired by artwork, which is more precise than two intervals side by side.
    gains = {
        task: figure(found[TASKS[task]][task] - plain)
        for task, plain in found.get("visual", {}).items()
        if TASKS[task] in found
    }
    return [*rows, Row("its own aspect, less visual", gains)] if gains else rows


def _heads(
    payloads: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, str]], name: str
) -> Section:
    """Return how often heads are found, and how often their direction is right."""
    found, false, three, five = [], [], [], []
    for payload, row in zip(payloads, rows, strict=True):
        faces, head = payload["faces"], _head(row)
        if head == "none":
            false.append(faces["count"] > 0)
        elif head and head != "small":
            found.append(faces["count"] > 0)
            if faces["count"] and head in DIRECTIONS:
                direction = faces["orientation"]
                five.append(direction == head)
                three.append(direction.split()[0] == head.split()[0])
    return Section(
        "Heads",
        name,
        [
            Row(
                "a head is found where there is one of 1/8 of the height", {"share": figure(found)}
            ),
            Row("a head is found where there is none", {"share": figure(false)}),
            Row("its direction is right, of three", {"share": figure(three)}),
            Row("its direction is right, of five", {"share": figure(five)}),
        ],
    )


def evaluate_laws(store: Store, encoder: "ImageEncoder", *, sample: int, seed: int) -> Section:
    """Return how often laws hold that no image may break, on artworks of the collection.

    A mirrored image has the opposite yaw, the mirrored bodies and the light on the other side.
    Half the brightness leaves composition as it is; other colours leave composition and pose.
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
        plain = encoder.encode(image)
        for law, holds in _laws(encoder, image, plain).items():
            held.setdefault(law, []).append(holds)
    note = f"{read} artworks of the collection, seed {seed}; share of those that a law applies to"
    return Section("Laws", note, [Row(law, {"holds": figure(each)}) for law, each in held.items()])


def _laws(
    encoder: "ImageEncoder", image: PIL.Image.Image, plain: "EncodedImage"
) -> dict[str, bool]:
    mirrored = encoder.encode(PIL.ImageOps.mirror(image))
    dimmed = encoder.encode(image.point(lambda value: value * 0.5))
    luma, blue, red = image.convert("YCbCr").split()
    recoloured = encoder.encode(PIL.Image.merge("YCbCr", (luma, red, blue)).convert("RGB"))
    found: dict[str, bool] = {}
    faces = [each.payload.get("faces", {"count": 0}) for each in (plain, mirrored)]
    if all(each["count"] for each in faces):
        main, others = faces[0]["heads"][0], faces[1]["heads"]
        same = _same_head(main, others)
        found["mirrored: the main head stays the main head"] = same is others[0]
        if same is not None and abs(main["yaw"]) >= _TURNED:
            found["mirrored: the main head turns the other way"] = main["yaw"] * same["yaw"] < 0
    bodies = [each.payload.get("bodies", {"count": 0}) for each in (plain, mirrored)]
    if bodies[0]["count"] and bodies[1]["count"]:
        found["mirrored: the main body is mirrored"] = _is_mirrored(
            bodies[0]["bodies"][0], bodies[1]["bodies"][0]
        )
    lights = [each.payload["light"]["direction"] for each in (plain, mirrored)]
    if lights[0] in _OTHER_SIDE:
        found["mirrored: the light lies on the other side"] = lights[1] == _OTHER_SIDE[lights[0]]
    found["dimmed: composition stays (cosine at least .95)"] = _stays(plain, dimmed, "composition")
    found["blue for red: composition stays (at least .9)"] = _stays(
        plain, recoloured, "composition", 0.9
    )
    if "pose" in plain.vectors and "pose" in recoloured.vectors:
        found["blue for red: pose stays (at least .9)"] = _stays(plain, recoloured, "pose", 0.9)
    return found


_TURNED = 10.0  # degrees; the sign of a frontal head's yaw is noise
_OTHER_SIDE = {"left": "right", "right": "left"}
_SWAPPED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
_NEAR = 0.05  # of the image's width and height


def _same_head(head: dict[str, Any], others: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the head of the mirrored image that lies where ``head`` does, if there is one."""
    left, top, width, height = head["box"]
    x, y = 1 - left - width / 2, top + height / 2
    for other in others:
        left, top, width, height = other["box"]
        if left <= x <= left + width and top <= y <= top + height:
            return other
    return None


def _is_mirrored(body: Sequence[Any], other: Sequence[Any]) -> bool:
    """Return whether the points that both bodies have are mirrored, by their median distance."""
    away = [
        math.hypot(1 - first[0] - other[at][0], first[1] - other[at][1])
        for first, at in zip(body, _SWAPPED, strict=True)
        if first and other[at]
    ]
    return bool(away) and float(np.median(away)) <= _NEAR


def _stays(one: "EncodedImage", other: "EncodedImage", aspect: str, least: float = 0.95) -> bool:
    return float(np.dot(one.vectors[aspect], other.vectors[aspect])) >= least
