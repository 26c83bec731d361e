"""A loss of NaN stops a training with a clear error."""

import re
from pathlib import Path

import pytest
import torch
from tiny_network import make_samples, paint_textures, tiny_config, tiny_run

from artextract.errors import ModelError
from training.loops.loop import Stage, train
from training.loops.schedule import head_groups
from training.loops.stages import cached_features
from training.loops.tasks import feature_task


@pytest.mark.parametrize(
    ("name", "table"),
    [("fold 1 of 5", "stage_one"), ("stage two, run 2 of 3", "stage_two")],
)
def test_error_for_a_loss_of_nan_names_the_learning_rate_to_lower(
    name: str, table: str, tmp_path: Path
) -> None:
    images, labels = paint_textures(8)
    config = tiny_config()
    context, network = tiny_run(tmp_path, config, make_samples(labels, 6), images)
    features = cached_features(context, network.features)
    torch.nn.init.constant_(network.head.attend.weight, float("nan"))
    stage_config = config.stage_one if table == "stage_one" else config.stage_two
    stage = Stage(
        name=name,
        module=network.head,
        groups=head_groups(network.head, stage_config),
        config=stage_config,
        on_best=lambda weights, score: None,
        set_mode=lambda: None,
    )
    with pytest.raises(ModelError, match=f"nan in {name}, epoch 1.*such as {re.escape(table)}.lr="):
        train(feature_task(context, features), stage)
    assert not context.checkpoints.exists("last")
