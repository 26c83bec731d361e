"""Manifests: valid by the schema of IIIF, stable, and true to what is known of the works."""

import copy
import dataclasses
import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from iiif import find_errors, find_ids

from artextract.catalog.artwork import Artwork
from artextract.catalog.writing.entries import Entry
from artextract.catalog.writing.iiif_canvas import CC0
from artextract.catalog.writing.save import save_entries
from artextract.errors import InputError
from artextract.store import ModelIdentity

MODEL = ModelIdentity("tiny", "ab" * 32, 6)

SERVED = Artwork(
    id="nga:1", image="nga-1", title="Lilies; or, the Pond", artist="Claude Monet; Jo Maler",
    attribution="Attributed to Claude Monet", display_date="c. 1900", medium="oil on canvas",
    credit_line="Gift of A; and B", accession="1.2", ulan="500019484; -", wikidata="Q123; x",
    alt_text="<water>", page_url="https://museum.example/works/größe 1", open_access=True,
    image_url="https://iiif.example/abc/full/!640,640/0/default.jpg",
    iiif="https://iiif.example/abc/",
)  # fmt: skip
PLAIN = Artwork(id="plain", image="https://pictures.example/ü b.png", open_access=False)
LOCAL = Artwork(id="local", image="scans/1.jpg", page_url="javascript:alert(1)")
UNSIZED = Artwork(id="unsized", image="https://pictures.example/c.jpg")


def to_entry(artwork: Artwork, width: int | None = 640, **more: Any) -> Entry:
    size = {"width": width, "height": 480} if width else {}
    return Entry(artwork.point_id, {**artwork.to_payload(), **size}, **more)


def make(path: Path, *entries: Entry, **options: Any) -> dict[str, Any]:
    """Save a manifest, check it against the schema, and return it."""
    save_entries(path, list(entries), MODEL, force=True, **options)
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    assert find_errors(manifest) == []
    ids = find_ids(manifest)
    assert len(ids) == len(set(ids))
    return manifest


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "works.json"


def test_what_a_manifest_says_of_a_work(out: Path) -> None:
    manifest = make(out, to_entry(SERVED))
    (canvas,) = manifest["items"]
    assert (canvas["width"], canvas["height"]) == (640, 480)
    assert canvas["label"] == {
        "none": ["Lilies; or, the Pond, Attributed to Claude Monet, c. 1900"]
    }
    assert canvas["rights"] == CC0
    assert canvas["summary"] == {"none": ["<water> "]}  # a blank: it is no HTML
    assert canvas["requiredStatement"] == {
        "label": {"en": ["Credit line"]}, "value": {"none": ["Gift of A; and B"]},
    }  # fmt: skip
    assert canvas["homepage"][0]["id"] == "https://museum.example/works/gr%C3%B6%C3%9Fe%201"
    (see_also,) = canvas["seeAlso"]
    assert see_also["id"] == "https://www.wikidata.org/wiki/Special:EntityData/Q123.json"
    pairs = {pair["label"]["en"][0]: pair["value"]["none"] for pair in canvas["metadata"]}
    assert pairs["Title"] == ["Lilies; or, the Pond"]
    assert pairs["Artist"] == ["Claude Monet", "Jo Maler"]
    assert pairs["Artist in Getty ULAN"] == ["500019484"]
    assert pairs["Identifier"] == ["nga:1"]
    assert "Rank" not in pairs


def test_how_a_viewer_gets_at_the_picture_of_an_image_service(out: Path) -> None:
    (canvas,) = make(out, to_entry(SERVED))["items"]
    service = {
        "@id": "https://iiif.example/abc", "@type": "ImageService2",
        "profile": "http://iiif.io/api/image/2/level2.json",
    }  # fmt: skip
    (page,) = canvas["items"]
    (annotation,) = page["items"]
    assert annotation["motivation"] == "painting"
    assert annotation["target"] == canvas["id"]
    assert annotation["body"] == {
        "id": "https://iiif.example/abc/full/!640,640/0/default.jpg", "type": "Image",
        "format": "image/jpeg", "height": 480, "width": 640, "service": [service],
    }  # fmt: skip
    (thumbnail,) = canvas["thumbnail"]
    assert thumbnail["id"] == "https://iiif.example/abc/full/!200,200/0/default.jpg"
    assert thumbnail["service"] == [service]


