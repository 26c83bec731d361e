"""Wheels that share an import name: exactly one of them may be installed.

Such wheels overwrite each other's files. With two of them installed, the order of installation
decides which one is imported (onnxruntime issue 26996).
"""

from collections.abc import Sequence
from importlib import metadata

from artextract.errors import PackageError

__all__ = ["FAISS_WHEELS", "check_faiss", "check_one_wheel", "find_installed"]

FAISS_WHEELS = ("faiss-cpu", "faiss-gpu", "faiss-gpu-cuvs", "faiss")
"""All wheels that are imported as ``faiss``; "faiss" is the name in conda's packages."""


def find_installed(wheels: Sequence[str]) -> list[str]:
    """Return those of ``wheels`` that are installed."""
    found = []
    for wheel in wheels:
        try:
            metadata.distribution(wheel)
        except metadata.PackageNotFoundError:
            continue
        found.append(wheel)
    return found


def check_one_wheel(what: str, wheels: Sequence[str], *, cpu: str, gpu: str) -> None:
    """Check that exactly one of ``wheels`` is installed.

    Args:
        what: Name of the library, for the error.
        wheels: All wheels with its import name.
        cpu: The extra that installs the CPU wheel.
        gpu: The extra that installs the wheel for NVIDIA GPUs.

    Raises:
        PackageError: none of them is installed, or more than one.
    """
    found = find_installed(wheels)
    if not found:
        raise PackageError(
            f"{what} is not installed; install one of its wheels with pip install "
            f"'artextract[{cpu}]' or, for an NVIDIA GPU, pip install 'artextract[{gpu}]'"
        )
    if len(found) > 1:
        both = "both " if len(found) == 2 else ""
        raise PackageError(
            f"{both}{' and '.join(found)} are installed, and they overwrite each other; "
            f"run pip uninstall -y {' '.join(found)}, then install 'artextract[{cpu}]' or "
            f"'artextract[{gpu}]'"
        )


def check_faiss() -> None:
    """Check that exactly one FAISS wheel is installed.

    Raises:
        PackageError: none is installed, or more than one.
    """
    check_one_wheel("FAISS", FAISS_WHEELS, cpu="bench", gpu="bench-gpu")
