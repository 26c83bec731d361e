"""Download a large table if it has changed.

``<name>.source.json`` beside the file holds its URL, its version on the server (ETag,
Last-Modified), its size and its hash.
"""

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from artextract.errors import CacheError, FetchError
from artextract.files import atomic_write, replacing
from artextract.net.fetch import Fetcher
from artextract.net.retries import Patience

if TYPE_CHECKING:
    import httpx

MAX_TABLE_BYTES = 4 << 30
"""Limit of a table, in bytes."""

_LONGEST_SECONDS = 4 * 3600.0
_SILENCE_SECONDS = 60.0

_WEB_PAGES = {"text/html", "application/xhtml+xml"}


@dataclass(frozen=True, slots=True)
class _Source:
    """Origin, version, size in bytes and hash of a downloaded file."""

    url: str
    etag: str | None
    last_modified: str | None
    size: int
    sha256: str


def download(
    url: str,
    path: Path,
    on_bytes: Callable[[int, int | None], object] | None = None,
    *,
    stale_ok: bool = False,
    on_stale: Callable[[FetchError], object] | None = None,
    allow_private: bool = False,
    patience: Patience | None = None,
    silence_seconds: float = _SILENCE_SECONDS,
    timeout_seconds: float = _LONGEST_SECONDS,
    sleep: Callable[[float], object] = time.sleep,
) -> bool:
    """Bring the file ``path`` up to date with ``url``; return whether it changed.

    Args:
        url: An http or https URL of a text file.
        path: The local file; its folder is made.
        on_bytes: Called with the number of bytes received and, if known, their total.
        stale_ok: Accept an earlier complete file if the server can't be reached.
        on_stale: Called with the reason when that happens.
        allow_private: Also reach loopback, private and link-local addresses.
        patience: Number of attempts and waits between them.
        silence_seconds: Longest wait for the next bytes.
        timeout_seconds: Limit of one attempt.
        sleep: Waits between attempts.

    Raises:
        FetchError: the table can't be fetched, or the server sends a web page.
        CacheError: it can't be written.
    """
    known = _read_source(path, url)
    fetcher = Fetcher(
        allow_private=allow_private,
        max_bytes=MAX_TABLE_BYTES,
        timeout_seconds=timeout_seconds,
        silence_seconds=silence_seconds,
    )
    with fetcher:
        try:
            return (patience or Patience()).retry(
                lambda: _update(fetcher, url, path, known, on_bytes), url, sleep
            )
        except FetchError as error:
            if not (stale_ok and known and error.transient):
                raise
            if on_stale is not None:
                on_stale(error)
            return False
        except OSError as error:
            raise CacheError(
                f"{path} can't be written ({error.strerror or error}); free some space or correct "
                "the permissions, or name another folder"
            ) from error


def _update(
    fetcher: Fetcher,
    url: str,
    path: Path,
    known: _Source | None,
    on_bytes: Callable[[int, int | None], object] | None,
) -> bool:
    """Fetch ``url`` once, unless the server still has the version ``known``."""
    headers = {"accept": "text/csv, text/plain;q=0.9, */*;q=0.5"}
    if known and known.etag:
        headers["if-none-match"] = known.etag
    elif known and known.last_modified:
        headers["if-modified-since"] = known.last_modified
    with fetcher.open(url, headers) as incoming:
        if incoming.status_code == 304:
            return False
        kind = incoming.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind in _WEB_PAGES:
            raise FetchError(f"{url} answered a web page ({kind}), not a table; check the address")
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            size, sha256 = _receive(incoming, temporary, on_bytes)
    # After a crash before this line, the description is that of the old file and doesn't fit.
    source = _Source(
        url, incoming.headers.get("etag"), incoming.headers.get("last-modified"), size, sha256
    )
    atomic_write(_source_path(path), json.dumps(asdict(source), indent=1) + "\n")
    return known is None or sha256 != known.sha256


def _receive(
    incoming: "httpx.Response", path: Path, on_bytes: Callable[[int, int | None], object] | None
) -> tuple[int, str]:
    """Write the body to ``path``; return its size and SHA-256."""
    length = incoming.headers.get("content-length")
    total = None if length is None else int(length)
    size = 0
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for chunk in incoming.iter_raw():
            file.write(chunk)
            digest.update(chunk)
            size += len(chunk)
            if on_bytes is not None:
                on_bytes(size, total)
    return size, digest.hexdigest()


def _source_path(path: Path) -> Path:
    return path.with_name(path.name + ".source.json")


def _read_source(path: Path, url: str) -> _Source | None:
    """Return the description of ``path``; None unless the file is complete and from ``url``."""
    try:
        source = _Source(**json.loads(_source_path(path).read_text(encoding="utf-8")))
        size = path.stat().st_size
    except (OSError, ValueError, TypeError):  # no file, or a description of another version
        return None
    return source if source.url == url and source.size == size else None
