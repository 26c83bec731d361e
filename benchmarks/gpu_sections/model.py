"""The embedder alone: parity with the CPU, images/s, uint8 input, and the time to start."""

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from artextract.images.preprocess import Preprocess
from artextract.models.registry import find_model
from artextract.models.session import OnnxModel
from benchmarks.gpu_sections.bench import (
    Bench,
    Device,
    Figures,
    Floats,
    Skipped,
    load_cpu_model,
    load_tensors,
    measure_rate,
    open_session,
    preload_cuda,
    seconds_of,
)

if TYPE_CHECKING:
    import onnxruntime

BATCHES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
PARITY_IMAGES = 512
PARITY_BATCH = 32
NEAREST = 10
UINT8_BATCHES = (8, 64, 256)
START_BATCH, OTHER_BATCH = 64, 40
ALGORITHMS = ("HEURISTIC", "EXHAUSTIVE", "DEFAULT")

Outputs = dict[str, npt.NDArray[np.float64]]


def parity(bench: Bench) -> Figures:
    """Yield how far the device's vectors and probabilities are from the CPU's.

    The reference are the CPU's, one image at a time. On a CPU the same network is compared with
    itself in batches, which shows what is left to rounding alone.
    """
    model = load_cpu_model(bench)
    path = find_model(bench.model).path
    count = PARITY_IMAGES if bench.device == "cuda" else PARITY_IMAGES // 2
    tensors = load_tensors(bench, model, count)
    yield "images", count
    yield "flipped", max(0, count - len(bench.images))
    reference = _run_all(open_session(path, "cpu", bench.cores), model, tensors, 1)
    runs: dict[str, tuple[Device, bool]] = {"CPU": ("cpu", False)}
    if bench.device == "cuda":
        runs |= {"CUDA, TF32 off": ("cuda", False), "CUDA, TF32 on": ("cuda", True)}
    for name, (device, tf32) in runs.items():
        session = open_session(path, device, bench.cores, options={"use_tf32": str(int(tf32))})
        found = _run_all(session, model, tensors, PARITY_BATCH)
        yield name, _compare(model, reference, found)


def _run_all(
    session: "onnxruntime.InferenceSession", model: OnnxModel, tensors: Floats, batch: int
) -> Outputs:
    """Return {aspect or attribute: rows}; vectors are of length 1."""
    card = model.card
    names = [*card.aspects.values(), *map(card.probability_of, card.classes)]
    parts = [
        session.run(names, {card.input: tensors[at : at + batch]})
        for at in range(0, len(tensors), batch)
    ]
    rows = [np.concatenate(each).astype(np.float64) for each in zip(*parts, strict=True)]
    found = dict(zip([*card.aspects, *card.classes], rows, strict=True))
    for aspect in card.aspects:
        found[aspect] /= np.linalg.norm(found[aspect], axis=1, keepdims=True)
    return found


def _compare(model: OnnxModel, reference: Outputs, found: Outputs) -> dict[str, Any]:
    vectors, classes = {}, {}
    for aspect in model.card.aspects:
        cosines = np.sum(reference[aspect] * found[aspect], axis=1)
        mine, true = found[aspect], reference[aspect]
        nearest = _nearest(true, true)
        vectors[aspect] = {
            "lowest_cosine": float(cosines.min()),
            "mean_cosine": float(cosines.mean()),
            "equal_nearest": _share_equal(nearest, _nearest(mine, mine)),
            "equal_nearest_of_cpu_queries": _share_equal(nearest, _nearest(true, mine)),
        }
    for attribute in model.card.classes:
        mine, true = found[attribute], reference[attribute]
        classes[attribute] = {
            "equal": float(np.mean(mine.argmax(axis=1) == true.argmax(axis=1))),
            "largest_difference": float(np.abs(mine - true).max()),
        }
    return {"vectors": vectors, "classes": classes}


