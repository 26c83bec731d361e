"""The two stages of a training: the head on cached features, then the whole network on images."""

from collections.abc import Iterable, Sequence

import torch

from artextract.cli.progress import progress_bar
from artextract.errors import CacheError
from artextract.files import explain_os_errors
from training.data.array_cache import Arrays, load_arrays, remove_arrays, save_arrays
from training.data.augmented import AugmentedMaps, map_batches
from training.data.features import FLIPS, CachedFeatures, feature_batches
from training.loops.checkpoint import Checkpoints
from training.loops.loop import LAST, Best, Stage, train
from training.loops.network import BEST
from training.loops.processes import choose_precision
from training.loops.schedule import head_groups, network_groups
from training.loops.tasks import TrainingContext, feature_task, image_task
from training.networks.cnn_rnn import CnnRnn, FeatureExtractor, Head

STAGE_ONE = "stage one"
STAGE_TWO = "stage two"
VIEWS = "views"  # of the cache: maps of augmented images

_HEAD = "head"  # the checkpoint with stage one's head


def cached_features(context: TrainingContext, extractor: FeatureExtractor) -> CachedFeatures:
    """Return the features of all images, computed by the first process if they aren't cached.

    Raises:
        CacheError: they can't be cached.
    """
    key = [*context.source, extractor.middle, extractor.statistics]
    batches = feature_batches(
        extractor, context.images, context.preprocess, context.processes.device
    )
    rows = FLIPS * len(context.images)
    return CachedFeatures(_cached(context, "features", key, rows, batches, "stage_one.epochs=0"))


def _cached(
    context: TrainingContext,
    kind: str,
    key: Sequence[object],
    rows: int,
    batches: Iterable[Arrays],
    alternative: str,
) -> Arrays:
    """Return cached arrays, computed by the first process if necessary; all must call it."""
    found = load_arrays(context.cache, kind, key)
    if found is None and context.processes.is_first:
        with (
            explain_os_errors(
                f"the {kind} of {rows:,} images can't be cached in {context.cache}",
                "make room or change its permissions, name another folder with "
                f"$ARTEXTRACT_CACHE, or do without them by {alternative}",
                CacheError,
            ),
            progress_bar(f"Computing {kind}", rows) as advance,
        ):
            found = save_arrays(context.cache, kind, key, rows, batches, advance)
    context.processes.wait()
    found = load_arrays(context.cache, kind, key) if found is None else found
    assert found is not None
    return found


def train_head(
    context: TrainingContext, head: Head, features: CachedFeatures, *, name: str = STAGE_ONE
) -> Best:
    """Train ``head`` on ``features``; it ends with the EMA weights of the last epoch.

    These are saved as a checkpoint, or those of the best epoch where ``predict.keep`` is "best".
    """
    config = context.config
    by_score = config.predict.keep == "best"

    def save_best(weights: dict[str, torch.Tensor], score: float) -> None:
        if by_score:
            context.checkpoints.save(_HEAD, {"head": weights, "score": score})

    stage = Stage(
        name=name,
        module=head,
        groups=head_groups(head, config.stage_one),
        config=config.stage_one,
        on_best=save_best,
        set_mode=head.train,
    )
    best = train(feature_task(context, features), stage)
    if not by_score and context.processes.is_first:
        context.checkpoints.save(_HEAD, {"head": head.state_dict(), "score": best.score})
    return best


def train_network(
    context: TrainingContext, network: CnnRnn, features: CachedFeatures | None
) -> None:
    """Run both stages, or what is left of them; ``network`` ends with the final weights.

    They are saved as the checkpoint "best". The network is on the device, its backbone with the
    initial weights. ``features`` are those of all images; None skips stage one.
    """
    checkpoints, config = context.checkpoints, context.config
    stage, epoch = STAGE_ONE, 1
    if checkpoints.exists(LAST):
        last = checkpoints.load(LAST)
        stage, epoch = last["stage"], last["epoch"]
    before = Best()
    if features is not None:
        if stage == STAGE_ONE:
            before = train_head(context, network.head, features)
        context.processes.wait()
        state = checkpoints.load(_HEAD)
        before = Best(state["score"], before.epoch)
        network.head.load_state_dict(state["head"])
        if stage == STAGE_ONE and context.processes.is_first:
            _save_network(checkpoints, network, before.score)
    if config.stage_two.epochs:
        finished = stage == STAGE_TWO and epoch > config.stage_two.epochs
        _train_all(context, network, before, finished)
    context.processes.wait()
    if config.predict.keep == "last":
        if context.processes.is_first:
            _save_network(checkpoints, network, None)
        return
    network.load_state_dict(checkpoints.load(BEST)["network"])


def _train_all(context: TrainingContext, network: CnnRnn, before: Best, finished: bool) -> None:
    """Run stage two, or load its result if it is ``finished``.

    Weights are only saved as the best when they score higher than stage one's head.
    """
    config, processes = context.config, context.processes
    stage_two = config.stage_two
    network.precision = choose_precision(stage_two.precision, processes.device)

    def save_best(weights: dict[str, torch.Tensor], score: float) -> None:
        if config.predict.keep == "best" and score > before.score:
            context.checkpoints.save(BEST, {"network": weights, "score": score})

    def set_mode() -> None:
        network.train()
        if stage_two.norms == "fixed":
            network.backbone.eval()
        for stage in network.frozen_stages(stage_two.frozen):
            stage.eval()

    network.eval()
    stages = 0 if finished or not stage_two.views else _cached_stages(network, stage_two.frozen)
    rows, key = context.data.train, _maps_key(context, network, stages)
    maps = None
    if stages:
        batches = map_batches(
            network, context.images, rows, context.preprocess, config.augment, stages=stages,
            count=stage_two.views, seed=config.seed, device=processes.device,
        )  # fmt: skip
        count = stage_two.views * len(rows)
        arrays = _cached(context, VIEWS, key, count, batches, "stage_two.views=0")
        maps = AugmentedMaps(arrays, len(rows), stages)
    stage = Stage(
        name=STAGE_TWO,
        module=network,
        groups=network_groups(network, stage_two),
        config=stage_two,
        on_best=save_best,
        set_mode=set_mode,
        scaled=network.precision is torch.float16,
    )
    try:
        train(image_task(context, maps), stage)
        processes.wait()
        if stages and processes.is_first:
            remove_arrays(context.cache, VIEWS, key)
    finally:
        network.precision = None


def _maps_key(context: TrainingContext, network: CnnRnn, stages: int) -> list[object]:
    """Return what the maps of augmented images depend on; mixup is applied after caching."""
    config = context.config
    augmentation = config.augment.model_copy(update={"mix": 0.0}).model_dump()
    rows = context.data.train.tolist()
    return [*context.source, stages, str(network.precision), augmentation, config.seed,
            config.stage_two.views, network.features.statistics, rows]  # fmt: skip


def _cached_stages(network: CnnRnn, frozen: int) -> int:
    """Return how many stages are cached: the frozen ones before the second map."""
    network.frozen_stages(frozen)  # refuses too many
    middle = network.features.middle
    return min(frozen, middle - 1) if middle else frozen


def _save_network(checkpoints: Checkpoints, network: CnnRnn, score: float | None) -> None:
    checkpoints.save(BEST, {"network": network.state_dict(), "score": score})
