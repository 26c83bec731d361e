"""One run of the ingest job, from settings to summary, as a person sees it."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from artextract.encoding.loading import Models, load_models
from artextract.errors import InputError
from artextract.models.session import Device
from artextract.store import Store, create_store, find_store
from artextract.store.location import Location
from ingest.journal import JOURNAL_NAME, Journal
from ingest.pipeline import Summary, check_source
from ingest.pipeline import ingest as ingest_source
from ingest.prune import prune
from ingest.sources.item import Source

__all__ = ["Settings", "run"]

_FAILURES_SHOWN = 5

_BATCH_SIZES = {"cpu": 8, "cuda": 64}


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked for on the command line."""

    store: Location
    model: str
    aspects: str
    device: Device
    batch_size: int | None = None
    """Images in one run of the model; None takes the device's own, see :meth:`batch_of`."""
    classifier: str = "auto"
    limit: int | None = None
    retry_failed: bool = False
    prune: bool = False
    dry_run: bool = False
    layout: Mapping[str, Any] = field(default_factory=dict)
    """What is asked for of a new collection, {field of Layout: value}."""

    def batch_of(self, device: str) -> int:
        """Return the images in one run of the model on ``device``."""
        return self.batch_size or _BATCH_SIZES[device]

    @property
    def journal(self) -> Path:
        """Where failures are kept: with the store, or with the user's state for a server's."""
        if not self.store.is_server:
            return self.store.folder / JOURNAL_NAME
        from platformdirs import user_state_path

        url, collection = self.store.address
        name = re.sub(r"[^\w.-]+", "-", f"{url.partition('://')[2]}-{collection}")
        return user_state_path("artextract") / name / JOURNAL_NAME


def run(
    source: Source,
    settings: Settings,
    *,
    readers: int = 0,
    on_stop: Callable[[], None] = lambda: None,
) -> Summary:
    """Ingest ``source``, show progress, print the summary and return it.

    ``readers`` and ``on_stop`` are those of :func:`~ingest.pipeline.ingest`, for a source whose
    pictures come from a server.

    Raises:
        ArtExtractError: the run could not begin or go on, or not one work could be ingested.
    """
    if settings.prune and (settings.limit or settings.retry_failed):
        raise click.UsageError(
            "--prune needs the whole source; leave out --limit and --retry-failed"
        )
    models = load_models(
        settings.model,
        classifier=settings.classifier,
        aspects=_aspects(settings.aspects),
        device=settings.device,
    )
    if settings.dry_run:
        return _dry_run(source, settings, models)
    if settings.store.is_server:
        settings.journal.parent.mkdir(parents=True, exist_ok=True)
    with (
        create_store(
            settings.store,
            models.identity,
            vectors=models.encoder.vectors,
            classifier=models.classifier,
            measured=models.measured,
            layout=settings.layout,
        ) as store,
        Journal(settings.journal) as journal,
    ):
        summary = _ingest(source, settings, store, models, journal, readers, on_stop)
        _print_summary(summary, settings, store, models)
        _print_failures(summary, journal)
        if settings.prune:
            click.echo(f"Pruned {prune(source, store)} images that the source no longer has.")
    _refuse_total_failure(summary)
    return summary


def _ingest(
    source: Source,
    settings: Settings,
    store: Store,
    models: Models,
    journal: Journal,
    readers: int,
    on_stop: Callable[[], None],
) -> Summary:
    total = len(journal) if settings.retry_failed else source.count()
    total = min(total, settings.limit or total)
    if settings.retry_failed and not total:
        click.echo(f"Nothing to retry: no failure stands in {journal.path}.", err=True)
    so_far = Summary()

    def on_work(summary: Summary) -> None:
        nonlocal so_far
        so_far = summary
        show(summary)

    try:
        with _progress("Ingesting", total) as show:
            summary = ingest_source(
                source,
                store,
                models.encoder,
                journal,
                batch_size=settings.batch_of(models.device),
                threads=os.cpu_count() or 1,
                runners=_runners(models.device),
                readers=readers,
                limit=settings.limit,
                only_failed=settings.retry_failed,
                on_work=on_work,
                on_stop=on_stop,
            )
    except KeyboardInterrupt:
        click.echo(
            f"Interrupted after {so_far.embedded} new works; they are kept. Run the command again "
            "to go on.",
            err=True,
        )
        raise
    if summary.embedded:
        if sys.stderr.isatty():  # nothing can be shown meanwhile; 20,000 works take 20 s
            click.echo("Putting the collection in order ...", err=True)
        store.optimize()
    return summary


