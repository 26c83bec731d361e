"""Servers on localhost that say they are Qdrant, by REST or by gRPC, with or without TLS."""

import json
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import grpc
import trustme
from qdrant_client.grpc import qdrant_pb2, qdrant_pb2_grpc

__all__ = ["VERSION", "serve_grpc", "serve_rest"]

VERSION = "1.18.3"


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about failed handshakes."""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved/":
            self.send_response(301)
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()
        else:
            self._send(200, json.dumps({"title": "qdrant", "version": VERSION}))

    def _send(self, status: int, body: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


@contextmanager
def serve_rest(certificate: trustme.LeafCert | None = None, body: str = "") -> Iterator[int]:
    """Run a server of REST until the block ends; yield its port.

    Answers status 400 and ``body`` if there is one, as a web server does that expects TLS.
    """

    class Handler(_Handler):
        if body:

            def do_GET(self) -> None:
                self._send(400, body)

    with _Http(("localhost", 0), Handler) as server:
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            certificate.configure_cert(context)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


class _Qdrant(qdrant_pb2_grpc.QdrantServicer):
    def HealthCheck(self, request: Any, context: Any) -> Any:
        return qdrant_pb2.HealthCheckReply(title="qdrant", version=VERSION)


@contextmanager
def serve_grpc(certificate: trustme.LeafCert | None = None) -> Iterator[int]:
    """Run a server of gRPC until the block ends; yield its port."""
    server = grpc.server(ThreadPoolExecutor(1))
    qdrant_pb2_grpc.add_QdrantServicer_to_server(_Qdrant(), server)  # type: ignore[no-untyped-call]
    if certificate is None:
        port = server.add_insecure_port("localhost:0")
    else:
        chain = b"".join(each.bytes() for each in certificate.cert_chain_pems)
        pair = (certificate.private_key_pem.bytes(), chain)
        port = server.add_secure_port("localhost:0", grpc.ssl_server_credentials([pair]))
    server.start()
    yield port
    server.stop(None).wait()
