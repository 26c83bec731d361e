"""Pictures that can no longer be read are shown as thumbnails, and it is said."""

from pathlib import Path

from commands import Artextract
from pictures import make_folder


def test_moved_pictures_are_counted_and_named(tmp_path: Path, artextract: Artextract) -> None:
    folder = tmp_path / "pictures"
    make_folder(folder, 4)
    store = tmp_path / "store"
    assert artextract("ingest", "folder", folder, "--store", store).code == 0
    words = ("search", "000.jpg", "--store", store, "--gallery", tmp_path / "a.html")
    assert "can no longer be read" not in artextract(*words).err

    (folder / "001.jpg").unlink()
    (folder / "003.jpg").write_bytes(b"no picture any more")
    ran = artextract(*words, "--sheet", tmp_path / "a.png")
    assert ran.code == 0
    assert "2 images can no longer be read where they were ingested from" in ran.err
    assert str(folder.resolve() / "001.jpg") in ran.err
    assert (tmp_path / "a.html").read_text().count("data:image/jpeg") == 4
