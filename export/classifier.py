"""Exporting the network of a finished training: class probabilities and two kinds of vectors."""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image
import torch

from artextract import __version__
from artextract.cli.progress import progress_bar
from artextract.errors import ImageError, InputError
from artextract.images.cache import default_cache_folder
from artextract.images.preprocess import Preprocess
from artextract.models.card import ModelCard
from export.calibration_images import open_images
from export.changed_views import change_at_random
from export.classifier_graph import ClassifierGraph
from export.embedder import EMBEDDING, INPUT, OPSET, make_graph
from export.parity import BATCH_SIZES, check_parity, outputs_of
from export.whitening import fit_whitening
from export.write import Exported, write_checked
from training.config import Config
from training.data.augmentation import to_floats
from training.data.features import normalise
from training.data.images import DecodedImages
from training.evaluation.calibration import fit_temperature
from training.evaluation.evaluate import MIN_FOR_CALIBRATION
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, Run, open_run
from training.evaluation.trust import Threshold, Trust, choose_trust, collect_evidence
from training.loops.checkpoint import Checkpoints
from training.loops.network import BEST, load_network, preprocess_of
from training.networks.cnn_rnn import CnnRnn

STYLE = "style"
"""The output, and the aspect, for the similarity of style and hand."""

_WHITENING_IMAGES = 4000
_VIEWS = 4


def export_classifier(
    folder: Path, out: Path, *, name: str | None = None, apart: Sequence[Path] = ()
) -> Exported:
    """Write the network of a finished training as an ONNX file.

    The file has one float32 input, ``image`` (n, 3, size, size), and float32 outputs: ``embedding``
    (n, dimension), not normalised, for the aspect "visual"; ``style`` (n, another dimension), of
    length 1; and for each attribute ``probability.ATTRIBUTE`` (n, classes), with a temperature
    fitted on the validation samples (:mod:`training.evaluation.calibration`). With ``apart`` they
    are those of artists that this training has not seen, and the card says from which confidence
    on predictions are trusted (:mod:`training.evaluation.trust`); without, none are.
    :class:`export.classifier_graph.ClassifierGraph` describes the vectors. The file is compared
    with the network on validation images. An existing ``out`` is replaced.

    Args:
        folder: Of the training; its images must still be where they were.
        out: The file.
        name: Of the model; None takes the architecture.
        apart: The folders of artist-disjoint trainings with the same classes.

    Raises:
        InputError: a folder is not that of a finished training, one of ``apart`` has other classes
            or the same artist on both sides, no image can be opened, or ``out`` can't be written.
        ModelError: the checkpoint can't be used, or the file does not compute what the network
            computes; nothing is written.
    """
    run = open_run(folder)
    predictions = run.load_predictions("val")
    network, config, classes = load_network(folder)
    trust = find_trust(run, [open_run(each) for each in apart])
    known = {name: found for name, found in trust.items() if isinstance(found, Trust)}
    temperatures = {
        name: known[name].temperature if name in known else _temperature(predictions, name)
        for name in trust
    }
    preprocess = preprocess_of(config, network.backbone)
    images = DecodedImages(
        list(run.samples.values()), preprocess, default_cache_folder() / "training"
    )
    whitening = fit_whitening(*_embed_views(network, images, preprocess))
    module = ClassifierGraph(network, temperatures, whitening)
    checkpoint = Checkpoints(folder / "checkpoints", {}).path(BEST)
    card = ModelCard(
        name=name or f"{network.backbone.arch}-cnn-rnn",
        kind="classifier",
        architecture=_describe(config),
        input=INPUT,
        embedding=EMBEDDING,
        dimension=network.backbone.dimension
        if whitening is None
        else whitening.projection.shape[1],
        preprocess=preprocess,
        weights=_origin(run, config, network),
        weights_sha256=hashlib.sha256(checkpoint.read_bytes()).hexdigest(),
        licence=_licence(config, network),
        opset=OPSET,
        created_by=f"artextract {__version__}, torch {torch.__version__.split('+')[0]}",
        vectors={"visual": EMBEDDING, "style": STYLE},
        classes={name: list(classes.names[name]) for name in sorted(classes.names)},
        trusted_from=_lowest({name: found.any for name, found in known.items()}),
        trusted_from_dated=_lowest(
            {name: found.dated for name, found in known.items() if found.dated}
        ),
        training=_summary(run, config, predictions, temperatures, trust),
    )
    graph = make_graph(module, preprocess.size, outputs_of(card))
    check = partial(
        check_parity, module, images=_validation_images(run, predictions), preprocess=preprocess
    )
    return write_checked(graph, card, out, check)


