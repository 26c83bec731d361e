"""The files of deploy/: valid, pinned, without secrets, and true to the project."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

import artextract
from artextract.store import server

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
DOCKERFILES = sorted(DEPLOY.glob("Dockerfile*"))


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    return found


def services(*names: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{path.name} {name}", service)
        for path in COMPOSE
        if path.name in names or not names
        for name, service in load(path)["services"].items()
    ]


def test_the_files_follow_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, *map(str, COMPOSE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("name", "service"), services())
def test_images_have_a_version(name: str, service: dict[str, Any]) -> None:
    image, _, tag = service["image"].partition(":")
    assert re.match(r"v?\d+\.\d+\.\d+", tag), name
    if image == "artextract":
        assert tag.removesuffix("-gpu") == artextract.__version__
        dockerfile = DEPLOY.parent / service["build"]["dockerfile"]
        assert dockerfile.is_file()
        assert (DEPLOY / service["build"]["context"]).resolve() == DEPLOY.parent
    else:
        version = tuple(int(part) for part in tag.removeprefix("v").split("-")[0].split("."))
        assert version[:2] >= server._LEAST_VERSION
        assert version[:2] == client_version()


def client_version() -> tuple[int, ...]:
    """The server that fits is that of the client's own minor version."""
    from importlib.metadata import version

    return tuple(int(part) for part in version("qdrant-client").split(".")[:2])


@pytest.mark.parametrize(
    ("name", "service"), services("compose.yaml", "compose.cluster.yaml"), ids=lambda v: str(v)[:40]
)
def test_services_are_held_in_bounds(name: str, service: dict[str, Any]) -> None:
    assert service["deploy"]["resources"]["limits"]["memory"], name
    assert service["cap_drop"] == ["ALL"], name
    assert "no-new-privileges:true" in service["security_opt"]
    if service["image"].startswith("qdrant/"):
        assert service["healthcheck"]["test"][0] == "CMD"
        assert service["image"].endswith("-unprivileged")
        kept = [volume.split(":")[1] for volume in service["volumes"]]
        assert kept == ["/qdrant/storage", "/qdrant/snapshots"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    else:
        assert service["read_only"] is True
        assert service["user"] not in ("0", "root")
        assert all(":ro" in volume for volume in service["volumes"] if "/pictures" in volume)


@pytest.mark.parametrize("path", COMPOSE, ids=lambda path: path.name)
def test_every_volume_is_declared(path: Path) -> None:
    data = load(path)
    named = {
        volume.split(":")[0]
        for service in data["services"].values()
        for volume in service.get("volumes", [])
        if not volume.startswith(("$", ".", "/"))
    }
    assert named == set(data.get("volumes", {}))


def test_there_are_no_secrets() -> None:
    for path in DEPLOY.iterdir():
        text = path.read_text(encoding="utf-8")
        for value in re.findall(r"(?i)(?:api_key|password|token|secret)[ ]*[:=][ ]*(\S*)", text):
            assert value.startswith("$") or value in ("", "..."), f"{path.name}: {value}"
    assert (DEPLOY / ".env.example").is_file()
    assert not (DEPLOY / ".env").exists()


def test_keys_are_demanded_and_named_in_the_example() -> None:
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    for path in COMPOSE:
        for name in re.findall(r"\$\{(\w+)", path.read_text(encoding="utf-8")):
            assert re.search(rf"^{name}=", example, re.MULTILINE), name
    for name, service in services("compose.yaml", "compose.cluster.yaml"):
        key = next(
            value
            for variable, value in service["environment"].items()
            if variable.endswith("QDRANT__SERVICE__API_KEY") or variable == "QDRANT_API_KEY"
        )
        assert key.startswith("${QDRANT_API_KEY:?"), name


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_are_built_of_what_there_is_and_run_as_nobody(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    ignored = (DEPLOY.parent / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for step, words in steps:
        if step == "FROM":
            assert re.match(r"python:3\.\d+-slim-bookworm", words)
        if step == "COPY" and not words.startswith("--from"):
            for source in words.split()[:-1]:
                assert (DEPLOY.parent / source).exists(), source
                assert f"!{source}" in ignored
        assert step != "ADD"
    assert ["USER", "10001"] in steps
    assert dict(steps)["ENTRYPOINT"] == '["artextract"]'


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_install_extras_that_exist(path: Path) -> None:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text(encoding="utf-8"))
    (extras,) = re.findall(r"pip install .*'\.\[(.*)\]'", path.read_text(encoding="utf-8"))
    assert set(extras.split(",")) <= project["project"]["optional-dependencies"].keys()
    assert ("gpu" in extras.split(",")) == path.name.endswith(".gpu")


@pytest.mark.parametrize(
    ("there", "extras"),
    [
        ("", {"cpu", "bench"}),
        ("onnxruntime-gpu", {"gpu", "bench"}),
        ("faiss-gpu", {"cpu", "bench-gpu"}),
        ("onnxruntime-gpu faiss-gpu", {"gpu", "bench-gpu"}),
    ],
)
def test_make_keeps_the_gpu_wheels_that_a_machine_has(
    there: str, extras: set[str], tmp_path: Path
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\ncase " {there} " in *" $5 "*) ;; *) exit 1 ;; esac\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", f"VENV={tmp_path}", f"{tmp_path}/.full"],
        cwd=DEPLOY.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (chosen,) = re.findall(r'--editable "\.\[(.*)\]"', done.stdout)
    assert {"cpu", "gpu", "bench", "bench-gpu"} & set(chosen.split(",")) == extras


def test_a_cluster_finds_itself() -> None:
    data = load(DEPLOY / "compose.cluster.yaml")["services"]
    assert list(data) == ["qdrant-1", "qdrant-2", "qdrant-3"]
    for name, service in data.items():
        words = service["command"]
        assert words[words.index("--uri") + 1] == f"http://{name}:6335"
        assert service["environment"]["QDRANT__CLUSTER__ENABLED"] == "true"
        if name != "qdrant-1":
            assert words[words.index("--bootstrap") + 1] == "http://qdrant-1:6335"
