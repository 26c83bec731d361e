"""One training, from a dataset to predictions, in the folder of a run."""

import dataclasses
import hashlib
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from artextract.errors import InputError, ModelError
from artextract.files import explain_os_errors, replacing
from artextract.images.cache import default_cache_folder
from artextract.images.preprocess import Preprocess
from training.config import CONFIG, Config, load_run_config, save_config
from training.data.classes import Classes, collect_classes
from training.data.features import CachedFeatures
from training.data.images import DecodedImages
from training.data.samples import Dataset, Sample
from training.data.splits import split_artist_disjoint, split_given, split_stratified
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, save_predictions
from training.loops.checkpoint import Checkpoints, fingerprint
from training.loops.loop import LAST
from training.loops.network import (
    make_configured_backbone,
    make_network,
    network_fingerprints,
    preprocess_of,
)
from training.loops.out_of_fold import predict_out_of_fold
from training.loops.processes import Device, Processes, open_processes
from training.loops.recorder import Recorder
from training.loops.stages import cached_features, train_network
from training.loops.tasks import EncodedDataset, TrainingContext, image_task
from training.networks.cnn_rnn import CnnRnn

Split = Literal["auto", "given", "stratified", "artist-disjoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainOptions:
    """How to train, besides the configuration.

    Attributes:
        out: The folder of the run.
        config: A TOML file with options that differ from the defaults.
        changes: Single options, ``key=value``.
        split: "auto" takes the dataset's own split where it has one, else a stratified one.
        share: Share of validation samples, where the split is made here.
        resume: Continue the training in ``out``.
        device: Where to train.
        folds: Folds of out-of-fold predictions; 0 for none.
        predict_train: Predict the training samples too.
        beside: The run whose report shows this one as its training on an artist-disjoint split.
    """

    out: Path
    config: Path | None = None
    changes: Sequence[str] = ()
    split: Split = "auto"
    share: float = 0.2
    resume: bool = False
    device: Device = "auto"
    folds: int = 0
    predict_train: bool = False
    beside: Path | None = None


def run(dataset: Dataset, options: TrainOptions) -> None:
    """Train on ``dataset``, write the run's folder, and print the scores.

    Raises:
        ArtExtractError: the training can't begin or go on.
    """
    with open_processes(options.device) as processes:
        _run(dataset, options, processes)


def _run(dataset: Dataset, options: TrainOptions, processes: Processes) -> None:
    out = options.out
    others = None if options.beside is None else Classes.load(options.beside / "classes.json")
    config, origins = load_run_config(
        out,
        options.resume,
        options.config,
        options.changes,
        adapt=lambda config: _trainable(config, options, others),
    )
    _check_folder(out, options.resume)
    if options.folds and not config.stage_one.epochs:
        raise InputError(
            f"{options.folds} folds train heads as stage one does, but option 'stage_one.epochs' "
            "is 0; give it epochs, or leave out the folds"
        )
    backbone = make_configured_backbone(config)
    preprocess = preprocess_of(config, backbone)
    _say(processes, f"Read {len(dataset.samples):,} samples: {dataset.summary()}.")
    split = _split(dataset.samples, config, options)
    images = _open_images(dataset.samples, preprocess, processes)
    samples = images.samples
    classes = _classes(samples, split, config, others)
    data = EncodedDataset(
        ids=[sample.id for sample in samples],
        artists=[sample.artist for sample in samples],
        labels=classes.encode(samples),
        classes=classes,
        train=_rows(samples, split, "train"),
        val=_rows(samples, split, "val"),
    )
    _say(processes, f"{len(data.train):,} training and {len(data.val):,} validation samples.")
    for line in classes.describe():
        _say(processes, line)
    works = [list(data.ids), list(data.artists), data.labels.tolist(), data.train.tolist()]
    checkpoints = Checkpoints(
        out / "checkpoints",
        {**network_fingerprints(config, classes), "works": fingerprint(works)},
    )
    if checkpoints.exists(LAST):
        checkpoints.load(LAST)  # refuses other samples before anything is written
    processes.wait()
    if processes.is_first:
        _begin_folder(out, config, origins, classes, samples, split)
    network = make_network(config, classes, backbone).to(processes.device)
    features = None
    with Recorder(out) as recorder:
        context = TrainingContext(
            config=config,
            data=data,
            images=images,
            preprocess=preprocess,
            processes=processes,
            checkpoints=checkpoints,
            recorder=recorder,
            cache=_cache(),
            # The initial backbone: it is trained no earlier than in stage two.
            source=[images.key, config.model.backbone, _weights_key(network)],
        )
        if config.stage_one.epochs:
            features = cached_features(context, network.features)
        train_network(context, network, features)
        network.eval()
        _predict(context, network, options)
        if options.folds and features is not None:
            _predict_folds(context, network, features, options)


def _trainable(config: Config, options: TrainOptions, others: Classes | None) -> Config:
    """Return the configuration without attributes that can't be trained or evaluated here."""
    names = config.attributes
    if options.split == "artist-disjoint":  # no validation artist has a training sample
        names = tuple(name for name in names if name != "artist")
    if others is not None:
        names = tuple(name for name in names if name in others.names)
    if not names:
        raise InputError(
            f"none of {', '.join(config.attributes)} can be trained with this split"
            f"{'' if others is None else f' and the classes of {options.beside}'}; name other "
            "attributes, such as attributes=style,genre"
        )
    return config.with_attributes(*names)


def _check_folder(out: Path, resume: bool) -> None:
    if out.is_file():
        raise InputError(f"{out} is a file; give a folder for the training")
    if not out.is_dir() or resume:
        return
    first = next(iter(sorted(out.iterdir())), None)
    if first is not None:
        raise InputError(
            f"{out} is not empty (it holds {first.name}); resume the training in it, or give "
            "another folder"
        )


def _split(samples: Sequence[Sample], config: Config, options: TrainOptions) -> Mapping[str, str]:
    kind = options.split
    if kind == "auto":
        kind = "given" if any(sample.split for sample in samples) else "stratified"
    if kind == "given":
        return split_given(samples)
    if kind == "artist-disjoint":
        return split_artist_disjoint(samples, options.share, config.seed)
    return split_stratified(samples, config.attributes, options.share, config.seed)


def _open_images(
    samples: Sequence[Sample], preprocess: Preprocess, processes: Processes
) -> DecodedImages:
    """Return all images; the first process decodes them, the others read its cache."""
    images = DecodedImages(samples, preprocess, _cache()) if processes.is_first else None
    processes.wait()
    images = images or DecodedImages(samples, preprocess, _cache())
    if images.broken:
        _say(processes, f"Left out: {images.summary()}.")
    return images


def _cache() -> Path:
    return default_cache_folder() / "training"


def _classes(
    samples: Sequence[Sample], split: Mapping[str, str], config: Config, others: Classes | None
) -> Classes:
    """Return the classes of the training samples, or another run's with counts of these."""
    train = {sample.id for sample in samples if split[sample.id] == "train"}
    if others is None:
        return collect_classes(samples, train, config.attributes, config.min_works)
    return Classes(
        {
            name: dataclasses.replace(
                others.by_attribute[name],
                train_counts=tuple(
                    sum(one.id in train and one.labels.get(name) == each for one in samples)
                    for each in others.by_attribute[name].names
                ),
            )
            for name in config.attributes
        }
    )


def _rows(samples: Sequence[Sample], split: Mapping[str, str], side: str) -> npt.NDArray[np.int64]:
    return np.array([row for row, one in enumerate(samples) if split[one.id] == side], np.int64)


def _begin_folder(
    out: Path,
    config: Config,
    origins: Mapping[str, str],
    classes: Classes,
    samples: Sequence[Sample],
    split: Mapping[str, str],
) -> None:
    import polars

    columns: dict[str, Sequence[str | None]] = {
        "id": [sample.id for sample in samples],
        "image": [str(sample.image.absolute()) for sample in samples],
        "artist": [sample.artist for sample in samples],
        "split": [split[sample.id] for sample in samples],
    }
    for name in classes.attributes:
        columns[f"label.{name}"] = [sample.labels.get(name) for sample in samples]
    table = polars.DataFrame(columns, schema=dict.fromkeys(columns, polars.String)).with_columns(
        polars.Series(name, [getattr(sample.years, end) for sample in samples], polars.Int64)
        for name, end in (("year_begin", "begin"), ("year_end", "end"))
    )
    advice = "make room or change its permissions, or give another folder"
    with explain_os_errors(f"training folder {out} can't be written", advice):
        out.mkdir(parents=True, exist_ok=True)
        with replacing(out / "works.parquet") as temporary:
            table.write_parquet(temporary)
        classes.save(out / "classes.json")
        save_config(out / CONFIG, config, origins)


def _weights_key(network: CnnRnn) -> str:
    digest = hashlib.sha256()
    for name, value in network.backbone.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _predict(context: TrainingContext, network: CnnRnn, options: TrainOptions) -> None:
    """Write the predictions, and print the scores of the validation samples."""
    data, task = context.data, image_task(context)
    sides = {"val": data.val} | ({"train": data.train} if options.predict_train else {})
    for side, rows in sides.items():
        predictions = task.predict(network, rows, flips=context.config.predict.flips)
        if not context.processes.is_first:
            continue
        _save(options.out / "predictions" / f"{side}.npz", predictions)
        if side == "val":
            if options.beside is not None:
                _save(options.beside / "predictions" / "artist_disjoint.npz", predictions)
            _print_scores(predictions, data.classes, options.out)


def _predict_folds(
    context: TrainingContext, network: CnnRnn, features: CachedFeatures, options: TrainOptions
) -> None:
    """Write out-of-fold predictions of all samples, unless they exist."""
    path = options.out / "predictions" / "oof.npz"
    if path.is_file():
        return
    predictions = predict_out_of_fold(
        context, network.features, features, options.folds, options.out / "folds"
    )
    if context.processes.is_first:
        _save(path, predictions)
        count = len(predictions.ids)
        _say(context.processes, f"Out-of-fold predictions of {count:,} samples are in {path}.")


def _save(path: Path, predictions: Predictions) -> None:
    advice = "make room or change the folder's permissions, and resume the training"
    with explain_os_errors(f"predictions {path} can't be written", advice, ModelError):
        save_predictions(path, predictions)


def _print_scores(predictions: Predictions, classes: Classes, out: Path) -> None:
    print(f"{'':12} {'macro-F1':>8} {'accuracy':>8} {'classes':>8} {'samples':>8}")
    for name, labels in predictions.labels.items():
        names = list(classes.names[name])
        if not (labels >= 0).any():
            print(f"{name:12} no validation sample has a known label")
            continue
        found = score(predictions.logits[name], labels, names)
        print(f"{name:12} {found.macro_f1:8.3f} {found.accuracy:8.3f} {len(names):8} {found.n:8}")
    print(f"The training is in {out}; evaluate it with: artextract report {out}", file=sys.stderr)


def _say(processes: Processes, line: str) -> None:
    if processes.is_first:
        print(line, file=sys.stderr)
