"""A trained network as a file: its classes, its card, and that torch is not needed to use it."""

import math
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from numpy import typing as npt
from tiny_network import make_samples

from artextract.errors import InputError, ModelError
from artextract.models.session import OnnxModel
from export import classifier, cli
from export.calibration_images import generate_images
from export.classifier import export_classifier, find_trust
from export.classifier_graph import ClassifierGraph
from export.whitening import Whitening, fit_whitening
from export.write import Exported
from training.config import load_config, save_config
from training.data.classes import AttributeClasses, Classes
from training.evaluation.calibration import fit_temperature
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, open_run, save_predictions
from training.evaluation.trust import Trust
from training.loops.checkpoint import Checkpoints
from training.loops.network import (
    load_network,
    make_configured_backbone,
    make_network,
    network_fingerprints,
)

ROOT = Path(__file__).resolve().parents[2]
VAL = 60
STYLES = ("baroque", "cubism", "rococo")
GENRES = ("landscape", "portrait")

Floats = npt.NDArray[np.float32]


def make_run(folder: Path, *changes: str) -> Path:
    """Write the folder of a training whose head is random, with predictions of 60 works."""
    import polars

    config, origins = load_config(None, ["attributes=style,genre", "size=64", *changes])
    counts = {"style": (9, 8, 7), "genre": (12, 12)}
    classes = Classes(
        {
            "style": AttributeClasses(
                names=STYLES, train_counts=counts["style"], least=2, left_out={"dada": 1}
            ),
            "genre": AttributeClasses(
                names=GENRES, train_counts=counts["genre"], least=1, left_out={}
            ),
        }
    )
    folder.mkdir(parents=True)
    save_config(folder / "config.toml", config, origins)
    classes.save(folder / "classes.json")
    network = make_network(config, classes, make_configured_backbone(config))
    with torch.random.fork_rng():
        torch.manual_seed(3)
        for name, value in network.head.named_buffers():
            if name.endswith("running_mean"):
                value.uniform_(0, 1)
            if name.endswith("running_var"):
                value.uniform_(0.5, 2)
    Checkpoints(folder / "checkpoints", network_fingerprints(config, classes)).save(
        "best", {"network": network.state_dict()}
    )
    random = np.random.default_rng(0)
    labels = np.stack([random.integers(0, 3, 84), random.integers(0, 2, 84)], 1)
    samples = make_samples(labels, 24)
    images = folder / "images"
    images.mkdir()
    for number, image in enumerate(generate_images(5)):
        image.save(images / f"{number}.jpg")
    rows = {
        "id": list(samples.ids),
        "image": [str(images / f"{number % 7}.jpg") for number in range(84)],  # two are missing
        "artist": list(samples.artists),
        "split": ["train"] * 24 + ["val"] * VAL,
        "label.style": [STYLES[each] for each in labels[:, 0]],
        "label.genre": [GENRES[each] for each in labels[:, 1]],
    }
    polars.DataFrame(rows).write_parquet(folder / "works.parquet")
    labels[30:, 1] = -1  # of genre, six validation samples are known: too few for a temperature
    predictions = {
        name: 6 * random.normal(size=(VAL, count)).astype(np.float32)
        for name, count in (("style", 3), ("genre", 2))
    }
    predictions["style"][np.arange(VAL), labels[24:, 0]] += 4
    save_predictions(
        folder / "predictions" / "val.npz",
        Predictions(
            ids=tuple(samples.ids[24:]),
            logits=predictions,
            labels={"style": labels[24:, 0], "genre": labels[24:, 1]},
            embedding=np.eye(VAL, 4, dtype=np.float32),
        ),
    )
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "run")


@pytest.fixture(scope="module")
def exported(run: Path) -> Exported:
    return export_classifier(run, run / "classifier.onnx")


@pytest.fixture
def model(exported: Exported) -> OnnxModel:
    return OnnxModel(exported.path, device="cpu", threads=1)


def batch_of(model: OnnxModel, count: int) -> Floats:
    return np.stack([model.card.preprocess(image) for image in generate_images(count)])


def softmax(values: npt.NDArray[np.float64], temperature: float = 1.0) -> list[float]:
    powers = [math.exp(value / temperature) for value in values]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize("count", [1, 3, 16])
