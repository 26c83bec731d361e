import dataclasses
import json
import uuid
from typing import Any

import pytest

from artextract.catalog.artwork import (
    ARTIST_IDS,
    FACET_FIELDS,
    METADATA_FIELDS,
    TERM_FIELDS,
    WORD_FIELDS,
    Artwork,
    make_hand,
    make_point_id,
)

FULL: dict[str, Any] = {
    "id": "nga:96999",
    "image": "images/beatrice.jpg",
    "view": "primary",
    "source": "nga",
    "title": "Miss Beatrice Townsend",
    "artist": "John Singer Sargent",
    "artist_id": "1858",
    "artist_wikidata": "Q155626",
    "attribution": "John Singer Sargent",
    "qualifier": "attributed",
    "display_date": "c. 1882",
    "year_begin": 1882,
    "year_end": 1883,
    "date_basis": "artist's life",
    "classification": "Painting",
    "medium": "oil on canvas",
    "dimensions": "overall: 79.4 x 58.4 cm (31 1/4 x 23 in.)",
    "height_cm": 79.4,
    "width_cm": 58.4,
    "style": "Réalisme",
    "genre": "Portrait",
    "school": "American; Boston",
    "theme": "portrait",
    "technique": "painted surface",
    "department": "CAB",
    "alt_text": "A girl with a dog",
    "nationality": "Österreich",
    "accession": "2006.128.31",
    "credit_line": "Collection of Mr. and Mrs. Paul Mellon",
    "wikidata": "Q20189519",
    "ulan": "500023972",
    "page_url": "https://museum.example/96999",
    "image_url": "https://museum.example/96999.jpg",
    "iiif": "https://museum.example/iiif/96999",
    "open_access": False,
}


def test_every_field_has_a_value_here() -> None:
    names = {field.name for field in dataclasses.fields(Artwork)}
    assert set(FULL) == names - {"extra"}
    assert set(METADATA_FIELDS) == set(FULL)


def test_payload_of_a_full_record_comes_back_whole() -> None:
    artwork = Artwork(**FULL, extra={"room": "12", "depth_cm": 79.4, "seal": None})
    payload = artwork.to_payload()
    # A collection keeps payloads as JSON.
    assert Artwork.from_payload(json.loads(json.dumps(payload))) == artwork
    for name, value in FULL.items():
        assert payload[name] == value


def test_truth_values_beside_the_fields_are_kept_as_text() -> None:
    payload = Artwork(id="a", image="b", extra={"loan": True, "framed": False}).to_payload()
    assert payload["extra"] == {"loan": "true", "framed": "false"}


@pytest.mark.parametrize("name", sorted(set(FULL) - {"id", "image"}))
def test_each_field_alone_comes_back(name: str) -> None:
    artwork = Artwork(id="a", image="b", **{name: FULL[name]})
    payload = artwork.to_payload()
    assert Artwork.from_payload(payload) == artwork
    assert set(payload) - {"artists"} == {"id", "image", name, "folded"}


def test_unknown_fields_are_absent_from_the_payload() -> None:
    assert Artwork(id="a", image="b").to_payload() == {"id": "a", "image": "b", "folded": {}}


@pytest.mark.parametrize(("name", "value"), [("year_begin", 0), ("open_access", False)])
def test_zero_and_false_are_known_values(name: str, value: object) -> None:
    payload = Artwork(id="a", image="b", **{name: value}).to_payload()  # type: ignore[arg-type]
    assert payload[name] == value


def test_payload_holds_folded_copies_for_matching() -> None:
    assert Artwork(**FULL).to_payload()["folded"] == {
        "artist": "john singer sargent",
        "style": "realisme",
        "genre": "portrait",
        "title": ["miss", "beatrice", "townsend"],
        "medium": ["oil", "on", "canvas"],
        "counted": [
            "classification=painting",
            "nationality=osterreich",
            "school=american",
            "school=boston",
            "theme=portrait",
            "technique=painted surface",
            "department=cab",
            "qualifier=attributed",
        ],
        "terms": [
            "classification=painting",
            "nationality=osterreich",
            "school=american",
            "school=boston",
            "theme=portrait",
            "technique=painted surface",
            "department=cab",
            "qualifier=attributed",
            "accession=2006.128.31",
            "view=primary",
            "date_basis=artist's life",
            "open_access=false",
            "work_ids=2006.128.31",
            "work_ids=q20189519",
            "work_ids=96999",
            "artist_ids=1858",
            "artist_ids=500023972",
            "artist_ids=q155626",
            "hand=john singer sargent, attributed",
            "hand=1858, attributed",
            "hand=500023972, attributed",
            "hand=q155626, attributed",
        ],
    }
    matched = {*FACET_FIELDS, *TERM_FIELDS, *ARTIST_IDS, *WORD_FIELDS}
    assert matched <= set(METADATA_FIELDS)


