"""Download the National Gallery of Art's tables, each version once."""

import hashlib
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from artextract.errors import FetchError
from artextract.net.fetch import is_url
from ingest.sources.download import download
from ingest.sources.nga_tables import TABLES

_log = logging.getLogger(__name__)

PUBLISHED_TABLES = "https://raw.githubusercontent.com/NationalGalleryOfArt/opendata/main/data"
"""Where the NGA publishes its tables, daily (https://github.com/NationalGalleryOfArt/opendata)."""


def find_tables(
    where: str | None,
    cache: Path,
    *,
    on_bytes: Callable[[str, int, int | None], object] = lambda name, done, total: None,
) -> Path:
    """Return the folder of the tables: ``where`` itself, or that of the tables from its URL.

    Tables from a URL are kept in ``cache`` and fetched again only when the server has newer ones.
    If the server can't be reached, the kept ones are used, with a warning.

    Args:
        where: A folder, or the URL of one; None means the tables that the NGA publishes.
        cache: Folder for tables from URLs.
        on_bytes: Called with a table's name, the bytes received and, if known, their total.

    Raises:
        FetchError: a table can't be fetched, and there is no earlier one.
        CacheError: a table can't be written.
    """
    if where is not None and not is_url(where):
        return Path(where)
    base = (where or PUBLISHED_TABLES).rstrip("/")
    folder = cache / "tables" / hashlib.sha256(base.encode()).hexdigest()[:16]
    for name, table in TABLES.items():
        try:
            download(
                f"{base}/{name}.csv",
                folder / f"{name}.csv",
                partial(on_bytes, name),
                stale_ok=True,
                on_stale=_warn_stale,
                allow_private=where is not None,
            )
        except FetchError as error:
            if not (table.may_be_missing and error.status == 404):
                raise
            (folder / f"{name}.csv").unlink(missing_ok=True)
    return folder


def _warn_stale(error: FetchError) -> None:
    _log.warning("Using the table fetched last time, since %s.", error)
