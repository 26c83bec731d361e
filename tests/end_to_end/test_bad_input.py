"""Bad input ends in one sentence that says what to do, never in a traceback."""

import json
import shutil
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import PIL.Image
import polars as pl
import pytest
from commands import Artextract, assert_one_sentence
from pictures import make_catalog, make_folder, make_picture

from artextract.models.registry import DEFAULT_MODEL, ModelFile, find_model
from artextract.store import ModelIdentity, create_store, open_store

WORKS = 800
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with three good pictures."""
    folder = tmp_path / "pictures"
    make_folder(folder, 3)
    return folder


@pytest.fixture
def store(tmp_path: Path, pictures: Path, artextract: Artextract) -> Path:
    """A collection of the three pictures."""
    location = tmp_path / "store"
    assert artextract("ingest", "folder", pictures, "--store", location).code == 0
    return location


def write_bomb(path: Path, side: int = 30_000) -> None:
    """Write a valid PNG of side x side black pixels in about 100 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    packer = zlib.compressobj(9)
    row = bytes(side // 8 + 2)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def make_text(path: Path) -> None:
    path.write_text("This is not a picture.")


def make_truncated(path: Path) -> None:
    make_picture(1, (300, 200)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:2000])


def make_empty(path: Path) -> None:
    path.write_bytes(b"")


BROKEN = [
    (make_text, "text.jpg", "is not a JPEG, PNG, WebP,"),
    (make_truncated, "cut.jpg", "damaged or truncated"),
    (write_bomb, "bomb.png", "30000 x 30000 = 900,000,000 pixels"),
    (make_empty, "empty.png", "is empty (0 bytes)"),
]


@pytest.mark.parametrize(("make", "name", "reason"), BROKEN, ids=[b[1] for b in BROKEN])
def test_broken_picture_is_skipped_named_and_retried(
    make: Callable[[Path], None],
    name: str,
    reason: str,
    pictures: Path,
    tmp_path: Path,
    artextract: Artextract,
) -> None:
    make(pictures / name)
    store = tmp_path / "store"
    ran = artextract("ingest", "folder", pictures, "--store", store)
    assert ran.code == 0
    assert "embedded 3, updated 0, unchanged 0, failed 1; 3 artworks" in ran.out
    assert reason in ran.err
    assert "Traceback" not in ran.err
    (entry,) = map(json.loads, (store / "failures.jsonl").read_text().splitlines())
    assert entry["key"] == name
    assert reason in entry["reason"]

    again = artextract("ingest", "folder", pictures, "--store", store, "--retry-failed")
    assert_one_sentence(again, "none of the 1 artworks can be ingested", reason)
    make_picture(9).save(pictures / name)
    mended = artextract("ingest", "folder", pictures, "--store", store, "--retry-failed")
    assert mended.code == 0
    assert "embedded 1, updated 0, unchanged 0, failed 0; 4 artworks" in mended.out
    assert not (store / "failures.jsonl").exists()


@pytest.mark.parametrize(("make", "name", "reason"), BROKEN, ids=[b[1] for b in BROKEN])
def test_broken_picture_as_query(
    make: Callable[[Path], None],
    name: str,
    reason: str,
    store: Path,
    tmp_path: Path,
    artextract: Artextract,
) -> None:
    make(tmp_path / name)
    assert_one_sentence(artextract("search", tmp_path / name, "--store", store), reason)


def test_folder_with_nothing_but_broken_pictures(tmp_path: Path, artextract: Artextract) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    make_text(folder / "a.jpg")
    ran = artextract("ingest", "folder", folder, "--store", tmp_path / "store")
    assert_one_sentence(ran, "none of the 1 artworks can be ingested", "a.jpg is not a JPEG")


