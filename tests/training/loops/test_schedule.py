"""The learning rate over steps and layers, against its formula in plain loops."""

import math

import numpy as np
import pytest
import torch
from tiny_network import STYLES, TinyBackbone, make_classes, tiny_config

from artextract.errors import InputError
from training.config import Config
from training.loops.losses import MultiTaskLoss
from training.loops.network import make_network
from training.loops.schedule import Group, head_groups, network_groups, rate_factor
from training.networks.cnn_rnn import CnnRnn

# The steps of the tiny backbone, as (part, place in it), and what of them can learn.
STEPS = ["one.0", "one.1", "two.0", "two.1", "two.2", "three.0", "three.1"]


def make_tiny(config: Config) -> CnnRnn:
    return make_network(config, make_classes(), TinyBackbone())


def names_of(network: CnnRnn) -> dict[int, str]:
    return {id(parameter): name for name, parameter in network.named_parameters()}


def parameters_of(group: Group) -> list[torch.nn.Parameter]:
    found = group["params"]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(("steps", "warmup"), [(20, 0.25), (40, 0.05), (1000, 0.1), (7, 0.0)])
def test_learning_rate_warms_up_linearly_and_decays_as_a_cosine(steps: int, warmup: float) -> None:
    shares = [rate_factor(step, steps, warmup) for step in range(steps)]
    rising = round(warmup * steps)
    for step, share in enumerate(shares):
        if step < rising - 1:
            assert share == pytest.approx((step + 1) / rising)
        elif step >= rising:
            fallen = (step - rising) / (steps - rising)
            assert share == pytest.approx((1 + math.cos(math.pi * fallen)) / 2)
    assert shares == sorted(shares[:rising]) + sorted(shares[rising:], reverse=True)
    assert max(shares) == 1
    assert 0 < shares[-1] < 0.1


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0.05), (3, 0.5), (13, 0.33), (200, 0.007)])
def test_learning_rate_factor_is_between_0_and_1(steps: int, warmup: float) -> None:
    shares = [rate_factor(step, steps, warmup) for step in range(steps)]
    assert min(shares) > 0
    assert 0.5 < max(shares) <= 1


@pytest.mark.parametrize("frozen", [0, 3, 7])
def test_earlier_backbone_stages_have_lower_learning_rates(frozen: int) -> None:
    config = tiny_config(f"stage_two.frozen={frozen}", "stage_two.decay=0.5",
                         "stage_two.backbone_lr=0.08", "stage_two.lr=0.3")  # fmt: skip
    network = make_tiny(config)
    names = names_of(network)
    found = {
        names[id(parameter)]: group["peak"]
        for group in network_groups(network, config.stage_two)
        for parameter in parameters_of(group)
    }
    expected = {f"head.{name}": 0.3 for name, _ in network.head.named_parameters()}
    rate = 0.08
    for number, step in reversed(list(enumerate(STEPS))):
        for name in names.values():
            if name.startswith(f"features.backbone.{step}.") and number >= frozen:
                expected[name] = rate
        rate *= 0.5
    assert found == pytest.approx(expected)
    assert len(expected) == len(names) - sum(
        name.startswith(f"features.backbone.{step}.") for name in names.values()
        for step in STEPS[:frozen]
    )  # fmt: skip


@pytest.mark.parametrize("recurrent", ["gru", "none"])
def test_each_trained_parameter_is_in_one_group_and_only_matrices_decay(
    recurrent: str,
) -> None:
    config = tiny_config("stage_two.frozen=3", "stage_two.weight_decay=0.2",
                         "stage_one.weight_decay=0.1", f"model.recurrent={recurrent}")  # fmt: skip
    network = make_tiny(config)
    for groups, decay, module in (
        (head_groups(network.head, config.stage_one), 0.1, network.head),
        (network_groups(network, config.stage_two), 0.2, network),
    ):
        grouped = [id(parameter) for group in groups for parameter in parameters_of(group)]
        learning = [id(each) for each in module.parameters() if each.requires_grad]
        assert sorted(grouped) == sorted(learning)
        for group in groups:
            for parameter in parameters_of(group):
                assert group["weight_decay"] == (decay if parameter.ndim > 1 else 0)
        torch.optim.AdamW(groups)  # it takes them, too


def test_frozen_stages_get_no_gradient_and_do_not_change() -> None:
    config = tiny_config("stage_two.frozen=3")
    network = make_tiny(config)
    before = {name: each.detach().clone() for name, each in network.named_parameters()}
    groups = network_groups(network, config.stage_two)
    optimizer = torch.optim.AdamW(groups, lr=0.01)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"]
    images = torch.from_numpy(np.random.default_rng(1).normal(size=(6, 3, 32, 32))).float()
    labels = torch.tensor([[0, 0], [1, 1], [2, 0], [3, 1], [0, 1], [1, 0]])
    counts = {"style": [3] * len(STYLES), "genre": [3, 3]}
    MultiTaskLoss(counts, config.loss)(network.train()(images).logits, labels).backward()
    optimizer.step()
    for name, parameter in network.named_parameters():
        frozen = name.startswith(tuple(f"features.backbone.{step}." for step in STEPS[:3]))
        assert (parameter.grad is None) == frozen, name
        assert parameter.requires_grad != frozen, name
        assert torch.equal(parameter, before[name]) or not frozen, name
    moved = [not torch.equal(each, before[name]) for name, each in network.named_parameters()]
    assert sum(moved) > len(moved) / 2


def test_too_many_frozen_stages_raise() -> None:
    config = tiny_config("stage_two.frozen=8")
    with pytest.raises(
        InputError,
        match=r"option 'stage_two\.frozen' is 8, but tiny has 7 stages; give 0 \(train all\) to 7",
    ):
        network_groups(make_tiny(config), config.stage_two)


@pytest.mark.parametrize(("step", "steps", "warmup"), [(4, 20, 0.25), (9, 10, 1.0), (0, 1, 1.0)])
def test_warmup_reaches_the_peak(step: int, steps: int, warmup: float) -> None:
    assert rate_factor(step, steps, warmup) == 1