def _nearest(
    queries: npt.NDArray[np.float64], rows: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """Return the ten nearest of ``rows`` to each of ``queries``, without the query's own row."""
    scores = queries @ rows.T
    np.fill_diagonal(scores, -2)
    return np.argsort(-scores, axis=1, kind="stable")[:, :NEAREST]


def _share_equal(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> float:
    """Return the share of the ten nearest of ``a`` that are among those of ``b``."""
    return float(np.mean([np.isin(x, y).mean() for x, y in zip(a, b, strict=True)]))


def model(bench: Bench) -> Figures:
    """Yield images/s of the embedder by size of batch, float32 input from host memory."""
    shipped = load_cpu_model(bench)
    tensors = load_tensors(bench, shipped, max(BATCHES))
    session = open_session(find_model(bench.model).path, bench.device, bench.cores)
    rate = 0.0
    for number, size in enumerate(BATCHES):
        if number and not bench.fits(2 * size, rate):
            yield "left_out", BATCHES[number:]
            return
        run = partial(session.run, None, {shipped.card.input: tensors[:size]})
        figures = measure_rate(run, size, 0.8 * bench.left() / (len(BATCHES) - number))
        yield f"batch {size}", figures
        rate = figures["per_second"]


def uint8(bench: Bench) -> Figures:
    """Yield images/s with normalisation on the host against normalisation inside the graph.

    Both begin with 8-bit pixels (n, size, size, 3) and end with all outputs of the network.
    """
    shipped = load_cpu_model(bench)
    preprocess, path = shipped.card.preprocess, find_model(bench.model).path
    try:
        inside = _with_uint8_input(path, shipped.card.input, preprocess)
    except ImportError as error:
        raise Skipped(f"the package onnx is needed to change the network ({error})") from error
    plain = open_session(path, bench.device, bench.cores)
    changed = open_session(inside, bench.device, bench.cores)
    tensors = load_tensors(bench, shipped, max(UINT8_BATCHES))
    mean, std = (np.asarray(each, np.float32) for each in (preprocess.mean, preprocess.std))
    pixels = np.rint(tensors.transpose(0, 2, 3, 1) * std + mean).astype(np.uint8)
    pixels = np.ascontiguousarray(pixels)
    kept = np.empty_like(tensors)

    def normalize(size: int) -> Floats:
        for image, tensor in zip(pixels[:size], kept, strict=False):
            preprocess.normalize(image, tensor)
        return kept[:size]

    def on_host(size: int) -> list[Floats]:
        outputs: list[Floats] = plain.run(None, {shipped.card.input: normalize(size)})
        return outputs

    def in_graph(size: int) -> list[Floats]:
        outputs: list[Floats] = changed.run(None, {"pixels": pixels[:size]})
        return outputs

    pairs = zip(on_host(8), in_graph(8), strict=True)
    yield "largest_difference", max(float(np.abs(a - b).max()) for a, b in pairs)
    rate = 0.0
    for number, size in enumerate(UINT8_BATCHES):
        if number and not bench.fits(4 * size, rate):
            yield "left_out", UINT8_BATCHES[number:]
            return
        seconds = 0.8 * bench.left() / (len(UINT8_BATCHES) - number) / 3
        runs = {"on_host": on_host, "in_graph": in_graph, "normalize_only": normalize}
        figures = {
            name: measure_rate(partial(run, size), size, seconds) for name, run in runs.items()
        }
        yield f"batch {size}", figures
        rate = min(figures["on_host"]["per_second"], figures["in_graph"]["per_second"])


def _with_uint8_input(path: Path, name: str, preprocess: Preprocess) -> bytes:
    """Return the network of ``path`` with the input "pixels" (n, size, size, 3), uint8, instead."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    found = onnx.load(path)
    graph = found.graph
    side = preprocess.size
    graph.input.remove(next(each for each in graph.input if each.name == name))
    graph.input.insert(
        0, helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", side, side, 3])
    )
    for what in ("mean", "std"):
        values = np.asarray(getattr(preprocess, what), np.float32)
        graph.initializer.append(numpy_helper.from_array(values, f"pixels_{what}"))
    nodes = [
        helper.make_node("Cast", ["pixels"], ["pixels_float"], to=TensorProto.FLOAT),
        helper.make_node("Sub", ["pixels_float", "pixels_mean"], ["pixels_centred"]),
        helper.make_node("Div", ["pixels_centred", "pixels_std"], ["pixels_scaled"]),
        helper.make_node("Transpose", ["pixels_scaled"], [name], perm=[0, 3, 1, 2]),
    ]
    for node in reversed(nodes):
        graph.node.insert(0, node)
    changed: bytes = found.SerializeToString()
    return changed


def start(bench: Bench) -> Figures:
    """Yield the time until a first answer, and what each search for convolution algorithms costs.

    The section's process has used neither ONNX Runtime nor the GPU before. The system has the files
    in memory by then, so a first start after a reboot takes longer.
    """
    path = find_model(bench.model).path
    yield "import_s", seconds_of(lambda: __import__("onnxruntime"))
    tensors = load_tensors(bench, load_cpu_model(bench), START_BATCH)
    for device in bench.devices:
        yield f"{device}, one image", _start(bench, path, device, tensors[:1])
    if bench.device == "cuda":
        for algorithm in ALGORITHMS:
            yield algorithm, _search(bench, path, algorithm, tensors)


def _start(bench: Bench, path: Path, device: Device, tensor: Floats) -> dict[str, float]:
    preload_s = seconds_of(preload_cuda) if device == "cuda" else 0.0
    started = time.perf_counter()
    session = open_session(path, device, bench.cores)
    session_s = time.perf_counter() - started
    name = session.get_inputs()[0].name
    first, second = (seconds_of(lambda: session.run(None, {name: tensor})) for _ in range(2))
    return {
        "preload_s": preload_s,
        "session_s": session_s,
        "first_run_s": first,
        "second_run_s": second,
    }


def _search(bench: Bench, path: Path, algorithm: str, tensors: Floats) -> dict[str, Any]:
    started = time.perf_counter()
    session = open_session(path, "cuda", bench.cores, options={"cudnn_conv_algo_search": algorithm})
    session_s = time.perf_counter() - started
    name = session.get_inputs()[0].name

    def run(size: int) -> None:
        session.run(None, {name: tensors[:size]})

    return {
        "session_s": session_s,
        "first_run_s": seconds_of(lambda: run(START_BATCH)),
        "other_batch_s": seconds_of(lambda: run(OTHER_BATCH)),
        "rate": measure_rate(lambda: run(START_BATCH), START_BATCH, 0.1 * bench.left()),
    }
