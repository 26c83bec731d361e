"""Fetching on a machine that reaches the web through a proxy alone."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from forward_proxy import forwarding
from pytest_httpserver import HTTPServer

from artextract.errors import FetchError, PrivateAddressError, ProxyError
from artextract.net.fetch import Fetcher, fetch
from artextract.net.proxies import find_proxy

BODY = b"an image" * 100


@pytest.fixture(autouse=True)
def no_names(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """No name of the web is known on this machine but those that a test adds, {name: address}."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    real, known = socket.getaddrinfo, dict[str, str]()

    def getaddrinfo(host: object, port: object, *rest: object, **options: object) -> object:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name.endswith((".example", ".lan", ".local", "intranet", ".internal")):
            if name not in known:
                raise socket.gaierror(socket.EAI_NONAME, "no such name")
            name = known[name]
        return real(name, port, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
def test_plain_requests_go_through_the_proxy(
    variable: str, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/a.jpg", query_string="b=1").respond_with_data(BODY)
    with forwarding({"museum.example": httpserver.port}) as proxy:
        monkeypatch.setenv(variable, proxy.url)
        assert fetch("http://museum.example/a.jpg?b=1") == BODY
        assert proxy.lines == ["GET http://museum.example/a.jpg?b=1 HTTP/1.1"]
        with pytest.raises(FetchError, match="answered 502") as failed:
            fetch("http://other.example/a.jpg")
        assert failed.value.transient


def test_https_is_tunnelled_and_the_proxy_sees_the_host_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        secure_server(tmp_path, "museum.example") as (port, certificate),
        forwarding({"museum.example": port}) as proxy,
    ):
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        with Fetcher() as fetcher:
            for _ in range(2):
                assert fetcher.get("https://museum.example/secret.jpg").content == BODY
        assert proxy.lines == ["CONNECT museum.example:443 HTTP/1.1"]  # one connection for both
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(FetchError, match=r"certificate is not valid .*\$SSL_CERT_FILE"):
            fetch("https://museum.example/secret.jpg")
        assert not any("secret" in head for head in proxy.heads)


def test_a_proxy_is_itself_reached_by_tls(
    tmp_path: Path, httpserver: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = server_context(certificate)
    httpserver.expect_request("/a.jpg").respond_with_data(BODY)
    with forwarding(
        {"museum.example": httpserver.port},
        wrap=lambda connection: context.wrap_socket(connection, server_side=True),
    ) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"https://localhost:{proxy.port}")
        assert fetch("http://museum.example/a.jpg") == BODY


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_name_and_password_are_sent_to_the_proxy_and_shown_to_nobody(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with forwarding({}, refusal="407 Proxy Authentication Required") as proxy:
        given = proxy.url.replace("//", "//curator:p%40ss@")
        monkeypatch.setenv(f"{scheme}_proxy", given)
        message = r"its proxy .* answered 407 Proxy Authentication Required; .*NAME:PASSWORD@HOST"
        with pytest.raises(ProxyError, match=message) as refused:
            fetch(f"{scheme}://museum.example/a.jpg")
        assert "p@ss" not in str(refused.value)
        assert "p%40ss" not in str(refused.value)
        assert refused.value.status is None  # it is not the host's robots.txt that is missing
        assert not refused.value.transient
        (head,) = proxy.heads
        assert "proxy-authorization: basic y3vyyxrvcjpwqhnz" in head.lower()


@pytest.mark.parametrize(
    ("refusal", "transient"),
    [("403 Forbidden", False), ("429 Too Many Requests", True), ("502 Bad Gateway", True),
     ("504 Gateway Timeout", True)],
)  # fmt: skip
def test_a_refused_tunnel(refusal: str, transient: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with forwarding({}, refusal=refusal) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(ProxyError, match=f"its proxy .* answered {refusal}") as failed:
            fetch("https://museum.example/a.jpg")
        assert failed.value.transient is transient


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_down_or_unknown(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
    message = rf"through its proxy http://127.0.0.1:{port} failed .*refused.*_PROXY"
    with pytest.raises(ProxyError, match=message) as failed:
        fetch(f"{scheme}://museum.example/a.jpg")
    assert failed.value.transient
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    with pytest.raises(
        ProxyError, match=r"the proxy http://proxy\.example:3128 of .* is not known"
    ):
        fetch(f"{scheme}://museum.example/a.jpg")


# What the proxy must never get


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1", "http://2130706433", "http://0x7f.1", "https://[::1]", "http://10.0.0.1",
     "https://169.254.169.254", "http://localhost", "http://house.example", "https://intranet",
     "http://wiki.lan", "http://printer.local", "https://metadata.google.internal",
     "http://localhost.", "http://wiki.lan."],
)  # fmt: skip
def test_the_own_network_is_not_reached_through_the_proxy(
    url: str, no_names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    no_names["house.example"] = "192.168.1.1"
    with forwarding({}) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with Fetcher() as fetcher:
            for _ in range(2):
                with pytest.raises(PrivateAddressError, match="allow_private_addresses"):
                    fetcher.get(f"{url}/a.jpg")
        assert proxy.heads == []


def test_the_own_network_is_reached_if_that_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with forwarding({}) as proxy:
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        with pytest.raises(FetchError, match="502"):
            fetch("http://wiki.lan/a.jpg", allow_private=True)
        assert proxy.lines == ["GET http://wiki.lan/a.jpg HTTP/1.1"]


def test_a_redirect_is_checked_too(
    httpserver: HTTPServer, no_names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    httpserver.expect_request("/a.jpg").respond_with_data(
        b"", status=302, headers={"Location": "http://house.example/a.jpg"}
    )
    no_names["house.example"] = "10.0.0.1"
    with forwarding({"museum.example": httpserver.port, "house.example": 9}) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        with pytest.raises(PrivateAddressError, match=r"house\.example/a\.jpg is at 10\.0\.0\.1"):
            fetch("http://museum.example/a.jpg")
        assert len(proxy.heads) == 1


# Who is reached without one


@pytest.mark.parametrize(
    ("no_proxy", "url", "exempt"),
    [
        ("museum.example", "http://museum.example/", True),
        ("museum.example", "http://iiif.museum.example/", True),
        ("museum.example", "http://themuseum.example/", False),
        (".museum.example", "https://iiif.museum.example/", True),
        ("*.museum.example", "https://iiif.museum.example/", True),
        ("MUSEUM.example", "http://Museum.Example/", True),
        ("a.example, museum.example", "http://museum.example/", True),
        ("a.example museum.example", "http://museum.example/", True),
        ("museum.example:8080", "http://museum.example:8080/", True),
        ("museum.example:8080", "http://museum.example/", False),
        ("museum.example:443", "https://museum.example/", True),
        ("*", "https://museum.example/", True),
        ("localhost,*", "https://museum.example/", True),
        ("10.0.0.0/8", "http://10.1.2.3/", True),
        ("10.0.0.0/8", "http://11.1.2.3/", False),
        ("127.0.0.1", "http://127.0.0.1:8000/", True),
        ("::1", "http://[::1]:8000/", True),
        ("[fd00::]/8", "http://[fd00::5]/", False),  # not a form that others read
        ("fd00::/8", "http://[fd00::5]/", True),
        (",, ,", "http://museum.example/", False),
        ("", "http://museum.example/", False),
    ],
)
def test_no_proxy_names_hosts_domains_ports_and_networks(
    no_proxy: str, url: str, exempt: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert (find_proxy(httpx.URL(url)) is None) is exempt


def test_each_scheme_has_its_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    secure = find_proxy(httpx.URL("https://museum.example/"))
    assert secure is not None
    assert str(secure.url) == "http://proxy.example:3128"
    assert find_proxy(httpx.URL("http://museum.example/")) is None
    monkeypatch.setenv("HTTPS_PROXY", " ")
    assert find_proxy(httpx.URL("https://museum.example/")) is None


@pytest.mark.parametrize(
    "address",
    ["socks5://me:secret@127.0.0.1:1080", "http://", "http://:3128", "http://me:secret@proxy:port",
     "ftp://proxy:21", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_of_a_proxy(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", address)
    with pytest.raises(ProxyError, match=r"proxy .* is not the address of an HTTP") as failed:
        fetch("http://museum.example/a.jpg")
    assert "secret" not in str(failed.value)


def test_what_is_exempt_is_checked_as_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(PrivateAddressError):
        fetch("http://127.0.0.1:9/a.jpg")


def make_certificate(folder: Path, name: str) -> Path:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("no openssl, which makes the certificate")
    path = folder / f"{name}.pem"
    command = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
               "-nodes", "-days", "1", "-subj", f"/CN={name}", "-addext",
               f"subjectAltName=DNS:{name}", "-keyout", str(folder / "key.pem"), "-out",
               str(path)]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    with path.open("a") as file:
        file.write((folder / "key.pem").read_text())
    return path


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@contextmanager
def secure_server(folder: Path, name: str) -> Iterator[tuple[int, Path]]:
    """Answer each request with BODY, over TLS; yield the port and the certificate."""
    certificate = make_certificate(folder, name)
    context = server_context(certificate)
    reply = f"HTTP/1.1 200 OK\r\nContent-Length: {len(BODY)}\r\n\r\n".encode() + BODY

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(connection, server_side=True) as secured:
                while secured.recv(65536):
                    secured.sendall(reply)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield listener.getsockname()[1], certificate
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()
