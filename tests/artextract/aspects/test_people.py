"""Face, pose and scene from heads and bodies, and what is said of them."""

import numpy as np
import pytest

from artextract.aspects import face as face_aspect
from artextract.aspects import pose as pose_aspect
from artextract.aspects.face import DIMENSION, faces_facts, orientation_of
from artextract.aspects.grid import Floats
from artextract.aspects.measure import Measured, measure, terms_of
from artextract.aspects.pose import bodies_facts
from artextract.aspects.scene import PEOPLE, people, scene
from artextract.aspects.words import Look, say
from artextract.detectors.faces import Head
from artextract.detectors.people import Body


def head(yaw: float, *, x: float = 0.5, height: float = 0.3) -> Head:
    points = np.zeros((6, 2), np.float32)
    return Head((x, 0.4), (height, height), points, yaw, 0.0, 0.0, 0.9)


def body(*, lying: bool = False, mirrored: bool = False, unseen: tuple[int, ...] = ()) -> Body:
    """A body on its feet, seen from the front, one arm raised."""
    points = np.asarray(
        [[0.5, 0.1], [0.52, 0.09], [0.48, 0.09], [0.54, 0.1], [0.46, 0.1],
         [0.6, 0.25], [0.4, 0.25], [0.7, 0.15], [0.35, 0.4], [0.75, 0.05], [0.33, 0.5],
         [0.56, 0.5], [0.44, 0.5], [0.57, 0.7], [0.43, 0.7], [0.57, 0.9], [0.43, 0.9]], np.float32,
    )  # fmt: skip
    if mirrored:
        order = [0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15]
        points = (points * [-1, 1] + [1, 0])[order].astype(np.float32)
    if lying:
        points = points[:, ::-1].copy()
    seen = np.full(17, 0.8, np.float32)
    seen[list(unseen)] = 0
    return Body(points, seen, 0.9)


def face(heads: list[Head]) -> Floats:
    vector = face_aspect.face(heads)
    assert vector is not None
    return vector


def pose(bodies: list[Body]) -> Floats:
    vector = pose_aspect.pose(bodies, 1.0)
    assert vector is not None
    return vector


@pytest.mark.parametrize(
    ("yaw", "orientation"),
    [(0, "front"), (-15, "front"), (-20, "left"), (45, "right"), (-80, "left profile"),
     (90, "right profile")],
)  # fmt: skip
def test_orientation(yaw: float, orientation: str) -> None:
    assert orientation_of(yaw) == orientation


def test_heads_that_turn_alike_are_alike() -> None:
    vectors = {yaw: face([head(yaw)]) for yaw in (-80, -40, -35, 0, 40)}
    like = {yaw: float(vectors[-40] @ vectors[yaw]) for yaw in (-80, -35, 0, 40)}
    assert like[-35] > like[0] > like[40]
    assert like[-35] > like[-80]
    assert vectors[0].shape == (DIMENSION,)
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)


def test_number_and_place_of_heads_count_too() -> None:
    one, moved = [head(0)], [head(0, x=0.15)]
    two = [head(0, x=0.3), head(0, x=0.7)]
    assert face(one) @ face(moved) < 0.95
    assert face(one) @ face(two) < 0.95


def test_without_heads_and_bodies_there_is_nothing_to_compare() -> None:
    assert face_aspect.face([]) is None
    assert pose_aspect.pose([], 1.0) is None
    assert faces_facts([]) == bodies_facts([]) == {"count": 0}


def test_poses() -> None:
    standing = pose([body()])
    assert standing @ pose([body(mirrored=True)]) > standing @ pose([body(lying=True)])
    half = body(unseen=(13, 14, 15, 16))
    assert standing @ standing > standing @ pose([half])
    assert standing @ pose([body(), half]) < standing @ standing


def test_facts_are_plain_numbers() -> None:
    facts = faces_facts([head(-40.4), head(3)])
    assert facts["count"] == 2
    assert facts["orientation"] == "left"
    assert facts["heads"][0] == {"box": [0.35, 0.25, 0.3, 0.3], "yaw": -40, "pitch": 0, "roll": 0}
    told = bodies_facts([body(unseen=(9,))])
    assert told["bodies"][0][9] is None
    assert told["bodies"][0][0] == [0.5, 0.1]


