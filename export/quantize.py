"""Quantising the convolutions of a float32 model to int8.

Static quantisation in QDQ format: ranges of activations come from calibration images, weights have
a scale for each channel. Some layers lose much more than others, the first ones of EfficientNet
most. So each is first quantised alone, and those that lose most stay in float32, one more at a
time, until the calibration images reach the target cosine. It is measured each time: one layer in
float32 between two others can make it worse.

Weights use all 8 bits where the processor adds their products in 32 bits, else 7: on an x86
processor without VNNI, sums of two products of 8 bits overflow 16 (``reduce_range`` in ONNX
Runtime's documentation of quantisation).
"""

import io
import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from artextract.errors import ImageError, InputError, ModelError
from artextract.images.preprocess import Preprocess
from artextract.models.card import CARD_KEY
from artextract.models.processor import sums_int8_exactly
from artextract.models.registry import ModelFile
from artextract.models.session import OnnxModel
from export.calibration_images import open_images
from export.quantization_loss import Loss, measure_loss
from export.write import save_model

Method = Literal["minmax", "entropy", "percentile"]
METHODS: dict[Method, CalibrationMethod] = {
    "minmax": CalibrationMethod.MinMax,
    "entropy": CalibrationMethod.Entropy,
    "percentile": CalibrationMethod.Percentile,
}

TARGET = 0.99
"""The mean cosine for which layers stay in float32."""

LEAST_COSINE = 0.98
LEAST_OVERLAP = 0.90
"""Limits of a file that is not forced."""

MIN_IMAGES = 64
_CALIBRATION = 128
_EVALUATION = 1000
_ALONE = 32  # images for a single layer
_BATCH = 8
_LAYERS = ("Conv", "Gemm", "MatMul")
_AFTER = ("Clip", "Relu")

Images = npt.NDArray[np.float32]
Vectors = dict[str, npt.NDArray[np.float32]]


def quantize(
    file: ModelFile,
    images: Sequence[Path],
    out: Path,
    *,
    methods: Sequence[Method] = ("minmax",),
    weight_bits: Literal[7, 8] | None = None,
    labels: Mapping[Path, Mapping[str, str]] | None = None,
    force: bool = False,
    seed: int = 0,
    on_step: Callable[[str], None] = lambda text: None,
) -> Loss:
    """Write ``file`` with int8 convolutions to ``out``, and return its losses and gains.

    Args:
        file: The model in float32.
        images: 128 of them, drawn at random, calibrate; up to 1,000 others evaluate.
        out: The file; it is replaced.
        methods: How ranges are found; of several the one with the best cosine is used.
        weight_bits: Of the weights; None takes what is exact on this processor.
        labels: {file: {"style": its style, ...}}. Images without labels are preferred for
            calibration, those with labels for evaluation, and their metrics are compared.
        force: Write it even if it loses too much.
        seed: Random seed.
        on_step: Called with a line of progress.

    Raises:
        InputError: there are too few images, or ``out`` can't be written.
        ModelError: the model is quantised already, or loses too much.
    """
    model = OnnxModel(file.path, "cpu", threads=1)
    card = model.card
    if card.precision != "fp32":
        raise ModelError(f"{file.path} is {card.precision} already; give a model in float32")
    bits = weight_bits or (8 if sums_int8_exactly() else 7)
    calibration, evaluation, evaluation_files = _draw(images, card.preprocess, seed, labels or {})
    expected = _vectors(model, calibration)
    with tempfile.TemporaryDirectory() as folder:
        maker = _Maker(file.path, Path(folder), card.input, calibration, bits)
        on_step(f"Measuring {len(maker.layers)} layers, each alone in int8.")
        left = _choose(expected, maker)
        made: dict[Method, Path] = {}
        for method in methods:
            on_step(f"Calibrating by {method}, {len(left)} of {len(maker.layers)} layers in float.")
            made[method] = maker.make(method, maker.layers_but(left))
        method = max(methods, key=lambda each: maker.cosine(made[each], expected))
        path = made[method]
        on_step(f"Comparing on {len(evaluation)} other images.")
        loss = measure_loss(file.path, path, evaluation, _columns(evaluation_files, labels or {}))
        if not force and not (loss.mean_cosine >= LEAST_COSINE and loss.overlap >= LEAST_OVERLAP):
            raise ModelError(
                f"in int8 {card.name} keeps a mean cosine of {loss.mean_cosine:.3f} (at least "
                f"{LEAST_COSINE} expected) and {loss.overlap:.0%} of the ten nearest (at least "
                f"{LEAST_OVERLAP:.0%}), so nothing was written; give `force` to write it anyway"
            )
        quantized = replace(
            card,
            name=f"{card.name}-int8",
            precision="int8",
            quantization={
                "from_sha256": file.sha256,
                "method": method,
                "weight_bits": bits,
                "calibration_pictures": len(calibration),
                "layers": len(maker.layers),
                "layers_in_float": len(left),
                **loss.to_card(),
            },
        )
        save_model(onnx.load(path), quantized, out)
    return loss


