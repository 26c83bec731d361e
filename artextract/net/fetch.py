"""Fetch untrusted URLs over HTTP, with limits of size and time, and from public addresses only."""

import contextlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Self

from artextract import __version__
from artextract.errors import FetchError

if TYPE_CHECKING:
    import httpx

MAX_BYTES = 64 << 20
"""Default limit of a body, in bytes."""

TIMEOUT_SECONDS = 30.0
"""Default limit of one fetch from first to last byte, redirects included, in seconds."""

USER_AGENT = f"artextract/{__version__}"

_MAX_REDIRECTS = 5
_SMALL_BODY = 65_536  # bytes: an error page up to this size is read, to keep the connection

# Statuses after which the same request may succeed: time-out, too early, too many requests.
_TRANSIENT = {408, 425, 429}


def is_url(text: str) -> bool:
    """Return whether ``text`` is an http or https URL."""
    return text.lower().startswith(("http://", "https://"))


def fetch(
    url: str,
    *,
    allow_private: bool = False,
    max_bytes: int = MAX_BYTES,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> bytes:
    """Return the body at ``url``; arguments and errors are those of :class:`Fetcher`."""
    with Fetcher(
        allow_private=allow_private, max_bytes=max_bytes, timeout_seconds=timeout_seconds
    ) as fetcher:
        return fetcher.get(url).content


class Fetcher:
    """An HTTP client for one thread, which keeps its connection between requests to a host.

    Nothing is tried twice: :attr:`FetchError.transient` says where a second attempt makes sense.
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
            max_bytes: Limit of a body, in bytes.
            timeout_seconds: Limit of one request, redirects and body included.
            silence_seconds: Longest wait for the next bytes, if less than ``timeout_seconds``.
        """
        from artextract.net.transport import GuardedBackend

        self._max_bytes = max_bytes
        self._timeout = timeout_seconds
        self._silence = timeout_seconds if silence_seconds is None else silence_seconds
        self._backend = GuardedBackend(allow_private)

    @cached_property
    def _client(self) -> "httpx.Client":
        """The client, made late: importing it and reading the certificates take a while."""
        from http.cookiejar import CookieJar, DefaultCookiePolicy

        import httpx

        from artextract.net.transport import GuardedTransport

        return httpx.Client(
            transport=GuardedTransport(self._backend, self._max_bytes),
            headers={
                "user-agent": USER_AGENT, "accept": "image/*", "accept-encoding": "identity",
            },
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=True,
            max_redirects=_MAX_REDIRECTS,
            timeout=None,  # the backend limits the time
            trust_env=False,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if "_client" in vars(self):
            self._client.close()
            del self._client

    def interrupt(self) -> None:
        """Make the request under way and all later ones fail; any thread may call this."""
        self._backend.interrupt()

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> "httpx.Response":
        """Return the response from ``url``, its body read; ``headers`` replace default ones.

        Raises:
            FetchError: there is no answer or one with a status other than 200 (or 304 to a
                condition in ``headers``); the body is too large, too slow, compressed or
                incomplete; or an address must not be reached.
        """
        with self.open(url, headers) as response:
            response.read()
        return response

    @contextlib.contextmanager
    def open(
        self, url: str, headers: Mapping[str, str] | None = None
    ) -> "Iterator[httpx.Response]":
        """Yield the response from ``url`` as soon as it begins, for bodies too large for memory.

        Raises:
            FetchError: as for :meth:`get`, also while the body is read.
        """
        import httpx

        self._backend.start_clock(self._timeout, self._silence)
        try:
            with self._client.stream("GET", url, headers=headers) as response:
                _check_status(response)
                yield response
        except httpx.TooManyRedirects:
            raise FetchError(
                f"{url} redirects more than {_MAX_REDIRECTS} times; give the final address"
            ) from None
        except (httpx.TransportError, httpx.InvalidURL) as error:
            if self._backend.interrupted:
                raise FetchError(f"{url} was not fetched to the end: it was interrupted") from None
            if isinstance(error, httpx.TimeoutException):
                silent = self._silence < self._timeout and not self._backend.time_is_up()
                raise FetchError(
                    f"{url} sent nothing for {self._silence:g} s; try again later"
                    if silent
                    else f"{url} was not received within {self._timeout:g} s; try again later",
                    transient=True,
                ) from None
            final = (httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol)
            raise FetchError(
                f"{url} can't be fetched ({error}); check the address",
                transient=not isinstance(error, final),
            ) from error


def _check_status(response: "httpx.Response") -> None:
    """Check that the status is 200, or 304 to a conditional request; else raise FetchError."""
    import httpx

    status, sent = response.status_code, response.request.headers
    conditional = "if-none-match" in sent or "if-modified-since" in sent
    if status == 200 or (status == 304 and conditional):
        return
    if int(response.headers.get("content-length", _SMALL_BODY + 1)) <= _SMALL_BODY:
        # The connection can serve again once the body is read.
        with contextlib.suppress(httpx.TransportError, FetchError):
            response.read()
    transient = status in _TRANSIENT or status >= 500
    raise FetchError(
        f"{response.url} answered {status} {response.reason_phrase}".rstrip()
        + ("; try again later" if transient else "; check the address"),
        status=status,
        transient=transient,
        retry_after=_to_seconds(response.headers.get("retry-after")),
    )


def _to_seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header (RFC 9110, section 10.2.3); None if unreadable."""
    if retry_after is None:
        return None
    if retry_after.isascii() and retry_after.isdigit():
        return float(retry_after)
    try:
        then = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if then.tzinfo is None:  # "-0000" means UTC with an unknown zone
        then = then.replace(tzinfo=UTC)
    return max(0.0, (then - datetime.now(UTC)).total_seconds())