def test_paths_that_are_wrong(tmp_path: Path, pictures: Path, artextract: Artextract) -> None:
    missing = tmp_path / "missing"
    store = tmp_path / "new-store"
    empty = tmp_path / "empty"
    empty.mkdir()
    for words, expected in [
        (("folder", missing), "there is no folder"),
        (("folder", pictures / "000.jpg"), "is not a folder"),
        (("folder", empty), "holds no image file"),
        (("catalog", missing), "is not a catalog"),
        (("catalog", tmp_path / "missing.csv"), "there is no catalog"),
    ]:
        assert_one_sentence(artextract("ingest", *words, "--store", store), expected)
    assert not store.exists()
    assert_one_sentence(artextract("search", "x", "--store", missing), "there is no store at")
    assert_one_sentence(
        artextract("collection", "info", "--store", missing), "there is no store at"
    )


def test_catalog_without_an_image_column(tmp_path: Path, artextract: Artextract) -> None:
    catalog = tmp_path / "works.csv"
    catalog.write_text("title,artist\nLilies,Monet\n")
    ran = artextract("ingest", "catalog", catalog, "--store", tmp_path / "store")
    assert_one_sentence(ran, "no column for the image", "title, artist", "--map file=COLUMN")


def test_catalog_rows_that_can_not_be_used(tmp_path: Path, artextract: Artextract) -> None:
    catalog = make_catalog(
        tmp_path / "works",
        [{"id": "a", "file": "a.jpg", "year": 1880}, {"id": "b", "file": "b.jpg", "year": 1881}],
    )
    with catalog.open("a") as file:
        file.write("a,a.jpg,1880\n")  # row 3: an id used twice
        file.write("d,../../secret.jpg,1880\n")  # row 4: outside
        file.write("e,e.jpg,MDCCC\n")  # row 5: no such picture, and no year
        file.write("f,f.jpg\n")  # row 6: too short
        file.write("g,g.jpg,1880\n")  # row 7: no such picture
    store = tmp_path / "store"
    ran = artextract("ingest", "catalog", catalog, "--store", store)
    assert ran.code == 0
    assert "embedded 2, updated 0, unchanged 0, failed 5; 2 artworks" in ran.out
    for expected in (
        "catalog.csv row 3: id 'a' is already used by row 1",
        "catalog.csv row 4: image '../../secret.jpg' points outside the images' folder",
        "catalog.csv row 6: line 7 has 2 values for 3 columns",
        "there is no file",
    ):
        assert expected in ran.err
    assert "dates that are not understood: 1, such as 'MDCCC' (e)" in ran.out


def test_questions_that_can_not_be_answered(
    store: Path, pictures: Path, artextract: Artextract
) -> None:
    query = pictures / "000.jpg"
    for words, expected in [
        ((query, "--years", "abc:"), "years 'abc:' can't be read"),
        ((query, "--years", "1890:1870"), "end before they begin"),
        ((query, "--by", "colour"), "unknown aspect 'colour'; this collection has: composition"),
        ((query, "--artist", "Monet"), "no artwork in this collection has its artist recorded"),
        (("002.jgp",), "closest ids: 002.jpg"),
        ((pictures,), "is a folder"),
        (("000.jpg", "--unlike", "000.jpg", "--like", "000.jpg", "--text", "?"), "no word"),
        (("000.jpg", "--other-artists"), "whose artist is known"),
        ((query, "--where", "colour=red"), "no artwork has a field 'colour'"),
        ((query, "--where", "colour"), "write KEY=VALUE"),
        ((query, "--sheet", "sheet.gif"), "must end in .png or .jpg"),
        ((query, "--gallery", "/no/such/folder/page.html"), "there is no folder"),
        (("http://127.0.0.1:9/a.jpg",), "not on the public internet"),
        ((query, "--device", "cuda"), "cuda"),
        ((query, "--model", "vgg"), "unknown model 'vgg'"),
    ]:
        assert_one_sentence(artextract("search", *words, "--store", store), expected)


def test_usage_errors_exit_with_2(store: Path, artextract: Artextract) -> None:
    for words in [
        ("search", "--within", "--store", store),
        ("search", "--unlike", "000.jpg", "--store", store),
        ("search", "-k", "0"),
        ("serch",),
        ("ingest", "folder"),
        ("search", "--nonsense"),
    ]:
        ran = artextract(*words)
        assert ran.code == 2, ran
        assert "Traceback" not in ran.err


