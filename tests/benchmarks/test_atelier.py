"""The atelier: balanced factors, true dates, reproducible pictures, factors seen in the pixels."""

from __future__ import annotations

import colorsys
import csv
import dataclasses
import io
import math
import subprocess
import sys
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from benchmarks import atelier
from benchmarks.atelier import Work, make_works, paint, save_gallery
from benchmarks.atelier import save as saving
from benchmarks.atelier.canvas import ramp
from benchmarks.atelier.heads import Head, render_head
from benchmarks.atelier.light import Light
from benchmarks.atelier.painters import PAINTERS
from benchmarks.atelier.palettes import PALETTES
from benchmarks.atelier.works import YAWS

WORKS = make_works()
Picture = npt.NDArray[np.float32]


@cache
def _painted(work: Work) -> Picture:
    return np.asarray(paint(work), np.float32) / np.float32(255)


def _first(**levels: str) -> Work:
    return next(w for w in WORKS if all(getattr(w, k) == v for k, v in levels.items()))


def _grey(picture: Picture) -> Picture:
    return np.asarray(picture.mean(axis=2), np.float32)


def test_works_are_numbered_and_unique() -> None:
    assert len(WORKS) == atelier.WORK_COUNT == 240
    assert [w.id for w in WORKS] == [f"atelier:{n:03d}" for n in range(1, 241)]
    for field in ("id", "file", "title", "seed"):
        assert len({getattr(w, field) for w in WORKS}) == 240
    for work in WORKS:
        assert work.file.isascii()
        assert work.file.startswith(f"paintings/{work.number:03d}-")
        assert 400 <= max(work.width, work.height) <= 480


def test_a_shorter_list_is_a_varied_prefix() -> None:
    assert make_works(24) == WORKS[:24]
    few = make_works(12)
    assert len({w.hand for w in few}) == 6
    assert len({w.scene for w in few}) == 7
    assert len({w.palette for w in few}) == 6
    with pytest.raises(ValueError, match="count"):
        make_works(961)


@pytest.mark.parametrize(
    ("factor", "levels"),
    [("hand", 6), ("scene", 7), ("palette", 6), ("light_from", 4), ("light_key", 3)],
)
def test_every_level_is_used_equally_often(factor: str, levels: int) -> None:
    counts = Counter(getattr(w, factor) for w in WORKS)
    assert len(counts) == levels
    assert max(counts.values()) - min(counts.values()) <= (0 if factor == "hand" else 3)


def test_factors_are_nearly_independent() -> None:
    factors = ("hand", "scene", "palette", "light_from", "light_key")
    for i, a in enumerate(factors):
        for b in factors[i + 1 :]:
            pairs = Counter((getattr(w, a), getattr(w, b)) for w in WORKS)
            rows, columns = (Counter(getattr(w, f) for w in WORKS) for f in (a, b))
            chi = sum(
                (pairs[r, c] - rows[r] * columns[c] / 240) ** 2 / (rows[r] * columns[c] / 240)
                for r in rows
                for c in columns
            )
            cramer = math.sqrt(chi / 240 / (min(len(rows), len(columns)) - 1))
            assert cramer < 0.12, (a, b, cramer)


def test_heads_are_recorded_where_there_are_faces() -> None:
    for work in WORKS:
        peopled = work.scene in ("portrait", "group")
        assert (work.head != "none") == peopled
        assert work.faces == {"portrait": 1, "group": work.faces}.get(work.scene, 0)
        assert (work.yaw_degrees is not None) == (work.scene == "portrait")
        if work.yaw_degrees is not None:
            assert abs(work.yaw_degrees - YAWS[work.head]) <= 4
    turns = Counter(w.head for w in WORKS if w.scene == "portrait")
    assert max(turns.values()) - min(turns.values()) <= 2


def test_dates_agree_with_their_words_and_with_the_painters_life() -> None:
    lives = {p.name: p for p in PAINTERS}
    forms = set()
    for work in WORKS:
        life = lives[work.artist]
        assert life.born + 18 <= work.year_begin <= work.year_end <= life.died
        words = work.display_date
        if words.isdigit():
            assert work.year_begin == work.year_end == int(words)
        elif words.startswith("before"):
            assert work.year_end == int(words[7:]) - 1
        elif words.startswith("c. "):
            assert work.year_begin <= int(words[3:]) <= work.year_end
        elif words.endswith("s"):
            assert work.year_begin // 10 == work.year_end // 10 == int(words[:-1]) // 10
        elif "century" in words:
            assert f"{(work.year_begin - 1) // 100 + 1}th" in words
        forms.add("".join("9" if c.isdigit() else c for c in words))
    assert len(forms) >= 8


