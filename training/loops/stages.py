"""The two stages of a training: the head on kept features, then the whole network on pictures."""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch

from artextract.images.preprocess import Preprocess
from training.config import Config
from training.data.array_cache import remove_arrays
from training.data.augmented import KIND, Views, load_views, make_views
from training.data.features import VIEWS, CachedFeatures, Pixels, load_features, make_features
from training.loops.checkpoint import Checkpoints
from training.loops.loop import LAST, Best, Stage, train
from training.loops.processes import Processes, choose_precision
from training.loops.progress import Counter
from training.loops.recorder import Recorder
from training.loops.schedule import head_groups, network_groups
from training.loops.tasks import FeatureTask, Labelled, PictureTask
from training.networks.cnn_rnn import CnnRnn, FeatureMaker, Head
from training.networks.loading import BEST

__all__ = ["STAGE_ONE", "STAGE_TWO", "Setting", "gather_features", "train_head", "train_network"]

STAGE_ONE = "stage one"
STAGE_TWO = "stage two"

Kept = TypeVar("Kept")

_HEAD = "head"  # the checkpoint with stage one's best head


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What both stages need to know.

    ``cache`` is a folder for what can be made again; ``source`` tells pictures and backbone, as it
    came, from any others, as plain JSON.
    """

    config: Config
    works: Labelled
    pictures: Pixels
    preprocess: Preprocess
    processes: Processes
    checkpoints: Checkpoints
    recorder: Recorder
    cache: Path
    source: Sequence[object]


def gather_features(setting: Setting, maker: FeatureMaker) -> CachedFeatures:
    """Return the features of all pictures, computed by the first process where they are not kept.

    Raises:
        CacheError: they can't be kept.
    """
    key = [*setting.source, maker.middle, maker.statistics]

    def make() -> CachedFeatures:
        with Counter("Looking at pictures", VIEWS * len(setting.pictures)) as on_pictures:
            return make_features(
                maker,
                setting.pictures,
                setting.preprocess,
                setting.cache,
                key,
                device=setting.processes.device,
                on_pictures=on_pictures,
            )

    return _gather(setting.processes, lambda: load_features(setting.cache, key), make)


def _gather_views(setting: Setting, network: CnnRnn, steps: int, key: Sequence[object]) -> Views:
    """Return versions of the training pictures, made by the first process where there are none."""
    config, rows = setting.config, setting.works.train
    count = config.stage_two.views

    def make() -> Views:
        with Counter("Looking at versions of pictures", count * len(rows)) as on_pictures:
            return make_views(
                network,
                setting.pictures,
                rows,
                setting.preprocess,
                config.augment,
                setting.cache,
                key,
                steps=steps,
                count=count,
                seed=config.seed,
                device=setting.processes.device,
                on_pictures=on_pictures,
            )

    return _gather(
        setting.processes, lambda: load_views(setting.cache, key, len(rows), steps), make
    )


def _gather(
    processes: Processes, load: Callable[[], Kept | None], make: Callable[[], Kept]
) -> Kept:
    """Return what is kept, made by the first process where it is not; all must call it."""
    found = load()
    if found is None and processes.is_first:
        found = make()
    processes.wait()
    found = load() if found is None else found
    assert found is not None
    return found


def train_head(
    setting: Setting, head: Head, features: CachedFeatures, *, name: str = STAGE_ONE
) -> Best:
    """Train ``head`` on ``features``; it ends with the averaged weights of the last epoch.

    These are kept as a checkpoint, or those of the best epoch where the settings say so.
    """
    config = setting.config
    by_score = config.predict.keep == "best"

    def keep(weights: dict[str, torch.Tensor], score: float) -> None:
        if by_score:
            setting.checkpoints.save(_HEAD, {"head": weights, "score": score})

    task = FeatureTask(
        setting.works, features, config.loss, setting.processes.device, flip=config.augment.flip
    )
    best = train(
        task,
        Stage(
            name=name,
            module=head,
            groups=head_groups(head, config.stage_one),
            settings=config.stage_one,
            seed=config.seed,
            checkpoints=setting.checkpoints,
            recorder=setting.recorder,
            processes=setting.processes,
            on_best=keep,
            set_mode=lambda: _train_mode(head),
        ),
    )
    if not by_score and setting.processes.is_first:
        setting.checkpoints.save(_HEAD, {"head": head.state_dict(), "score": best.score})
    return best


def train_network(setting: Setting, network: CnnRnn, features: CachedFeatures | None) -> None:
    """Run both stages, or what is left of them, and leave the weights decided for in ``network``.

    They are kept as a checkpoint, too.

    Args:
        setting: What the stages need to know.
        network: On the device, its backbone with the weights to begin with.
        features: Those of all pictures; None leaves stage one out.
    """
    checkpoints, config = setting.checkpoints, setting.config
    begun, epoch = STAGE_ONE, 1
    if checkpoints.exists(LAST):
        last = checkpoints.load(LAST)
        begun, epoch = last["stage"], last["epoch"]
    before = Best()
    if features is not None:
        if begun == STAGE_ONE:
            before = train_head(setting, network.head, features)
        setting.processes.wait()
        state = checkpoints.load(_HEAD)
        before = Best(state["score"], before.epoch)
        network.head.load_state_dict(state["head"])
        if begun == STAGE_ONE and setting.processes.is_first:
            _keep(checkpoints, network, before.score)
    if config.stage_two.epochs:
        over = begun == STAGE_TWO and epoch > config.stage_two.epochs
        _train_all(setting, network, before, over)
    setting.processes.wait()
    if config.predict.keep == "last":
        if setting.processes.is_first:
            _keep(checkpoints, network, None)
        return
    network.load_state_dict(checkpoints.load(BEST)["network"])


def _train_all(setting: Setting, network: CnnRnn, before: Best, over: bool) -> None:
    """Run stage two, or take up its end if it is ``over``.

    Only what is better than stage one's head is kept as the best.
    """
    config, processes = setting.config, setting.processes
    settings = config.stage_two
    network.precision = choose_precision(settings.precision, processes.device)

    def keep(weights: dict[str, torch.Tensor], score: float) -> None:
        if config.predict.keep == "best" and score > before.score:
            setting.checkpoints.save(BEST, {"network": weights, "score": score})

    def set_mode() -> None:
        network.train()
        if settings.norms == "fixed":
            network.backbone.eval()
        for step in network.frozen_steps(settings.frozen):
            step.eval()

    network.eval()
    steps = 0 if over or not settings.views else _steps_kept(network, settings.frozen)
    key = _view_key(setting, network, steps)
    task = PictureTask(
        setting.works,
        setting.pictures,
        setting.preprocess,
        config.loss,
        config.augment,
        processes.device,
        _gather_views(setting, network, steps, key) if steps else None,
    )
    try:
        train(
            task,
            Stage(
                name=STAGE_TWO,
                module=network,
                groups=network_groups(network, settings),
                settings=settings,
                seed=config.seed,
                checkpoints=setting.checkpoints,
                recorder=setting.recorder,
                processes=processes,
                on_best=keep,
                set_mode=set_mode,
                scaled=network.precision is torch.float16,
            ),
        )
        setting.processes.wait()
        if steps and processes.is_first:
            remove_arrays(setting.cache, KIND, key)
    finally:
        network.precision = None


def _view_key(setting: Setting, network: CnnRnn, steps: int) -> list[object]:
    """Return all that versions of the training pictures depend on; mixing comes later."""
    config = setting.config
    changes = dataclasses.asdict(dataclasses.replace(config.augment, mix=0.0))
    works = setting.works.train.tolist()
    return [*setting.source, steps, str(network.precision), changes, config.seed,
            config.stage_two.views, network.features.statistics, works]  # fmt: skip


def _steps_kept(network: CnnRnn, frozen: int) -> int:
    """Return after how many steps versions of pictures are kept: frozen ones before the middle."""
    network.frozen_steps(frozen)
    middle = network.features.middle
    return min(frozen, middle - 1) if middle else frozen


def _train_mode(module: torch.nn.Module) -> None:
    module.train()


def _keep(checkpoints: Checkpoints, network: CnnRnn, score: float | None) -> None:
    checkpoints.save(BEST, {"network": network.state_dict(), "score": score})
