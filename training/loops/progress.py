"""What a person sees of a training: a bar on a terminal, a line an epoch, and the time left.

The time left is what the steps and the judgings still to come cost if they go on as those of this
stage did. Before the first judging its cost is not known, and the line says so with "at least".
"""

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import click

__all__ = ["Counter", "Pace", "Progress", "format_seconds"]

_FIRST_STEPS = 2  # slower than the rest: memory is fetched, kernels are chosen


class Pace:
    """How long steps and judgings take, and so how long is left."""

    def __init__(self, steps: int, epochs: int) -> None:
        """Begin a stage of ``steps`` steps an epoch."""
        self._steps, self._epochs = steps, epochs
        self._seen = 0
        self._counted = 0
        self._step_seconds = 0.0
        self._judgings: list[float] = []

    def step(self, seconds: float) -> None:
        """Take in the time that a step took."""
        self._seen += 1
        if self._seen == _FIRST_STEPS + 1:
            self._counted, self._step_seconds = 0, 0.0
        self._counted += 1
        self._step_seconds += seconds

    def judging(self, seconds: float) -> None:
        """Take in the time that judging and saving took at the end of an epoch."""
        self._judgings.append(seconds)

    def left(self, epoch: int, step: int) -> tuple[float, bool] | None:
        """Return the seconds left after ``step`` steps of epoch ``epoch`` (from 1).

        The flag says whether judging is in them; None is returned before the first step.
        """
        if not self._counted:
            return None
        steps = (self._epochs - epoch + 1) * self._steps - step
        judgings = self._epochs - epoch + 1
        seconds = steps * self._step_seconds / self._counted
        if not self._judgings:
            return seconds, False
        return seconds + judgings * sum(self._judgings) / len(self._judgings), True


class Progress:
    """Shows a stage of training; shows nothing where ``visible`` is False."""

    def __init__(self, stage: str, steps: int, epochs: int, *, visible: bool = True) -> None:
        """Begin a stage of ``epochs`` epochs of ``steps`` steps."""
        self._stage, self._steps, self._epochs = stage, steps, epochs
        self._visible = visible
        self._pace = Pace(steps, epochs)
        self._bar = None
        self._task = None
        self._begun = time.monotonic()
        if visible and sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
            from rich.progress import Progress as Bar

            self._bar = Bar(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[left]}"),
                console=Console(stderr=True),
                transient=True,
            )
            self._task = self._bar.add_task(stage, total=steps * epochs, left="")

    def __enter__(self) -> Self:
        """Begin."""
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, however it came to that."""
        if self._bar is not None:
            self._bar.stop()

    def step(self, epoch: int, step: int, seconds: float, loss: float) -> None:
        """Show that ``step`` steps of epoch ``epoch`` (from 1) are done."""
        self._pace.step(seconds)
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task,
                completed=(epoch - 1) * self._steps + step,
                description=f"{self._stage}, epoch {epoch} of {self._epochs}, loss {loss:.3f}",
                left=self._left(epoch, step),
            )

    def epoch(self, epoch: int, seconds: float, numbers: Mapping[str, float], best: bool) -> None:
        """Show what epoch ``epoch`` gave; judging and saving it took ``seconds``."""
        self._pace.judging(seconds)
        left = self._left(epoch + 1, 0) if epoch < self._epochs else "done"
        spent = format_seconds(time.monotonic() - self._begun)
        values = ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())
        mark = " (best so far)" if best else ""
        self.say(f"{self._stage}, epoch {epoch} of {self._epochs}: {values}{mark}; {spent}, {left}")

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        if self._bar is not None:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)
        elif self._visible:
            click.echo(line, err=True)

    def _left(self, epoch: int, step: int) -> str:
        found = self._pace.left(epoch, step)
        if found is None:
            return "time left not known yet"
        seconds, whole = found
        return f"{'' if whole else 'at least '}{format_seconds(seconds)} left"


class Counter:
    """A plain bar for work of known amount; on a terminal only.

    Used as a context, it gives a function to call with how much more is done.
    """

    def __init__(self, title: str, total: int) -> None:
        """Name the work."""
        from rich.console import Console
        from rich.progress import Progress as Bar

        console = Console(stderr=True)
        self._bar = Bar(console=console, transient=True, disable=not console.is_terminal)
        self._task = self._bar.add_task(title, total=total)

    def __enter__(self) -> Callable[[int], None]:
        """Begin."""
        self._bar.start()
        return lambda count: self._bar.advance(self._task, count)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End, however it came to that."""
        self._bar.stop()


def format_seconds(seconds: float) -> str:
    """Return a time as "45 s", "12 min" or "1 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"
