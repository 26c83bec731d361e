"""The training loop: steps, evaluation, EMA and checkpoints, for any task.

Every random number of a step (order of samples, dropout, augmentation) is derived from the seed,
the stage, the epoch, the step and the process. So a checkpoint needs no state of generators, and a
resumed training, even from the middle of an epoch, computes on the same machine exactly what an
uninterrupted one would.
"""

import math
import signal
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

import numpy as np
import torch

from artextract.errors import InputError, ModelError
from training.config import StageOneConfig, StageTwoConfig
from training.loops.ema import make_ema
from training.loops.progress import StageProgress
from training.loops.schedule import Group, rate_factor
from training.loops.tasks import Task

LAST = "last"
"""The checkpoint that a run is resumed from."""

_SAVE_SECONDS = 300.0
_MIN_ROWS = 2  # batch norm can't train on one


@dataclass(frozen=True, slots=True)
class Best:
    """The first epoch with the highest score; epoch 0 is none."""

    score: float = -math.inf
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage of the training.

    ``groups`` are the optimizer's. ``set_mode`` is called before each step. ``on_best`` is called
    in the first process with the EMA weights whenever their score is the best so far.
    """

    name: str
    module: torch.nn.Module
    groups: list[Group]
    config: StageOneConfig | StageTwoConfig
    on_best: Callable[[dict[str, torch.Tensor], float], None]
    set_mode: Callable[[], object]
    scaled: bool = False


def train(task: Task, stage: Stage) -> Best:
    """Train to the last epoch, from the stage's checkpoint if there is one; return the best epoch.

    The module ends with the EMA weights of the last epoch, in evaluation mode.

    Raises:
        InputError: there are too few training samples.
        ModelError: a checkpoint can't be read or written, or the loss is not finite.
        KeyboardInterrupt: the process was interrupted, after saving its state.
    """
    return _Trainer(task, stage).run()


def batches_of(rows: int, batch: int, seed: int) -> list[torch.Tensor]:
    """Return the numbers 0 to ``rows`` - 1 in random order, in batches of nearly equal size."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(rows, generator=generator)
    return list(order.tensor_split(math.ceil(rows / batch)))


