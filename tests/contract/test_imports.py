"""What is imported when: help and a search by id stay light, and no stage but two needs torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from artextract.catalog.artwork import Artwork
from artextract.store import ModelIdentity, Point, create_store

RUN = """
import json, sys
from artextract.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as left:
    print(json.dumps([left.code, sorted(sys.modules)]), file=sys.stderr)
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in ("torch", "torchvision", "onnx"):
    sys.modules[name] = None
count = 0
for package in ("artextract", "ingest", "search"):
    folder = importlib.import_module(package).__path__
    for found in pkgutil.walk_packages(folder, package + ".", onerror=sys.exit):
        if not found.name.endswith(".__main__"):
            importlib.import_module(found.name)
            count += 1
stages = {name.partition(".")[0] for name in sys.modules} & {"training", "export"}
print(count, sorted(stages))
"""


def modules_after(*words: object) -> set[str]:
    """Return the modules that are loaded after a command line in a process of its own."""
    command = [sys.executable, "-c", RUN, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    code, names = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("words", [("--help",), ("--version",)])
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    heavy = {
        "numpy", "PIL", "qdrant_edge", "onnxruntime", "torch", "rich", "jinja2", "polars", "httpx",
        "training", "export", "ingest", "search",
    }  # fmt: skip
    loaded = modules_after(*words)
    assert "click" in loaded
    assert not heavy & loaded


def test_a_search_by_id_imports_no_model_and_no_pictures(tmp_path: Path) -> None:
    works = [Artwork(id=f"w{number}", image=f"{number}.jpg") for number in range(3)]
    with create_store(str(tmp_path / "store"), ModelIdentity("small", "0" * 64, 8)) as store:
        store.upsert(
            [
                Point(work.point_id, {"visual": [1.0, number, *[0.0] * 6]}, work.to_payload())
                for number, work in enumerate(works)
            ]
        )
    heavy = {
        "numpy", "PIL", "onnxruntime", "torch", "polars", "httpx", "jinja2", "qdrant_client",
    }  # fmt: skip
    for format_ in ("table", "json", "jsonl", "csv"):
        loaded = modules_after("search", "w0", "--store", tmp_path / "store", "--format", format_)
        assert "qdrant_edge" in loaded
        assert not heavy & loaded


def test_ingest_and_search_need_no_training_stack() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    count, _, stages = done.stdout.strip().partition(" ")
    assert int(count) > 30
    assert stages == "[]"