def find_trust(run: Run, apart: Sequence[Run]) -> dict[str, Trust | str]:
    """Return which predictions are trusted, {attribute: trust, or why there is no evidence}.

    Raises:
        InputError: one of ``apart`` has other classes than ``run``, or see
            :func:`~training.evaluation.trust.collect_evidence`.
    """
    if not apart:
        return dict.fromkeys(run.classes.attributes, "no artist-disjoint training was given")
    found: dict[str, Trust | str] = {}
    for name, classes in run.classes.names.items():
        predicting = [each for each in apart if name in each.classes.names]
        for each in predicting:
            if each.classes.names[name] != classes:
                raise InputError(
                    f"{each.folder} has other classes of {name} than {run.folder}; train it beside "
                    "that run, so that it takes over the classes"
                )
        if not predicting:
            found[name] = "no artist-disjoint training predicts it"
            continue
        evidence = collect_evidence(predicting, name)
        known = int((evidence.labels >= 0).sum())
        found[name] = (
            choose_trust(evidence)
            if known >= MIN_FOR_CALIBRATION
            else f"{known} artworks of artists not trained on have a known class; "
            f"{MIN_FOR_CALIBRATION} are needed"
        )
    return found


def _lowest(thresholds: Mapping[str, Threshold]) -> dict[str, float]:
    return {name: each.lowest for name, each in thresholds.items() if each.lowest is not None}


def _temperature(predictions: Predictions, name: str) -> float:
    """Return the temperature fitted on the samples with a known label; 1 for too few."""
    labels = predictions.labels[name]
    known = labels >= 0
    if known.sum() < MIN_FOR_CALIBRATION:
        return 1.0
    return fit_temperature(np.asarray(predictions.logits[name][known], np.float64), labels[known])


def _describe(config: Config) -> str:
    model = config.model
    head = "attention" if model.recurrent == "none" else (
        f"{model.layers} x bidirectional {model.recurrent.upper()}({model.hidden}) over rows and "
        "columns, attention"
    )  # fmt: skip
    return f"{model.backbone}, {head}"


def _origin(run: Run, config: Config, network: CnnRnn) -> str:
    initial = {"published": network.backbone.published.origin, "random": "random weights"}.get(
        config.model.weights, f"weights of {Path(config.model.weights).name}"
    )
    trained = sum(sample.split == "train" for sample in run.samples.values())
    kind = "fine-tuned" if config.stage_two.epochs else "with a head trained"
    return f"{initial}; {kind} on {trained:,} labelled images"


def _licence(config: Config, network: CnnRnn) -> str:
    """Return the SPDX id of the initial weights."""
    if config.model.weights == "published":
        return network.backbone.published.licence
    return "CC0-1.0" if config.model.weights == "random" else "NOASSERTION"


def _summary(
    run: Run,
    config: Config,
    predictions: Predictions,
    temperatures: dict[str, float],
    trust: Mapping[str, Trust | str],
) -> dict[str, Any]:
    """Return the training data and the validation scores for the model card."""
    sides = [sample.split or "" for sample in run.samples.values()]
    attributes: dict[str, dict[str, Any]] = {}
    for name, classes in run.classes.by_attribute.items():
        labels = predictions.labels[name]
        attributes[name] = {
            "classes": len(classes.names),
            "train_works": sum(classes.train_counts),
            "left_out": len(classes.left_out),
            "temperature": round(temperatures[name], 4),
            "trust": each.to_card() if isinstance(each := trust[name], Trust) else {"reason": each},
        }
        if (labels >= 0).any():
            found = score(predictions.logits[name], labels, list(classes.names))
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


def _embed_views(
    network: CnnRnn, images: DecodedImages, preprocess: Preprocess
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return the spatial means of the backbone's maps of training images and views of them.

    They are (n, channels) and (n, views, channels), of at most ``_WHITENING_IMAGES`` images drawn
    at random.
    """
    rows = np.array(
        [row for row, one in enumerate(images.samples) if one.split == "train"], np.int64
    )
    random = np.random.default_rng(0)
    rows = np.sort(random.permutation(rows)[:_WHITENING_IMAGES])
    found = np.empty((len(rows), 1 + _VIEWS, network.backbone.dimension), np.float32)
    with progress_bar("Embedding training images", len(rows)) as advance, torch.inference_mode():
        for number, row in enumerate(rows):
            (pixels,) = images[np.array([row])]
            image = PIL.Image.fromarray(pixels)
            views = [image, *(change_at_random(image, random) for _ in range(_VIEWS))]
            batch = np.stack([preprocess.resize_pixels(view) for view in views])
            inputs = normalise(to_floats(torch.from_numpy(batch)), preprocess)
            found[number] = network.features(inputs).last.mean(dim=(2, 3)).numpy()
            advance(1)
    return found[:, 0], found[:, 1:]


def _validation_images(run: Run, predictions: Predictions) -> list[PIL.Image.Image]:
    opened: list[PIL.Image.Image] = []
    for id_ in predictions.ids:
        try:
            opened += open_images([run.samples[id_].image])
        except ImageError:
            continue
        if len(opened) == max(BATCH_SIZES):
            break
    if not opened:
        raise InputError(
            f"no validation image of {run.folder} can be opened, so the file can't be compared "
            "with the network; put the images back where they were"
        )
    return opened
