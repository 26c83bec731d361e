"""The httpx transport of :class:`~artextract.net.fetch.Fetcher`, for untrusted URLs.

A redirect or a name that resolves differently the second time must not lead into the user's own
network. httpcore, the lower half of httpx, opens connections through a network backend. The backend
here resolves each host itself, checks all its addresses, and connects to an address that it has
checked. Redirects pass through the same transport.

Where a proxy is set (:mod:`artextract.net.proxies`), the proxy resolves the host and opens
the connection. The host is still resolved and checked here first, but what this machine does not
know is left to the proxy, and so is that the name means the same there.

httpcore limits the time of single reads only, so that a server that drips bytes could hold a fetch
for ever; here each read and write gets the time that is left for the whole fetch.
"""

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from typing import Any

import httpcore
import httpx

from artextract.errors import FetchError, PrivateAddressError, ProxyError
from artextract.net.certificates import create_ssl_context
from artextract.net.proxies import find_proxy, is_private_name

_CONNECT_SECONDS = 10.0  # longest wait for one address, so that there is time for the next one
_KEEP_ALIVE_SECONDS = 15.0

# IPv6 networks that carry an IPv4 address inside, which may be a private one: IPv4-compatible and
# -translated, NAT64 (RFC 6052, RFC 8215), Teredo (RFC 4380), 6to4 (RFC 3056).
_WRAPPING_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",
    )
]  # fmt: skip


