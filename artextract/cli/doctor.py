"""``artextract doctor``: what this installation can do, what is missing, and how to get it.

Packages are looked up, models are compared with their checksums, and each device that ONNX Runtime
offers runs a network once.
"""

import importlib
import json
import os
import platform
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import click

from artextract import __version__
from artextract.cli.options import store_option, text_or_json_option
from artextract.errors import ArtExtractError
from artextract.images.cache import default_cache_folder
from artextract.models.processor import cpu_flags
from artextract.store.location import Location
from artextract.tables import format_table

Status = Literal["ok", "absent", "broken"]

_PACKAGES = {
    "onnxruntime": "cpu",
    "onnxruntime-gpu": "gpu",
    "torch": "train",
    "torchvision": "train",
    "onnx": "train",
    "onnxscript": "train",
    "scikit-learn": "train",
    "cleanlab": "train",
    "fastapi": "web",
    "umap-learn": "map",
    "opencv-python-headless": "verify",
    "pillow-heif": "formats",
    "pillow-jxl-plugin": "formats",
}
"""{wheel: the extra that installs it}."""

_BASE = ("numpy", "pillow", "click", "polars", "qdrant-edge-py", "qdrant-client")
_MIN_MEMORY = 2 << 30
_MIN_DISK = 1 << 30
_CPU_FLAGS = {"avx2": "AVX2", "avx512f": "AVX-512", "avx512_vnni": "AVX-512 VNNI",
              "avx_vnni": "AVX VNNI", "amx_int8": "AMX", "asimddp": "NEON dot product"}  # fmt: skip
"""{flag in /proc/cpuinfo: name}; the later ones speed up int8 models."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check; ``advice`` says what to do, if anything.

    "absent" is an optional part; "broken" keeps the installation from working.
    """

    what: str
    status: Status
    says: str
    advice: str | None = None


@click.command()
@store_option
@text_or_json_option
def doctor(store: Location, format_: str) -> int:
    """Say what this installation can do, and what is missing.

    Checks Python, packages, devices, packaged models, memory, disk, and a server given as --store;
    each device runs a network once. The exit code is 1 if something is broken. For what is absent,
    the command that installs it is shown.

    Example: artextract doctor
    """
    findings = list(examine(store))
    if format_ == "json":
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        rows: list[tuple[str, str, str]] = []
        for finding in findings:
            rows.append((finding.status, finding.what, finding.says))
            if finding.advice:
                rows.append(("", "", f"-> {finding.advice}"))
        click.echo(format_table(rows))
    broken = [finding.what for finding in findings if finding.status == "broken"]
    if broken:
        click.echo(f"Broken: {', '.join(broken)}.", err=True)
    return 1 if broken else 0


def examine(store: Location) -> Iterator[Finding]:
    """Iterate over all findings; ``store`` tells which disk or server to check."""
    yield Finding("artextract", "ok", __version__)
    yield Finding("Python", "ok", f"{platform.python_version()}, {sys.platform}, {sys.prefix}")
    yield from _packages()
    yield from _runtime()
    yield from _models()
    yield _faiss()
    yield _processor()
    yield _memory()
    yield _server(store) if store.is_server else _disk("disk of the store", store.folder)
    yield _disk("disk of the cache", default_cache_folder())


def _version(wheel: str) -> str | None:
    try:
        return metadata.version(wheel)
    except metadata.PackageNotFoundError:
        return None


def _packages() -> Iterator[Finding]:
    """Look up packages: the required ones, then those of the extras."""
    for wheel in _BASE:
        version = _version(wheel)
        if version is None:
            yield Finding(wheel, "broken", "not installed", f"pip install {wheel}")
        else:
            yield Finding(wheel, "ok", version)
    for wheel, extra in _PACKAGES.items():
        version = _version(wheel)
        if version is not None:
            yield Finding(wheel, "ok", version)
        elif not wheel.startswith("onnxruntime"):  # one of the two is enough
            yield Finding(wheel, "absent", f"not installed; extra {extra!r}",
                          f"pip install 'artextract[{extra}]'")  # fmt: skip


def _runtime() -> Iterator[Finding]:
    """Check ONNX Runtime, and run a network on each device it offers."""
    from artextract.packages import check_onnxruntime

    try:
        check_onnxruntime()
        runtime = importlib.import_module("onnxruntime")
    except (ArtExtractError, ImportError) as error:
        yield Finding("ONNX Runtime", "broken", str(error))
        return
    offered = runtime.get_available_providers()
    yield Finding("ONNX Runtime", "ok", f"{runtime.__version__}, offers {', '.join(offered)}")
    yield _device("cpu")
    if "CUDAExecutionProvider" in offered:
        yield _device("cuda")
    else:
        yield Finding(
            "device cuda", "absent", "this ONNX Runtime has no CUDA",
            "with an NVIDIA GPU: pip uninstall -y onnxruntime; pip install 'artextract[gpu]'",
        )  # fmt: skip


