"""What is told of a processor."""

import platform

import pytest

from artextract.models import processor


@pytest.mark.parametrize(
    ("machine", "flags", "exact"),
    [
        ("x86_64", {"avx2"}, False),
        ("x86_64", {"avx2", "avx512f"}, False),
        ("x86_64", {"avx2", "avx512_vnni"}, True),
        ("AMD64", {"avx_vnni"}, True),
        ("x86_64", set(), False),
        ("aarch64", {"asimd"}, True),
    ],
)
def test_whether_int8_is_exact(
    machine: str, flags: set[str], exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(processor, "cpu_flags", lambda: frozenset(flags))
    assert processor.sums_int8_exactly() is exact


def test_flags_of_this_processor() -> None:
    assert all(flag == flag.strip() for flag in processor.cpu_flags())
