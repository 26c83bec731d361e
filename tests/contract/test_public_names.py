"""Each module says which of its names are public, and says it truly."""

import importlib
import inspect
import pkgutil

import pytest

PACKAGES = ("artextract", "training", "export", "ingest", "search")


def all_modules() -> list[str]:
    names = []
    for package in PACKAGES:
        names.append(package)
        folder = importlib.import_module(package).__path__
        names += [found.name for found in pkgutil.walk_packages(folder, f"{package}.")]
    return [name for name in names if not name.endswith(".__main__")]


@pytest.mark.parametrize("name", all_modules())
def test_public_names(name: str) -> None:
    module = importlib.import_module(name)
    defined = {
        key
        for key, value in vars(module).items()
        if not key.startswith("_")
        and (inspect.isclass(value) or inspect.isfunction(value))
        and value.__module__ == name
    }
    stated = getattr(module, "__all__", [])
    assert len(stated) == len(set(stated))
    assert [key for key in stated if not hasattr(module, key)] == []
    assert sorted(defined - set(stated)) == []
