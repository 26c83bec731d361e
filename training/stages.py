"""The two stages of a training: the head on kept features, then the whole network on pictures."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from artextract.preprocess import Preprocess
from training.checkpoint import Checkpoints
from training.config import Config
from training.features import CachedFeatures, Pixels, load_features, make_features
from training.kept import BEST
from training.loop import LAST, Best, Stage, train
from training.model import CnnRnn, FeatureMaker, Head
from training.processes import Processes, choose_precision
from training.progress import Counter
from training.recorder import Recorder
from training.schedule import head_groups, network_groups
from training.tasks import FeatureTask, Labelled, PictureTask, ViewTask
from training.views import Views, load_views, make_views, remove_views

__all__ = ["STAGE_ONE", "STAGE_TWO", "Setting", "gather_features", "train_head", "train_network"]

STAGE_ONE = "stage one"
STAGE_TWO = "stage two"

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
    processes, cache = setting.processes, setting.cache
    key = [*setting.source, maker.middle, maker.statistics]
    found = load_features(cache, key)
    if found is None and processes.is_first:
        with Counter("Looking at pictures", 2 * len(setting.pictures)) as on_pictures:
            found = make_features(
                maker,
                setting.pictures,
                setting.preprocess,
                cache,
                key,
                device=processes.device,
                on_pictures=on_pictures,
            )
    processes.wait()
    found = found or load_features(cache, key)
    assert found is not None
    return found


def _view_key(setting: Setting, network: CnnRnn, steps: int) -> list[object]:
    config = setting.config
    changes = dataclasses.asdict(dataclasses.replace(config.augment, mix=0.0))
    works = setting.works.train.tolist()
    return [*setting.source, steps, str(network.precision), changes, config.seed,
            config.stage_two.views, network.features.statistics, works]  # fmt: skip


def _gather_views(setting: Setting, network: CnnRnn, steps: int) -> Views:
    """Return versions of the training pictures, made by the first process where there are none."""
    processes, config = setting.processes, setting.config
    key, rows = _view_key(setting, network, steps), setting.works.train
    found = load_views(setting.cache, key, len(rows))
    if found is None and processes.is_first:
        total = config.stage_two.views * len(rows)
        with Counter("Looking at versions of pictures", total) as on_pictures:
            found = make_views(
                network,
                setting.pictures,
                rows,
                setting.preprocess,
                config.augment,
                setting.cache,
                key,
                steps=steps,
                count=config.stage_two.views,
                seed=config.seed,
                device=processes.device,
                on_pictures=on_pictures,
            )
    processes.wait()
    found = found or load_views(setting.cache, key, len(rows))
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
    begun = checkpoints.load(LAST)["stage"] if checkpoints.exists(LAST) else STAGE_ONE
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
        _train_all(setting, network, before)
    setting.processes.wait()
    if config.predict.keep == "last":
        if setting.processes.is_first:
            _keep(checkpoints, network, None)
        return
    network.load_state_dict(checkpoints.load(BEST)["network"])


def _train_all(setting: Setting, network: CnnRnn, before: Best) -> None:
    """Run stage two; only what is better than stage one's head is kept as the best."""
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
    needed = settings.views > 0 and not _is_over(setting)
    steps = _steps_kept(network, settings.frozen) if needed else 0
    task = _make_task(setting, network, steps)
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
            remove_views(setting.cache, _view_key(setting, network, steps))
    finally:
        network.precision = None


def _is_over(setting: Setting) -> bool:
    """Return whether the checkpoint is of the end of stage two."""
    if not setting.checkpoints.exists(LAST):
        return False
    state = setting.checkpoints.load(LAST)
    over = state["epoch"] > setting.config.stage_two.epochs
    return bool(state["stage"] == STAGE_TWO and over)


def _steps_kept(network: CnnRnn, frozen: int) -> int:
    """Return after how many steps versions of pictures are kept: frozen ones before the middle."""
    network.frozen_steps(frozen)
    middle = network.features.middle
    return min(frozen, middle - 1) if middle else frozen


def _make_task(setting: Setting, network: CnnRnn, steps: int) -> PictureTask:
    """Return stage two's task, on versions of the pictures if any steps are done beforehand."""
    config, device = setting.config, setting.processes.device
    if not steps:
        return PictureTask(
            setting.works,
            setting.pictures,
            setting.preprocess,
            config.loss,
            config.augment,
            device,
        )
    return ViewTask(
        setting.works,
        setting.pictures,
        setting.preprocess,
        config.loss,
        config.augment,
        device,
        _gather_views(setting, network, steps),
    )


def _train_mode(module: torch.nn.Module) -> None:
    module.train()


def _keep(checkpoints: Checkpoints, network: CnnRnn, score: float | None) -> None:
    checkpoints.save(BEST, {"network": network.state_dict(), "score": score})
