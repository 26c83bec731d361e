"""A tiny training: it learns what a constant can't, and goes on exactly where it stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_network import TinyBackbone, make_samples, paint_textures, tiny_config, tiny_run

from training.config import Config
from training.data.features import CachedFeatures
from training.loops.stages import cached_features, train_network
from training.loops.tasks import Task, TrainingContext, image_task
from training.networks.cnn_rnn import CnnRnn

TRAIN = 96


def start(folder: Path, config: Config) -> tuple[TrainingContext, CnnRnn, CachedFeatures]:
    images, labels = paint_textures(144)
    context, network = tiny_run(folder, config, make_samples(labels, TRAIN), images)
    features = cached_features(context, network.features)
    return context, network, features


@pytest.mark.parametrize(
    "changes",
    [
        ("stage_two.frozen=0",),
        ("stage_two.frozen=3",),
        ("stage_two.frozen=3", "augment.mix=0.4"),
        ("stage_two.frozen=3", "augment.mix=0.4", "stage_two.views=0"),
    ],
)
def test_both_stages_beat_a_constant_prediction(changes: tuple[str, ...], tmp_path: Path) -> None:
    config = tiny_config("stage_one.epochs=8", "stage_two.epochs=14", "stage_two.lr=5e-3",
                         "stage_two.backbone_lr=2e-3", *changes)  # fmt: skip
    context, network, features = start(tmp_path, config)
    train_network(context, network, features)
    found = image_task(context).evaluate(network.eval())
    # Four styles of equal size: a constant has a macro-F1 of 0.1; two genres: about 0.33.
    assert found["style"] > 0.6
    assert found["genre"] > 0.6


@pytest.mark.parametrize("recurrent", ["gru", "lstm", "none"])
def test_every_recurrent_layer_gives_logits_and_a_unit_embedding(
    recurrent: str, tmp_path: Path
) -> None:
    images, labels = paint_textures(8)
    config = tiny_config(f"model.recurrent={recurrent}", "stage_two.frozen=0")
    _, network = tiny_run(tmp_path, config, make_samples(labels, 6), images)
    batch = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 128 - 1
    logits, embedding = network.eval()(batch)
    assert {name: tuple(values.shape) for name, values in logits.items()} == {
        "style": (8, 4),
        "genre": (8, 2),
    }
    np.testing.assert_allclose(embedding.norm(dim=1).detach().numpy(), 1, atol=1e-5)
    alone, _ = network(batch[3:4])
    np.testing.assert_allclose(
        alone["style"].detach().numpy(), logits["style"][3:4].detach().numpy(), atol=1e-4
    )


def test_stage_two_without_improvement_keeps_the_head_of_stage_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config('predict.keep="best"')
    monkeypatch.setattr(Task, "evaluate", lambda *_: {"score": 1.0})
    context, network, features = start(tmp_path, config)
    train_network(context, network, features)
    head = context.checkpoints.load("head")["head"]
    for name, value in network.head.state_dict().items():
        assert torch.equal(value, head[name]), name


@pytest.mark.parametrize("frozen", [0, 3])
def test_resumed_training_ends_with_the_same_weights(
    frozen: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(f"stage_two.frozen={frozen}", "stage_two.views=3")
    whole_context, whole, features = start(tmp_path / "whole", config)
    train_network(whole_context, whole, features)

    context, network, features = start(tmp_path / "parts", config)
    saved = type(context.recorder).add
    epochs = 0

    def stop_after_four(recorder: object, numbers: dict[str, object]) -> None:
        nonlocal epochs
        saved(recorder, numbers)  # type: ignore[arg-type]
        epochs += 1
        if epochs == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(type(context.recorder), "add", stop_after_four)
    with pytest.raises(KeyboardInterrupt):
        train_network(context, network, features)
    monkeypatch.undo()
    context, network, features = start(tmp_path / "parts", config)
    train_network(context, network, features)
    assert type(network.backbone) is TinyBackbone
    for name, value in whole.state_dict().items():
        assert torch.equal(value, network.state_dict()[name]), name


@pytest.mark.parametrize("name", ["type", "items", "training"])
def test_attributes_may_have_names_of_module_methods(name: str) -> None:
    classes = {name: 3, "style": 2}
    network = CnnRnn(TinyBackbone(), classes, tiny_config().model).eval()
    logits, _ = network(torch.zeros(2, 3, 32, 32))
    assert {key: values.shape[1] for key, values in logits.items()} == classes
