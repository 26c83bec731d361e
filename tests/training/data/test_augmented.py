"""Cached feature maps of augmented images."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from tiny_network import make_samples, paint_textures, tiny_config, tiny_run

from training.data.array_cache import load_arrays, remove_arrays, save_arrays
from training.data.augmentation import augment, to_floats
from training.data.augmented import AugmentedMaps, map_batches
from training.data.features import normalise
from training.loops.stages import cached_features, train_network
from training.loops.tasks import TrainingContext
from training.networks.cnn_rnn import CnnRnn

ROWS = np.array([5, 2, 11, 7])


def start(folder: Path, *changes: str) -> tuple[TrainingContext, CnnRnn]:
    images, labels = paint_textures(60)
    return tiny_run(folder, tiny_config(*changes), make_samples(labels, 40), images)


@pytest.mark.parametrize("stages", [0, 1, 2, 3])
def test_partial_features_finish_to_the_same_features(stages: int, tmp_path: Path) -> None:
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


def test_cached_maps_equal_a_plain_loops(tmp_path: Path) -> None:
    context, network = start(tmp_path)
    network.eval()
    batches = list(map_batches(
        network, context.images, ROWS, context.preprocess, context.config.augment,
        stages=3, count=2, seed=9, device=torch.device("cpu"),
    ))  # fmt: skip
    arrays = {name: np.concatenate([each[name] for each in batches]) for name in batches[0]}
    views = AugmentedMaps(arrays, len(ROWS), 3)
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


def rows_of(*counts: int) -> Iterator[dict[str, npt.NDArray[np.int64]]]:
    for count in counts:
        yield {"a": np.full((count, 2), count), "b": np.arange(count)}


def test_cached_arrays_are_found_and_removed(tmp_path: Path) -> None:
    counted: list[int] = []
    assert load_arrays(tmp_path, "kind", ["a"]) is None
    save_arrays(tmp_path, "kind", ["a"], 5, rows_of(2, 3), counted.append)
    assert counted == [2, 3]
    found = load_arrays(tmp_path, "kind", ["a"])
    assert found is not None
    assert found["b"].tolist() == [0, 1, 0, 1, 2]
    assert found["a"][:, 0].tolist() == [2, 2, 3, 3, 3]
    assert load_arrays(tmp_path, "kind", ["b"]) is None
    remove_arrays(tmp_path, "kind", ["a"])
    assert load_arrays(tmp_path, "kind", ["a"]) is None


def test_interrupted_arrays_leave_no_files(tmp_path: Path) -> None:
    def stop(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_arrays(tmp_path, "kind", ["a"], 5, rows_of(2, 3), stop)
    assert load_arrays(tmp_path, "kind", ["a"]) is None
    assert list((tmp_path / "kind").iterdir()) == []


def test_a_finished_stage_removes_its_maps_and_computes_none_again(tmp_path: Path) -> None:
    context, network = start(tmp_path, "stage_two.views=2", "stage_two.frozen=3")
    features = cached_features(context, network.features)
    train_network(context, network, features)
    assert list((context.cache / "views").iterdir()) == []
    (context.cache / "views").rmdir()
    context, network = start(tmp_path, "stage_two.views=2", "stage_two.frozen=3")
    train_network(context, network, features)
    assert not (context.cache / "views").exists()
