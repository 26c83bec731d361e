"""Finding the work of a detail: what is found again, and what the command makes of it."""

import csv
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageEnhance
import pytest
from commands import Artextract, assert_one_sentence
from painted_collection import make_painted_collection

from search.rerank import Features, count_matches, find_features

WORKS = 12


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some painted works, and a collection of them."""
    return make_painted_collection(tmp_path_factory.mktemp("verify"), WORKS)


@pytest.fixture(scope="module")
def paintings(folder: Path) -> dict[str, PIL.Image.Image]:
    return {
        path.name[:3]: PIL.Image.open(path).convert("RGB")
        for path in sorted((folder / "paintings").glob("*.jpg"))
    }


def cut(image: PIL.Image.Image, share: float) -> PIL.Image.Image:
    """Return the part around the middle, twice as large."""
    width, height = (round(length * share**0.5) for length in image.size)
    x, y = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((x, y, x + width, y + height)).resize((2 * width, 2 * height))


CHANGES: dict[str, Callable[[PIL.Image.Image], PIL.Image.Image]] = {
    "itself": lambda image: image,
    "a detail": lambda image: cut(image, 0.3),
    "turned": lambda image: image.rotate(25, PIL.Image.Resampling.BICUBIC),
    "upside down": lambda image: image.transpose(PIL.Image.Transpose.ROTATE_180),
    "half as light": lambda image: PIL.ImageEnhance.Brightness(image).enhance(0.5),
    "grey": lambda image: image.convert("L").convert("RGB"),
    "smaller": lambda image: image.resize((image.width * 2 // 3, image.height * 2 // 3)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_changed_picture_is_found_again_and_no_other(
    change: Callable[[PIL.Image.Image], PIL.Image.Image], paintings: dict[str, PIL.Image.Image]
) -> None:
    features = {name: find_features(image) for name, image in paintings.items()}
    own, others = [], []
    for name, image in paintings.items():
        changed = find_features(change(image))
        own.append(count_matches(changed, features[name]))
        others += [count_matches(changed, features[other]) for other in features if other != name]
    assert sum(matches > 0 for matches in own) >= WORKS - 1
    assert max(others) < np.median(own) / 3


def test_a_picture_of_one_colour_has_nothing_to_find(
    paintings: dict[str, PIL.Image.Image],
) -> None:
    plain = find_features(PIL.Image.new("RGB", (200, 160), "navy"))
    assert plain.points.shape == (0, 2)
    assert plain.descriptors.shape == (0, 128)
    other = find_features(paintings["003"])
    assert count_matches(plain, other) == count_matches(other, plain) == 0
    assert count_matches(plain, plain) == 0


def test_descriptors_are_unit_vectors(paintings: dict[str, PIL.Image.Image]) -> None:
    features = find_features(paintings["001"])
    assert features.points.dtype == features.descriptors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features.descriptors, axis=1), 1, atol=1e-5)
    assert (features.points >= 0).all()
    assert (features.points <= paintings["001"].size).all()


def made_up(random: np.random.Generator, count: int) -> Features:
    descriptors = np.abs(random.standard_normal((count, 128))).astype(np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    points = random.uniform(0, 400, (count, 2)).astype(np.float32)
    return Features(points, descriptors)


def moved(features: Features, turn: float, scale: float) -> Features:
    rotation = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = features.points @ rotation.T.astype(np.float32) + np.float32(15)
    return Features(points.astype(np.float32), features.descriptors)


@pytest.mark.parametrize("count", [8, 30, 200])
@pytest.mark.parametrize(("turn", "scale"), [(0.0, 1.0), (0.4, 0.5), (-2.0, 3.0)])
def test_places_that_move_together_are_counted(count: int, turn: float, scale: float) -> None:
    one = made_up(np.random.default_rng(count), count)
    assert count_matches(one, moved(one, turn, scale)) == count


def test_places_that_are_scattered_do_not_count() -> None:
    random = np.random.default_rng(2)
    one = made_up(random, 60)
    scattered = Features(random.uniform(0, 400, (60, 2)).astype(np.float32), one.descriptors)
    assert count_matches(one, scattered) == 0
    # Half of them where they belong: those are counted.
    half = moved(one, 0.3, 1.5)
    points = np.where(np.arange(60)[:, None] < 30, half.points, scattered.points)
    assert 30 <= count_matches(one, Features(points.astype(np.float32), one.descriptors)) <= 33


def test_fewer_than_eight_are_chance() -> None:
    one = made_up(np.random.default_rng(3), 7)
    assert count_matches(one, moved(one, 0.1, 1.0)) == 0


def test_one_place_with_many_features_is_one() -> None:
    one = made_up(np.random.default_rng(4), 40)
    same = Features(np.full((40, 2), 50, np.float32), one.descriptors)
    assert count_matches(one, same) == 0


def test_what_is_like_several_places_is_no_match() -> None:
    """Ratio test: each place of the query looks the same as two places of the other."""
    one = made_up(np.random.default_rng(5), 30)
    twice = Features(
        np.concatenate([one.points, one.points + 90]), np.concatenate([one.descriptors] * 2)
    )
    assert count_matches(one, twice) == 0


@pytest.fixture(scope="module")
def detail(folder: Path, paintings: dict[str, PIL.Image.Image]) -> Path:
    """A detail that is not found first by its vector."""
    path = folder / "detail.jpg"
    cut(paintings["009"], 0.12).save(path, quality=80)
    return path


def test_the_command_puts_the_work_of_a_detail_first(
    folder: Path, detail: Path, artextract: Artextract
) -> None:
    words = ("search", detail, "--store", folder / "store", "--format", "json")
    plain = artextract(*words, "-k", WORKS)
    verified = artextract(*words, "-k", WORKS, "--verify")
    assert verified.code == 0, verified.err
    before, after = json.loads(plain.out), json.loads(verified.out)
    assert before[0]["id"] != "atelier:009"
    assert after[0]["id"] == "atelier:009"
    assert [row["rank"] for row in after] == list(range(1, WORKS + 1))
    matches = [row["matches"] for row in after]
    assert matches[0] >= 8
    assert matches == sorted(matches, reverse=True)
    # Cosines stay what they were, and the works where nothing was found stay in their order.
    scores = {row["id"]: row["score"] for row in before}
    assert {row["id"]: row["score"] for row in after} == scores
    without = [row["id"] for row in after if row["matches"] == 0]
    assert without == [row["id"] for row in before if row["id"] in without]
    assert all("matches" not in row for row in before)


def test_more_works_are_looked_at_than_shown(
    folder: Path, detail: Path, artextract: Artextract
) -> None:
    words = ("search", detail, "--store", folder / "store", "-k", 1, "--verify", "--format")
    (row,) = csv.DictReader(artextract(*words, "csv").out.splitlines())
    assert (row["rank"], row["id"]) == ("1", "atelier:009")
    assert int(row["matches"]) >= 8
    table = artextract(*words, "table").out.splitlines()
    assert table[0].split()[:3] == ["#", "score", "matches"]
    assert table[1].split()[2] == row["matches"]


def test_a_part_of_a_work_that_is_there(folder: Path, artextract: Artextract) -> None:
    """The work itself is no answer, and no other shows the same."""
    ran = artextract("search", "atelier:009", "--region", "0.2,0.2,0.5,0.5", "--verify",
                     "--store", folder / "store", "--format", "json")  # fmt: skip
    rows = json.loads(ran.out)
    assert "atelier:009" not in {row["id"] for row in rows}
    assert [row["matches"] for row in rows] == [0] * 10


def test_page_and_sheet_say_what_was_found_again(
    folder: Path, detail: Path, artextract: Artextract
) -> None:
    page, sheet = folder / "similar.html", folder / "similar.png"
    words = ("search", detail, "--store", folder / "store", "--verify", "--format", "json",
             "--gallery", page, "--sheet", sheet)  # fmt: skip
    rows = json.loads(artextract(*words).out)
    text = page.read_text(encoding="utf-8")
    assert "those with matching details first, then the most similar." in text
    assert text.count("local features match the query") == sum(row["matches"] > 0 for row in rows)
    assert f"{rows[0]['matches']} local features match the query" in text
    assert sheet.stat().st_size > 10_000
    artextract(*(word for word in words if word != "--verify"))
    assert ", most similar first." in page.read_text(encoding="utf-8")


def test_thumbnails_stand_in_for_pictures_that_have_gone(
    folder: Path, detail: Path, artextract: Artextract
) -> None:
    paintings = folder / "paintings"
    paintings.rename(folder / "elsewhere")
    try:
        ran = artextract("search", detail, "--store", folder / "store", "--verify")
    finally:
        (folder / "elsewhere").rename(paintings)
    assert ran.code == 0, ran.err
    assert f"{WORKS} images can no longer be read" in ran.err


@pytest.mark.parametrize(
    "words", [("--style", "Realism"), ("atelier:001", "--like", "atelier:002"), ()]
)
def test_it_needs_one_picture(words: tuple[str, ...], folder: Path, artextract: Artextract) -> None:
    ran = artextract("search", *words, "--verify", "--store", folder / "store")
    assert ran.code == 2
    assert re.search("--verify (needs a|compares with one) query image", ran.err)


def test_without_opencv_it_says_what_to_install(
    folder: Path, detail: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    words = (detail, "--store", folder / "store")
    assert_one_sentence(artextract("search", *words, "--verify"), "artextract[verify]")
    assert artextract("search", *words).code == 0


def test_evaluating_pairs_counts_what_is_found_again(
    folder: Path, detail: Path, artextract: Artextract
) -> None:
    pairs = folder / "pairs.csv"
    pairs.write_text(
        f"query,match,work,kind\n{detail.name},paintings/{{}},w,detail\n".format(
            next((folder / "paintings").glob("009-*")).name
        ),
        encoding="utf-8",
    )
    words = ("eval", "pairs", pairs, "--store", folder / "store", "--format", "json")
    found = {}
    for more in ((), ("--verify",)):
        ran = artextract(*words, *more)
        assert ran.code == 0, ran.err
        found[more] = {row["figure"]: row["value"] for row in json.loads(ran.out)}
    assert found[()]["Top-1"] < 1
    assert found["--verify",]["Top-1"] == 1
