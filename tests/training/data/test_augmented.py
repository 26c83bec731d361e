"""Versions of images that are kept partway through the backbone."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_network import make_samples, paint_textures, tiny_config, tiny_run

from training.data.array_cache import remove_arrays
from training.data.augmentation import augment, to_floats
from training.data.augmented import KIND, compute_augmented_maps, load_augmented_maps
from training.data.features import normalise
from training.loops.stages import TrainingContext, cached_features, train_network
from training.networks.cnn_rnn import CnnRnn

ROWS = np.array([5, 2, 11, 7])


def start(folder: Path, *changes: str) -> tuple[TrainingContext, CnnRnn]:
    images, labels = paint_textures(60)
    return tiny_run(folder, tiny_config(*changes), make_samples(labels, 40), images)


@pytest.mark.parametrize("stages", [0, 1, 2, 3])
def test_beginning_and_finishing_is_the_whole(stages: int, tmp_path: Path) -> None:
    context, network = start(tmp_path)
    images = normalise(
        to_floats(torch.from_numpy(context.images[np.arange(20)])), context.preprocess
    )
    network.eval()
    whole = network.features(images)
    with torch.no_grad():  # where a few images are taken at a time
        parts = network.features.finish(network.features.begin(images, stages))
        predicted = network(network.features.begin(images, stages))
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(one.detach().numpy(), other.numpy(), atol=1e-5)
    logits = network(images).logits
    for name, values in logits.items():
        np.testing.assert_allclose(
            values.detach().numpy(), predicted.logits[name].numpy(), atol=1e-5
        )


def test_versions_are_those_of_a_plain_loop(tmp_path: Path) -> None:
    context, network = start(tmp_path)
    network.eval()
    views = compute_augmented_maps(
        network, context.images, ROWS, context.preprocess, context.config.augment,
        tmp_path / "cache", ["a"], stages=3, count=2, seed=9, device=torch.device("cpu"),
    )  # fmt: skip
    assert views.count == 2
    generator = torch.Generator().manual_seed(9)
    for view in range(2):
        pixels = to_floats(torch.from_numpy(context.images[ROWS]))
        images = normalise(augment(pixels, context.config.augment, generator), context.preprocess)
        for row in range(len(ROWS)):
            x = images[row : row + 1]
            with torch.no_grad():
                for stage in network.backbone.stages()[:3]:
                    x = stage(x)
            found = views.get(torch.tensor([row]), torch.tensor([view]), torch.device("cpu"))
            assert found.stages == 3
            np.testing.assert_allclose(found.map.numpy(), x.numpy(), rtol=2e-3, atol=2e-3)


def test_what_is_kept_is_found_again_and_removed(tmp_path: Path) -> None:
    context, network = start(tmp_path)
    cache = tmp_path / "cache"
    seen: list[int] = []

    def make(key: str) -> None:
        compute_augmented_maps(
            network.eval(), context.images, ROWS, context.preprocess, context.config.augment,
            cache, [key], stages=2, count=3, seed=0, device=torch.device("cpu"),
            on_images=seen.append,
        )  # fmt: skip

    assert load_augmented_maps(cache, ["a"], len(ROWS), 2) is None
    make("a")
    assert sum(seen) == 3 * len(ROWS)
    found = load_augmented_maps(cache, ["a"], len(ROWS), 2)
    assert found is not None
    assert found.count == 3
    assert load_augmented_maps(cache, ["b"], len(ROWS), 2) is None
    remove_arrays(cache, KIND, ["a"])
    assert load_augmented_maps(cache, ["a"], len(ROWS), 2) is None


def test_nothing_is_left_of_what_was_interrupted(tmp_path: Path) -> None:
    context, network = start(tmp_path)

    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute_augmented_maps(
            network.eval(), context.images, ROWS, context.preprocess, context.config.augment,
            tmp_path / "cache", ["a"], stages=2, count=3, seed=0, device=torch.device("cpu"),
            on_images=stop,
        )  # fmt: skip
    assert load_augmented_maps(tmp_path / "cache", ["a"], len(ROWS), 2) is None
    assert list((tmp_path / "cache" / "views").iterdir()) == []


def test_a_stage_that_is_done_keeps_no_versions_and_makes_none_again(tmp_path: Path) -> None:
    context, network = start(tmp_path, "stage_two.views=2", "stage_two.frozen=3")
    features = cached_features(context, network.features)
    train_network(context, network, features)
    assert list((context.cache / "views").iterdir()) == []
    (context.cache / "views").rmdir()
    context, network = start(tmp_path, "stage_two.views=2", "stage_two.frozen=3")
    train_network(context, network, features)
    assert not (context.cache / "views").exists()
