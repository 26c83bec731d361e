"""A reverse proxy that shows a server below a path, with or without taking the path off."""

import contextlib
import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

_OF_A_CONNECTION = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@contextlib.contextmanager
def proxied(upstream: str, prefix: str, *, strips: bool) -> Iterator[tuple[str, list[str]]]:
    """Show ``upstream`` below ``prefix``; yield the address, and the requested paths outside it.

    ``strips``: take the prefix off, as ``proxy_pass http://upstream/`` of nginx does.
    """
    outside: list[str] = []
    host = urlsplit(upstream).netloc

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            path = self.path
            if path != prefix and not path.startswith((f"{prefix}/", f"{prefix}?")):
                outside.append(path)
                self.send_error(404)
                return
            if strips:
                path = "/" + path.removeprefix(prefix).removeprefix("/")
            connection = http.client.HTTPConnection(host, timeout=60)
            with contextlib.closing(connection):
                connection.request(self.command, path, body or None, dict(self.headers))
                answer = connection.getresponse()
                data = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_A_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the browser has left
                self.wfile.write(data)

        do_GET = do_POST = answer

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}", outside
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
