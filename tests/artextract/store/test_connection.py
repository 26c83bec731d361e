"""Connections to a server: which certificates are trusted, and what errors say at once."""

import datetime
import logging
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import trustme
from qdrant_server import VERSION, serve_qdrant

from artextract.errors import InputError, StoreError, UnavailableError
from artextract.store import open_store, with_grpc
from artextract.store.connection import connect
from artextract.store.location import Location

PROTOCOLS = ["REST", "gRPC"]
HOST = "127.0.0.1"  # "localhost" may have two addresses, and gRPC tells of one alone
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def authorities(authority: trustme.CA, tmp_path: Path) -> Path:
    """The file of the authority's certificate."""
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(autouse=True)
def no_authorities(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)


Certificate = tuple[Path, Path]
"""The file of a certificate and that of its key."""


@pytest.fixture
def issue(authority: trustme.CA, tmp_path: Path) -> Callable[..., Certificate]:
    """Make a certificate of the authority, as ``issue(name, not_after=...)``."""

    def make(*names: str, **dates: datetime.datetime | None) -> Certificate:
        made = authority.issue_cert(*names, **dates)  # type: ignore[arg-type]
        files = tmp_path / "cert.pem", tmp_path / "key.pem"
        made.cert_chain_pems[0].write_to_path(files[0])
        made.private_key_pem.write_to_path(files[1])
        return files

    return make


@pytest.fixture
def certificate(issue: Callable[..., Certificate]) -> Certificate:
    return issue(HOST)


@contextmanager
def serve(protocol: str, certificate: Certificate | None) -> Iterator[int]:
    """Run a server until the block ends; yield its port for ``protocol``."""
    with serve_qdrant(certificate=certificate) as server:
        yield server.port if protocol == "REST" else server.grpc_port


def locate(protocol: str, scheme: str, port: int) -> Location:
    """Return the location of a server that listens on ``port`` for ``protocol``."""
    if protocol == "REST":
        return Location(f"{scheme}://{HOST}:{port}/art")
    return Location(f"{scheme}://{HOST}/art", grpc_port=port)


def ask(location: Location) -> str:
    """Return the server's version."""
    client = connect(location)
    try:
        return client.info().version
    finally:
        client.close()


