"""One training, from gathered works to predictions, as a person sees it."""

import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import numpy as np
import numpy.typing as npt

from artextract.errors import InputError, ModelError
from artextract.images.cache import default_cache_folder
from artextract.images.preprocess import Preprocess
from training.config import CONFIG, Config, load_run_config, save_config
from training.data.classes import Classes, gather_classes
from training.data.features import CachedFeatures
from training.data.images import PictureSet
from training.data.samples import Gathered, LabelledWork
from training.data.splits import split_artists, split_given, split_stratified
from training.evaluation.metrics import score
from training.evaluation.predictions import Predictions, save_predictions
from training.label_errors.out_of_fold import predict_out_of_fold
from training.loops.checkpoint import Checkpoints, fingerprint
from training.loops.loop import LAST
from training.loops.processes import Device, Processes, open_processes
from training.loops.recorder import Recorder
from training.loops.stages import Setting, gather_features, train_network
from training.loops.tasks import Labelled, PictureTask
from training.networks.cnn_rnn import CnnRnn
from training.networks.loading import (
    belongings,
    make_configured_backbone,
    make_network,
    preprocess_of,
)

__all__ = ["Split", "TrainSettings", "run"]

Split = Literal["auto", "given", "stratified", "artist-disjoint"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainSettings:
    """What was asked for on the command line.

    ``split`` "auto" takes the data set's own where it has one, else a stratified one. ``share`` is
    that of validation works where the split is made here. ``beside`` is the run in whose report
    this one is to stand as the training that keeps artists apart.
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


def run(gathered: Gathered, settings: TrainSettings) -> None:
    """Train on ``gathered`` works, write the run's folder, and print how good it is.

    Raises:
        ArtExtractError: the training could not begin or go on.
    """
    with open_processes(settings.device) as processes:
        _run(gathered, settings, processes)


def _run(gathered: Gathered, settings: TrainSettings, processes: Processes) -> None:
    out = settings.out
    others = None if settings.beside is None else Classes.load(settings.beside / "classes.json")
    config, origins = load_run_config(
        out,
        settings.resume,
        settings.config,
        settings.changes,
        adapt=lambda config: _learnable(config, settings, others),
    )
    _check_folder(out, settings.resume)
    if settings.folds and not config.stage_one.epochs:
        raise InputError(
            "--folds trains heads as stage one does, but setting 'stage_one.epochs' is 0; give it "
            "epochs, or leave out --folds"
        )
    backbone = make_configured_backbone(config)
    preprocess = preprocess_of(config, backbone)
    _say(processes, f"Read {len(gathered.works):,} works: {gathered.summary()}.")
    split = _split(gathered.works, config, settings)
    pictures = _open_pictures(gathered.works, preprocess, processes)
    works = pictures.works
    classes = _gather_classes(works, split, config, others)
    labelled = Labelled(
        ids=[work.id for work in works],
        artists=[work.artist for work in works],
        labels=classes.encode(works),
        classes=classes,
        train=_numbers(works, split, "train"),
        val=_numbers(works, split, "val"),
    )
    _say(processes, f"{len(labelled.train):,} works to learn from, {len(labelled.val):,} to judge.")
    for line in classes.describe():
        _say(processes, line)
    belongs = {
        **belongings(config, classes),
        "works": fingerprint(
            [
                list(labelled.ids),
                list(labelled.artists),
                labelled.labels.tolist(),
                labelled.train.tolist(),
            ]
        ),
    }
    checkpoints = Checkpoints(out / "checkpoints", belongs)
    if checkpoints.exists(LAST):
        checkpoints.load(LAST)  # refused here if it is of other works, before anything is written
    processes.wait()
    if processes.is_first:
        _begin_folder(out, config, origins, classes, works, split)
    network = make_network(config, classes, backbone).to(processes.device)
    features = None
    with Recorder(out) as recorder:
        setting = Setting(
            config=config,
            works=labelled,
            pictures=pictures,
            preprocess=preprocess,
            processes=processes,
            checkpoints=checkpoints,
            recorder=recorder,
            cache=_cache(),
            # The backbone as it came: it is trained no earlier than in stage two.
            source=[pictures.key, config.model.backbone, _weights_key(network)],
        )
        if config.stage_one.epochs:
            features = gather_features(setting, network.features)
        train_network(setting, network, features)
        network.eval()
        _predict(setting, network, settings)
        if settings.folds and features is not None:
            _predict_folds(setting, network, features, settings)


def _learnable(config: Config, settings: TrainSettings, others: Classes | None) -> Config:
    """Return the settings without attributes that this training can't learn or be judged by."""
    names = config.attributes
    if settings.split == "artist-disjoint":  # no artist to judge by has a work to learn from
        names = tuple(name for name in names if name != "artist")
    if others is not None:
        names = tuple(name for name in names if name in others.names)
    if not names:
        raise InputError(
            f"of {', '.join(config.attributes)} nothing can be learnt with this split"
            f"{'' if others is None else f' and the classes of {settings.beside}'}; name other "
            "attributes with --set attributes=style,genre"
        )
    return dataclasses.replace(config, attributes=names)


def _check_folder(out: Path, resume: bool) -> None:
    if out.is_file():
        raise InputError(f"{out} is a file; give a folder for the training with --out")
    if not out.is_dir() or resume:
        return
    first = next(iter(sorted(out.iterdir())), None)
    if first is not None:
        raise InputError(
            f"{out} is not empty (it holds {first.name}); go on with the training in it with "
            "--resume, or give another folder with --out"
        )


def _split(
    works: Sequence[LabelledWork], config: Config, settings: TrainSettings
) -> Mapping[str, str]:
    kind = settings.split
    if kind == "auto":
        kind = "given" if any(work.split for work in works) else "stratified"
    if kind == "given":
        return split_given(works)
    if kind == "artist-disjoint":
        return split_artists(works, settings.share, config.seed)
    return split_stratified(works, config.attributes, settings.share, config.seed)


def _open_pictures(
    works: Sequence[LabelledWork], preprocess: Preprocess, processes: Processes
) -> PictureSet:
    """Return all pictures; the first process decodes them, the others find them decoded."""
    pictures = PictureSet(works, preprocess, _cache()) if processes.is_first else None
    processes.wait()
    pictures = pictures or PictureSet(works, preprocess, _cache())
    if pictures.broken:
        _say(processes, f"Left out: {pictures.summary()}.")
    return pictures


def _cache() -> Path:
    return default_cache_folder() / "training"


def _gather_classes(
    works: Sequence[LabelledWork],
    split: Mapping[str, str],
    config: Config,
    others: Classes | None,
) -> Classes:
    """Return the classes of the training works, or those of another run with counts of these."""
    train = {work.id for work in works if split[work.id] == "train"}
    least = config.min_works
    if others is None:
        return gather_classes(works, train, config.attributes, least)
    names = {name: others.names[name] for name in config.attributes}
    chosen = dataclasses.replace(
        others,
        names=names,
        left_out={name: others.left_out[name] for name in names},
        least={name: others.least[name] for name in names},
        train_counts={
            name: tuple(
                sum(work.id in train and work.labels.get(name) == each for work in works)
                for each in names[name]
            )
            for name in names
        },
    )
    return chosen


def _numbers(
    works: Sequence[LabelledWork], split: Mapping[str, str], side: str
) -> npt.NDArray[np.int64]:
    return np.array([row for row, work in enumerate(works) if split[work.id] == side], np.int64)


def _begin_folder(
    out: Path,
    config: Config,
    origins: Mapping[str, str],
    classes: Classes,
    works: Sequence[LabelledWork],
    split: Mapping[str, str],
) -> None:
    """Write what the run is about to do and on what."""
    import polars

    columns: dict[str, list[str | None]] = {
        "id": [work.id for work in works],
        "image": [str(work.image.absolute()) for work in works],
        "artist": [work.artist for work in works],
        "split": [split[work.id] for work in works],
    }
    for name in classes.attributes:
        columns[f"label.{name}"] = [work.labels.get(name) for work in works]
    table = polars.DataFrame(columns, schema=dict.fromkeys(columns, polars.String))
    path = out / "works.parquet"
    temporary = path.with_name(path.name + ".new")
    try:
        out.mkdir(parents=True, exist_ok=True)
        table.write_parquet(temporary)
        temporary.replace(path)
        classes.save(out / "classes.json")
        save_config(out / CONFIG, config, origins)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise InputError(
            f"training folder {out} can't be written ({error.strerror or error}); make room or "
            "mend its rights, or give another folder with --out"
        ) from error


def _weights_key(network: CnnRnn) -> str:
    """Return what tells the backbone's weights from others."""
    digest = hashlib.sha256()
    for name, value in network.backbone.state_dict().items():
        digest.update(name.encode())
        digest.update(value.cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()


def _predict(setting: Setting, network: CnnRnn, settings: TrainSettings) -> None:
    """Write the predictions, and print how good those of the validation works are."""
    works, processes = setting.works, setting.processes
    task = PictureTask(
        works,
        setting.pictures,
        setting.preprocess,
        setting.config.loss,
        setting.config.augment,
        processes.device,
    )
    sides = {"val": works.val} | ({"train": works.train} if settings.predict_train else {})
    for side, rows in sides.items():
        flips = setting.config.predict.flips
        said = works.predict(task.seer(network), rows, flips=flips, processes=processes)
        if not processes.is_first:
            continue
        _save(settings.out / "predictions" / f"{side}.npz", said)
        if side == "val":
            if settings.beside is not None:
                _save(settings.beside / "predictions" / "artist_disjoint.npz", said)
            _print_scores(said, works.classes, settings.out)


def _predict_folds(
    setting: Setting, network: CnnRnn, features: CachedFeatures, settings: TrainSettings
) -> None:
    """Write out-of-fold predictions of all works, unless a run before has."""
    path = settings.out / "predictions" / "oof.npz"
    if path.is_file():
        return
    said = predict_out_of_fold(
        setting, network.features, features, settings.folds, settings.out / "folds"
    )
    if setting.processes.is_first:
        _save(path, said)
        click.echo(f"Out-of-fold predictions of {len(said.ids):,} works are in {path}.", err=True)


def _save(path: Path, said: Predictions) -> None:
    try:
        save_predictions(path, said)
    except OSError as error:
        raise ModelError(
            f"predictions {path} can't be written ({error.strerror or error}); make room or mend "
            "the folder, and run the same command with --resume"
        ) from error


def _print_scores(said: Predictions, classes: Classes, out: Path) -> None:
    click.echo(f"{'':12} {'macro-F1':>8} {'accuracy':>8} {'classes':>8} {'works':>8}")
    for name, labels in said.labels.items():
        names = list(classes.names[name])
        if not (labels >= 0).any():
            click.echo(f"{name:12} no validation work has a known label")
            continue
        found = score(said.logits[name], labels, names)
        click.echo(
            f"{name:12} {found.macro_f1:8.3f} {found.accuracy:8.3f} {len(names):8} {found.n:8}"
        )
    click.echo(f"The training is in {out}; see it with: artextract report {out}", err=True)


def _say(processes: Processes, line: str) -> None:
    if processes.is_first:
        click.echo(line, err=True)
