"""What ``--store`` may name."""

import pytest

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


def test_a_folder() -> None:
    assert not Location("a/b").is_server
    assert Location("a/b").name == "b"
    assert str(Location("a/b")) == "a/b"


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
