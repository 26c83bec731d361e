"""What a query's text may be: a file, a URL, or a work's id."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import Artextract, assert_one_sentence
from pictures import make_picture
from pytest_httpserver import HTTPServer

from artextract.catalog.artwork import Artwork
from artextract.cli.main import main
from artextract.errors import FetchError, ImageError, ModelError, QueryError, StoreMismatchError
from artextract.models.registry import DEFAULT_MODEL, find_model
from artextract.store import ModelIdentity, Point, Store, create_store, open_store
from search.reading import QueryReader

ROWS = [
    {"id": "nga:1", "file": "one.png", "title": "One", "artist": "Claude Monet"},
    {"id": "nga:2", "file": "two.png", "title": "", "artist": "Édouard Manet"},
    {"id": "nga:3", "file": "three.png", "title": "Three", "artist": ""},
    {"id": "rooms/one.jpg", "file": "four.png", "title": "Path", "artist": ""},
]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with pictures, a catalog, and the collection ``store`` made from them."""
    folder = tmp_path_factory.mktemp("gallery")
    for seed, row in enumerate(ROWS):
        make_picture(seed).save(folder / row["file"])
    with (folder / "works.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(ROWS[0]))
        writer.writeheader()
        writer.writerows(ROWS)
    words = ["ingest", "catalog", str(folder / "works.csv"), "--store", str(folder / "store")]
    with pytest.raises(SystemExit) as left:
        main(words)
    assert not left.value.code
    return folder


@pytest.fixture
def store(gallery: Path) -> Iterator[Store]:
    with open_store(str(gallery / "store")) as opened:
        yield opened


def stored_vector(store: Store, artwork_id: str) -> list[float]:
    (vector,) = (
        record.vectors["visual"]
        for record in store.scroll(with_vectors=True)
        if record.payload["id"] == artwork_id
    )
    return vector


def test_an_id(store: Store) -> None:
    query = QueryReader(store).read("nga:1")
    assert query.label == "One"
    assert query.artwork is not None
    assert (query.artwork.id, query.artwork.artist) == ("nga:1", "Claude Monet")
    assert query.point_ids == (query.artwork.point_id,)
    assert query.image is None
    assert query.vectors["visual"] == stored_vector(store, "nga:1")


def test_a_work_without_title_is_called_by_its_id(store: Store) -> None:
    assert QueryReader(store).read("nga:2").label == "nga:2"


def test_an_id_that_looks_like_a_path(store: Store) -> None:
    query = QueryReader(store).read("rooms/one.jpg")
    assert query.artwork is not None
    assert query.artwork.title == "Path"


def test_a_file_comes_before_an_id_of_the_same_name(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rooms").mkdir()
    make_picture(77).save(tmp_path / "rooms" / "one.jpg")
    monkeypatch.chdir(tmp_path)
    query = QueryReader(store).read("rooms/one.jpg")
    assert query.artwork is None
    assert query.image == (tmp_path / "rooms" / "one.jpg").read_bytes()


def test_an_unknown_id_names_the_closest(store: Store) -> None:
    with pytest.raises(QueryError) as raised:
        QueryReader(store).read("rooms/on.jpg")
    said = str(raised.value)
    assert said.startswith("there is no file 'rooms/on.jpg', and no artwork of that id")
    assert said.endswith("; closest ids: rooms/one.jpg")
    with pytest.raises(QueryError) as raised:
        QueryReader(store).read("zzzz")
    assert "closest" not in str(raised.value)


@pytest.mark.parametrize("text", ["a" * 300, "nul\0byte", "../" * 2000 + "x", "nga:1 ", "NGA:1"])
def test_text_that_is_neither_file_nor_id(store: Store, text: str) -> None:
    with pytest.raises(QueryError, match="no artwork of that id"):
        QueryReader(store).read(text)


def test_an_id_longer_than_a_file_name_can_be(tmp_path: Path) -> None:
    name = "https-museum-example-" + "a" * 300
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as opened:
        opened.upsert(
            [
                Point(
                    "00000000-0000-0000-0000-000000000001",
                    {"visual": [1.0] * 8},
                    {"id": name, "image": "a.jpg"},
                )
            ]
        )
        assert QueryReader(opened).read(name).label == name


def test_a_folder(store: Store, gallery: Path) -> None:
    with pytest.raises(QueryError, match="is a folder"):
        QueryReader(store).read(str(gallery))


def test_a_file_of_the_collection_is_recognised(store: Store, gallery: Path) -> None:
    path = shutil.copy(gallery / "one.png", gallery / "copy under another name.bin")
    query = QueryReader(store).read(str(path))
    assert query.label == "copy under another name.bin"
    assert query.artwork is not None
    assert query.artwork.id == "nga:1"
    assert query.point_ids == ()
    assert np.dot(query.vectors["visual"], stored_vector(store, "nga:1")) > 0.9999


def test_other_artists_with_a_file_of_the_collection(
    gallery: Path, tmp_path: Path, artextract: Artextract
) -> None:
    words = ("--store", gallery / "store", "--other-artists", "--format", "csv")
    ran = artextract("search", gallery / "one.png", *words)
    assert ran.code == 0
    ids = {row["id"] for row in csv.DictReader(ran.out.splitlines())}
    assert ids == {"nga:2", "nga:3", "rooms/one.jpg"}
    make_picture(0).save(tmp_path / "again.jpg", quality=60)
    other = artextract("search", tmp_path / "again.jpg", *words)
    assert_one_sentence(other, "'again.jpg'", "artist is known")


def test_a_file_that_is_no_work(store: Store, tmp_path: Path) -> None:
    make_picture(50).save(tmp_path / "other.png")
    query = QueryReader(store).read(str(tmp_path / "other.png"))
    assert query.artwork is None
    assert query.point_ids == ()
    assert np.linalg.norm(query.vectors["visual"]) == pytest.approx(1, abs=1e-5)


def test_a_file_that_is_no_picture(store: Store, gallery: Path) -> None:
    with pytest.raises(ImageError, match=r"works\.csv is not a JPEG, PNG, WebP,"):
        QueryReader(store).read(str(gallery / "works.csv"))


def test_a_file_whose_name_is_not_utf_8(
    gallery: Path, tmp_path: Path, artextract: Artextract
) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/caf\xe9.png"))
    shutil.copy(gallery / "three.png", path)
    for options in ((), ("--gallery", tmp_path / "a.html"), ("--sheet", tmp_path / "a.png")):
        make_picture(60).save(path)
        ran = artextract("search", path, "--store", gallery / "store", *options)
        assert ran.code == 0, ran.err
        assert "Traceback" not in ran.err


def test_a_url(store: Store, gallery: Path, httpserver: HTTPServer) -> None:
    data = (gallery / "two.png").read_bytes()
    httpserver.expect_request("/two.png").respond_with_data(data, content_type="image/png")
    url = httpserver.url_for("/two.png")
    query = QueryReader(store, allow_private=True).read(url)
    assert query.label == url
    assert query.image == data
    assert query.artwork is not None
    assert query.artwork.id == "nga:2"
    assert np.dot(query.vectors["visual"], stored_vector(store, "nga:2")) > 0.9999


def test_a_url_of_ones_own_network_is_refused(
    store: Store, gallery: Path, httpserver: HTTPServer, artextract: Artextract
) -> None:
    with pytest.raises(FetchError, match="not on the public internet"):
        QueryReader(store).read(httpserver.url_for("/two.png"))
    assert httpserver.log == []


def test_a_url_on_the_command_line(
    gallery: Path, httpserver: HTTPServer, artextract: Artextract
) -> None:
    data = (gallery / "two.png").read_bytes()
    httpserver.expect_request("/two.png").respond_with_data(data, content_type="image/png")
    words = ("search", httpserver.url_for("/two.png"), "--store", gallery / "store")
    assert_one_sentence(artextract(*words), "--allow-private-addresses")
    ran = artextract(*words, "--allow-private-addresses", "-k", 1, "--format", "csv")
    assert [row["id"] for row in csv.DictReader(ran.out.splitlines())] == ["nga:2"]
    missing = ("search", httpserver.url_for("/no.png"), "--store", gallery / "store")
    assert artextract(*missing, "--allow-private-addresses").code == 1


@pytest.fixture(scope="module")
def moved(gallery: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A collection whose model file was moved, and where the file is now."""
    folder = tmp_path_factory.mktemp("moved")
    first, second = folder / "first.onnx", folder / "second.onnx"
    shutil.copy(find_model(DEFAULT_MODEL).path, first)
    words = ["ingest", "catalog", gallery / "works.csv", "--store", folder / "store"]
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in [*words, "--model", first]])
    assert not left.value.code
    first.rename(second)
    return folder / "store", second


def test_a_model_that_was_moved(moved: tuple[Path, Path], gallery: Path) -> None:
    location, model = moved
    with open_store(str(location)) as opened:
        assert QueryReader(opened).read("nga:1").label == "One"  # an id needs no model
        with pytest.raises(ModelError, match=r"first\.onnx"):
            QueryReader(opened).read(str(gallery / "one.png"))
        query = QueryReader(opened, model=str(model)).read(str(gallery / "one.png"))
        assert query.artwork is not None
        assert query.artwork.id == "nga:1"
        other = model.with_name("other.onnx")
        other.write_bytes(model.read_bytes() + b" ")
        with pytest.raises(StoreMismatchError, match="another checksum"):
            QueryReader(opened, model=str(other)).read(str(gallery / "one.png"))


MUSEUM = [
    Artwork(
        id="nga:96999", image="a", source="nga", title="Miss Beatrice", accession="2006.128.31",
        wikidata="Q20189519", artist="John Singer Sargent", artist_id="1858", ulan="500023972",
        artist_wikidata="Q155626", qualifier="by", view="primary",
    ),
    Artwork(
        id="nga:96999", image="b", source="nga", title="Miss Beatrice", accession="2006.128.31",
        wikidata="Q20189519", artist="John Singer Sargent", artist_id="1858", ulan="500023972",
        artist_wikidata="Q155626", qualifier="by", view="alternate",
    ),
    Artwork(
        id="nga:1858", image="c", source="nga", title="Called like an artist", accession="1937.1.1",
        artist="Thomas Sully; John Singer Sargent", artist_id="1915; 1858", qualifier="by; after",
        ulan="-; 500023972", artist_wikidata="-; Q155626",
    ),
    Artwork(id="nga:7", image="d", source="nga", title="Pair, left", accession="1940.1.1"),
    Artwork(id="nga:8", image="e", source="nga", title="Pair, right", accession="1940.1.1"),
    Artwork(id="1940.1.1", image="f", source="other", title="Its id is their number"),
    Artwork(id="other:96999", image="g", source="other", title="Same number elsewhere"),
    Artwork(id="nga-9", image="h", source="nga", title="No prefix", accession="INV. \u00c9 12"),
    Artwork(id="nga:10", image="i", source="nga", title="", accession="1950.1.1; 1950.1.2"),
    Artwork(id="nga:11", image="j", title="No source", wikidata="Q11"),
]  # fmt: skip


@pytest.fixture(scope="module")
def museum(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    location = tmp_path_factory.mktemp("museum") / "store"
    with create_store(str(location), ModelIdentity("small", "0" * 64, 8)) as opened:
        opened.upsert(
            [
                Point(work.point_id, {"visual": [1.0, at, 0, 0, 0, 0, 0, 0]}, work.to_payload())
                for at, work in enumerate(MUSEUM)
            ]
        )
        yield opened


@pytest.mark.parametrize(
    ("text", "artwork_id"),
    [
        ("nga:96999", "nga:96999"),
        ("other:96999", "other:96999"),
        ("2006.128.31", "nga:96999"),
        ("Q20189519", "nga:96999"),
        ("q20189519", "nga:96999"),
        ("1858", "nga:1858"),  # a work before an artist
        ("nga:1858", "nga:1858"),
        ("1940.1.1", "1940.1.1"),  # an id before a number
        ("inv. e 12", "nga-9"),
        ("1950.1.1", "nga:10"),
        ("1950.1.2", "nga:10"),
        ("Q11", "nga:11"),
    ],
)
def test_a_work_by_any_of_its_numbers(text: str, artwork_id: str, museum: Store) -> None:
    query = QueryReader(museum).read(text)
    assert query.artwork is not None
    assert query.artwork.id == artwork_id
    own = {work.point_id for work in MUSEUM if work.id == artwork_id}
    assert set(query.point_ids) == own
    assert query.label == (query.artwork.title or artwork_id)


def test_all_images_of_a_work_are_the_query_and_the_primary_one_is_shown(
    museum: Store,
) -> None:
    for text in ("nga:96999", "2006.128.31"):
        query = QueryReader(museum).read(text)
        assert query.artwork == MUSEUM[0]
        assert query.point_ids == (MUSEUM[0].point_id, MUSEUM[1].point_id)
        assert query.vectors["visual"] == stored_vectors(museum)[MUSEUM[0].point_id]


def stored_vectors(store: Store) -> dict[str, list[float]]:
    return {record.id: record.vectors["visual"] for record in store.scroll(with_vectors=True)}


def test_a_number_that_several_works_share(museum: Store) -> None:
    with pytest.raises(QueryError) as raised:
        QueryReader(museum).read("96999")
    assert str(raised.value) == (
        "2 artworks have the number '96999': nga:96999, other:96999; give one of these ids"
    )


@pytest.mark.parametrize(
    ("text", "works"), [("500023972", 2), ("Q155626", 2), ("q155626", 2), ("1915", 1)]
)
def test_an_artists_number_is_refused_with_a_hint(text: str, works: int, museum: Store) -> None:
    with pytest.raises(QueryError) as raised:
        QueryReader(museum).read(text)
    said = str(raised.value)
    assert said.startswith(f"{text!r} is an artist, not an artwork")
    assert f"({works} here)" in said
    assert said.endswith(f"`artist` {text}")


@pytest.mark.parametrize("text", ["-", "11", "nga", "nga:", "2006.128", "500", "by", "Q", "9"])
def test_what_is_nobodys_number(text: str, museum: Store) -> None:
    with pytest.raises(QueryError, match="no artwork of that id"):
        QueryReader(museum).read(text)


def test_every_number_against_a_plain_loop(museum: Store) -> None:
    texts = {number for work in MUSEUM for number in own_numbers(work)}
    texts |= {work.id for work in MUSEUM}
    for text in texts:
        expected = {work.id for work in MUSEUM if work.id == text} or {
            work.id for work in MUSEUM if text in own_numbers(work)
        }
        if len(expected) > 1:
            with pytest.raises(QueryError) as raised:
                QueryReader(museum).read(text)
            assert all(work in str(raised.value) for work in expected)
        else:
            query = QueryReader(museum).read(text)
            assert query.artwork is not None
            assert {query.artwork.id} == expected


def own_numbers(work: Artwork) -> set[str]:
    numbers = set((work.accession or "").split("; ")) | {work.wikidata or ""}
    if work.source and work.id.startswith(work.source + ":"):
        numbers.add(work.id.partition(":")[2])
    return numbers - {""}
