"""Progress on a terminal, as bars with the time left, and a line for each epoch anywhere."""

import time
from collections.abc import Mapping
from typing import Self

from artextract.cli.progress import make_progress


class StageProgress:
    """Shows one stage of a training; nothing where ``visible`` is False."""

    def __init__(self, stage: str, steps: int, epochs: int, *, visible: bool = True) -> None:
        """Prepare for ``epochs`` epochs of ``steps`` steps."""
        self._stage, self._steps, self._epochs = stage, steps, epochs
        self._visible = visible
        self._bar = make_progress(visible=visible)
        self._task = self._bar.add_task(stage, total=steps * epochs)
        self._begun = time.monotonic()
        self._epochs_here = 0  # without those before the training was resumed

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.stop()

    def step(self, epoch: int, step: int, loss: float) -> None:
        """Show that ``step`` steps of epoch ``epoch`` (from 1) are done."""
        self._bar.update(
            self._task,
            completed=(epoch - 1) * self._steps + step,
            description=f"{self._stage}, epoch {epoch} of {self._epochs}, loss {loss:.3f}",
        )

    def epoch(self, epoch: int, numbers: Mapping[str, float], best: bool) -> None:
        """Show the results of epoch ``epoch``."""
        self._epochs_here += 1
        spent = time.monotonic() - self._begun
        left = format_seconds((self._epochs - epoch) * spent / self._epochs_here) + " left"
        values = ", ".join(f"{name} {value:.3f}" for name, value in numbers.items())
        self.say(
            f"{self._stage}, epoch {epoch} of {self._epochs}: {values}"
            f"{' (best so far)' if best else ''}; {format_seconds(spent)}, "
            f"{left if epoch < self._epochs else 'done'}"
        )

    def say(self, line: str) -> None:
        """Show a line above the bar."""
        if self._visible:
            self._bar.console.print(line, highlight=False, markup=False, soft_wrap=True)


def format_seconds(seconds: float) -> str:
    """Return a time as "45 s", "12 min" or "1 h 05 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02} min"
