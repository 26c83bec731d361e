"""The training loop: steps, judging, averaging, checkpoints. It knows nothing of pictures.

Every random number of a step (the order of works, dropout, augmentation) follows from the seed, the
stage, the epoch, the step and the process. A checkpoint therefore needs no state of any generator,
and a training that goes on from one, even from the middle of an epoch, computes on the same machine
the very numbers of one that was never stopped.
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
from typing import Any, Protocol

import numpy as np
import torch

from artextract.errors import InputError, ModelError
from training.config import StageOneSettings, StageTwoSettings
from training.loops.checkpoint import Checkpoints
from training.loops.ema import Average
from training.loops.processes import Processes
from training.loops.progress import Progress
from training.loops.recorder import Recorder
from training.loops.schedule import Group, share_of_rate

__all__ = ["LAST", "Best", "Stage", "Task", "batches_of", "train"]

LAST = "last"
"""The checkpoint that a run goes on from."""

_SAVE_SECONDS = 300.0
_TABLES = {StageOneSettings: "stage_one", StageTwoSettings: "stage_two"}
_LEAST_ROWS = 2  # a batch norm can't learn from one


class Task(Protocol):
    """What is to be learnt."""

    @property
    def rows(self) -> int:
        """How many training works there are."""

    def loss(
        self,
        module: torch.nn.Module,
        rows: torch.Tensor,
        batch: torch.Tensor,
        generator: torch.Generator,
    ) -> torch.Tensor:
        """Return this process's part of a batch's loss; the parts' sum is the whole.

        Args:
            module: What is trained.
            rows: The numbers of this process's works.
            batch: Those of all processes' works.
            generator: Where random numbers come from.
        """

    def judge(self, module: torch.nn.Module, processes: Processes) -> dict[str, float]:
        """Return numbers by name, of which ``score`` is the one that should be high."""


@dataclass(frozen=True, slots=True)
class Best:
    """The epoch with the highest score, the earliest of equals; epoch 0 is none."""

    score: float = -math.inf
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is trained, how, and where it is written.

    ``on_best`` is called, in the first process, with the averaged weights whenever they have become
    the best; ``groups`` are the optimizer's.
    """

    name: str
    module: torch.nn.Module
    groups: list[Group]
    settings: StageOneSettings | StageTwoSettings
    seed: int
    checkpoints: Checkpoints
    recorder: Recorder
    processes: Processes
    on_best: Callable[[dict[str, torch.Tensor], float], None]
    set_mode: Callable[[], None]
    scaled: bool = False
    visible: bool = True


