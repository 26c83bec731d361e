"""Fetching a picture by URL without becoming a door into the user's own network.

The host is resolved here, every address it has is checked, and the connection is made to the very
address that was checked, so that a name that resolves differently the second time gains nothing.
Each redirect goes through the same checks.
"""

import threading
import time
from typing import TYPE_CHECKING

from artextract import __version__
from artextract.errors import FetchError

if TYPE_CHECKING:
    import httpx

__all__ = ["MAX_BYTES", "TIMEOUT_SECONDS", "fetch", "is_url"]

MAX_BYTES = 64 << 20
"""Largest body that is fetched, in bytes."""

TIMEOUT_SECONDS = 30.0
"""Longest that one fetch may take from first to last byte, redirects included."""

_MAX_REDIRECTS = 5

# IPv6 networks that carry an IPv4 address inside, which may be a private one: IPv4-compatible and
# -translated, NAT64 (RFC 6052, RFC 8215), Teredo (RFC 4380), 6to4 (RFC 3056).
_WRAPPING_NETWORKS = (
    "::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16",
)  # fmt: skip


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
    import httpx

    # trust_env=False: a proxy would resolve the name again, behind the checks made here.
    client = httpx.Client(timeout=timeout_seconds, follow_redirects=False, trust_env=False)
    # httpx limits each read, not all of them: a server that drips bytes would hold us for ever.
    watch = threading.Timer(timeout_seconds, client.close)
    watch.daemon = True
    started = time.monotonic()
    watch.start()
    try:
        return _follow(client, url, allow_private, max_bytes)
    except (httpx.HTTPError, httpx.InvalidURL, RuntimeError, OSError) as error:
        # RuntimeError and OSError: what httpx raises once the watch has closed the client.
        if isinstance(error, httpx.TimeoutException) or (
            time.monotonic() - started >= timeout_seconds
        ):
            raise FetchError(
                f"{url} was not received within {timeout_seconds:g} s; try again later"
            ) from None
        if not isinstance(error, httpx.HTTPError | httpx.InvalidURL):
            raise
        raise FetchError(f"{url} can't be fetched ({error}); check the address") from error
    finally:
        watch.cancel()
        client.close()


def _follow(client: "httpx.Client", url: str, allow_private: bool, max_bytes: int) -> bytes:
    """Return the body at ``url``, or where it redirects to."""
    import httpx

    target = httpx.URL(url)
    for _ in range(_MAX_REDIRECTS + 1):
        addresses = _checked_addresses(target, allow_private)
        for number, address in enumerate(addresses):
            try:
                body, location = _receive(client, _make_request(client, target, address), max_bytes)
                break
            except httpx.ConnectError:
                if number == len(addresses) - 1:
                    raise
        if location is None:
            return body
        target = target.join(location)
    raise FetchError(f"{url} redirects more than {_MAX_REDIRECTS} times; give the final address")


def _checked_addresses(url: "httpx.URL", allow_private: bool) -> list[str]:
    """Return the addresses of ``url``'s host, each of which may be reached."""
    import ipaddress
    import socket

    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchError(f"{url} is not an http or https address with a host")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"the host of {url} is not known ({error}); check the address") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    wrappers = [ipaddress.ip_network(network) for network in _WRAPPING_NETWORKS]
    for address in addresses:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        plain = getattr(parsed, "ipv4_mapped", None) or parsed
        wrapped = any(plain.version == 6 and plain in network for network in wrappers)
        if not allow_private and (not plain.is_global or plain.is_multicast or wrapped):
            raise FetchError(
                f"{url} is at {address}, an address that is not on the public internet; allow it "
                "with --allow-private-addresses if you trust it"
            )
    return addresses


def _make_request(client: "httpx.Client", url: "httpx.URL", address: str) -> "httpx.Request":
    """Return a request to ``address`` under the name of ``url``'s host."""
    return client.build_request(
        "GET",
        url.copy_with(host=address),
        headers={
            "Host": url.netloc.decode("ascii"),
            "User-Agent": f"artextract/{__version__}",
            "Accept": "image/*",
            "Accept-Encoding": "identity",
        },
        extensions={"sni_hostname": url.host},
    )


def _receive(
    client: "httpx.Client", request: "httpx.Request", max_bytes: int
) -> tuple[bytes, str | None]:
    """Return (body, None), or (b"", where the answer redirects to)."""
    url = request.url.copy_with(netloc=request.headers["Host"].encode("ascii"))
    response = client.send(request, stream=True)
    try:
        if response.has_redirect_location:
            return b"", response.headers["location"]
        if response.status_code != 200:
            raise FetchError(
                f"{url} answered {response.status_code} {response.reason_phrase}; check the address"
            )
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise FetchError(f"{url} answered in encoding {encoding!r}, which was not asked for")
        body = bytearray()
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > max_bytes:
                raise FetchError(f"{url} is larger than {max_bytes:,} bytes; give a smaller image")
        return bytes(body), None
    finally:
        response.close()
