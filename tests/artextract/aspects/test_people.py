"""Face, pose and scene from detected faces and people."""

import numpy as np
import pytest

from artextract.aspects import ASPECTS, terms_of
from artextract.aspects.base import Compared
from artextract.aspects.face import face_facts, orientation_of
from artextract.aspects.grid import Floats
from artextract.aspects.pose import people_facts
from artextract.aspects.scene import people_histogram, scene_vector
from artextract.detectors.faces import Face
from artextract.detectors.people import Person


class Detected:
    """An image in which these faces and people were detected."""

    aspect_ratio = 1.0

    def __init__(self, faces: list[Face] = [], people: list[Person] = []) -> None:  # noqa: B006
        self.faces, self.people = faces, people


def a_face(yaw: float, *, x: float = 0.5, height: float = 0.3) -> Face:
    points = np.zeros((6, 2), np.float32)
    return Face((x, 0.4), (height, height), points, yaw, 0.0, 0.0, 0.9)


def a_person(
    *, lying: bool = False, mirrored: bool = False, hidden: tuple[int, ...] = ()
) -> Person:
    """A standing person from the front, one arm raised."""
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
    confidence = np.full(17, 0.8, np.float32)
    confidence[list(hidden)] = 0
    return Person(points, confidence, 0.9)


def face(*faces: Face) -> Floats:
    vector = ASPECTS["face"].vector(Detected(faces=list(faces)))  # type: ignore[arg-type]
    assert vector is not None
    return vector


def pose(*people: Person) -> Floats:
    vector = ASPECTS["pose"].vector(Detected(people=list(people)))  # type: ignore[arg-type]
    assert vector is not None
    return vector


@pytest.mark.parametrize(
    ("yaw", "orientation"),
    [(0, "front"), (-15, "front"), (-20, "left"), (45, "right"), (-80, "left profile"),
     (90, "right profile")],
)  # fmt: skip
def test_orientation(yaw: float, orientation: str) -> None:
    assert orientation_of(yaw) == orientation


def test_faces_that_turn_the_same_way_are_similar() -> None:
    vectors = {yaw: face(a_face(yaw)) for yaw in (-80, -40, -35, 0, 40)}
    cosines = {yaw: float(vectors[-40] @ vectors[yaw]) for yaw in (-80, -35, 0, 40)}
    assert cosines[-35] > cosines[0] > cosines[40]
    assert cosines[-35] > cosines[-80]
    assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)


def test_number_and_place_of_faces_count_too() -> None:
    assert face(a_face(0)) @ face(a_face(0, x=0.15)) < 0.95
    assert face(a_face(0)) @ face(a_face(0, x=0.3), a_face(0, x=0.7)) < 0.95


def test_without_faces_and_people_there_is_nothing_to_compare() -> None:
    nobody = Detected()
    assert ASPECTS["face"].vector(nobody) is None  # type: ignore[arg-type]
    assert ASPECTS["pose"].vector(nobody) is None  # type: ignore[arg-type]
    assert face_facts([]) == people_facts([]) == {"count": 0}


def test_poses() -> None:
    standing = pose(a_person())
    assert standing @ pose(a_person(mirrored=True)) > standing @ pose(a_person(lying=True))
    half = a_person(hidden=(13, 14, 15, 16))
    assert standing @ standing > standing @ pose(half)
    assert standing @ pose(a_person(), half) < standing @ standing


def test_facts_are_plain_numbers() -> None:
    facts = face_facts([a_face(-40.4), a_face(3)])
    assert facts["count"] == 2
    assert facts["orientation"] == "left"
    assert facts["heads"][0] == {"box": [0.35, 0.25, 0.3, 0.3], "yaw": -40, "pitch": 0, "roll": 0}
    figures = people_facts([a_person(hidden=(9,))])["bodies"]
    assert figures[0][9] is None
    assert figures[0][0] == [0.5, 0.1]


