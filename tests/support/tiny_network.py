"""A network and samples small enough to be trained in a test: four textures in two colours."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from artextract.images.preprocess import Preprocess
from training.config import Config, load_config
from training.data.classes import AttributeClasses, Classes
from training.loops.checkpoint import Checkpoints
from training.loops.network import make_network, network_fingerprints
from training.loops.processes import Processes
from training.loops.recorder import Recorder
from training.loops.tasks import EncodedDataset, TrainingContext
from training.networks.backbones.base import Backbone, Published
from training.networks.cnn_rnn import CnnRnn

SIDE = 32
STYLES = ("checks", "columns", "rows", "slants")
GENRES = ("blue", "red")


class TinyBackbone(Backbone):
    """Four convolutions of random weights, one of them with a batch norm."""

    arch = "tiny"
    dimension = 24
    preprocess = Preprocess(
        size=SIDE, resize=None, interpolation="bilinear", mean=(127.0,) * 3, std=(128.0,) * 3
    )
    published = Published(origin="none", licence="CC0-1.0", sha256="0")
    dropped = frozenset()

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(1)
            self.one = torch.nn.Sequential(torch.nn.Conv2d(3, 12, 3, 2, 1), torch.nn.ReLU())
            self.two = torch.nn.Sequential(
                torch.nn.Conv2d(12, 16, 3, 2, 1), torch.nn.BatchNorm2d(16), torch.nn.ReLU()
            )
            self.three = torch.nn.Sequential(torch.nn.Conv2d(16, 24, 3, 2, 1), torch.nn.ReLU())
        self.eval()

    def forward_features(self, image: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.three(self.two(self.one(image)))
        return out

    @staticmethod
    def published_name(name: str) -> str:
        return name

    @classmethod
    def find_published(cls) -> Path:
        raise NotImplementedError


def paint_textures(
    count: int, seed: int = 0
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return images (n, 32, 32, 3) and their style and genre (n, 2); a fifth has no genre."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:SIDE, 0:SIDE]
    images = np.empty((count, SIDE, SIDE, 3), np.uint8)
    labels = np.empty((count, 2), np.int64)
    for number in range(count):
        style, genre = number % 4, (number // 4) % 2
        at = random.integers(0, 8)
        waves = {0: (x // 4 + y // 4), 1: x // 4, 2: y // 4, 3: (x + y + at) // 4}[style] % 2
        image = 60 + 120 * np.roll(waves, at, axis=1)[..., None] + random.normal(0, 20, (1, 1, 3))
        image = image + random.normal(0, 15, (SIDE, SIDE, 3))
        image[..., 0 if genre else 2] += 40
        images[number] = np.clip(image, 0, 255)
        labels[number] = style, genre if number % 5 else -1
    return images, labels


def make_classes() -> Classes:
    """Return the classes of the textures."""
    return Classes(
        {
            attribute: AttributeClasses(
                names=names, train_counts=(1,) * len(names), least=1, left_out={}
            )
            for attribute, names in (("style", STYLES), ("genre", GENRES))
        }
    )


def make_samples(labels: npt.NDArray[np.int64], train: int) -> EncodedDataset:
    """Return samples of which the first ``train`` are to learn from."""
    return EncodedDataset(
        ids=[f"w{number:03}" for number in range(len(labels))],
        artists=[f"painter {number % 7}" for number in range(len(labels))],
        labels=labels,
        classes=make_classes(),
        train=np.arange(train),
        val=np.arange(train, len(labels)),
    )


def tiny_config(*changes: str) -> Config:
    """Return config for the textures, with ``changes``."""
    config, _ = load_config(
        None,
        [
            "attributes=style,genre",
            "model.projection=16",
            "model.hidden=8",
            "model.middle=4",
            "stage_one.batch=16",
            "stage_one.epochs=2",
            "stage_two.batch=16",
            "stage_two.epochs=4",
            "stage_two.precision=fp32",
            "augment.area=0.8",
            "augment.side=0",
            *changes,
        ],
    )
    return config


def tiny_run(
    folder: Path,
    config: Config,
    samples: EncodedDataset,
    images: npt.NDArray[np.uint8],
    **changes: Any,
) -> tuple[TrainingContext, CnnRnn]:
    """Return a context and a network that train on ``images`` into ``folder``."""
    backbone = TinyBackbone()
    folder.mkdir(parents=True, exist_ok=True)
    processes = changes.pop("processes", Processes(0, 1, torch.device("cpu")))
    context = TrainingContext(
        config=config,
        data=samples,
        images=images,
        preprocess=backbone.preprocess,
        processes=processes,
        checkpoints=Checkpoints(
            folder / "checkpoints", network_fingerprints(config, samples.classes)
        ),
        recorder=Recorder(folder),
        cache=folder / "cache",
        source=["textures"],
    )
    return context, make_network(config, samples.classes, backbone)
