"""The demo's facts of the NGA's paintings: the packaged ones, and how they are made."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from nga_generator import write_tables

from artextract.catalog.artwork import Artwork
from benchmarks.nga_demo import ARTISTS, COUNT, FOLDER, MAX_BYTES, PER_ARTIST, choose, read, write


def test_the_packaged_facts() -> None:
    artworks = read(FOLDER)
    assert 20 <= len(artworks) <= COUNT
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MAX_BYTES
    assert len({artwork.id for artwork in artworks}) == len(artworks)
    for artwork in artworks:
        assert artwork.artist in ARTISTS
        assert artwork.title
        assert artwork.medium
        assert artwork.year_begin
        assert artwork.open_access
        assert artwork.image_url == (
            f"https://api.nga.gov/iiif/{artwork.image}/full/!640,640/0/default.jpg"
        )
    centuries = {artwork.year_begin // 100 for artwork in artworks if artwork.year_begin}
    assert centuries >= {14, 15, 17, 18}


def test_the_reduced_tables_give_the_artworks_of_the_whole(tmp_path: Path) -> None:
    write_tables(tmp_path / "tables", objects=6000, seed=3)
    whole = read(tmp_path / "tables")
    chosen = [each for each in whole if each.qualifier == "by" and each.artist_id][:20]
    assert len(chosen) == 20
    write(tmp_path / "tables", chosen, tmp_path / "reduced")
    # The whole tables may allow an image in a smaller size only.
    expected = [replace(artwork, image_url=None) for artwork in chosen]
    assert [replace(artwork, image_url=None) for artwork in read(tmp_path / "reduced")] == expected


def test_artists_take_turns() -> None:
    artworks = [
        Artwork(id=f"{number}", image="i", artist=artist, qualifier="by", year_begin=1650)
        for number, artist in enumerate(["Jan Steen"] * 9 + ["Frans Hals"] * 2 + ["Nobody"])
    ]  # fmt: skip
    chosen = [artwork.artist for artwork in choose(artworks)]
    assert Counter(chosen) == {"Jan Steen": PER_ARTIST, "Frans Hals": 2}
    assert chosen[:4] == ["Frans Hals", "Jan Steen"] * 2
