"""Download the National Gallery of Art's tables, each version once."""

import hashlib
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from artextract.errors import FetchError
from artextract.net.fetch import is_url
from ingest.sources.download import download
from ingest.sources.nga_tables import TABLES

if TYPE_CHECKING:
    from rich.progress import Progress

_log = logging.getLogger(__name__)

PUBLISHED_TABLES = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data"
"""Where the NGA publishes its tables, daily (https://github.com/NationalGalleryOfArt/opendata)."""


def find_tables(where: str | None, cache: Path) -> Path:
    """Return the folder of the tables: ``where`` itself, or that of the tables from its URL.

    Tables from a URL are kept in ``cache`` and fetched again only when the server has newer ones.
    If the server can't be reached, the kept ones are used, with a warning.

    Args:
        where: A folder, or the URL of one; None means the tables that the NGA publishes.
        cache: Folder for tables from URLs.

    Raises:
        FetchError: a table can't be fetched, and there is no earlier one.
        CacheError: a table can't be written.
    """
    if where is not None and not is_url(where):
        return Path(where)
    base = (where or PUBLISHED_TABLES).rstrip("/")
    folder = cache / "tables" / hashlib.sha256(base.encode()).hexdigest()[:16]
    with _progress() as progress:
        for name, table in TABLES.items():
            task = progress.add_task(f"Fetching {name}.csv", total=None)
            try:
                download(
                    f"{base}/{name}.csv",
                    folder / f"{name}.csv",
                    lambda done, total, task=task: progress.update(  # type: ignore[misc]
                        task, completed=done, total=total
                    ),
                    stale_ok=True,
                    on_stale=_say_stale,
                    allow_private=where is not None,
                )
            except FetchError as error:
                if not (table.may_be_missing and error.status == 404):
                    raise
                (folder / f"{name}.csv").unlink(missing_ok=True)
            progress.remove_task(task)
    return folder


def _say_stale(error: FetchError) -> None:
    _log.warning("Using the table fetched last time, since %s.", error)


@contextmanager
def _progress() -> "Iterator[Progress]":
    """Yield a progress display of downloads, which shows on a terminal only."""
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
        transient=True,
    ) as progress:
        yield progress
