"""What may be set of the server, and the limits that hold unless told otherwise."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["API", "Settings", "is_loopback"]

API = "/api/v1"
"""Where the API begins; what is under it is not changed in a way that breaks a client."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the server behaves; each limit is there so that one client can't stop the others.

    ``key`` is asked for beyond reading, as header ``X-API-Key``; with None that is refused unless
    ``open_uploads``. ``hosts`` are names that a request's ``Host`` may have: others would be pages
    elsewhere whose name leads here (DNS rebinding).
    """

    key: str | None = field(default=None, repr=False)
    open_uploads: bool = True
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    reads_a_minute: int = 6000
    uploads_a_minute: int = 30
    most_upload_bytes: int = 20 << 20
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
