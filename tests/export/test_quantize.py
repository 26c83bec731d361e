"""An int8 model: what it loses, and that one which loses too much is not written."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import numpy_helper
from tiny_network import TinyBackbone

from artextract.errors import InputError, ModelError
from artextract.models import session as inference
from artextract.models.registry import ModelFile
from artextract.models.session import OnnxModel
from export import cli, quantize
from export.calibration_images import find_images, generate_images, open_images
from export.embedder import export_embedder
from export.quantization_loss import Loss, measure_loss
from training.networks.backbones.weights import RANDOM


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model, and a folder of 80 painted images and one that is none."""
    place = tmp_path_factory.mktemp("quantize")
    (place / "images" / "more").mkdir(parents=True)
    for number, image in enumerate(generate_images(80)):
        image.save(place / "images" / ("more" if number % 2 else ".") / f"{number}.jpg")
    (place / "images" / "cut.jpg").write_bytes(b"\xff\xd8\xff")
    (place / "images" / "notes.txt").write_text("no image")
    export_embedder(TinyBackbone(), RANDOM, place / "tiny.onnx")
    return place


def invoke(*words: object) -> str:
    result = CliRunner().invoke(
        cli.export, ["quantize", *map(str, words)], standalone_mode=False, catch_exceptions=False
    )
    return result.stdout


def test_quantised_file_is_smaller_and_its_card_has_the_losses(
    folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "small.onnx"
    words = (folder / "tiny.onnx", "--images", folder / "images", "--out", out)
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
    # The same images that evaluated it, by plain loops.
    found = find_images(folder / "images")
    assert len(found) == 81
    order = np.random.default_rng(0).permutation(81)
    opened = [found[at] for at in order if found[at].name != "cut.jpg"][40:]
    batch = np.stack([before.card.preprocess(image) for image in open_images(opened)])
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
def test_every_method_keeps_a_high_cosine(
    method: quantize.Method, folder: Path, tmp_path: Path
) -> None:
    file = ModelFile("tiny", folder / "tiny.onnx")
    images = find_images(folder / "images")
    loss = quantize.quantize(file, images, tmp_path / "o.onnx", methods=[method], force=True)
    assert loss.mean_cosine > 0.9
    assert 0 < loss.overlap <= 1


def test_large_loss_is_refused_unless_forced(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bad(*_: object) -> Loss:
        return Loss(images=9, mean_cosine=0.97, lowest_cosine=0.5, overlap=0.8, same_class={},
                    speed_ratio=2.0, size_ratio=0.3)  # fmt: skip

    monkeypatch.setattr(quantize, "measure_loss", bad)
    out = tmp_path / "small.onnx"
    words = (folder / "tiny.onnx", "--images", folder / "images", "--out", out, "--method",
             "minmax")  # fmt: skip
    with pytest.raises(ModelError, match=r"mean cosine of 0\.970 .* 80% .*give `force`"):
        invoke(*words)
    assert list(tmp_path.iterdir()) == []
    out.write_bytes(b"older")
    with pytest.raises(InputError, match="replace it with `force`"):
        invoke(*words)
    assert out.read_bytes() == b"older"
    invoke(*words, "--force")
    assert OnnxModel(out, device="cpu", threads=1).card.precision == "int8"
    with pytest.raises(ModelError, match="is int8 already"):
        invoke(out, "--images", folder / "images", "--out", tmp_path / "again.onnx")


def test_too_few_images_raise(folder: Path, tmp_path: Path) -> None:
    few = tmp_path / "few"
    few.mkdir()
    with pytest.raises(InputError, match="0 images can be opened, and 64 are needed"):
        invoke(folder / "tiny.onnx", "--images", few, "--out", tmp_path / "o.onnx")
    with pytest.raises(InputError, match=r"there is no folder .*none"):
        invoke(folder / "tiny.onnx", "--images", tmp_path / "none", "--out", tmp_path / "o.onnx")


def test_model_has_no_loss_against_itself(folder: Path) -> None:
    model = OnnxModel(folder / "tiny.onnx", device="cpu", threads=1)
    images = np.stack([model.card.preprocess(image) for image in generate_images(20)])
    loss = measure_loss(model.path, model.path, images)
    assert loss.mean_cosine == pytest.approx(1, abs=1e-6)
    assert loss.overlap == 1
    assert loss.size_ratio == 1


def test_metrics_of_labelled_images_are_printed_before_and_after(
    folder: Path, tmp_path: Path
) -> None:
    styles = {f"{n}.jpg": ["ramps", "discs"][n % 2] for n in range(0, 80, 2)}
    rows = [f"{name},{style}" for name, style in styles.items()]
    (tmp_path / "labels.csv").write_text("\n".join(["file,style", *rows]) + "\n")
    out = tmp_path / "small.onnx"
    printed = invoke(
        folder / "tiny.onnx", "--images", folder / "images", "--out", out, "--method", "minmax",
        "--labels", tmp_path / "labels.csv", "--force",
    )  # fmt: skip
    ((metric, (samples, before, after)),) = (
        OnnxModel(out, device="cpu").card.quantization["changes"].items()
    )
    assert metric == "style P@10 by visual"
    assert samples == 40  # all of them evaluate: half of the images are without a label
    assert f"{metric} {before:.3f} -> {after:.3f}, 40 images" in printed
    for path, predicted in ((folder / "tiny.onnx", before), (out, after)):
        model = OnnxModel(path, device="cpu", threads=1)
        files = [folder / "images" / name for name in styles]
        batch = np.stack([model.card.preprocess(image) for image in open_images(files)])
        rows_, names, right = model.embed(batch), list(styles.values()), 0
        for at in range(40):
            others = sorted(set(range(40)) - {at}, key=lambda i: -float(rows_[at] @ rows_[i]))
            right += sum(names[i] == names[at] for i in others[:10])
        assert predicted == pytest.approx(right / 400, abs=0.02)  # near ties


@pytest.mark.parametrize("bits", ["7", "8"])
def test_weights_use_the_requested_bits(bits: str, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.onnx"
    invoke(folder / "tiny.onnx", "--images", folder / "images", "--out", out, "--method",
           "minmax", "--weight-bits", bits, "--force")  # fmt: skip
    assert OnnxModel(out, device="cpu").card.weight_bits == int(bits)
    largest = max(
        int(np.abs(values.astype(int)).max())
        for tensor in onnx.load(out).graph.initializer
        if (values := numpy_helper.to_array(tensor)).dtype == np.int8 and values.ndim > 1
    )
    assert largest == {"7": 64, "8": 127}[bits] or largest == {"7": 63, "8": 128}[bits]


def test_eight_bits_without_vnni_give_a_warning(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for bits in ("7", "8"):
        invoke(folder / "tiny.onnx", "--images", folder / "images", "--out",
               tmp_path / f"{bits}.onnx", "--method", "minmax", "--weight-bits", bits,
               "--force")  # fmt: skip
    caplog.clear()
    monkeypatch.setattr(inference, "sums_int8_exactly", lambda: False)
    OnnxModel(tmp_path / "7.onnx", device="cpu")
    OnnxModel(folder / "tiny.onnx", device="cpu")
    assert caplog.text == ""
    OnnxModel(tmp_path / "8.onnx", device="cpu")
    assert "7 weight bits" in caplog.text
