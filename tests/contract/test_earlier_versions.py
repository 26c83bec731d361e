"""Collections and models made by earlier versions open, and answer as they did then."""

import csv
import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import numpy as np
import PIL.Image
import pytest
from collection_answers import answer, read_answers, without_copies
from commands import Artextract

import artextract as library
from artextract import Collection
from artextract.cli.lazy import LazyGroup
from artextract.cli.main import root
from artextract.errors import QueryError
from artextract.models.session import OnnxModel
from artextract.store import open_store
from artextract.store.dump import load_dump
from artextract.store.upgrade import upgrade

FIXTURES = Path(__file__).resolve().parents[1] / "fixtures" / "v0.1"
FORMAT_2 = FIXTURES.parent / "format-2"
IMAGES_2 = 120


ANSWERS, ANSWERS_2 = read_answers(FIXTURES), read_answers(FORMAT_2)
COPIES_2 = next(kept["answer"] for kept in ANSWERS_2 if kept["ask"] == "duplicates")


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    return folder / "store"


@pytest.fixture(scope="module", params=["as it is", "upgraded"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = unpack(FIXTURES / "store.tar.xz", tmp_path_factory.mktemp("earlier"))
    if request.param == "upgraded":
        with open_store(str(folder)) as opened:
            assert upgrade(opened) == 16
    return folder


@pytest.fixture(scope="module", params=["as it is", "upgraded"])
def format_2(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Collection]:
    folder = unpack(FORMAT_2 / "store.tar.xz", tmp_path_factory.mktemp("format-2"))
    if request.param == "upgraded":
        with open_store(str(folder)) as opened:
            assert upgrade(opened) == IMAGES_2
    with library.open(folder) as collection:
        assert collection.store.manifest.format == (3 if request.param == "upgraded" else 2)
        yield collection


def assert_like(found: Any, kept: Any, path: str = "", accuracy: float = 2e-5) -> None:
    """Compare plain values; ``found`` may have more keys, and floats may differ by rounding."""
    if isinstance(kept, dict):
        for name, value in kept.items():
            assert name in found, f"{path}.{name}"
            assert_like(found[name], value, f"{path}.{name}", accuracy)
    elif isinstance(kept, list):
        assert len(found) == len(kept), path
        for number, (one, other) in enumerate(zip(found, kept, strict=True)):
            assert_like(one, other, f"{path}[{number}]", accuracy)
    elif isinstance(kept, float):
        assert found == pytest.approx(kept, abs=accuracy), path
    else:
        assert found == kept, path


def read_csv(text: str) -> list[dict[str, Any]]:
    rows = list(csv.DictReader(io.StringIO(text)))
    return [{k: float(v) if re.fullmatch(r"-?\d*\.\d+", v) else v for k, v in row.items()}
            for row in rows]  # fmt: skip


@pytest.mark.parametrize("kept", ANSWERS, ids=lambda kept: " ".join(kept["command"]))
def test_a_collection_gives_the_answers_that_it_gave(
    kept: dict[str, Any], store: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FIXTURES)
    ran = artextract(*kept["command"], "--store", store)
    assert ran.code == kept["code"] == 0, ran.err
    read = read_csv if "csv" in kept["command"] else json.loads
    found, expected = read(ran.out), read(kept["out"])
    if kept["command"][0] == "explain":  # sentences are for people and may be worded better
        for each in expected:
            del each["sentence"]
    assert_like(found, expected)


def test_a_dump_is_taken_in_and_answers_equally(
    tmp_path: Path, artextract: Artextract, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = artextract("import-store", FIXTURES / "dump", "--store", tmp_path / "store")
    assert ran.code == 0, ran.err
    monkeypatch.chdir(FIXTURES)
    kept = ANSWERS[1]
    ran = artextract(*kept["command"], "--store", tmp_path / "store")
    assert_like(json.loads(ran.out), json.loads(kept["out"]))


def assert_answers(collection: Collection, kept: dict[str, Any]) -> None:
    found = json.loads(json.dumps(answer(collection, kept["ask"], kept["fields"])))
    expected = dict(kept["answer"]) if kept["ask"] == "search" else kept["answer"]
    if kept["ask"] == "search" and "like" in kept["fields"]:
        expected["results"], found["results"] = without_copies(
            expected["results"], found["results"], COPIES_2
        )
    assert_like(found, expected, accuracy=1e-6)


@pytest.mark.parametrize("kept", ANSWERS_2, ids=lambda kept: f"{kept['ask']} {kept['fields']}")
def test_a_collection_of_format_2_gives_the_answers_that_it_gave(
    kept: dict[str, Any], format_2: Collection
) -> None:
    assert_answers(format_2, kept)


def test_a_dump_of_format_2_is_restored_and_answers_equally(tmp_path: Path) -> None:
    load_dump(FORMAT_2 / "dump", str(tmp_path / "store"))
    with library.open(tmp_path / "store") as collection:
        for kept in ANSWERS_2:
            assert_answers(collection, kept)


def test_a_model_gives_the_vectors_and_predictions_that_it_gave() -> None:
    kept = json.loads((FIXTURES / "tiny.json").read_text(encoding="utf-8"))
    model = OnnxModel(FIXTURES / "tiny.onnx", device="cpu")
    assert_like(json.loads(model.card.to_json()), kept["card"])
    with PIL.Image.open(FIXTURES / "query.jpg") as image:
        seen = model.run(model.card.preprocess(image.convert("RGB"))[None])
    for name, vector in kept["vectors"].items():
        np.testing.assert_allclose(seen.vectors[name][0], vector, atol=1e-5)
    for name, row in kept["probabilities"].items():
        np.testing.assert_allclose(seen.probabilities[name][0], row, atol=1e-5)


def test_a_training_gives_the_report_that_it_gave(tmp_path: Path, artextract: Artextract) -> None:
    ran = artextract("report", FIXTURES / "run", "--out", tmp_path)
    assert ran.code == 0, ran.err
    found = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    expected = json.loads((FIXTURES / "report.json").read_text(encoding="utf-8"))
    del expected["method"]  # sentences are for people and may be worded better
    assert_like(found, expected)


def commands_of(group: click.Group, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], set[str]]:
    """Return {words of a command: its options}, hidden ones and aliases included."""
    ctx = click.Context(group)
    found = {}
    names = group.list_commands(ctx)
    if isinstance(group, LazyGroup):
        names += group.aliases
    for name in names:
        command = group.get_command(ctx, name)
        assert command is not None
        options = {word for each in command.params for word in (*each.opts, *each.secondary_opts)}
        found[*path, name] = options
        if isinstance(command, click.Group):
            found |= commands_of(command, (*path, name))
    return found


def test_every_command_and_option_is_still_understood() -> None:
    text = (FIXTURES / "cli.md").read_text(encoding="utf-8")
    sections = re.split(r"^#+ `?artextract ?", text, flags=re.M)[1:]
    known = commands_of(root)
    assert len(sections) > 20
    for section in sections:
        words = tuple(section.partition("\n")[0].strip("` ").split())
        options = set(re.findall(r"^  (?:-\w, )?(--[a-z][\w-]*)", section, re.M)) - {"--help"}
        if words:
            assert words in known, words
            assert options <= known[words], (words, options - known[words])


@pytest.mark.parametrize("spelling", ["Northern_Renaissance", "northern renaissance"])
def test_no_prediction_of_an_earlier_release_is_shown(
    spelling: str, format_2: Collection, tmp_path: Path
) -> None:
    assert not [name for name in format_2.facets() if name.startswith("predicted")]
    with pytest.raises(QueryError, match="no predicted style in this collection is trusted"):
        format_2.search(predicted_style=spelling)
    found = format_2.search(predicted_style=spelling, min_confidence=0.6, limit=60)
    assert len(found) == 11
    for result in found:
        assert result.predicted["style"][0] == "Northern_Renaissance"
        assert result.suggestions == {}
    found.to_html(tmp_path / "page.html")
    assert "machine suggestions" not in (tmp_path / "page.html").read_text()
