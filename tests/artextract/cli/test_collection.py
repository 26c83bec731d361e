"""``artextract collection save``, end to end."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from commands import Artextract, assert_one_sentence
from iiif import find_errors
from pictures import make_catalog

from artextract.catalog.artwork import Artwork
from artextract.catalog.reading import read_catalog
from artextract.store import ModelIdentity, Point, create_store, open_store

MODEL = ModelIdentity("small", "0a" * 32, 4)

WORKS = [
    Artwork(id="w1", image="w1", title="Lilies", image_url="https://m.example/1.jpg",
            iiif="https://iiif.example/1", open_access=True, view="primary"),
    Artwork(id="w1", image="w1-back", title="Lilies", image_url="https://m.example/1b.jpg",
            view="alternate"),
    Artwork(id="w2", image="scans/2.jpg", title="A scan", extra={"room": 12}),
]  # fmt: skip


def make_store(folder: Path, works: Sequence[Artwork]) -> Path:
    with create_store(str(folder), MODEL) as store:
        store.upsert(
            [
                Point(
                    work.point_id,
                    {"visual": [1.0, number, 0, 0]},
                    {**work.to_payload(), "width": 64, "height": 48, "image_sha256": work.image},
                )
                for number, work in enumerate(works)
            ]
        )
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_store(tmp_path_factory.mktemp("collection") / "my-store", WORKS)


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_a_table_holds_the_collection(
    artextract: Artextract, store: Path, ending: str, tmp_path: Path
) -> None:
    out = tmp_path / f"works{ending}"
    ran = artextract("collection", "save", "--store", store, "--out", out)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{out}: 2 artworks, 3 images, model small, sha256 {'0a' * 32}\n"
    works = [work for _, work in read_catalog(out)]
    rooms = [{}, {}, {"room": "12" if ending == ".csv" else 12}]
    assert [dict(work.extra) for work in works if isinstance(work, Artwork)] == rooms
    assert [getattr(work, "point_id", None) for work in works] == [w.point_id for w in WORKS]


def test_a_manifest_shows_what_can_be_fetched_and_counts_the_rest(
    artextract: Artextract, store: Path, tmp_path: Path
) -> None:
    out = tmp_path / "manifest.json"
    url = "https://museum.example/iiif/manifest.json"
    ran = artextract("collection", "save", "--store", store, "--out", out, "--id", url)
    assert ran.code == 0
    assert ran.out == f"{out}: 1 artworks, 2 images, model small, sha256 {'0a' * 32}\n"
    assert ran.err == (
        "Left out of the manifest: 1 images, because the image is a local file, which has no URL.\n"
    )
    manifest = json.loads(out.read_text(encoding="utf-8"))
    assert find_errors(manifest) == []
    assert manifest["id"] == url
    assert manifest["label"] == {"none": ["my-store"]}
    assert [canvas["id"] for canvas in manifest["items"]] == [
        f"https://museum.example/iiif/canvas/{work.point_id}" for work in WORKS[:2]
    ]


def test_a_collection_that_was_published_can_be_ingested_again(
    artextract: Artextract, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    catalog = make_catalog(
        images,
        [
            {"id": "a", "file": "a.jpg", "title": "Ä", "display_date": "c. 1880", "room": "1"},
            {"id": "b", "file": "b.jpg", "artist": "Jo", "open_access": "1", "height_cm": "2.5"},
        ],
    )
    stores = [tmp_path / "first", tmp_path / "second"]
    out = tmp_path / "catalog.csv"
    assert artextract("ingest", "catalog", catalog, "--store", stores[0]).code == 0
    assert artextract("collection", "save", "--store", stores[0], "--out", out).code == 0
    again = artextract("ingest", "catalog", out, "--images", images, "--store", stores[1])
    assert "embedded 2," in again.out
    payloads = []
    for folder in stores:
        with open_store(str(folder)) as opened:
            payloads.append({record.id: record.payload for record in opened.scroll()})
    assert payloads[0] == payloads[1]


def test_what_is_refused(artextract: Artextract, store: Path, tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_text("old")
    cases = [
        (("--out", tmp_path / "a.xlsx"), ("a.xlsx", "names no format", ".parquet")),
        (("--out", tmp_path / "a.csv", "--format", "iiif"), ("ending of format csv",)),
        (("--out", tmp_path / "no" / "a.csv"), ("there is no folder", "make it first")),
        (("--out", tmp_path / "old.csv"), ("exists already", "replace it with --force")),
        (("--out", tmp_path, "--format", "csv"), ("is a folder",)),
        (("--out", tmp_path / "a.json", "--id", "urn:1"), ("urn:1", "http or https URL")),
    ]
    for words, parts in cases:
        assert_one_sentence(artextract("collection", "save", "--store", store, *words), *parts)
    usage = artextract(
        "collection", "save", "--store", store, "--out", tmp_path / "a.csv", "--id", "http://a.b"
    )
    assert usage.code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["old.csv"]


def test_an_empty_collection_and_one_that_is_missing(
    artextract: Artextract, tmp_path: Path
) -> None:
    empty, out = make_store(tmp_path / "empty", []), tmp_path / "a.csv"
    ran = artextract("collection", "save", "--store", empty, "--out", out)
    assert_one_sentence(ran, "holds no artworks", "artextract ingest")
    ran = artextract("collection", "save", "--store", tmp_path / "none", "--out", out)
    assert_one_sentence(ran, "there is no store")
    assert not out.exists()


def test_a_collection_of_local_files_makes_no_manifest(
    artextract: Artextract, tmp_path: Path
) -> None:
    folder = make_store(tmp_path / "store", WORKS[2:])
    out = tmp_path / "a.json"
    ran = artextract("collection", "save", "--store", folder, "--out", out)
    assert_one_sentence(ran, "can show none of 1 images", "image_url or iiif")
    assert not out.exists()


def test_force_replaces_a_file(artextract: Artextract, store: Path, tmp_path: Path) -> None:
    out = tmp_path / "works.csv"
    out.write_text("old")
    assert artextract("collection", "save", "--store", store, "--out", out, "--force").code == 0
    assert out.read_text(encoding="utf-8").startswith("id,")
