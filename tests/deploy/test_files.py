"""The files of deploy/: valid, pinned, without secrets, and true to the project."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme
from qdrant_server import serve_qdrant
from ruamel.yaml import YAML

import artextract
from artextract.catalog.page_url import read_page_url

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = sorted(DEPLOY.glob("compose*.yaml"))
DOCKERFILES = sorted(DEPLOY.glob("Dockerfile*"))


STACKS = [
    ["compose.yaml"],
    ["compose.yaml", "compose.gpu.yaml"],
    ["compose.yaml", "compose.tls.yaml"],
    ["compose.cluster.yaml"],
    ["compose.cluster.yaml", "compose.cluster.tls.yaml"],
]
"""The files that are given to one command, in their order."""

TRIED = "v1.18.3"
"""The version of Qdrant that deploy/README.md tells of."""

KEY = {"QDRANT_API_KEY": "a key"}


def interpolate(text: str, variables: Mapping[str, str]) -> str:
    """Return ``text`` as Compose reads it (compose-spec, "Interpolation"), nested ones first."""

    def value(match: re.Match[str]) -> str:
        name, operator, word = match.groups()
        found = variables.get(name)
        given = bool(found) if operator.startswith(":") else found is not None
        match operator.removeprefix(":"):
            case "+":
                return word if given else ""
            case "-":
                return (found or "") if given else word
            case "?" if not given:
                raise LookupError(f"{name}: {word}")
        return found or ""

    # An empty match is put where an operator is absent.
    pattern = re.compile(r"\$\{(\w+)(:?[-?+]|)([^${}]*)\}")
    text = text.replace("$$", "\0")
    while pattern.search(text):
        text = pattern.sub(value, text)
    assert "$" not in text, text
    return text.replace("\0", "$")


def render(names: Sequence[str], variables: Mapping[str, str] = KEY) -> dict[str, Any]:
    """Return what ``docker compose config`` would make of files and variables."""

    def resolve(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: resolve(each) for key, each in value.items()}
        if isinstance(value, list):
            return [resolve(each) for each in value]
        return interpolate(value, variables) if isinstance(value, str) else value

    def merge(below: Any, above: Any, key: str = "") -> Any:
        if isinstance(below, dict) and isinstance(above, dict):
            both = {**below, **above}
            return {
                name: merge(below[name], above[name], name)
                if name in below and name in above
                else value
                for name, value in both.items()
            }
        if isinstance(below, list) and key != "command":
            return [*below, *above]
        return above

    whole: dict[str, Any] = {}
    for name in names:
        file = YAML(typ="safe").load((DEPLOY / name).read_text(encoding="utf-8"))
        whole = merge(whole, resolve(file))
    for service in whole["services"].values():
        # A variable without a value is passed on, or else unset.
        service["environment"] = {
            name: variables[name] if value is None else value
            for name, value in service["environment"].items()
            if value is not None or name in variables
        }
    return whole


def services() -> list[Any]:
    """Every service of every stack, with its environment as rendered for the key alone."""
    return [
        pytest.param(service, id=f"{stack[-1]} {name}")
        for stack in STACKS
        for name, service in render(stack)["services"].items()
    ]


def test_the_stacks_are_all_files() -> None:
    assert {name for stack in STACKS for name in stack} == {path.name for path in COMPOSE}


def test_the_files_follow_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, *map(str, COMPOSE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("service", services())
def test_images_have_a_version(service: dict[str, Any]) -> None:
    image, _, tag = service["image"].partition(":")
    if image == "artextract":
        assert tag.removesuffix("-gpu") == artextract.__version__
        dockerfile = DEPLOY.parent / service["build"]["dockerfile"]
        assert dockerfile.is_file()
        assert (DEPLOY / service["build"]["context"]).resolve() == DEPLOY.parent
    else:
        assert (image, tag) == ("qdrant/qdrant", f"{TRIED}-unprivileged")


def test_the_readme_tells_of_the_version_that_is_used() -> None:
    readme = (DEPLOY / "README.md").read_text(encoding="utf-8")
    assert f"## What was run on Qdrant {TRIED.removeprefix('v')}" in readme


@pytest.mark.parametrize("service", services())
def test_services_are_held_in_bounds(service: dict[str, Any]) -> None:
    limits = service["deploy"]["resources"]["limits"]
    assert limits["memory"]
    assert "cpus" not in limits  # a host with fewer refuses to start the container
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    folders = [volume.split(":")[1] for volume in service["volumes"]]
    if service["image"].startswith("qdrant/"):
        assert folders[:2] == ["/qdrant/storage", "/qdrant/snapshots"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    else:
        assert service["read_only"] is True
        assert service["user"] not in ("0", "root")
        assert all(":ro" in volume for volume in service["volumes"] if "/pictures" in volume)


@pytest.mark.parametrize("service", services())
def test_the_caches_of_a_read_only_container_can_be_written(service: dict[str, Any]) -> None:
    if not service.get("read_only"):
        return
    text = (DEPLOY.parent / service["build"]["dockerfile"]).read_text(encoding="utf-8")
    written = [*service["tmpfs"], "/cache", "/state"]
    if "map" in extras(text):
        assert re.search(r"NUMBA_CACHE_DIR=(/\w+)", text)
    for folder in re.findall(r"(?:ARTEXTRACT_CACHE|XDG_STATE_HOME|NUMBA_CACHE_DIR)=(/\w+)", text):
        assert folder in written


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack[-1])
@pytest.mark.parametrize(
    "variables",
    [
        KEY,
        {**KEY, "QDRANT_READ_ONLY_API_KEY": ""},
        {**KEY, "QDRANT_READ_ONLY_API_KEY": "another"},
        "as in .env.example",
    ],
    ids=str,
)
def test_no_key_is_empty(stack: list[str], variables: Any) -> None:
    if variables == "as in .env.example":
        lines = (DEPLOY / ".env.example").read_text(encoding="utf-8").splitlines()
        given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        variables = {**given, **KEY}
    for service in render(stack, variables)["services"].values():
        keys = {name: value for name, value in service["environment"].items() if "KEY" in name}
        assert keys
        assert all(keys.values()), keys
        readers = keys.get("QDRANT__SERVICE__READ_ONLY_API_KEY", "another")
        assert readers == (variables.get("QDRANT_READ_ONLY_API_KEY") or readers)


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack[-1])
def test_a_key_is_demanded(stack: list[str]) -> None:
    for variables in ({}, {"QDRANT_API_KEY": ""}):
        with pytest.raises(LookupError, match="make a key"):
            render(stack, variables)


@pytest.mark.parametrize(
    "service", [each for each in services() if "healthcheck" in each.values[0]]
)
def test_health_checks_tell_a_server_that_is_ready(service: dict[str, Any], tmp_path: Path) -> None:
    kind, *command = service["healthcheck"]["test"]
    assert kind == "CMD"
    environment = {"PATH": os.environ["PATH"], **service["environment"]}
    certificate = None
    if environment.get("QDRANT__SERVICE__ENABLE_TLS") == "true":
        made, certificate = trustme.CA().issue_cert("qdrant"), (tmp_path / "cert", tmp_path / "key")
        made.cert_chain_pems[0].write_to_path(certificate[0])
        made.private_key_pem.write_to_path(certificate[1])

    def check(port: int) -> bool:
        here = [re.sub(r"\b6333\b", str(port), word) for word in command]
        return not subprocess.run(
            here, env=environment, capture_output=True, check=False
        ).returncode

    with serve_qdrant(certificate=certificate, api_key="a key") as server:
        assert check(server.port)
        server.trouble = lambda received: "503"
        assert not check(server.port)
    assert not check(server.port)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        (KEY, "http://localhost:8000"),
        ({**KEY, "PAGE_URL": ""}, "http://localhost:8000"),
        ({**KEY, "PAGE_URL": "https://museum.example/art"}, "https://museum.example/art"),
    ],
)
def test_the_page_is_where_ingests_say_that_it_is(variables: dict[str, str], expected: str) -> None:
    services = render(["compose.yaml"], variables)["services"]
    for name in ("artextract", "page"):
        assert services[name]["environment"]["ARTEXTRACT_PAGE_URL"] == expected
    assert read_page_url(expected) == expected
    (port,) = services["page"]["ports"]
    assert port == "127.0.0.1:8000:8000"


@pytest.mark.parametrize("stack", STACKS, ids=lambda stack: stack[-1])
def test_every_volume_is_declared(stack: list[str]) -> None:
    data = render(stack)
    named = {
        volume.split(":")[0]
        for service in data["services"].values()
        for volume in service["volumes"]
        if not volume.startswith((".", "/"))
    }
    assert named == set(data["volumes"])


def test_there_are_no_secrets() -> None:
    for path in filter(Path.is_file, DEPLOY.iterdir()):
        text = path.read_text(encoding="utf-8")
        for value in re.findall(r"(?i)(?:api_key|password|token|secret)[ ]*[:=][ ]*(\S*)", text):
            assert value.startswith("$") or value in ("", "..."), f"{path.name}: {value}"
    assert (DEPLOY / ".env.example").is_file()
    assert not (DEPLOY / ".env").exists()


def test_the_example_names_every_variable() -> None:
    example = (DEPLOY / ".env.example").read_text(encoding="utf-8")
    for path in COMPOSE:
        for name in re.findall(r"(?<!\$)\$\{(\w+)", path.read_text(encoding="utf-8")):
            assert re.search(rf"^(# )?{name}=", example, re.MULTILINE), name


def extras(dockerfile: str) -> list[str]:
    """Return the extras that the text of a Dockerfile installs."""
    (found,) = re.findall(r"pip install .*'\.\[(.*)\]'", dockerfile)
    return str(found).split(",")


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
    installed = extras(path.read_text(encoding="utf-8"))
    assert set(installed) <= project["project"]["optional-dependencies"].keys()
    assert ("gpu" in installed) == path.name.endswith(".gpu")


@pytest.mark.parametrize(
    ("there", "chosen"),
    [
        ("", {"cpu", "bench"}),
        ("onnxruntime-gpu", {"gpu", "bench"}),
        ("faiss-gpu", {"cpu", "bench-gpu"}),
        ("onnxruntime-gpu faiss-gpu", {"gpu", "bench-gpu"}),
    ],
)
def test_make_keeps_the_gpu_wheels_that_a_machine_has(
    there: str, chosen: set[str], tmp_path: Path
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\ncase " {there} " in *" $5 "*) ;; *) exit 1 ;; esac\n')
    python.chmod(0o755)
    done = subprocess.run(
        ["make", "--dry-run", "--always-make", f"VENV={tmp_path}", f"{tmp_path}/.full"],
        cwd=DEPLOY.parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    (installed,) = re.findall(r'--editable "\.\[(.*)\]"', done.stdout)
    assert {"cpu", "gpu", "bench", "bench-gpu"} & set(installed.split(",")) == chosen


@pytest.mark.parametrize(
    ("stack", "scheme"), [(STACKS[3], "http"), (STACKS[4], "https")], ids=["plain", "TLS"]
)
def test_a_cluster_finds_itself(stack: list[str], scheme: str) -> None:
    data = render(stack)["services"]
    assert list(data) == ["qdrant-1", "qdrant-2", "qdrant-3"]
    for name, service in data.items():
        words, environment = service["command"], service["environment"]
        assert words[words.index("--uri") + 1] == f"{scheme}://{name}:6335"
        assert environment["QDRANT__CLUSTER__ENABLED"] == "true"
        if name != "qdrant-1":
            assert words[words.index("--bootstrap") + 1] == f"{scheme}://qdrant-1:6335"
        if scheme == "https":
            assert environment["QDRANT__CLUSTER__P2P__ENABLE_TLS"] == "true"
            for file in ("CERT", "KEY", "CA_CERT"):  # without the last, a node ends at its start
                assert environment[f"QDRANT__TLS__{file}"].startswith("/qdrant/tls/")


def test_art_extract_trusts_the_server_of_its_stack() -> None:
    data = render(STACKS[2])["services"]
    assert data["qdrant"]["environment"]["QDRANT__SERVICE__ENABLE_TLS"] == "true"
    for name in ("artextract", "page"):
        environment = data[name]["environment"]
        assert environment["ARTEXTRACT_STORE"].startswith("https://qdrant:6333/")
        mounted = [volume.split(":")[1] for volume in data[name]["volumes"]]
        assert environment["SSL_CERT_FILE"] in mounted
