"""The classes that are learnt, and what is predictions of those that are not."""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from artextract.errors import CatalogError, InputError
from training.data.classes import AttributeClasses, Classes, collect_classes
from training.data.samples import Sample

TRAIN = {"Baroque": 5, "Cubism": 3, "Rococo": 2, "浮世絵": 3}
VAL = {"Baroque": 2, "Futurism": 4, "Art Deco": 1}


def make_samples(counts: Mapping[str, int], split: str) -> list[Sample]:
    """Works by style; every second one has a genre, too."""
    styles = [style for style, count in counts.items() for _ in range(count)]
    return [
        Sample(
            id=f"{split}-{number}",
            image=Path("a.jpg"),
            labels={"style": style, **({"genre": "portrait"} if number % 2 else {})},
        )
        for number, style in enumerate(styles)
    ]


WORKS = make_samples(TRAIN, "train") + make_samples(VAL, "val")
LEARNT_FROM = {sample.id for sample in WORKS if sample.id.startswith("train")}


def gather(**least: int) -> Classes:
    return collect_classes(WORKS, LEARNT_FROM, ("style", "genre"), least)


def test_classes_with_too_few_samples_are_left_out_with_counts() -> None:
    classes = gather(style=3)
    assert classes.attributes == ("style", "genre")
    assert classes.by_attribute == {
        "style": AttributeClasses(
            names=("Baroque", "Cubism", "浮世絵"),
            train_counts=(5, 3, 3),
            least=3,
            left_out={"Art Deco": 0, "Futurism": 0, "Rococo": 2},
        ),
        "genre": AttributeClasses(names=("portrait",), train_counts=(6,), least=1, left_out={}),
    }


def test_classes_without_training_samples_are_unseen() -> None:
    classes = gather()
    assert classes.names["style"] == ("Baroque", "Cubism", "Rococo", "浮世絵")
    assert classes.by_attribute["style"].unseen == ("Art Deco", "Futurism")
    assert classes.by_attribute["genre"].unseen == ()


def test_attribute_without_labels_raises() -> None:
    with pytest.raises(
        CatalogError,
        match=r"^none of the 13 training samples has a label for 'artist' "
        r"\(there are labels for: genre, style\); fill in its column, or .*attributes=genre,style$",
    ):
        collect_classes(WORKS, LEARNT_FROM, ("style", "artist"), {})
    with pytest.raises(
        CatalogError, match="none of the 0 training samples has a label for 'style'"
    ):
        collect_classes(WORKS, (), ("style",), {})


def test_error_for_an_attribute_without_a_large_class_gives_the_highest_count() -> None:
    with pytest.raises(
        CatalogError,
        match=r"^no class of 'style' has the required 6 training samples "
        r"\(most: Baroque, 5\); lower the number with min_works\.style=5, or leave the .* out$",
    ):
        gather(style=6)
    assert gather(style=5).names["style"] == ("Baroque",)


def test_encode_returns_class_indices_and_minus_one_for_untrained_classes() -> None:
    classes = gather(style=3)
    encoded = classes.encode(WORKS)
    assert encoded.shape == (len(WORKS), 2)
    assert encoded.dtype == np.int64
    for sample, row in zip(WORKS, encoded.tolist(), strict=True):
        for attribute, number in zip(classes.attributes, row, strict=True):
            if number == -1:
                assert sample.labels.get(attribute) not in classes.names[attribute]
            else:
                assert classes.names[attribute][number] == sample.labels[attribute]
    for column, attribute in enumerate(classes.attributes):
        learnt = [
            encoded[row, column] for row, sample in enumerate(WORKS) if sample.id in LEARNT_FROM
        ]
        counts = tuple(learnt.count(number) for number in range(len(classes.names[attribute])))
        assert counts == classes.by_attribute[attribute].train_counts


def test_save_and_load_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    for classes in (gather(), gather(style=3)):
        classes.save(path)
        loaded = Classes.load(path)
        assert loaded == classes
        assert loaded.attributes == classes.attributes  # their order is that of the columns
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_missing_classes_file_is_named_in_the_error(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    with pytest.raises(InputError, match=r"there is no file .*classes\.json .*; give the folder"):
        Classes.load(path)
    path.mkdir()
    with pytest.raises(InputError, match=r"classes\.json can't be read .*; put back the file"):
        Classes.load(path)


def test_damaged_classes_file_raises_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    gather().save(path)
    whole = path.read_bytes()
    other = json.loads(whole)
    other["attributes"]["style"]["train_counts"].pop()
    damaged = [
        *(b"", b"[]", b"null", b"{}", b"\xff\xfe", whole[: len(whole) // 2]),
        b'{"format": 1}',
        b'{"format": 1, "attributes": ["style"]}',
        b'{"format": 1, "attributes": {"style": {"names": [], "train_counts": []}}}',
        json.dumps(other).encode(),
    ]
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(InputError, match=r"^[^\n]*classes\.json can't be read[^\n]*$"):
            Classes.load(path)


@pytest.mark.parametrize("format_", [0, 2, "1", None])
def test_classes_file_of_another_format_raises(format_: object, tmp_path: Path) -> None:
    path = tmp_path / "classes.json"
    gather().save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": format_}))
    with pytest.raises(InputError, match=f"format {format_!r} instead of 1"):
        Classes.load(path)


def test_describe_names_the_largest_of_many_classes_that_are_left_out() -> None:
    counts = {f"s{number:02}": 1 + number % 20 for number in range(40)}
    samples = make_samples(counts, "train") + make_samples({f"v{n}": 1 for n in range(9)}, "val")
    train = {sample.id for sample in samples if sample.id.startswith("train")}
    classes = collect_classes(samples, train, ("style", "genre"), {"style": 20})
    assert classes.describe() == [
        "style: 2 classes; left out for fewer than 20 training samples: s18 (19), s38 (19), "
        "s17 (18), s37 (18), s16 (17), s36 (17) and 32 more; left out, as no training sample has "
        "them: v0, v1, v2, v3, v4, v5 and 3 more",
        "genre: 1 classes",
    ]
    assert gather().describe()[0] == (
        "style: 4 classes; left out, as no training sample has them: Art Deco, Futurism"
    )


def test_advice_names_only_attributes_with_training_labels() -> None:
    samples = [
        Sample(id="1", image=Path("x"), labels={"style": "Rococo"}),
        Sample(id="2", image=Path("x"), labels={"artist": "Goya"}),
    ]
    with pytest.raises(CatalogError, match=r"attributes=style$"):
        collect_classes(samples, {"1"}, ["style", "artist"], {})
