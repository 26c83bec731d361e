"""The map: similar artworks lie close together, groups are found, colours say what is there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Artextract, assert_one_sentence

from artextract.catalog.artwork import Artwork
from artextract.errors import QueryError
from artextract.store import ModelIdentity, Point, Store, create_store, open_store
from search.map import MOST_NAMES, make_map
from search.web.map_file import load_map, map_path, save_map

DIMENSION = 16
GROUPS, EACH = 3, 40
MODEL = ModelIdentity("tiny", "ab" * 32, DIMENSION)
STYLES = ["Baroque", "Rococo", "Cubism"]


def fill(store: Store, groups: int = GROUPS, each: int = EACH) -> None:
    """Put in groups of works whose vectors lie around one direction each."""
    random = np.random.default_rng(5)
    points = []
    for number in range(groups * each):
        group = number % groups
        vector = np.zeros(DIMENSION)
        vector[group] = 1
        vector += random.normal(0, 0.06, DIMENSION)
        work = Artwork(
            id=f"w{number:03}",
            image=f"{number}.jpg",
            style=STYLES[group],
            genre=f"genre {number % 20}",
            year_begin=[1501, 1600, 1601, None][number % 4],
            year_end=[1501, 1600, 1601, None][number % 4],
        )
        suggested = {"name": "Fauvism", "probability": 0.9, "trusted": True}
        guessed = {"name": "Pop art", "probability": 0.4, "trusted": False}
        payload = {
            **work.to_payload(),
            "predicted": {"style": suggested if number % 2 else guessed, "genre": guessed},
        }
        points.append(Point(work.point_id, {"visual": vector.tolist()}, payload))
    store.upsert(points)


def run_map(store: Path, out: Path, cache: Path) -> str:
    """Make a map by the command, and return what it says.

    In a process of its own: what numba loads stays in a process, and changes torch's last digits.
    """
    command = [
        sys.executable,
        "-m",
        "artextract",
        "collection",
        "map",
        "--store",
        str(store),
        "--out",
        str(out),
    ]
    environment = {**os.environ, "ARTEXTRACT_CACHE": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return done.stderr


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("map")
    with create_store(str(folder / "store"), MODEL) as opened:
        fill(opened)
    return folder / "store"


@pytest.fixture(scope="module")
def made(store: Path) -> dict[str, Any]:
    out = store.with_name("map.json")
    run_map(store, out, store.with_name("cache"))
    read: dict[str, Any] = json.loads(out.read_text())
    return read


def group_of(work_id: str) -> int:
    return int(work_id[1:]) % GROUPS


def test_every_work_has_one_place_in_the_square(made: dict[str, Any]) -> None:
    assert sorted(made["ids"]) == [f"w{number:03}" for number in range(GROUPS * EACH)]
    for name in ("points", "x", "y"):
        assert len(made[name]) == GROUPS * EACH
    spans = [max(made[name]) - min(made[name]) for name in ("x", "y")]
    assert max(spans) == 65_535
    assert all(0 <= value <= 65_535 for name in ("x", "y") for value in made[name])


def test_alike_works_lie_close_together(made: dict[str, Any]) -> None:
    places = np.column_stack([made["x"], made["y"]]).astype(float)
    right = 0
    for at, work in enumerate(made["ids"]):
        away = np.hypot(*(places - places[at]).T)
        away[at] = np.inf
        right += group_of(made["ids"][int(away.argmin())]) == group_of(work)
    assert right == GROUPS * EACH


def test_groups_are_found_as_clusters_and_named_by_what_they_hold(made: dict[str, Any]) -> None:
    cluster = made["colours"]["cluster"]
    held: dict[int, set[int]] = {}
    for work, number in zip(made["ids"], cluster["of"], strict=True):
        if number >= 0:
            held.setdefault(number, set()).add(group_of(work))
    assert {group for groups in held.values() for group in groups} == set(range(GROUPS))
    assert all(len(groups) == 1 for groups in held.values())
    for number, groups in held.items():
        assert STYLES[next(iter(groups))] in cluster["names"][number]


def test_colours_say_what_each_work_is(made: dict[str, Any]) -> None:
    colours = made["colours"]
    assert set(colours) == {"style", "predicted style", "genre", "century", "cluster"}
    for at, work in enumerate(made["ids"]):
        style = colours["style"]
        assert style["names"][style["of"][at]] == STYLES[group_of(work)]
        century = ["16th century", "16th century", "17th century", None][int(work[1:]) % 4]
        of = colours["century"]["of"][at]
        assert (colours["century"]["names"][of] if of >= 0 else None) == century
    assert len(colours["genre"]["names"]) == MOST_NAMES + 1
    assert colours["genre"]["names"][-1] == "other"
    rest = [at for at, of in enumerate(colours["genre"]["of"]) if of == MOST_NAMES]
    assert len(rest) == (20 - MOST_NAMES) * GROUPS * EACH // 20


def test_only_trusted_predictions_are_coloured(made: dict[str, Any]) -> None:
    coloured = made["colours"]["predicted style"]
    assert coloured["names"] == ["Fauvism"]
    for id_, of in zip(made["ids"], coloured["of"], strict=True):
        assert of == (0 if int(id_[1:]) % 2 else -1)
    assert "predicted genre" not in made["colours"]


def test_the_same_works_have_the_same_map(store: Path, made: dict[str, Any]) -> None:
    run_map(store, store.with_name("again.json"), store.with_name("cache"))
    assert json.loads(store.with_name("again.json").read_text()) == made


def test_a_few_works_make_no_map(tmp_path: Path) -> None:
    with create_store(str(tmp_path / "store"), MODEL) as store:
        fill(store, 3, 3)
        with pytest.raises(QueryError, match="9 artworks have a vector for visual; a map needs 10"):
            make_map(store)


def test_it_is_kept_until_the_collection_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    with create_store(str(tmp_path / "store"), MODEL) as store:
        fill(store, 3, 6)
    said = run_map(tmp_path / "store", tmp_path / "map.json", tmp_path / "cache")
    assert "Map of 18 artworks" in said
    with open_store(str(tmp_path / "store")) as store:
        kept = load_map(store)
        assert kept is not None
        assert json.loads(kept) == json.loads((tmp_path / "map.json").read_text())
        whole = map_path(store).read_bytes()
        for damaged in (whole[:60], whole[:30] + bytes(30) + whole[60:], b"no map", b""):
            map_path(store).write_bytes(damaged)
            assert load_map(store) is None
        save_map(store, {"ids": []})
        assert load_map(store) == b'{"ids":[]}'
        fill(store, 3, 7)
        assert load_map(store) is None


def test_an_aspect_that_is_not_there(tmp_path: Path, artextract: Artextract) -> None:
    with create_store(str(tmp_path / "store"), MODEL) as store:
        fill(store, 3, 6)
    ran = artextract("collection", "map", "--store", tmp_path / "store", "--by", "taste")
    assert_one_sentence(ran, "unknown aspect 'taste'")
