"""Fetching a picture by URL without becoming a door into the user's own network.

The host is resolved here, every address it has is checked, and the connection is made to the very
address that was checked, so that a name that resolves differently the second time gains nothing.
Each redirect goes through the same checks.
"""

import ipaddress
import socket
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


def is_url(text: str) -> bool:
    """Return whether ``text`` is the URL of a picture (http or https)."""
    return text.lower().startswith(("http://", "https://"))


def fetch(url: str, *, allow_private: bool = False, max_bytes: int = MAX_BYTES,
          timeout_seconds: float = TIMEOUT_SECONDS) -> bytes:  # fmt: skip
    """Return the body at ``url``.

    Args:
        url: An http or https URL.
        allow_private: Also reach loopback, private and link-local addresses.
        max_bytes: Most bytes to accept.
        timeout_seconds: Longest time for the whole fetch.

    Raises:
        FetchError: no answer, an answer that is not 200, too large, too slow, or an address that
            must not be reached.
    """
    import httpx

    deadline = time.monotonic() + timeout_seconds
    # trust_env=False: a proxy would resolve the name again, behind the checks made here.
    with httpx.Client(timeout=timeout_seconds, follow_redirects=False, trust_env=False) as client:
        target = url
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                request = _checked_request(client, httpx.URL(target), allow_private)
                body, location = _receive(client, request, url, max_bytes, deadline)
            except httpx.TimeoutException:
                raise FetchError(
                    f"{url} gave no answer within {timeout_seconds:g} s; try again later"
                ) from None
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                raise FetchError(f"{url} can't be fetched ({error}); check the address") from error
            if location is None:
                return body
            target = str(httpx.URL(target).join(location))
        raise FetchError(
            f"{url} redirects more than {_MAX_REDIRECTS} times; give the final address"
        )


def _checked_request(
    client: "httpx.Client", url: "httpx.URL", allow_private: bool
) -> "httpx.Request":
    """Return a request to the checked address of ``url``'s host, under the host's own name."""
    if url.scheme not in {"http", "https"} or not url.host:
        raise FetchError(f"{url} is not an http or https address with a host")
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError(f"the host of {url} is not known ({error}); check the address") from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        parsed = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(parsed, "ipv4_mapped", None) or parsed
        if not allow_private and (not mapped.is_global or mapped.is_multicast):
            raise FetchError(
                f"{url} is at {address}, an address that is not on the public internet; allow it "
                "with --allow-private-addresses if you trust it"
            )
    headers = {
        "Host": url.netloc.decode("ascii"),
        "User-Agent": f"artextract/{__version__}",
        "Accept": "image/*",
    }
    return client.build_request(
        "GET",
        url.copy_with(host=addresses[0]),
        headers=headers,
        extensions={"sni_hostname": url.host},
    )


def _receive(
    client: "httpx.Client", request: "httpx.Request", url: str, max_bytes: int, deadline: float
) -> tuple[bytes, str | None]:
    """Return (body, None), or (b"", where it redirects to)."""
    response = client.send(request, stream=True)
    try:
        if response.is_redirect:
            return b"", response.headers["location"]
        if response.status_code != 200:
            raise FetchError(
                f"{url} answered {response.status_code} {response.reason_phrase}; check the address"
            )
        body = bytearray()
        for chunk in response.iter_bytes(65536):
            body += chunk
            if len(body) > max_bytes:
                raise FetchError(f"{url} is larger than {max_bytes:,} bytes; give a smaller image")
            if time.monotonic() > deadline:
                raise FetchError(f"{url} was not received in time; try again later")
        return bytes(body), None
    finally:
        response.close()
