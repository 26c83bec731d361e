"""Which machine it is, which provider really runs, and where each node of a network runs."""

import json
import os
import platform
import subprocess
import sys
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from artextract.models.registry import DETECTORS, find_detector, find_model
from artextract.models.session import OnnxModel
from benchmarks.gpu_sections.bench import Bench, Figures, load_cpu_model, load_tensors, open_session

PACKAGES = (
    "onnxruntime", "onnxruntime-gpu", "torch", "faiss-cpu", "faiss-gpu", "faiss-gpu-cuvs",
    "qdrant-edge-py", "numpy", "pillow",
)  # fmt: skip
GPU_FIELDS = ("name", "driver_version", "memory.total", "compute_cap")
COPIES = ("MemcpyFromHost", "MemcpyToHost")
FREE_SIDE = 192
"""Sides of a detector's input that the network leaves open, in pixels."""


def machine(bench: Bench) -> Figures:
    """Yield processor, GPU and versions, and the provider that ran the embedder."""
    yield "cores", bench.cores
    yield "load_average", os.getloadavg()[0]
    yield "processor", _processor()
    yield "python", sys.version.split()[0]
    installed = {each.name.lower(): each.version for each in metadata.distributions()}
    yield "packages", {name: installed[name] for name in PACKAGES if name in installed}
    yield "nvidia_packages", {k: v for k, v in sorted(installed.items()) if k.startswith("nvidia-")}
    yield "gpus", _gpus()
    import onnxruntime

    yield "onnxruntime_cuda", getattr(onnxruntime, "cuda_version", "") or "none"
    yield "available_providers", onnxruntime.get_available_providers()
    tensors = load_tensors(bench, load_cpu_model(bench), 2)
    session = open_session(find_model(bench.model).path, bench.device, bench.cores)
    session.run(None, {session.get_inputs()[0].name: tensors})
    yield "providers", session.get_providers()
    shipped = OnnxModel(find_model(bench.model).path, bench.device, bench.cores)
    shipped.run(tensors)
    yield "shipped_device", shipped.device


def graph(bench: Bench) -> Figures:
    """Yield for each network the nodes that ran, by provider, and copies between memories."""
    files = {bench.model: find_model(bench.model).path}
    files |= {name: find_detector(name) for name in DETECTORS}
    for name, path in files.items():
        yield name, _count_nodes(bench, path)


def _count_nodes(bench: Bench, path: Path) -> dict[str, Any]:
    session = open_session(path, bench.device, bench.cores, profile=bench.scratch / path.stem)
    (node,) = session.get_inputs()
    session.run(None, {node.name: _random_input(node.shape, node.type)})
    events = json.loads(Path(session.end_profiling()).read_text(encoding="utf-8"))
    nodes = {
        event["name"]: event["args"]
        for event in events
        if event.get("cat") == "Node" and event["name"].endswith("_kernel_time")
    }
    by_provider = Counter(each["provider"] for each in nodes.values())
    copies = Counter(each["op_name"] for each in nodes.values())
    on_cpu = Counter(
        each["op_name"] for each in nodes.values() if each["provider"] == "CPUExecutionProvider"
    )
    return {
        "nodes": dict(by_provider),
        "copies": {name: copies[name] for name in COPIES},
        "on_cpu": dict(on_cpu.most_common(12)) if bench.device == "cuda" else {},
    }


def _random_input(shape: list[int | str], kind: str) -> npt.NDArray[Any]:
    """Return an input of a network, one image, of values 0 to 1, or 0 to 255 where whole."""
    _batch, *others = shape
    sides = (1, *(each if isinstance(each, int) and each > 0 else FREE_SIDE for each in others))
    rng = np.random.default_rng(0)
    if kind == "tensor(float)":
        return rng.random(sides, np.float32)
    return rng.integers(0, 256, sides).astype(np.int32)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def _gpus() -> list[dict[str, str]]:
    """Return what nvidia-smi says of each GPU; nothing where there is no nvidia-smi."""
    query = ["nvidia-smi", f"--query-gpu={','.join(GPU_FIELDS)}", "--format=csv,noheader"]
    try:
        found = subprocess.run(query, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return []
    rows = [line.split(", ") for line in found.splitlines()]
    return [dict(zip(GPU_FIELDS, row, strict=True)) for row in rows]
