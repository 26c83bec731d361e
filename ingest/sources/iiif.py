"""Fetch images from servers with few connections, retries, pauses and a cache."""

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self
from weakref import WeakValueDictionary

from artextract.errors import FetchError
from artextract.images.cache import ImageCache
from artextract.net.fetch import MAX_BYTES, TIMEOUT_SECONDS, USER_AGENT, Fetcher
from artextract.net.politeness import BUSY, Host
from artextract.net.retries import Patience

if TYPE_CHECKING:
    import httpx

_TEXT_BYTES = 512


def image_request(service: str, side: int) -> str:
    """Return the URL of a whole image as JPEG, as large as fits a square of ``side`` pixels.

    IIIF Image API 2.1, https://iiif.io/api/image/2.1/: region/size/rotation/quality.format.

    Args:
        service: The image's base URL, such as "https://api.nga.gov/iiif/<uuid>".
        side: Longest side of the image, in pixels.
    """
    return f"{service.rstrip('/')}/full/!{side},{side}/0/default.jpg"


class ImageServer:
    """Fetches images for any number of threads over a few persistent connections.

    Temporary failures (429, 5xx, broken connections, silence) are retried with growing waits. If a
    host asks for a pause, all connections to it pause; if it is busy, requests to it get further
    apart, and as long as it sends other images, an image that it refused is requested again. After
    many consecutive failures a host is given up.
    """

    def __init__(
        self,
        *,
        connections: int = 8,
        timeout_seconds: float = TIMEOUT_SECONDS,
        attempts: int = 5,
        allow_private: bool = False,
        cache: ImageCache | None = None,
        obey_robots: bool = True,
        contact: str | None = None,
        backoff_seconds: float = 1.0,
        longest_wait_seconds: float = 120.0,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        """Make a reader; nothing is opened yet.

        Args:
            connections: Maximum number of simultaneous connections.
            timeout_seconds: Limit of one request.
            attempts: Maximum number of attempts for an image.
            allow_private: Also reach loopback, private and link-local addresses.
            cache: Cache of the images.
            obey_robots: Read and follow each host's robots.txt.
            contact: Web or mail address of the user, sent to the servers.
            backoff_seconds: Wait before the second attempt; it doubles each time.
            longest_wait_seconds: Longest single wait; a host that asks for more is given up.
            max_bytes: Limit of an image, in bytes.
        """
        self._cache = cache
        self._obey_robots = obey_robots
        self._agent = USER_AGENT + (f" (+{contact})" if contact else "")
        self._patience = Patience(attempts, backoff_seconds, longest_wait_seconds)
        self._fetchers = [
            Fetcher(
                allow_private=allow_private, max_bytes=max_bytes, timeout_seconds=timeout_seconds
            )
            for _ in range(connections)
        ]
        self._idle = list(self._fetchers)
        self._returned = threading.Condition()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._hosts: dict[str, Host] = {}
        self._missing: dict[str, str] = {}
        self._turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, url: str, key: str) -> bytes:
        """Return the image at ``url``, or the one in the cache under ``key``.

        Raises:
            FetchError: it can't or must not be fetched, is not an image, or this was closed.
            UnavailableError: the host has not answered for a long time.
            CacheError: the cache can't be read or written.
        """
        with self._lock:
            turn = self._turns.setdefault(key, threading.Lock())
        with turn:  # several artworks may have one image
            if self._cache is not None:
                kept = self._cache.find(key)
                if kept is not None:
                    return kept
            if key in self._missing:
                raise FetchError(self._missing[key])
            try:
                data = self._fetch(url)
            except FetchError as error:
                if not error.transient:
                    self._missing[key] = str(error)
                raise
            if self._cache is not None:
                self._cache.keep(key, data)
        return data

    def _fetch(self, url: str) -> bytes:
        host = self._host(url)
        host.check_given_up()
        if self._obey_robots:
            host.check(url, lambda robots_url: self._retry(host, robots_url, "text/plain, */*"))
        while True:
            served = host.served
            try:
                data = self._retry(host, url, "image/*").content
            except FetchError as error:
                if error.status in BUSY and host.served > served:
                    continue
                if error.transient:
                    host.count_failure(error)
                    host.check_given_up()
                raise
            host.count_success()
            return data

    def forget(self, key: str) -> None:
        """Remove ``key`` from the cache.

        Raises:
            CacheError: the cache can't be changed.
        """
        if self._cache is not None:
            self._cache.forget(key)

    def stop(self) -> None:
        """Make all reads, waiting and under way, fail soon; any thread may call it."""
        self._stop.set()
        for fetcher in self._fetchers:
            fetcher.interrupt()
        with self._returned:
            self._returned.notify_all()

    def close(self) -> None:
        """Stop, and close all connections; one that is in use closes when its thread returns it."""
        self.stop()
        with self._returned:
            for fetcher in self._idle:
                fetcher.close()

    def _host(self, url: str) -> Host:
        import httpx

        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise FetchError(f"{url} can't be fetched ({error}); check the address") from error
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise FetchError(f"{url} is not an http or https address with a host")
        origin = f"{parsed.scheme}://{parsed.netloc.decode('ascii')}"
        with self._lock:
            return self._hosts.setdefault(origin, Host(origin, self._patience))

    def _retry(self, host: Host, url: str, accept: str) -> "httpx.Response":
        return self._patience.retry(
            lambda: self._attempt(host, url, accept), url, sleep=self._stop.wait
        )

    def _attempt(self, host: Host, url: str, accept: str) -> "httpx.Response":
        with self._fetcher(url) as fetcher:
            begun = host.wait_for_turn(url, self._stop)
            self._check_running(url)
            try:
                reply = fetcher.get(url, {"user-agent": self._agent, "accept": accept})
            except FetchError as error:
                if error.retry_after is not None or error.status in BUSY:
                    host.count_refusal(begun, error.retry_after)
                raise
        if accept == "image/*":
            _check_image(reply, url)
        return reply

    @contextlib.contextmanager
    def _fetcher(self, url: str) -> Iterator[Fetcher]:
        """Yield an idle connection, the last used one first."""
        with self._returned:
            self._returned.wait_for(lambda: self._idle or self._stop.is_set())
            self._check_running(url)
            fetcher = self._idle.pop()
        try:
            yield fetcher
        finally:
            with self._returned:
                self._idle.append(fetcher)
                if self._stop.is_set():
                    fetcher.close()
                self._returned.notify()

    def _check_running(self, url: str) -> None:
        if self._stop.is_set():
            raise FetchError(f"{url} was not fetched: reading was stopped; run it again")


def _check_image(reply: "httpx.Response", url: str) -> None:
    """Check that a reply may be an image: it has one's content type, or is no text.

    Many servers send images as "application/octet-stream", "text/plain" or without a type.

    Raises:
        FetchError: it is text, or is empty.
    """
    if not reply.content:
        raise FetchError(f"{url} answered an empty image; try again later", transient=True)
    kind = reply.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_text = all(byte >= 9 for byte in reply.content[:_TEXT_BYTES])
    if is_text and not kind.startswith("image/"):
        raise FetchError(f"{url} answered {kind or 'text'}, not an image; check the address")
