"""Fetching by URL without becoming a door into the user's own network.

Connections lead only to addresses that were checked (:mod:`artextract.net.connection`); each
redirect goes through the same checks; size and time are limited, even for a server that drips.
"""

import base64
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

from artextract import __version__
from artextract.errors import FetchError

if TYPE_CHECKING:
    import httpcore
    import httpx

__all__ = [
    "MAX_BYTES",
    "TIMEOUT_SECONDS",
    "USER_AGENT",
    "Fetcher",
    "Incoming",
    "Reply",
    "fetch",
    "is_url",
]

MAX_BYTES = 64 << 20
"""Largest body that is fetched, in bytes."""

TIMEOUT_SECONDS = 30.0
"""Longest that one fetch may take from first to last byte, redirects included."""

USER_AGENT = f"artextract/{__version__}"
"""How a fetch introduces itself."""

_MAX_REDIRECTS = 5
_REDIRECTS = {301, 302, 303, 307, 308}
_CONDITIONS = {"if-none-match", "if-modified-since"}
_KEEP_ALIVE_SECONDS = 15.0
_SMALL_BODY = 65_536  # bytes: an error page up to this size is read, to keep the connection

# Statuses after which the same request may succeed: time-out, too early, too many requests.
_TRANSIENT = {408, 425, 429}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server answered: status 200, or 304 to a conditional request."""

    url: str
    """Where it came from in the end, after redirects."""
    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


@dataclass(frozen=True, slots=True)
class Incoming:
    """A reply whose body is still on its way."""

    url: str
    status: int
    headers: Mapping[str, str]
    size: int | None
    """Bytes that the body will have, where the server says so."""
    chunks: Iterator[bytes]


def is_url(text: str) -> bool:
    """Return whether ``text`` is the URL of a picture (http or https)."""
    return text.lower().startswith(("http://", "https://"))


def fetch(
    url: str,
    *,
    allow_private: bool = False,
    max_bytes: int = MAX_BYTES,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """Return the body at ``url``.

    Args:
        url: An http or https URL.
        allow_private: Also reach loopback, private and link-local addresses.
        max_bytes: Most bytes to accept.
        timeout_seconds: Longest time for the whole fetch, redirects included.

    Raises:
        FetchError: no answer, an answer that is not 200, too large, too slow, or an address that
            must not be reached.
    """
    with Fetcher(
        allow_private=allow_private, max_bytes=max_bytes, timeout_seconds=timeout_seconds
    ) as fetcher:
        return fetcher.get(url).body


class Fetcher:
    """One connection at a time, kept between requests to the same host; for one thread.

    Nothing is tried twice here: :attr:`FetchError.transient` says where that makes sense.
    """

    def __init__(
        self,
        *,
        allow_private: bool = False,
        max_bytes: int = MAX_BYTES,
        timeout_seconds: float = TIMEOUT_SECONDS,
        silence_seconds: float | None = None,
    ) -> None:
        """Make a fetcher; nothing is opened yet.

        Args:
            allow_private: Also reach loopback, private and link-local addresses.
            max_bytes: Most bytes to accept of a body.
            timeout_seconds: Longest time for one request, redirects and body included.
            silence_seconds: Longest wait for the next bytes, if less than ``timeout_seconds``.
        """
        from artextract.net.connection import Guard

        self._max_bytes = max_bytes
        self._timeout = timeout_seconds
        self._silence = timeout_seconds if silence_seconds is None else silence_seconds
        self._guard = Guard(allow_private)

    @cached_property
    def _pool(self) -> "httpcore.ConnectionPool":
        """Holds the connection; made late, since to read the certificates takes a while."""
        import httpcore

        # No proxy: it would resolve the name again, behind the checks made here.
        return httpcore.ConnectionPool(
            ssl_context=httpcore.default_ssl_context(),
            max_connections=1,
            keepalive_expiry=_KEEP_ALIVE_SECONDS,
            network_backend=self._guard,
        )

    def __enter__(self) -> Self:
        """Return the fetcher."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if "_pool" in vars(self):
            self._pool.close()

    def interrupt(self) -> None:
        """Make the request under way and all later ones fail; any thread may call this."""
        self._guard.interrupt()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> Reply:
        """Return what is at ``url``; ``headers`` replace those that are sent by themselves.

        Raises:
            FetchError: no answer, a status other than 200 (or 304 where ``headers`` ask for it), a
                body that is too large, too slow or cut off, or an address that must not be reached.
        """
        with self.open(url, headers) as incoming:
            body = b"".join(incoming.chunks)
        return Reply(incoming.url, incoming.status, incoming.headers, body)

    @contextlib.contextmanager
    def open(self, url: str, headers: Mapping[str, str] | None = None) -> Iterator[Incoming]:
        """Yield the reply from ``url`` as soon as it begins, for bodies too large for memory.

        Raises:
            FetchError: as for :meth:`get`, also while the chunks are read.
        """
        import httpx

        with self._errors_explained(url):
            self._guard.start_clock(self._timeout, self._silence)
            target = httpx.URL(url)
            for _ in range(_MAX_REDIRECTS + 1):
                with self._request(target, headers or {}) as response:
                    location = _header(response, b"location")
                    if response.status not in _REDIRECTS or location is None:
                        yield self._check(response, str(target), headers or {})
                        return
                    _finish(response)
                target = target.join(location)
        raise FetchError(
            f"{url} redirects more than {_MAX_REDIRECTS} times; give the final address"
        )

    def _request(
        self, url: "httpx.URL", headers: Mapping[str, str]
    ) -> contextlib.AbstractContextManager["httpcore.Response"]:
        """Send a request."""
        import httpcore

        if url.scheme not in {"http", "https"} or not url.host:
            raise FetchError(f"{url} is not an http or https address with a host")
        self._guard.url = str(url)
        sent = {
            "host": url.netloc.decode("ascii"),
            "user-agent": USER_AGENT,
            "accept": "image/*",
            "accept-encoding": "identity",
        }
        if url.userinfo:
            pair = f"{url.username}:{url.password}".encode()
            sent["authorization"] = "Basic " + base64.b64encode(pair).decode("ascii")
        sent.update((name.lower(), value) for name, value in headers.items())
        return self._pool.stream(
            "GET",
            httpcore.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=[(name.encode(), value.encode()) for name, value in sent.items()],
        )

    def _check(
        self, response: "httpcore.Response", url: str, headers: Mapping[str, str]
    ) -> Incoming:
        """Return ``response`` with its body to come, if it is what was asked for."""
        status = response.status
        conditional = any(name.lower() in _CONDITIONS for name in headers)
        if status != 200 and not (status == 304 and conditional):
            _finish(response)
            transient = status in _TRANSIENT or status >= 500
            reason = _decode(response.extensions["reason_phrase"])
            raise FetchError(
                f"{url} answered {status} {reason}".rstrip()
                + ("; try again later" if transient else "; check the address"),
                status=status,
                transient=transient,
                retry_after=_seconds(_header(response, b"retry-after")),
            )
        encoding = _header(response, b"content-encoding") or "identity"
        if encoding != "identity":
            raise FetchError(f"{url} answered in encoding {encoding!r}, which was not asked for")
        length = _header(response, b"content-length")
        size = int(length) if length is not None and status == 200 else None
        received = {_decode(name).lower(): _decode(value) for name, value in response.headers}
        return Incoming(url, status, received, size, self._chunks(response, url, size))

    def _chunks(self, response: "httpcore.Response", url: str, size: int | None) -> Iterator[bytes]:
        import httpcore

        received = 0
        try:
            for chunk in response.iter_stream():
                received += len(chunk)
                if received > self._max_bytes:
                    raise FetchError(
                        f"{url} is larger than {self._max_bytes:,} bytes, the most that is taken"
                    )
                yield chunk
        except (httpcore.NetworkError, httpcore.ProtocolError) as error:
            if self._guard.interrupted:
                raise
            of = "" if size is None else f" of {size:,}"
            raise FetchError(
                f"{url} broke off after {received:,}{of} bytes; try again later", transient=True
            ) from error

    @contextlib.contextmanager
    def _errors_explained(self, url: str) -> Iterator[None]:
        """Turn what httpcore raises into an error that says what to do."""
        import httpcore
        import httpx

        try:
            yield
        except httpx.InvalidURL as error:
            raise FetchError(f"{url} can't be fetched ({error}); check the address") from error
        except (
            httpcore.TimeoutException,
            httpcore.NetworkError,
            httpcore.ProtocolError,
            httpcore.UnsupportedProtocol,
        ) as error:
            if self._guard.interrupted:
                raise FetchError(f"{url} was not fetched to the end: it was interrupted") from None
            if isinstance(error, httpcore.TimeoutException):
                raise FetchError(self._slowness(url), transient=True) from None
            final = isinstance(error, httpcore.LocalProtocolError | httpcore.UnsupportedProtocol)
            raise FetchError(
                f"{url} can't be fetched ({error}); check the address", transient=not final
            ) from error

    def _slowness(self, url: str) -> str:
        if self._silence < self._timeout and not self._guard.time_is_up():
            return f"{url} sent nothing for {self._silence:g} s; try again later"
        return f"{url} was not received within {self._timeout:g} s; try again later"


def _finish(response: "httpcore.Response") -> None:
    """Read the rest of a small body, so that the connection can serve again."""
    import httpcore

    if int(_header(response, b"content-length") or _SMALL_BODY + 1) <= _SMALL_BODY:
        # What was answered is known already; a body that breaks off costs the connection only.
        with contextlib.suppress(httpcore.NetworkError, httpcore.ProtocolError):
            for _ in response.iter_stream():
                pass


def _header(response: "httpcore.Response", name: bytes) -> str | None:
    for key, value in response.headers:
        if key.lower() == name:
            return _decode(value)
    return None


def _decode(text: bytes) -> str:
    """Return a header's text: UTF-8 where it is, else Latin-1, which takes every byte."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _seconds(retry_after: str | None) -> float | None:
    """Return how many seconds a Retry-After header asks for (RFC 9110, section 10.2.3)."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if then.tzinfo is None:  # "-0000" says: UTC, with no zone known
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())