def test_exported_outputs_equal_the_networks(run: Path, model: OnnxModel, count: int) -> None:
    network, _, classes = load_network(run)
    val = open_run(run).load_predictions("val")
    batch = batch_of(model, count)
    with torch.inference_mode():
        logits, embedding = network(torch.from_numpy(batch))
        maps = network.features(torch.from_numpy(batch)).last.numpy()
    seen = model.run(batch)
    temperature = fit_temperature(val.logits["style"].astype(np.float64), val.labels["style"])
    for name, divisor in (("style", temperature), ("genre", 1.0)):
        assert seen.probabilities[name].shape == (count, len(classes.names[name]))
        for row, values in enumerate(logits[name].double().numpy()):
            expected = softmax(values, divisor)
            np.testing.assert_allclose(seen.probabilities[name][row], expected, atol=1e-5)
    # The mean map: 24 training samples are too few to whiten it.
    pooled = [[channel.mean() for channel in image] for image in maps]
    unit = [np.array(row) / np.sqrt(sum(value * value for value in row)) for row in pooled]
    np.testing.assert_allclose(seen.vectors["visual"], unit, atol=1e-5)
    # Style counts 2, the embedding 0.5; there is no artist here.
    for one in range(count):
        for other in range(count):
            p, q = (softmax(logits["style"][row].double().numpy()) for row in (one, other))
            overlap = sum(math.sqrt(a * b) for a, b in zip(p, q, strict=True))
            cosine = float(embedding[one] @ embedding[other])
            found = float(seen.vectors["style"][one] @ seen.vectors["style"][other])
            assert found == pytest.approx((2 * overlap + 0.5 * cosine) / 2.5, abs=1e-5)