def test_a_service_alone_is_asked_for_the_largest_picture(out: Path) -> None:
    work = dataclasses.replace(SERVED, image_url=None)
    (canvas,) = make(out, to_entry(work))["items"]
    body = canvas["items"][0]["items"][0]["body"]
    assert body["id"] == "https://iiif.example/abc/full/max/0/default.jpg"


def test_a_picture_by_url_alone(out: Path) -> None:
    (canvas,) = make(out, to_entry(PLAIN))["items"]
    assert canvas["label"] == {"none": ["plain"]}
    body = canvas["items"][0]["items"][0]["body"]
    assert body == {
        "id": "https://pictures.example/%C3%BC%20b.png", "type": "Image", "format": "image/png",
        "height": 480, "width": 640,
    }  # fmt: skip
    assert not {"rights", "thumbnail", "requiredStatement", "homepage"} & set(canvas)


@pytest.mark.parametrize("open_access", [None, False])
def test_no_rights_are_claimed_unless_a_work_is_open(out: Path, open_access: bool | None) -> None:
    work = dataclasses.replace(SERVED, open_access=open_access)
    assert "creativecommons" not in json.dumps(make(out, to_entry(work)))


def test_what_no_viewer_can_show_is_left_out_and_counted(out: Path) -> None:
    entries = [
        to_entry(SERVED), to_entry(LOCAL), to_entry(UNSIZED, width=None), to_entry(PLAIN),
        to_entry(dataclasses.replace(LOCAL, id="l2", image_url="file:///a.jpg")),
        to_entry(dataclasses.replace(LOCAL, id="l3", image_url="http://[", iiif="http://")),
    ]  # fmt: skip
    saved = save_entries(out, entries, MODEL)
    assert (saved.works, saved.images) == (2, 2)
    assert dict(saved.left_out) == {
        "the image is a local file, which has no URL": 3,
        "the size of the image is not known": 1,
    }
    manifest = json.loads(out.read_text(encoding="utf-8"))
    assert find_errors(manifest) == []
    assert len(manifest["items"]) == 2


def test_a_manifest_of_nothing_is_refused(out: Path) -> None:
    with pytest.raises(InputError, match="can show none of 2 images: of 2, the image is a local"):
        save_entries(out, [to_entry(LOCAL)] * 2, MODEL)
    assert not out.exists()


def test_the_whole_says_which_model_compared_the_works(out: Path) -> None:
    manifest = make(out, to_entry(SERVED), to_entry(LOCAL), label="My pictures")
    assert manifest["@context"] == "http://iiif.io/api/presentation/3/context.json"
    assert manifest["label"] == {"none": ["My pictures"]}
    assert "ab" * 32 in manifest["summary"]["en"][0]
    pairs = {pair["label"]["en"][0]: pair["value"]["none"][0] for pair in manifest["metadata"]}
    assert (pairs["Model"], pairs["Model SHA-256"]) == ("tiny", "ab" * 32)
    assert (pairs["Works"], pairs["Images"]) == ("1", "1")
    assert "structures" not in manifest


def test_ranks_and_scores_of_an_answer(out: Path) -> None:
    results = [to_entry(PLAIN, rank=2, score=0.5), to_entry(SERVED, rank=1, score=0.75)]
    save_entries(out, results, MODEL, label="Like a lily", ranked=True, force=True)
    manifest = json.loads(out.read_text(encoding="utf-8"))
    assert find_errors(manifest) == []
    shown = [
        {pair["label"]["en"][0]: pair["value"]["none"][0] for pair in canvas["metadata"]}
        for canvas in manifest["items"]
    ]
    assert [(pairs["Rank"], pairs["Score (cosine)"]) for pairs in shown] == [
        ("1", "0.750000"), ("2", "0.500000"),
    ]  # fmt: skip


def test_images_of_a_work_stand_together_and_have_a_range(out: Path) -> None:
    front = dataclasses.replace(SERVED, view="primary")
    back = dataclasses.replace(SERVED, image="back", view="alternate")
    manifest = make(out, to_entry(front), to_entry(back), to_entry(PLAIN))
    assert manifest["items"][1]["label"]["none"][0].endswith("c. 1900, alternate view")
    (root,) = manifest["structures"]
    ids = [canvas["id"] for canvas in manifest["items"]]
    assert [[item["id"] for item in work["items"]] for work in root["items"]] == [ids[:2], ids[2:]]
    assert root["items"][0]["label"]["none"][0].endswith("c. 1900")


