"""Which packages are installed, found out without importing them."""

import importlib.util
from collections.abc import Mapping, Sequence
from importlib import metadata

from artextract.errors import PackageError

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
    """Check that exactly one of ``wheels``, which share an import name, is installed.

    Such wheels overwrite each other's files: with two of them, the order of installation decides
    which one is imported (onnxruntime issue 26996).

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


def check_onnxruntime() -> None:
    """Check that exactly one ONNX Runtime wheel is installed.

    Raises:
        PackageError: none is installed, or both are.
    """
    check_one_wheel("ONNX Runtime", ("onnxruntime", "onnxruntime-gpu"), cpu="cpu", gpu="gpu")


def check_faiss() -> None:
    """Check that exactly one FAISS wheel is installed.

    Raises:
        PackageError: none is installed, or more than one.
    """
    check_one_wheel("FAISS", FAISS_WHEELS, cpu="bench", gpu="bench-gpu")


def check_opencv(what: str) -> None:
    """Check that OpenCV is installed, which finds local features and edges.

    Raises:
        PackageError: it is not.
    """
    check_packages(what, {"cv2": "opencv-python-headless"}, extra="verify")


def check_packages(what: str, needed: Mapping[str, str], *, extra: str) -> None:
    """Check that the packages that ``what`` needs are installed.

    Args:
        what: The feature, as the error's sentence begins.
        needed: {import name: wheel}.
        extra: The extra that installs them.

    Raises:
        PackageError: one or more of them are not installed.
    """
    missing = [wheel for name, wheel in needed.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise PackageError(
            f"{what} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            f"not installed: run pip install 'artextract[{extra}]'"
        )
