"""Faces and people in real paintings, in synthetic ones, and in blank images."""

from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from artextract.aspects.features import Detectors, ImageFeatures
from artextract.detectors.faces import FaceDetector
from artextract.detectors.people import PersonDetector
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
def detectors() -> Detectors:
    return Detectors()


@pytest.fixture(scope="module")
def portraits() -> list[tuple[float, PIL.Image.Image]]:
    works = [work for work in atelier.make_works(60) if work.yaw_degrees is not None]
    return [(float(work.yaw_degrees or 0), atelier.paint(work)) for work in works]


@pytest.mark.parametrize("colour", ["black", "white", "#7a6a50"])
@pytest.mark.parametrize("size", [(64, 64), (1, 1), (900, 20)])
def test_nothing_is_detected_in_a_blank_image(
    detectors: Detectors, colour: str, size: tuple[int, int]
) -> None:
    image = ImageFeatures(PIL.Image.new("RGB", size, colour), detectors)
    assert image.faces == []
    assert image.people == []


def test_synthetic_faces_turn_as_they_were_painted(
    detectors: Detectors, portraits: list[tuple[float, PIL.Image.Image]]
) -> None:
    found = [(yaw, ImageFeatures(image, detectors).faces) for yaw, image in portraits]
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


def test_a_mirrored_face_turns_the_other_way(
    detectors: Detectors, portraits: list[tuple[float, PIL.Image.Image]]
) -> None:
    pairs = [
        (
            ImageFeatures(image, detectors).faces,
            ImageFeatures(PIL.ImageOps.mirror(image), detectors).faces,
        )
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
    faces, people = FaceDetector(), PersonDetector()
    full_faces, full_people = FaceDetector(), PersonDetector()
    for detector, name, part in (
        (full_faces, "faces", "_detector"), (full_faces, "face-mesh", "_mesh"),
        (full_people, "bodies", "_network"),
    ):  # fmt: skip
        setattr(detector, part, Network(shared / "models" / ORIGINALS[name], "cpu", 1))
    away = []
    for image in images:
        mine, theirs = people.detect(image), full_people.detect(image)
        if mine and theirs:
            both = (mine[0].confidence > 0) & (theirs[0].confidence > 0)
            away.append(float(np.median(np.abs(mine[0].points - theirs[0].points)[both])))
        one, other = faces.detect(image, []), full_faces.detect(image, [])
        assert len(one) == len(other)
        for first, second in zip(one, other, strict=True):
            assert first.yaw == pytest.approx(second.yaw, abs=2)
    assert len(away) >= 8
    assert np.median(away) < 0.01  # of the picture's width and height


def test_faces_in_real_paintings(shared: Path, detectors: Detectors) -> None:
    left = [ImageFeatures(image, detectors).faces for image in paintings(shared, {"left"}, 20)]
    right = [ImageFeatures(image, detectors).faces for image in paintings(shared, {"right"}, 20)]
    for heads, sign in ((left, -1), (right, 1)):
        found = [each[0] for each in heads if each]
        assert len(found) >= 18
        assert sum(each.yaw * sign > 0 for each in found) >= 0.85 * len(found)
    empty = [ImageFeatures(image, detectors).faces for image in paintings(shared, {"none"}, 30)]
    assert sum(bool(heads) for heads in empty) <= 1