class TestIds:
    def test_they_are_stable_and_of_a_host_that_does_not_exist(self, out: Path) -> None:
        first = make(out, to_entry(SERVED), to_entry(PLAIN))
        other_name = make(out.with_name("other.json"), to_entry(SERVED), to_entry(PLAIN))
        assert find_ids(first) == find_ids(other_name)
        name = first["id"].removeprefix("https://artextract.example/manifest/")
        assert uuid.UUID(name).version == 5
        assert [canvas["id"] for canvas in first["items"]] == [
            f"https://artextract.example/canvas/{work.point_id}" for work in (SERVED, PLAIN)
        ]

    def test_other_works_make_another_manifest_of_the_same_canvases(self, out: Path) -> None:
        both, one = make(out, to_entry(SERVED), to_entry(PLAIN)), make(out, to_entry(PLAIN))
        assert both["id"] != one["id"]
        assert both["items"][1] == one["items"][0]

    @pytest.mark.parametrize(
        ("url", "base"),
        [
            ("https://m.example/iiif/works/manifest.json", "https://m.example/iiif/works"),
            ("https://m.example/iiif/works/manifest", "https://m.example/iiif/works"),
            ("http://m.example/works.json", "http://m.example/works"),
            ("https://m.example/works/", "https://m.example/works"),
            ("https://m.example/works?of=1", "https://m.example/works"),
        ],
    )
    def test_an_id_that_is_given(self, url: str, base: str, out: Path) -> None:
        manifest = make(out, to_entry(SERVED), manifest_id=url)
        assert manifest["id"] == url
        assert manifest["items"][0]["id"] == f"{base}/canvas/{SERVED.point_id}"

    @pytest.mark.parametrize(
        "url",
        ["", "urn:uuid:1", "works.json", "ftp://a.example/b", "https://a.example/b#c",
         "https://a.example/b c", "https://", "http://[", "https://a.example/ü"],
    )  # fmt: skip
    def test_an_id_that_is_refused(self, url: str, out: Path) -> None:
        with pytest.raises(InputError, match="give the http or https URL"):
            save_entries(out, [to_entry(SERVED)], MODEL, manifest_id=url)
        assert not out.exists()


def change(*path: Any, to: Any) -> Callable[[Any], None]:
    def apply(manifest: Any) -> None:
        for key in path[:-1]:
            manifest = manifest[key]
        manifest[path[-1]] = to

    return apply


def drop(*path: Any) -> Callable[[Any], None]:
    def apply(manifest: Any) -> None:
        for key in path[:-1]:
            manifest = manifest[key]
        del manifest[path[-1]]

    return apply


@pytest.mark.parametrize(
    "spoil",
    [
        drop("id"), drop("label"), change("items", to={}), change("type", to="Collection"),
        change("label", to="Works"),
        change("label", to={"none": "Works"}), change("id", to="urn:uuid:1"),
        change("items", 0, "width", to=0.5), change("items", 0, "height", to="480"),
        change("items", 0, "id", to="canvas 1"), change("items", 0, "rights", to="mine"),
        change("items", 0, "metadata", 0, "value", to="x"),
        change("items", 0, "items", 0, "items", 0, "body", "id", to="scan.jpg"),
        drop("items", 0, "items", 0, "items", 0, "target"),
        change("items", 0, "thumbnail", 0, "id", to="data:image/jpeg;base64,xx"),
        change("items", 0, "homepage", 0, "id", to="javascript:alert(1)"),
        change("behavior", to="individuals"),
    ],
)  # fmt: skip
def test_the_schema_refuses_a_wrong_manifest(spoil: Callable[[Any], None], out: Path) -> None:
    manifest = make(out, to_entry(SERVED))
    wrong = copy.deepcopy(manifest)
    spoil(wrong)
    assert find_errors(wrong)


def test_thousands_of_canvases(out: Path) -> None:
    works = [dataclasses.replace(SERVED, id=f"w{n}", image=f"{n}") for n in range(5000)]
    saved = save_entries(out, [to_entry(work) for work in works], MODEL)
    manifest = json.loads(out.read_text(encoding="utf-8"))
    assert saved.images == len(manifest["items"]) == 5000
    ids = find_ids(manifest)
    assert len(ids) == len(set(ids)) == 1 + 3 * 5000