def _device(device: Literal["cpu", "cuda"]) -> Finding:
    """Run the packaged network once on ``device``."""
    import numpy as np

    from artextract.models.registry import DEFAULT_MODEL, find_model
    from artextract.models.session import OnnxModel

    what = f"device {device}"
    try:
        model = OnnxModel(find_model(DEFAULT_MODEL).path, device, threads=1)
        side = model.card.preprocess.size
        pixels = np.random.default_rng(0).normal(size=(1, 3, side, side)).astype(np.float32)
        model.embed(pixels)
        begun = time.perf_counter()
        model.embed(pixels)
    except ArtExtractError as error:
        return Finding(what, "broken", str(error))
    milliseconds = 1000 * (time.perf_counter() - begun)
    return Finding(what, "ok", f"ran {DEFAULT_MODEL} in {milliseconds:.0f} ms on one thread")


def _models() -> Iterator[Finding]:
    """Compare the packaged models with their checksums."""
    from artextract.models.registry import PACKAGED, find_model, noted_sha256

    for name in PACKAGED:
        file = find_model(name)
        expected = noted_sha256(name)
        found = file.sha256 if file.path.is_file() else None
        if found == expected:
            yield Finding(f"model {name}", "ok", f"sha256 {expected[:12]} as in NOTICE")
        else:
            yield Finding(
                f"model {name}", "broken",
                "missing" if found is None else f"sha256 {found[:12]}, NOTICE says {expected[:12]}",
                "pip install --force-reinstall --no-deps artextract",
            )  # fmt: skip


def _faiss() -> Finding:
    """Check the FAISS wheel, and count its GPUs."""
    from artextract.packages import FAISS_WHEELS, check_faiss, find_installed

    wheels = find_installed(FAISS_WHEELS)
    if not wheels:
        return Finding("FAISS", "absent", "not installed; only `artextract bench` needs it",
                       "pip install 'artextract[bench]', or 'artextract[bench-gpu]'")  # fmt: skip
    try:
        check_faiss()
        faiss = importlib.import_module("faiss")
    except (ArtExtractError, ImportError) as error:
        return Finding("FAISS", "broken", str(error))
    count = getattr(faiss, "get_num_gpus", lambda: 0)()
    return Finding("FAISS", "ok", f"{wheels[0]} {faiss.__version__}, {count} GPUs")


def _processor() -> Finding:
    """Say which instructions that speed up models the processor has."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    flags = cpu_flags()
    if not flags:
        return Finding("processor", "ok", f"{platform.machine()}, {cores} cores")
    has = [name for flag, name in _CPU_FLAGS.items() if flag in flags]
    lacks = [name for flag, name in _CPU_FLAGS.items()
             if flag in ("avx512f", "avx512_vnni") and flag not in flags]  # fmt: skip
    said = f"{platform.machine()}, {cores} cores; has {', '.join(has) or 'none of these'}"
    if lacks and platform.machine() in ("x86_64", "AMD64"):
        said += f"; lacks {', '.join(lacks)}"
    return Finding("processor", "ok", said)


def _memory() -> Finding:
    try:
        page = os.sysconf("SC_PAGE_SIZE")
        total = page * os.sysconf("SC_PHYS_PAGES")
        free = page * os.sysconf("SC_AVPHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return Finding("memory", "ok", "unknown on this system")
    says = f"{total / (1 << 30):.1f} GiB, {free / (1 << 30):.1f} GiB unused"
    if total < _MIN_MEMORY:
        return Finding("memory", "absent", says, "training and large batches need 2 GiB or more")
    return Finding("memory", "ok", says)


def _server(store: Location) -> Finding:
    """Check the version of a Qdrant server, and whether it has the collection."""
    from artextract.store import find_store

    try:
        found = find_store(store)
        if found is None:
            return Finding("server", "absent", f"{store.address[0]} answers, and has no collection "
                           f"{store.name!r}", "create it with artextract ingest")  # fmt: skip
        with found:
            says = "; ".join(text for _, text in found.describe())
            return Finding("server", "ok", f"{says}; {found.count()} points")
    except ArtExtractError as error:
        return Finding("server", "broken", str(error))


def _disk(what: str, folder: Path) -> Finding:
    """Check the free space for ``folder``, which need not exist."""
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
    except OSError as error:
        return Finding(what, "broken", f"{there} can't be read ({error.strerror or error})")
    says = f"{free / (1 << 30):.1f} GiB free at {folder}"
    if not os.access(there, os.W_OK):
        return Finding(what, "broken", f"{there} can't be written", "choose another folder")
    if free < _MIN_DISK:
        return Finding(what, "absent", says, "a store takes 200 MiB and 18 kB an artwork")
    return Finding(what, "ok", says)
