"""``artextract info``: counts, model and names."""

from pathlib import Path

import pytest
from commands import Artextract

from artextract.artwork import Artwork
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
    return {line[:9].strip(): line[9:] for line in out.splitlines()}


def test_counts_model_and_names(tmp_path: Path, artextract: Artextract) -> None:
    names = ["Edgar Degas"] * 3 + ["Claude Monet"] * 4 + ["Berthe Morisot"] * 2 + [None]
    names += ["Mary Cassatt"] * 5 + ["Paul Cézanne"] * 6 + ["El Greco"]
    store = make_store(tmp_path / "store", names)
    ran = artextract("info", "--store", store)
    assert (ran.code, ran.err) == (0, "")
    said = lines_of(ran.out)
    assert said["works"] == str(len(names))
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
    said = lines_of(artextract("info", "--store", make_store(tmp_path / "store", names)).out)
    assert said["artist"].endswith(")")


def test_an_empty_collection(tmp_path: Path, artextract: Artextract) -> None:
    said = lines_of(artextract("info", "--store", make_store(tmp_path / "store", [])).out)
    assert said["works"] == "0"
    assert "artist" not in said
