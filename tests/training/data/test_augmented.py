"""Versions of pictures that are kept partway through the backbone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_network import make_works, paint_textures, tiny_config, tiny_run

from training.data.array_cache import remove_arrays
from training.data.augmentation import augment, to_floats
from training.data.augmented import KIND, load_views, make_views
from training.data.features import prepare
from training.loops.stages import Setting, gather_features, train_network
from training.networks.chain import chain_of
from training.networks.cnn_rnn import CnnRnn

ROWS = np.array([5, 2, 11, 7])


def start(folder: Path, *changes: str) -> tuple[Setting, CnnRnn]:
    pictures, labels = paint_textures(60)
    return tiny_run(folder, tiny_config(*changes), make_works(labels, 40), pictures)


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_beginning_and_finishing_is_the_whole(steps: int, tmp_path: Path) -> None:
    setting, network = start(tmp_path)
    images = prepare(
        to_floats(torch.from_numpy(setting.pictures[np.arange(20)])), setting.preprocess
    )
    network.eval()
    whole = network.features(images)
    with torch.no_grad():  # where a few pictures are taken at a time
        parts = network.features.finish(network.features.begin(images, steps))
        told = network(network.features.begin(images, steps))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.numpy(), atol=1e-5)
    logits = network(images).logits
    for name, values in logits.items():
        np.testing.assert_allclose(values.detach().numpy(), told.logits[name].numpy(), atol=1e-5)


def test_versions_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    setting, network = start(tmp_path)
    network.eval()
    views = make_views(
        network, setting.pictures, ROWS, setting.preprocess, setting.config.augment,
        tmp_path / "cache", ["a"], steps=3, count=2, seed=9, device=torch.device("cpu"),
    )  # fmt: skip
    assert views.count == 2
    generator = torch.Generator().manual_seed(9)
    for view in range(2):
        pixels = to_floats(torch.from_numpy(setting.pictures[ROWS]))
        images = prepare(augment(pixels, setting.config.augment, generator), setting.preprocess)
        for row in range(len(ROWS)):
            x = images[row : row + 1]
            with torch.no_grad():
                for step in chain_of(network.backbone)[:3]:
                    x = step(x)
            found = views.get(torch.tensor([row]), torch.tensor([view]), torch.device("cpu"))
            assert found.done == 3
            np.testing.assert_allclose(found.map.numpy(), x.numpy(), rtol=2e-3, atol=2e-3)


def test_what_is_kept_is_found_again_and_removed(tmp_path: Path) -> None:
    setting, network = start(tmp_path)
    cache = tmp_path / "cache"
    seen: list[int] = []

    def make(key: str) -> None:
        make_views(
            network.eval(), setting.pictures, ROWS, setting.preprocess, setting.config.augment,
            cache, [key], steps=2, count=3, seed=0, device=torch.device("cpu"),
            on_pictures=seen.append,
        )  # fmt: skip

    assert load_views(cache, ["a"], len(ROWS), 2) is None
    make("a")
    assert sum(seen) == 3 * len(ROWS)
    found = load_views(cache, ["a"], len(ROWS), 2)
    assert found is not None
    assert found.count == 3
    assert load_views(cache, ["b"], len(ROWS), 2) is None
    remove_arrays(cache, KIND, ["a"])
    assert load_views(cache, ["a"], len(ROWS), 2) is None


def test_nothing_is_left_of_what_was_interrupted(tmp_path: Path) -> None:
    setting, network = start(tmp_path)

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_views(
            network.eval(), setting.pictures, ROWS, setting.preprocess, setting.config.augment,
            tmp_path / "cache", ["a"], steps=2, count=3, seed=0, device=torch.device("cpu"),
            on_pictures=stop,
        )  # fmt: skip
    assert load_views(tmp_path / "cache", ["a"], len(ROWS), 2) is None
    assert list((tmp_path / "cache" / "views").iterdir()) == []


def test_a_stage_that_is_done_keeps_no_versions_and_makes_none_again(tmp_path: Path) -> None:
    setting, network = start(tmp_path, "stage_two.views=2", "stage_two.frozen=3")
    features = gather_features(setting, network.features)
    train_network(setting, network, features)
    assert list((setting.cache / "views").iterdir()) == []
    (setting.cache / "views").rmdir()
    setting, network = start(tmp_path, "stage_two.views=2", "stage_two.frozen=3")
    train_network(setting, network, features)
    assert not (setting.cache / "views").exists()