def test_each_artist_of_a_work_keeps_his_own_part_in_it() -> None:
    folded = Artwork(
        id="a",
        image="b",
        artist="Thomas Sully; Gilbert Stuart",
        qualifier="by; after",
        ulan="-; 500014904",
    ).to_payload()["folded"]
    assert folded["artist"] == ["thomas sully", "gilbert stuart"]
    assert {term for term in folded["terms"] if term.startswith("hand=")} == {
        f"hand={make_hand(artist, qualifier)}"
        for artist, qualifier in [
            ("Thomas Sully", "by"), ("Gilbert Stuart", "after"), ("500014904", "after"),
        ]
    }  # fmt: skip
    assert "artist_ids=500014904" in folded["terms"]
    assert "artist_ids=-" not in folded["terms"]


def test_artists_are_objects_with_what_is_known_of_each() -> None:
    def artists(**fields: str) -> Any:
        return Artwork(id="a", image="b", **fields).to_payload().get("artists")  # type: ignore[arg-type]

    assert artists(
        artist="Thomas Sully; Gilbert Stuart", qualifier="by; after", ulan="-; 500014904"
    ) == [
        {"name": "Thomas Sully", "qualifier": "by"},
        {"name": "Gilbert Stuart", "qualifier": "after", "ulan": "500014904"},
    ]
    assert artists(artist="Édouard Manet", artist_id="7", artist_wikidata="Q40599") == [
        {"name": "Édouard Manet", "id": "7", "wikidata": "Q40599"}
    ]
    # A number that may be any artist's is none's.
    assert artists(artist="A; B", artist_id="7") == [{"name": "A"}, {"name": "B"}]
    assert artists(title="Lilies") is None


def test_columns_are_terms_that_tell_text_from_numbers() -> None:
    def terms(**extra: Any) -> set[str]:
        return set(Artwork(id="a", image="b", extra=extra).to_payload()["folded"].get("terms", ()))

    assert terms(room=7, split="Val", seal=None) == {
        "extra=room", "extra.room=7.0", "extra=split", 'extra.split="Val"',
    }  # fmt: skip
    assert terms(room="7") == {"extra=room", 'extra.room="7"'}
    assert terms(loan=True) == {"extra=loan", 'extra.loan="true"'}
    assert terms() == terms(seal=None) == set()
    long = {len(term) for term in terms(note="x" * 5000)}
    assert max(long) < 100
    assert terms(note="x" * 5000) != terms(note="x" * 5001)


def test_other_keys_of_a_payload_are_left_aside() -> None:
    payload = {"id": "a", "image": "b", "width": 640, "model": "x", "predicted": {"style": "y"}}
    assert Artwork.from_payload(payload) == Artwork(id="a", image="b")


def test_payload_is_a_copy_of_extra() -> None:
    extra = {"room": "12"}
    payload = Artwork(id="a", image="b", extra=extra).to_payload()
    payload["extra"]["room"] = "13"
    assert extra == {"room": "12"}


def test_point_id_is_the_same_for_ever() -> None:
    # Worked out from RFC 9562, section 5.5, with hashlib. Another value here means that every
    # collection made so far would be ingested again as new points.
    golden = "44b41a9c-5355-53fd-8409-61a6fd7300ff"
    assert make_point_id("nga:96999", "a.jpg") == golden
    assert Artwork(id="nga:96999", image="a.jpg", title="any").point_id == golden
    assert uuid.UUID(golden).version == 5


def test_point_ids_differ_by_artwork_and_by_image() -> None:
    pairs = [(work, image) for work in ("a", "b", "ab", "") for image in ("1", "2", "b1", "")]
    assert len({make_point_id(*pair) for pair in pairs}) == len(pairs)


def test_an_artwork_can_not_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Artwork(id="a", image="b").title = "c"  # type: ignore[misc]
