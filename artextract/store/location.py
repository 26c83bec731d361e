"""Where a collection is: a folder, or a collection of a Qdrant server."""

import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from artextract.errors import StoreError

DEFAULT_COLLECTION = "artworks"
"""The collection of a server if its URL names none."""

DEFAULT_PORT = 6333
"""The port of REST if the URL names none: Qdrant's own, with https too."""


@dataclass(frozen=True, slots=True)
class Location:
    """A store's folder, or URL of a Qdrant server, and how to connect to that server.

    ``http://host:6333/paintings`` is the collection "paintings"; the path of a server behind a
    proxy precedes that name. ``api_key`` is sent with each request. ``grpc`` uses gRPC instead of
    REST, on ``grpc_port``, or else on the port after that of REST; a ``grpc_port`` implies
    ``grpc``. The text is what the user gave.
    """

    text: str
    api_key: str | None = field(default=None, repr=False)
    grpc: bool = False
    grpc_port: int | None = None
    timeout_seconds: int = 60

    def __post_init__(self) -> None:
        """Use gRPC where its port was given."""
        if self.grpc_port is not None:
            object.__setattr__(self, "grpc", True)

    @classmethod
    def of(cls, location: "Location | str") -> "Location":
        """Return ``location``; a text gets the API key of ``$QDRANT_API_KEY``."""
        if isinstance(location, Location):
            return location
        return cls(location, api_key=os.environ.get("QDRANT_API_KEY") or None)

    def __str__(self) -> str:
        return self.text

    @property
    def is_server(self) -> bool:
        """Whether it is a URL and not a folder."""
        return "://" in self.text

    @property
    def folder(self) -> Path:
        """The folder of an embedded store.

        Raises:
            StoreError: there is no such folder, and it looks like an address without http://.
        """
        folder = Path(self.text)
        if (address := _ADDRESS.fullmatch(self.text)) and not folder.exists():
            scheme, rest = address["scheme"] or "http", address["rest"]
            raise StoreError(
                f"store {self.text!r} is neither a URL nor a folder that exists; did you mean "
                f"{scheme}://{rest}? For a new folder write ./{self.text}"
            )
        return folder

    @property
    def address(self) -> tuple[str, str]:
        """(the server's URL, the collection's name).

        Raises:
            StoreError: the text is not the URL of a collection.
        """
        try:
            parts = urlsplit(self.text)
            port = parts.port or DEFAULT_PORT
        except ValueError as error:
            raise StoreError(
                f"store {self.text!r} is not an address ({error}); {_EXPECTED}"
            ) from None
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise StoreError(f"store {self.text!r} is not the address of a server; {_EXPECTED}")
        if parts.username is not None or parts.password is not None:
            raise StoreError(
                f"the store's address on {parts.hostname} holds a user name or a password; give "
                "the key as $QDRANT_API_KEY"
            )
        if parts.query or parts.fragment:
            raise StoreError(f"store {self.text!r} has more than an address; {_EXPECTED}")
        before, _, name = parts.path.rstrip("/").rpartition("/")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        return f"{parts.scheme}://{host}:{port}{before}", name or DEFAULT_COLLECTION

    @property
    def effective_grpc_port(self) -> int:
        """``grpc_port``, or the port after that of REST.

        Raises:
            StoreError: the text is not the URL of a collection, or there is no such port.
        """
        port = self.grpc_port
        if port is None:
            port = (urlsplit(self.address[0]).port or 0) + 1
        if not 1 <= port <= 65535:
            raise StoreError(
                f"`grpc_port` is {port}, by default the one after that of REST; give a port from 1 "
                "to 65535"
            )
        return port

    @property
    def server(self) -> str:
        """The server as messages name it: its URL, with the port that is tried."""
        url, _ = self.address
        if self.grpc:
            return f"{url} (gRPC on port {self.effective_grpc_port})"
        if urlsplit(self.text).port is None:
            usual = 443 if url.startswith("https") else 80
            return f"{url} (no port was given; that of a proxy is mostly {usual})"
        return url

    @property
    def name(self) -> str:
        """The collection's name: the last part of its folder or URL."""
        return self.address[1] if self.is_server else self.folder.resolve().name

    @property
    def is_near(self) -> bool:
        """Whether the server's address or name is one of this machine or its own network.

        A name without a dot, such as that of a container, is one.
        """
        host = urlsplit(self.text).hostname or ""
        try:
            return ipaddress.ip_address(host).is_private
        except ValueError:
            return "." not in host


_EXPECTED = "write http://HOST:6333/COLLECTION, or the name of a folder"
_ADDRESS = re.compile(
    r"(?:(?P<scheme>https?):/?)?(?P<rest>(?:[\w.-]{2,}|\[[\da-fA-F:]+\]):\d{1,5}(?:/.*)?)"
)
"""An address without a scheme or with half of one, such as localhost:6333/art."""