def test_a_scene_is_its_genre_and_its_people() -> None:
    alone = {"faces": faces_facts([head(0)]), "bodies": bodies_facts([body()])}
    nobody = {"faces": {"count": 0}, "bodies": {"count": 0}}
    portrait, landscape = np.asarray([0.9, 0.05, 0.05]), np.asarray([0.05, 0.9, 0.05])
    vectors = [scene(portrait, alone), scene(portrait, nobody), scene(landscape, nobody)]
    assert vectors[0].shape == (3 + PEOPLE,)
    assert vectors[1] @ vectors[2] < vectors[0] @ vectors[1] < 1
    assert vectors[0] @ vectors[2] < vectors[0] @ vectors[1]
    assert people(nobody).shape == (PEOPLE,)


def test_terms_name_all_that_can_be_filtered_by() -> None:
    facts = {
        "faces": faces_facts([head(-80)]), "bodies": {"count": 0},
        "light": {"direction": "left", "key": "low", "lightness": 30.0, "contrast": 20.0},
        "palette": {"main": ["brown", "black"], "shares": {}},
    }  # fmt: skip
    assert terms_of(facts) == [
        "faces=1", "facing=left profile", "bodies=0", "light=left", "key=low", "colour=brown",
        "colour=black",
    ]  # fmt: skip
    assert terms_of({}) == []


def look(vector: list[float], **payload: object) -> Look:
    return vector, payload


@pytest.mark.parametrize(
    ("aspect", "one", "other", "sentence"),
    [
        ("face", look([1], faces=faces_facts([head(-38)])),
         look([1], faces=faces_facts([head(-42)])),
         "both heads turn left, about 40 degrees; 1 head in each"),
        ("face", look([1], faces=faces_facts([head(0)])),
         look([1], faces=faces_facts([head(80), head(0)])),
         "one head is turned to the viewer, the other right by about 80 degrees; 1 head and 2"),
        ("pose", look([1], bodies=bodies_facts([body()])),
         look([1], bodies=bodies_facts([body(lying=True)])),
         "one body is upright, legs and all, the other lying or bent over; 1 body in each"),
        ("palette", look([1], palette={"main": ["red", "brown"]}),
         look([1], palette={"main": ["blue", "brown"]}),
         "brown is among the main colours of both"),
        ("palette", look([1], palette={"main": ["red"]}), look([1], palette={"main": ["blue"]}),
         "one is mainly red, the other blue"),
        ("lighting", look([1], light={"key": "low", "direction": "left"}),
         look([1], light={"key": "low", "direction": "left"}),
         "both are dark, and their light lies on the left"),
        ("visual", look([1.0, 0.0]), look([0.6, 0.8]), "as whole pictures they are very alike"),
        ("style", look([1.0, 0.0], predicted={"style": {"name": "High_Renaissance"}}),
         look([0.0, 1.0], predicted={"style": {"name": "Cubism"}}),
         "they are handled no more than by chance alike; one is seen as High Renaissance, the "
         "other as Cubism by style"),
        ("scene", look([1], bodies={"count": 0}, predicted={"genre": {"name": "landscape"}}),
         look([1], bodies={"count": 0}, predicted={"genre": {"name": "landscape"}}),
         "both are seen as landscape by genre, both with no people"),
    ],
)  # fmt: skip
def test_sentences(aspect: str, one: Look, other: Look, sentence: str) -> None:
    assert say(aspect, one, other) == sentence


def test_only_what_is_asked_for_is_looked_at() -> None:
    class Blind:
        @property
        def heads(self) -> object:
            raise AssertionError("no head was asked for")

        bodies = heads
        lab = np.full((64, 64, 3), 50, np.float32)

    found = measure(Blind(), ["palette", "lighting", "visual"])  # type: ignore[arg-type]
    assert isinstance(found, Measured)
    assert set(found.vectors) == {"palette", "lighting"}
    assert set(found.facts) == {"light", "palette"}
