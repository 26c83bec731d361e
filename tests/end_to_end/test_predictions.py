"""Predicted classes: stored, filtered by, shown if trusted, never mixed with the catalog's."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import Artextract, assert_one_sentence
from trusting_model import write_trusting_model

import artextract as library
from artextract.catalog.names import fold
from artextract.cli.main import main
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel
from artextract.store import open_store
from export.calibration_images import generate_images

WORKS = 8
CATALOGUED = "Rococo"
LONG_AGO = {"w1", "w4"}
"""Works of 1250, when none of the classifier's styles was painted."""


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of painted images, all of one style, as it says."""
    folder = tmp_path_factory.mktemp("predictions")
    rows = ["id,image,title,style,year"]
    for number, image in enumerate(generate_images(WORKS)):
        image.save(folder / f"{number}.jpg", quality=95)
        year = "1250" if f"w{number}" in LONG_AGO else ""
        rows.append(f"w{number},{number}.jpg,Work {number},{CATALOGUED},{year}")
    (folder / "works.csv").write_text("\n".join(rows) + "\n")
    return folder / "works.csv"


@pytest.fixture(scope="module")
def sure() -> float:
    """A confidence between those of the works' predicted styles."""
    model = OnnxModel(find_model("wikiart-lite0").path, device="cpu", threads=1)
    batch = np.stack([model.card.preprocess(image) for image in generate_images(WORKS)])
    return float(np.median(model.run(batch).probabilities["style"].max(axis=1)))


@pytest.fixture(scope="module")
def store(catalog: Path, sure: float) -> Path:
    """The works, encoded by a model that trusts half of the styles, all genres and all artists."""
    model = write_trusting_model(catalog.with_name("model.onnx"), style=sure, genre=0, artist=0)
    location = catalog.with_name("store")
    words = ["ingest", "catalog", catalog, "--store", location, "--model", model]
    with pytest.raises(SystemExit) as left:
        main([str(word) for word in words])
    assert not left.value.code
    return location


def trusted_styles(store: Path) -> dict[str, str]:
    """The names of the trusted predicted styles."""
    return {
        id_: payload["predicted"]["style"]["name"]
        for id_, payload in payloads(store).items()
        if payload["predicted"]["style"]["trusted"]
    }


def payloads(store: Path) -> dict[str, Any]:
    with open_store(str(store)) as opened:
        return {record.payload["id"]: record.payload for record in opened.scroll()}


def test_each_work_has_its_predictions_beside_what_the_catalog_says(store: Path) -> None:
    found = payloads(store)
    assert len(found) == WORKS
    for payload in found.values():
        assert payload["style"] == CATALOGUED
        predicted = payload["predicted"]
        assert set(predicted) == {"style", "genre", "artist", "terms"}
        for attribute in ("style", "genre", "artist"):
            assert 0 < predicted[attribute]["probability"] <= 1
            assert "_" not in predicted[attribute]["name"]
    with open_store(str(store)) as opened:
        assert {name: opened.manifest.vectors[name] for name in ("visual", "style")} == {
            "visual": 512, "style": 557,
        }  # fmt: skip
        assert opened.manifest.classifier == opened.manifest.model


def test_a_style_is_trusted_if_it_is_sure_and_possible(store: Path, sure: float) -> None:
    found = payloads(store)
    for id_, payload in found.items():
        predicted = payload["predicted"]
        is_trusted = predicted["style"]["probability"] >= sure and id_ not in LONG_AGO
        assert predicted["style"]["trusted"] is is_trusted
        assert predicted["genre"]["trusted"] is True
    assert 0 < len(trusted_styles(store)) < WORKS - len(LONG_AGO)


def test_a_filter_takes_only_trusted_styles_unless_it_has_a_confidence(
    store: Path, artextract: Artextract
) -> None:
    found = payloads(store)
    for name in {payload["predicted"]["style"]["name"] for payload in found.values()}:
        of_style = {i for i, each in found.items() if each["predicted"]["style"]["name"] == name}
        trusted = {id_ for id_, style in trusted_styles(store).items() if style == name}
        for spelling in (name, name.replace("-", "_").replace(" ", "_"), fold(name)):
            words = ("search", "--store", store, "--predicted-style", spelling, "--format", "jsonl")
            for more, expected in (((), trusted), (("--min-confidence", 0), of_style)):
                ran = artextract(*words, *more)
                assert ran.code == 0, ran.err
                rows = [json.loads(line) for line in ran.out.splitlines()]
                assert {row["id"] for row in rows} == expected
                for row in rows:
                    assert row["predicted"]["style"]["trusted"] is (row["id"] in trusted)


def test_facets_count_trusted_styles_and_genres_and_no_artists(store: Path) -> None:
    trusted = list(trusted_styles(store).values())
    with library.open(store) as collection:
        counted = collection.facets()
        styles = {each.value: each.count for each in counted["predicted_style"]}
        assert styles == {name: trusted.count(name) for name in trusted}
        assert sum(each.count for each in counted["predicted_genre"]) == WORKS
        assert "predicted_artist" not in counted
        artists = collection.facets("predicted_artist")["predicted_artist"]
        assert sum(each.count for each in artists) == WORKS
        for each in counted["predicted_style"]:
            assert collection.search(predicted_style=each.value).matching == each.count
        assert collection.search(predicted_artist=artists[0].value).matching == artists[0].count


