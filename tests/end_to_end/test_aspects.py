"""Aspects as a person uses them: ingest, search, explain, evaluate."""

import csv
import json
from pathlib import Path

import PIL.Image
import pytest
from commands import Artextract, assert_one_sentence

from artextract.aspects import ASPECTS
from artextract.cli.main import main
from benchmarks import atelier

WORKS = 40


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the atelier, and a collection of it with all aspects."""
    folder = tmp_path_factory.mktemp("aspects")
    works = atelier.make_works(WORKS)
    atelier.save_gallery(folder, works)
    with pytest.raises(SystemExit) as left:
        main(["ingest", "catalog", str(folder / "catalog.csv"), "--store", str(folder / "store")])
    assert left.value.code == 0
    return folder


@pytest.fixture(scope="module")
def works() -> dict[str, atelier.Work]:
    return {work.id: work for work in atelier.make_works(WORKS)}


def portrait(works: dict[str, atelier.Work], head: str) -> str:
    return next(name for name, work in works.items() if work.head == head)


def test_each_aspect_answers(
    folder: Path, artextract: Artextract, works: dict[str, atelier.Work]
) -> None:
    query = portrait(works, "front")
    for aspect in ASPECTS:
        ran = artextract(
            "search", query, "--store", folder / "store", "--by", aspect, "--format", "json"
        )
        assert ran.code == 0, ran.err
        rows = json.loads(ran.out)
        assert rows
        assert all(list(row["aspects"]) == [aspect] for row in rows)
        assert query not in {row["id"] for row in rows}


def test_the_palette_finds_the_palette(
    folder: Path, artextract: Artextract, works: dict[str, atelier.Work]
) -> None:
    right = 0
    for query in list(works)[:10]:
        ran = artextract("search", query, "--store", folder / "store", "--by", "palette", "-k", 1,
                         "--format", "json")  # fmt: skip
        right += works[json.loads(ran.out)[0]["id"]].palette == works[query].palette
    assert right >= 8


def test_several_aspects_and_their_shares(folder: Path, artextract: Artextract) -> None:
    ran = artextract("search", "atelier:003", "--store", folder / "store", "--by", "palette=2",
                     "--by", "composition", "--format", "json")  # fmt: skip
    rows = json.loads(ran.out)
    assert len(rows) == 10
    for row in rows:
        assert set(row["shares"]) == {"palette", "composition"}
        assert sum(row["shares"].values()) == pytest.approx(row["score"], abs=1e-5)


def test_filters_by_what_was_seen(
    folder: Path, artextract: Artextract, works: dict[str, atelier.Work]
) -> None:
    words = ("search", "--store", folder / "store", "-k", 50, "--format", "json")
    left = json.loads(artextract(*words, "--facing", "left", "--facing", "left profile").out)
    assert left
    portraits = [works[row["id"]] for row in left if works[row["id"]].scene == "portrait"]
    assert portraits
    assert all(work.head.startswith("left") for work in portraits)
    none = {row["id"] for row in json.loads(artextract(*words, "--faces", "0").out)}
    some = {row["id"] for row in json.loads(artextract(*words, "--faces", "1:").out)}
    assert none | some == set(works)
    assert not none & some
    dark = json.loads(artextract(*words, "--key", "low").out)
    assert dark
    assert all(works[row["id"]].light_key != "high" for row in dark)


def test_a_query_without_a_head_says_so(folder: Path, artextract: Artextract) -> None:
    listed = artextract("search", "--store", folder / "store", "--faces", "0", "--format", "json")
    query = json.loads(listed.out)[0]["id"]
    ran = artextract("search", query, "--store", folder / "store", "--by", "face")
    assert_one_sentence(ran, "no face was found", "leave out --by face")


def test_artworks_without_faces_are_no_results(
    folder: Path, artextract: Artextract, works: dict[str, atelier.Work]
) -> None:
    query = portrait(works, "front")
    ran = artextract("search", query, "--store", folder / "store", "--by", "face", "--faces", "0")
    assert_one_sentence(ran, "none of the", "vector for face (no face was found in them)")


def test_a_part_of_a_picture(folder: Path, artextract: Artextract) -> None:
    words = ("search", "atelier:001", "--store", folder / "store", "--format", "json")
    whole = json.loads(artextract(*words).out)
    part = json.loads(artextract(*words, "--region", "0,0,0.4,0.4").out)
    assert [row["id"] for row in whole] != [row["id"] for row in part]
    assert "atelier:001" not in {row["id"] for row in part}
    file = next((folder / "paintings").glob("001-*"))
    ran = artextract("search", file, "--store", folder / "store", "--format", "json",
                     "--region", "0,0,0.4,0.4")  # fmt: skip
    assert json.loads(ran.out)[0]["score"] == pytest.approx(
        max(row["score"] for row in json.loads(ran.out))
    )


def test_explain(folder: Path, artextract: Artextract) -> None:
    found = artextract("search", "--store", folder / "store", "--faces", 1, "--format", "json")
    one, other = [row["id"] for row in json.loads(found.out)][:2]
    page = folder / "why.html"
    ran = artextract("explain", one, other, "--store", folder / "store", "--page", page)
    assert ran.code == 0, ran.err
    assert [line.split()[0] for line in ran.out.splitlines()] == [
        aspect.label for aspect in ASPECTS.values() if f"{aspect.label} " in ran.out
    ]
    assert "Tonality" in ran.out
    assert "turned" in ran.out
    text = page.read_text(encoding="utf-8")
    assert text.count("<section>") == len(ran.out.splitlines()) + 1
    assert "http" not in text.replace("http-equiv", "")
    rows = json.loads(artextract("explain", one, one, "--store", folder / "store",
                                 "--format", "json").out)  # fmt: skip
    assert all(row["score"] == pytest.approx(1, abs=1e-4) for row in rows)


def test_the_gallery_says_why(
    folder: Path, artextract: Artextract, works: dict[str, atelier.Work]
) -> None:
    page = folder / "gallery.html"
    ran = artextract("search", portrait(works, "left"), "--store", folder / "store", "--by", "face",
                     "--by", "palette", "-k", 3, "--gallery", page)  # fmt: skip
    assert ran.code == 0, ran.err
    text = page.read_text(encoding="utf-8")
    assert text.count('class="label why"') == 6
    assert "both faces turn left" in text


def test_evaluate_by_changed_pictures(folder: Path, artextract: Artextract) -> None:
    page = folder / "self.html"
    ran = artextract("eval", "self", "--store", folder / "store", "--sample", 6, "--format", "json",
                     "--page", page)  # fmt: skip
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)
    itself = {row["figure"]: row["value"] for row in rows if row["row"] == "itself"}
    assert itself == {"Top-1": 1.0, "Recall@5": 1.0, "MRR": 1.0}
    assert len({row["row"] for row in rows}) == 12
    assert page.read_text(encoding="utf-8").count('<div class="case">') == 12


def test_evaluate_labels(folder: Path, artextract: Artextract) -> None:
    ran = artextract("eval", "labels", "--store", folder / "store", "--field", "style")
    assert ran.code == 0, ran.err
    assert "among other artists' works" in ran.out
    assert_one_sentence(
        artextract("eval", "labels", "--store", folder / "store", "--field", "school"),
        "no two artworks", "share a label of school",
    )  # fmt: skip


def test_evaluate_pairs(folder: Path, artextract: Artextract) -> None:
    rows = []
    for number, file in enumerate(sorted((folder / "paintings").glob("*.jpg"))[:4]):
        with PIL.Image.open(file) as image:
            image.resize((200, 180)).save(folder / f"other-{number}.jpg", quality=60)
        rows.append({"query": f"other-{number}.jpg", "match": f"paintings/{file.name}",
                     "work": f"w{number}", "kind": "smaller"})  # fmt: skip
    pairs = folder / "pairs.csv"
    with pairs.open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    ran = artextract("eval", "pairs", pairs, "--store", folder / "store", "--by", "visual",
                     "--by", "composition", "--format", "json")  # fmt: skip
    assert ran.code == 0, ran.err
    found = {(r["row"], r["figure"]): (r["value"], r["n"]) for r in json.loads(ran.out)}
    assert found["smaller", "Top-1"] == (1.0, 8)
    missing = artextract("eval", "pairs", folder / "no.csv", "--store", folder / "store")
    assert_one_sentence(missing, "there is no file")
    assert_one_sentence(
        artextract("eval", "pairs", folder / "catalog.csv", "--store", folder / "store"),
        "has no column query",
    )


def test_evaluate_aspects(folder: Path, artextract: Artextract) -> None:
    ran = artextract("eval", "aspects", "--store", folder / "store", "--labels",
                     folder / "truth.csv", "--sample", 6, "--format", "json")  # fmt: skip
    assert ran.code == 0, ran.err
    found = {(r["section"], r["row"], r["figure"]): r for r in json.loads(ran.out)}
    tasks = "Aspects on labelled artworks"
    assert found[tasks, "palette", "palette"]["n"] == WORKS
    assert found[tasks, "palette", "palette"]["low"] > found[tasks, "visual", "palette"]["high"]
    own, visual = (found[tasks, aspect, "light_key"]["value"] for aspect in ("lighting", "visual"))
    assert own > visual
    assert found["Heads", "its direction is right, of three", "share"]["value"] > 0.8
    dimmed = found["Laws", "dimmed: composition stays (cosine at least .95)", "holds"]
    assert dimmed["value"] == 1.0


def test_evaluate_aspects_by_own_labels(
    folder: Path, artextract: Artextract, works: dict[str, atelier.Work], tmp_path: Path
) -> None:
    labels = tmp_path / "labels.csv"
    rows = [f"{name},{'dev' if work.number > 30 else 'test'},{work.scene}"
            for name, work in works.items()]  # fmt: skip
    labels.write_text("\n".join(["id,part,scene", *rows, "another:1,test,sea"]), encoding="utf-8")
    words = ("eval", "aspects", "--store", folder / "store", "--sample", 1, "--format", "json")
    ran = artextract(*words, "--labels", labels)
    assert ran.code == 0, ran.err
    counts = {r["figure"]: r["n"] for r in json.loads(ran.out) if r["row"] == "visual"}
    assert counts == {"scene": 30}

    without = artextract(*words)
    assert {row["section"] for row in json.loads(without.out)} == {"Laws"}
    labels.write_text("id,scene\nanother:1,sea\n", encoding="utf-8")
    assert_one_sentence(artextract(*words, "--labels", labels), "has none of the 1 artworks")
    labels.write_text("id,mood\natelier:001,sad\n", encoding="utf-8")
    assert_one_sentence(artextract(*words, "--labels", labels), "no column of labels", "mood")
    gone = artextract(*words, "--atelier", tmp_path)
    assert gone.code == 2
    assert "--labels" in gone.err
