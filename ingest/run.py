"""One run of the ingest job: load the models, open the collection, ingest, prune."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from artextract.catalog.page_url import read_page_url
from artextract.encoding.loading import Models, load_models
from artextract.errors import InputError
from artextract.models.session import Device
from artextract.store import Store, create_store, find_store
from artextract.store.location import Location
from ingest.journal import Journal, journal_path
from ingest.pipeline import Summary, check_source, ingest
from ingest.prune import prune
from ingest.sources.item import Source

_BATCH_SIZES = {"cpu": 8, "cuda": 64}


@dataclass(frozen=True, slots=True)
class IngestConfig:
    """How to ingest a source."""

    store: Location
    model: str
    aspects: str
    """Names separated by commas, or "all" for all that the models allow."""
    device: Device
    batch_size: int | None = None
    """Images in a batch; None takes 8 on a CPU and 64 on a GPU."""
    classifier: str = "auto"
    limit: int | None = None
    retry_failed: bool = False
    prune: bool = False
    dry_run: bool = False
    page_url: str | None = None
    """Public address of the web page that serves the collection. Artworks without an image at an
    address of its own get that of their thumbnail there, for Qdrant's web console; without a page,
    artworks have none, and lose what an earlier run gave them."""
    layout: Mapping[str, Any] = field(default_factory=dict)
    """Layout of a new collection, {field of Layout: value}."""

    def batch_of(self, device: str) -> int:
        """Return the number of images in a batch on ``device``."""
        return self.batch_size or _BATCH_SIZES[device]

    @property
    def journal(self) -> Path:
        """File of the failures: in the collection's folder, or for a server in the user's state."""
        return journal_path(self.store)


def run(
    source: Source,
    config: IngestConfig,
    *,
    readers: int = 0,
    on_artwork: Callable[[Summary], None] = lambda summary: None,
    on_optimize: Callable[[], None] = lambda: None,
    on_end: Callable[[Summary], None] = lambda summary: None,
    on_stop: Callable[[], None] = lambda: None,
) -> Summary:
    """Ingest ``source`` and return the summary.

    Args:
        source: The artworks.
        config: Where they go, and how.
        readers: As of :func:`~ingest.pipeline.ingest`, for images on a server.
        on_artwork: Called after each artwork with the summary so far.
        on_optimize: Called before the collection is optimized, which takes 1 s for 1,000 artworks.
        on_end: Called with the complete summary, even if an error follows because all failed.
        on_stop: As of :func:`~ingest.pipeline.ingest`.

    Raises:
        ArtExtractError: the run can't begin or go on, or no artwork could be ingested.
    """
    page_url = None if config.page_url is None else read_page_url(config.page_url)
    models = load_models(
        config.model,
        classifier=config.classifier,
        aspects=None if config.aspects == "all" else config.aspects.replace(" ", "").split(","),
        device=config.device,
    )
    threads = os.cpu_count() or 1
    runners = threads if models.device == "cpu" else 1
    if config.dry_run:
        summary = _dry_run(source, config, page_url, models, threads, on_artwork, on_stop)
        on_end(summary)
        return _check(summary)
    if config.store.is_server:
        config.journal.parent.mkdir(parents=True, exist_ok=True)
    with (
        create_store(
            config.store,
            models.identity,
            vectors=models.encoder.vectors,
            classifier=models.classifier,
            measured=models.measured,
            layout=config.layout,
        ) as store,
        Journal(config.journal) as journal,
    ):
        summary = ingest(
            source,
            store,
            models.encoder,
            journal,
            batch_size=config.batch_of(models.device),
            threads=threads,
            runners=runners,
            readers=readers,
            limit=config.limit,
            only_failed=config.retry_failed,
            page_url=page_url,
            on_artwork=on_artwork,
            on_stop=on_stop,
        )
        if summary.embedded:
            on_optimize()
            store.optimize()
        journal.note(source.name, summary.notes)
        summary.text = _describe(summary, config, store, models, runners)
        on_end(summary)
        if config.prune:
            summary.pruned = prune(source, store)
    return _check(summary)


def _dry_run(
    source: Source,
    config: IngestConfig,
    page_url: str | None,
    models: Models,
    threads: int,
    on_artwork: Callable[[Summary], None],
    on_stop: Callable[[], None],
) -> Summary:
    store = find_store(config.store)
    try:
        if store is not None:
            store.check_model(
                models.identity, models.classifier, models.encoder.vectors, models.measured
            )
        summary = check_source(
            source,
            store,
            models.identity,
            models.encoder,
            threads=threads,
            limit=config.limit,
            only=Journal(config.journal) if config.retry_failed else None,
            page_url=page_url,
            on_artwork=on_artwork,
            on_stop=on_stop,
        )
    finally:
        if store is not None:
            store.close()
    summary.text = (
        f"Dry run, nothing written: would embed {summary.embedded}, update {summary.updated}, "
        f"leave {summary.unchanged} unchanged; {len(summary.failures)} would fail."
    )
    summary.text = "\n".join([summary.text, *_describe_notes(summary)])
    return summary


def _describe(
    summary: Summary, config: IngestConfig, store: Store, models: Models, runners: int
) -> str:
    """Return what was done, and on which device and models it ran."""
    rate = summary.embedded / summary.seconds if summary.seconds else 0.0
    artworks, images = store.count_works(), store.count()
    of_images = f" ({images} images)" if images != artworks else ""
    lines = [
        f"{config.store}: embedded {summary.embedded}, updated {summary.updated}, "
        f"unchanged {summary.unchanged}, failed {len(summary.failures)}; "
        f"{artworks} artworks{of_images} in the collection.",
        f"{summary.seconds:.1f} s, {rate:.0f} images/s embedded, with {models.identity} on "
        f"{models.device} ({runners} at once, batches of {config.batch_of(models.device)}).",
    ]
    detector_device = models.encoder.detector_device
    if detector_device not in (None, models.device):
        lines.append(f"Faces and people were detected on {detector_device}.")
    if models.classifier is not None:
        lines.append(f"Classes were predicted by {models.classifier}.")
    lines.append(
        f"Seconds by part, overlapping: read {summary.read_seconds:.1f}, "
        f"prepare {summary.prepare_seconds:.1f}, embed {summary.embed_seconds:.1f}, "
        f"write {summary.write_seconds:.1f}."
    )
    return "\n".join([*lines, *_describe_notes(summary)])


def _describe_notes(summary: Summary) -> list[str]:
    """Return what of the source was left unknown or aside, a line for each kind."""
    notes = [f"  {each}" for each in summary.notes]
    return ["Left unknown or aside:", *notes] if notes else []


def _check(summary: Summary) -> Summary:
    if summary.failures and summary.total == len(summary.failures):
        raise InputError(
            f"none of the {summary.total} artworks can be ingested; the first failure: "
            f"{summary.failures[0].reason}"
        )
    return summary