def test_works_are_found_by_what_was_predicted_and_how_surely(
    store: Path, artextract: Artextract
) -> None:
    found = payloads(store)
    name = found["w0"]["predicted"]["style"]["name"]
    sure = sorted(
        payload["predicted"]["style"]["probability"]
        for payload in found.values()
        if payload["predicted"]["style"]["name"] == name
    )
    for least in (0.0, sure[-1] - 1e-3, 1.0):
        ran = artextract("search", "--store", store, "--predicted-style", name.upper(),
                         "--min-confidence", least, "--format", "json")  # fmt: skip
        assert ran.code == 0, ran.err
        results = json.loads(ran.out)
        assert {row["id"] for row in results} == {
            id_
            for id_, payload in found.items()
            if payload["predicted"]["style"]["name"] == name
            and payload["predicted"]["style"]["probability"] >= least
        }
        for row in results:
            assert row["style"] == CATALOGUED
            assert row["predicted"]["style"]["name"] == name


def test_names_that_are_not_predicted_are_answered_with_others(
    store: Path, artextract: Artextract
) -> None:
    name = payloads(store)["w0"]["predicted"]["style"]["name"]
    ran = artextract("search", "--store", store, "--predicted-style", name[:-1] + "x")
    assert_one_sentence(ran, "no predicted style", name)
    ran = artextract("search", "--store", store, "--min-confidence", "0.5")
    assert ran.code == 2
    assert "--min-confidence needs --predicted-style" in ran.err


@pytest.mark.parametrize("by", ["visual", "style"])
def test_a_picture_finds_itself_by_each_aspect(
    by: str, store: Path, catalog: Path, artextract: Artextract
) -> None:
    ran = artextract("search", catalog.with_name("3.jpg"), "--store", store, "--by", by,
                     "--format", "json")  # fmt: skip
    assert ran.code == 0, ran.err
    first = json.loads(ran.out)[0]
    assert first["id"] == "w3"
    assert first["aspects"][by] == pytest.approx(1, abs=1e-3)


