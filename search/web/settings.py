"""The options of the server and their defaults."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

API = "/api/v1"
"""Prefix of the API; what is below it does not change in a way that breaks a client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the server behaves; each limit is there so that one client can't stop the others.

    ``key`` is required as header ``X-API-Key`` for all but reading; without a key that is refused
    unless ``open_uploads``. ``hosts`` are the names that a request's ``Host`` may have, so that a
    page elsewhere can't reach the server under a name of its own (DNS rebinding).
    ``connections_waiting`` are those without a request in progress. A request's head has to arrive
    in ``head_seconds``, and its body in ``body_seconds`` and one more for each
    ``least_bytes_a_second`` of it.
    """

    key: str | None = field(default=None, repr=False)
    open_uploads: bool = True
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    reads_a_minute: int = 6000
    uploads_a_minute: int = 30
    most_upload_bytes: int = 20 << 20
    requests_at_once: int = 512
    connections_waiting: int = 256
    head_seconds: float = 10
    body_seconds: float = 30
    least_bytes_a_second: int = 32 << 10
    most_upload_pixels: int = 50_000_000
    uploads_folder: Path | None = None
    most_uploads: int = 200


def is_loopback(host: str) -> bool:
    """Return whether ``host`` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