def refusal(location: Location) -> str:
    """Return the message of a refusal that is not tried again (:class:`UnavailableError`)."""
    with pytest.raises(StoreError) as refused:
        open_store(location)
    return str(refused.value)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_both_protocols_trust_ones_own_authority(
    protocol: str,
    variable: str,
    certificate: Certificate,
    authorities: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if variable == "SSL_CERT_DIR":
        folder = tmp_path / "authorities"
        folder.mkdir()
        shown = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(authorities)]
        name = subprocess.run(shown, capture_output=True, text=True, check=True).stdout.strip()
        authorities.rename(folder / f"{name}.0")
        (folder / "README.txt").write_text("not a certificate")
        monkeypatch.setenv(variable, f"/nowhere:{folder}")
    else:
        monkeypatch.setenv(variable, str(authorities))
    with serve(protocol, certificate) as port:
        assert ask(locate(protocol, "https", port)) == VERSION


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("other", [False, True], ids=["unknown authority", "another authority"])
def test_an_untrusted_certificate_is_refused_at_once(
    protocol: str,
    other: bool,
    certificate: Certificate,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if other:
        trustme.CA().cert_pem.write_to_path(tmp_path / "other.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "other.pem"))
    with serve(protocol, certificate) as port:
        said = refusal(locate(protocol, "https", port))
    assert "has a certificate that is not trusted (unable to get local issuer certificate)" in said
    assert "as $SSL_CERT_FILE" in said
    assert str(port) in said


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize(
    ("names", "until", "expected"),
    [
        (["other.example"], None, "a certificate for another name"),
        ([HOST], LONG_AGO + datetime.timedelta(365), "(certificate has expired)"),
    ],
)
def test_other_invalid_certificates(
    protocol: str,
    names: list[str],
    until: datetime.datetime | None,
    expected: str,
    issue: Callable[..., Certificate],
    authorities: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    certificate = issue(*names, not_before=until and LONG_AGO, not_after=until)
    with serve(protocol, certificate) as port:
        assert expected in refusal(locate(protocol, "https", port))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_https_where_there_is_no_tls(protocol: str) -> None:
    with serve(protocol, None) as port:
        said = refusal(locate(protocol, "https", port))
    assert "does not speak TLS on this port; write http://" in said


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_port_of_rest_given_as_that_of_grpc(
    scheme: str, certificate: Certificate, authorities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authorities))
    with serve("REST", certificate if scheme == "https" else None) as port:
        said = refusal(locate("gRPC", scheme, port))
    assert "probably it is the port of REST (give that of gRPC as `grpc_port`" in said


def test_the_port_of_grpc_given_as_that_of_rest() -> None:
    with serve("gRPC", None) as port:
        said = refusal(locate("REST", "http", port))
    assert "the port is that of gRPC (write that of REST" in said


ALERT = bytes([21, 3, 3, 0, 2, 2, 50])
"""A TLS alert (fatal, decode_error), with which rustls, Qdrant's TLS, answers anything else."""


@contextmanager
def serve_bytes(answer: bytes) -> Iterator[int]:
    """Answer every connection so, and end it, until the block ends; yield the port."""

    def serve() -> None:
        while not ended.is_set():
            with listener.accept()[0] as connection:
                connection.recv(65536)
                connection.sendall(answer)

    ended = threading.Event()
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        port = listener.getsockname()[1]
        yield port
        ended.set()
        with socket.create_connection((HOST, port)) as last:
            last.sendall(b"the end")
        thread.join()


def test_http_where_tls_is_expected() -> None:
    with serve_bytes(ALERT) as port:
        said = refusal(locate("REST", "http", port))
    assert "probably it expects TLS (write https:// in its address)" in said


def test_another_failure_of_tls() -> None:
    with serve_bytes(ALERT) as port:
        said = refusal(locate("REST", "https", port))
    assert "can't be reached by TLS (" in said


def test_the_port_of_grpc_with_tls_given_as_that_of_rest() -> None:
    with serve_bytes(bytes([21, 3, 3, 0, 2, 2, 120])) as port:  # fatal, no_application_protocol
        said = refusal(locate("REST", "https", port))
    assert "probably it is that of gRPC (write that of REST" in said


def test_a_server_that_dies_in_a_handshake_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artextract.store.server.CONNECT_SECONDS", 0.3)
    with serve_bytes(b"") as port, pytest.raises(UnavailableError):
        open_store(locate("REST", "https", port))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_http_where_a_server_of_tls_hangs_up(
    protocol: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artextract.store.server.CONNECT_SECONDS", 0.3)
    with serve(protocol, certificate) as port:
        with pytest.raises(UnavailableError, match="or write https:// in its address if it"):
            open_store(locate(protocol, "http", port))


@pytest.mark.parametrize(
    "answer",
    [
        "<center>The plain HTTP request was sent to HTTPS port</center>",
        "Client sent an HTTP request to an HTTPS server.\n",
        "Reason: You're speaking plain HTTP to an SSL-enabled server port.<br />",
    ],
    ids=["nginx", "Go", "Apache"],
)
def test_http_where_a_proxy_expects_tls(answer: str) -> None:
    with serve_bytes(make_answer("400 Bad Request", answer)) as port:
        assert "expects TLS; write https://" in refusal(locate("REST", "http", port))
    with serve_bytes(make_answer("400 Bad Request", "what?")) as port:
        assert "status 400" in refusal(locate("REST", "http", port))


def make_answer(status: str, body: str, *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", body]
    return "\r\n".join(head).encode()


def test_a_redirect() -> None:
    answer = make_answer("301 Moved Permanently", "", "Location: https://elsewhere.example/")
    with serve_bytes(answer) as port:
        said = refusal(locate("REST", "http", port))
    assert "redirects to https://elsewhere.example/; write the address" in said


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_server_that_is_down_is_waited_for(
    protocol: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artextract.store.server.CONNECT_SECONDS", 0.3)
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(UnavailableError, match=rf"{port}\)? has not answered"):
        open_store(locate(protocol, "http", port))


def test_the_address_that_was_tried_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artextract.store.server.CONNECT_SECONDS", 0.1)
    monkeypatch.setattr("artextract.store.location.DEFAULT_PORT", 1)
    with pytest.raises(UnavailableError) as failed:
        open_store("https://localhost/qdrant/art")
    assert (
        "https://localhost:1/qdrant (no port was given; that of a proxy is mostly 443) has not"
        in str(failed.value)
    )


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "No such file or directory"),
        ("not a certificate", "it holds no certificate"),
        ("", "it holds no certificate"),
    ],
)
def test_a_file_of_authorities_that_is_none(
    scheme: str,
    content: str | None,
    why: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(InputError, match=f"SSL_CERT_FILE names {str(path)!r}, .*{why}"):
        open_store(f"{scheme}://localhost:1/art")


def test_a_folder_of_authorities_that_holds_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with pytest.raises(InputError, match="openssl rehash"):
        open_store(Location("https://localhost:1/art", grpc=True))


def test_the_command_line_says_it_in_one_sentence(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve("gRPC", certificate) as port:
        monkeypatch.setenv("ARTEXTRACT_GRPC_PORT", str(port))
        command = [sys.executable, "-m", "artextract", "collection", "info", "--store",
                   f"https://{HOST}/art"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"Error: the server at https://{HOST}:6333 (gRPC on port {port}) has a certificate that "
        "is not trusted"
    )
    assert len(done.stderr.splitlines()) == 1


def test_a_key_that_goes_unencrypted_to_a_distant_server(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        connect(Location("http://127.0.0.1:1/x", api_key="a key")).close()
        connect(Location("https://qdrant.example/x", api_key="a key")).close()
        assert not caplog.messages
        connect(Location("http://qdrant.example/x", api_key="a key")).close()
    assert [message.split(";")[0] for message in caplog.messages] == [
        "The API key goes to http://qdrant.example:6333 unencrypted"
    ]
    assert "a key" not in caplog.text


def test_grpc_is_taken_where_it_answers(tmp_path: Path) -> None:
    with serve_qdrant() as server:
        by_grpc = Location(f"http://localhost:{server.grpc_port - 1}/art", api_key="key")
        assert with_grpc(by_grpc) == replace(by_grpc, grpc=True)
        by_rest = Location(f"http://localhost:{server.port - 1}/art")
        assert with_grpc(by_rest) is by_rest
    assert with_grpc(by_grpc) is by_grpc
    for fixed in (Location(str(tmp_path)), Location("http://localhost/art", grpc_port=7)):
        assert with_grpc(fixed) is fixed