def test_they_are_shown_and_saved_apart(
    store: Path, artextract: Artextract, tmp_path: Path
) -> None:
    page, table = tmp_path / "page.html", tmp_path / "works.csv"
    ran = artextract("search", "w1", "--store", store, "--gallery", page, "--save", table)
    assert ran.code == 0, ran.err
    text = page.read_text()
    assert f"catalogued: {CATALOGUED}" in text
    found, styles = payloads(store), trusted_styles(store)
    assert text.count("machine suggestions") == WORKS - 1  # the genres are all trusted
    for id_ in set(found) - {"w1"}:
        predicted = found[id_]["predicted"]
        assert predicted["artist"]["name"] not in text
        style = f'{predicted["style"]["name"]} <span class="confidence">'
        assert text.count(style) == sum(
            name == predicted["style"]["name"] for each, name in styles.items() if each != "w1"
        )
    payload = payloads(store)["w2"]
    told = payload["predicted"]["style"]
    with table.open(newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert rows["w2"]["style"] == CATALOGUED
    assert rows["w2"]["predicted.style"] == told["name"]
    assert float(rows["w2"]["predicted.style.probability"]) == told["probability"]
    for id_, row in rows.items():
        assert row["predicted.style.trusted"] == str(id_ in styles).lower()
        assert row["predicted.artist"] == found[id_]["predicted"]["artist"]["name"]
    ran = artextract("search", "w1", "--store", store, "--format", "csv")
    first = next(csv.DictReader(ran.out.splitlines()))
    assert first["predicted.style"] == found[first["id"]]["predicted"]["style"]["name"]
    assert first["predicted.style.trusted"] == str(first["id"] in styles).lower()
    ran = artextract("collection", "info", "--store", store)
    assert "predicted.style" in ran.out
    assert "predicted.artist" not in ran.out
    assert "classifier" in ran.out
    # A published table is a catalog again, and predictions do not become what it says.
    again = tmp_path / "again"
    (tmp_path / "images").mkdir()
    words = ("ingest", "catalog", table, "--images", store.parent, "--store", again)
    assert artextract(*words).code == 0
    assert all(payload.get("extra", {}) == {} for payload in payloads(again).values())


def test_a_new_title_leaves_the_predictions(
    catalog: Path, artextract: Artextract, tmp_path: Path
) -> None:
    location = tmp_path / "store"
    words = ("ingest", "catalog", "--images", catalog.parent, "--store", location)
    assert artextract(*words, catalog).code == 0
    before = payloads(location)
    changed = tmp_path / "works.csv"
    changed.write_text(catalog.read_text().replace("Work 5", "Night"))
    ran = artextract(*words, changed)
    assert "updated 1, unchanged 7" in ran.out
    after = payloads(location)
    assert after["w5"]["title"] == "Night"
    assert after["w5"]["predicted"] == before["w5"]["predicted"]


def test_other_years_are_judged_anew_without_encoding_again(
    catalog: Path, store: Path, artextract: Artextract, tmp_path: Path
) -> None:
    location, changed = tmp_path / "store", tmp_path / "works.csv"
    words = ("ingest", "catalog", "--images", catalog.parent, "--store", location, "--model",
             catalog.with_name("model.onnx"), "--aspects", "visual")  # fmt: skip
    assert artextract(*words, catalog).code == 0
    assert trusted_styles(location) == trusted_styles(store)
    swapped = "".join(
        f"{line[:-4]}\n" if line.endswith("1250") else f"{line}1250\n" if "Work" in line
        else f"{line}\n" for line in catalog.read_text().splitlines()
    )  # fmt: skip
    changed.write_text(swapped)
    ran = artextract(*words, changed)
    assert f"updated {WORKS}, unchanged 0" in ran.out
    assert set(trusted_styles(location)) <= LONG_AGO
    assert artextract(*words, catalog).code == 0
    assert payloads(location).keys() == payloads(store).keys()
    assert trusted_styles(location) == trusted_styles(store)


def test_the_packaged_model_trusts_what_its_card_says(
    catalog: Path, artextract: Artextract, tmp_path: Path
) -> None:
    location = tmp_path / "store"
    words = ("ingest", "catalog", catalog, "--store", location, "--aspects", "visual", "--limit", 4)
    assert artextract(*words).code == 0
    card = OnnxModel(find_model("wikiart-lite0").path, device="cpu", threads=1).card
    for id_, payload in payloads(location).items():
        for attribute in ("style", "genre", "artist"):
            if payload["predicted"][attribute]["trusted"]:
                least = card.trusted_from[attribute]
                assert payload["predicted"][attribute]["probability"] >= least
                assert attribute == "genre" or id_ not in LONG_AGO


def test_an_embedder_alone_predicts_nothing_and_is_not_mixed_with_a_classifier(
    catalog: Path, artextract: Artextract, tmp_path: Path
) -> None:
    location = tmp_path / "store"
    words = ("ingest", "catalog", catalog, "--store", location)
    ran = artextract(*words, "--model", "efficientnet-lite0")
    assert ran.code == 0, ran.err
    assert all("predicted" not in payload for payload in payloads(location).values())
    ran = artextract(*words, "--model", "efficientnet-lite0", "--classifier", "wikiart-lite0")
    assert_one_sentence(ran, "predicted by no model", "--classifier none")
    ran = artextract("search", "--store", location, "--predicted-style", "Baroque")
    assert_one_sentence(ran, "has no predictions", "--classifier")
    ran = artextract("search", "w1", "--store", location, "--by", "style")
    assert_one_sentence(ran, "unknown aspect 'style'", "visual")


def test_aspects_of_a_store_stay_what_they_are(
    catalog: Path, artextract: Artextract, tmp_path: Path
) -> None:
    location = tmp_path / "store"
    words = ("ingest", "catalog", catalog, "--store", location)
    assert artextract(*words, "--aspects", "visual", "--limit", 2).code == 0
    for more in ((), ("--dry-run",)):
        ran = artextract(*words, *more)
        assert_one_sentence(ran, "keeps vectors of visual", "style", "--aspects visual")
    assert len(payloads(location)) == 2
    assert artextract(*words, "--aspects", "visual").code == 0
    assert len(payloads(location)) == WORKS


def test_embedder_and_classifier_may_be_two_files(
    catalog: Path, artextract: Artextract, tmp_path: Path
) -> None:
    location = tmp_path / "store"
    words = ("ingest", "catalog", catalog, "--store", location, "--model", "efficientnet-lite0")
    ran = artextract(*words, "--classifier", "wikiart-lite0")
    assert ran.code == 0, ran.err
    assert "Classes were predicted by wikiart-lite0" in ran.out
    for by in ("visual", "style"):
        ran = artextract("search", catalog.with_name("2.jpg"), "--store", location, "--by", by,
                         "--format", "json")  # fmt: skip
        assert json.loads(ran.out)[0]["id"] == "w2", ran.err
    assert_one_sentence(artextract(*words), "predicted by wikiart-lite0", "no model")


def test_what_tells_no_classes_is_no_classifier(
    catalog: Path, artextract: Artextract, tmp_path: Path
) -> None:
    words = ("ingest", "catalog", catalog, "--store", tmp_path / "store")
    for classifier, said in (
        ("efficientnet-lite0", "predicts no classes"),
        ("none.onnx", "there is no model file none.onnx"),
        ("vgg", "unknown model 'vgg'"),
    ):
        assert_one_sentence(artextract(*words, "--classifier", classifier), said)
    ran = artextract(*words, "--model", "efficientnet-lite0", "--aspects", "visual,style")
    assert_one_sentence(
        ran, "'style' needs a --classifier that gives style vectors, and efficientnet-lite0"
    )
    ran = artextract(*words, "--device", "cuda")
    assert_one_sentence(ran, "CUDA")
    assert not (tmp_path / "store").exists()
