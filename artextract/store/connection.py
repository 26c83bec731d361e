"""The connection to a Qdrant server: how it is made, and why it can't be.

Some failures of a connection are permanent: a certificate that isn't trusted, or an address that
leads to another protocol. httpx and gRPC report them in the same way as a server that is down, so
they are told apart by their causes and texts.
"""

import logging
import re
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
from grpc import RpcError
from qdrant_client import QdrantClient
from qdrant_client.http.exceptions import ResponseHandlingException, UnexpectedResponse

from artextract.net.certificates import create_ssl_context, read_authorities
from artextract.store.location import Location

_log = logging.getLogger(__name__)

_PROBE_SECONDS = 2
"""How long an answer is waited for before a protocol is not used."""


_LIMITS = httpx.Limits(max_connections=100)
"""Connections are kept, also to this machine, where qdrant-client makes a new one for each call (a
quarter of the client's time)."""


def connect(location: Location) -> QdrantClient:
    """Return a client for the server of ``location``; nothing is sent yet.

    REST and gRPC trust the same authorities (:mod:`artextract.net.certificates`).

    Raises:
        StoreError: the address is not valid.
        InputError: $SSL_CERT_FILE or $SSL_CERT_DIR can't be used.
    """
    url, _ = location.address
    if location.api_key and url.startswith("http://") and not location.is_near:
        _log.warning("The API key goes to %s unencrypted; use https:// where you can.", url)
    context = create_ssl_context()
    by_grpc: dict[str, Any] = {}
    if location.grpc:
        by_grpc = {"prefer_grpc": True, "grpc_port": location.effective_grpc_port}
        if url.startswith("https://"):
            by_grpc["grpc_options"] = {"root_certificates": read_authorities()}
    return QdrantClient(
        url=url,
        headers={"api-key": location.api_key} if location.api_key else None,
        timeout=location.timeout_seconds,
        check_compatibility=False,  # the store does, with a clear error
        verify=context,
        limits=_LIMITS,
        **by_grpc,
    )


def answers_grpc(location: Location) -> bool:
    """Return whether the server of ``location``, which says ``grpc``, answers by gRPC.

    Raises:
        StoreError: the address is not valid.
        InputError: $SSL_CERT_FILE or $SSL_CERT_DIR can't be used.
    """
    client = connect(replace(location, timeout_seconds=_PROBE_SECONDS))
    try:
        client.info()
    except RpcError:
        return False
    finally:
        client.close()
    return True


def explain(error: BaseException) -> str | None:
    """Say why a call can't reach the server however often it is made, and what to do.

    Returns:
        The end of a sentence that begins with the server's name; None for any other error.
    """
    if isinstance(error, UnexpectedResponse):
        return _explain_answer(error)
    text = "; ".join(_texts(error))
    for pattern, says in _FAULTS.items():
        if found := re.search(pattern, text):
            return says.format(*found.groups())
    if isinstance(getattr(error, "source", None), httpx.ConnectError) and (
        failed := [each for each in _causes(error) if isinstance(each, ssl.SSLError)]
    ):
        if isinstance(failed[0], ssl.SSLEOFError | ssl.SSLZeroReturnError):
            return None  # as a server does that dies
        return f"can't be reached by TLS ({failed[0].reason or failed[0]})"
    return None


def advise(error: BaseException, server: str) -> str:
    """Say what to do where ``server`` has not answered; ``error`` is the last one."""
    closed = r"Socket closed|[Cc]onnection reset|disconnected without"
    if server.startswith("http://") and re.search(closed, "; ".join(_texts(error))):
        return "start it, or write https:// in its address if it expects TLS"
    return "start it or correct the address"


_FAULTS = {
    r"Hostname mismatch|IP address mismatch|Hostname Verification Check failed": (
        "has a certificate for another name; write the address with a name that the certificate "
        "holds"
    ),
    r"(?i)verify.failed: (certificate (?:has expired|is not yet valid))": (
        "can't prove what it is ({}); renew its certificate, or correct the clock of this machine"
    ),
    r"(?i)verify.failed: ([^:(]*[^:( ])": (
        "has a certificate that is not trusted ({}); name a file with the certificate of the "
        "authority that signed it (PEM) as $SSL_CERT_FILE"
    ),
    r"WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE|PACKET_LENGTH_TOO_LONG": (
        "does not speak TLS on this port; write http:// in its address, or correct the port"
    ),
    r"illegal (?:request|status) line": (
        "does not answer in HTTP; probably it expects TLS (write https:// in its address), or the "
        "port is that of gRPC (write that of REST, 6333 unless it was changed)"
    ),
    r"(?i)no.application.protocol": (
        "does not speak REST on this port; probably it is that of gRPC (write that of REST, 6333 "
        "unless it was changed)"
    ),
    r"Failed parsing HTTP/2|connect an http1|missing selected ALPN|http2 header with status: 404": (
        "does not speak gRPC on this port; probably it is the port of REST (give that of gRPC as "
        "`grpc_port`, 6334 unless it was changed)"
    ),
}
"""{a pattern in the texts of an error: what to say; "{}" stands for its group}."""

_EXPECTS_TLS = re.compile(
    rb"(?i)HTTP request (?:was sent )?to (?:an )?HTTPS|HTTP to an SSL-enabled"
)
"""What nginx, Go's web servers and Apache answer to plain HTTP on a port for TLS."""


def _explain_answer(error: UnexpectedResponse) -> str | None:
    """Explain what a web server or proxy answers that is no Qdrant server."""
    if error.status_code in (301, 302, 307, 308):
        to = error.headers.get("location", "elsewhere")
        return f"redirects to {to}; write the address that it redirects to"
    if error.status_code == 400 and _EXPECTS_TLS.search(error.content):
        return "expects TLS; write https:// in its address"
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield ``error`` and what caused it, one after the other."""
    while error is not None:
        yield error
        wrapped = error.source if isinstance(error, ResponseHandlingException) else None
        error = wrapped or error.__cause__ or error.__context__


def _texts(error: BaseException) -> Iterator[str]:
    if callable(details := getattr(error, "details", None)):  # of gRPC
        yield str(details())
    else:
        yield from map(str, _causes(error))
