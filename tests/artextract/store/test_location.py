"""What ``--store`` may name."""

from pathlib import Path

import pytest

import artextract
from artextract.errors import StoreError
from artextract.store.location import Location


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://localhost:6333/paintings", ("http://localhost:6333", "paintings")),
        ("http://localhost:6333", ("http://localhost:6333", "artworks")),
        ("http://localhost:6333/", ("http://localhost:6333", "artworks")),
        ("http://localhost/x", ("http://localhost:6333", "x")),
        ("https://qdrant.example/x", ("https://qdrant.example:6333", "x")),
        ("https://museum.example:443/qdrant/x/", ("https://museum.example:443/qdrant", "x")),
        ("http://[::1]:6333/x", ("http://[::1]:6333", "x")),
    ],
)
def test_addresses(text: str, address: tuple[str, str]) -> None:
    assert Location(text).is_server
    assert Location(text).address == address
    assert Location(text).name == address[1]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3://bucket/x", "is not the address of a server"),
        ("http://", "is not the address of a server"),
        ("http://host:port/x", "is not an address"),
        ("http://me:secret@host/x", "QDRANT_API_KEY"),
        ("http://host/x?api-key=secret", "more than an address"),
    ],
)
def test_what_is_refused(text: str, said: str) -> None:
    with pytest.raises(StoreError, match=said) as refused:
        _ = Location(text).address
    assert "me:secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["a/b", "./localhost:6333/b", "C:/b", "a:b/b", "2020:nga/b"])
def test_a_folder(text: str) -> None:
    assert not Location(text).is_server
    assert Location(text).name == "b"
    assert str(Location(text)) == text


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("localhost:6333/art", "http://localhost:6333/art"),
        ("localhost:6333", "http://localhost:6333"),
        ("qdrant.example:443/qdrant/art", "http://qdrant.example:443/qdrant/art"),
        ("192.168.1.7:6333/art", "http://192.168.1.7:6333/art"),
        ("[::1]:6333/art", "http://[::1]:6333/art"),
        ("https:localhost:6333/art", "https://localhost:6333/art"),
        ("http:/localhost:6333/art", "http://localhost:6333/art"),
    ],
)
def test_an_address_without_a_scheme_is_asked_about(
    text: str, meant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for create in (False, True):
        with pytest.raises(StoreError) as refused:
            artextract.open(text, create=create)
        assert f"did you mean {meant}?" in str(refused.value)
    assert list(tmp_path.iterdir()) == []
    Path(text).mkdir(parents=True)
    assert Location(text).folder == Path(text)


@pytest.mark.parametrize(
    ("text", "given", "port"),
    [
        ("http://localhost:6333/x", None, 6334),
        ("http://localhost/x", None, 6334),
        ("http://[::1]:7000/x", None, 7001),
        ("https://museum.example:443/qdrant/x", 6334, 6334),
        ("http://localhost:65535/x", 1, 1),
    ],
)
def test_the_port_of_grpc(text: str, given: int | None, port: int) -> None:
    location = Location(text, grpc=True, grpc_port=given)
    assert location.effective_grpc_port == port
    assert location.server == f"{location.address[0]} (gRPC on port {port})"


@pytest.mark.parametrize(
    ("text", "given"), [("http://localhost:65535/x", None), ("http://localhost/x", 0)]
)
def test_a_port_of_grpc_that_there_is_not(text: str, given: int | None) -> None:
    with pytest.raises(StoreError, match=r"`grpc_port` is (65536|0),"):
        artextract.open(text, grpc=True, grpc_port=given)


def test_a_port_of_grpc_implies_grpc() -> None:
    assert Location("http://localhost/x", grpc_port=6335).grpc
    assert not Location("http://localhost/x").grpc


def test_the_key_comes_from_the_environment_and_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("QDRANT_API_KEY", "geheim")
    location = Location.of("http://localhost/x")
    assert location.api_key == "geheim"
    assert "geheim" not in repr(location)
    assert Location.of(location) is location


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost/x", True),
        ("http://127.0.0.1:1/x", True),
        ("http://[::1]/x", True),
        ("http://qdrant:6333/x", True),
        ("http://192.168.1.7/x", True),
        ("http://qdrant.example/x", False),
        ("http://8.8.8.8/x", False),
    ],
)
def test_whether_it_is_near(text: str, expected: bool) -> None:
    assert Location(text).is_near is expected
