"""Connections that lead only to addresses that were checked, and that end when their time is up.

httpcore, the lower half of httpx, opens its connections through a backend. This one resolves the
host itself, checks every address it has, and connects to the very address that was checked, so
that a name that resolves differently the second time gains nothing. httpcore limits each read and
not all of them, so that a server that drips bytes would hold us for ever; here each read and write
gets what is left of the time for the whole.
"""

import contextlib
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from artextract.errors import FetchError

__all__ = ["Guard"]

_CONNECT_SECONDS = 10.0  # longest wait for one address, so that there is time for the next one

# IPv6 networks that carry an IPv4 address inside, which may be a private one: IPv4-compatible and
# -translated, NAT64 (RFC 6052, RFC 8215), Teredo (RFC 4380), 6to4 (RFC 3056).
_WRAPPING_NETWORKS = [
    ipaddress.ip_network(network)
    for network in (
        "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",
    )
]  # fmt: skip


class Guard(httpcore.NetworkBackend):
    """Opens connections for one fetch after another, each with its own limit of time."""

    def __init__(self, allow_private: bool) -> None:
        """Connect to public addresses, and where ``allow_private`` is set to all others too."""
        self.interrupted = False
        self.url = ""  # what is being fetched, for the messages
        self._allow_private = allow_private
        self._inner = httpcore.SyncBackend()
        self._end = 0.0
        self._silence = 0.0
        self._socket: socket.socket | None = None

    def start_clock(self, seconds: float, silence: float) -> None:
        """Let all that follows take ``seconds``, and each wait for the server ``silence``."""
        self._end = time.monotonic() + seconds
        self._silence = silence

    def time_is_up(self) -> bool:
        """Return whether the time for the whole fetch has passed."""
        return time.monotonic() >= self._end

    def interrupt(self) -> None:
        """End the fetch that another thread is waiting for, and all later ones."""
        self.interrupted = True
        if self._socket is not None:
            # Shut down and not closed: the other thread still reads from it, and the number of a
            # closed one may at once be that of another connection. An SSLSocket's own shutdown()
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
        """Return ``stream`` under this guard's clock."""
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
        """Connect to one of the addresses of ``host``, all of which may be reached.

        Raises:
            FetchError: the host is not known, or has an address that must not be reached.
            httpcore.ConnectError: none of them answers.
        """
        addresses = self._checked_addresses(host, port)
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

    def _checked_addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of ``host``, each of which may be reached."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise FetchError(
                f"the host of {self.url} is not known ({error}); check the address",
                transient=isinstance(error, OSError),  # no network looks the same as no such name
            ) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        for address in addresses:
            if not self._allow_private and not _is_public(address):
                raise FetchError(
                    f"{self.url} is at {address}, an address that is not on the public internet; "
                    "allow it with --allow-private-addresses if you trust it"
                )
        return addresses


class _LimitedStream(httpcore.NetworkStream):
    """A connection, each step of which gets the time that its guard has left."""

    def __init__(self, guard: Guard, inner: httpcore.NetworkStream) -> None:
        self._guard = guard
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, self._guard.limit())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, self._guard.limit())

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        limit = min(self._guard.limit(), _CONNECT_SECONDS)
        try:
            return self._guard.watch(self._inner.start_tls(ssl_context, server_hostname, limit))
        except httpcore.ConnectError as error:
            if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise
            raise FetchError(
                f"{self._guard.url} can't be fetched safely: its host's certificate is not valid "
                f"({error.__cause__.verify_message}); check the address"
            ) from error

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _is_public(address: str) -> bool:
    """Return whether ``address`` lies on the public internet, whatever it is wrapped in."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    plain = getattr(parsed, "ipv4_mapped", None) or parsed
    wrapped = any(plain.version == 6 and plain in network for network in _WRAPPING_NETWORKS)
    return plain.is_global and not plain.is_multicast and not wrapped
