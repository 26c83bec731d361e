"""Where a collection is: a folder, or a collection of a Qdrant server."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from artextract.errors import StoreError

DEFAULT_COLLECTION = "artworks"
"""The collection of a server if its URL names none."""


@dataclass(frozen=True, slots=True)
class Location:
    """A store's folder, or URL of a Qdrant server, and how to connect to that server.

    ``http://host:6333/paintings`` is the collection "paintings"; the path of a server behind a
    proxy precedes that name. ``api_key`` is sent with each request; ``grpc`` uses port 6334 for
    points. The text is what the user gave.
    """

    text: str
    api_key: str | None = field(default=None, repr=False)
    grpc: bool = False
    timeout_seconds: int = 60

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
        """The folder of an embedded store."""
        return Path(self.text)

    @property
    def address(self) -> tuple[str, str]:
        """(the server's URL, the collection's name).

        Raises:
            StoreError: the text is not the URL of a collection.
        """
        try:
            parts = urlsplit(self.text)
            port = parts.port or 6333
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