class _Maker:
    """Quantises chosen layers of one model, with one set of calibration images."""

    def __init__(
        self, path: Path, folder: Path, input_: str, images: Images, weight_bits: int
    ) -> None:
        self._weight_bits = weight_bits
        self._folder = folder
        self._input = input_
        self._images = images
        self._prepared = folder / "prepared.onnx"
        with _quiet():
            # ONNX's own shape inference is enough; the symbolic one fails on recurrent heads.
            quant_pre_process(str(path), str(self._prepared), skip_symbolic_shape=True)
        graph = onnx.load(self._prepared)
        self._card = next(each.value for each in graph.metadata_props if each.key == CARD_KEY)
        nodes = graph.graph.node
        self.layers = [
            [node.name]
            + [each.name for each in nodes
               if each.op_type in _AFTER and each.input[0] == node.output[0]]
            for node in nodes
            if node.op_type in _LAYERS
        ]  # fmt: skip
        """Each layer's nodes, which are only worth quantising together."""

    def layers_but(self, left: Sequence[int]) -> list[str] | None:
        """Return the nodes of all layers except ``left``; None for all nodes."""
        if not left:
            return None
        excluded = set(left)
        return [
            name for at, names in enumerate(self.layers) if at not in excluded for name in names
        ]

    def make(self, method: Method, nodes: list[str] | None, *, count: int | None = None) -> Path:
        """Return a model file with ``nodes`` quantised; the next call replaces it."""
        path = self._folder / f"{method}.onnx"
        with _quiet():
            quantize_static(
                str(self._prepared),
                str(path),
                _Reader(self._input, self._images[:count]),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                reduce_range=self._weight_bits == 7,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                calibrate_method=METHODS[method],
                nodes_to_quantize=nodes,
                op_types_to_quantize=[*_LAYERS, *_AFTER, "Add", "ReduceMean", "GlobalAveragePool"],
            )
        graph = onnx.load(path)
        del graph.metadata_props[:]
        graph.metadata_props.add(key=CARD_KEY, value=self._card)
        onnx.save(graph, path)
        return path

    def cosine(self, path: Path, expected: Vectors, *, count: int | None = None) -> float:
        """Return the mean cosine to the ``expected`` vectors of the calibration images.

        It is that of the aspect that differs most, on the first ``count``; None takes all.
        """
        found = _vectors(OnnxModel(path, "cpu", threads=1), self._images[:count])
        return min(
            float((expected[name][:count] * rows).sum(axis=1).mean())
            for name, rows in found.items()
        )


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, input_: str, images: Images) -> None:
        starts = range(0, len(images), _BATCH)
        self._batches: Iterator[dict[str, Images]] = iter(
            [{input_: images[start : start + _BATCH]} for start in starts]
        )

    def get_next(self) -> dict[str, Images] | None:
        """Return the next batch, None after the last."""
        return next(self._batches, None)


def _choose(expected: Vectors, maker: _Maker) -> list[int]:
    """Return the indices of the layers that stay in float32."""
    losses = []
    for names in maker.layers:
        path = maker.make("minmax", names, count=_ALONE)
        losses.append(1 - maker.cosine(path, expected, count=_ALONE))
    order = [int(at) for at in np.argsort(losses)[::-1]]
    for count in range(len(order)):
        left = sorted(order[:count])
        if maker.cosine(maker.make("minmax", maker.layers_but(left)), expected) >= TARGET:
            return left
    return sorted(order)


def _vectors(model: OnnxModel, images: Images) -> Vectors:
    """Return a model's vectors of ``images``, {aspect: (n, d)}."""
    starts = range(0, len(images), _BATCH)
    parts = [model.run(images[start : start + _BATCH]).vectors for start in starts]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _draw(
    images: Sequence[Path], preprocess: Preprocess, seed: int, labels: Mapping[Path, object]
) -> tuple[Images, Images, list[Path]]:
    """Return calibration images, evaluation images, and the files of these.

    Images that can't be opened are skipped.

    Raises:
        InputError: there are too few.
    """
    order = [images[at] for at in np.random.default_rng(seed).permutation(len(images))]
    order.sort(key=lambda file: file in labels)  # stable: those without labels come first
    calibration = _open(order, _CALIBRATION, preprocess)
    taken = {file for file, _ in calibration}
    rest = [file for file in order if file not in taken]
    rest.sort(key=lambda file: file not in labels)
    evaluation = _open(rest, _EVALUATION, preprocess)
    found = [*calibration, *evaluation]
    if len(found) < MIN_IMAGES:
        raise InputError(
            f"{len(found)} images can be opened, and {MIN_IMAGES} are needed to calibrate "
            "and evaluate; give a folder with more images"
        )
    if len(evaluation) < len(calibration):  # few images: one half calibrates
        calibration, evaluation = found[: len(found) // 2], found[len(found) // 2 :]
    return (
        np.stack([tensor for _, tensor in calibration]),
        np.stack([tensor for _, tensor in evaluation]),
        [file for file, _ in evaluation],
    )


def _open(
    files: Sequence[Path], most: int, preprocess: Preprocess
) -> list[tuple[Path, npt.NDArray[np.float32]]]:
    """Return the first ``most`` images that can be opened, preprocessed."""
    found: list[tuple[Path, npt.NDArray[np.float32]]] = []
    for file in files:
        try:
            (image,) = open_images([file])
        except ImageError:
            continue
        found.append((file, preprocess(image)))
        if len(found) == most:
            break
    return found


def _columns(
    files: Sequence[Path], labels: Mapping[Path, Mapping[str, str]]
) -> dict[str, list[str | None]]:
    """Return the labels of ``files`` as {attribute: one value each}."""
    names = sorted({name for known in labels.values() for name in known})
    return {name: [labels.get(file, {}).get(name) for file in files] for name in names}


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide the quantiser's debugging output."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)
