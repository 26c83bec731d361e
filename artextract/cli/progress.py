"""A progress bar with rate and time remaining, on a terminal's stderr only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


@contextmanager
def show_progress(
    title: str, total: int | None, *, size: bool = False
) -> Iterator[Callable[..., None]]:
    """Show a bar; yield a function that takes the keywords of rich's ``Progress.update``.

    Among them are ``advance`` (steps done since the last call), ``completed`` (all steps done),
    ``total`` and ``description``.

    Args:
        title: What is going on, in a word or two.
        total: Number of steps; None if it is not known yet.
        size: Whether steps are bytes.
    """
    with make_progress(size=size) as progress:
        yield partial(progress.update, progress.add_task(title, total=total))


@contextmanager
def progress_bar(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar; yield a function to call with the number of steps done since the last call."""
    with show_progress(title, total) as update:
        yield lambda steps: update(advance=steps)


def make_progress(*, size: bool = False, visible: bool = True) -> "Progress":
    """Return a display for bars, which shows nothing unless ``visible`` and on a terminal."""
    from rich import progress
    from rich.console import Console

    class Rate(progress.ProgressColumn):
        def render(self, task: progress.Task) -> str:
            return f"{task.speed:.0f}/s" if task.speed else ""

    console = Console(stderr=True)
    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        progress.DownloadColumn() if size else progress.MofNCompleteColumn(),
        progress.TransferSpeedColumn() if size else Rate(),
        progress.TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not (visible and console.is_terminal),
    )
