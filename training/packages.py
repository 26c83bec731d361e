"""Which packages of the training stack are installed, asked without importing them."""

from importlib.util import find_spec

from artextract.errors import PackageError

__all__ = ["check_packages"]


def check_packages(*modules: str) -> None:
    """Check that each of ``modules`` (import names) can be found.

    Raises:
        PackageError: one or more of them are not installed.
    """
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise PackageError(
            f"this command needs Python packages that are not installed ({', '.join(missing)}); "
            "install them with pip install 'artextract[train]'"
        )