def train(task: Task, stage: Stage) -> Best:
    """Train until the last epoch, from the checkpoint if it is of this stage; return the best.

    In the end the module has the averaged weights of the last epoch.

    Raises:
        InputError: there are too few training works.
        ModelError: a checkpoint can't be read or written, or the loss is no number any more.
        KeyboardInterrupt: the process was asked to stop, and has saved where it was.
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
        self.task, self.stage = task, stage
        settings = stage.settings
        self.steps = math.ceil(task.rows / settings.batch)
        if task.rows // max(self.steps, 1) // stage.processes.count < _LEAST_ROWS:
            raise InputError(
                f"{task.rows} training works in batches of {settings.batch} leave "
                f"{stage.processes.count} processes fewer than {_LEAST_ROWS} works each; give more "
                "works, larger batches, or fewer processes"
            )
        self.optimizer = torch.optim.AdamW(stage.groups)
        self.average = Average(stage.module, settings.average)
        self.scaler = torch.amp.GradScaler(stage.processes.device.type, enabled=stage.scaled)
        self.best = Best()
        self.epoch = 1  # the one that runs
        self.step = 0  # steps of it that are done
        self.losses = 0.0  # their sum

    def run(self) -> Best:
        stage, processes = self.stage, self.stage.processes
        self._go_on()
        copies = processes.wrap(stage.module)
        settings = stage.settings
        progress = Progress(
            stage.name, self.steps, settings.epochs, visible=stage.visible and processes.is_first
        )
        with torch.random.fork_rng(), progress, _stop_requests(progress) as stopping:
            saved = time.monotonic()
            while self.epoch <= settings.epochs:
                batches = batches_of(self.task.rows, settings.batch, self._seed(0, 0))
                while self.step < self.steps:
                    begun = time.monotonic()
                    self._take_step(copies, batches[self.step])
                    progress.step(
                        self.epoch,
                        self.step,
                        time.monotonic() - begun,
                        self.losses / self.step,
                    )
                    if processes.any(stopping.is_set()):
                        self._save()
                        raise KeyboardInterrupt
                    if time.monotonic() - saved > _SAVE_SECONDS:
                        self._save()
                        saved = time.monotonic()
                self._end_epoch(progress)
                saved = time.monotonic()
        stage.module.load_state_dict(self.average.weights())
        return self.best

    def _seed(self, step: int, rank: int) -> int:
        """Return the seed of a step of this epoch; step 0 is the epoch's own."""
        words = [self.stage.seed, zlib.crc32(self.stage.name.encode()), self.epoch, step, rank]
        return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> 1)

    def _take_step(self, copies: torch.nn.Module, batch: torch.Tensor) -> None:
        stage, processes = self.stage, self.stage.processes
        self.step += 1
        seed = self._seed(self.step, processes.rank)
        torch.manual_seed(seed)  # dropout
        generator = torch.Generator().manual_seed(seed + 1)  # augmentation
        done = (self.epoch - 1) * self.steps + self.step - 1
        share = share_of_rate(done, self.steps * stage.settings.epochs, stage.settings.warmup)
        for group in self.optimizer.param_groups:
            group["lr"] = share * group["peak"]
        stage.set_mode()
        rows = batch[processes.rank :: processes.count]
        loss = self.task.loss(copies, rows, batch, generator)
        value = processes.sum(loss.item())
        if not math.isfinite(value):
            raise ModelError(
                f"the loss became {value} in {stage.name}, epoch {self.epoch}, step {self.step}, "
                "so training can't go on; train into another folder with a lower learning rate, "
                f"as --set {_TABLES[type(stage.settings)]}.lr={stage.settings.lr / 3:.1g}"
            )
        self.losses += value
        self.optimizer.zero_grad(set_to_none=True)
        # Gradients are averaged over the processes, but the parts of the loss add up.
        scaled = self.scaler.scale(loss * processes.count)
        scaled.backward()  # type: ignore[no-untyped-call]
        self.scaler.unscale_(self.optimizer)
        torch.nn.utils.clip_grad_norm_(stage.module.parameters(), stage.settings.clip)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.average.update(stage.module)

    def _end_epoch(self, progress: Progress) -> None:
        stage = self.stage
        begun = time.monotonic()
        # Batch norms of the processes have seen different works.
        stage.processes.share(self.average.weights().values())
        with self.average.lent_to(stage.module):
            stage.module.eval()
            numbers = self.task.judge(stage.module, stage.processes)
        numbers = {"loss": self.losses / self.steps, **numbers}
        is_best = numbers["score"] > self.best.score
        if is_best:
            self.best = Best(numbers["score"], self.epoch)
        ended = self.epoch
        self.epoch, self.step, self.losses = self.epoch + 1, 0, 0.0
        if stage.processes.is_first:
            stage.recorder.add({"stage": stage.name, "epoch": ended, **numbers})
            if is_best:
                stage.on_best(self.average.weights(), self.best.score)
            self._save()
        progress.epoch(ended, time.monotonic() - begun, numbers, is_best)

    def _save(self) -> None:
        if not self.stage.processes.is_first:
            return
        state: dict[str, Any] = {
            "stage": self.stage.name,
            "epoch": self.epoch,
            "step": self.step,
            "losses": self.losses,
            "best": {"score": self.best.score, "epoch": self.best.epoch},
            "module": self.stage.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        self.stage.checkpoints.save(LAST, state)

    def _go_on(self) -> None:
        """Take up the checkpoint, where there is one of this stage."""
        stage = self.stage
        if not stage.checkpoints.exists(LAST):
            return
        state = stage.checkpoints.load(LAST)
        if state["stage"] != stage.name:
            return
        stage.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load_state_dict(state["average"])
        self.scaler.load_state_dict(state["scaler"])
        self.best = Best(state["best"]["score"], state["best"]["epoch"])
        self.epoch, self.step, self.losses = state["epoch"], state["step"], state["losses"]
        if stage.processes.is_first:
            stage.recorder.forget_after(stage.name, self.epoch - 1)


@contextmanager
def _stop_requests(progress: Progress) -> Iterator[threading.Event]:
    """Turn the first Ctrl-C or SIGTERM into a flag; a second one acts at once."""
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked  # signals reach the main thread alone
        return
    before: dict[int, Any] = {}

    def ask(number: int, frame: FrameType | None) -> None:
        asked.set()
        for each, handler in before.items():
            signal.signal(each, handler)
        progress.say("Stopping after this step and saving; once more stops at once.")

    for number in (signal.SIGINT, signal.SIGTERM):
        before[number] = signal.signal(number, ask)
    try:
        yield asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
