"""From a finished training to an ONNX file that tells classes and gives an embedding."""

import copy
import hashlib
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import torch
from torch.nn import functional

from artextract import __version__
from artextract.errors import ImageError, InputError
from artextract.modelcard import ModelCard
from export.graph import EMBEDDING, INPUT, OPSET, make_graph
from export.parity import BATCH_SIZES, check_parity
from export.pictures import open_pictures, paint_pictures
from export.write import Exported, write_checked
from training.calibration import fit_temperature
from training.checkpoint import Checkpoints
from training.config import Config
from training.judging import LEAST_FOR_CALIBRATION
from training.kept import BEST, load_network, preprocess_of
from training.metrics import score
from training.model import CnnRnn
from training.predictions import Predictions, Run, open_run

__all__ = ["ClassifierGraph", "export_classifier"]

ASPECT = "style"
"""The way to be alike that the embedding stands for: it has learnt style, genre and artist."""


class ClassifierGraph(torch.nn.Module):
    """A trained network as it is exported: pictures in, embedding and probabilities out."""

    def __init__(self, network: CnnRnn, temperatures: dict[str, float]) -> None:
        """Take a copy of ``network``, whose logits of an attribute are divided by its number."""
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        self.temperatures = temperatures
        head = self.network.head
        for name, part in list(head.named_children()):
            if isinstance(part, torch.nn.modules.batchnorm._BatchNorm):
                setattr(head, name, _Standardise(part))

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Return embedding (B, D) and, of each attribute by name, probabilities (B, K)."""
        logits, embedding = self.network(images)
        likely = [
            functional.softmax(logits[name] / self.temperatures[name], dim=1)
            for name in sorted(logits)
        ]
        return embedding, *likely


class _Standardise(torch.nn.Module):
    """A batch norm in evaluation mode without scale and shift of its own, as plain arithmetic.

    Exporters fold a batch norm into the convolution before it; the head's stand before one.
    """

    scale: torch.Tensor
    shift: torch.Tensor

    def __init__(self, norm: torch.nn.modules.batchnorm._BatchNorm) -> None:
        super().__init__()
        assert not norm.affine
        assert norm.running_mean is not None
        assert norm.running_var is not None
        sides = (1, -1, 1, 1) if isinstance(norm, torch.nn.BatchNorm2d) else (1, -1)
        scale = (norm.running_var + norm.eps).rsqrt()
        self.register_buffer("scale", scale.reshape(sides))
        self.register_buffer("shift", (-norm.running_mean * scale).reshape(sides))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``x``, (B, C) or (B, C, h, w), with mean 0 and variance 1 in each channel."""
        return x * self.scale + self.shift


def export_classifier(folder: Path, out: Path) -> Exported:
    """Write the network of a finished training as an ONNX file, and return its facts.

    The file has one float32 input, ``image`` (n, 3, size, size), a float32 output ``embedding``
    (n, dimension) of length 1, and for each attribute a float32 output ``probability.ATTRIBUTE``
    (n, classes), whose temperature was fitted on the validation works
    (:mod:`training.calibration`). It is compared with the network on pictures of the training's
    validation works; where none can be opened, on painted ones. An existing ``out`` is replaced.

    Raises:
        InputError: ``folder`` is not that of a finished training, or ``out`` can't be written.
        ModelError: the checkpoint can't be used, or the file does not compute what the network
            computes; nothing is written.
    """
    run = open_run(folder)
    predictions = run.load_predictions("val")
    network, config, classes = load_network(folder)
    temperatures = {name: _temperature(predictions, name) for name in classes.attributes}
    graph_of = ClassifierGraph(network, temperatures)
    preprocess = preprocess_of(config, network.backbone)
    card = ModelCard(
        name=f"{network.backbone.arch}-cnn-rnn",
        kind="classifier",
        architecture=_describe(config),
        input=INPUT,
        embedding=EMBEDDING,
        dimension=network.head.embedding_size,
        preprocess=preprocess,
        weights=_origin(run, config, network),
        weights_sha256=_checksum(folder),
        licence=_licence(config, network),
        opset=OPSET,
        created_by=f"artextract {__version__}, torch {torch.__version__.split('+')[0]}",
        vectors={ASPECT: EMBEDDING},
        classes={name: list(classes.names[name]) for name in sorted(classes.names)},
        training=_summary(run, config, predictions, temperatures),
    )
    outputs = [EMBEDDING, *map(card.probability_of, card.classes)]
    graph = make_graph(graph_of, preprocess.size, outputs)
    check = partial(
        check_parity, graph_of, pictures=_pictures(run, predictions), preprocess=preprocess
    )
    return write_checked(graph, card, out, check)