def test_whitening_weights_down_what_views_differ_in() -> None:
    random = np.random.default_rng(1)
    rows = random.normal(size=(400, 40)) + 3
    noise = np.where(np.arange(40) < 20, 2.0, 0.05)  # of views, in each dimension
    views = rows[:, None] + noise * random.normal(size=(400, 3, 40))
    whitening = fit_whitening(rows, views)
    assert whitening is not None
    assert whitening.projection.shape == (40, 40)
    assert whitening.projection.dtype == whitening.mean.dtype == np.float32

    def unit(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(values / np.linalg.norm(values, axis=-1, keepdims=True))

    def found(project: bool) -> float:
        vectors = [unit(rows), unit(rows + noise * random.normal(size=rows.shape))]
        if project:
            vectors = [unit((each - whitening.mean) @ whitening.projection) for each in vectors]
        nearest = (vectors[1] @ vectors[0].T).argmax(axis=1)
        return float((nearest == np.arange(len(rows))).mean())

    assert found(project=False) < 0.9
    assert found(project=True) > 0.99
    for count, components in ((63, None), (64, 16), (120, 30)):
        few = fit_whitening(rows[:count], views[:count])
        assert (few and few.projection.shape) == (components and (40, components))


def test_vectors_are_whitened(run: Path, model: OnnxModel) -> None:
    network, _, _ = load_network(run)
    graph = ClassifierGraph(network, {"style": 1.0, "genre": 1.0}, _whitening_of(1280))
    batch = batch_of(model, 2)
    with torch.inference_mode():
        visual, *_ = graph(torch.from_numpy(batch))
        pooled = network.features(torch.from_numpy(batch)).last.mean(dim=(2, 3)).numpy()
    unit = pooled / np.linalg.norm(pooled, axis=1, keepdims=True)
    expected = (unit - 0.25) @ np.eye(1280, 20)
    np.testing.assert_allclose(visual.numpy(), expected, atol=1e-5)


def _whitening_of(width: int) -> Whitening:
    mean = np.full(width, 0.25, np.float32)
    return Whitening(mean, np.eye(width, 20, dtype=np.float32))


def test_card_describes_the_training_data(run: Path, model: OnnxModel) -> None:
    card, val = model.card, open_run(run).load_predictions("val")
    assert card.kind == "classifier"
    assert card.architecture == (
        "efficientnet-lite0, 1 x bidirectional GRU(128) over rows and columns, attention"
    )
    assert card.classes == {"style": list(STYLES), "genre": list(GENRES)}
    assert card.aspects == {"visual": "embedding", "style": "style"}
    assert card.weights.endswith("fine-tuned on 24 labelled images")
    assert card.licence == "Apache-2.0"
    assert card.preprocess.size == 64
    assert card.training["works"] == {"train": 24, "val": VAL}
    facts = card.training["attributes"]["style"]
    expected = score(val.logits["style"], val.labels["style"], list(STYLES))
    assert facts["val_macro_f1"] == pytest.approx(expected.macro_f1, abs=1e-4)
    assert (facts["classes"], facts["left_out"], facts["val_works"]) == (3, 1, VAL)
    assert card.training["attributes"]["genre"]["val_works"] == 6
    assert card.training["attributes"]["genre"]["temperature"] == 1.0
    assert card.parity["pictures"] == 16  # missing files are skipped
    assert card.parity["max_probability_difference"] < 1e-4


def make_apart_run(
    run: Path, folder: Path, *, right: float = 0.95, years: bool = False, styles: int = 3
) -> Path:
    """Write an artist-disjoint training of the same styles, each artwork by another artist."""
    import polars

    (folder / "predictions").mkdir(parents=True)
    classes = Classes.load(run / "classes.json")
    style = classes.by_attribute["style"]
    names = {"style": replace(style, names=style.names[:styles], train_counts=(9, 8, 7)[:styles])}
    Classes(names).save(folder / "classes.json")
    random = np.random.default_rng(2)
    labels = random.integers(0, styles, 600)
    logits = 0.3 * random.normal(size=(600, styles)).astype(np.float32)
    sure = random.random(600) < 0.6
    found = np.where(random.random(600) < right, labels, (labels + 1) % styles)
    logits[np.arange(600), found] += np.where(sure, 8, 0.2)
    ids = [f"a{number}" for number in range(601)]
    rows: dict[str, list[str] | list[int | None]] = {
        "id": ids,
        "image": [f"{id_}.jpg" for id_ in ids],
        "artist": ids,
        "split": ["val"] * 600 + ["train"],
        "label.style": [STYLES[each] for each in labels] + [STYLES[0]],
    }
    if years:
        made: list[int | None] = [*[1760] * 600, None]
        rows |= {"year_begin": made, "year_end": made}
    polars.DataFrame(rows).write_parquet(folder / "works.parquet")
    save_predictions(
        folder / "predictions" / "val.npz",
        Predictions(ids=ids[:600], logits={"style": logits}, labels={"style": labels}),
    )
    return folder


def test_without_an_artist_disjoint_training_nothing_is_trusted(model: OnnxModel) -> None:
    assert model.card.trusted_from == model.card.trusted_from_dated == {}
    for facts in model.card.training["attributes"].values():
        assert facts["trust"] == {"reason": "no artist-disjoint training was given"}


def test_artists_not_trained_on_say_what_is_trusted(run: Path, tmp_path: Path) -> None:
    apart = make_apart_run(run, tmp_path / "apart", years=True)
    out = tmp_path / "c.onnx"
    printed = invoke("classifier", run, "--apart", apart, "--out", out)
    card = OnnxModel(out, device="cpu", threads=1).card
    facts = card.training["attributes"]["style"]
    other = open_run(apart).load_predictions("val")
    logits, labels = other.logits["style"].astype(np.float64), other.labels["style"]
    temperature = fit_temperature(logits, labels)
    assert facts["temperature"] == pytest.approx(temperature, abs=1e-4)
    probabilities = np.array([softmax(row, temperature) for row in logits])
    rows = probabilities.max(axis=1) >= card.trusted_from["style"]
    right = (probabilities.argmax(axis=1) == labels)[rows]
    assert right.mean() >= 0.85
    assert facts["trust"]["any years"]["all"]["trusted"] == rows.sum()
    assert facts["trust"]["any years"]["all"]["right"] == pytest.approx(right.mean(), abs=1e-4)
    # In 1760 Cubism was not painted; what is called so is not trusted.
    known = facts["trust"]["known years"]
    assert known["all"]["trusted"] <= (probabilities.argmax(axis=1) != 1).sum()
    assert 0 < card.trusted_from_dated["style"] <= 1
    assert "genre" not in card.trusted_from
    reason = "no artist-disjoint training predicts it"
    assert card.training["attributes"]["genre"]["trust"] == {"reason": reason}
    assert f"trusted from confidence {card.trusted_from['style']:.2f}" in printed
    assert f"not trusted: {reason}" in printed
    shown = invoke("inspect", out).splitlines()
    assert f"trusted      style: from confidence {card.trusted_from['style']:.2f}" in shown


def test_a_classifier_that_is_often_wrong_is_not_trusted(run: Path, tmp_path: Path) -> None:
    apart = make_apart_run(run, tmp_path / "apart", right=0.8)
    found = find_trust(open_run(run), [open_run(apart)])["style"]
    assert isinstance(found, Trust)
    assert found.any.lowest is None
    assert found.any.reason is not None
    assert found.dated is None


def test_an_artist_disjoint_training_of_other_classes_is_refused(run: Path, tmp_path: Path) -> None:
    apart = make_apart_run(run, tmp_path / "apart", styles=2)
    with pytest.raises(InputError, match=r"has other classes of style than .*; train it beside"):
        invoke("classifier", run, "--apart", apart, "--out", tmp_path / "out.onnx")
    with pytest.raises(InputError, match="there is no folder"):
        invoke("classifier", run, "--apart", tmp_path / "no", "--out", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_graph_takes_any_batch_size(exported: Exported) -> None:
    graph = onnx.load(exported.path).graph
    sides = {
        value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert sides == {
        "image": ["n", 3, 64, 64],
        "embedding": ["n", 1280],
        "style": ["n", 3 + 512],
        "probability.style": ["n", 3],
        "probability.genre": ["n", 2],
    }


def test_exported_classifier_runs_without_torch(exported: Exported, tmp_path: Path) -> None:
    script = f"""
import sys
sys.modules["torch"] = sys.modules["onnx"] = None
import numpy as np
from pathlib import Path
from artextract.models.session import OnnxModel
model = OnnxModel(Path({str(exported.path)!r}), device="cpu", threads=1)
seen = model.run(np.zeros((3, 3, 64, 64), np.float32))
print(seen.vectors["style"].shape, seen.probabilities["style"].sum(axis=1).round(4).tolist())
"""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert ran.stdout.strip() == "(3, 515) [1.0, 1.0, 1.0]"


@pytest.mark.parametrize(
    "changes",
    [
        ("model.backbone=resnet50", "model.weights=random", "model.middle=6"),
        (
            "model.recurrent=lstm",
            "model.layers=2",
            "model.statistics=style",
            "model.pooled=false",
            "model.attention=shared",
        ),
    ],
)
def test_other_network_configurations_are_exported(
    changes: tuple[str, ...], tmp_path: Path
) -> None:
    found = export_classifier(make_run(tmp_path / "run", *changes), tmp_path / "out.onnx")
    assert found.parity.lowest_cosine > 0.99999


@pytest.mark.parametrize("what", ["classes", "embedding"])
def test_file_with_other_probabilities_is_not_written(
    what: str, run: Path, exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = onnx.load(exported.path)
    name = "classify.style" if what == "classes" else "read_norm.bias"
    (tensor,) = (
        each for each in graph.graph.initializer if each.name.endswith((name, f"{name}.bias"))
    )
    values = onnx.numpy_helper.to_array(tensor).copy()
    values[0] += 30
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    monkeypatch.setattr(classifier, "make_graph", lambda *_: graph)
    with pytest.raises(ModelError, match="nothing was written") as error:
        export_classifier(run, tmp_path / "out.onnx")
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_export_does_not_change_the_network(run: Path) -> None:
    network, _, _ = load_network(run)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    ClassifierGraph(network, {"style": 2.0, "genre": 1.0}, None)
    assert before.keys() == network.state_dict().keys()
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])


def invoke(*words: object) -> str:
    result = CliRunner().invoke(
        cli.export, list(map(str, words)), standalone_mode=False, catch_exceptions=False
    )
    return result.stdout


def test_command_prints_a_summary_and_inspect_reads_the_file(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.onnx"
    printed = invoke("classifier", run, "--out", out)
    assert f"file    {out}" in printed
    assert "the same classes, on 16 images" in printed
    assert "style   3 classes, macro-F1 0." in printed
    shown = invoke("inspect", out)
    for line in (
        "kind         classifier",
        "input        image (n, 3, 64, 64), float",
        "output       embedding (n, 1280), float",
        "aspect       style: output style",
        "aspect       visual: output embedding",
        "classes      style, 3: baroque, cubism, rococo",
        "training     works train: 24",
    ):
        assert line in shown.splitlines()
    assert "CPUExecutionProvider" in shown


def test_inspect_finds_packaged_models_by_name() -> None:
    shown = invoke("inspect", "efficientnet-lite0")
    assert "aspect       visual: output embedding" in shown.splitlines()
    assert "licence      Apache-2.0" in shown.splitlines()


def test_unfinished_training_is_refused(run: Path, tmp_path: Path) -> None:
    for folder, predictions in (
        (tmp_path, "has no classes.json"),
        (tmp_path / "none", "there is no folder"),
    ):
        with pytest.raises(InputError, match=predictions):
            invoke("classifier", folder, "--out", tmp_path / "out.onnx")
    begun = make_run(tmp_path / "begun")
    (begun / "checkpoints" / "best.pt").unlink()
    with pytest.raises(ModelError, match=r"there is no checkpoint .*best\.pt"):
        invoke("classifier", begun, "--out", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()


def test_missing_validation_images_raise(tmp_path: Path) -> None:
    moved = make_run(tmp_path / "run")
    shutil.rmtree(moved / "images")
    with pytest.raises(InputError, match="image"):
        invoke("classifier", moved, "--out", tmp_path / "out.onnx")
    assert not (tmp_path / "out.onnx").exists()
