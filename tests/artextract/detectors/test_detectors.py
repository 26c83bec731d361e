"""Heads and bodies in real paintings, in pictures painted by code, and in nothing at all."""

from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from artextract.aspects.view import Finders, View
from artextract.detectors.faces import HeadFinder
from artextract.detectors.people import BodyFinder
from artextract.models.registry import DETECTORS, find_detector, noted_sha256
from artextract.models.session import Network
from benchmarks import atelier

LABELS = Path(__file__).parents[3] / "benchmarks" / "labels" / "nga.csv"
ORIGINALS = {
    "faces": "face_detection_full_range.onnx",
    "face-mesh": "face_landmark.onnx",
    "bodies": "movenet-multipose.onnx",
}


@pytest.fixture(scope="module")
def finders() -> Finders:
    return Finders()


@pytest.fixture(scope="module")
def portraits() -> list[tuple[float, PIL.Image.Image]]:
    works = [work for work in atelier.make_works(60) if work.yaw_degrees is not None]
    return [(float(work.yaw_degrees or 0), atelier.paint(work)) for work in works]


@pytest.mark.parametrize("colour", ["black", "white", "#7a6a50"])
@pytest.mark.parametrize("size", [(64, 64), (1, 1), (900, 20)])
def test_nothing_is_found_in_nothing(finders: Finders, colour: str, size: tuple[int, int]) -> None:
    view = View(PIL.Image.new("RGB", size, colour), finders)
    assert view.heads == []
    assert view.bodies == []


def test_painted_heads_turn_as_they_were_painted(
    finders: Finders, portraits: list[tuple[float, PIL.Image.Image]]
) -> None:
    found = [(yaw, View(image, finders).heads) for yaw, image in portraits]
    told = [(yaw, heads[0]) for yaw, heads in found if heads]
    assert len(told) >= 0.75 * len(found)
    turned = [(yaw, head) for yaw, head in told if abs(yaw) > 20]
    assert len(turned) >= 4
    assert all(yaw * head.yaw > 0 for yaw, head in turned)
    assert all(abs(head.yaw) < 15 for yaw, head in told if abs(yaw) < 10)
    for _, head in told:
        assert 0 < head.centre[0] < 1
        assert 0.05 < head.size[1] < 1
        assert head.points.shape == (6, 2)


def test_a_mirrored_head_turns_the_other_way(
    finders: Finders, portraits: list[tuple[float, PIL.Image.Image]]
) -> None:
    pairs = [
        (View(image, finders).heads, View(PIL.ImageOps.mirror(image), finders).heads)
        for yaw, image in portraits
        if abs(yaw) > 20
    ]
    both = [(one[0], other[0]) for one, other in pairs if one and other]
    assert both
    assert all(one.yaw * other.yaw < 0 for one, other in both)


def test_packaged_networks_are_those_that_notice_names() -> None:
    import hashlib

    for name in DETECTORS:
        digest = hashlib.sha256(find_detector(name).read_bytes()).hexdigest()
        assert digest == noted_sha256(name)


def paintings(shared: Path, head: set[str], count: int) -> list[PIL.Image.Image]:
    """Paintings of the NGA whose main head was seen to be so."""
    import csv

    with (shared / "data/nga/published_images.csv").open(encoding="utf-8") as file:
        uuids = {f"nga:{row['depictstmsobjectid']}": row["uuid"] for row in csv.DictReader(file)}
    with LABELS.open(encoding="utf-8") as file:
        labels = list(csv.DictReader(file))
    chosen = [row["id"] for row in labels if row["head"] in head and row["id"] in uuids]
    folder = shared / "data/nga/images"
    return [PIL.Image.open(folder / f"{uuids[name]}.jpg").convert("RGB") for name in chosen[:count]]


def test_small_files_find_what_the_originals_find(shared: Path) -> None:
    images = paintings(shared, {"left", "right", "front"}, 12)
    heads, bodies = HeadFinder(), BodyFinder()
    full_heads, full_bodies = HeadFinder(), BodyFinder()
    for finder, name, part in (
        (full_heads, "faces", "_detector"), (full_heads, "face-mesh", "_mesh"),
        (full_bodies, "bodies", "_network"),
    ):  # fmt: skip
        setattr(finder, part, Network(shared / "models" / ORIGINALS[name], "cpu", 1))
    away = []
    for image in images:
        mine, theirs = bodies.find(image), full_bodies.find(image)
        if mine and theirs:
            both = (mine[0].seen > 0) & (theirs[0].seen > 0)
            away.append(float(np.median(np.abs(mine[0].points - theirs[0].points)[both])))
        one, other = heads.find(image, []), full_heads.find(image, [])
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert first.yaw == pytest.approx(second.yaw, abs=2)
    assert len(away) >= 8
    assert np.median(away) < 0.01  # of the picture's width and height


def test_heads_in_real_paintings(shared: Path, finders: Finders) -> None:
    left = [View(image, finders).heads for image in paintings(shared, {"left"}, 20)]
    right = [View(image, finders).heads for image in paintings(shared, {"right"}, 20)]
    for heads, sign in ((left, -1), (right, 1)):
        found = [each[0] for each in heads if each]
        assert len(found) >= 18
        assert sum(each.yaw * sign > 0 for each in found) >= 0.85 * len(found)
    empty = [View(image, finders).heads for image in paintings(shared, {"none"}, 30)]
    assert sum(bool(heads) for heads in empty) <= 1
