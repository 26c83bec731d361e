"""Which packages of an extra are installed, asked without importing them."""

import importlib.util
from collections.abc import Mapping

from artextract.errors import PackageError

__all__ = ["check_packages"]


def check_packages(what: str, needed: Mapping[str, str], *, extra: str) -> None:
    """Check that what ``what`` needs is installed.

    Args:
        what: What is to be done, as the sentence begins.
        needed: {import name: wheel}.
        extra: The extra that brings them.

    Raises:
        PackageError: one or more of them are not installed.
    """
    missing = [wheel for name, wheel in needed.items() if importlib.util.find_spec(name) is None]
    if missing:
        raise PackageError(
            f"{what} needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} "
            f"not installed: run pip install 'artextract[{extra}]'"
        )
