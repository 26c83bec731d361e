"""The schema of payloads names what is stored, and indexes what filters match."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from qdrant_client import models
from stored_gallery import make_gallery

from artextract.catalog.artwork import METADATA_FIELDS, Artwork
from artextract.catalog.years import YearRange
from artextract.store import filters, schema
from artextract.store.schema import Key

TYPES = {"keyword": str, "integer": int, "float": float, "bool": bool}


def paths_of(value: Any, path: str = "") -> Iterator[str]:
    """The paths of all values within a payload, without those inside of what has no schema."""
    if isinstance(value, dict) and path not in ("extra", "model"):
        for name, each in value.items():
            yield from paths_of(each, f"{path}.{name}" if path else name)
    else:
        yield path


def test_all_that_is_stored_is_in_the_schema() -> None:
    names = {key.name for key in schema.KEYS}
    assert len(names) == len(schema.KEYS)
    stored = {path for point in make_gallery() for path in paths_of(point.payload)}
    assert stored <= names
    assert len(stored) > 35
    assert {*METADATA_FIELDS, "extra"} == {key.name for key in schema.CATALOG_KEYS}


@pytest.mark.parametrize("key", [key for key in schema.KEYS if key.index], ids=lambda key: key.name)
def test_examples_have_the_type_of_the_index(key: Key) -> None:
    assert key.index is not None
    example = json.loads(key.example)
    for value in example if isinstance(example, list) else [example]:
        assert type(value) is TYPES[key.index]


@pytest.mark.parametrize("key", schema.KEYS, ids=lambda key: key.name)
def test_examples_are_json(key: Key) -> None:
    json.loads(key.example.replace("[…]", "[]").replace(", …", ""))


def test_the_search_keys_have_an_index_everywhere() -> None:
    artwork = Artwork(id="a", image="b", artist="A; B", title="T", medium="M", style="S", genre="G",
                      school="S", extra={"room": 1})  # fmt: skip
    folded = {f"folded.{name}" for name in artwork.to_payload()["folded"]}
    everywhere = {key.name for key in schema.indexed("everywhere")}
    assert folded < everywhere
    conditions = [
        filters.named("artist", ["x"]), filters.named("accession", ["x"]), filters.has_column("x"),
        filters.predicted("style", ["x"]), filters.predicted("style", ["x"], trusted=True),
        filters.column_equals("x", "1"),
        *filters.words("title", "x"), *filters.words("medium", "x"),
        *filters.years(YearRange(1, 2)), *filters.beyond_years(YearRange(1, 2)),
    ]  # fmt: skip
    assert set().union(*map(keys_of, conditions)) <= everywhere


def keys_of(condition: Any) -> set[str]:
    """The keys in a condition, at any depth."""
    if isinstance(condition, list):
        return set().union(*map(keys_of, condition))
    if not isinstance(condition, dict):
        return set()
    own = {condition["key"]} if isinstance(condition.get("key"), str) else set()
    return own.union(*map(keys_of, condition.values()))


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("title", "1984", {"key": "title", "match": {"any": ["1984"]}}),
        ("width", "1984", {"key": "width", "range": {"gte": 1984.0, "lte": 1984.0}}),
        ("height_cm", "tall", {"has_id": []}),
        ("image_sha256", "1e5", {"key": "image_sha256", "match": {"any": ["1e5"]}}),
        ("title", "True", {"key": "title", "match": {"any": ["True", "true"]}}),
    ],
)
def test_a_field_is_compared_as_its_index_allows(key: str, text: str, expected: Any) -> None:
    condition = filters.equals(key, text)
    assert condition == expected
    models.Filter.model_validate({"must": [condition]})