class GuardedBackend(httpcore.NetworkBackend):
    """Opens connections to checked addresses, for one fetch after another, each with its clock."""

    def __init__(self, allow_private: bool) -> None:
        """Make a backend; ``allow_private`` permits addresses that are not public."""
        self.interrupted = False
        self.url = ""  # what is being fetched, for error messages
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()
        self._end = 0.0
        self._silence = 0.0
        self._socket: socket.socket | None = None
        self._known: set[tuple[str, int]] = set()
        self.proxy: httpx.Proxy | None = None  # what the next connection leads to, if not the host

    def start_clock(self, seconds: float, silence: float) -> None:
        """Give ``seconds`` to everything that follows, and ``silence`` to each wait for data."""
        self._end = time.monotonic() + seconds
        self._silence = silence

    def time_is_up(self) -> bool:
        """Return whether the time for the whole fetch has passed."""
        return time.monotonic() >= self._end

    def interrupt(self) -> None:
        """End the fetch that another thread is waiting for, and all later ones."""
        self.interrupted = True
        if self._socket is not None:
            # Shut down, not closed: the other thread still reads from the socket, and another
            # connection may at once get the number of a closed one. An SSLSocket's own shutdown()
            # would take its TLS layer away.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def limit(self) -> float:
        """Return how many seconds the next step may take.

        Raises:
            httpcore.TimeoutException: there is no time left.
            httpcore.NetworkError: the fetch was interrupted.
        """
        if self.interrupted:
            raise httpcore.NetworkError("interrupted")
        left = self._end - time.monotonic()
        if left <= 0:
            raise httpcore.TimeoutException("no time left")
        return min(left, self._silence)

    def watch(self, stream: httpcore.NetworkStream) -> "_LimitedStream":
        """Return ``stream`` with this backend's time limits."""
        self._socket = stream.get_extra_info("socket")
        return _LimitedStream(self, stream)

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first address of ``host`` that answers, if all of them are allowed.

        Raises:
            FetchError: the host is unknown, or has an address that must not be reached.
            httpcore.ConnectError: no address answers.
        """
        addresses = self._resolve(host, port)
        if self.proxy is None:
            self._check(addresses)
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return self._connect(address, port, socket_options)
        return self._connect(addresses[-1], port, socket_options)

    def _connect(
        self, address: str, port: int, options: Iterable[Any] | None
    ) -> httpcore.NetworkStream:
        limit = min(self.limit(), _CONNECT_SECONDS)
        return self.watch(
            self._inner.connect_tcp(address, port, timeout=limit, socket_options=options)
        )

    def check_before_proxy(self, host: str, port: int) -> None:
        """Check a host that a proxy will connect to, as far as this machine knows it.

        Raises:
            PrivateAddressError: it has an address that must not be reached, or is not known here
                and has a name that only the own network can know.
        """
        if self._allow_private or (host, port) in self._known:
            return
        try:
            addresses = self._resolve(host, port)
        except FetchError:
            if is_private_name(host):
                raise PrivateAddressError(
                    f"{self.url} has a name that is not on the public internet; set "
                    "`allow_private_addresses` if you trust it"
                ) from None
        else:
            self._check(addresses)
        self._known.add((host, port))

    def _resolve(self, host: str, port: int) -> list[str]:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            proxy = self.proxy
            what = "the host" if proxy is None else f"the proxy {proxy.url}"
            raise (FetchError if proxy is None else ProxyError)(
                f"{what} of {self.url} is not known ({error}); check the address",
                transient=isinstance(error, OSError),  # so it is without a network, too
            ) from None
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def _check(self, addresses: list[str]) -> None:
        for address in addresses:
            if not self._allow_private and not _is_public(address):
                raise PrivateAddressError(
                    f"{self.url} is at {address}, an address that is not on the public internet; "
                    "set `allow_private_addresses` if you trust it"
                )


class _LimitedStream(httpcore.NetworkStream):
    """A connection, each step of which gets the time that its backend has left."""

    def __init__(self, backend: GuardedBackend, inner: httpcore.NetworkStream) -> None:
        self._backend = backend
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._backend.limit())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._backend.limit())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = min(self._backend.limit(), _CONNECT_SECONDS)
        try:
            return self._backend.watch(self._inner.start_tls(ssl_context, server_hostname, limit))
        except httpcore.ConnectError as error:
            if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise
            raise FetchError(
                f"{self._backend.url} can't be fetched safely: its host's certificate is not valid "
                f"({error.__cause__.verify_message}); check the address, or name the file with "
                "your network's own authority in $SSL_CERT_FILE"
            ) from error

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class GuardedTransport(httpx.HTTPTransport):
    """Fetch from checked addresses only, with limits of size and time; one connection at a time."""

    def __init__(self, backend: GuardedBackend, max_bytes: int) -> None:
        self._context = create_ssl_context()
        super().__init__(verify=self._context)
        self._backend = backend
        self._max_bytes = max_bytes
        self._pools: dict[str, httpcore.ConnectionPool] = {}

    def _pool_of(self, proxy: httpx.Proxy | None) -> httpcore.ConnectionPool:
        """Return the connections through a proxy, or without one.

        httpx has no parameter for the network backend.
        """
        name = "" if proxy is None else f"{proxy.url} {proxy.auth}"
        if name in self._pools:
            return self._pools[name]
        options: dict[str, Any] = {
            "ssl_context": self._context,
            "max_connections": 1,
            "keepalive_expiry": _KEEP_ALIVE_SECONDS,
            "network_backend": self._backend,
        }
        if proxy is None:
            pool = httpcore.ConnectionPool(**options)
        else:
            pool = httpcore.HTTPProxy(
                str(proxy.url),
                proxy_auth=proxy.raw_auth,
                proxy_ssl_context=self._context if proxy.url.scheme == "https" else None,
                **options,
            )
        self._pools[name] = pool
        return pool

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request, of a redirect too.

        Raises:
            FetchError: the URL is not http or https, its host must not be reached, its proxy
                refuses it, or the answer is compressed, so that its size is unknown.
            httpx.TransportError: there is no complete answer.
        """
        url = request.url
        if url.scheme not in {"http", "https"} or not url.host:
            raise FetchError(f"{url} is not an http or https address with a host")
        self._backend.url = str(url)
        proxy = find_proxy(url)
        self._backend.proxy = None
        if proxy is not None:
            self._backend.check_before_proxy(url.host, url.port or 443)
        self._backend.proxy = proxy
        self._pool = self._pool_of(proxy)
        try:
            response = super().handle_request(request)
        except httpx.ProxyError as error:
            raise _refusal(url, proxy, str(error)) from error
        except httpx.ConnectError as error:
            if proxy is None or self._backend.interrupted:
                raise
            raise ProxyError(
                f"{url} can't be fetched: the connection through its proxy {proxy.url} failed "
                f"({error}); check ${url.scheme.upper()}_PROXY",
                transient=True,
            ) from error
        if proxy is not None and response.status_code == 407:
            response.close()
            raise _refusal(url, proxy, f"407 {response.reason_phrase}")
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            response.close()
            raise FetchError(f"{url} answered in encoding {encoding!r}, which was not requested")
        response.stream = _Body(response, self._max_bytes, self._backend)
        return response

    def close(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            pool.close()


def _refusal(url: httpx.URL, proxy: httpx.Proxy | None, answer: str) -> ProxyError:
    """Return the error for a proxy's ``answer``, such as "407 Proxy Authentication Required"."""
    assert proxy is not None
    if answer.startswith("407"):
        advice = "give a name and password as http://NAME:PASSWORD@HOST:PORT"
    else:
        advice = "ask those who run it, or name the host in $NO_PROXY"
    return ProxyError(
        f"{url} can't be fetched: its proxy {proxy.url} answered {answer.strip()}; {advice}",
        transient=answer.startswith(("429", "5")),
    )


class _Body(httpx.SyncByteStream):
    """A response's body, which ends with a FetchError if it is too large or incomplete."""

    def __init__(self, response: httpx.Response, max_bytes: int, backend: GuardedBackend) -> None:
        assert isinstance(response.stream, httpx.SyncByteStream)
        self._length = response.headers.get("content-length")
        self._stream = response.stream
        self._max_bytes = max_bytes
        self._backend = backend

    def __iter__(self) -> Iterator[bytes]:
        received = 0
        url = self._backend.url
        try:
            for chunk in self._stream:
                received += len(chunk)
                if received > self._max_bytes:
                    raise FetchError(f"{url} is larger than the limit of {self._max_bytes:,} bytes")
                yield chunk
        except (httpx.NetworkError, httpx.ProtocolError) as error:
            if self._backend.interrupted:
                raise
            of = "" if self._length is None else f" of {int(self._length):,}"
            raise FetchError(
                f"{url} broke off after {received:,}{of} bytes; try again later", transient=True
            ) from error

    def close(self) -> None:
        self._stream.close()


def _is_public(address: str) -> bool:
    """Return whether ``address`` is on the public internet, even if it wraps an IPv4 address."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    plain = getattr(parsed, "ipv4_mapped", None) or parsed
    wrapped = any(plain.version == 6 and plain in network for network in _WRAPPING_NETWORKS)
    return plain.is_global and not plain.is_multicast and not wrapped
