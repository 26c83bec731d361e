"""``artextract collection info``: counts, model and names."""

import json
import re
from pathlib import Path

import pytest
from commands import Artextract

from artextract.catalog.artwork import Artwork
from artextract.store import ModelIdentity, Point, create_store


def make_store(location: Path, artists: list[str | None]) -> Path:
    works = [
        Artwork(id=f"w{n}", image=f"{n}.jpg", artist=artist, style="Realism" if n < 2 else None)
        for n, artist in enumerate(artists)
    ]
    with create_store(str(location), ModelIdentity("small", "ab" * 32, 8)) as store:
        store.upsert(
            [Point(work.point_id, {"visual": [1.0] * 8}, work.to_payload()) for work in works]
        )
    return location


def lines_of(out: str) -> dict[str, str]:
    return {line[:10].strip(): line[10:] for line in out.splitlines()}


def test_counts_model_and_names(tmp_path: Path, artextract: Artextract) -> None:
    names = ["Edgar Degas"] * 3 + ["Claude Monet"] * 4 + ["Berthe Morisot"] * 2 + [None]
    names += ["Mary Cassatt"] * 5 + ["Paul Cézanne"] * 6 + ["El Greco"]
    store = make_store(tmp_path / "store", names)
    ran = artextract("collection", "info", "--store", store)
    assert (ran.code, ran.err) == (0, "")
    said = lines_of(ran.out)
    assert said["artworks"] == str(len(names))
    assert said["model"] == "small (abababababab)"
    assert said["vectors"] == "visual: 8 dimensions, cosine"
    assert said["artist"] == (
        "Paul Cézanne (6), Mary Cassatt (5), Claude Monet (4), Edgar Degas (3), "
        "Berthe Morisot (2), ..."
    )
    assert said["style"].startswith("Realism (2)")
    assert "genre" not in said
    assert said["store"].startswith(f"{store} (")
    assert said["store"].endswith(" MiB on disk)")
    assert said["made by"].startswith("artextract ")


@pytest.mark.parametrize("names", [["A", "A"], ["A", "B", "C", "D", "E"]])
def test_no_dots_where_all_names_are_shown(
    names: list[str | None], tmp_path: Path, artextract: Artextract
) -> None:
    said = lines_of(
        artextract("collection", "info", "--store", make_store(tmp_path / "store", names)).out
    )
    assert said["artist"].endswith(")")


def test_an_empty_collection(tmp_path: Path, artextract: Artextract) -> None:
    said = lines_of(
        artextract("collection", "info", "--store", make_store(tmp_path / "store", [])).out
    )
    assert said["artworks"] == "0"
    assert "artist" not in said


def make_dated(location: Path) -> list[Artwork]:
    """Store works with and without years, one of them with three images; return one image each."""
    years = [(1871, 1872), (1874, 1874), (1890, None), (None, 1905), (1931, 1940), (None, None)]
    works = [
        Artwork(
            id=f"w{at}", image="0.jpg", year_begin=begin, year_end=end, school="Dutch; Flémish",
            artist="Claude Monet; Paul Cézanne", qualifier="by; after",
            view="primary" if at == 1 else None,
        )
        for at, (begin, end) in enumerate(years)
    ]  # fmt: skip
    more = [
        Artwork(id="w1", image=f"{n}.jpg", view="alternate", year_begin=1874, year_end=1874,
                school="Dutch; Flémish")
        for n in (1, 2)
    ]  # fmt: skip
    with create_store(str(location), ModelIdentity("small", "ab" * 32, 8)) as store:
        store.upsert(
            [Point(w.point_id, {"visual": [1.0] * 8}, w.to_payload()) for w in (*works, *more)]
        )
    return works


def test_json(tmp_path: Path, artextract: Artextract) -> None:
    works = make_dated(tmp_path / "störe")
    ran = artextract(
        "collection", "info", "--store", tmp_path / "störe", "--format", "json", "--top", 1
    )
    assert (ran.code, ran.err) == (0, "")
    assert (
        "Flémish"
        in artextract("collection", "info", "--store", tmp_path / "störe", "--format", "json").out
    )
    said = json.loads(ran.out)
    files = [path for path in (tmp_path / "störe").rglob("*") if path.is_file()]
    assert 0 < said.pop("disk_bytes") <= sum(path.stat().st_size + 4096 for path in files)
    assert said.pop("created_by").startswith("artextract ")
    assert said.pop("engine").keys() == {"engine", "layout"}
    bins = said.pop("years")
    assert [span["works"] for span in bins] == [
        sum(
            span["begin"] <= (2 * (w.year_begin or w.year_end or 0) + length(w)) // 2 <= span["end"]
            for w in works
            if w.year_begin or w.year_end
        )
        for span in bins
    ]
    assert said == {
        "store": str(tmp_path / "störe"),
        "works": 6,
        "images": 8,
        "model": {"name": "small", "sha256": "ab" * 32},
        "classifier": None,
        "vectors": {"visual": 8},
        "format": 3,
        "facets": {
            "artist": {"Claude Monet": 6}, "school": {"Dutch": 6}, "qualifier": {"after": 6},
        },
        "undated": 1,
        "failed": 0,
        "notes": {},
    }  # fmt: skip


def length(work: Artwork) -> int:
    return work.year_end - work.year_begin if work.year_begin and work.year_end else 0


def test_a_histogram_as_text(tmp_path: Path, artextract: Artextract) -> None:
    make_dated(tmp_path / "store")
    out = artextract("collection", "info", "--store", tmp_path / "store").out
    assert "6, with 8 images" in out
    start = next(at for at, line in enumerate(out.splitlines()) if line.startswith("years"))
    rows = []
    for line in out.splitlines()[start:]:
        if match := re.fullmatch(r"(?:years)? +(-?\d+)(?: to (-?\d+))? +(\d+) ?(█*)", line):
            rows.append((int(match[1]), int(match[3]), len(match[4])))
    said = json.loads(
        artextract("collection", "info", "--store", tmp_path / "store", "--format", "json").out
    )  # fmt: skip
    assert [(first, works) for first, works, _ in rows] == [
        (span["begin"], span["works"]) for span in said["years"]
    ]
    most = max(works for _, works, _ in rows)
    for _, works, bar in rows:
        assert bool(bar) is bool(works)
        assert (bar == 40) is (works == most)
    assert re.search(r"^ +undated +1$", out, re.MULTILINE)


def test_an_empty_collection_as_json(tmp_path: Path, artextract: Artextract) -> None:
    store = make_store(tmp_path / "store", [])
    said = json.loads(artextract("collection", "info", "--store", store, "--format", "json").out)
    assert (said["works"], said["images"], said["years"], said["undated"]) == (0, 0, [], 0)
    assert said["facets"] == {}
    assert "years" not in artextract("collection", "info", "--store", store).out
