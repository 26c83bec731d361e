"""A loss that is no number stops a training with a sentence."""

import re
from pathlib import Path

import pytest
import torch
from tiny_network import make_samples, paint_textures, tiny_config, tiny_run

from artextract.errors import ModelError
from training.loops.loop import Stage, train
from training.loops.processes import Processes
from training.loops.schedule import head_groups


class Hopeless:
    """A task whose loss is never a number."""

    rows = 8

    def loss(self, module: torch.nn.Module, *others: object) -> torch.Tensor:
        return sum(each.sum() for each in module.parameters()) * torch.tensor(float("nan"))

    def evaluate(self, module: torch.nn.Module, processes: Processes) -> dict[str, float]:
        return {"score": 0.0}


@pytest.mark.parametrize(
    ("name", "table"),
    [("fold 1 of 5", "stage_one"), ("stage two, run 2 of 3", "stage_two")],
)
def test_a_loss_that_is_no_number_names_the_rate_to_lower(
    name: str, table: str, tmp_path: Path
) -> None:
    images, labels = paint_textures(8)
    config = tiny_config()
    context, network = tiny_run(tmp_path, config, make_samples(labels, 6), images)
    stage_config = config.stage_one if table == "stage_one" else config.stage_two
    stage = Stage(
        name=name,
        module=network.head,
        groups=head_groups(network.head, stage_config),
        config=stage_config,
        seed=0,
        checkpoints=context.checkpoints,
        recorder=context.recorder,
        processes=context.processes,
        on_best=lambda weights, score: None,
        set_mode=lambda: None,
        visible=False,
    )
    with pytest.raises(ModelError, match=f"nan in {name}, epoch 1.*such as {re.escape(table)}.lr="):
        train(Hopeless(), stage)
    assert not context.checkpoints.exists("last")