def _temperature(predictions: Predictions, name: str) -> float:
    """Return the temperature fitted on the works with a known label; 1 where they are too few."""
    labels = predictions.labels[name]
    known = labels >= 0
    if known.sum() < LEAST_FOR_CALIBRATION:
        return 1.0
    return fit_temperature(np.asarray(predictions.logits[name][known], np.float64), labels[known])


def _describe(config: Config) -> str:
    """Return the network's form in one line."""
    model = config.model
    reader = "attention" if model.recurrent == "none" else (
        f"{model.layers} x bidirectional {model.recurrent.upper()}({model.hidden}) over rows and "
        "columns, attention"
    )  # fmt: skip
    return f"{model.backbone}, {reader}"


def _origin(run: Run, config: Config, network: CnnRnn) -> str:
    """Return where the weights come from, in one line."""
    begun = {"published": network.backbone.published.origin, "random": "random weights"}.get(
        config.model.weights, f"weights of {Path(config.model.weights).name}"
    )
    learnt = sum(work.split == "train" for work in run.works.values())
    kind = "fine-tuned" if config.stage_two.epochs else "with a head trained"
    return f"{begun}; {kind} on {learnt:,} labelled works"


def _licence(config: Config, network: CnnRnn) -> str:
    """Return the SPDX id of the weights that the training began with."""
    if config.model.weights == "published":
        return network.backbone.published.licence
    return "CC0-1.0" if config.model.weights == "random" else "NOASSERTION"


def _checksum(folder: Path) -> str:
    return hashlib.sha256(
        Checkpoints(folder / "checkpoints", {}).path(BEST).read_bytes()
    ).hexdigest()


def _summary(
    run: Run, config: Config, predictions: Predictions, temperatures: dict[str, float]
) -> dict[str, Any]:
    """Return what the network was trained on and how well it tells the validation works."""
    sides = [work.split or "" for work in run.works.values()]
    attributes: dict[str, dict[str, Any]] = {}
    for name, names in run.classes.names.items():
        labels = predictions.labels[name]
        attributes[name] = {
            "classes": len(names),
            "train_works": sum(run.classes.train_counts[name]),
            "left_out": len(run.classes.left_out[name]),
            "temperature": round(temperatures[name], 4),
        }
        if (labels >= 0).any():
            found = score(predictions.logits[name], labels, list(names))
            attributes[name] |= {
                "val_works": found.n,
                "val_macro_f1": round(found.macro_f1, 4),
                "val_accuracy": round(found.accuracy, 4),
            }
    return {
        "works": {side: sides.count(side) for side in sorted(set(sides))},
        "attributes": attributes,
        "val_averages_mirror_images": config.predict.flips,
    }


def _pictures(run: Run, predictions: Predictions) -> list[PIL.Image.Image]:
    """Return pictures of validation works that can be opened, or painted ones."""
    opened: list[PIL.Image.Image] = []
    for id_ in predictions.ids:
        try:
            opened += open_pictures([run.works[id_].image])
        except (ImageError, InputError):
            continue
        if len(opened) == max(BATCH_SIZES):
            break
    return opened or paint_pictures(max(BATCH_SIZES))