def test_a_scene_is_its_genre_and_its_people() -> None:
    alone = {"faces": face_facts([a_face(0)]), "bodies": people_facts([a_person()])}
    nobody = {"faces": {"count": 0}, "bodies": {"count": 0}}
    portrait, landscape = np.asarray([0.9, 0.05, 0.05]), np.asarray([0.05, 0.9, 0.05])
    vectors = [
        scene_vector(portrait, alone), scene_vector(portrait, nobody),
        scene_vector(landscape, nobody),
    ]  # fmt: skip
    assert vectors[1] @ vectors[2] < vectors[0] @ vectors[1] < 1
    assert vectors[0] @ vectors[2] < vectors[0] @ vectors[1]
    assert len(vectors[0]) == 3 + len(people_histogram(nobody))
    assert ASPECTS["scene"].dimensions({}, {"genre": ("a", "b", "c")}) == len(vectors[0])


def test_terms_name_all_facts_that_filters_compare() -> None:
    facts = {
        "faces": face_facts([a_face(-80)]), "bodies": {"count": 0},
        "light": {"direction": "left", "key": "low", "lightness": 30.0, "contrast": 20.0},
        "palette": {"main": ["brown", "black"], "shares": {}},
    }  # fmt: skip
    assert terms_of(facts) == [
        "faces=1", "facing=left profile", "bodies=0", "light=left", "key=low", "colour=brown",
        "colour=black",
    ]  # fmt: skip
    assert terms_of({"faces": face_facts([])}) == ["faces=0"]
    assert terms_of({}) == []


def image(*vector: float, **payload: object) -> Compared:
    return Compared(vector or [1.0], payload)


def predicted(attribute: str, name: str, *, trusted: bool = True) -> dict[str, object]:
    return {attribute: {"name": name, "probability": 0.9, "trusted": trusted}}


@pytest.mark.parametrize(
    ("aspect", "one", "other", "sentence"),
    [
        ("face", image(faces=face_facts([a_face(-38)])), image(faces=face_facts([a_face(-42)])),
         "both faces turn left, about 40 degrees; 1 face in each"),
        ("face", image(faces=face_facts([a_face(0)])),
         image(faces=face_facts([a_face(80), a_face(0)])),
         "one face is turned to the viewer, the other right by about 80 degrees; 1 face and 2"),
        ("pose", image(bodies=people_facts([a_person()])),
         image(bodies=people_facts([a_person(lying=True)])),
         "one figure is upright, legs and all, the other lying or bent over; 1 figure in each"),
        ("palette", image(palette={"main": ["red", "brown"]}),
         image(palette={"main": ["blue", "brown"]}),
         "brown is among the main colours of both"),
        ("palette", image(palette={"main": ["red"]}), image(palette={"main": ["blue"]}),
         "one is mainly red, the other blue"),
        ("lighting", image(light={"key": "low", "direction": "left"}),
         image(light={"key": "low", "direction": "left"}),
         "both are dark, and their light lies on the left"),
        ("visual", image(1.0, 0.0), image(0.6, 0.8), "as a whole, the images are very similar"),
        ("style", image(1.0, 0.0, predicted=predicted("style", "High_Renaissance")),
         image(0.0, 1.0, predicted=predicted("style", "Cubism")),
         "their handling is no more similar than by chance; one is classified as High "
         "Renaissance, the other as Cubism"),
        ("style", image(1.0, 0.0, predicted=predicted("style", "Rococo")),
         image(1.0, 0.0, predicted=predicted("style", "Rococo", trusted=False)),
         "their handling is very similar"),
        ("style", image(1.0, 0.0, predicted={"style": {"name": "Rococo", "probability": 1.0}}),
         image(1.0, 0.0), "their handling is very similar"),
        ("scene", image(bodies={"count": 0}, predicted=predicted("genre", "Still life")),
         image(bodies={"count": 0}, predicted=predicted("genre", "Still life")),
         "both are classified as still life, both with no people"),
        ("scene", image(bodies={"count": 0}, predicted=predicted("genre", "Portrait")),
         image(bodies={"count": 0}, predicted=predicted("genre", "Portrait", trusted=False)),
         "both with no people"),
    ],
)  # fmt: skip
def test_sentences(aspect: str, one: Compared, other: Compared, sentence: str) -> None:
    assert ASPECTS[aspect].describe(one, other) == sentence
