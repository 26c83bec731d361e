"""The options of the server and their defaults."""

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from artextract.errors import InputError

API = "/api/v1"
"""Prefix of the API; what is below it does not change in a way that breaks a client."""

PAGES = ("", "map", "list", "work")
"""Paths of the page; its script shows the part that belongs to each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the server behaves; each limit is there so that one client can't stop the others.

    ``key`` is required as header ``X-API-Key`` for all but reading; without a key that is refused
    unless ``open_uploads``. ``hosts`` are the names that a request's ``Host`` may have, so that a
    page elsewhere can't reach the server under a name of its own (DNS rebinding).
    ``connections_waiting`` are those without a request in progress. A request's head has to arrive
    in ``head_seconds``, and its body in ``body_seconds`` and one more for each
    ``least_bytes_a_second`` of it. ``root_path`` is the path below which a proxy shows the server,
    such as "/art", percent-encoded; see :func:`read_root_path`.
    """

    key: str | None = field(default=None, repr=False)
    open_uploads: bool = True
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    reads_a_minute: int = 6000
    uploads_a_minute: int = 30
    most_upload_bytes: int = 20 << 20
    requests_at_once: int = 512
    connections_waiting: int = 768
    head_seconds: float = 10
    body_seconds: float = 30
    least_bytes_a_second: int = 32 << 10
    most_upload_pixels: int = 50_000_000
    uploads_folder: Path | None = None
    most_uploads: int = 200
    root_path: str = ""


def read_root_path(text: str) -> str:
    """Return a path such as "art/" as "/art", percent-encoded; "" for "/".

    Raises:
        InputError: it is not a path, or begins like those of the API.
    """
    parts = urlsplit(text)
    names = unquote(text).strip("/").split("/")
    if parts.scheme or parts.netloc or parts.query or parts.fragment or not text:
        raise InputError(f"`root_path` {text!r} is not a path; write a path such as /art")
    if names == [""]:
        return ""
    if {"", ".", ".."} & set(names) or f"/{'/'.join(names)}/".startswith(f"{API}/"):
        raise InputError(
            f"`root_path` {text!r} has an empty name, a dot name, or begins with {API}; write a "
            "path such as /art"
        )
    return quote("/" + "/".join(names), safe="/:@!$&'()*+,;=~")


def is_loopback(host: str) -> bool:
    """Return whether ``host`` can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