class _Trainer:
    """The state of one stage between two steps."""

    def __init__(self, task: Task, stage: Stage) -> None:
        self.task, self.stage, context = task, stage, task.context
        self.processes, self.checkpoints = context.processes, context.checkpoints
        self.recorder, self.seed = context.recorder, context.config.seed
        batch = stage.config.batch
        self.steps = math.ceil(task.rows / batch)
        if task.rows // max(self.steps, 1) // self.processes.count < _MIN_ROWS:
            raise InputError(
                f"{task.rows} training samples in batches of {batch} leave "
                f"{self.processes.count} processes fewer than {_MIN_ROWS} samples each; give more "
                "samples, larger batches, or fewer processes"
            )
        self.optimizer = torch.optim.AdamW(stage.groups)
        self.ema = make_ema(stage.module, stage.config.average)
        self.scaler = torch.amp.GradScaler(self.processes.device.type, enabled=stage.scaled)
        self.best = Best()
        self.epoch = 1  # the current one
        self.step = 0  # finished steps of it
        self.losses = 0.0  # their sum

    def run(self) -> Best:
        stage, processes, config = self.stage, self.processes, self.stage.config
        self._resume()
        wrapped = processes.wrap(stage.module)
        progress = StageProgress(stage.name, self.steps, config.epochs, visible=processes.is_first)
        with torch.random.fork_rng(), progress, _stop_requests(progress) as stopping:
            saved = time.monotonic()
            while self.epoch <= config.epochs:
                batches = batches_of(self.task.rows, config.batch, self._seed(0, 0))
                while self.step < self.steps:
                    self._take_step(wrapped, batches[self.step])
                    progress.step(self.epoch, self.step, self.losses / self.step)
                    if processes.any(stopping.is_set()):
                        self._save()
                        raise KeyboardInterrupt
                    if time.monotonic() - saved > _SAVE_SECONDS:
                        self._save()
                        saved = time.monotonic()
                self._end_epoch(progress)
                saved = time.monotonic()
        stage.module.load_state_dict(self.ema.module.state_dict())
        stage.module.eval()
        return self.best

    def _seed(self, step: int, rank: int) -> int:
        """Return the seed of a step of this epoch; step 0 is the epoch's own."""
        words = [self.seed, zlib.crc32(self.stage.name.encode()), self.epoch, step, rank]
        return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)

    def _take_step(self, wrapped: torch.nn.Module, batch: torch.Tensor) -> None:
        stage, processes, config = self.stage, self.processes, self.stage.config
        self.step += 1
        seed = self._seed(self.step, processes.rank)
        torch.manual_seed(seed)  # dropout
        generator = torch.Generator().manual_seed(seed + 1)  # augmentation
        done = (self.epoch - 1) * self.steps + self.step - 1
        factor = rate_factor(done, self.steps * config.epochs, config.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = factor * group["peak"]
        stage.set_mode()
        rows = batch[processes.rank :: processes.count]
        loss = self.task.loss(wrapped, rows, batch, generator)
        value = processes.sum(loss.item())
        if not math.isfinite(value):
            table = "stage_one" if isinstance(config, StageOneConfig) else "stage_two"
            raise ModelError(
                f"the loss became {value} in {stage.name}, epoch {self.epoch}, step {self.step}, "
                "so training can't go on; train into another folder with a lower learning rate, "
                f"such as {table}.lr={config.lr / 3:.1g}"
            )
        self.losses += value
        self.optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over the processes, but the parts of the loss add up.
        scaled = self.scaler.scale(loss * processes.count)
        scaled.backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(stage.module.parameters(), config.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.ema.update_parameters(stage.module)

    def _end_epoch(self, progress: StageProgress) -> None:
        stage, weights = self.stage, self.ema.module.state_dict()
        # The processes' batch norms have seen different samples.
        self.processes.broadcast(weights.values())
        self.ema.module.eval()
        metrics = self.task.evaluate(self.ema.module)
        metrics = {"loss": self.losses / self.steps, **metrics}
        is_best = metrics["score"] > self.best.score
        if is_best:
            self.best = Best(metrics["score"], self.epoch)
        ended = self.epoch
        self.epoch, self.step, self.losses = self.epoch + 1, 0, 0.0
        if self.processes.is_first:
            self.recorder.add({"stage": stage.name, "epoch": ended, **metrics})
            if is_best:
                stage.on_best(weights, self.best.score)
            self._save()
        progress.epoch(ended, metrics, is_best)

    def _save(self) -> None:
        if not self.processes.is_first:
            return
        ema = {"steps": int(self.ema.n_averaged) - 1, "values": self.ema.module.state_dict()}
        state: dict[str, Any] = {
            "stage": self.stage.name,
            "epoch": self.epoch,
            "step": self.step,
            "losses": self.losses,
            "best": {"score": self.best.score, "epoch": self.best.epoch},
            "module": self.stage.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": ema,
            "scaler": self.scaler.state_dict(),
        }
        self.checkpoints.save(LAST, state)

    def _resume(self) -> None:
        stage = self.stage
        if not self.checkpoints.exists(LAST):
            return
        state = self.checkpoints.load(LAST)
        if state["stage"] != stage.name:
            return
        stage.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.ema.module.load_state_dict(state["average"]["values"])
        self.ema.n_averaged.fill_(state["average"]["steps"] + 1)
        self.scaler.load_state_dict(state["scaler"])
        self.best = Best(state["best"]["score"], state["best"]["epoch"])
        self.epoch, self.step, self.losses = state["epoch"], state["step"], state["losses"]
        if self.processes.is_first:
            self.recorder.forget_after(stage.name, self.epoch - 1)


@contextmanager
def _stop_requests(progress: StageProgress) -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a flag; a second one acts at once."""
    stopping = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopping  # signals reach the main thread alone
        return
    before: dict[int, Any] = {}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()
        restore()
        progress.say("Stopping after this step and saving; interrupt again to stop at once.")

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, stop)
    try:
        yield stopping
    finally:
        restore()