def test_same_bytes_twice_in_another_process() -> None:
    work = WORKS[4]
    code = (
        "import hashlib; from benchmarks.atelier import make_works, paint;"
        "print(hashlib.sha256(paint(make_works(5)[4]).tobytes()).hexdigest())"
    )
    import hashlib

    here = hashlib.sha256(paint(work).tobytes()).hexdigest()
    there = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert there.stdout.strip() == here


@pytest.mark.parametrize("scene", sorted({w.scene for w in WORKS}))
def test_every_scene_fills_its_picture(scene: str) -> None:
    work = _first(scene=scene)
    image = _painted(work)
    assert image.shape == (work.height, work.width, 3)
    assert _grey(image).std() > 0.05
    seen = (image * 15).astype(int).reshape(-1, 3)
    assert len(np.unique(seen, axis=0)) > 60


def _face_sides(work: Work) -> tuple[float, float]:
    image = _grey(_painted(work))
    h, w = image.shape
    x = int(w * {"left_weighted": 0.37, "right_weighted": 0.63}.get(work.composition, 0.5))
    y = int(h * 0.46)
    r = int(min(w / 3.7, h / 4.4) * 0.45)
    return float(image[y - r : y + r, x - r : x].mean()), float(
        image[y - r : y + r, x : x + r].mean()
    )


@pytest.mark.parametrize("hand", ["glaze", "dots"])
def test_light_from_the_left_brightens_the_left_of_a_face(hand: str) -> None:
    base = next(w for w in WORKS if w.motif == "beard" and w.head == "front")
    base = dataclasses.replace(base, hand=hand)
    left, right = _face_sides(dataclasses.replace(base, light_from="left"))
    other_left, other_right = _face_sides(dataclasses.replace(base, light_from="right"))
    assert left - right > 0.03
    assert other_right - other_left > 0.03


@pytest.mark.parametrize("scene", ["sea", "room"])
def test_high_key_is_brighter_than_mid_than_low(scene: str) -> None:
    base = _first(scene=scene, hand="wash" if scene == "sea" else "glaze")
    high, mid, low = (
        float(_painted(dataclasses.replace(base, light_key=key)).mean())
        for key in ("high", "mid", "low")
    )
    assert high > mid + 0.03 > low + 0.06


def test_palettes_change_the_colour_of_the_whole_picture() -> None:
    base = dataclasses.replace(_first(scene="landscape", hand="glaze"), light_key="mid")
    means = {}
    for palette in PALETTES:
        image = _painted(dataclasses.replace(base, palette=palette))
        means[palette] = image.reshape(-1, 3).mean(axis=0)
    hues = {p: colorsys.rgb_to_hsv(*map(float, m))[0] * 360 for p, m in means.items()}
    assert hues["amber"] < 60
    assert 60 < hues["verdant"] < 170
    assert 190 < hues["nocturne"] < 260
    assert hues["rose"] > 300 or hues["rose"] < 25
    names = list(means)
    for i, a in enumerate(names):
        for b in names[i + 1 :]:
            assert np.abs(means[a] - means[b]).max() > 0.05, (a, b)


def test_hands_differ_in_fine_grain() -> None:
    base = dataclasses.replace(_first(scene="still_life"), light_key="mid")
    energy = {}
    for painter in PAINTERS:
        image = _grey(_painted(dataclasses.replace(base, hand=painter.hand)))
        inner = image[30:-30, 30:-30]
        fine = inner[1:-1, 1:-1] * 4 - inner[:-2, 1:-1] - inner[2:, 1:-1] - inner[1:-1, :-2]
        energy[painter.hand] = float(np.abs(fine - inner[1:-1, 2:]).mean())
    assert energy["woodcut"] == max(energy.values())
    textured = min(energy["dots"], energy["impasto"])
    assert textured > 1.1 * max(energy["glaze"], energy["cutpaper"], energy["wash"])
    ordered = sorted(energy.values())
    assert all(more > 1.03 * less for less, more in pairwise(ordered))


def test_horizon_stands_where_the_composition_says() -> None:
    base = dataclasses.replace(
        _first(scene="sea", motif="boats"),
        hand="glaze",
        palette="verdant",
        light_from="left",
        light_key="mid",
    )

    def horizon(composition: str) -> float:
        image = _painted(dataclasses.replace(base, composition=composition))
        h, w = image.shape[:2]
        rows = image[:, int(w * 0.3) : int(w * 0.7)].mean(axis=(1, 2))
        smooth = np.convolve(rows, np.ones(9) / 9, "valid")
        drop = smooth[:-12] - smooth[12:]
        return (int(drop[: int(0.85 * h)].argmax()) + 10) / int(h)

    assert horizon("high_horizon") < 0.40 < 0.55 < horizon("low_horizon")


