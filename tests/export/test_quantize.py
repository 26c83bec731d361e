"""An int8 model: what it loses, and that one which loses too much is not written."""

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from tiny_network import TinyBackbone

from artextract.errors import InputError, ModelError
from artextract.inference import OnnxModel
from artextract.models import ModelFile
from export import cli, quantize
from export.graph import export_embedder
from export.loss import Loss, measure_loss
from export.pictures import find_pictures, open_pictures, paint_pictures
from training.backbones.weights import RANDOM


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, and a folder of 80 painted pictures and one that is none."""
    place = tmp_path_factory.mktemp("quantize")
    (place / "pictures" / "more").mkdir(parents=True)
    for number, picture in enumerate(paint_pictures(80)):
        picture.save(place / "pictures" / ("more" if number % 2 else ".") / f"{number}.jpg")
    (place / "pictures" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (place / "pictures" / "notes.txt").write_text("no picture")
    export_embedder(TinyBackbone(), RANDOM, place / "tiny.onnx")
    return place


def invoke(*words: object) -> str:
    result = CliRunner().invoke(
        cli.export, ["quantize", *map(str, words)], standalone_mode=False, catch_exceptions=False
    )
    return result.stdout


def test_the_file_is_smaller_and_says_what_it_lost(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.onnx"
    words = (folder / "tiny.onnx", "--images", folder / "pictures", "--out", out)
    printed = invoke(*words, "--method", "minmax")
    assert f"file     {out}" in printed
    assert list(tmp_path.iterdir()) == [out]
    before = OnnxModel(folder / "tiny.onnx", device="cpu", threads=1)
    after = OnnxModel(out, device="cpu", threads=1)
    assert after.card.precision == "int8"
    assert after.card.name == f"{before.card.name}-int8"
    facts = after.card.quantization
    assert (facts["method"], facts["layers"], facts["pictures"]) == ("minmax", 3, 40)
    assert facts["from_sha256"] == ModelFile("tiny", folder / "tiny.onnx").sha256
    # The same pictures that judged it, by plain loops.
    found = find_pictures(folder / "pictures")
    assert len(found) == 81
    order = np.random.default_rng(0).permutation(81)
    opened = [found[at] for at in order if found[at].name != "cut.jpg"][40:]
    batch = np.stack([before.card.preprocess(picture) for picture in open_pictures(opened)])
    one, two = before.embed(batch), after.embed(batch)
    cosines = [float(np.dot(a, b)) for a, b in zip(one, two, strict=True)]
    assert facts["mean_cosine"] == pytest.approx(sum(cosines) / 40, abs=1e-4)
    assert facts["lowest_cosine"] == pytest.approx(min(cosines), abs=1e-4)
    shared = 0
    for row in range(40):
        nearest = []
        for rows in (one, two):
            others = sorted(set(range(40)) - {row}, key=lambda at: -float(rows[row] @ rows[at]))
            nearest.append(set(others[:10]))
        shared += len(nearest[0] & nearest[1])
    assert facts["top_10_overlap"] == pytest.approx(shared / 400, abs=0.01)
    assert not np.array_equal(one, two)


@pytest.mark.parametrize("method", quantize.METHODS)
def test_every_method_keeps_the_direction(
    method: quantize.Method, folder: Path, tmp_path: Path
) -> None:
    file = ModelFile("tiny", folder / "tiny.onnx")
    images = find_pictures(folder / "pictures")
    loss = quantize.quantize(file, images, tmp_path / "o.onnx", methods=[method], force=True)
    assert loss.mean_cosine > 0.9
    assert 0 < loss.overlap <= 1


def test_what_loses_too_much_is_not_written_unless_it_is_forced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(*_: object) -> Loss:
        return Loss(pictures=9, mean_cosine=0.97, lowest_cosine=0.5, overlap=0.8, same_class={},
                    speed_ratio=2.0, size_ratio=0.3)  # fmt: skip

    monkeypatch.setattr(quantize, "measure_loss", bad)
    out = tmp_path / "small.onnx"
    words = (folder / "tiny.onnx", "--images", folder / "pictures", "--out", out, "--method",
             "minmax")  # fmt: skip
    with pytest.raises(ModelError, match=r"mean cosine of 0\.970 .* 80% .*--force"):
        invoke(*words)
    assert list(tmp_path.iterdir()) == []
    out.write_bytes(b"older")
    with pytest.raises(InputError, match="--force"):
        invoke(*words)
    assert out.read_bytes() == b"older"
    invoke(*words, "--force")
    assert OnnxModel(out, device="cpu", threads=1).card.precision == "int8"
    with pytest.raises(ModelError, match="is int8 already"):
        invoke(out, "--images", folder / "pictures", "--out", tmp_path / "again.onnx")


def test_too_few_pictures(folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    with pytest.raises(InputError, match="0 pictures can be opened, and 64 are needed"):
        invoke(folder / "tiny.onnx", "--images", few, "--out", tmp_path / "o.onnx")
    with pytest.raises(InputError, match=r"there is no folder .*none"):
        invoke(folder / "tiny.onnx", "--images", tmp_path / "none", "--out", tmp_path / "o.onnx")


def test_a_model_loses_nothing_against_itself(folder: Path) -> None:
    model = OnnxModel(folder / "tiny.onnx", device="cpu", threads=1)
    pictures = np.stack([model.card.preprocess(picture) for picture in paint_pictures(20)])
    loss = measure_loss(model.path, model.path, pictures)
    assert loss.mean_cosine == pytest.approx(1, abs=1e-6)
    assert loss.overlap == 1
    assert loss.size_ratio == 1