def _dry_run(source: Source, settings: Settings, models: Models) -> Summary:
    store = find_store(settings.store)
    try:
        if store is not None:
            store.check_model(
                models.identity, models.classifier, models.encoder.vectors, models.measured
            )
        journal = Journal(settings.journal) if settings.retry_failed else None
        total = source.count() if journal is None else len(journal)
        with _progress("Reading", min(total, settings.limit or total)) as on_work:
            summary = check_source(
                source,
                store,
                models.identity,
                models.encoder,
                threads=os.cpu_count() or 1,
                limit=settings.limit,
                only=journal,
                on_work=on_work,
            )
    finally:
        if store is not None:
            store.close()
    click.echo(
        f"Dry run, nothing written: would embed {summary.embedded}, update {summary.updated}, "
        f"leave {summary.unchanged} unchanged; {len(summary.failures)} would fail."
    )
    for failure in summary.failures[:_FAILURES_SHOWN]:
        click.echo(f"  {failure.reason}", err=True)
    _refuse_total_failure(summary)
    return summary


def _runners(device: str) -> int:
    """Return how many batches to run at once: one on each core of a CPU, one on a GPU."""
    return (os.cpu_count() or 1) if device == "cpu" else 1


def _aspects(text: str) -> list[str] | None:
    """Return the aspects that ``--aspects`` names; None for all that can be made."""
    return None if text == "all" else [part.strip() for part in text.split(",")]


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[Summary], None]]:
    """Show a progress bar with rate and time left, on a terminal only; yield what moves it."""
    if not sys.stderr.isatty():
        yield lambda summary: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as TimeLeft

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f} images/s"),
        TimeLeft(),
        TextColumn("{task.fields[failed]}"),
        console=Console(stderr=True),
    ) as progress:
        task = progress.add_task(title, total=total, rate=0.0, failed="")

        def on_work(summary: Summary) -> None:
            failed = f"{len(summary.failures)} failed" if summary.failures else ""
            progress.update(task, completed=summary.seen, failed=failed,
                            rate=progress.tasks[0].speed or 0.0)  # fmt: skip

        yield on_work


def _print_summary(summary: Summary, settings: Settings, store: Store, models: Models) -> None:
    """Say what was done, and what really ran."""
    rate = summary.embedded / summary.seconds if summary.seconds else 0.0
    works, images = store.count_works(), store.count()
    of_images = f" ({images} images)" if images != works else ""
    click.echo(
        f"{settings.store}: embedded {summary.embedded}, updated {summary.updated}, "
        f"unchanged {summary.unchanged}, failed {len(summary.failures)}; "
        f"{works} works{of_images} in the collection."
    )
    click.echo(
        f"{summary.seconds:.1f} s, {rate:.0f} images/s embedded, with {models.identity} on "
        f"{models.device} ({_runners(models.device)} at once, batches of "
        f"{settings.batch_of(models.device)})."
    )
    detector_device = models.encoder.detector_device
    if detector_device not in (None, models.device):
        click.echo(f"Faces and people were detected on {detector_device}.")
    if models.classifier is not None:
        click.echo(f"Classes were predicted by {models.classifier}.")
    click.echo(
        f"Seconds of work by part, overlapping: read {summary.read_seconds:.1f}, "
        f"prepare {summary.prepare_seconds:.1f}, embed {summary.embed_seconds:.1f}, "
        f"write {summary.write_seconds:.1f}."
    )


def _print_failures(summary: Summary, journal: Journal) -> None:
    if not summary.failures:
        return
    for failure in summary.failures[:_FAILURES_SHOWN]:
        click.echo(f"Skipped: {failure.reason}", err=True)
    if len(summary.failures) > _FAILURES_SHOWN:
        click.echo(f"... and {len(summary.failures) - _FAILURES_SHOWN} more.", err=True)
    click.echo(
        f"{len(summary.failures)} works were skipped; the reasons stand in {journal.path}. "
        "Mend them and run the same command with --retry-failed.",
        err=True,
    )


def _refuse_total_failure(summary: Summary) -> None:
    if summary.failures and summary.seen == len(summary.failures):
        raise InputError(
            f"not one of {summary.seen} works can be ingested; the first: "
            f"{summary.failures[0].reason}"
        )