def test_unknown_aspect_and_model_at_ingest(
    pictures: Path, tmp_path: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("artextract.cli.model_name._NEEDED", ("no_such_package",))
    words = ("ingest", "folder", pictures, "--store", tmp_path / "store")
    assert_one_sentence(artextract(*words, "--aspects", "visual,mood"), "unknown aspect 'mood'")
    assert_one_sentence(artextract(*words, "--model", "vgg16"), "unknown model 'vgg16'")
    assert_one_sentence(artextract(*words, "--model", "resnet50"), "artextract export embedder")
    assert_one_sentence(artextract(*words, "--model", "no.onnx"), "there is no model file no.onnx")
    assert not (tmp_path / "store").exists()


def test_store_made_with_another_model(
    pictures: Path, tmp_path: Path, artextract: Artextract
) -> None:
    location = tmp_path / "store"
    other = ModelIdentity("resnet50", "ab" * 32, 2048)
    create_store(str(location), other).close()
    ran = artextract("ingest", "folder", pictures, "--store", location)
    assert_one_sentence(ran, "made with model resnet50 (abababababab)", f"{DEFAULT_MODEL} (")
    with open_store(str(location)) as opened:
        assert opened.manifest.model == other


def test_model_file_that_has_changed(
    pictures: Path, tmp_path: Path, artextract: Artextract
) -> None:
    model = tmp_path / "mine.onnx"
    shutil.copy(find_model(DEFAULT_MODEL).path, model)
    store = tmp_path / "store"
    assert artextract("ingest", "folder", pictures, "--store", store, "--model", model).code == 0
    assert artextract("search", pictures / "000.jpg", "--store", store).code == 0
    model.write_bytes(model.read_bytes() + b" ")
    assert ModelFile("mine", model).sha256 != find_model(DEFAULT_MODEL).sha256
    ran = artextract("search", pictures / "000.jpg", "--store", store)
    assert_one_sentence(ran, "another checksum", "--model")
    again = artextract("search", pictures / "000.jpg", "--store", store, "--model", DEFAULT_MODEL)
    assert again.code == 0


def test_store_that_another_process_holds(
    store: Path, pictures: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, artextract.store\n"
            "with artextract.store.open_store(sys.argv[1]):\n"
            "    print('held', flush=True); sys.stdin.read()",
            str(store),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setattr(open_store, "__kwdefaults__", {"wait_seconds": 0.3})
        begun = time.monotonic()
        ran = artextract("search", "000.jpg", "--store", store)
        assert time.monotonic() - begun >= 0.3
        assert_one_sentence(ran, f"is held by process {holder.pid}", str(store), "since 20")
        assert holder.stdin is not None
        holder.stdin.close()
    assert artextract("search", "000.jpg", "--store", store).code == 0


def test_waits_for_a_store_that_is_soon_free(store: Path, artextract: Artextract) -> None:
    code = (
        "import sys, time, artextract.store\n"
        "with artextract.store.open_store(sys.argv[1]):\n"
        "    print('held', flush=True); time.sleep(1)"
    )
    command = [sys.executable, "-c", code, str(store)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert artextract("search", "000.jpg", "--store", store).code == 0


def test_folder_that_is_no_store(pictures: Path, artextract: Artextract) -> None:
    ran = artextract("ingest", "folder", pictures, "--store", pictures)
    assert_one_sentence(ran, "is not a store and not empty", "000.jpg")
    file = pictures / "000.jpg"
    ran = artextract("ingest", "folder", pictures, "--store", file)
    assert_one_sentence(ran, "is a file")


def test_damaged_store(store: Path, artextract: Artextract) -> None:
    vectors = next(store.glob("shard/segments/*/vector_storage-visual/vectors/chunk_0.mmap"))
    with vectors.open("r+b") as file:
        file.truncate(1000)
    assert_one_sentence(artextract("search", "000.jpg", "--store", store), "the store is damaged")
    (store / "manifest.json").write_text("{")
    assert_one_sentence(
        artextract("search", "000.jpg", "--store", store), "manifest.json is damaged"
    )


def test_nothing_is_ingested_into_a_read_only_folder(
    read_only: Callable[[Path], Path], store: Path, pictures: Path, artextract: Artextract
) -> None:
    medium = read_only(store)
    ran = artextract("ingest", "folder", pictures, "--store", medium / "new")
    assert_one_sentence(ran, "can't be made (Read-only file system)")
    ran = artextract("ingest", "folder", pictures, "--store", medium)
    assert_one_sentence(ran, "can't be locked (Read-only file system)")


def test_what_reads_works_on_a_read_only_medium(
    read_only: Callable[[Path], Path], store: Path, pictures: Path, tmp_path: Path,
    artextract: Artextract, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    monkeypatch.setenv("ARTEXTRACT_CACHE", str(tmp_path / "cache"))
    words = (
        ("search", "000.jpg"), ("search", pictures / "001.jpg"), ("collection", "info"),
        ("explain", "000.jpg", "001.jpg"),
        ("collection", "save", "--out", tmp_path / "saved.csv", "--force"),
        ("ingest", "folder", pictures, "--dry-run"),
    )  # fmt: skip
    before = [artextract(*command, "--store", store) for command in words]
    files = snapshot(store)
    medium = read_only(store)
    for command, expected in zip(words, before, strict=True):
        ran = artextract(*command, "--store", medium)
        assert ran.code == 0, (command, ran.err)
        assert ran.out == expected.out.replace(str(store), str(medium))
    assert caplog.text.count(f"Store {medium} can't be written to; it is copied to") == 1
    assert len(pl.read_csv(tmp_path / "saved.csv")) == 3
    assert snapshot(store) == files


def snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    return {each: (each.stat().st_mtime_ns, each.stat().st_size) for each in folder.rglob("*")}


def test_full_disk_stops_the_run_and_keeps_what_is_stored(
    mount: Callable[..., Path], tmp_path: Path, start_artextract: Start
) -> None:
    folder = tmp_path / "many"
    make_folder(folder, WORKS)
    point = mount("size=700m")
    words = ("ingest", "folder", folder, "--store", point / "store", "--batch-size", 1)
    run = start_artextract(*words)
    while run.poll() is None and not (point / "store" / "manifest.json").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    filler = point / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(point).free - (120 << 20)))
    out, err = run.communicate()
    assert run.returncode == 1, (out, err)
    assert "Traceback" not in err
    (sentence,) = [line for line in err.splitlines() if line.startswith("Error: ")]
    assert "MiB free" in sentence
    assert "what is stored is kept" in sentence

    run = start_artextract("collection", "info", "--store", point / "store")
    assert "free some space" in run.communicate()[1]
    filler.unlink()
    with open_store(str(point / "store")) as opened:
        kept = opened.count()
    assert 0 < kept < WORKS
    run = start_artextract(*words)
    out, err = run.communicate()
    assert run.returncode == 0, err
    assert f"embedded {WORKS - kept}, updated 0, unchanged {kept}," in out


def test_disk_that_is_full_from_the_start(
    mount: Callable[..., Path], pictures: Path, artextract: Artextract
) -> None:
    ran = artextract("ingest", "folder", pictures, "--store", mount("size=8m") / "store")
    assert_one_sentence(ran, "MiB free, and 480 MiB", "free some space")


def test_pictures_of_one_colour_come_in_like_others(tmp_path: Path, artextract: Artextract) -> None:
    (tmp_path / "blank").mkdir()
    for name, colour in (("grey", (90, 90, 90)), ("white", (255, 255, 255)), ("black", (0, 0, 0))):
        PIL.Image.new("RGB", (120, 90), colour).save(tmp_path / "blank" / f"{name}.png")
    store = tmp_path / "store"
    ran = artextract("ingest", "folder", tmp_path / "blank", "--store", store)
    assert ran.code == 0, ran.err
    assert "embedded 3" in ran.out
    ran = artextract("search", "grey.png", "--store", store, "--by", "composition")
    assert_one_sentence(ran, "nothing but one colour", "--by composition")
    assert artextract("search", "grey.png", "--store", store).code == 0