def _plain_head(yaw: float, style: str, male: bool = False) -> Head:
    p = PALETTES["earth"]
    cloth = ramp(p.cloth, p.dark, p.pale)
    return Head(yaw, 0.0, 0.0, style, male, ramp(p.skin, p.dark, p.pale), cloth, cloth, p.accent)


@pytest.mark.parametrize("yaw", [20.0, 45.0, 85.0])
def test_a_head_turned_the_other_way_under_mirrored_light_is_the_mirror_image(yaw: float) -> None:
    one = render_head(_plain_head(yaw, "bun"), Light("left", "mid"), 40)
    two = render_head(_plain_head(-yaw, "bun"), Light("right", "mid"), 40)
    assert np.abs(one.alpha - two.alpha[:, ::-1]).mean() < 0.01
    shown = one.rgb * one.alpha[..., None]
    flipped = (two.rgb * two.alpha[..., None])[:, ::-1]
    assert np.abs(shown - flipped).mean() < 0.02


def test_the_face_moves_the_way_the_head_turns() -> None:
    middles = []
    for yaw in (-86.0, -40.0, 0.0, 40.0, 86.0):
        layer = render_head(_plain_head(yaw, "short_hair", True), Light("above", "mid"), 40)
        middles.append(float(np.nonzero(layer.face)[1].mean() - layer.x))
    assert middles == sorted(middles)
    assert abs(middles[2]) < 2
    assert middles[0] < -6
    assert middles[4] > 6


def test_a_profile_reaches_furthest_at_the_nose() -> None:
    layer = render_head(_plain_head(86.0, "short_hair", True), Light("right", "mid"), 60)
    rows, columns = np.nonzero(layer.face)
    tip = rows[columns.argmax()]
    assert 0.2 < (tip - layer.y) / 60 < 0.6
    assert (columns.max() - layer.x) / 60 > 0.85


def _tiny(count: int) -> list[Work]:
    works = [w for w in WORKS if w.hand in ("glaze", "wash") and w.scene in ("sea", "room")]
    return [dataclasses.replace(w, width=120, height=96) for w in works[:count]]


def test_gallery_is_written_once_and_repaired(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = _tiny(3)
    painted: list[str] = []

    def note(work: Work) -> None:
        assert (tmp_path / work.file).exists()
        painted.append(work.id)

    catalog = save_gallery(tmp_path, works, on_painted=note)
    assert catalog == tmp_path / "catalog.csv"
    assert painted == [w.id for w in works]
    before = {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    painted.clear()
    save_gallery(tmp_path, works, on_painted=note)
    assert painted == []
    (tmp_path / works[1].file).unlink()
    save_gallery(tmp_path, works, on_painted=note)
    assert painted == [works[1].id]
    assert {p.name: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before
    painted.clear()
    others = tmp_path / "paintings" / "holiday.jpg"
    others.write_bytes(b"somebody's own")
    monkeypatch.setattr(saving, "ATELIER_VERSION", "another")
    save_gallery(tmp_path, works, on_painted=note)
    assert painted == [w.id for w in works]
    assert others.read_bytes() == b"somebody's own"


def test_several_processes_paint_the_same_gallery(tmp_path: Path) -> None:
    works = _tiny(5)
    save_gallery(tmp_path / "one", works, workers=1)
    save_gallery(tmp_path / "two", works, workers=2)
    for work in works:
        assert (tmp_path / "one" / work.file).read_bytes() == (
            tmp_path / "two" / work.file
        ).read_bytes()


def test_catalogue_and_truth_can_be_read_back(tmp_path: Path) -> None:
    works = _tiny(2)
    catalog = save_gallery(tmp_path, works)
    rows = list(csv.DictReader(io.StringIO(catalog.read_text("utf-8"))))
    assert list(rows[0]) == [
        "id",
        "file",
        "title",
        "artist",
        "display_date",
        "year_begin",
        "year_end",
        "classification",
        "medium",
        "style",
        "genre",
        "nationality",
        "credit_line",
    ]
    assert [r["title"] for r in rows] == [w.title for w in works]
    for row in rows:
        with Image.open(tmp_path / row["file"]) as image:
            assert image.mode == "RGB"
            assert image.size == (120, 96)
    truth = list(csv.DictReader(io.StringIO((tmp_path / "truth.csv").read_text("utf-8"))))
    assert [r["light_from"] for r in truth] == [w.light_from for w in works]
    assert truth[0]["yaw_degrees"] == ""


def test_a_failed_painting_leaves_no_file_and_no_catalogue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: str, target: str) -> None:
        raise OSError("disk full")

    works = _tiny(1)
    monkeypatch.setattr("benchmarks.atelier.save.os.replace", fail)
    with pytest.raises(OSError, match="disk full"):
        save_gallery(tmp_path, works)
    assert list((tmp_path / "paintings").iterdir()) == []
    assert not (tmp_path / "catalog.csv").exists()
