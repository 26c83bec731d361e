"""Features of the processor that concern quantised models."""

import platform
import re
from functools import cache
from pathlib import Path

_EXACT = frozenset({"avx512_vnni", "avx_vnni", "amx_int8", "asimddp", "i8mm"})


@cache
def cpu_flags() -> frozenset[str]:
    """Return the flags of /proc/cpuinfo ("avx2", "avx512_vnni"); empty if there is no such file."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return frozenset()
    return frozenset(
        " ".join(re.findall(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)).split()
    )


def sums_int8_exactly() -> bool:
    """Return whether products of 8-bit values are accumulated in 32 bits.

    An x86 processor without VNNI or AMX first adds two of them in 16 bits, which overflow if
    weights use all 8 bits (ONNX Runtime's documentation of quantisation, "reduce_range").
    """
    if platform.machine() not in ("x86_64", "AMD64"):
        return True
    return bool(_EXACT & cpu_flags())
