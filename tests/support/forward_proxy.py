"""A proxy like that of a large network: it forwards plain requests, and tunnels with CONNECT."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass
class ForwardProxy:
    """A running proxy.

    Attributes:
        port: Where it listens on this machine.
        hosts: {host: port on this machine}; all others are unknown to it, and answered with 502.
        refusal: The status and reason with which it answers instead.
        heads: The heads of the requests that came.
    """

    port: int
    hosts: Mapping[str, int]
    refusal: str = ""
    heads: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address for the environment."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def lines(self) -> list[str]:
        """The first lines of the requests that came."""
        return [head.partition("\r\n")[0] for head in self.heads]


@contextlib.contextmanager
def forwarding(
    hosts: Mapping[str, int], *, refusal: str = "",
    wrap: Callable[[socket.socket], socket.socket] = lambda connection: connection,
) -> Iterator[ForwardProxy]:  # fmt: skip
    """Run a proxy; ``wrap`` makes TLS of its clients' connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = ForwardProxy(listener.getsockname()[1], hosts, refusal)
        opened: list[socket.socket] = []

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                opened.append(connection)
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        def serve(connection: socket.socket) -> None:
            with contextlib.suppress(OSError), wrap(connection) as client:
                while head := _read_head(client):
                    proxy.heads.append(head)
                    _answer(proxy, client, head, opened)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield proxy
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
            for connection in opened:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()


def _answer(
    proxy: ForwardProxy, client: socket.socket, head: str, opened: list[socket.socket]
) -> None:
    method, target, _ = head.split(" ", 2)
    parts = urlsplit(f"//{target}" if method == "CONNECT" else target)
    port = proxy.hosts.get(parts.hostname or "")
    refusal = proxy.refusal or ("" if port else "502 Bad Gateway")
    if refusal:
        client.sendall(f"HTTP/1.1 {refusal}\r\nContent-Length: 0\r\n\r\n".encode())
        return
    with socket.create_connection(("127.0.0.1", port or 0)) as server:
        opened.append(server)
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            _pump(client, server)
            back.join()
            return
        path = parts._replace(scheme="", netloc="").geturl() or "/"
        plain = head.replace(target, path, 1).replace("\r\n", "\r\nConnection: close\r\n", 1)
        server.sendall(plain.encode("latin-1"))
        _pump(server, client)
        raise OSError("the answer has ended")  # and so does the client's connection


def _read_head(connection: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head:
        part = connection.recv(1)
        if not part:
            return ""
        head += part
    return head.decode("latin-1")


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            target.sendall(part)
        target.shutdown(socket.SHUT_WR)
